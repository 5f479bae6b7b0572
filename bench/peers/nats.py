"""NATS JetStream: three servers, each a process of nats-server."""
import http.client
import json
import os

from ._process import NODES, Peer, free_ports

CONFIG = """\
# A server is named by its address: so the driver finds the one that leads a stream.
server_name: "{client}"
listen: "{client}"
http: "{http}"
jetstream {{ store_dir: "{store}" }}
cluster {{
  name: bench
  listen: "{route}"
  routes: [{routes}]
}}
"""


class Nats(Peer):
    """Streams stand in files, with as many replicas as the driver is told; settings are the defaults."""

    driver = "nats"

    def start(self):
        ports = free_ports(3 * NODES)
        clients, self.http, routes = (ports[i * NODES:(i + 1) * NODES] for i in range(3))
        self.servers = ",".join(f"127.0.0.1:{port}" for port in clients)
        for i in range(NODES):
            config = self.folder / f"nats-{i}.conf"
            config.write_text(CONFIG.format(
                client=f"127.0.0.1:{clients[i]}", http=f"127.0.0.1:{self.http[i]}", route=f"127.0.0.1:{routes[i]}",
                store=self.folder / f"nats-{i}", routes=", ".join(f'"nats://127.0.0.1:{port}"' for port in routes)))
            self.run(f"nats-{i}", [os.environ.get("NATS_SERVER", "nats-server"), "-c", config])

    def wait_ready(self):
        for port in self.http:
            self.wait_until("JetStream has a leader and knows its servers", lambda port=port: self.is_formed(port))

    @staticmethod
    def is_formed(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/jsz")
            meta = json.loads(connection.getresponse().read()).get("meta_cluster") or {}
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
        return bool(meta.get("leader")) and meta.get("cluster_size") == NODES
