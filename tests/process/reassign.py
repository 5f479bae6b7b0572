#!/usr/bin/env python3
"""Partitions move between four brokers, real processes, while messages are written and brokers die."""
import itertools
import json
import unittest
from pathlib import Path

from _cluster import ProcessTest, wait_until

IDS = (1, 2, 3, 4)
PARTITIONS = 4


class Reassigning(ProcessTest):
    def setUp(self):
        super().setUp()
        self.all = self.cluster(*IDS)
        self.create_topic(self.all, "t", partitions=PARTITIONS, replication_factor=3)
        self.wait_in_step(self.all, "t", 3)

    def moves(self):
        return json.loads(self.kontiki("cluster", "--json", "-b", self.addresses(self.all)))["reassignments"]

    def reassign(self, partition, *replicas):
        words = ("--replicas", ",".join(map(str, replicas))) if replicas else ("--cancel",)
        self.kontiki("topic", "reassign", "t", "--partition", str(partition), *words, "-b", self.addresses(self.all))

    def replicas_of(self, broker):
        topic, = json.loads(self.kontiki("topic", "describe", "t", "--json", "-b", broker.kafka))
        return {one["partition"]: one["replicas"] for one in topic["partitions"]}

    def wait_moved(self, wanted):
        wait_until("all is where it should be", lambda: self.moves() == [], 60)
        for broker in self.all:
            wait_until("every broker says so", lambda: self.replicas_of(broker) == wanted)

    def test_partitions_move_under_load_and_nothing_acknowledged_is_lost(self):
        verifier = self.start_producing(self.all, "t", "--per-second", "2000")
        log = Path(self.folder) / "acknowledged-t.log"
        wait_until("messages are acknowledged", lambda: log.exists() and log.stat().st_size > 0)
        for round_number in range(4):
            wanted = {p: [IDS[(p + round_number + i) % 4] for i in range(3)] for p in range(PARTITIONS)}
            for partition, replicas in wanted.items():
                self.reassign(partition, *replicas)
            self.wait_moved(wanted)
            self.wait_in_step(self.all, "t", 3)
        counts = self.finish_producing(verifier)
        self.assertEqual(counts["failed"], 0, counts)
        self.check_acknowledged(self.all, "t", counts)

    def test_brokers_that_are_killed_meanwhile_cost_nothing(self):
        verifier = self.start_producing(self.all, "t", "--per-second", "1000")
        log = Path(self.folder) / "acknowledged-t.log"
        wait_until("messages are acknowledged", lambda: log.exists() and log.stat().st_size > 0)
        for round_number, victim in zip(range(1, 5), itertools.cycle(self.all)):
            wanted = {p: [IDS[(p + round_number + i) % 4] for i in range(3)] for p in range(PARTITIONS)}
            for partition, replicas in wanted.items():
                self.reassign(partition, *replicas)
            victim.kill()
            victim.start()
            victim.wait_ready()
            self.wait_moved(wanted)
            self.wait_in_step(self.all, "t", 3)
        counts = self.finish_producing(verifier)
        self.assertEqual(counts["failed"], 0, counts)
        self.check_acknowledged(self.all, "t", counts)

    def test_what_waits_for_a_dead_broker_is_shown_and_withdrawn(self):
        before = self.replicas_of(self.all[0])
        absent = next(id for id in IDS if id not in before[0])
        dead = next(broker for broker in self.all if broker.node_id == absent)
        dead.kill()
        self.all.remove(dead)
        self.reassign(0, absent, *before[0][:2])
        move, = self.moves()
        self.assertEqual((move["topic"], move["partition"], move["adding"], move["removing"]),
                         ("t", 0, [absent], before[0][2:]))
        text = self.kontiki("cluster", "-b", self.addresses(self.all))
        self.assertIn("being reassigned: 1 partition", text)
        self.assertIn("0 of 1 in step", text)
        self.reassign(0)
        wait_until("it is withdrawn", lambda: self.moves() == [])
        self.assertEqual(self.replicas_of(self.all[0]), before)

    def test_what_cannot_be_is_refused_with_a_sentence(self):
        at = ("-b", self.addresses(self.all))
        for words, code in ((("t", "-p", "0", "-r", "1,1"), 5), (("t", "-p", "9", "-r", "1"), 4), (("no", "-p", "0", "-r", "1"), 4),
                            (("t", "-p", "0", "--cancel"), 5), (("t", "-p", "0"), 2)):
            told, _, err = self.try_kontiki("topic", "reassign", *words, *at)
            self.assertEqual(told, code, err)
            self.assertTrue(err.startswith("kontiki: "), err)


if __name__ == "__main__":
    unittest.main()
