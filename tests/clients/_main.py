"""Every client, every scenario: what `make clients` runs. Exit code 1 if anything fails that is not the client's lack.

    python3 -B tests/clients/_main.py [--only CLIENT ...] [--scenario NAME ...] [--save]

A run of all scenarios writes what it found of its clients to tests/clients/results.json, of which docs/kafka-support.md is
made; node-rdkafka's own tests belong to that client.
"""
import argparse
import datetime
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import _run
import _clients
import _node_rdkafka_e2e
import _npm
import _page
import _scenarios


def try_client(client, scenarios):
    """(what it is, its outcomes), with a cluster of its own."""
    cluster = _run.make_cluster()
    run = _run.Run(cluster, client)
    try:
        version = run.adapter().call("hello")["version"]
        outcomes = list(_scenarios.run_all(cluster, [client], scenarios))
    finally:
        run.close()
        cluster.remove()
    return {"key": client.key, "name": client.name, "version": version, "origin": client.origin}, outcomes


def run_own_tests():
    """node-rdkafka's own tests, with the settings that it asks of a broker."""
    cluster = _run.make_cluster(rebalance_delay_ms=0)
    try:
        for topic in _node_rdkafka_e2e.TOPICS:
            cluster.create_topic(cluster.brokers, topic, replication_factor=3)
        outcomes = _node_rdkafka_e2e.run(cluster.addresses(cluster.brokers))
    finally:
        cluster.remove()
    for one in outcomes:
        if not one["passed"]:
            print(f"node-rdkafka's own test: {one['title']}: {one['error'][:200]} ({one['reason'] or 'not known why'})")
    print(f"node-rdkafka's own tests: {sum(one['passed'] for one in outcomes)} of {len(outcomes)} pass", flush=True)
    return outcomes


def save(found, own):
    """Replaces what is known of these clients and capabilities."""
    known = json.loads(_page.RESULTS.read_text()) if _page.RESULTS.exists() else {}
    clients = {one["key"]: one for one in known.get("clients", [])} | {client["key"]: client for client, _ in found}
    outcomes = {(one["client"], one["capability"]): one for one in known.get("outcomes", [])}
    outcomes |= {(one.client, one.capability): one.as_json() for _, some in found for one in some}
    results = {
        "date": datetime.date.today().isoformat(),
        "clients": [clients[one.key] for one in _clients.ALL if one.key in clients],
        "capabilities": [{"name": name, "section": section, "text": text} for name, section, text, _, _ in _run.SCENARIOS],
        "outcomes": list(outcomes.values()),
        "node_rdkafka_e2e": own or known.get("node_rdkafka_e2e", []),
    }
    _page.RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], choices=[client.key for client in _clients.ALL])
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("--save", action="store_true", help="write down what was found of some scenarios, too")
    parser.add_argument("--jobs", type=int, default=2, help="clients at once, each with a cluster of its own")
    arguments = parser.parse_args()
    clients = [client for client in _clients.ALL if not arguments.only or client.key in arguments.only]
    if any(client.module for client in clients) and _npm.main() != 0:
        return 2
    for client in clients:
        why = client.why_not_here()
        if why:
            print(f"{client.key} cannot be run: {why}", file=sys.stderr)
            return 2
    is_full = not arguments.scenario
    to_save = is_full or arguments.save
    with ThreadPoolExecutor(arguments.jobs) as pool:
        found = list(pool.map(lambda client: try_client(client, arguments.scenario), clients))
    outcomes = [one for _, some in found for one in some]
    own = run_own_tests() if is_full and _clients.NODE_RDKAFKA in clients else []
    if to_save:
        save(found, own)
    failed = [one for one in outcomes if one.outcome == _scenarios.FAILS]
    unexplained = [one for one in own if not one["passed"] and not one["reason"]]
    print(f"{len(outcomes)} outcomes, {len(failed)} failures; {len(own)} of node-rdkafka's own tests, "
          f"{len(unexplained)} unexplained failures")
    return 1 if failed or unexplained else _page.main() if to_save else 0


if __name__ == "__main__":
    sys.exit(main())
