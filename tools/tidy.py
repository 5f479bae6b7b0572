#!/usr/bin/env python3
"""The house rules that a machine can check (docs/style.md has the others).

Usage: tidy.py [--warn] [root]     exit code 0 when every rule holds, 1 when one is broken.
--warn also lists files that have grown past the size to aim for.
"""
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

LINES_AIM = 300  # most files stay under this
LINES_MAX = 800  # none goes over this
FUNCTION_LINES_MAX = 100

CODE = (".cc", ".h")
TEXT = (*CODE, ".py", ".sh", ".md", ".cmake", ".json", ".txt", ".yaml", ".yml")
TEXT_NAMES = ("Makefile", "run", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore")
SKIPPED_FOLDERS = {".git", ".cache", "build", "kontiki-data", "__pycache__", "node_modules"}


@dataclass
class Rule:
    """A pattern that must not occur in the files of some suffixes, but for some folders."""

    name: str
    pattern: str
    advice: str
    suffixes: tuple = CODE
    only_in: tuple = ("",)  # path prefixes
    not_in: tuple = ()
    raw: bool = False  # look into comments and strings, too


RULES = [
    Rule("thread",
         r"std::(jthread|thread|(recursive_|shared_|timed_)?mutex|atomic|condition_variable|(lock|shared)_guard"
         r"|(unique|scoped|shared)_lock|async|future|promise|counting_semaphore|latch|barrier|call_once)\w*"
         r"|\bthread_local\b|\bco_(await|return|yield)\b",
         "domain code is run by one shard's loop; threads, locks and coroutines live in src/posix, others post messages",
         not_in=("src/posix/", "src/cli/", "tests/", "bench/", "tools/demo/")),
    Rule("clock",
         r"\b\w+_clock::now\b|\brandom_device\b|\b(gettimeofday|clock_gettime)\b|(?<![\w.>:])(std::)?s?rand(om)?\(\s*\w*\s*\)"
         r"|(?<![\w.>:])(std::|::)?time\(\s*(0|NULL|nullptr|&)",
         "time comes from env/ (Clock) and randomness from a seeded generator, so that a run can be repeated",
         not_in=("src/posix/", "src/cli/", "bench/", "tools/demo/", "tests/process/", "tests/explore/main.cc")),
    Rule("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>])(::)?sleep\(",
         "wait for the event, or move the fake clock of tests/sim",
         not_in=("src/posix/", "src/cli/", "bench/", "tools/demo/", "tests/process/")),
    Rule("throw", r"\bthrow\b", "return a Result for what can be expected, CHECK what cannot happen",
         only_in=("src/",), not_in=("src/posix/", "src/cli/")),
    Rule("assert", r"\bassert\(|<cassert>|<assert\.h>", "use CHECK, which is on in every build"),
    Rule("namespace", r"^\s*using namespace\b", "name what you use; a header must not change its reader's names",
         suffixes=(".h",)),
    Rule("marker", r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b", "do it now, or describe the limit in the docs",
         suffixes=TEXT, raw=True),
    Rule("outside path", r"(?<![\w./-])/(work|home)/\w|\.\./" r"shared\b",
         "the tree must build and test on its own, wherever it lies", suffixes=TEXT, raw=True),
    Rule("tab", r"\t", "indent with spaces", suffixes=TEXT, raw=True),
    Rule("trailing space", r"[ \r]+$", "remove it", suffixes=TEXT, raw=True),
]

IGNORED = re.compile(
    r"//[^\n]*|/\*.*?\*/"  # comments
    r'|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'  # strings
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",  # characters, not digit separators
    re.DOTALL)


def without_comments_and_strings(text):
    """The same number of lines, code only."""
    return IGNORED.sub(lambda found: "\n" * found.group(0).count("\n"), text)


def starts_with_any(path, prefixes):
    return any(path.startswith(prefix) for prefix in prefixes)


def check_patterns(path, suffix, text):
    code_lines = without_comments_and_strings(text).split("\n") if suffix in CODE else None
    raw_lines = text.split("\n")
    for rule in RULES:
        if suffix not in rule.suffixes or starts_with_any(path, rule.not_in):
            continue
        if not starts_with_any(path, rule.only_in):
            continue
        pattern = re.compile(rule.pattern)
        for number, line in enumerate(raw_lines if rule.raw or code_lines is None else code_lines, 1):
            found = pattern.search(line)
            if found:
                what = found.group(0).strip()
                yield f"{path}:{number}: {rule.name}{f' ({what})' if what else ''}: {rule.advice}"


def check_header(path, text):
    if not text.startswith(("//", "/*")):
        yield f"{path}:1: header comment: open with a comment that says what this is, who owns it and on which thread"
    if "#pragma once" not in text:
        yield f"{path}:1: include guard: add '#pragma once' after the opening comment"


def check_size(path, text):
    lines = text.count("\n")
    if lines > LINES_MAX and not path.startswith("docs/format/"):
        yield f"{path}:{LINES_MAX + 1}: file size: {lines} lines, at most {LINES_MAX}: which idea wants its own file?"


def check_functions(path, text):
    """A function begins with a line at column 0 that ends with '{' and has a ')', and ends with '}' at column 0."""
    start = None
    for number, line in enumerate(text.split("\n"), 1):
        if start is None and re.match(r"[A-Za-z_~:].*\{$", line) and not re.match(
                r"(namespace|class|struct|enum|union|extern)\b[^(]*$", line):
            start = number if ")" in line else None
        elif line.startswith("}") and start is not None:
            if number - start + 1 > FUNCTION_LINES_MAX:
                yield (f"{path}:{start}: function size: {number - start + 1} lines, at most {FUNCTION_LINES_MAX}:"
                       " give its parts names")
            start = None


def check_file(path, text):
    """Everything wrong with one file; path is relative to the root."""
    suffix = Path(path).suffix or (TEXT[-1] if Path(path).name in TEXT_NAMES else "")
    if Path(path).name == "Makefile":
        text = re.sub(r"(?m)^\t", "", text)
    yield from check_patterns(path, suffix, text)
    if text and not text.endswith("\n"):
        yield f"{path}:{text.count(chr(10)) + 1}: end of file: add the missing newline"
    if suffix in (*CODE, ".py", ".md"):
        yield from check_size(path, text)
    if suffix == ".h":
        yield from check_header(path, text)
    if suffix in CODE:
        yield from check_functions(path, text)


def text_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(names):
            if Path(name).suffix in TEXT or name in TEXT_NAMES:
                yield Path(folder) / name


def check(root):
    problems = []
    for path in text_files(root):
        relative = path.relative_to(root).as_posix()
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(f"{relative}:1: encoding: not UTF-8 at byte {error.start}; text files are UTF-8")
            continue
        problems.extend(check_file(relative, text))
    return problems


def warnings(root):
    for path in text_files(root):
        if path.suffix in (*CODE, ".py"):
            lines = path.read_bytes().count(b"\n")
            if lines > LINES_AIM:
                yield f"{path.relative_to(root)}: {lines} lines; most files stay under {LINES_AIM}"


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--warn"]
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    if "--warn" in sys.argv:
        for warning in warnings(root):
            print("warning:", warning)
    problems = check(root)
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} house rule violation(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
