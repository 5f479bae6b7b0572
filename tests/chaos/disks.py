"""Data that is lost, damaged or has no room: the broker comes back by itself, repaired by its peers, and counts again."""
from _chaos import REPAIR_SECONDS_MAX, ChaosTest, main
from _cluster import wait_until

DISK_FULL = 15


class Disks(ChaosTest):
    verifier_options = ("--bytes-max", "2000")

    def repaired(self, victim):
        """It is, and each of the others can be missed then."""
        victim.wait_ready(REPAIR_SECONDS_MAX)
        self.wait_progress("when it is back")
        self.wait_whole()
        wait_until("what was set aside is gone", lambda: not self.set_aside(victim), REPAIR_SECONDS_MAX)
        for other in self.others(victim):
            with self.killed(other):
                self.wait_progress(f"with broker {victim.node_id}, without broker {other.node_id}")
            self.wait_whole()

    @staticmethod
    def set_aside(broker):
        return [path for path in broker.data.rglob("*") if "damaged" in str(path.relative_to(broker.data)) and path.is_file()]

    def test_an_emptied_data_folder_is_filled_again(self):
        victim = self.leader()
        with self.emptied(victim):
            self.wait_progress("without it")
        self.repaired(victim)
        self.check_all()

    def test_bits_flipped_in_the_wal_are_repaired(self):
        victim = self.leader()
        with self.flipped(victim):
            self.wait_progress("without it")
        self.repaired(victim)
        self.assertIn("setting all of", victim.log_text())
        self.check_all()

    def test_bits_flipped_in_segments_are_repaired(self):
        # A clean stop moves to segments what is worth it.
        wait_until("there are enough messages", lambda: all(
            one["latest"] > 600 for one in self.describe(self.brokers, "t")), REPAIR_SECONDS_MAX)
        victim = self.leader()
        with self.flipped(victim, ".seg", cleanly=True):
            self.assertTrue(self.files(victim, ".seg"))
            self.wait_progress("without it")
        self.repaired(victim)
        self.assertIn("is set aside", victim.log_text())
        self.check_all()


class FullDisk(ChaosTest):
    tmpfs_bytes = 64 << 20
    verifier_options = ("--bytes-max", "2000")

    def test_a_disk_that_was_full_is_used_again_when_there_is_room(self):
        victim = self.brokers[0]
        with self.full(victim):
            wait_until("the broker ends", lambda: victim.process.poll() is not None, REPAIR_SECONDS_MAX)
            self.assertEqual(victim.process.returncode, DISK_FULL, victim.log_text())
            self.wait_progress("without it")
        victim.wait_ready()
        self.wait_progress("when it is back")
        self.wait_whole()
        self.check_all()


if __name__ == "__main__":
    main()
