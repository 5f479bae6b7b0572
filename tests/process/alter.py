"""Altering topics while they are used, with the command line and with clients' own admin tools."""
import json
import unittest

from _cluster import ProcessTest

USAGE, UNREACHABLE, NOT_FOUND, REFUSED = 2, 3, 4, 5


class Altering(ProcessTest):
    def setUp(self):
        super().setUp()
        self.broker = self.one_broker()
        self.create_topic([self.broker], "t", partitions=2, retention_ms=86400000)

    def alter(self, *words):
        return self.kontiki("topic", "alter", "t", *words, "-b", self.broker.kafka)

    def describe(self):
        return json.loads(self.kontiki("topic", "describe", "t", "--json", "-b", self.broker.kafka))[0]

    def test_settings_are_set_and_unset_and_stay_after_a_restart(self):
        out = self.alter("--set", "segment.bytes=2097152", "--set", "retention.bytes=7", "--unset", "retention.ms")
        self.assertIn("segment.bytes=2097152", out)
        self.assertIn("retention.ms as by default", out)
        self.broker.kill()
        self.broker.start()
        self.broker.wait_ready()
        self.assertEqual(self.describe()["settings"], {"segment.bytes": "2097152", "retention.bytes": "7"})

    def test_partitions_are_added_and_can_be_used_at_once(self):
        told = json.loads(self.alter("--partitions", "5", "--set", "retention.bytes=7", "--json"))
        self.assertEqual(told, {"topic": "t", "set": {"retention.bytes": "7"}, "unset": [], "partitions": 5})
        self.kontiki("produce", "t", "-p", "4", "-b", self.broker.kafka, stdin="new\n")
        self.assertEqual(self.kontiki("consume", "t", "-p", "4", "-e", "-b", self.broker.kafka), "new\n")

    def test_what_is_refused_says_why_and_changes_nothing(self):
        before = self.describe()["settings"]
        for words, code, why in (
                (("--set", "cleanup.policy=compact"), REFUSED, "compaction is not supported"),
                (("--set", "no.such=1"), REFUSED, "no.such"),
                (("--set", "retention.bytes=7", "--partitions", "1"), REFUSED, "2 partitions"),
                (("--set", "retention.bytes=7", "--unset", "retention.bytes"), USAGE, "more than once"),
                (("--set", "retention.bytes"), USAGE, "NAME=VALUE"),
                ((), USAGE, "--set")):
            with self.subTest(words):
                got, _, err = self.try_kontiki("topic", "alter", "t", *words, "-b", self.broker.kafka)
                self.assertEqual(got, code, err)
                self.assertIn(why, err)
        self.assertEqual(self.describe()["settings"], before)
        got, _, err = self.try_kontiki("topic", "alter", "u", "--set", "retention.ms=1", "-b", self.broker.kafka)
        self.assertEqual(got, NOT_FOUND, err)
        self.assertEqual(self.broker.stop(), 0)
        got, _, err = self.try_kontiki("topic", "alter", "t", "--set", "retention.ms=1", "-b", self.broker.kafka)
        self.assertEqual(got, UNREACHABLE, err)


if __name__ == "__main__":
    unittest.main()
