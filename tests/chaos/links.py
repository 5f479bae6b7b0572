"""Cut links between real brokers: the majority goes on, and what comes back catches up."""
from _chaos import ChaosTest, main
from _cluster import wait_until


class Links(ChaosTest):
    def test_no_cut_link_loses_or_repeats_a_message(self):
        """One fault after the other, each of the leader of a partition."""
        for fault in (self.isolated, self.mute, self.deaf):
            victim = self.leader()
            self.tell(f"{fault.__name__} broker {victim.node_id}")
            with fault(victim):
                self.wait_replaced(victim)
                self.wait_progress("without it")
            self.wait_progress("when it is back")
            self.wait_whole()
        for fault in (self.apart, self.one_way, self.flapping, self.unplugged):
            victim = self.leader()
            self.tell(f"{fault.__name__} broker {victim.node_id}")
            with fault(victim):
                if fault in (self.apart, self.one_way):
                    wait_until("the cut is noticed", lambda: self.gauges(victim)["kontiki_nodes_alive"] == "2")
                self.wait_progress("meanwhile")
            self.wait_progress("when it is back")
            self.wait_whole()
        self.check_all()


if __name__ == "__main__":
    main()
