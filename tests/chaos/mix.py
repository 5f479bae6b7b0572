"""Faults at random, several at once, for CHAOS_SECONDS (default 15). CHAOS_SEED repeats the choice, not the timing."""
import time
from contextlib import ExitStack

from _chaos import CHAOS_SECONDS, REPAIR_SECONDS_MAX, SEED, ChaosTest, main


class Mix(ChaosTest):
    tmpfs_bytes = (96 << 20) + (int(CHAOS_SECONDS) << 20)

    def choose(self):
        """Pairs of fault and victim. Either one broker suffers, and the others must go on, or any do."""
        links = [self.isolated, self.mute, self.deaf, self.apart, self.one_way, self.flapping, self.unplugged]
        processes = [self.killed, self.stopped]
        disks = [self.emptied, self.flipped]
        victim = self.random.choice(self.brokers)
        kind = self.random.random()
        if kind < 0.25:  # only ever one: what two of three have lost is lost
            return [(self.random.choice(disks), victim)]
        if kind < 0.35:
            return [(self.full, self.brokers[0])]
        chosen = [(self.random.choice(links), victim), (self.random.choice(processes), victim)]
        if kind < 0.75:
            return chosen[:self.random.choice((1, 1, 2))] if kind < 0.55 else chosen[1:]
        other = self.random.choice(self.others(victim))
        return [chosen[0], (self.random.choice(processes + [self.isolated, self.one_way]), other)]

    def test_faults_at_random(self):
        print(f"CHAOS_SEED={SEED}", flush=True)
        rounds = 0
        deadline = time.monotonic() + CHAOS_SECONDS
        while time.monotonic() < deadline:
            rounds += 1
            chosen = self.choose()
            self.tell(" and ".join(f"{fault.__name__} broker {victim.node_id}" for fault, victim in chosen))
            with ExitStack() as faults:
                for fault, victim in chosen:
                    faults.enter_context(fault(victim))
                if len({victim.node_id for _, victim in chosen}) == 1 and self.random.random() < 0.7:
                    self.wait_progress("meanwhile")
                else:
                    time.sleep(self.random.uniform(0.1, 3))
            for _, victim in chosen:
                victim.wait_ready(REPAIR_SECONDS_MAX)
            self.wait_progress("when all are back")
            self.wait_whole()
        self.check_all()
        self.tell(f"{rounds} rounds, seed {SEED}")


if __name__ == "__main__":
    main()
