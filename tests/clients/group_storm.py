"""A group of five members on sixty partitions, while members and brokers are killed (`kill -9`): every message is read at
least once, none is skipped, and none is read again after a clean commit. Prints how long rebalances take, eager and
cooperative.

CHAOS_SECONDS is how long things are killed (default 15); CHAOS_SEED repeats a choice.
"""
import os
import sys
import unittest

import _run
from _clients import LIBRDKAFKA
from _groups import check_resumes, join, read_ids, wait_read, wait_shared

PARTITIONS = 60
MEMBERS = 5
SECONDS = float(os.environ.get("CHAOS_SECONDS", "15"))
PER_SECOND = 500


def milliseconds(seconds):
    return f"{seconds * 1000:.0f} ms"


def longest_gaps(members, since):
    """For each partition, the longest time after `since` in which no member had it (of those that changed hands)."""
    changes = sorted((when, number, set(share)) for number, member in enumerate(members)
                     for when, share in member.assignments)
    shares, lost, gaps = {}, {}, {}
    for when, number, share in changes:
        for one in shares.get(number, set()) - share:
            lost[one] = when
        for one in share - shares.get(number, set()):
            if one in lost:
                begin = lost.pop(one)
                if begin >= since:
                    gaps[one] = max(gaps.get(one, 0), when - begin)
        shares[number] = share
    return gaps


class GroupStorm(unittest.TestCase):
    def setUp(self):
        self.cluster = _run.make_cluster()
        self.addCleanup(self.cluster.remove)
        self.run_of = _run.Run(self.cluster, LIBRDKAFKA)
        self.addCleanup(self.run_of.close)

    def join(self, strategy):
        return join(self.run_of, self.group, self.topic, strategy=strategy, commit="sync")

    def timed(self, what, members, action):
        """Does it, waits until all partitions are shared, and says how long that took and who stood still."""
        begin = _run.now()
        done = action()
        members = members + [done] if done else members
        wait_shared(members, partitions=PARTITIONS)
        end = max(member.assignments[-1][0] for member in members)
        gaps = longest_gaps(members, begin)
        still = f"{len(gaps)} partitions stood still, for up to {milliseconds(max(gaps.values(), default=0))}"
        print(f"{self.strategy:12} {what}: {milliseconds(end - begin)}; {still}", flush=True)
        return members

    def storm(self, members):
        """Kills a member or a broker, again and again; returns the members of now and those that were."""
        run, gone = self.run_of, []
        deadline = _run.now() + SECONDS
        kills = {"member": 0, "broker": 0}
        while _run.now() < deadline:
            if run.random.random() < 0.5:
                victim = run.random.choice(members)
                victim.kill()
                members.remove(victim)
                gone.append(victim)
                members.append(self.join(self.strategy))
                kills["member"] += 1
            else:
                run.kill_and_restart(run.random.choice(run.brokers), self.topic, after_takeover=run.random.random() < 0.5)
                kills["broker"] += 1
            for member in members:
                member.take(0)
        print(f"{self.strategy:12} seed {_run.SEED}: {kills['member']} members and {kills['broker']} brokers killed", flush=True)
        return members, gone

    def check(self, strategy):
        run = self.run_of
        self.strategy = strategy
        self.topic, self.group = run.topic(partitions=PARTITIONS), run.name("group")
        producer = run.adapter()
        members = [self.join(strategy) for _ in range(MEMBERS - 1)]
        wait_shared(members, partitions=PARTITIONS)
        count = int((SECONDS + 20) * PER_SECOND)
        sending = producer.begin("stream", topic=self.topic, count=count, per_second=PER_SECOND, idempotent=True)
        members = self.timed("a fifth member joins", members, lambda: self.join(strategy))
        leaver = members.pop(0)
        self.timed("one of five leaves", members, lambda: leaver.call("leave") and None)
        members = self.timed("a fifth member joins again", members, lambda: self.join(strategy))
        members, gone = self.storm(members)
        wait_shared(members, partitions=PARTITIONS, seconds=60)
        answer = producer.end(sending, seconds=150)
        self.assertEqual(answer["failed"], [])
        everybody = members + gone + [leaver]
        wait_read(everybody, range(count), seconds=90)
        found = read_ids(everybody)
        print(f"{strategy:12} {count} messages, all read; {len(found) - count} of them twice, because of deaths", flush=True)
        for member in members:
            member.call("commit")
            member.call("leave")
        check_resumes(run, self.group, self.topic, range(count, count + 300), partitions=PARTITIONS, strategy=strategy)

    def test_eager(self):
        self.check("eager")

    def test_cooperative(self):
        self.check("cooperative")


if __name__ == "__main__":
    sys.exit(unittest.main())
