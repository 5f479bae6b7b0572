"""Kontiki beside other queues, on the same machine in the same run: same messages, window, number of replicas, client loop."""
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from rig import Servers, kontiki
from scenarios import Result, Row, checked

KIB = 1024
PARTITIONS = 12
REPLICAS = 3
WINDOW = 10_000


@dataclass
class Contender:
    """A queue in one of its settings. peers/contenders.py has the list CONTENDERS of those that are installed."""

    name: str  # with its setting, as the table has it
    start: Callable  # start(folder): a context manager; its value has `driver`, `servers` (for --servers) and `pids`
    is_durable: bool  # an acknowledgement means that a majority of its nodes (or its only one) has flushed
    replicas: int = REPLICAS  # 1: not replicated, shown for orientation only
    settings: list = field(default_factory=list)  # KEY=VALUE for its driver
    partitions: int = PARTITIONS


def contenders():
    try:
        from peers.contenders import CONTENDERS
    except ImportError:  # no peers in this tree
        return []
    return CONTENDERS


def peers(bench):
    """Kontiki and each peer in its durable and in its default setting: throughput, latency at 1,000/s, one at a time."""
    result = Result()
    with kontiki(REPLICAS) as servers:
        ours = measure(bench, servers, PARTITIONS)
    add(result, "Kontiki, durable", ours)
    theirs = {}
    for peer in contenders():
        with tempfile.TemporaryDirectory(prefix="peer-") as folder, peer.start(Path(folder) / "data") as running:
            servers = Servers(running.servers, running.pids, running.driver, peer.replicas, peer.settings)
            theirs[peer.name] = (peer, measure(bench, servers, peer.partitions))
        add(result, peer.name, theirs[peer.name][1])
    replicated = [one for one in theirs.values() if one[0].replicas == REPLICAS]
    for is_durable, faster, quicker in ((True, 3, 0.5), (False, 1, 1)):
        rivals = [runs for peer, runs in replicated if peer.is_durable == is_durable]
        if rivals:
            add_verdict(result, "durable" if is_durable else "default, not durable", ours, rivals, faster, quicker)
    return result


def measure(bench, servers, partitions):
    """What is sent is stored in queues of its own for each of the three, so that none reads what another left."""
    throughput = servers.load(topic="throughput", partitions=partitions, size=KIB, window=bench.count(WINDOW), linger_ms=1,
                              warmup=bench.warmup(2), seconds=bench.seconds)
    paced = servers.load(topic="paced", partitions=1, size=KIB, rate=1000, window=WINDOW, warmup=bench.warmup(2),
                         seconds=bench.seconds)
    single = servers.load(topic="single", partitions=1, size=KIB, window=1, warmup=bench.warmup(1), seconds=bench.seconds / 2)
    return {"throughput": checked(throughput), "1,000/s": checked(paced), "one at a time": checked(single)}


def add(result, name, runs):
    result.rows += [Row(f"{name}, messages", runs["throughput"]["produced"]["messages_per_second"], "1/s"),
                    Row(f"{name}, 1,000/s, median", runs["1,000/s"]["produced"]["latency_us"]["p50"], "us"),
                    Row(f"{name}, 1,000/s, p99", runs["1,000/s"]["produced"]["latency_us"]["p99"], "us"),
                    Row(f"{name}, one at a time, median", runs["one at a time"]["produced"]["latency_us"]["p50"], "us")]
    result.runs.update({f"{name}, {what}": run for what, run in runs.items()})


def add_verdict(result, setting, ours, rivals, faster, quicker):
    """Kontiki against the best of the replicated peers in that setting."""
    rate = max(one["throughput"]["produced"]["messages_per_second"] for one in rivals)
    p99 = min(one["1,000/s"]["produced"]["latency_us"]["p99"] for one in rivals)
    result.rows += [
        Row(f"Kontiki beside the best replicated peer, {setting}: messages",
            ours["throughput"]["produced"]["messages_per_second"], "1/s", rate, "the best replicated peer of that setting",
            at_least=faster),
        Row(f"Kontiki beside the best replicated peer, {setting}: p99", ours["1,000/s"]["produced"]["latency_us"]["p99"], "us",
            p99, "the best replicated peer of that setting", at_most=quicker)]
