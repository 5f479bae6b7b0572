"""Who is measured: Kontiki, and each peer in its durable and in its default setting. README.md says what each promises."""
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Callable

import rig

from . import NODES
from .nats import Nats
from .rabbitmq import RabbitMq
from .redis import Redis

PARTITIONS = 12  # where it is not one


def peer_servers(make, replicas):
    @contextmanager
    def running():
        folder = tempfile.mkdtemp(prefix="peer-")
        try:
            with make(f"{folder}/servers") as peer:
                yield rig.Servers(peer.servers, peer.pids, peer.driver, replicas)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return running


@dataclass
class Contender:
    """A queue in one of its settings."""

    name: str
    driver: str
    program: str
    servers: Callable  # a context manager that gives rig.Servers
    is_replicated: bool = True
    is_durable: bool = False  # what it acknowledged survives the power loss of all its servers at once
    set: list = field(default_factory=list)  # settings of its driver
    set_many: list = field(default_factory=list)  # more of them where there are many partitions

    def missing(self, drivers):
        """Why it cannot be measured here, or None."""
        if self.driver not in drivers:
            return f"kontiki_bench was built without the driver '{self.driver}'"
        return None if shutil.which(self.program) else f"{self.program} is not installed"


KONTIKI = Contender("Kontiki x3", "kafka", os.environ["KONTIKI"], lambda: rig.kontiki(NODES), is_durable=True)
MANY = [f"connections={PARTITIONS}"]
PEERS = [
    Contender("RabbitMQ x3, quorum queue", "amqp", "rabbitmq-server", peer_servers(RabbitMq, NODES), is_durable=True,
              set=["queue=quorum"]),
    Contender("Redis x3, always, WAIT 1", "redis", "redis-server",
              peer_servers(lambda folder: Redis(folder, "always", NODES), NODES), is_durable=True, set=["wait=1"], set_many=MANY),
    Contender("RabbitMQ x3, stream", "amqp", "rabbitmq-server", peer_servers(RabbitMq, NODES), set=["queue=stream"]),
    Contender("NATS JetStream x3, R3", "nats", os.environ.get("NATS_SERVER", "nats-server"), peer_servers(Nats, NODES)),
    Contender("Redis x3, everysec, WAIT 1", "redis", "redis-server",
              peer_servers(lambda folder: Redis(folder, "everysec", NODES), NODES), set=["wait=1"], set_many=MANY),
    Contender("Redis x1, always", "redis", "redis-server", peer_servers(lambda folder: Redis(folder, "always"), 1),
              is_replicated=False, is_durable=True, set_many=MANY),
    Contender("Redis x1, everysec", "redis", "redis-server", peer_servers(lambda folder: Redis(folder, "everysec"), 1),
              is_replicated=False, set_many=MANY),
]


def one_of_each():
    """The first setting of each driver, which is enough to see that it works; without RabbitMQ, which takes 20 s to start."""
    return list({contender.driver: contender for contender in reversed(PEERS) if contender.driver != "amqp"}.values())
