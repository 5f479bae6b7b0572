#!/usr/bin/env python3
"""Measures Kontiki on this machine and writes what came out: a table, one JSON file, plots. See README.md.

Usage: run.py [--scenario NAME]... [--seconds N] [--tiny] [--out FOLDER] [--folder FOLDER] [--list]
"""
import argparse
import datetime
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import machine
import plots
import rig
import table
from scenarios import cluster, peers, producing, reading

SCENARIOS = {one.__name__: one for one in (producing.latency, producing.throughput, producing.small,
                                            producing.partitions, reading.catch_up, reading.cold, cluster.idle,
                                            cluster.failover, peers.peers)}
TINY_SHARE = 500  # what --tiny divides counts by
TINY_COUNT_MIN = 12


class Bench:
    """What a scenario gets: how long to measure, how much to take, and the limits of the machine."""

    def __init__(self, options):
        self.seconds = options.seconds
        self.tiny = options.tiny
        self.cores = len(os.sched_getaffinity(0))
        self.limits = {}

    def warmup(self, seconds):
        """Time before the time that counts."""
        return 0.2 if self.tiny else seconds

    def settle(self, seconds=5):
        """Lets leaders be chosen, and what creating partitions left to be done be done."""
        time.sleep(self.warmup(seconds))

    def count(self, number):
        """So many partitions or messages; few if only the working of it is to be seen."""
        return max(TINY_COUNT_MIN, number // TINY_SHARE) if self.tiny else number


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS), help="only this one; may be given again")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement (default 10)")
    parser.add_argument("--limit-seconds", type=float, default=0.5, help="of each measurement of the machine's limits")
    parser.add_argument("--tiny", action="store_true", help="small counts: only to see that everything runs")
    parser.add_argument("--folder", default=str(rig.ROOT / "build/bench-data"),
                        help="on the file system to measure; brokers keep their data in it")
    parser.add_argument("--out", default=str(rig.ROOT / "build/bench"), help="where results.json and the plots go")
    parser.add_argument("--plots", action=argparse.BooleanOptionalAction, default=True, help="draw them (default)")
    parser.add_argument("--list", action="store_true", help="show the scenarios")
    return parser.parse_args()


def measure(bench, name):
    """The scenario's JSON; what went wrong instead, if it did."""
    begin = time.monotonic()
    try:
        result = SCENARIOS[name](bench).as_json()
    except Exception as error:  # the other scenarios are still worth their time
        traceback.print_exc()
        result = {"rows": [], "runs": {}, "notes": {}, "error": f"{type(error).__name__}: {error}"}
    result["took_seconds"] = time.monotonic() - begin
    return result


def main():
    options = parse()
    if options.list:
        for name, scenario in SCENARIOS.items():
            print(f"{name:12} {scenario.__doc__.splitlines()[0]}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of everything that cleans up
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    rig.use_folder(options.folder)
    scratch = tempfile.mkdtemp(prefix="run-")
    rig.use_folder(scratch)
    try:
        return run_all(options, out, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def run_all(options, out, scratch):
    bench = Bench(options)
    report = {"command": " ".join(["bench/run.py", *sys.argv[1:]]), "commit": machine.commit(rig.ROOT),
              "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "machine": machine.describe(scratch), "tiny": options.tiny, "scenarios": {}}
    bench.limits = report["limits"] = rig.call("limits", "--folder", scratch, "--seconds", options.limit_seconds)
    print("\n".join(table.limit_lines(bench.limits)), flush=True)
    for name in options.scenario or SCENARIOS:
        result = report["scenarios"][name] = measure(bench, name)
        print("\n".join(["", *table.lines(name, result, bench.cores)]), flush=True)
        (out / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    if options.tiny:
        print("\ntiny counts: these numbers show that everything runs, and nothing else")
    drawn = plots.draw(report, out) if options.plots else []
    print(f"\n{out / 'results.json'}" + "".join(f"\n{path}" for path in drawn))
    failed = [name for name, result in report["scenarios"].items() if "error" in result]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
