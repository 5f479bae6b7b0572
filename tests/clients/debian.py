"""Clients that are Debian packages do what they do most, against three brokers; `make clients` tries everything."""
import subprocess
import sys
import unittest

import _run
import _scenarios
from _clients import DEBIAN


class Debian(unittest.TestCase):
    def test_every_capability_works_or_is_not_the_clients(self):
        cluster = _run.make_cluster()
        failed = []
        try:
            for outcome in _scenarios.run_all(cluster, DEBIAN, quick=True):
                if outcome.outcome == _scenarios.FAILS:
                    failed.append(f"{outcome.client}: {outcome.capability}: {outcome.note}")
        finally:
            cluster.remove(show_logs=bool(failed))
        self.assertFalse(failed, "\n".join(failed))

    def test_clients_are_there(self):
        for client in DEBIAN:
            self.assertEqual(client.why_not_here(), "", client.key)
            done = subprocess.run([*client.command(), "localhost:1"], input='{"id": 1, "op": "hello"}\n', text=True,
                                  capture_output=True, timeout=60, check=False, env=client.environment())
            self.assertIn('"ok"', done.stdout, done.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
