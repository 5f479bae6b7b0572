"""Kontiki beside other queues: the same messages, the same window, the same machine, one after the other."""
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass

import rig
from peers.contenders import KONTIKI, PARTITIONS, PEERS, Contender, one_of_each
from scenarios import Result, Row, checked

SIZE = 1024
PRODUCERS = 4
WINDOW = 1000  # of each producer
RATE = 1000
TURNS = 5  # of Kontiki and the peer that is quickest: a minute of noise is to meet both
LINGER_MS = 5  # of the Kafka client, which is its default; the other clients have no such thing
LATENCY_LOADS = {"one at a time": {"window": 1}, f"{RATE}/s": {"rate": RATE, "window": 10 * WINDOW}}

BARE = {"one at a time": "one_at_a_time_us", f"{RATE}/s": "at_rate_us"}  # the same of the bare program
BARE_NAME = "a bare program that only replicates"


@dataclass
class Measured:
    contender: Contender
    runs: dict  # by what was measured

    def throughput(self):
        """Messages per second with the number of partitions that suits it best."""
        return max(run["produced"]["messages_per_second"] for what, run in self.runs.items() if what.startswith("full"))

    def latency_us(self, what, quantile):
        return self.runs[what]["produced"]["latency_us"][quantile]


def load(bench, contender, servers, topic, **options):
    more = contender.set_many if options.get("partitions", 1) > 1 else []
    return checked(servers.load(topic=topic, size=SIZE, set=[*contender.set, *more], seconds=bench.seconds,
                                warmup=bench.warmup(2), **options))


def measure(bench, contender):
    with contender.servers() as servers:
        bench.settle()
        runs = {what: load(bench, contender, servers, "single", **options) for what, options in LATENCY_LOADS.items()}
        full = {"producers": PRODUCERS, "window": WINDOW, "linger_ms": LINGER_MS}
        runs["full, 1 partition"] = load(bench, contender, servers, "full", **full)
        runs[f"full, {PARTITIONS} partitions"] = load(bench, contender, servers, "many", partitions=PARTITIONS, **full)
        return Measured(contender, runs)


def in_turn(bench, contenders, result):
    """The p99 of each by load, and that of a bare program that only replicates: medians of turns while all run."""
    p99 = {}

    def count(name, what, latency_us):
        p99.setdefault((name, what), []).append(latency_us["p99"])

    with ExitStack() as running:
        servers = [running.enter_context(one.servers()) for one in contenders]
        bench.settle()
        for turn in range(1 if bench.tiny else TURNS):
            bare = rig.call("replicated", "--folder", tempfile.gettempdir(), "--seconds", bench.seconds)
            for what, options in LATENCY_LOADS.items():
                count(BARE_NAME, what, bare[BARE[what]])
                for one, its in zip(contenders, servers):
                    run = load(bench, one, its, "single", **options)
                    count(one.name, what, run["produced"]["latency_us"])
                    result.runs[f"{one.name}, {what}, turn {turn + 1}"] = run
    return {key: statistics.median(values) for key, values in p99.items()}


def rows_of(measured):
    name = measured.contender.name
    return [Row(f"{name}, {what}", run["produced"]["messages_per_second"], "1/s")
            for what, run in measured.runs.items() if what.startswith("full")] + [
        Row(f"{name}, one at a time, median", measured.latency_us("one at a time", "p50"), "us"),
        Row(f"{name}, one at a time, p99", measured.latency_us("one at a time", "p99"), "us"),
        Row(f"{name}, {RATE}/s, median", measured.latency_us(f"{RATE}/s", "p50"), "us"),
        Row(f"{name}, {RATE}/s, p99", measured.latency_us(f"{RATE}/s", "p99"), "us")]


def quickest_of(others):
    return min(others, key=lambda one: one.latency_us(f"{RATE}/s", "p99"))


def compare_throughput(ours, others, what, target):
    fastest = max(others, key=Measured.throughput)
    return Row(f"Kontiki to the best {what}, throughput", ours.throughput(), "1/s", fastest.throughput(), fastest.contender.name,
               at_least=target)


def compare_durable(bench, ours, others, result):
    """The p99 with the same number of messages under way, and at the same rate, to the quickest of the others."""
    peer = quickest_of(others)
    name = peer.contender.name
    p99 = in_turn(bench, [ours.contender, peer.contender], result)
    for what in LATENCY_LOADS:
        result.rows += [
            Row(f"Kontiki to the best replicated durable peer, {what}, p99, in turn", p99[ours.contender.name, what], "us",
                p99[name, what], name, at_most=0.5),
            Row(f"The bare program to that peer, {what}, p99, in turn", p99[BARE_NAME, what], "us", p99[name, what], name)]
    for what in ours.runs:
        if what.startswith("full"):
            result.rows.append(Row(f"Kontiki to the best replicated durable peer, {what}, p99", ours.latency_us(what, "p99"), "us",
                                   peer.latency_us(what, "p99"), name, at_most=0.5))


def peers(bench):
    """1 KiB messages beside NATS JetStream, RabbitMQ and Redis Streams, in their durable and default settings."""
    drivers = rig.call("drivers")
    result = Result()
    all_measured = []
    for contender in [KONTIKI, *(one_of_each() if bench.tiny else PEERS)]:
        why_not = contender.missing(drivers)
        if why_not:
            print(f"peers: without {contender.name}: {why_not} (setup.sh bench)", file=sys.stderr)
            result.notes[contender.name] = f"left out: {why_not}"
            continue
        measured = measure(bench, contender)
        all_measured.append(measured)
        result.rows += rows_of(measured)
        result.runs.update({f"{contender.name}, {what}": run for what, run in measured.runs.items()})
    ours, *others = all_measured
    replicated = [one for one in others if one.contender.is_replicated]
    durable = [one for one in replicated if one.contender.is_durable]
    lazy = [one for one in replicated if not one.contender.is_durable]
    if durable:
        result.rows.append(compare_throughput(ours, durable, "replicated durable peer", 3))
        compare_durable(bench, ours, durable, result)
    if lazy:
        quickest = quickest_of(lazy)
        result.rows += [compare_throughput(ours, lazy, "replicated peer that flushes later", 1),
                        Row(f"Kontiki to the best replicated peer that flushes later, {RATE}/s, p99", ours.latency_us(f"{RATE}/s", "p99"),
                            "us", quickest.latency_us(f"{RATE}/s", "p99"), quickest.contender.name)]
    result.plotted = {"latency": [name for name in result.runs if name.endswith("/s")],
                      "time": [name for name in result.runs if name.endswith("1 partition")]}
    return result
