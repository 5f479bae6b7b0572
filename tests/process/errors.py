"""A broken environment: each mistake is one clear sentence and an exit code of its own, and nothing is left behind."""
import os
import shutil
import socket
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from _cluster import KONTIKI, ProcessTest, wait_until

USAGE, PORT_IN_USE, NOT_WRITABLE, OWNED, MISMATCH, DISK_FULL = 2, 10, 11, 12, 13, 15


class StartErrors(ProcessTest):
    def expect_end(self, broker, code, *words):
        """The broker ends at once, with this code and a sentence that has these words."""
        broker.start()
        self.assertEqual(broker.process.wait(timeout=10), code, broker.log_text())
        broker.process = None
        sentence = [line for line in broker.log_text().splitlines() if line.startswith("kontiki: ")][-1]
        for word in words:
            self.assertIn(word, sentence)
        self.assertNotIn("CHECK failed", broker.log_text())

    def test_each_listening_address_in_use(self):
        for which in ("kafka", "peer", "http"):
            with self.subTest(which), socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                address = f"127.0.0.1:{taken.getsockname()[1]}"
                # The peer address is opened only where there are peers.
                broker, other = self.make_brokers(1, 2)
                setattr(broker, which, address)
                broker.seeds = f"{broker.peer},{other.peer}"
                self.expect_end(broker, PORT_IN_USE, address)

    def test_a_file_in_place_of_the_data_folder(self):
        broker, = self.make_brokers(1)
        broker.data.write_text("not a folder")
        self.expect_end(broker, NOT_WRITABLE, str(broker.data))

    def test_a_read_only_data_folder(self):
        broker, = self.make_brokers(1)
        self.mount(broker.data, "-o", "ro", "-t", "tmpfs", "tmpfs")
        self.expect_end(broker, NOT_WRITABLE, str(broker.data))

    def test_a_folder_that_another_live_process_owns(self):
        first = self.one_broker()
        second, = self.make_brokers(1)
        second.data = first.data
        second.log = Path(self.folder) / "second.log"
        self.expect_end(second, OWNED, str(first.data))
        self.assertTrue(first.is_ready())

    def test_the_folder_of_another_node(self):
        broker = self.one_broker()
        self.assertEqual(broker.stop(), 0)
        broker.node_id = 2
        self.expect_end(broker, MISMATCH, str(broker.data), "1", "2")
        broker.node_id = 1
        broker.start()
        broker.wait_ready()

    def test_seeds_without_the_own_address(self):
        broker, other = self.make_brokers(1, 2)
        broker.seeds = f"{other.peer},127.0.0.1:1"
        self.expect_end(broker, USAGE, broker.peer, "--seeds")

    def test_bad_flags_and_files(self):
        config = Path(self.folder) / "kontiki.yaml"
        config.write_text("node-id: 1\nnode_id: 2\n")
        for words, sentence in ((("--config", str(config)), f"{config}:2: unknown key 'node_id'"),
                                (("--node-id", "x"), "--node-id must be a whole number"),
                                (("--nonsense",), "--nonsense"),
                                (("--config", "/nonexistent"), "cannot read the configuration file")):
            with self.subTest(words):
                done = subprocess.run([KONTIKI, "server", *words], capture_output=True, text=True, timeout=10,
                                      check=False)
                self.assertEqual(done.returncode, USAGE)
                self.assertIn(sentence, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_a_full_disk_ends_the_broker_and_loses_nothing(self):
        broker, = self.make_brokers(1)
        self.mount(broker.data, "-o", "size=64m", "-t", "tmpfs", "tmpfs")
        broker.start()
        broker.wait_ready()
        self.create_topic([broker], "t")
        verifier = self.start_producing([broker], "t", "--bytes-max", "20000")
        wait_until("the disk is full", lambda: broker.process.poll() is not None, 60)
        self.assertEqual(broker.process.returncode, DISK_FULL, broker.log_text())
        broker.process = None
        verifier.kill()
        verifier.wait()
        self.assertIn(str(broker.data), broker.log_text())
        # On a larger disk everything that was acknowledged is there.
        larger = Path(self.folder) / "larger"
        shutil.copytree(broker.data, larger)
        broker.data = larger
        broker.start()
        broker.wait_ready()
        log = Path(self.folder) / "acknowledged-t.log"
        lines = log.read_text().splitlines(keepends=True)
        log.write_text("".join(line for line in lines if line.endswith("\n")))  # the verifier was killed while writing
        self.check_acknowledged([broker], "t", {"sent": 10**9}, "--bytes-max", "20000")


class ClientErrors(ProcessTest):
    def test_an_unreachable_cluster_is_told_by_every_command(self):
        commands = (("topic", "list"), ("topic", "create", "t"), ("cluster",), ("produce", "t"), ("consume", "t"))
        with ThreadPoolExecutor(len(commands)) as pool:
            answers = list(pool.map(lambda words: self.try_kontiki(*words, "-b", "127.0.0.1:1", seconds=8), commands))
        for words, (code, _, err) in zip(commands, answers):
            with self.subTest(words):
                self.assertEqual(code, 3)
                self.assertIn("127.0.0.1:1", err)
                self.assertEqual(err.count("\n"), 1, err)

    def test_a_cluster_without_a_majority_is_told_by_who_is_missing(self):
        brokers = self.cluster(1, 2, 3)
        brokers[1].kill()
        brokers[2].kill()
        for words in ("cluster",), ("topic", "list"), ("produce", "t"):
            with self.subTest(words):
                code, _, err = self.try_kontiki(*words, "-b", self.addresses(brokers))
                self.assertEqual(code, 3)
                self.assertIn(f"{brokers[0].kafka} answers, but does not reach brokers 2, 3,", err)
                self.assertEqual(err.count("\n"), 1, err)

    def test_unknown_and_existing_topics(self):
        broker = self.one_broker("--auto-create-topics", "false")
        at = ("-b", broker.kafka)
        for words, code in ((("consume", "nosuch", "-e"), 4), (("produce", "nosuch"), 4),
                            (("topic", "describe", "nosuch"), 4), (("topic", "delete", "nosuch"), 4)):
            with self.subTest(words):
                got, _, err = self.try_kontiki(*words, *at, stdin="a\n")
                self.assertEqual(got, code, err)
                self.assertIn("nosuch", err)
        self.kontiki("topic", "create", "t", *at)
        code, _, err = self.try_kontiki("topic", "create", "t", *at)
        self.assertEqual(code, 5)
        self.assertIn("TOPIC_ALREADY_EXISTS", err)
        code, _, err = self.try_kontiki("topic", "create", "three", "-r", "3", *at)
        self.assertEqual(code, 5)
        self.assertIn("INVALID_REPLICATION_FACTOR", err)

    def test_log_dump_reads_the_files_of_a_broker_and_tells_damage(self):
        broker = self.one_broker()
        self.kontiki("produce", "t", "-b", broker.kafka, stdin="".join(f"{i}\n" for i in range(100)))
        self.assertEqual(broker.stop(), 0)
        files = sorted(path for path in broker.data.rglob("*") if path.suffix in (".wal", ".seg"))
        self.assertTrue(files)
        for path in files:
            self.assertIn("byte", self.kontiki("log", "dump", str(path)))
        largest = max(files, key=lambda path: path.stat().st_size)
        content = bytearray(largest.read_bytes())
        content[len(content) // 2] ^= 1
        copy = Path(self.folder) / f"damaged{largest.suffix}"
        copy.write_bytes(content)
        code, out, _ = self.try_kontiki("log", "dump", str(copy))
        self.assertEqual(code, 14, out)
        code, _, err = self.try_kontiki("log", "dump", "/nonexistent")
        self.assertEqual(code, 4)
        self.assertIn("/nonexistent", err)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("not root: the tests that need a mount are skipped")
    unittest.main()
