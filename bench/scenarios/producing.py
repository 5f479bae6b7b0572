"""How fast messages are taken: latency, throughput, small messages, many partitions."""
from bounds import Throughput, disk_bytes_per_second, flush_us, replicated_bytes_per_second, replicated_us, round_trip_us
from rig import kontiki
from scenarios import Result, Row, brokers_of, checked, cpu_us_per_message

KIB = 1024
PARTITIONS = 12
STEADY_SECONDS = 10  # of full speed until memory, logs and files are as they will stay: before, all is faster or slower


def latency(bench):
    """1,000 messages/s of 1 KiB, one partition, three brokers, acks=all: how far from one flush and one round trip?"""
    with kontiki(3) as servers:
        run = checked(servers.load(rate=1000, size=KIB, window=10000, consumers=1, warmup=bench.warmup(2), seconds=bench.seconds))
        at_a_time = checked(servers.load(topic="one", size=KIB, window=1, seconds=bench.seconds / 2))
    limit = flush_us(bench.limits) + round_trip_us(bench.limits)
    limit_is = (f"median fdatasync {flush_us(bench.limits):.0f} + round trip {round_trip_us(bench.limits):.0f}")
    bare_is = "a bare program that only replicates, at the same rate"
    took = run["produced"]["latency_us"]
    rows = [Row("1,000/s, median", took["p50"], "us", limit, limit_is, at_most=1.5),
            Row("1,000/s, p99", took["p99"], "us", limit, limit_is, at_most=5),
            Row("1,000/s, median", took["p50"], "us", replicated_us(bench.limits, "at_rate"), bare_is),
            Row("1,000/s, p99", took["p99"], "us", replicated_us(bench.limits, "at_rate", "p99"), bare_is),
            Row("1,000/s, p99.99", took["p99.99"], "us"),
            Row("1,000/s, end to end, median", run["consumed"]["latency_us"]["p50"], "us", limit, limit_is),
            Row("1,000/s, client late, p99", run["produced"]["lateness_us"]["p99"], "us"),
            Row("one at a time, median", at_a_time["produced"]["latency_us"]["p50"], "us", replicated_us(bench.limits, "one_at_a_time"),
                "the bare program, one at a time")]
    return Result(rows, {"1,000/s": run, "one at a time": at_a_time})


def throughput(bench):
    """1 KiB messages, 12 partitions, as many as the window lets through: MB/s and the share of the bound."""
    result = Result()
    for count, floor in ((3, 150), (1, 400)):
        with kontiki(count) as servers:
            run = checked(servers.load(partitions=PARTITIONS, size=KIB, window=bench.count(50_000), linger_ms=5, warmup=bench.warmup(STEADY_SECONDS),
                                       seconds=bench.seconds))
        name = f"{count} broker{'s' if count > 1 else ''}"
        client_ns = cpu_us_per_message(run, [0]) * 1000 / KIB
        bound = Throughput(bench.limits, count, bench.cores, client_ns)
        rate = run["produced"]["bytes_per_second"] / 1e6
        result.rows += [
            Row(f"{name}, payload", rate, "MB/s", bound.bytes_per_second / 1e6, bound.text(), at_least=0.6),
            Row(f"{name}, payload, absolute", rate, "MB/s", at_least=min(floor, bound.bytes_per_second / 1e6)),
            Row(f"{name}, written", rate * count, "MB/s", disk_bytes_per_second(bench.limits, "overwrite") / 1e6,
                "the disk, overwriting in place"),
            Row(f"{name}, CPU of brokers", cpu_us_per_message(run, brokers_of(run)) * 1000 / KIB, "ns/byte",
                bound.broker_ns_per_byte, "receive, send, CRC, write"),
            Row(f"{name}, median latency", run["produced"]["latency_us"]["p50"] / 1000, "ms")]
        if count > 1:
            result.rows.append(Row(f"{name}, payload", rate, "MB/s", replicated_bytes_per_second(bench.limits) / 1e6,
                                   "a bare program that only replicates, without this client"))
        result.runs[name] = run
        result.notes[name] = bound.as_json()
    return result


def small(bench):
    """100-byte messages from clients that batch."""
    result = Result()
    for count, target in ((1, 1_000_000), (3, 400_000)):
        with kontiki(count) as servers:
            run = checked(servers.load(partitions=PARTITIONS, size=100, window=bench.count(200_000), linger_ms=5, warmup=bench.warmup(STEADY_SECONDS),
                                       seconds=bench.seconds))
        name = f"{count} broker{'s' if count > 1 else ''}"
        client = cpu_us_per_message(run, [0])
        result.rows += [
            Row(f"{name}, messages", run["produced"]["messages_per_second"], "1/s", at_least=target),
            Row(f"{name}, messages", run["produced"]["messages_per_second"], "1/s", bench.cores * 1e6 / client,
                "all cores busy with the client alone"),
            Row(f"{name}, CPU of brokers", cpu_us_per_message(run, brokers_of(run)), "us/message"),
            Row(f"{name}, CPU of the client", client, "us/message")]
        result.runs[name] = run
    return result


def partitions(bench):
    """The same load spread over 12, 1,000 and 10,000 partitions: what does it cost?"""
    result = Result()
    rate = bench.count(20_000)
    base = None
    for count in (PARTITIONS, bench.count(1_000), bench.count(10_000)):
        with kontiki(3) as servers:
            run = checked(servers.load(partitions=count, rate=rate, size=KIB, window=100_000, linger_ms=5, warmup=bench.warmup(3),
                                       seconds=bench.seconds))
        name = f"{count} partitions"
        cost = cpu_us_per_message(run, brokers_of(run))
        base = base or cost
        flushes = run["counters"]["kontiki_wal_flushes_total"] / (run["seconds"] + bench.warmup(3)) / len(run["processes"][1:])
        result.rows += [
            # Below the rate the brokers are at their end: what waits is taken in larger batches, and costs less each.
            Row(f"{name}, messages", run["produced"]["messages_per_second"], "1/s", rate, "the rate that was asked for"),
            Row(f"{name}, CPU of brokers", cost, "us/message", base, f"with {PARTITIONS} partitions", at_most=1.5),
            Row(f"{name}, flushes of each broker", flushes, "1/s", bench.cores * 1e6 / flush_us(bench.limits),
                "a flush after the other on each shard", at_most=1),
            Row(f"{name}, median latency", run["produced"]["latency_us"]["p50"] / 1000, "ms")]
        result.runs[name] = run
    return result
