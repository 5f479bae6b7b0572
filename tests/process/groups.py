"""Consumer groups as a user meets them: kontiki consume --group, and kontiki group to look at and rewind them."""
import json
import signal
import subprocess
import unittest
from pathlib import Path

from _cluster import KONTIKI, ProcessTest, die_with_parent, wait_until

USAGE, NOT_FOUND, REFUSED = 2, 4, 5


class Groups(ProcessTest):
    def setUp(self):
        super().setUp()
        self.brokers_up = self.cluster(1, 2, 3)
        self.at = self.addresses(self.brokers_up)
        self.create_topic(self.brokers_up, "orders", partitions=2, replication_factor=3)
        self.write(0, "a", "b", "c")
        self.write(1, "x", "y")

    def write(self, partition, *lines):
        self.kontiki("produce", "orders", "-p", str(partition), "-b", self.at, stdin="".join(f"{line}\n" for line in lines))

    def read(self, group="readers", *words):
        return sorted(self.kontiki("consume", "orders", "--group", group, "-b", self.at, *words).split())

    def ask(self, *words):
        return json.loads(self.kontiki("group", *words, "--json", "-b", self.at))

    def committed(self, group="readers"):
        return {one["partition"]: one["committed"] for one in self.ask("describe", group)[0]["partitions"]}

    def start_reading(self, name, group="readers"):
        """A member that reads until it is told to stop; what it writes goes to a file."""
        out = Path(self.folder) / name
        with open(out, "wb") as file:
            process = subprocess.Popen([KONTIKI, "consume", "orders", "--group", group, "-b", self.at], stdout=file,
                                       stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, out

    def test_a_group_goes_on_where_it_was(self):
        self.assertEqual(self.read("readers", "-e"), ["a", "b", "c", "x", "y"])
        self.write(0, "d")
        self.assertEqual(self.read("readers", "-n", "1"), ["d"])
        self.assertEqual(self.read("others", "-e"), ["a", "b", "c", "d", "x", "y"])
        self.assertEqual(self.committed(), {0: 4, 1: 2})

    def test_ctrl_c_commits_and_leaves(self):
        process, out = self.start_reading("out")
        wait_until("everything is read", lambda: len(out.read_text().split()) == 5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 0)
        group, = self.ask("describe", "readers")
        self.assertEqual((group["state"], group["members"]), ("Empty", []))
        self.assertEqual(self.committed(), {0: 3, 1: 2})

    def test_members_share_the_partitions_and_are_shown(self):
        members = [self.start_reading(name)[0] for name in ("one", "two")]

        def shared():
            code, answer, _ = self.try_kontiki("group", "describe", "readers", "--json", "-b", self.at)
            group = json.loads(answer)[0] if code == 0 else {"state": "?", "members": []}
            return group["state"] == "Stable" and len(group["members"]) == 2 and group
        group = wait_until("both members are in", shared)
        self.assertEqual(sorted(one["partitions"]["orders"] for one in group["members"]), [[0], [1]])
        self.assertEqual(len({one["member"] for one in group["partitions"]}), 2)
        self.assertTrue(all(one["host"] and one["client"] == "kontiki" for one in group["members"]))
        listed, = self.ask("list")
        self.assertEqual((listed["group"], listed["state"], listed["protocol_type"], listed["members"]),
                         ("readers", "Stable", "consumer", 2))
        text = self.kontiki("group", "describe", "readers", "-b", self.at)
        self.assertIn("readers: Stable", text)
        self.assertIn("total lag: ", text)
        # One in use is neither rewound nor deleted.
        for words in (("reset-offsets", "readers", "--topic", "orders", "--to-earliest"), ("delete", "readers")):
            code, _, error = self.try_kontiki("group", *words, "-b", self.at)
            self.assertEqual(code, REFUSED, error)
            self.assertRegex(error, "stop (them|its consumers) first")
        for member in members:
            member.send_signal(signal.SIGTERM)
        self.assertEqual([member.wait(timeout=20) for member in members], [0, 0])

    def reset(self, *words):
        return {one["partition"]: (one["before"], one["after"])
                for one in self.ask("reset-offsets", "readers", *words)["partitions"]}

    def test_offsets_are_set(self):
        self.assertEqual(self.reset("--topic", "orders", "--to-latest"), {0: (None, 3), 1: (None, 2)})
        self.assertEqual(self.reset("--topic", "orders:0", "--shift-by", "-2", "--dry-run"), {0: (3, 1)})
        self.assertEqual(self.committed(), {0: 3, 1: 2})
        self.assertEqual(self.reset("--topic", "orders:0", "--shift-by", "-2"), {0: (3, 1)})
        self.assertEqual(self.read("readers", "-n", "2"), ["b", "c"])
        self.assertEqual(self.reset("--topic", "orders", "--to-offset", "1"), {0: (3, 1), 1: (2, 1)})
        self.assertEqual(self.reset("--topic", "orders", "--to-time", "2001-01-01T00:00:00Z"), {0: (1, 0), 1: (1, 0)})
        self.assertEqual(self.reset("--topic", "orders", "--to-time", "2999-01-01"), {0: (0, 3), 1: (0, 2)})
        self.assertEqual(self.reset("--topic", "orders", "--to-earliest"), {0: (3, 0), 1: (2, 0)})
        self.assertEqual(self.read("readers", "-e"), ["a", "b", "c", "x", "y"])

    def test_what_is_wrong_is_told(self):
        for words, code, sentence in (
                (("describe", "nobody"), NOT_FOUND, "there is no such group"),
                (("delete", "nobody"), NOT_FOUND, "there is no such group"),
                (("reset-offsets", "g", "--topic", "nosuch", "--to-latest"), NOT_FOUND, "does not exist"),
                (("reset-offsets", "g", "--topic", "orders:9", "--to-latest"), NOT_FOUND, "no partition 9"),
                (("reset-offsets", "g", "--topic", "orders", "--shift-by", "1"), USAGE, "nothing to shift"),
                (("reset-offsets", "g", "--topic", "orders", "--to-time", "noon"), USAGE, "--to-time must be like"),
                (("reset-offsets", "g", "--topic", "orders"), USAGE, ""),
                (("reset-offsets", "g", "--topic", "orders", "--to-latest", "--to-earliest"), USAGE, "")):
            with self.subTest(words):
                got, _, error = self.try_kontiki("group", *words, "-b", self.at)
                self.assertEqual(got, code, error)
                self.assertIn(sentence, error)

    def test_a_group_is_deleted(self):
        self.read("readers", "-e")
        self.assertEqual(self.kontiki("group", "delete", "readers", "-b", self.at), "deleted group readers\n")
        self.assertEqual(self.kontiki("group", "list", "-b", self.at), "no groups\n")
        self.assertEqual(self.read("readers", "-e"), ["a", "b", "c", "x", "y"])


if __name__ == "__main__":
    unittest.main()
