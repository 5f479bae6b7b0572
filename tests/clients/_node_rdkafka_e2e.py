"""node-rdkafka's own end-to-end tests, as its npm package has them, against a cluster."""
import json
import os
import re
import subprocess

import _npm

SECONDS = 400
TOPICS = ("test", "test2", "test3", "test4", "test5", "test6")  # as its own script makes them
FILES = ("admin", "both", "consumer", "groups", "producer", "producer-transaction")
# Why a test cannot pass, by a pattern of its full title. What is not listed has to pass.
REASONS = {
    r"empty (payload|value|key)": "it hands librdkafka an empty value as a null pointer, which is a null on the wire",
    r"[Tt]ransaction": "Kontiki has no transactions yet",
}


def run_file(addresses, name):
    """[(title, why it failed or None)] of one of the files."""
    mocha = _npm.MODULES / "mocha" / "bin" / "mocha.js"
    package = _npm.MODULES / "node-rdkafka"
    environment = dict(os.environ, KAFKA_HOST=addresses, NODE_PATH=str(_npm.MODULES))
    done = subprocess.run([_npm.NODE, mocha, "--exit", "--timeout", "30000", "--reporter", "json",
                           package / "e2e" / f"{name}.spec.js"], cwd=package, env=environment, capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    if not done.stdout.count('{\n  "stats"'):
        raise RuntimeError(f"mocha said nothing about {name}: {done.stderr[-1000:]}")
    text = done.stdout[done.stdout.index('{\n  "stats"'):]
    found = json.JSONDecoder().raw_decode(text)[0]
    return ([(one["fullTitle"], None) for one in found["passes"]]
            + [(one["fullTitle"], one["err"].get("message", "failed")) for one in found["failures"]])


def run(addresses):
    """Outcomes of all tests, as a list of dictionaries."""
    outcomes = []
    for name in FILES:
        for title, failure in run_file(addresses, name):
            reason = next((why for pattern, why in REASONS.items() if re.search(pattern, title)), "")
            outcomes.append({"file": name, "title": title, "passed": failure is None, "error": re.sub(r"\s*\(?/\S+", "", failure or "")[:200], "reason": reason})
    return outcomes
