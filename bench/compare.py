#!/usr/bin/env python3
"""Compares two commits on this machine, as ratios: their scenarios run alternately (A B A B ...), so that whatever else the
machine does meets both. The load generator is that of this tree for both; only the broker differs.

Usage: compare.py A B --scenario NAME [--rounds N] [--seconds N]      A, B: commits; "." is the tree as it is
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/compare"
ROUNDS_TO_AGREE = 5  # by chance, one row in sixteen would


def parse():
    parser = argparse.ArgumentParser(description="Compares two commits by ratio.")
    parser.add_argument("commits", nargs=2, metavar="COMMIT", help="'.' is the tree as it is, changes included")
    parser.add_argument("--scenario", required=True, help="see run.py --list")
    parser.add_argument("--rounds", type=int, default=5, help="of both (default 5)")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement (default 5)")
    parser.add_argument("--tiny", action="store_true", help="small counts: only to see that everything runs")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


def build(commit, jobs):
    """The broker of a commit; its sources lie in a folder of their own under build/compare."""
    if commit == ".":
        compile_in(ROOT, ROOT / "build/release", ["kontiki"], jobs)
        return ROOT / "build/release/kontiki"
    full = subprocess.run(["git", "-C", ROOT, "rev-parse", "--verify", f"{commit}^{{commit}}"], capture_output=True, text=True,
                          check=True).stdout.strip()
    folder = BUILD / full[:12]
    if not (folder / "CMakeLists.txt").exists():
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.Popen(["git", "-C", ROOT, "archive", full], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
        archive.wait()
    # Where a preset builds: ccache then finds what was compiled in any other checkout.
    compile_in(folder, folder / "build/release", ["kontiki"], jobs)
    return folder / "build/release/kontiki"


def compile_in(tree, folder, targets, jobs):
    print(f"building {tree} ...", file=sys.stderr, flush=True)
    subprocess.run(["cmake", "--preset", "release", "-B", folder, "--log-level=WARNING"], cwd=tree, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder, "-j", str(jobs), "--target", *targets], cwd=tree, check=True,
                   stdout=subprocess.DEVNULL)


def measure(options, broker, out):
    """Row -> value of one run of the scenario."""
    words = ["--scenario", options.scenario, "--seconds", str(options.seconds), "--limit-seconds", "0.05", "--out", str(out),
             "--no-plots", *(["--tiny"] if options.tiny else [])]
    subprocess.run([sys.executable, "-B", ROOT / "bench/run.py", *words], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "KONTIKI": str(broker), "KONTIKI_BENCH": str(ROOT / "build/release/kontiki_bench")})
    rows = json.loads((out / "results.json").read_text())["scenarios"][options.scenario]["rows"]
    return {(row["what"], row["unit"]): row["value"] for row in rows}


def ratio_lines(names, values):
    """values: for A and for B, a list of what measure() gave, by round. Each round's ratio stands for itself; the spread
    of these says what a difference is worth."""
    yield f"{'':48} {names[0][:12]:>12} {names[1][:12]:>12}   B / A (lowest to highest of the rounds)"
    for what, unit in values[0][0]:
        a, b = ([one[what, unit] for one in rounds if (what, unit) in one] for rounds in values)
        ratios = sorted(y / x for x, y in zip(a, b) if x)
        if ratios:
            agree = len(ratios) >= ROUNDS_TO_AGREE and not ratios[0] <= 1 <= ratios[-1]
            yield (f"{f'{what}, {unit}':48} {statistics.median(a):12.4g} {statistics.median(b):12.4g}   "
                   f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}){'  all rounds agree' if agree else ''}")


def main():
    options = parse()
    brokers = [build(commit, options.jobs) for commit in options.commits]
    compile_in(ROOT, ROOT / "build/release", ["kontiki_bench"], options.jobs)
    values = ([], [])
    for round_number in range(options.rounds):
        for i in range(2):
            out = BUILD / f"round-{round_number + 1}-{'AB'[i]}"
            values[i].append(measure(options, brokers[i], out))
            print(f"round {round_number + 1} of {options.rounds}, {'AB'[i]}: done", file=sys.stderr, flush=True)
    print(f"scenario {options.scenario}, {options.rounds} rounds, medians; A = {options.commits[0]}, B = {options.commits[1]}")
    print("\n".join(ratio_lines(options.commits, values)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
