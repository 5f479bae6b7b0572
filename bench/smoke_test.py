#!/usr/bin/env python3
"""Every scenario runs at tiny counts, and the report is complete. No number is judged: machines that test are busy."""
import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from run import SCENARIOS

PERCENTILES = ("min", "mean", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max")


class Smoke(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="kontiki-bench-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.done = subprocess.run(
            [sys.executable, "-B", Path(__file__).parent / "run.py", "--tiny", "--seconds", "0.5", "--limit-seconds", "0.02",
             "--folder", f"{cls.folder.name}/data", "--out", f"{cls.folder.name}/out"],
            capture_output=True, text=True, check=False)
        report = Path(cls.folder.name, "out/results.json")
        cls.report = json.loads(report.read_text()) if report.exists() else {}

    def test_everything_ran(self):
        self.assertEqual(self.done.returncode, 0, self.done.stdout + self.done.stderr)
        self.assertEqual(set(self.report["scenarios"]), set(SCENARIOS))

    def test_nothing_is_left_behind(self):
        self.assertEqual(list(Path(self.folder.name, "data").iterdir()), [])

    def test_it_says_where_and_on_what_it_was_measured(self):
        for key in ("command", "commit", "date"):
            self.assertIsInstance(self.report[key], str)
        for key in ("processor", "cores", "memory_bytes", "kernel", "file_system"):
            self.assertTrue(self.report["machine"][key], key)

    def test_the_limits_are_complete(self):
        limits = self.report["limits"]
        self.assertEqual(len(limits["flush"]), 8)
        self.assertEqual(len(limits["bandwidth"]), 8)
        for one in limits["flush"] + [{"latency_us": limits["loopback"]["round_trip_us"]}]:
            self.check_latency(one["latency_us"])
        for how in ("one_at_a_time_us", "at_rate_us"):
            self.check_latency(limits["replicated"][how])
        self.assertEqual(len(limits["replicated"]["bandwidth"]), 3)
        for one in (*limits["bandwidth"], *limits["replicated"]["bandwidth"], limits["loopback"]):
            self.check_positive(one["bytes_per_second"])
        self.check_positive(limits["copy_bytes_per_second"])
        self.check_positive(limits["crc32c_bytes_per_second"])

    def test_every_row_has_a_number(self):
        for name, result in self.report["scenarios"].items():
            with self.subTest(name):
                self.assertTrue(result["rows"])
                for row in result["rows"]:
                    self.assertTrue(row["what"] and row["unit"], row)
                    self.assertTrue(math.isfinite(row["value"]), row)

    def test_every_run_has_its_flows(self):
        for name, result in self.report["scenarios"].items():
            for run_name, run in result["runs"].items():
                with self.subTest(f"{name}, {run_name}"):
                    flows = [run[kind] for kind in ("produced", "consumed") if kind in run]
                    self.assertTrue(flows)
                    for flow in flows:
                        self.check_positive(flow["messages"])
                        self.check_positive(flow["bytes_per_second"])
                        self.assertEqual(set(PERCENTILES) - set(flow["latency_us"]), set())
                    if "produced" in run:
                        self.check_latency(run["produced"]["latency_us"])
                        self.assertTrue(run["produced"]["latency_curve"])

    def check_latency(self, latency):
        self.check_positive(latency["count"])
        values = [latency[key] for key in PERCENTILES if key != "mean"]
        self.assertEqual(values, sorted(values))

    def check_positive(self, value):
        self.assertGreater(value, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
