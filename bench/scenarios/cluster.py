"""What partitions cost when nothing happens, and how long they are away when a broker dies."""
import time

from rig import call, flags, kontiki
from scenarios import Result, Row, checked

REPLICAS = 3
START_SECONDS_MAX = 120
TOPIC_PARTITIONS_MAX = 10_000


def create(servers, topic, partitions):
    """Seconds until all of them took messages."""
    return call("topic", *flags({"servers": servers.addresses, "topic": topic, "partitions": partitions,
                                 "replicas": servers.replicas}))["seconds"]


def idle(bench):
    """10,000 partitions x 3 replicas in which nothing happens: CPU and memory; 100,000 on one broker: its start."""
    result = Result()
    count = bench.count(10_000)
    with kontiki(REPLICAS) as servers:
        memory = servers.resident_bytes()
        took = create(servers, "idle", count)
        bench.settle()
        cpu, begin = servers.cpu_seconds(), time.monotonic()
        time.sleep(bench.seconds)
        elapsed = time.monotonic() - begin
        shares = [(after - before) / elapsed * 100 for before, after in zip(cpu, servers.cpu_seconds())]
        per_replica = [(after - before) / count for before, after in zip(memory, servers.resident_bytes())]
        result.rows += [
            Row(f"{count} x {REPLICAS}, creating", took, "s"),
            Row(f"{count} x {REPLICAS}, CPU of the busiest broker", max(shares), "% of a core", at_most=2),
            Row(f"{count} x {REPLICAS}, memory above the base", max(per_replica) / 1024, "KiB/replica", at_most=4)]
        result.notes["idle"] = {"cpu_percent": shares, "bytes_per_replica": per_replica, "base_bytes": memory}
    result.rows += start(bench)
    return result


def start(bench):
    count = bench.count(100_000)
    with kontiki(1) as servers:
        broker, = servers.brokers
        topics = max(1, count // TOPIC_PARTITIONS_MAX)
        for i in range(topics):
            create(servers, f"many-{i}", count // topics)
        broker.stop(seconds=60)
        begin = time.monotonic()
        broker.start()
        broker.wait_ready(START_SECONDS_MAX)
        ready = time.monotonic() - begin
        create(servers, "many-0", count // topics)  # is there: returns when all of it has leaders
        return [Row(f"{count} on one broker, start until ready", ready, "s", at_most=10),
                Row(f"{count} on one broker, start until a topic of it takes messages", time.monotonic() - begin, "s"),
                Row(f"{count} on one broker, memory", broker.resident_bytes() / count / 1024, "KiB/replica")]


# What librdkafka waits before it asks or tries again, shortened, so that the brokers' part is seen.
EAGER = ["retry.backoff.ms=10", "reconnect.backoff.ms=10", "reconnect.backoff.max.ms=50",
         "topic.metadata.refresh.fast.interval.ms=20"]


def failover(bench):
    """kill -9 of a broker that leads 1,000 partitions, under load: how long until each takes messages again?"""
    result = Result()
    for name, settings in (("eager client", EAGER), ("librdkafka's defaults", [])):
        run, led = kill_one(bench, settings)
        times = [run["recovered_ms"][partition] for partition in led]
        never = sum(one is None for one in times)
        times = sorted(float("inf") if one is None else one for one in times)
        rows = [Row(f"{name}, {what} of {len(led)} partitions", times[min(len(times) - 1, int(len(times) * share))], "ms",
                    at_most=500 if share == 0.99 else None) for what, share in (("median", 0.5), ("p99", 0.99), ("max", 1))]
        result.rows += rows
        result.runs[name] = run
        result.notes[name] = {"partitions_led": len(led), "never": never}
    return result


def kill_one(bench, settings):
    """The run, and the partitions that the killed broker led; at the moment of the kill, a message is due for each."""
    partitions = bench.count(3_000)
    with kontiki(REPLICAS) as servers:
        create(servers, "many", partitions)
        bench.settle()
        leaders = [one["leader"] for one in servers.host.describe(servers.brokers, "many")]
        victim = max(servers.brokers, key=lambda broker: leaders.count(broker.node_id))
        led = [i for i, leader in enumerate(leaders) if leader == victim.node_id]
        run = servers.load(topic="many", create=False, partitions=partitions, size=100, rate=partitions, window=200_000,
                           warmup=bench.warmup(2), seconds=2.5 if bench.tiny else max(5, bench.seconds), set=settings,
                           kill=victim.process.pid, kill_after=0.5, volley=",".join(map(str, led)))
        return checked(run), led
