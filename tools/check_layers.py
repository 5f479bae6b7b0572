#!/usr/bin/env python3
"""Checks every #include under src/ against tools/layers.txt.

Usage: check_layers.py [root]      exit code 0 when the tree keeps to the graph, 1 when it does not.
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


class Layers:
    """What tools/layers.txt says."""

    def __init__(self, path):
        self.may = {}  # module -> modules that it may include
        self.only = []  # (module, the modules that only it may use together)
        self.external = {}  # first part of an outside header's path -> modules that may include it
        self.problems = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            line = line.split("#")[0].strip()
            if line:
                self._line(f"tools/layers.txt:{number}", line)

    def _line(self, where, line):
        if ":" not in line:
            self.problems.append(f"{where}: cannot read '{line}'; write 'module: modules it may include'")
            return
        head, names = line.split(":", 1)
        head, names = head.split(), names.split()
        used = names + (head[1:] if head[0] == "only" else [])
        for name in used:
            if name not in self.may:
                self.problems.append(f"{where}: '{name}' is not a module defined above this line; a module may"
                                     " only depend on those above it, so that there is no cycle")
        if head[0] == "only":
            self.only.append((head[1], names))
        elif head[0] == "external":
            self.external[head[1]] = names
        else:
            self.may[head[0]] = names


def includes(path):
    """The (line number, is quoted, path) of each #include of a file."""
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


def judge(layers, src, module, quoted, included):
    """Why this module may not include this header; None if it may."""
    first = included.split("/")[0]
    if first in layers.may and (quoted or (src / included).exists()):
        if first == module or first in layers.may[module]:
            return None
        allowed = " ".join(layers.may[module]) or "nothing of ours"
        return (f"{module} includes {included}, but tools/layers.txt lets {module} include only: {allowed}."
                " Move the code to the module that it belongs to, or pass what it needs in as a value")
    if quoted:
        return (f'"{included}" does not name a module; write our headers as "module/file.h", from src/,'
                " and outside headers in angle brackets")
    if first in layers.external and module not in layers.external[first]:
        return (f"{module} includes <{included}>, but tools/layers.txt keeps it to:"
                f" {' '.join(layers.external[first])}. Reach it through an interface of env/ instead")
    return None


def check(root):
    """All violations in the tree, as lines for a person."""
    src = root / "src"
    layers = Layers(root / "tools" / "layers.txt")
    problems = list(layers.problems)
    uses = {}  # module -> {used module: the first place}
    for folder in sorted(path for path in src.glob("*") if path.is_dir()):
        module = folder.name
        if module not in layers.may:
            problems.append(f"src/{module}: has no line in tools/layers.txt; add one that says what it may include")
            continue
        for path in sorted(folder.rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            for number, quoted, included in includes(path):
                where = f"{path.relative_to(root)}:{number}"
                uses.setdefault(module, {}).setdefault(included.split("/")[0], where)
                problem = judge(layers, src, module, quoted, included)
                if problem:
                    problems.append(f"{where}: {problem}")
    for owner, names in layers.only:
        for module, used in uses.items():
            if module not in (owner, *names) and all(name in used for name in names):
                places = ", ".join(used[name] for name in names)
                problems.append(f"{used[names[-1]]}: {module} uses {' and '.join(names)} together ({places}), which"
                                f" is for {owner} only. Ask {owner} for what you need")
    return problems


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} layer violation(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
