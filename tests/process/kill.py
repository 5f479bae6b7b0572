"""kill -9 of brokers while clients produce: what was acknowledged is there, exactly once with an idempotent producer.

CHAOS_SECONDS sets how long brokers are killed at random in each of these tests (default 10); CHAOS_SEED repeats a choice.
"""
import os
import random
import time
import unittest

from _cluster import ProcessTest, wait_until

IDS = (7, 11, 42)
CHAOS_SECONDS = float(os.environ.get("CHAOS_SECONDS", "10"))
SEED = int(os.environ.get("CHAOS_SEED", str(random.SystemRandom().randrange(10**6))))


class Kill(ProcessTest):
    def setUp(self):
        super().setUp()
        self.all = self.cluster(*IDS)
        self.create_topic(self.all, "t", partitions=6, replication_factor=3)
        self.wait_in_step(self.all, "t", 3)
        self.random = random.Random(SEED)

    def kill_at_random(self, seconds):
        """One broker after the other, each restarted before the next is killed; returns how many."""
        deadline = time.monotonic() + seconds
        kills = 0
        while time.monotonic() < deadline:
            victim = self.random.choice(self.all)
            victim.kill()
            kills += 1
            if self.random.random() < 0.5:  # at once, or after the others have taken over
                others = [broker for broker in self.all if broker is not victim]
                wait_until("the others lead everything", lambda: all(
                    one["leader"] not in (-1, victim.node_id) for one in self.describe(others, "t")))
            victim.start()
            victim.wait_ready()
            self.wait_in_step(self.all, "t", 3)
        return kills

    def test_random_kills_with_an_idempotent_producer(self):
        verifier = self.start_producing(self.all, "t", "--per-second", "4000")
        kills = self.kill_at_random(CHAOS_SECONDS)
        counts = self.finish_producing(verifier)
        self.assertEqual((counts["failed"], counts["fatal"]), (0, ""), f"seed {SEED}: {counts}")
        found = self.check_acknowledged(self.all, "t", counts)
        self.assertEqual(found["received"], counts["sent"], f"seed {SEED}")
        print(f"seed {SEED}: {kills} kills, {counts}", flush=True)

    def test_random_kills_without_idempotence(self):
        verifier = self.start_producing(self.all, "t", "--per-second", "4000", "--no-idempotent")
        kills = self.kill_at_random(CHAOS_SECONDS)
        counts = self.finish_producing(verifier)
        self.assertEqual(counts["failed"], 0, f"seed {SEED}: {counts}")
        self.check_acknowledged(self.all, "t", counts, "--at-least-once")
        print(f"seed {SEED}: {kills} kills, {counts}", flush=True)

    def test_all_killed_at_once_while_producing(self):
        verifier = self.start_producing(self.all, "t")
        for _ in range(3):
            time.sleep(0.5 + self.random.random())  # a different place in the stream each time
            for broker in self.all:
                broker.process.kill()
            for broker in self.all:
                broker.kill()
                broker.start()
            for broker in self.all:
                broker.wait_ready()
            self.wait_in_step(self.all, "t", 3)
        counts = self.finish_producing(verifier)
        self.assertEqual((counts["failed"], counts["fatal"]), (0, ""), f"seed {SEED}: {counts}")
        self.check_acknowledged(self.all, "t", counts)
        print(f"seed {SEED}: {counts}", flush=True)

    def test_kcat_delivers_through_a_kill(self):
        lines = [f"{i} " + "z" * 100 for i in range(50000)]
        leader = self.describe(self.all, "t")[0]["leader"]
        victim = next(broker for broker in self.all if broker.node_id == leader)
        text = "\n".join(lines).encode() + b"\n"
        with self.background(lambda: self.kcat(self.addresses(self.all), "-P", "-t", "t", "-p", "0", "-X", "acks=all", "-X",
                                               "enable.idempotence=true", stdin=text)):
            wait_until("some are there", lambda: self.describe(self.all, "t")[0]["latest"] > 1000)
            victim.kill()
        victim.start()
        victim.wait_ready()
        self.wait_in_step(self.all, "t", 3)
        self.assertEqual(self.kcat(victim, "-C", "-t", "t", "-p", "0", "-e").decode().splitlines(), lines)


if __name__ == "__main__":
    unittest.main()
