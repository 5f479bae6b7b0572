"""On what the numbers were measured."""
import os
import platform
import subprocess
from pathlib import Path


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def file_system(folder):
    """Type and options of the file system of a folder."""
    best = ("", "?")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, options = line.split()[:4]
        if Path(folder).resolve().is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, f"{kind} ({options})")
    return best[1]


def describe(folder):
    return {"processor": processor(), "cores": len(os.sched_getaffinity(0)), "memory_bytes": memory_bytes(),
            "kernel": platform.release(), "file_system": file_system(folder),
            "load_average_before": os.getloadavg()}


def commit(root):
    """The commit that the tree is at, with a mark if something was changed since; empty outside of git."""
    done = subprocess.run(["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip()
