"""How fast messages are given out: from memory to those who catch up, from disk beside those who produce."""
import os
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rig import kontiki
from scenarios import Result, Row, brokers_of, checked

KIB = 1024
MIB = 1024 * KIB
PARTITIONS = 12
COLD_ROUNDS = 5


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
    """A consumer of what only the disk has, slowly, while others produce: does it move their p99?

    Its client has the lowest priority: it stands for one on another machine, and must not take the cores from the others. Beside
    it, as the limit, a program that does nothing but read as much from the same disk.
    """
    result = Result()
    p99 = {name: [] for name in ("alone", "consumer", "disk")}
    consumed = []
    with kontiki(3) as servers:
        checked(servers.load(topic="cold", partitions=PARTITIONS, size=KIB, window=20_000, linger_ms=5, warmup=0,
                             seconds=min(bench.seconds, 5)))
        os.sync()
        time.sleep(bench.warmup(20))  # a disk that was just written to at full speed answers late for a while
        for i in range(1, COLD_ROUNDS + 1):  # in turn: what else happens meets all three
            runs = {"alone": produce(servers, bench)}
            drop_page_cache(servers)
            read_before, began = bytes_read_from_disk(servers), time.monotonic()
            runs["consumer"] = produce_beside_a_consumer(servers, bench)
            rate = (bytes_read_from_disk(servers) - read_before) / (time.monotonic() - began)
            drop_page_cache(servers)
            with reading_from_disk(servers, rate):
                runs["disk"] = produce(servers, bench)
            consumed.append(runs["consumer"]["reader"]["consumed"]["bytes_per_second"])
            for name, run in runs.items():
                p99[name].append(run["produced"]["latency_us"]["p99"] / 1000)
                result.runs[f"{name} {i}"] = run
            result.notes[f"bytes_per_second_from_disk_{i}"] = rate
    alone, consumer, disk = (statistics.median(p99[name]) for name in ("alone", "consumer", "disk"))
    result.rows += [
        Row("producers' p99 without a reader", alone, "ms"),
        Row("producers' p99 beside another program that reads as much", disk, "ms", alone, "without it"),
        Row("producers' p99 beside a cold consumer", consumer, "ms", alone, f"without it; medians of {COLD_ROUNDS} runs",
            at_most=1.2),
        Row("the same, beside that of the other program", consumer, "ms", disk, "the disk alone"),
        Row("the consumer", statistics.median(consumed) / 1e6, "MB/s")]
    result.plotted["latency"] = ["alone 1", "consumer 1", "disk 1"]
    return result


def produce(servers, bench):
    return checked(servers.load(topic="hot", partitions=1, size=KIB, rate=bench.count(1000), window=100_000, linger_ms=0,
                                warmup=bench.warmup(1), seconds=bench.seconds))


def produce_beside_a_consumer(servers, bench):
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(servers.load, topic="cold", create=False, partitions=PARTITIONS, producers=0, consumers=1,
                             from_beginning=True, read_rate=bench.count(20_000), warmup=bench.warmup(1), seconds=bench.seconds,
                             set=["consumer.queued.max.messages.kbytes=1024"], nice=19)
        run = produce(servers, bench)
        return {**run, "reader": reader.result()}


def bytes_read_from_disk(servers):
    """By the brokers, since they were started."""
    return sum(int(line.split()[1]) for pid in servers.pids for line in Path(f"/proc/{pid}/io").read_text().splitlines()
               if line.startswith("read_bytes"))


@contextmanager
def reading_from_disk(servers, bytes_per_second):
    """A thread that reads the brokers' files at that rate, as long as the block runs."""
    stop = threading.Event()

    def read():
        began, done = time.monotonic(), 0
        while not stop.is_set():
            for broker in servers.brokers:
                for path in (path for kind in ("*.kept", "*.seg") for path in Path(broker.data).rglob(kind)):
                    with open(path, "rb", buffering=0) as file:
                        while not stop.is_set() and (piece := file.read(MIB)):
                            done += len(piece)
                            stop.wait(max(0, began + done / max(bytes_per_second, 1) - time.monotonic()))
                        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            stop.wait(0.01)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


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
