"""The results as a table for a terminal."""

OTHERS_SHARE_MAX = 0.05  # more is told


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def target(row):
    if row["at_least"] is not None:
        return f">= {number(row['at_least'])}"
    return f"<= {number(row['at_most'])}" if row["at_most"] is not None else ""


def others_share(run, cores):
    """Of the CPU time there was, what processes used that are no part of the run; None if that is not known."""
    processes = run["processes"] + run.get("reader", {}).get("processes", [])[:1]
    if any("is_gone" in one for one in processes):
        return None
    ours = sum(one["cpu_seconds"] for one in processes)
    return max(0, run["machine"]["cpu_seconds"] - ours) / (cores * run["seconds"])


def lines(name, result, cores):
    """The table of one scenario."""
    rows = result["rows"]
    cells = [("", "", "", "share of limit", "target", "")]
    for row in rows:
        share = f"{row['share']:.2f} of {number(row['limit'])}" if row["share"] is not None else ""
        met = {None: "", True: "met", False: "not met"}[row["is_met"]]
        cells.append((row["what"], number(row["value"]), row["unit"], share, target(row), met))
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    yield name
    for line in cells:
        text = [line[0].ljust(widths[0]), line[1].rjust(widths[1])]
        text += [cell.ljust(width) for cell, width in zip(line[2:], widths[2:])]
        yield ("  " + "  ".join(text)).rstrip()
    for limit in dict.fromkeys((row["limit_is"] for row in rows if row["limit_is"])):
        yield f"  limit: {limit}"
    shares = [share for run in result["runs"].values() if (share := others_share(run, cores)) is not None]
    if max(shares, default=0) > OTHERS_SHARE_MAX:
        yield f"  noise: other processes took up to {max(shares) * 100:.0f} % of the CPU; repeat this on a quiet machine"


def limit_lines(limits):
    yield "limits of this machine"
    for placement in ("overwrite", "append"):
        took = [f"{one['bytes'] // 1024} KiB {one['latency_us']['p50']:.0f}/{one['latency_us']['p99']:.0f} us"
                for one in limits["flush"] if one["placement"] == placement]
        yield f"  write and fdatasync, {placement}, median/p99: {', '.join(took)}"
    for placement in ("overwrite", "append"):
        speeds = [f"{one['bytes'] >> 20} MiB{f' x {streams}' if (streams := one['streams']) > 1 else ''} "
                  f"{one['bytes_per_second'] / 1e6:.0f} MB/s" for one in limits["bandwidth"] if one["placement"] == placement]
        yield f"  in sequence, flushed, {placement}: {', '.join(speeds)}"
    loopback = limits["loopback"]
    trip = loopback["round_trip_us"]
    yield (f"  loopback: {loopback['message_bytes']} bytes and back {trip['p50']:.0f}/{trip['p99']:.0f} us, "
           f"{loopback['bytes_per_second'] / 1e6:.0f} MB/s")
    bare = limits["replicated"]
    yield (f"  replicated write, bare: {bare['message_bytes']} bytes to three logs, median/p99 one at a time "
           f"{bare['one_at_a_time_us']['p50']:.0f}/{bare['one_at_a_time_us']['p99']:.0f} us, "
           f"{bare['rate']:,.0f}/s {bare['at_rate_us']['p50']:.0f}/{bare['at_rate_us']['p99']:.0f} us; "
           + ", ".join(f"{one['bytes'] >> 20} MiB x {one['streams']} {one['bytes_per_second'] / 1e6:.0f} MB/s" for one in bare["bandwidth"]))
    yield (f"  memory copy {limits['copy_bytes_per_second'] / 1e9:.1f} GB/s, "
           f"crc32c {limits['crc32c_bytes_per_second'] / 1e9:.1f} GB/s")
