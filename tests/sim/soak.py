#!/usr/bin/env python3
"""make sim-soak: fresh seeds of the simulator on all cores for so many minutes, totals at the end.

Each core runs batches of seeds, one process a batch. The first seed that fails, crashes or hangs stops everything;
what it printed is kept and the command that repeats it is shown. Exit code: 0, or that of the worst failure.
"""

import argparse
import os
import re
import selectors
import subprocess
import sys
import time

SEED_LINE = re.compile(r"^seed (\d+) ok: (.*)$")
NUMBER = re.compile(r"(\w+)=([\d.]+)")
HANG_EXIT = 14


class Worker:
    """One process that runs a batch of seeds."""

    def __init__(self, binary, first, count, folder):
        self.first, self.count, self.done = first, count, 0
        self.log = open(os.path.join(folder, f"seeds-{first}.log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [binary, "--seed", str(first), "--count", str(count)], stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.heard = time.monotonic()

    @property
    def seed(self):
        return self.first + self.done


class Totals:
    def __init__(self):
        self.seeds, self.numbers, self.faults = 0, {}, {}

    def add(self, text):
        self.seeds += 1
        head, _, faults = text.partition("faults:")
        for table, part in ((self.numbers, head), (self.faults, faults.replace("-", "_"))):
            for key, value in NUMBER.findall(part):
                table[key] = table.get(key, 0) + float(value)

    def show(self, wall):
        numbers = self.numbers
        virtual, busy = numbers.get("virtual", 0), numbers.get("wall", 0)
        print(f"{self.seeds} seeds in {wall:.0f} s, {virtual / 3600:.2f} virtual hours, "
              f"{virtual / busy if busy else 0:.0f} times real time per core")
        print(f"acknowledged and checked {numbers.get('acknowledged', 0):.0f} records, consumed "
              f"{numbers.get('consumed', 0):.0f}, {numbers.get('topic_changes', 0):.0f} topics created or deleted, "
              f"{numbers.get('commits', 0):.0f} offsets of groups committed, "
              f"{numbers.get('exits', 0):.0f} brokers ended themselves")
        print("faults: " + ", ".join(f"{key.replace('_', '-')} {value:.0f}" for key, value in sorted(self.faults.items())))


def report(worker, code, why):
    worker.log.flush()
    worker.log.seek(0)
    sys.stderr.write(worker.log.read())
    sys.stderr.write(f"\nseed {worker.seed} {why} (exit code {code}); its trace is in {worker.log.name}\n"
                     f"Again: make sim SEED={worker.seed}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()) * 1000, help="the first one; default: the time")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--hang", type=float, default=300, help="seconds that one seed may take")
    parser.add_argument("--folder", default="build/sim-soak")
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    print(f"seeds from {args.seed} on, {args.jobs} at a time, {args.minutes:g} minutes", flush=True)

    began, next_seed, totals, worst = time.monotonic(), args.seed, Totals(), 0
    selector, workers = selectors.DefaultSelector(), set()

    def start():
        nonlocal next_seed
        worker = Worker(args.binary, next_seed, args.batch, args.folder)
        next_seed += args.batch
        workers.add(worker)
        selector.register(worker.process.stdout, selectors.EVENT_READ, worker)

    def end(worker):
        selector.unregister(worker.process.stdout)
        workers.discard(worker)

    for _ in range(args.jobs):
        start()
    stopping = False
    while workers:
        for key, _ in selector.select(timeout=1):
            worker = key.data
            line = key.fileobj.readline()
            if line:
                if match := SEED_LINE.match(line):
                    totals.add(match[2])
                    worker.done += 1
                    worker.heard = time.monotonic()
                continue
            end(worker)
            code = worker.process.wait()
            if code != 0 and not stopping:
                report(worker, code, "failed")
                worst, stopping = max(worst, code if code > 0 else 12), True
            elif not stopping:
                os.unlink(worker.log.name)
            if not stopping:
                start()
        for worker in list(workers):
            if not stopping and time.monotonic() - worker.heard > args.hang:
                worker.process.kill()
                report(worker, HANG_EXIT, f"hangs: no end after {args.hang:g} s")
                worst, stopping = max(worst, HANG_EXIT), True
        if time.monotonic() - began > args.minutes * 60:
            stopping = True
        if stopping:
            for worker in list(workers):
                end(worker)
                worker.process.kill()
                worker.process.wait()
                os.unlink(worker.log.name) if not os.path.getsize(worker.log.name) else None
    totals.show(time.monotonic() - began)
    return worst


if __name__ == "__main__":
    sys.exit(main())
