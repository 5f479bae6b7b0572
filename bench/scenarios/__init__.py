"""The scenarios: each is a function run(bench) that gives rows for the table and the runs behind them.

A scenario is known by the name of its file's function in SCENARIOS below; `make bench ARGS="--scenario name"`.
"""
from dataclasses import asdict, dataclass, field


@dataclass
class Row:
    """One line of the table: a result, what bounds it, and what it must reach."""

    what: str
    value: float
    unit: str
    limit: float = None  # in the same unit
    limit_is: str = ""
    share: float = None  # value / limit
    at_least: float = None  # target for share if there is a limit, else for the value
    at_most: float = None

    def __post_init__(self):
        if self.limit and self.share is None:
            self.share = self.value / self.limit

    def is_met(self):
        """None: there is no target."""
        judged = self.value if self.limit is None else self.share
        if self.at_least is not None:
            return judged >= self.at_least
        if self.at_most is not None:
            return judged <= self.at_most
        return None

    def as_json(self):
        return {**asdict(self), "is_met": self.is_met()}


@dataclass
class Result:
    rows: list = field(default_factory=list)
    runs: dict = field(default_factory=dict)  # name -> what the load generator printed
    notes: dict = field(default_factory=dict)
    plotted: dict = field(default_factory=dict)  # plot ("latency", "time") -> names of the runs in it; not there: all

    def as_json(self):
        return {"rows": [row.as_json() for row in self.rows], "runs": self.runs, "notes": self.notes, "plotted": self.plotted}


def checked(run):
    """The run, if everything that was sent was acknowledged; a benchmark of losses would say nothing."""
    produced = run.get("produced")
    if produced and (produced["failed"] or produced["missing"] or not produced["messages"]):
        raise RuntimeError(f"{produced['failed']} messages failed and {produced['missing']} were never answered, of "
                           f"{produced['messages_in_all']}")
    return run


def cpu_us_per_message(run, processes):
    """Microseconds of CPU per message that was acknowledged, of those processes (0: the client; 1...: the servers)."""
    used = sum(run["processes"][i]["cpu_seconds"] for i in processes)
    return used * 1e6 / run["produced"]["messages"]


def brokers_of(run):
    return range(1, len(run["processes"]))
