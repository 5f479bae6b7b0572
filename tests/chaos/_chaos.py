"""Three brokers in network namespaces, a verifier that writes all the time, and the faults that befall them.

Each fault is a context: it begins, the block runs while it lasts, then it ends. What must hold of every one of them:
nothing acknowledged is lost, nothing is there twice, the order is kept, and messages of every partition are acknowledged
again within PROGRESS_SECONDS_MAX, after the fault and, as long as two brokers are untouched by it, during it.
"""
import atexit
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "process"))

from _cluster import Broker, ProcessTest, wait_until  # noqa: E402
from _network import Network, enter  # noqa: E402

IDS = (1, 2, 3)  # also their ends of the network
PORTS = (9092, 9093, 9094)
PARTITIONS = 6
MESSAGES_PER_SECOND = 2000
IN_FLIGHT_MAX = 1000  # messages that may have been sent but not acknowledged when a fault begins
REQUEST_TIMEOUT_MS = 3000  # the verifier's; librdkafka's own is half a minute
PROGRESS_SECONDS_MAX = 20  # a timeout of the client, an election, its retries, on a busy machine
REPAIR_SECONDS_MAX = 60
CHAOS_SECONDS = float(os.environ.get("CHAOS_SECONDS", "15"))
SEED = int(os.environ.get("CHAOS_SEED", str(random.SystemRandom().randrange(10**6))))


def main():
    enter()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unittest.main(module="__main__")


class ChaosTest(ProcessTest):
    tmpfs_bytes = 0  # of the first broker's data; 0: it lies where the others' do
    verifier_options = ()

    def setUp(self):
        super().setUp()
        if not os.environ.get("KEEP"):
            atexit.register(shutil.rmtree, self.folder, ignore_errors=True)  # at Ctrl-C there are no cleanups
        self.began = time.monotonic()
        self.random = random.Random(SEED)
        self.network = Network(len(IDS))
        self.addCleanup(self.network.remove)
        self.brokers = [Broker(self.folder, id, PORTS, host=self.network.host(id), run_in=self.network.run_in(id))
                        for id in IDS]
        for broker in self.brokers:
            broker.seeds = ",".join(other.peer for other in self.brokers)
        if self.tmpfs_bytes:
            self.mount(self.brokers[0].data, "-o", f"size={self.tmpfs_bytes}", "-t", "tmpfs", "tmpfs")
        for broker in self.brokers:
            broker.start()
        for broker in self.brokers:
            broker.wait_ready()
        self.wait_for_brokers(self.brokers, len(IDS))
        self.create_topic(self.brokers, "t", partitions=PARTITIONS, replication_factor=len(IDS))
        self.wait_whole()
        self.acknowledged = Path(self.folder) / "acknowledged-t.log"
        self.verifier = self.start_producing(self.brokers, "t", "--per-second", str(MESSAGES_PER_SECOND),
                                             "--request-timeout-ms", str(REQUEST_TIMEOUT_MS), *self.verifier_options)
        wait_until("messages are acknowledged", lambda: self.acknowledged.exists() and self.acknowledged.stat().st_size)
        self.wait_progress("at the start")

    def tell(self, text):
        print(f"{time.monotonic() - self.began:7.2f} {text}", flush=True)

    # ---- what must hold

    def wait_progress(self, when):
        """Until a message of each partition is acknowledged that was sent later than now."""
        began = time.monotonic()
        with open(self.acknowledged, encoding="ascii") as log:
            latest, rest, seen = None, "", set()

            def holds():
                nonlocal latest, rest
                code = self.verifier.poll()
                assert code is None, f"the verifier ended with code {code}"
                *lines, rest = (rest + log.read()).split("\n")
                entries = [tuple(map(int, line.split())) for line in lines]
                if latest is None:
                    latest = max((id for _, _, id in entries), default=0)
                seen.update(partition for partition, _, id in entries if id > latest + IN_FLIGHT_MAX)
                return len(seen) == PARTITIONS
            try:
                wait_until(f"each partition gets on {when} (seed {SEED})", holds, PROGRESS_SECONDS_MAX)
            except AssertionError:
                self.tell_leaders(set(range(PARTITIONS)) - seen)
                raise
        self.tell(f"progress {when} after {time.monotonic() - began:.2f} s")

    def tell_leaders(self, waiting):
        """For who reads the failure: is it a broker that does not lead, or a client that does not find it?"""
        self.tell(f"nothing new in partitions {sorted(waiting)}; leaders by partition:")
        for broker in self.brokers:
            code, answer, error = self.try_kontiki("topic", "describe", "t", "--json", "-b", broker.kafka)
            text = [one["leader"] for one in json.loads(answer)[0]["partitions"]] if code == 0 else error.strip()
            self.tell(f"broker {broker.node_id} says {text}")

    def wait_whole(self):
        """Until every broker holds everything, is sure of it, and so counts again."""
        self.wait_in_step(self.brokers, "t", len(IDS), REPAIR_SECONDS_MAX)
        for broker in self.brokers:
            wait_until(f"broker {broker.node_id} is sure of all its groups (seed {SEED})", lambda: self.is_sure(broker),
                       REPAIR_SECONDS_MAX)

    @staticmethod
    def gauges(broker):
        return dict(line.split()[:2] for line in broker.get("/metrics")[1].splitlines() if not line.startswith("#"))

    def is_sure(self, broker):
        gauges = self.gauges(broker)
        return (gauges.get("kontiki_groups_in_doubt"), gauges.get("kontiki_groups")) == ("0", str(PARTITIONS + 1))

    def check_all(self):
        """The end of each test: the promises of the product, over everything that was sent."""
        counts = self.finish_producing(self.verifier)
        self.tell(f"produced {counts}")
        self.assertEqual((counts["failed"], counts["fatal"]), (0, ""), f"seed {SEED}: {counts}")
        found = self.check_acknowledged(self.brokers, "t", counts, *self.verifier_options)
        self.assertEqual(found["received"], counts["sent"], f"seed {SEED}")

    # ---- who

    def others(self, victim):
        return [broker for broker in self.brokers if broker is not victim]

    def leader(self, partition=0):
        id = self.describe(self.brokers, "t")[partition]["leader"]
        return next(broker for broker in self.brokers if broker.node_id == id)

    def wait_replaced(self, victim):
        """Until the others say that the victim leads nothing any more."""
        def holds():
            return all(one["leader"] not in (-1, victim.node_id) for one in self.describe(self.others(victim), "t"))
        wait_until(f"the others lead what broker {victim.node_id} led", holds, PROGRESS_SECONDS_MAX)

    # ---- faults of links

    @contextmanager
    def cut(self, *links):
        for sender, receiver in links:
            self.network.cut(sender, receiver)
        yield
        self.network.heal(links)

    def mute(self, victim):
        """The other brokers do not hear it; clients do."""
        return self.cut(*((victim.node_id, other.node_id) for other in self.others(victim)))

    def deaf(self, victim):
        """It does not hear the other brokers; it hears clients."""
        return self.cut(*((other.node_id, victim.node_id) for other in self.others(victim)))

    def isolated(self, victim):
        """Cut off from the other brokers, not from clients."""
        pairs = [(victim.node_id, other.node_id) for other in self.others(victim)]
        return self.cut(*pairs, *((b, a) for a, b in pairs))

    def apart(self, victim):
        """One link between two brokers is cut; both reach the third."""
        other = self.random.choice(self.others(victim))
        return self.cut((victim.node_id, other.node_id), (other.node_id, victim.node_id))

    def one_way(self, victim):
        return self.cut((victim.node_id, self.random.choice(self.others(victim)).node_id))

    @contextmanager
    def unplugged(self, victim):
        self.network.plug(victim.node_id, False)
        yield
        self.network.plug(victim.node_id, True)

    @contextmanager
    def flapping(self, victim):
        """A cable with a loose contact: shorter and longer than what counts as silence."""
        for _ in range(4):
            with self.unplugged(victim):
                time.sleep(self.random.uniform(0.05, 0.8))
            time.sleep(self.random.uniform(0.05, 0.4))
        yield

    # ---- faults of processes

    @contextmanager
    def killed(self, victim):
        """kill -9."""
        victim.kill()
        yield
        victim.start()

    @contextmanager
    def stopped(self, victim):
        """SIGSTOP: its connections stay open, and it does not know that time went by."""
        victim.pause()
        yield
        victim.resume()

    # ---- faults of disks

    @contextmanager
    def emptied(self, victim):
        """It comes back with an empty data folder."""
        victim.kill()
        for path in victim.data.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        yield
        victim.start()

    @contextmanager
    def flipped(self, victim, suffix=".wal", cleanly=False):
        """It comes back with bits flipped in its WAL, or in its segments."""
        if cleanly:
            victim.stop()
        victim.kill()
        for path in self.files(victim, suffix):
            self.flip(path)
        yield
        victim.start()

    @staticmethod
    def files(broker, suffix):
        """The largest file of each folder that has such files."""
        largest = {}
        for path in sorted(broker.data.rglob(f"*{suffix}")):
            if "damaged" in str(path.relative_to(broker.data)):
                continue  # was set aside and is of no use any more
            if path.parent not in largest or path.stat().st_size > largest[path.parent].stat().st_size:
                largest[path.parent] = path
        return list(largest.values())

    def flip(self, path):
        """One bit, not in the last quarter of what is written: a damaged end cannot be told from a torn one."""
        content = path.read_bytes()
        used = len(content.rstrip(b"\0"))
        place = self.random.randrange(used // 4, max(used // 4 + 1, used * 3 // 4))
        with open(path, "r+b") as file:
            file.seek(place)
            file.write(bytes([content[place] ^ 1 << self.random.randrange(8)]))
        self.tell(f"flipped a bit of byte {place} of {used} in {path}")

    @contextmanager
    def full(self, victim):
        """Its file system is filled up by somebody else, and freed again; its process ends when it notices."""
        filler = victim.data / "filler"
        with open(filler, "wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error
        yield
        filler.unlink()
        if victim.process.poll() is not None:
            self.tell(f"broker {victim.node_id} ended with code {victim.process.returncode} on a full disk")
            victim.kill()
            victim.start()
