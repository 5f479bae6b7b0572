"""The clients, how each is started, and what each lacks by itself: capabilities that no broker could give it."""
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import _npm
from _cluster import KONTIKI

ADAPTERS = Path(__file__).resolve().parent / "adapters"
PYTHON = "/usr/bin/python3"  # the packages are Debian's, and another Python may come first in PATH


@dataclass
class Client:
    key: str
    name: str
    origin: str  # where it comes from, for the reader
    words: tuple  # the adapter's command
    lacks: dict = field(default_factory=dict)  # capability -> why the client cannot have it
    content_without: dict = field(default_factory=dict)  # what its producer cannot send, as _records.py names it -> why
    notes: dict = field(default_factory=dict)  # capability -> what the reader should know of it
    resends: bool = False  # a message may be sent again by the application, not only by the client
    may_repeat: bool = False  # at a rebalance it may hand out a batch of partitions that are another member's by then
    commit: str = "sync"  # how its members commit after each batch
    module: str = ""  # of npm, or empty

    def command(self):
        return [str(word() if callable(word) else word) for word in self.words]

    def environment(self):
        return dict(os.environ, PYTHONDONTWRITEBYTECODE="1", NODE_PATH=str(_npm.MODULES), NODE_NO_WARNINGS="1")

    def note_on(self, capability):
        """What the reader should know of a capability that works."""
        if capability == "content" and self.content_without:
            return "without " + "; without ".join(f"{what}: {why}" for what, why in self.content_without.items())
        return self.notes.get(capability, "")

    def why_not_here(self):
        """Why it cannot be run on this machine; empty if it can."""
        program = self.command()[0]
        if shutil.which(program) is None:
            return f"{program} is not there"
        return _npm.why_missing(self.module) if self.module else ""


def program(name):
    return Path(KONTIKI).resolve().parent / name


def lacking(reason, *capabilities):
    return {one: reason for one in capabilities}


KCAT = Client(
    "kcat", "kcat", "Debian package kcat", (PYTHON, ADAPTERS / "kcat_adapter.py"), commit="auto",
    content_without={"timestamp": "kcat sets no timestamps", "binary headers": "kcat takes headers from the command line"},
    lacks=lacking("kcat only commits automatically", "commit_sync", "commit_async")
    | lacking("kcat has no seek", "seek")
    | lacking("kcat has no administration but listing topics and brokers", "create_topic", "delete_topic", "create_partitions",
              "describe_configs", "alter_configs", "list_groups", "describe_group", "delete_group", "group_offsets",
              "alter_group_offsets", "delete_records"))

LIBRDKAFKA = Client(
    "librdkafka", "librdkafka (C, C++)", "Debian packages librdkafka1, librdkafka++1",
    (lambda: program("kontiki_client_librdkafka"),))

CONFLUENT_PYTHON = Client(
    "confluent-kafka-python", "confluent-kafka-python", "Debian package python3-confluent-kafka",
    (PYTHON, ADAPTERS / "confluent_kafka_adapter.py"),
    lacks=lacking("came to confluent-kafka-python later than Debian's version", "delete_group", "alter_group_offsets",
                  "delete_records"))

KAFKA_PYTHON = Client(
    "kafka-python", "kafka-python", "Debian package python3-kafka", (PYTHON, ADAPTERS / "kafka_python_adapter.py"),
    lacks=lacking("kafka-python 2.0 has no idempotent producer", "idempotent")
    | lacking("kafka-python 2.0 has eager assignors only", "cooperative")
    | lacking("kafka-python 2.0 has no static membership", "static")
    | lacking("kafka-python 2.0 has no such call", "alter_group_offsets", "delete_records"))

KAFKAJS = Client(
    "kafkajs", "kafkajs", "npm", (_npm.NEW_NODE, ADAPTERS / "kafkajs_adapter.cjs"), module="kafkajs",
    notes={"broker_killed": "with one partition per send; of a send to several ones kafkajs drops what has to go to a broker "
                            "that answered for another partition already, should a leader have moved there meanwhile"},
    lacks=lacking("kafkajs has gzip alone; other codecs are the application's to add (zstd was, with Node's own)",
                  "codec_snappy", "codec_lz4")
    | lacking("kafkajs has eager assignors only", "cooperative")
    | lacking("kafkajs has no static membership", "static")
    | lacking("kafkajs's commit is one promise, to be waited for or not", "commit_async"))

DEBIAN = [KCAT, LIBRDKAFKA, CONFLUENT_PYTHON, KAFKA_PYTHON]
PLATFORMATIC = Client(
    "platformatic", "@platformatic/kafka", "npm", (_npm.NEW_NODE, ADAPTERS / "platformatic_adapter.cjs"),
    module="@platformatic/kafka", resends=True, may_repeat=True,
    notes={"group": "after a rebalance it may hand out one more batch of a partition that it lost; that batch is read twice",
           "broker_killed": "it asks for new leaders once per send; a send that meets two changes fails, and the application "
                            "sends again"},
    lacks=lacking("@platformatic/kafka's stream of messages cannot seek; another one is opened instead", "seek")
    | lacking("@platformatic/kafka's commit is one promise, to be waited for or not", "commit_async"))

CONFLUENT_JAVASCRIPT = Client(
    "confluent-kafka-javascript", "@confluentinc/kafka-javascript", "npm",
    (_npm.NODE, ADAPTERS / "confluent_javascript_adapter.cjs"), module="@confluentinc/kafka-javascript",
    content_without={"empty values": "it sends an empty value as null"},
    notes={"group_broker_killed": "a commit that it repeats when the coordinator has died may arrive after a later one and undo "
                                  "it; the clean commit here waits until it has given up"},
    lacks=lacking("@confluentinc/kafka-javascript's commit is one promise, to be waited for or not", "commit_async")
    | lacking("@confluentinc/kafka-javascript 1.10 has no such call", "create_partitions", "describe_configs", "alter_configs",
              "describe_cluster", "alter_group_offsets"))

NODE_RDKAFKA = Client(
    "node-rdkafka", "node-rdkafka", "npm", (_npm.NODE, ADAPTERS / "node_rdkafka_adapter.cjs"), module="node-rdkafka",
    content_without={"empty values": "it sends an empty value as null",
                     "binary headers": "it ends a header's value at a zero byte"},
    lacks=lacking("node-rdkafka 3.6 has no such call", "describe_configs", "alter_configs", "list_groups", "describe_group",
                  "delete_group", "alter_group_offsets", "delete_records"))

NPM = [KAFKAJS, PLATFORMATIC, CONFLUENT_JAVASCRIPT, NODE_RDKAFKA]
ALL = [*DEBIAN, *NPM]
