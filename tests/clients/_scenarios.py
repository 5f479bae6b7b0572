"""Runs scenarios with clients; an outcome per client and capability."""
import time
import traceback
from dataclasses import asdict, dataclass

import _records  # these three register their scenarios, in this order
import _groups
import _admin
from _run import SCENARIOS, Run

WORKS, LACKS, FAILS = "works", "lacks", "fails"
assert _records and _groups and _admin


@dataclass
class Outcome:
    capability: str
    client: str
    outcome: str
    note: str = ""
    seconds: float = 0

    def as_json(self):
        return asdict(self)


def run_one(cluster, client, name, function):
    """The outcome of a scenario; what the client lacks by itself is not tried."""
    if name in client.lacks:
        return Outcome(name, client.key, LACKS, client.lacks[name])
    run = Run(cluster, client)
    begin = time.monotonic()
    try:
        function(run)
        outcome = Outcome(name, client.key, WORKS)
    except Exception as error:
        traceback.print_exc()
        outcome = Outcome(name, client.key, FAILS, f"{error}")
    finally:
        run.close()
    outcome.seconds = round(time.monotonic() - begin, 1)
    return outcome


def revive(cluster):
    """After a scenario that failed with a broker down."""
    for broker in cluster.brokers:
        if broker.process is None or broker.process.poll() is not None:
            broker.process = None
            broker.start()
    for broker in cluster.brokers:
        broker.wait_ready()


def run_all(cluster, clients, only=(), quick=False):
    """Yields outcomes, client by client."""
    for client in clients:
        for name, _, _, is_quick, function in SCENARIOS:
            if (only and name not in only) or (quick and not is_quick):
                continue
            outcome = run_one(cluster, client, name, function)
            print(f"{client.key:24} {name:22} {outcome.outcome:6} {outcome.seconds:6.1f} s  {outcome.note[:200]}", flush=True)
            yield outcome
            if outcome.outcome == FAILS:
                revive(cluster)
