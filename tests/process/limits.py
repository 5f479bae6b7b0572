"""What clients may take of a broker: connections, memory, time. Whoever takes too much pays for it, and nobody else."""
import random
import socket
import struct
import threading
import time
import unittest
from pathlib import Path

from _cluster import ProcessTest, wait_until

SEED = 20261122
MIB = 1 << 20
BUDGET = 32 * MIB
# The two budgets, what the broker takes by itself, and what its allocator keeps.
RESIDENT_BYTES_MAX = 2 * BUDGET + 120 * MIB
CORPUS = Path(__file__).resolve().parent.parent / "fuzz" / "corpus" / "kafka"
FLEXIBLE_SINCE = {0: 9, 1: 12, 2: 6, 3: 9, 8: 8, 9: 6, 10: 3, 11: 6, 12: 4, 13: 4, 14: 4, 15: 5, 16: 3, 18: 3, 19: 5, 20: 4,
                  21: 2, 22: 2, 23: 4, 29: 2, 30: 2, 31: 2, 32: 4, 33: 2, 35: 2, 37: 2, 42: 2, 43: 2, 44: 1, 45: 0, 46: 0,
                  48: 1, 49: 1, 50: 0, 55: 0, 60: 0, 61: 0, 75: 0}


def frame(api, version, body):
    flexible = version >= FLEXIBLE_SINCE.get(api, 1000)
    header = struct.pack(">hhih", api, version, 7, -1) + (b"\0" if flexible else b"")
    return struct.pack(">i", len(header) + len(body)) + header + body


def fetch(topic, partition, bytes_max, wait_ms=0):
    one = struct.pack(">iqi", partition, 0, bytes_max)
    return frame(1, 4, struct.pack(">iiiib", -1, wait_ms, 1, bytes_max, 0) + struct.pack(">ih", 1, len(topic)) + topic.encode() +
                 struct.pack(">i", 1) + one)


def all_metadata():
    return frame(3, 1, struct.pack(">i", -1))


class Limits(ProcessTest):
    def connect(self, broker, timeout=10):
        host, port = broker.kafka.rsplit(":", 1)
        connection = socket.create_connection((host, int(port)), timeout=timeout)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def send(connection, data):
        """As much of it as the broker takes."""
        try:
            connection.sendall(data)
        except (TimeoutError, ConnectionError):
            pass

    def test_connections_are_counted_for_the_whole_broker(self):
        broker = self.one_broker("--shards", "4", "--max.connections", "12", "--max.connections.per.ip", "10")
        held = [self.connect(broker) for _ in range(10)]
        for connection in held:
            self.assertIsNotNone(self.answer(connection, all_metadata()))
        self.assertIsNone(self.answer(self.connect(broker), all_metadata()))
        held.pop().close()
        wait_until("there is room again", lambda: self.answer(self.connect(broker), all_metadata()))

    def test_a_client_that_waits_for_acknowledgements_is_not_held_up(self):
        connection = self.connect(self.one_broker())  # with Nagle's algorithm, as librdkafka has it
        rounds, request = 50, all_metadata()
        started = time.monotonic()
        for _ in range(rounds):
            connection.sendall(request[:6])
            self.assertIsNotNone(self.answer(connection, request[6:]))  # leaves when the start is acknowledged
        self.assertLess(time.monotonic() - started, rounds * 0.015)  # late acknowledgements take 0.04 s each

    def test_an_idle_connection_is_closed(self):
        broker = self.one_broker("--connections.max.idle.ms", "1000")
        started = time.monotonic()
        self.assertEqual(self.connect(broker).recv(1), b"")
        self.assertGreater(time.monotonic() - started, 0.9)

    def test_a_bad_value_is_refused_with_a_sentence(self):
        code, _, error = self.try_kontiki("server", "--data", f"{self.folder}/x", "--max.connections", "none")
        self.assertEqual((code, error), (2, "kontiki: --max.connections must be a whole number from 1 to 1000000, not 'none'\n"))

    @staticmethod
    def answer(connection, request):
        """The body of the answer; None if the connection is closed instead."""
        try:
            connection.sendall(request)
            data = b""
            size = None
            while size is None or len(data) < size + 4:
                piece = connection.recv(1 << 20)
                if not piece:
                    return None
                data += piece
                if size is None and len(data) >= 4:
                    size, = struct.unpack(">i", data[:4])
            return data[4:]
        except ConnectionError:
            return None

    def test_memory_is_bounded_whatever_clients_send_and_do_not_read(self):
        broker = self.one_broker("--shards", "2", "--queued.max.request.bytes", str(BUDGET), "--queued.max.response.bytes",
                                 str(BUDGET), "--socket.request.max.bytes", str(16 * MIB))
        self.create_topic([broker], "t", partitions=2)
        for partition in range(2):
            self.kontiki("produce", "t", "-p", str(partition), "-b", broker.kafka, stdin=("x" * 500_000 + "\n") * 40)
        most = broker.resident_bytes()
        silent = []
        for i in range(120):
            connection = self.connect(broker, timeout=0.2)
            silent.append(connection)
            kind = i % 4
            if kind == 0:  # pipelined, each for far more than the socket holds
                self.send(connection, b"".join(fetch("t", n % 2, 64 * MIB, 20_000) for n in range(60)))
            elif kind == 1:  # a large request that does not end
                self.send(connection, struct.pack(">ihh", 15 * MIB, 0, 3) + b"\0" * MIB)
            elif kind == 2:  # one of many thousand partitions, which waits
                many = b"".join(struct.pack(">iqi", n, 0, 1) for n in range(20_000))
                self.send(connection, frame(1, 4, struct.pack(">iiiib", -1, 60_000, 1 << 30, MIB, 0) + struct.pack(">ih", 1, 1) +
                                            b"t" + struct.pack(">i", 20_000) + many))
            else:
                self.send(connection, all_metadata() * 2000)
            most = max(most, broker.resident_bytes())
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            most = max(most, broker.resident_bytes())
            time.sleep(0.05)
        print(f"resident at most {most / MIB:.0f} MiB")
        self.assertLess(most, RESIDENT_BYTES_MAX)
        # Whoever behaves is served beside them.
        self.kontiki("produce", "t", "-b", broker.kafka, stdin="after\n")
        read = self.kontiki("consume", "t", "-o", "@0", "-n", "1", "-b", broker.kafka)
        self.assertEqual(read, "x" * 500_000 + "\n")
        self.assertTrue(broker.is_ready())

    def test_requests_that_are_almost_right_harm_nobody_else(self):
        brokers = self.cluster(1, 2)
        for topic in ("t", "words"):
            self.create_topic(brokers, topic, partitions=2, replication_factor=2)
        producing = self.start_producing(brokers, "t", "--per-second", "500")
        chance = random.Random(SEED)
        specimens = [(file.read_bytes()[0] // 2, file.read_bytes()[1], file.read_bytes()[2:])
                     for file in sorted(CORPUS.glob("*Request-*"))]
        self.assertGreater(len(specimens), 50)
        stop = threading.Event()
        counts = {"sent": 0, "lost": 0, "unanswered": 0}

        def attack():
            connection = None
            for _ in range(1500):
                api, version, body = chance.choice(specimens)
                body = bytearray(body)
                for _ in range(chance.randrange(5)):
                    if body:
                        body[chance.randrange(len(body))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
                if chance.random() < 0.1:
                    del body[chance.randrange(len(body) + 1):]
                try:
                    connection = connection or self.connect(chance.choice(brokers), timeout=0.02)
                    connection.sendall(frame(api, version, bytes(body)))
                    counts["sent"] += 1
                    if not connection.recv(65536):
                        raise ConnectionResetError
                except TimeoutError:
                    counts["unanswered"] += 1
                except OSError:
                    connection = None
                    counts["lost"] += 1
            stop.set()

        with self.background(attack):
            rounds = 0
            while not stop.is_set() or rounds < 2:
                rounds += 1
                word = f"round-{rounds}"
                self.kontiki("produce", "words", "-p", "0", "-b", self.addresses(brokers), stdin=word + "\n")
                read = self.kontiki("consume", "words", "--group", "good", "-e", "-f", "%s\\n", "-b", self.addresses(brokers))
                self.assertIn(word, read.split())
        print(counts)
        self.assertGreater(counts["lost"], 100)
        self.check_acknowledged(brokers, "t", self.finish_producing(producing))
        for broker in brokers:
            self.assertTrue(broker.is_ready())


if __name__ == "__main__":
    unittest.main()
