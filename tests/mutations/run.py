#!/usr/bin/env python3
"""The tests of the tests: breaks the code on purpose, one mutation at a time, and looks who notices.

  run.py                    all mutations: a table on standard output, exit code 1 if one survives
  run.py --only NAME ...    some of them
  run.py --report FILE      writes the table (markdown) there, too
  run.py --check            only: does every mutation still apply to the source?

A mutation is a file NAME.txt beside this script: a sentence, the promise that it breaks, those who should notice
(`killer:` target and arguments, cheapest first), and for each place `file:`, the text `before` and `after`. The
working tree is never touched: everything happens in build/mutants, a copy with a build of its own.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TREE = ROOT / "build" / "mutants"
BUILD = TREE / "build" / "release"
RUN_SECONDS_MAX = 300
BUILD_SECONDS_MAX = 1800
# When none of its own killers noticed: seeds of the whole-cluster simulator, where there is one.
SIMULATOR, SIMULATOR_TARGET, SIMULATOR_SEEDS = "kontiki_sim", "kontiki_sim_main", 20
UNCHANGED = TREE / "kontiki_sim_unchanged"


@dataclass
class Edit:
    file: str
    before: str = ""
    after: str = ""


@dataclass
class Mutation:
    name: str
    about: str = ""
    breaks: str = ""
    killers: list = field(default_factory=list)
    edits: list = field(default_factory=list)


def parse(path):
    mutation = Mutation(path.stem)
    part = None
    for line in path.read_text().split("\n"):
        if line in ("--- before", "--- after", "--- end"):
            part = {"--- before": "before", "--- after": "after"}.get(line)
        elif part:
            setattr(mutation.edits[-1], part, getattr(mutation.edits[-1], part) + line + "\n")
        elif line.startswith("file: "):
            mutation.edits.append(Edit(line[6:]))
        elif line.startswith("breaks: "):
            mutation.breaks = line[8:]
        elif line.startswith("killer: "):
            mutation.killers.append(line[8:].split())
        elif line and not mutation.about:
            mutation.about = line
        elif line:
            sys.exit(f"{path}: what is '{line}'?")
    if not (mutation.about and mutation.breaks and mutation.killers and mutation.edits):
        sys.exit(f"{path}: a mutation needs a sentence, breaks:, killer: and file:")
    return mutation


def mutated(mutation, root):
    """The changed files: path -> text. A list of complaints if it does not apply."""
    texts, complaints = {}, []
    for edit in mutation.edits:
        path = root / edit.file
        text = texts.get(edit.file) or (path.read_text() if path.exists() else "")
        # The last newline stays outside, so that an edit may also end within a line.
        before, after = edit.before.removesuffix("\n"), edit.after.removesuffix("\n")
        if text.count(before) != 1:
            complaints.append(f"{mutation.name}: its text occurs {text.count(before)} times in {edit.file}")
        texts[edit.file] = text.replace(before, after)
    return texts, complaints


def write_if_changed(path, content):
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def copy_tree():
    """The files of the working tree, those not committed yet included. Unchanged ones keep their time."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True).stdout.decode()
    names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for name in names:
        write_if_changed(TREE / name, (ROOT / name).read_bytes())
    for folder in ("src", "tests", "cmake"):
        for path in (TREE / folder).rglob("*"):
            if path.is_file() and str(path.relative_to(TREE)) not in names:
                path.unlink()
    for script in (TREE / "tests").rglob("*.sh"):
        script.chmod(0o755)


def configure():
    subprocess.run(["cmake", "--preset", "release", "--log-level=WARNING"], cwd=TREE, check=True,
                   stdout=subprocess.DEVNULL)


def build(target, jobs):
    done = subprocess.run(["cmake", "--build", str(BUILD), "-j", str(jobs), "--target", target],
                          capture_output=True, text=True, timeout=BUILD_SECONDS_MAX)
    return "" if done.returncode == 0 else done.stdout[-3000:] + done.stderr[-1000:]


def run(command):
    """(noticed, who): whether the command failed, and the line that says what noticed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS_MAX, errors="replace")
        output, code = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired as hung:
        output, code = (hung.stdout or b"").decode(errors="replace"), "no end"
    if code == 0:
        return False, ""
    for pattern in (r"^broken: (?!a CHECK)(.*)\n.*?, (\d+ states) in", r"CHECK failed: (.*)",
                    r"\[  FAILED  \] ([\w./]+)", r"invariant.*"):
        found = re.search(pattern, output, re.MULTILINE)
        if found and pattern.startswith("CHECK"):
            return True, "CHECK " + found.group(1).split(": ")[-1].strip()
        if found:
            return True, " after ".join(found.groups()) if found.groups() else found.group(0)
    return True, f"exit code {code}"


def has_simulator():
    return (HERE.parent / "sim" / "main.cc").exists()


def hunt(mutation, jobs):
    """(killer, what it said, seconds to build, seconds to run); the killer is empty if the mutation survives."""
    built = ran = 0.0
    killers = list(mutation.killers)
    if has_simulator():
        killers += [[SIMULATOR, "--seed", str(seed)] for seed in range(1, SIMULATOR_SEEDS + 1)]
    for program, *arguments in killers:
        started = time.monotonic()
        failed = build(SIMULATOR_TARGET if program == SIMULATOR else program, jobs)
        built += time.monotonic() - started
        if failed:
            print(f"{mutation.name} does not build:\n{failed}", file=sys.stderr)
            return "", "DOES NOT BUILD", built, ran
        if program.startswith("test_"):
            arguments = ["--gtest_brief=1", "--gtest_fail_fast", *arguments]
        started = time.monotonic()
        noticed, who = run([str(BUILD / program), *arguments])
        ran += time.monotonic() - started
        if noticed and program == SIMULATOR and run([str(UNCHANGED), *arguments])[0]:
            continue  # a seed that fails without the mutation says nothing about it
        if noticed:
            shown = [a for flag, a in zip(arguments, arguments[1:]) if flag in ("--scenario", "--seed")]
            return " ".join([program, *shown]), who, built, ran
    return "", "", built, ran


def control(mutations, jobs):
    """Every killer must be content with the code as it is, or its complaint about a mutation says nothing."""
    for program, *arguments in sorted({tuple(k) for m in mutations for k in m.killers}):
        failed = build(program, jobs)
        if failed:
            sys.exit(f"the unchanged code does not build:\n{failed}")
        noticed, who = run([str(BUILD / program), *arguments])
        if noticed:
            sys.exit(f"{program} {' '.join(arguments)} complains about the unchanged code: {who}")
    if has_simulator():
        failed = build(SIMULATOR_TARGET, jobs)
        if failed:
            sys.exit(f"the unchanged simulator does not build:\n{failed}")
        shutil.copy2(BUILD / SIMULATOR, UNCHANGED)


def table(rows):
    lines = ["| mutation | what it breaks | killed by | what noticed | build s | run s |", "|---|---|---|---|---|---|"]
    for mutation, (killer, who, built, ran) in rows:
        who = who.replace("|", "/")[:90]
        lines.append(f"| {mutation.name} | {mutation.breaks} | {killer or '**SURVIVES**'} | {who} | {built:.0f} | {ran:.1f} |")
    killed = sum(1 for _, result in rows if result[0])
    lines.append(f"\n{killed} of {len(rows)} killed, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--report")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", default=os.cpu_count(), type=int)
    options = parser.parse_args()
    mutations = [parse(path) for path in sorted(HERE.glob("*.txt"))]
    complaints = [c for m in mutations for c in mutated(m, ROOT)[1]]
    if complaints:
        sys.exit("\n".join(complaints) + "\nThe code has moved on: write these mutations anew, or drop them.")
    if options.check:
        print(f"{len(mutations)} mutations apply")
        return 0
    unknown = set(options.only) - {m.name for m in mutations}
    if unknown:
        sys.exit(f"no such mutation: {', '.join(sorted(unknown))}")
    chosen = [m for m in mutations if not options.only or m.name in options.only]
    copy_tree()
    configure()
    control(chosen, options.jobs)
    rows = []
    for mutation in chosen:
        for file, text in mutated(mutation, ROOT)[0].items():
            write_if_changed(TREE / file, text.encode())
        try:
            result = hunt(mutation, options.jobs)
        finally:
            for edit in mutation.edits:
                write_if_changed(TREE / edit.file, (ROOT / edit.file).read_bytes())
        rows.append((mutation, result))
        print(f"{mutation.name}: {result[0] or 'SURVIVES'} {result[1]} "
              f"(build {result[2]:.0f} s, run {result[3]:.1f} s)", file=sys.stderr, flush=True)
        if options.report:
            Path(options.report).write_text(table(rows))
    print(table(rows), end="")
    return 0 if all(result[0] for _, result in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
