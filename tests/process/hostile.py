"""Bytes that no client sends: they cost their own connection, and nobody else's."""
import random
import socket
import struct
import unittest

from _cluster import ProcessTest, wait_until

SEED = 20240601
# What one connection may be owed is the broker's whole budget for answers: by default more than this.
ANSWER_BYTES_MAX = 32 << 20
RESIDENT_BYTES_MAX = 200 << 20


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def batch_of_one(value):
    """A record batch of one record, not longer than 50 bytes."""
    record = b"\0\0\0\x01" + bytes([2 * len(value)]) + value + b"\0"
    checked = struct.pack(">hiqqqhii", 0, 0, 1000, 1000, -1, -1, -1, 1) + bytes([2 * len(record)]) + record
    return struct.pack(">qiibI", 0, 9 + len(checked), -1, 2, crc32c(checked)) + checked


class Hostile(ProcessTest):
    def setUp(self):
        super().setUp()
        self.brokers_up = self.cluster(1, 2, options=("--queued.max.response.bytes", str(ANSWER_BYTES_MAX)))
        self.broker = self.brokers_up[0]
        self.create_topic(self.brokers_up, "t", replication_factor=2)
        self.kontiki("produce", "t", "-b", self.broker.kafka, stdin="before\n")
        # A connection that is open all the while, and must not notice.
        self.good = socket.create_connection(self.address(self.broker.kafka), timeout=10)
        self.addCleanup(self.good.close)

    def tearDown(self):
        self.assertEqual(self.ask_versions(self.good), 0)
        for broker in self.brokers_up:
            broker.wait_ready()  # on a busy machine a broker may miss the other for a moment
            self.assertLess(broker.resident_bytes(), RESIDENT_BYTES_MAX)
        self.kontiki("produce", "t", "-b", self.broker.kafka, stdin="after\n")
        self.assertEqual(self.kontiki("consume", "t", "-e", "-b", self.broker.kafka), "before\nafter\n")

    @staticmethod
    def address(text):
        host, port = text.rsplit(":", 1)
        return host, int(port)

    @staticmethod
    def ask_versions(connection):
        """The error code that ApiVersions v0 answers on this connection."""
        connection.sendall(struct.pack(">ihhih", 10, 18, 0, 77, -1))
        size, correlation, error = struct.unpack(">iih", Hostile.read(connection, 10))
        Hostile.read(connection, size - 6)
        assert correlation == 77
        return error

    @staticmethod
    def read(connection, count):
        data = b""
        while len(data) < count:
            piece = connection.recv(count - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def expect_closed(self, address, data):
        """The broker closes the connection on which this came."""
        with socket.create_connection(self.address(address), timeout=10) as connection:
            try:
                connection.sendall(data)
                while connection.recv(65536):
                    pass
            except ConnectionError:
                pass

    def send_and_leave(self, address, data):
        """Whatever the broker makes of it: the client hangs up."""
        with socket.create_connection(self.address(address), timeout=10) as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass
            except ConnectionError:
                pass

    def test_lengths_that_lie(self):
        for length in (-1, -2**31, 2**31 - 1, 200 << 20, 0, 1, 7):
            with self.subTest(length):
                self.expect_closed(self.broker.kafka, struct.pack(">i", length) + b"\0" * 64)

    def test_counts_that_lie_inside_a_frame(self):
        for api, version in ((3, 1), (3, 9), (0, 3), (0, 9), (1, 4), (1, 12), (2, 1), (19, 2), (20, 1), (32, 1)):
            for filler in (b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\x0f", b"\x7f"):
                body = struct.pack(">hhih", api, version, 1, -1) + filler * 8
                with self.subTest(f"{api} {version} {filler}"):
                    self.send_and_leave(self.broker.kafka, struct.pack(">i", len(body)) + body)

    def test_unknown_apis_and_versions(self):
        for api, version in ((999, 0), (-1, 0), (3, 99), (0, -1), (18, 99)):
            body = struct.pack(">hhih", api, version, 1, -1)
            with self.subTest(f"{api} {version}"):
                self.send_and_leave(self.broker.kafka, struct.pack(">i", len(body)) + body)

    def test_other_protocols(self):
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
                     b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 1000, b"\xff" * 1000):
            for address in (self.broker.kafka, self.broker.peer, self.broker.http):
                with self.subTest(f"{data[:8]} {address}"):
                    self.send_and_leave(address, data)

    def test_random_bytes(self):
        chance = random.Random(SEED)
        for address in (self.broker.kafka, self.broker.peer, self.broker.http):
            for _ in range(100):
                data = chance.randbytes(chance.randrange(1, 2000))
                if chance.random() < 0.7:  # a frame that is whole
                    data = struct.pack(">ihhih", len(data) + 10, chance.randrange(0, 70), chance.randrange(0, 13), 1, -1) + data
                self.send_and_leave(address, data)

    def test_frames_that_never_end_keep_nobody_waiting(self):
        for _ in range(200):  # together far more than what a broker lets requests take
            connection = socket.create_connection(self.address(self.broker.kafka), timeout=10)
            self.addCleanup(connection.close)
            connection.sendall(struct.pack(">i", 50 << 20) + b"\0" * 100)
        self.assertEqual(self.ask_versions(self.good), 0)
        wait_until("memory is not taken by the length alone", lambda: self.broker.resident_bytes() < RESIDENT_BYTES_MAX)

    def test_a_small_batch_does_not_keep_a_large_request_in_memory(self):
        self.create_topic(self.brokers_up, "small", replication_factor=2)
        leader = self.describe(self.brokers_up, "small")[0]["leader"]
        broker = next(one for one in self.brokers_up if one.node_id == leader)
        # Produce v9 of one batch, behind a megabyte that the broker does not know.
        batch = batch_of_one(b"small")
        unknown = struct.pack(">hhihbB", 0, 9, 1, -1, 1, 99) + b"\x80\x80\x40" + bytes(1 << 20)
        body = b"\0" + struct.pack(">hi", -1, 10_000) + b"\x02\x06small\x02" + struct.pack(">i", 0) + bytes([len(batch) + 1]) + batch + \
            b"\0\0\0"
        request = struct.pack(">i", len(unknown) + len(body)) + unknown + body
        count = RESIDENT_BYTES_MAX // len(unknown) + 50
        with socket.create_connection(self.address(broker.kafka), timeout=10) as connection:
            for offset in range(count):
                connection.sendall(request)
                size, = struct.unpack(">i", self.read(connection, 4))
                answer = self.read(connection, size)
                # Correlation id, tags, one topic, its name, one partition: its index, error and offset.
                self.assertEqual(struct.unpack(">ihq", answer[13:27]), (0, 0, offset))
        self.assertLess(broker.resident_bytes(), RESIDENT_BYTES_MAX)

    def test_a_client_that_never_reads_does_not_fill_the_memory(self):
        self.kontiki("produce", "t", "-b", self.broker.kafka, stdin=("x" * 500_000 + "\n") * 20)
        leader = self.describe(self.brokers_up, "t")[0]["leader"]
        broker = next(one for one in self.brokers_up if one.node_id == leader)
        # Fetch v4 of partition 0 from offset 0, up to 10 MB, again and again.
        partition = struct.pack(">iqi", 0, 0, 10 << 20)
        body = struct.pack(">hhih", 1, 4, 1, -1) + struct.pack(">iiiib", -1, 0, 1, 10 << 20, 0) + \
            struct.pack(">i", 1) + struct.pack(">h", 1) + b"t" + struct.pack(">i", 1) + partition
        with socket.create_connection(self.address(broker.kafka), timeout=2) as connection:
            try:
                for _ in range(100):
                    connection.sendall(struct.pack(">i", len(body)) + body)
            except (TimeoutError, ConnectionError):
                pass
            self.assertEqual(self.ask_versions(self.good), 0)
            self.assertLess(broker.resident_bytes(), RESIDENT_BYTES_MAX)
        # What tearDown expects to read back.
        self.kontiki("topic", "delete", "t", "-b", self.broker.kafka)
        self.create_topic(self.brokers_up, "t", replication_factor=2)
        self.kontiki("produce", "t", "-b", self.broker.kafka, stdin="before\n")


if __name__ == "__main__":
    unittest.main()
