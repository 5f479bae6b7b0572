"""Redis Streams: one server, or a master with two replicas, each a process of redis-server."""
import socket

from ._process import NODES, Peer, free_ports


class Redis(Peer):
    """`appendfsync`: always, everysec or no. The append-only file is not rewritten meanwhile, and no snapshots are taken."""

    driver = "redis"

    def __init__(self, folder, appendfsync, nodes=1):
        super().__init__(folder)
        assert nodes in (1, NODES)
        self.appendfsync = appendfsync
        self.nodes = nodes

    def start(self):
        self.ports = free_ports(self.nodes)
        self.servers = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        for i, port in enumerate(self.ports):
            data = self.folder / f"redis-{i}"
            data.mkdir()
            command = ["redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", data, "--daemonize", "no",
                       "--appendonly", "yes", "--appendfsync", self.appendfsync, "--save", "",
                       "--auto-aof-rewrite-percentage", "0", "--repl-diskless-sync-delay", "0"]
            if i > 0:
                command += ["--replicaof", "127.0.0.1", self.ports[0]]
            self.run(f"redis-{i}", command)

    def wait_ready(self):
        self.wait_until("Redis answers, its replicas are online", self.is_complete)

    def is_complete(self):
        try:
            with socket.create_connection(("127.0.0.1", self.ports[0]), timeout=5) as master:
                master.sendall(b"INFO replication\r\n")
                answer = master.recv(1 << 16).decode()
        except OSError:
            return False
        return "role:master" in answer and answer.count("state=online") == self.nodes - 1
