"""Three brokers with ids of the user's choice: forming a cluster, and carrying on without one of them."""
import itertools
import json
import shutil
import unittest
from pathlib import Path

from _cluster import ProcessTest, wait_until

IDS = (7, 11, 42)
TAKEOVER_SECONDS_MAX = 5  # of a stopped process, which resets no connection; a killed one is replaced far sooner


class Forming(ProcessTest):
    def test_all_found_the_cluster_and_two_of_three_are_one_in_any_order(self):
        for order in itertools.islice(itertools.permutations(range(3)), 0, 6, 2):
            with self.subTest(order):
                brokers = self.make_brokers(*IDS)
                first, second, third = (brokers[i] for i in order)
                first.start()
                second.start()
                wait_until("two have met", lambda: "is up" in second.log_text())
                self.assertFalse(first.is_ready(), "two cannot know that the third is new, too")
                third.start()
                for broker in brokers:
                    broker.wait_ready()
                self.wait_for_brokers(brokers, 3)
                self.create_topic([first], "t", replication_factor=3)
                for broker in brokers:
                    self.assertEqual(broker.stop(), 0)
                first.start()
                second.start()
                first.wait_ready()
                second.wait_ready()
                self.wait_for_brokers([first, second], 2)
                self.kontiki("produce", "t", "-b", second.kafka, stdin="two are enough\n")
                third.start()
                third.wait_ready()
                self.wait_for_brokers(brokers, 3)
                self.assertEqual(self.kontiki("consume", "t", "-e", "-b", third.kafka), "two are enough\n")
                for broker in brokers:
                    self.assertEqual(broker.stop(), 0)
                    shutil.rmtree(broker.data)

    def test_one_of_three_serves_nobody(self):
        broker, _, _ = self.make_brokers(*IDS)
        broker.start()
        wait_until("its health page answers", lambda: broker.get("/ready")[0] == 503)
        code, _, err = self.try_kontiki("topic", "create", "t", "-b", broker.kafka)
        self.assertIn(code, (3, 5), err)

    def test_metadata_has_the_ids_and_addresses_of_all(self):
        brokers = self.cluster(*IDS)
        cluster = json.loads(self.kontiki("cluster", "--json", "-b", brokers[0].kafka))
        self.assertEqual({one["id"]: one["address"] for one in cluster["brokers"]},
                         {broker.node_id: broker.kafka for broker in brokers})
        self.assertIn(cluster["controller"], IDS)


class Replacing(ProcessTest):
    def setUp(self):
        super().setUp()
        self.all = self.cluster(*IDS)
        self.create_topic(self.all, "t", partitions=6, replication_factor=3)
        self.wait_in_step(self.all, "t", 3)

    def leader_of(self, partition, asked):
        """The broker that leads a partition of t, as the one asked says."""
        topic, = json.loads(self.kcat(asked, "-L", "-J", "-t", "t"))["topics"]
        leader, = (one["leader"] for one in topic["partitions"] if one["partition"] == partition)
        return next((broker for broker in self.all if broker.node_id == leader), None)

    def pause_leader(self):
        """Stops the leader of partition 0, and waits until the others have replaced it; returns it and the others."""
        leader = self.leader_of(0, self.all[0])
        others = [broker for broker in self.all if broker is not leader]
        leader.pause()
        wait_until("another broker leads", lambda: all(self.leader_of(0, broker) in others for broker in others),
                   TAKEOVER_SECONDS_MAX)
        return leader, others

    def test_a_stopped_leader_is_replaced_and_comes_back(self):
        at = ("-p", "0", "-b")
        self.kontiki("produce", "t", *at, self.addresses(self.all), stdin="before\n")
        leader, others = self.pause_leader()
        self.kontiki("produce", "t", *at, self.addresses(others), stdin="during\n")
        leader.resume()
        self.wait_in_step(self.all, "t", 3)
        self.kontiki("produce", "t", *at, leader.kafka, stdin="after\n")
        for broker in self.all:
            self.assertEqual(self.kontiki("consume", "t", "-e", *at, broker.kafka), "before\nduring\nafter\n")

    def test_no_message_of_a_stopped_leader_is_acknowledged_and_lost(self):
        verifier = self.start_producing(self.all, "t", "--per-second", "3000")
        log = Path(self.folder) / "acknowledged-t.log"
        wait_until("messages are acknowledged", lambda: log.exists() and log.stat().st_size > 0)
        for _ in range(2):
            leader, _ = self.pause_leader()
            leader.resume()
            self.wait_in_step(self.all, "t", 3)
        counts = self.finish_producing(verifier)
        self.assertEqual(counts["failed"], 0, counts)
        self.check_acknowledged(self.all, "t", counts)

    def test_unknown_topics_are_told_by_every_broker(self):
        for broker in self.all:
            code, _, err = self.try_kontiki("consume", "nosuch", "-e", "-b", broker.kafka)
            self.assertEqual(code, 4)
            self.assertIn("nosuch", err)

    @staticmethod
    def group_folders(broker):
        """Folders of partitions; group 0 is the cluster's own."""
        return [path for path in broker.data.glob("*/groups/*") if path.name != "0" and any(path.iterdir())]

    def test_a_deleted_topic_leaves_nothing_on_any_disk(self):
        self.kontiki("produce", "t", "-p", "0", "-b", self.addresses(self.all), stdin=("x" * 1000 + "\n") * 3000)
        for broker in self.all:  # a clean stop moves much of the committed data to the partitions' files
            self.wait_in_step(self.all, "t", 3)
            self.assertEqual(broker.stop(), 0)
            self.assertTrue(self.group_folders(broker))
            broker.start()
            broker.wait_ready()
        self.wait_in_step(self.all, "t", 3)
        self.kontiki("topic", "delete", "t", "-b", self.addresses(self.all))
        for broker in self.all:
            wait_until("the topic is unknown", lambda: self.try_kontiki("topic", "describe", "t", "-b", broker.kafka)[0] == 4)
            wait_until("its folders are gone", lambda: not self.group_folders(broker))
        # The name can be used again, and starts from nothing.
        self.create_topic(self.all, "t", partitions=1, replication_factor=3)
        self.kontiki("produce", "t", "-b", self.addresses(self.all), stdin="new\n")
        self.assertEqual(self.kontiki("consume", "t", "-e", "-b", self.addresses(self.all)), "new\n")


if __name__ == "__main__":
    unittest.main()
