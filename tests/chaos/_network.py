"""Network namespaces for the chaos tests: a bridge where the clients are, and each broker behind a cable of its own.

The test itself goes on in a network and a mount namespace that are its own. So nothing of it has a name that anybody else
sees, and when its last process ends, however it ends, the kernel takes back all of it.

A link is cut in one direction by giving the sender a hardware address for the receiver that nobody has: the frames leave
and are lost without a word, as behind a switch that is broken. This needs neither netfilter nor a traffic classifier,
which small kernels do not have.
"""
import os
import subprocess
import sys
from pathlib import Path

SKIPPED = 77  # as cmake/KontikiModule.cmake tells ctest
INSIDE = "KONTIKI_CHAOS_INSIDE"
NOBODY = "02:00:00:00:ff:ff"
CLIENTS = 0  # the end of the network that is not a broker
NAMES = Path("/run/netns")


def enter():
    """Begins the script again in namespaces of its own; says so and ends where they are not allowed."""
    if os.environ.get(INSIDE):
        return
    new = ["unshare", "--net", "--mount", "--"]
    probe = "mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip netns add probe && " \
            "ip link add probe type veth peer name eth0 netns probe && ip link add probes type bridge"
    done = subprocess.run([*new, "sh", "-c", probe], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"SKIPPED, nothing was tested: network namespaces are not possible here: {done.stderr.strip()}")
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp(new[0], [*new, sys.executable, "-B", *sys.argv])


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True)


class Network:
    """Ends 1 to count are for brokers, end CLIENTS is where the test runs."""

    def __init__(self, count):
        self.ends = range(count + 1)
        self.cut_links = set()
        subprocess.run(["mount", "-t", "tmpfs", "none", str(NAMES)], check=True)
        ip("link", "set", "lo", "up")
        ip("link", "add", "bridge", "address", self.hardware(CLIENTS), "type", "bridge")
        ip("addr", "add", f"{self.host(CLIENTS)}/24", "dev", "bridge")
        ip("link", "set", "bridge", "up")
        for end in self.ends[1:]:
            ip("netns", "add", f"end{end}")
            ip("link", "add", f"cable{end}", "type", "veth", "peer", "name", "eth0", "address", self.hardware(end), "netns",
               f"end{end}")
            ip("link", "set", f"cable{end}", "master", "bridge", "up")
            ip("-n", f"end{end}", "link", "set", "lo", "up")
            ip("-n", f"end{end}", "addr", "add", f"{self.host(end)}/24", "dev", "eth0")
            ip("-n", f"end{end}", "link", "set", "eth0", "up")
        for sender in self.ends:
            for receiver in self.ends:
                if sender != receiver:
                    self.aim(sender, receiver, self.hardware(receiver))

    def remove(self):
        """For the next test of the same script."""
        for end in self.ends[1:]:
            ip("link", "del", f"cable{end}")
            ip("netns", "del", f"end{end}")
        ip("link", "del", "bridge")
        subprocess.run(["umount", "-l", str(NAMES)], check=True)

    @staticmethod
    def host(end):
        return f"10.0.0.{end or 254}"

    @staticmethod
    def hardware(end):
        return f"02:00:00:00:00:{end or 254:02x}"

    @staticmethod
    def run_in(end):
        """What starts a command at this end."""
        return ["nsenter", f"--net={NAMES / f'end{end}'}", "--"]

    @staticmethod
    def aim(sender, receiver, hardware):
        where = ["dev", "bridge"] if sender == CLIENTS else ["dev", "eth0"]
        begin = [] if sender == CLIENTS else ["-n", f"end{sender}"]
        ip(*begin, "neigh", "replace", Network.host(receiver), "lladdr", hardware, "nud", "permanent", *where)

    def cut(self, sender, receiver):
        """What the one sends to the other is lost."""
        self.aim(sender, receiver, NOBODY)
        self.cut_links.add((sender, receiver))

    def heal(self, links):
        for sender, receiver in self.cut_links.intersection(links):
            self.aim(sender, receiver, self.hardware(receiver))
        self.cut_links.difference_update(links)

    def plug(self, end, is_in):
        """The cable of a broker, pulled or not: unlike at a cut, its own side sees it."""
        ip("link", "set", f"cable{end}", "up" if is_in else "down")
