"""What scenarios are given: a cluster of three brokers, one client, topics and groups that nobody else uses."""
import base64
import itertools
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "process"))

from _adapter import Adapter  # noqa: E402
from _cluster import Brokers, wait_until  # noqa: E402

IDS = (1, 2, 3)
PARTITIONS = 6
SCENARIOS = []
SEED = int(os.environ.get("CHAOS_SEED", str(random.SystemRandom().randrange(10**6))))


def scenario(name, section, text, quick=False):
    """Registers a function of a Run as the proof of a capability; quick: a part of `make test`."""
    def register(function):
        SCENARIOS.append((name, section, text, quick, function))
        return function
    return register


def b64(data):
    return None if data is None else base64.b64encode(data).decode()


class Run:
    """One scenario with one client."""

    numbers = itertools.count(1)

    def __init__(self, cluster, client):
        self.cluster = cluster
        self.client = client
        self.adapters = []
        self.random = random.Random(SEED)

    @property
    def brokers(self):
        return self.cluster.brokers

    @property
    def addresses(self):
        return self.cluster.addresses(self.brokers)

    def adapter(self):
        number = len(self.adapters) + 1
        log = Path(self.cluster.folder) / f"{self.client.key}-{next(self.numbers)}-{number}.log"
        made = Adapter(self.client.command(), self.addresses, log, self.client.environment())
        self.adapters.append(made)
        return made

    def name(self, what):
        return f"{self.client.key}-{what}-{next(self.numbers)}"

    def topic(self, partitions=PARTITIONS, **configs):
        name = self.name("topic")
        self.cluster.create_topic(self.brokers, name, partitions=partitions, replication_factor=3, **configs)
        self.cluster.wait_in_step(self.brokers, name, 3)
        return name

    def produce_ids(self, topic, ids):
        """Messages whose values are these numbers, from a client that is not the one under test."""
        text = "".join(f"{one % 97}:{one}\n" for one in ids)
        self.cluster.kcat(self.addresses, "-P", "-t", topic, "-K:", "-X", "enable.idempotence=true", "-X", "linger.ms=1",
                          stdin=text.encode())

    def stored_ids(self, topic):
        """[(partition, id)] of all messages in a topic, by partition in the order of their offsets."""
        out = self.cluster.kcat(self.addresses, "-C", "-t", topic, "-o", "beginning", "-e", "-f", "%p %s\n")
        return sorted(((int(place), int(value)) for place, value in (line.split() for line in out.decode().splitlines())),
                      key=lambda pair: pair[0])

    def ends(self, topic):
        return [one["latest"] for one in self.cluster.describe(self.brokers, topic)]

    def kill_and_restart(self, broker, topic, after_takeover=True):
        broker.kill()
        others = [one for one in self.brokers if one is not broker]
        if after_takeover:
            wait_until("the others lead everything", lambda: all(
                one["leader"] not in (-1, broker.node_id) for one in self.cluster.describe(others, topic)))
        broker.start()
        broker.wait_ready()
        self.cluster.wait_in_step(self.brokers, topic, 3)

    def close(self):
        for one in self.adapters:
            one.discard()


def make_cluster():
    cluster = Brokers()
    try:
        cluster.cluster(*IDS)
    except BaseException:
        cluster.remove(show_logs=True)
        raise
    return cluster


def equal(found, expected, what):
    assert found == expected, f"{what}: expected {shortened(expected)}, got {shortened(found)}"


def shortened(value):
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"


def now():
    return time.monotonic()
