#!/usr/bin/env python3
"""Where the CPU time goes: `perf record` of the whole machine while the load generator drives Kontiki's brokers. Prints
the threads and functions that took most, and draws a flame graph.

Usage: profile.py PATH [--seconds N] [--out FILE.svg]      KONTIKI=FILE: the broker of another build
"""
import argparse
import html
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rig

FULL = {"partitions": 12, "size": 1024, "window": 50_000, "linger_ms": 5}
SLOW = {"rate": 1000, "size": 1024, "window": 10_000}
MANY = {"partitions": 1000, "size": 1024, "rate": 20_000, "window": 100_000, "linger_ms": 5}
# name: (brokers, options of the load)
PATHS = {"produce": (3, FULL), "produce-slowly": (3, SLOW), "many-partitions": (3, MANY), "one-broker": (1, FULL), "fetch": (1, None)}
WARMUP_SECONDS = 10  # as the scenario throughput: until memory and logs are as they will stay
FETCH_SECONDS = 0.5  # reading takes little longer than this
SAMPLES_PER_SECOND = 4000
SHOWN_MIN = 0.01  # share of all samples
UNKNOWN = "[unknown]"
WIDTH, ROW, LETTER = 1600, 16, 6.5  # pixels


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", choices=PATHS)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--out", default="", help="default: build/bench/profile-PATH.svg")
    return parser.parse_args()


def record(data, seconds):
    subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_PER_SECOND), "-a", "-g", "-o", data, "--", "sleep",
                    str(seconds)], check=True, stderr=subprocess.DEVNULL)


def load(servers, path, seconds):
    options = PATHS[path][1]
    if options is None:
        filled = servers.load(topic="full", **FULL, warmup=0, seconds=seconds * 2)
        return {"topic": "full", "create": False, "partitions": FULL["partitions"], "driver": "fetch", "producers": 0, "consumers": 2,
                "from_beginning": True, "read_bytes": filled["produced"]["messages_in_all"] * 1000, "warmup": 0, "seconds": 60}
    return {**options, "warmup": WARMUP_SECONDS, "seconds": seconds + 1}


def profile(path, seconds, data):
    with rig.kontiki(PATHS[path][0]) as servers, ThreadPoolExecutor(1) as pool:
        options = load(servers, path, seconds)
        run = pool.submit(servers.load, **options)
        time.sleep(options["warmup"])
        record(data, seconds if path != "fetch" else FETCH_SECONDS)
        return run.result()


def stacks(data):
    """Counts of (thread, outermost function, ..., innermost function)."""
    text = subprocess.run(["perf", "script", "-i", data, "-F", "comm,ip,sym"], capture_output=True, text=True, check=True).stdout
    counts = Counter()
    for block in text.split("\n\n"):
        lines = block.strip("\n").splitlines()
        if not lines:
            continue
        frames = [line.split(None, 1)[-1] for line in reversed(lines[1:])]
        # Libraries without frame pointers leave long runs of these.
        known = [frame for i, frame in enumerate(frames) if i == 0 or (frame, frames[i - 1]) != (UNKNOWN, UNKNOWN)]
        counts[(lines[0].strip(), *known)] += 1
    return counts


def draw(counts, title):
    """A flame graph: a box for each function under its caller, as wide as the share of samples that it was in."""
    total = sum(counts.values())
    boxes = []

    def place(part, depth, x):
        by_frame = {}
        for stack, count in part.items():
            if len(stack) > depth:
                by_frame.setdefault(stack[depth], Counter())[stack] += count
        for frame in sorted(by_frame):
            count = sum(by_frame[frame].values())
            width = count / total * WIDTH
            if width >= 1:
                boxes.append((depth, x, width, frame, count))
                place(by_frame[frame], depth + 1, x)
            x += width

    place(counts, 0, 0)
    height = (max(depth for depth, *_ in boxes) + 3) * ROW
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="monospace" font-size="11">',
             f'<text x="4" y="12">{html.escape(title)}</text>']
    for depth, x, width, frame, count in boxes:
        y = height - (depth + 1) * ROW
        hue = 20 + sum(map(ord, frame)) % 40
        label = html.escape(frame[:max(0, int(width / LETTER) - 1)]) if width > 20 else ""
        lines.append(f'<g><title>{html.escape(frame)}: {count / total * 100:.1f} %</title>'
                     f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" fill="hsl({hue},80%,65%)"/>'
                     f'<text x="{x + 2:.1f}" y="{y + 11}">{label}</text></g>')
    return "\n".join([*lines, "</svg>"])


def table(counts, title, key):
    total = sum(counts.values())
    sums = Counter()
    for stack, count in counts.items():
        sums[key(stack)] += count
    print(title)
    for name, count in sums.most_common():
        if count < SHOWN_MIN * total:
            break
        print(f"  {count / total * 100:5.1f} %  {name[:120]}")


def main():
    options = parse()
    if not shutil.which("perf"):
        sys.exit("profile.py: there is no perf; install Debian's linux-perf")
    os.environ.setdefault("KONTIKI_BENCH", str(rig.ROOT / "build/release/kontiki_bench"))
    out = Path(options.out or rig.ROOT / f"build/bench/profile-{options.path}.svg")
    out.parent.mkdir(parents=True, exist_ok=True)
    rig.use_folder(rig.ROOT / "build/bench-data")
    with tempfile.TemporaryDirectory() as folder:
        run = profile(options.path, options.seconds, f"{folder}/perf.data")
        counts = stacks(f"{folder}/perf.data")
    moved = run.get("produced") or run["consumed"]
    print(f"{options.path}: {moved['bytes_per_second'] / 1e6:.1f} MB/s")
    table(counts, "threads, share of all cores", lambda stack: stack[0])
    table({stack: count for stack, count in counts.items() if stack[0] != "swapper"}, "functions, share of what was not idle",
          lambda stack: stack[-1])
    out.write_text(draw(counts, f"{options.path}, {os.environ['KONTIKI']}"))
    print(f"\n{out}")


if __name__ == "__main__":
    main()
