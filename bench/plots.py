"""Plots of a report: latency by percentile, and what happened over time. Needs matplotlib (python3-matplotlib); without
it nothing is drawn, and a line says so."""
import math
import sys

NINES = (0, 0.9, 0.99, 0.999, 0.9999, 0.99999)


def draw(report, out):
    """The paths of what was drawn."""
    try:
        import matplotlib
    except ImportError:
        print("no plots: matplotlib is not installed for this Python (Debian: python3-matplotlib)", file=sys.stderr)
        return []
    matplotlib.use("svg")
    from matplotlib import pyplot
    drawn = []
    for name, result in report["scenarios"].items():
        flows = {(run, kind): load[kind] for run, load in result["runs"].items() for kind in ("produced", "consumed")
                 if kind in load}
        for what, plot in (("latency", latency_by_percentile), ("time", over_time)):
            figure, axes = pyplot.subplots(figsize=(9, 5))
            names = result.get("plotted", {}).get(what, result["runs"])
            if plot(axes, {key: flow for key, flow in flows.items() if key[0] in names}):
                axes.set_title(f"{name} ({report['commit']}, {report['date'][:10]})")
                axes.grid(True, alpha=0.3)
                axes.legend(fontsize="small")
                path = out / f"{name}-{what}.svg"
                figure.savefig(path, bbox_inches="tight")
                drawn.append(path)
            pyplot.close(figure)
    return drawn


def nines(share):
    """0.9 is 1, 0.99 is 2, and so on: the axis on which the tail has room."""
    return -math.log10(max(1 - share, 1e-9))


def latency_by_percentile(axes, flows):
    any_drawn = False
    for (run, kind), flow in flows.items():
        points = [(share, us) for share, us in flow["latency_curve"] if share < 1]
        if points:
            axes.plot([nines(share) for share, _ in points], [us / 1000 for _, us in points],
                      label=run if kind == "produced" else f"{run}, end to end")
            any_drawn = True
    axes.set_yscale("log")
    axes.set_xticks([nines(share) for share in NINES], [f"{share * 100:g} %" for share in NINES])
    axes.set_xlabel("share of the messages")
    axes.set_ylabel("latency, ms")
    return any_drawn


def over_time(axes, flows):
    any_drawn = False
    for (run, kind), flow in flows.items():
        rates = [second["messages"] for second in flow["per_second"]]
        if len(rates) > 1:
            axes.plot(range(1, len(rates) + 1), rates, label=run if kind == "produced" else f"{run}, received")
            any_drawn = True
    axes.set_ylim(bottom=0)
    axes.set_xlabel("second")
    axes.set_ylabel("messages per second")
    return any_drawn
