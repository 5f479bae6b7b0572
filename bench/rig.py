"""What scenarios stand on: brokers as processes, the load generator, and what was measured beside.

Python's standard library only, and the brokers of the process tests. Everything that is started ends with its `with`.
"""
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("KONTIKI", str(ROOT / "build/release/kontiki"))
sys.path.insert(0, str(ROOT / "tests/process"))

from _cluster import Brokers, die_with_parent  # noqa: E402

LOAD_GRACE_SECONDS = 400  # creating topics, warming up and draining, before a load counts as stuck
COUNTERS = ("kontiki_wal_flushes_total", "kontiki_wal_flushed_bytes_total", "kontiki_produced_batches_total",
            "kontiki_produced_bytes_total")


def program():
    return os.environ.get("KONTIKI_BENCH", str(Path(os.environ["KONTIKI"]).parent / "kontiki_bench"))


def call(*words, seconds=LOAD_GRACE_SECONDS, nice=0):
    """The JSON that the load generator prints. `nice`: its priority, 19 the lowest."""
    done = subprocess.run(["nice", "-n", str(nice), program(), *map(str, words)], capture_output=True, text=True, timeout=seconds,
                          preexec_fn=die_with_parent, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"kontiki_bench {' '.join(map(str, words))}: exit code {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def flags(options):
    """seconds=5, kill_after=2, set=["a=b"] as words of a command line; None and False are left out."""
    words = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, (list, tuple)):
            for one in value:
                words += [flag, str(one)]
        elif value is not None and value is not False:
            words += [flag, str(value)]
    return words


@dataclass
class Servers:
    """A queue that runs: of whatever kind, in processes of this machine."""

    addresses: str  # as the driver wants them
    pids: list
    driver: str = "kafka"
    replicas: int = 1
    settings: list = field(default_factory=list)  # KEY=VALUE of the driver

    def load(self, nice=0, **options):
        """One run of the load generator against it; options as in `kontiki_bench load --help`."""
        options = {"driver": self.driver, "servers": self.addresses, "replicas": self.replicas, "watch": self.pids,
                   "set": self.settings, **options}
        before = self.counters()
        result = call("load", *flags(options), seconds=options.get("seconds", 10) + LOAD_GRACE_SECONDS, nice=nice)
        after = self.counters()
        result["counters"] = {name: after[name] - before.get(name, 0) for name in after}
        return result

    def counters(self):
        return {}


class Kontiki(Servers):
    """Kontiki's brokers, with Kontiki's own commands for them."""

    def __init__(self, host, brokers):
        super().__init__(host.addresses(brokers), [one.process.pid for one in brokers], replicas=len(brokers))
        self.host = host
        self.brokers = brokers

    def counters(self):
        """The sum over all brokers that answer."""
        sums = dict.fromkeys(COUNTERS, 0.0)
        for broker in self.brokers:
            for line in broker.get("/metrics")[1].splitlines():
                words = line.split()
                if words and words[0] in sums:
                    sums[words[0]] += float(words[1])
        return sums

    def cpu_seconds(self):
        return [broker.cpu_seconds() for broker in self.brokers]

    def resident_bytes(self):
        return [broker.resident_bytes() for broker in self.brokers]


@contextmanager
def kontiki(count, *options):
    """So many brokers in temporary folders under tempfile's folder."""
    host = Brokers()
    done = False
    try:
        brokers = host.cluster(*range(1, count + 1), options=options) if count > 1 else [host.one_broker(*options)]
        yield Kontiki(host, brokers)
        done = True
    finally:
        host.remove(show_logs=not done)


def use_folder(folder):
    """Where brokers keep their data from now on, and where limits are measured."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(Path(folder).resolve())
