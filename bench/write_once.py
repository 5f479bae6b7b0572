#!/usr/bin/env python3
"""What large appends cost the disk and the processor, without any broker: written once, straight to a segment for each
partition (ADR 12), or twice, into a log that is written over again and again and from there to the segments (ADR 6).

Three processes, one for each broker, flush at once, as fast as they can. The bare log is what one write costs at least.

Usage: write_once.py [--folder DIR] [--seconds N] [--rounds N]
"""
import argparse
import mmap
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BROKERS, PARTITIONS = 3, 12
LOG_BYTES = 64 << 20  # of the log file, which is made beforehand and then written over
MOVED_BYTES = 32 << 20  # from the log to the segments at a time
RECORD_BYTES = 4096  # what the log gets of a flush whose payloads stand in segments
SOURCE_BYTES = 128 << 20  # payloads come from here, more than a cache holds
WAYS = {"once": "straight to the segments, all synced side by side, then the log",
        "once, together": "the same, the log synced beside them",
        "twice": "into the log, and from there to the segments in the background",
        "the log alone": "never to a segment"}


class Broker:
    def __init__(self, folder, batch_bytes):
        self.pool = ThreadPoolExecutor(PARTITIONS + 1)
        self.source = memoryview(mmap.mmap(-1, SOURCE_BYTES))
        for at in range(0, SOURCE_BYTES, 1 << 20):
            self.source[at:at + (1 << 20)] = os.urandom(4096) * 256
        self.batch_bytes = batch_bytes
        self.log = os.open(folder / "log", os.O_RDWR | os.O_CREAT)
        self.log_at = 0
        # Not bytes(LOG_BYTES): from pages that are not there yet the kernel copies one by one, and keeps the file in such
        # small pieces ever after, at twice the cost of each write.
        os.pwrite(self.log, b"\0" * LOG_BYTES, 0)
        os.fdatasync(self.log)
        self.segments = [os.open(folder / f"segment-{i}", os.O_RDWR | os.O_CREAT) for i in range(PARTITIONS)]
        self.ends = [0] * PARTITIONS
        self.mover, self.unmoved = None, 0

    def write_log(self, piece):
        if self.log_at + len(piece) > LOG_BYTES:
            self.log_at = 0
        os.pwrite(self.log, piece, self.log_at)
        os.fdatasync(self.log)
        self.log_at += len(piece)

    def write_segments(self, at, each):
        for i, segment in enumerate(self.segments):
            begin = (at + i * each) % (SOURCE_BYTES - each)
            os.pwrite(segment, self.source[begin:begin + each], self.ends[i])
            self.ends[i] += each

    def sync_segments(self):
        list(self.pool.map(os.fdatasync, self.segments))

    def move(self, at):
        self.write_segments(at, MOVED_BYTES // PARTITIONS)
        self.sync_segments()
        for segment in self.segments:
            os.posix_fadvise(segment, 0, 0, os.POSIX_FADV_DONTNEED)

    def flush(self, way, at):
        size = PARTITIONS * self.batch_bytes
        if way.startswith("once"):
            self.write_segments(at, self.batch_bytes)
            record = self.source[:RECORD_BYTES]
            if way == "once":
                self.sync_segments()
                self.write_log(record)
            else:
                log = self.pool.submit(self.write_log, record)
                self.sync_segments()
                log.result()
            return size
        self.write_log(self.source[at:at + size])
        self.unmoved += size
        if way == "twice" and self.unmoved >= MOVED_BYTES:
            self.unmoved -= MOVED_BYTES
            if self.mover:
                self.mover.join()
            self.mover = threading.Thread(target=self.move, args=(at,))
            self.mover.start()
        return size

    def run(self, way, seconds):
        begun, done = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            done += self.flush(way, done % (SOURCE_BYTES - PARTITIONS * self.batch_bytes))
        if self.mover:
            self.mover.join()
        return done / (time.monotonic() - begun), done


def broker(folder, way, batch_bytes, seconds, start, results):
    own = Path(tempfile.mkdtemp(dir=folder))
    try:
        made = Broker(own, batch_bytes)
        start.wait()
        results.put(made.run(way, seconds))
    finally:
        shutil.rmtree(own)


def busy_seconds():
    """Of all processors: user, nice, system, interrupts."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(fields[i] for i in (0, 1, 2, 5, 6)) / os.sysconf("SC_CLK_TCK")


def measure(folder, way, batch_bytes, seconds):
    start, results = multiprocessing.Barrier(BROKERS + 1), multiprocessing.Queue()
    processes = [multiprocessing.Process(target=broker, args=(folder, way, batch_bytes, seconds, start, results))
                 for _ in range(BROKERS)]
    for process in processes:
        process.start()
    start.wait()
    busy = busy_seconds()
    runs = [results.get() for _ in processes]
    busy = busy_seconds() - busy
    for process in processes:
        process.join()
    return sum(rate for rate, _ in runs) / 1e6, busy / sum(done for _, done in runs) * 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=".", help="on the disk to be measured")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for batch_bytes in (100 << 10, 350 << 10):
        print(f"{PARTITIONS} batches of {batch_bytes >> 10} KiB in a flush, {BROKERS} brokers: MB/s in all, ns of CPU for a byte")
        rounds = [{way: measure(options.folder, way, batch_bytes, options.seconds) for way in WAYS}
                  for _ in range(options.rounds)]
        for way, about in WAYS.items():
            print(f"  {way:14}", *(f"{one[way][0]:5.0f} {one[way][1]:4.2f} |" for one in rounds), about, flush=True)


if __name__ == "__main__":
    main()
