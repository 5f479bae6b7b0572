"""node-rdkafka's own end-to-end tests, as its npm package has them, against a cluster."""
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import _npm
from _cluster import wait_until

SECONDS = 400
END_SECONDS = 10  # for the process, when mocha has written its report
TOPICS = ("test", "test2", "test3", "test4", "test5", "test6")  # as its own script makes them
FILES = ("admin", "both", "consumer", "groups", "producer", "producer-transaction")
# Why a test cannot pass, by a pattern of its full title. What is not listed has to pass.
REASONS = {
    r"empty (payload|value|key)": "it hands librdkafka an empty value as a null pointer, which is a null on the wire",
    r"[Tt]ransaction": "Kontiki has no transactions yet",
    r"should obey the timeout": "it asks with a timeout of 0 ms and takes it for granted that the answer is not there yet",
}


# In these files a consumer that takes messages in a loop is disconnected at once, and its disconnect now and then waits for
# ever: librdkafka joins a broker's thread, which waits for references to it, with all connections closed. mocha gives the
# file up at the hook around the test then, and its process does not end either. So each test has a process of its own, and
# such a test is repeated.
ONE_BY_ONE = ("both",)
ATTEMPTS = 8


def run_mocha(addresses, name, *options):
    """[(title, why it failed or None)] of one of the files."""
    package = _npm.MODULES / "node-rdkafka"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        said = Path(folder) / "said"
        with open(said, "wb") as output:
            mocha = subprocess.Popen(
                [_npm.NODE, _npm.MODULES / "mocha" / "bin" / "mocha.js", "--exit", "--timeout", "30000", "--reporter", "json",
                 "--reporter-option", f"output={report}", *options, package / "e2e" / f"{name}.spec.js"],
                cwd=package, env=dict(os.environ, KAFKA_HOST=addresses, NODE_PATH=str(_npm.MODULES)), stdout=output, stderr=output)
            try:
                wait_until(f"mocha's report on {name}", lambda: report.exists() or mocha.poll() is not None, SECONDS)
                mocha.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                pass  # it has said everything
            finally:
                mocha.kill()
                mocha.wait()
        if not report.exists():
            raise RuntimeError(f"mocha said nothing about {name}: {said.read_text(errors='replace')[-1000:]}")
        found = json.loads(report.read_text())
    return ([(one["fullTitle"], None) for one in found["passes"]]
            + [(one["fullTitle"], one["err"].get("message", "failed")) for one in found["failures"]])


def run_test(addresses, name, title):
    """The same of one test. If it failed by itself it does not matter what comes after it."""
    for attempt in range(1, ATTEMPTS + 1):
        outcomes = run_mocha(addresses, name, "--grep", f"^{re.escape(title)}$")
        own = [one for one in outcomes if one[0] == title]
        if own and (len(outcomes) == 1 or own[0][1] is not None):
            return own
        print(f"node-rdkafka's own test: {title}: what mocha does around it did not come back, attempt {attempt}", flush=True)
    return outcomes or [(title, "it did not run")]


def run_file(addresses, name):
    if name not in ONE_BY_ONE:
        return run_mocha(addresses, name)
    titles = [title for title, _ in run_mocha(addresses, name, "--dry-run")]
    return [outcome for title in titles for outcome in run_test(addresses, name, title)]


def run(addresses):
    """Outcomes of all tests, as a list of dictionaries."""
    outcomes = []
    for name in FILES:
        for title, failure in run_file(addresses, name):
            reason = next((why for pattern, why in REASONS.items() if re.search(pattern, title)), "")
            outcomes.append({"file": name, "title": title, "passed": failure is None, "error": re.sub(r"\s*\(?/\S+", "", failure or "")[:200], "reason": reason})
    return outcomes
