"""docs/kafka-support.md, made of what a running broker answers and of the results of the last full run of all clients.

    python3 -B tests/clients/_page.py            # writes it;  --check: exit code 1 if it is not up to date
"""
import json
import re
import socket
import struct
import sys
from pathlib import Path

import _run
from _cluster import Brokers

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = Path(__file__).resolve().parent / "results.json"
PAGE = ROOT / "docs" / "kafka-support.md"
API_VERSIONS = 18
MARKS = {"works": "yes", "lacks": "–", "fails": "**fails**"}


def api_names():
    """Names by API key; the protocol has numbers only."""
    text = (ROOT / "src" / "kafka" / "api.h").read_text()
    return {int(key): name for key, name in re.findall(r"^  API\((\d+), (\w+),", text, re.MULTILINE)}


def ask_versions(address):
    """[(key, lowest, highest)] as ApiVersions version 0 has them."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        body = struct.pack(">hhih", API_VERSIONS, 0, 1, -1)
        connection.sendall(struct.pack(">i", len(body)) + body)
        stream = connection.makefile("rb")
        answer = stream.read(struct.unpack(">i", stream.read(4))[0])
    _, error, count = struct.unpack_from(">ihi", answer)
    assert error == 0, error
    return [struct.unpack_from(">hhh", answer, 10 + 6 * i) for i in range(count)]


def served_versions():
    brokers = Brokers()
    try:
        return ask_versions(brokers.one_broker().kafka)
    finally:
        brokers.remove()


def row(cells):
    return "| " + " | ".join(cells) + " |"


def span(low, high):
    return str(low) if low == high else f"{low}-{high}"


def clients_part(results):
    """The tables of clients, with numbered notes for every cell that is not a plain yes."""
    clients = results["clients"]
    notes = []

    def mark(outcome):
        if outcome is None:
            return "not run"
        text = MARKS[outcome["outcome"]]
        if not outcome["note"]:
            return text
        if outcome["note"] not in notes:
            notes.append(outcome["note"])
        return f"{text} ({notes.index(outcome['note']) + 1})"
    found = {(one["capability"], one["client"]): one for one in results["outcomes"]}
    lines = [row(["client", "version", "from"]), row(["---"] * 3)]
    lines += [row([one["name"], one["version"], one["origin"]]) for one in clients]
    for section in dict.fromkeys(one["section"] for one in results["capabilities"]):
        lines += ["", f"### {section}", "", row(["", *(one["name"] for one in clients)]), row(["---"] * (len(clients) + 1))]
        for capability in results["capabilities"]:
            if capability["section"] == section:
                cells = (mark(found.get((capability["name"], one["key"]))) for one in clients)
                lines.append(row([capability["text"], *cells]))
    lines += [""] + [f"{number}. {note}." for number, note in enumerate(notes, 1)]
    return lines


def e2e_part(results):
    own = results.get("node_rdkafka_e2e")
    if not own:
        return []
    failed = [one for one in own if not one["passed"]]
    lines = ["", "## node-rdkafka's own end-to-end tests", "",
             f"They come with its npm package; {len(own) - len(failed)} of {len(own)} pass against Kontiki."]
    if failed:
        lines += ["", row(["test that does not", "why"]), row(["---"] * 2)]
        lines += [row([one["title"].replace("|", "\\|"), one["reason"] or f"**not known**: {one['error']}"]) for one in failed]
    return lines


def page(served, results):
    names = api_names()
    lines = ["# What of Kafka is there", "",
             "<!-- Written by `make kafka-support`; do not edit. -->", "",
             "The first table is what a running broker answers to ApiVersions. The others are results of real clients against a",
             f"cluster of three brokers (`make clients`, last run on {results['date']}). *yes*: the scenario in `tests/clients` passes.",
             "–: the client cannot do that by itself; the number says why.", "",
             "## APIs and the versions served", "", row(["key", "API", "versions"]), row(["---"] * 3)]
    lines += [row([str(key), names.get(key, "?"), span(low, high)]) for key, low, high in sorted(served)]
    lines += ["", "Versions 0 to 2 of Produce are listed and refused, as in Kafka: without them librdkafka up to 2.11.0 does not",
              "compress.", "", "## Clients", ""]
    lines += clients_part(results) + e2e_part(results)
    return "\n".join(lines) + "\n"


def main():
    text = page(served_versions(), json.loads(RESULTS.read_text()))
    if "--check" in sys.argv:
        if text == PAGE.read_text():
            return 0
        print("docs/kafka-support.md is not what the broker and the results say: run `make kafka-support`", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    return 0


assert _run  # puts the process tests' helpers on the path

if __name__ == "__main__":
    sys.exit(main())
