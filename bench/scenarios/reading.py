"""How fast messages are given out: from memory to those who catch up, from disk beside those who produce."""
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rig import kontiki
from scenarios import Result, Row, brokers_of, checked

KIB = 1024
MIB = 1024 * KIB
PARTITIONS = 12


def catch_up(bench):
    """One broker: how much can be read per second, from the disk and from the page cache, and per second of its CPU?"""
    result = Result()
    with kontiki(1) as servers:
        filled = checked(servers.load(topic="full", partitions=PARTITIONS, size=KIB, window=50_000, linger_ms=5, warmup=0,
                                      seconds=bench.seconds))
        payload = filled["produced"]["messages_in_all"] * KIB
        result.notes["bytes_in_the_log"] = payload
        for driver, prepare, name in (("fetch", drop_page_cache, "from the disk, batches only"),
                                      ("fetch", fill_page_cache, "from the page cache, batches only"),
                                      ("kafka", fill_page_cache, "from the page cache, librdkafka")):
            prepare(servers)
            run = servers.load(topic="full", create=False, partitions=PARTITIONS, driver=driver, producers=0, consumers=2,
                               from_beginning=True, read_bytes=int(payload * 0.98), warmup=0, seconds=60)
            cpu = sum(run["processes"][i]["cpu_seconds"] for i in brokers_of(run))
            rate = run["consumed"]["bytes_per_second"] / 1e9
            result.rows += [
                Row(f"{name}", rate, "GB/s", bench.limits["loopback"]["bytes_per_second"] / 1e9, "the loopback"),
                # Ticks of 10 ms: a run that is over before a few of them have passed says nothing.
                Row(f"{name}, per second of the broker's CPU", rate * run["seconds"] / max(cpu, 0.01), "GB/s",
                    at_least=1 if prepare is fill_page_cache else None)]
            result.runs[name] = run
    return result


def cold(bench):
    """A consumer of what only the disk has, slowly, while others produce: does it move their p99?"""
    result = Result()
    with kontiki(3) as servers:
        checked(servers.load(topic="cold", partitions=PARTITIONS, size=KIB, window=20_000, linger_ms=5, warmup=0,
                             seconds=bench.seconds * 2))
        alone, beside = [], []
        for round_number in range(2):  # one after the other, twice: what else happens meets both
            alone.append(produce(servers, bench))
            drop_page_cache(servers)
            beside.append(produce_beside_a_reader(servers, bench))
        p99 = [min(run["produced"]["latency_us"]["p99"] for run in runs) for runs in (alone, beside)]
        result.rows += [
            Row("producers' p99 without a reader", p99[0] / 1000, "ms"),
            Row("producers' p99 beside a cold reader", p99[1] / 1000, "ms", p99[0] / 1000, "without it; the better of two runs each",
                at_most=1.2),
            Row("the reader", beside[0]["reader"]["consumed"]["bytes_per_second"] / 1e6, "MB/s")]
        for i in range(2):
            result.runs[f"alone {i + 1}"] = alone[i]
            result.runs[f"beside {i + 1}"] = beside[i]
    return result


def produce(servers, bench):
    return checked(servers.load(topic="hot", partitions=PARTITIONS, size=KIB, rate=bench.count(5000), window=100_000, linger_ms=1,
                                warmup=bench.warmup(1), seconds=bench.seconds))


def produce_beside_a_reader(servers, bench):
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(servers.load, topic="cold", create=False, partitions=PARTITIONS, producers=0, consumers=1,
                             from_beginning=True, read_rate=bench.count(20_000), warmup=bench.warmup(1), seconds=bench.seconds,
                             set=["consumer.queued.max.messages.kbytes=1024"])
        run = produce(servers, bench)
        return {**run, "reader": reader.result()}


def each_file(servers, action):
    """action(descriptor) for all files of the brokers' data."""
    for broker in servers.brokers:
        for path in Path(broker.data).rglob("*"):
            try:
                with open(path, "rb", buffering=0) as file:
                    action(file)
            except (FileNotFoundError, IsADirectoryError):  # a file of the WAL that was no longer needed; a folder
                pass


def fill_page_cache(servers):
    def read_all(file):
        while file.read(16 * MIB):
            pass
    each_file(servers, read_all)


def drop_page_cache(servers):
    """Takes the brokers' files out of memory; what is not on the disk yet is written first."""
    os.sync()
    each_file(servers, lambda file: os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED))
    time.sleep(0.2)
