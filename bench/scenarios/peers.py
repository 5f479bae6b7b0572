"""Kontiki beside other queues: the same messages, the same window, the same machine, one after the other."""
import sys
from dataclasses import dataclass

import rig
from peers.contenders import KONTIKI, PARTITIONS, PEERS, Contender, one_of_each
from scenarios import Result, Row, checked

SIZE = 1024
PRODUCERS = 4
WINDOW = 1000  # of each producer
RATE = 1000


@dataclass
class Measured:
    contender: Contender
    runs: dict  # by what was measured

    def throughput(self):
        """Messages per second with the number of partitions that suits it best."""
        return max(run["produced"]["messages_per_second"] for what, run in self.runs.items() if what.startswith("full"))

    def latency_us(self, what, quantile):
        return self.runs[what]["produced"]["latency_us"][quantile]


def measure(bench, contender):
    with contender.servers() as servers:
        bench.settle()

        def load(topic, **options):
            more = contender.set_many if options.get("partitions", 1) > 1 else []
            return checked(servers.load(topic=topic, size=SIZE, set=[*contender.set, *more], seconds=bench.seconds, **options))

        return Measured(contender, {
            "one at a time": load("single", window=1, warmup=bench.warmup(2)),
            f"{RATE}/s": load("single", rate=RATE, window=10 * WINDOW, warmup=bench.warmup(2)),
            "full, 1 partition": load("full", producers=PRODUCERS, window=WINDOW, warmup=bench.warmup(2)),
            f"full, {PARTITIONS} partitions": load("many", producers=PRODUCERS, window=WINDOW, partitions=PARTITIONS,
                                                   warmup=bench.warmup(2))})


def rows_of(measured):
    name = measured.contender.name
    return [Row(f"{name}, {what}", run["produced"]["messages_per_second"], "1/s")
            for what, run in measured.runs.items() if what.startswith("full")] + [
        Row(f"{name}, one at a time, median", measured.latency_us("one at a time", "p50"), "us"),
        Row(f"{name}, one at a time, p99", measured.latency_us("one at a time", "p99"), "us"),
        Row(f"{name}, {RATE}/s, median", measured.latency_us(f"{RATE}/s", "p50"), "us"),
        Row(f"{name}, {RATE}/s, p99", measured.latency_us(f"{RATE}/s", "p99"), "us")]


def compare(ours, others, what, throughput_target, latency_target=None):
    """Ours as a share of the best of the others, which may be another one for each row."""
    if not others:
        return []
    fastest = max(others, key=Measured.throughput)
    quickest = min(others, key=lambda one: one.latency_us(f"{RATE}/s", "p99"))
    return [
        Row(f"Kontiki to the best {what}, throughput", ours.throughput(), "1/s", fastest.throughput(), fastest.contender.name,
            at_least=throughput_target),
        Row(f"Kontiki to the best {what}, {RATE}/s, p99", ours.latency_us(f"{RATE}/s", "p99"), "us",
            quickest.latency_us(f"{RATE}/s", "p99"), quickest.contender.name, at_most=latency_target)]


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
    result.rows += compare(ours, [one for one in replicated if one.contender.is_durable], "replicated durable peer", 3, 0.5)
    result.rows += compare(ours, [one for one in replicated if not one.contender.is_durable], "replicated peer that flushes later", 1)
    result.plotted = {"latency": [name for name in result.runs if name.endswith("/s")],
                      "time": [name for name in result.runs if name.endswith("1 partition")]}
    return result
