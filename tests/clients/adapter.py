"""Adapter: what a client had said before it was killed is not lost."""
import sys
import tempfile
import unittest
from pathlib import Path

import _run  # noqa: F401  (finds _cluster)
from _adapter import Adapter
from _cluster import wait_until

LINES = 500
CHATTY = """
import json, pathlib, sys, time
for number in range({lines}):
    print(json.dumps({{"event": "records", "records": [[0, number, str(number)]]}}))
print('{{"event": "rec', end="", flush=True)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""


class AdapterTest(unittest.TestCase):
    def test_what_was_said_before_a_kill_counts(self):
        with tempfile.TemporaryDirectory() as folder:
            said, log = Path(folder) / "said", Path(folder) / "log"
            adapter = Adapter([sys.executable, "-c", CHATTY.format(lines=LINES)], str(said), log)
            wait_until("it said everything", said.exists, 20)
            adapter.kill()
            self.assertEqual([offset for _, offset, _ in adapter.records], list(range(LINES)))
            adapter.take(0)  # no complaint that it is dead: it was killed
            self.assertEqual(adapter.assignment(), ())
            adapter.discard()


if __name__ == "__main__":
    unittest.main()
