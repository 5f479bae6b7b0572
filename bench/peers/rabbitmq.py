"""RabbitMQ: three nodes, each an Erlang machine, and an epmd of their own by which they find each other."""
import os
import subprocess

from ._process import NODES, READY_SECONDS, Peer, free_ports, is_open

SCRIPTS = "/usr/lib/rabbitmq/bin"  # those of /usr/sbin change the user


class RabbitMq(Peer):
    """The settings are the defaults; whether a queue is a quorum queue or a stream is told to the driver."""

    driver = "amqp"

    def start(self):
        self.clients, dist, (epmd,) = (ports := free_ports(2 * NODES + 1))[:NODES], ports[NODES:-1], ports[-1:]
        self.servers = ",".join(f"127.0.0.1:{port}" for port in self.clients)
        self.nodes = [f"bench{i}@localhost" for i in range(NODES)]
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text("KONTIKIBENCH")
        cookie.chmod(0o400)
        self.environment = {**os.environ, "HOME": str(self.folder), "ERL_EPMD_PORT": str(epmd),
                            "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_CONF_ENV_FILE": "/dev/null"}
        self.run("epmd", ["epmd", "-port", epmd, "-address", "127.0.0.1"])
        self.wait_until("epmd listens", lambda: is_open(epmd))
        for i, node in enumerate(self.nodes):
            self.run(node.split("@")[0], [f"{SCRIPTS}/rabbitmq-server"], env=self.environment_of(i, dist[i]))

    def environment_of(self, i, dist_port):
        data = self.folder / f"rabbitmq-{i}"
        data.mkdir()
        config = data / "rabbitmq.conf"
        config.write_text("\n".join([
            f"listeners.tcp.1 = 127.0.0.1:{self.clients[i]}",
            "cluster_formation.peer_discovery_backend = classic_config",
            *(f"cluster_formation.classic_config.nodes.{j + 1} = {node}" for j, node in enumerate(self.nodes)), ""]))
        plugins = data / "enabled_plugins"
        plugins.write_text("[].\n")
        return {**self.environment, "RABBITMQ_NODENAME": self.nodes[i], "RABBITMQ_DIST_PORT": str(dist_port),
                "RABBITMQ_CONFIG_FILE": str(config), "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
                "RABBITMQ_MNESIA_BASE": str(data), "RABBITMQ_LOG_BASE": str(data),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
                # So that the script becomes the Erlang machine instead of waiting for it.
                "RUNNING_UNDER_SYSTEMD": "true"}

    def wait_ready(self):
        for port in self.clients:
            self.wait_until("RabbitMQ listens", lambda port=port: is_open(port))
        done = subprocess.run([f"{SCRIPTS}/rabbitmqctl", "-n", self.nodes[0], "await_online_nodes", str(NODES), "-t",
                               str(READY_SECONDS)], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"the nodes of RabbitMQ do not find each other: {done.stdout}{done.stderr}"
