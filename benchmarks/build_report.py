"""Tables and plots of what `benchmarks/build.py` measured, from whatever there is so far."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Found = dict[str, Any]
BUILDS = ("full", "nothing new", "newest +0.1 %", "scattered +0.1 %", "newest +1 %", "scattered +1 %")
PEERS = ("ours", "pandas", "duckdb")
BEGIN, END = "<!-- measured: make bench-build -->", "<!-- end of measured -->"
# What the demo's size, or one of ten times it or more, is to do: name, limit, and the value as a function of sizes.
TARGETS: list[tuple[str, float, Callable[[dict[str, Found]], float]]] = [
    ("full build of the demo, seconds", 120, lambda sizes: median(sizes["1"], "full")),
    ("with nothing new, seconds", 25, lambda sizes: median(sizes["1"], "nothing new")),
    ("SQL after +1 % of the newest, of a full build's", 0.3, lambda sizes: share_of_full(sizes["1"], "newest +1 %")),
    ("SQL after +1 % scattered, of a full build's", 0.3, lambda sizes: share_of_full(sizes["1"], "scattered +1 %")),
    ("the same of the newest at the largest size", 0.1, lambda sizes: share_of_full(largest(sizes), "newest +1 %")),
    ("the same scattered at the largest size", 0.1, lambda sizes: share_of_full(largest(sizes), "scattered +1 %")),
    ("time a line of a full build at the largest size, of the demo's", 1.2, lambda sizes: growth(sizes, "full")),
    ("time a line of a load at the largest size, of the demo's", 1.2, lambda sizes: growth(sizes, "load")),
    ("four marts, of pandas", 1, lambda sizes: peer_median(sizes["1"], "ours") / peer_median(sizes["1"], "pandas")),
]


def median(size: Found, cost: str, key: str = "seconds") -> float:
    """Return the median of what was measured; a KeyError says that it was not."""
    return float(statistics.median(run[key] for run in size["costs"][cost]))


def median_of_models(size: Found, cost: str, model: str) -> float:
    """Return the median of the seconds of SQL that a build took for a model."""
    return float(statistics.median(run["models"].get(model, 0) for run in size["costs"][cost]))


def peer_median(size: Found, peer: str, key: str = "seconds") -> float:
    """Return the median of a way to make the four marts; ours is the load and the build together."""
    if peer != "ours":
        return median(size, f"peers: {peer}", key)
    parts = zip(size["costs"]["peers: loader copy"], size["costs"]["peers: dbt build"], strict=True)
    return float(
        statistics.median(
            max(run) if key.endswith("mb") else sum(run) for run in ((load[key], build[key]) for load, build in parts)
        )
    )


def share_of_full(size: Found, cost: str) -> float:
    """Return the time of SQL as a part of the full build's."""
    return median(size, cost, "sql_seconds") / median(size, "full", "sql_seconds")


def largest(sizes: dict[str, Found]) -> Found:
    """Return the largest size; a KeyError says that none of ten times the demo was measured."""
    found = max(sizes, key=float)
    return sizes[found if float(found) >= 10 else "10"]


def growth(sizes: dict[str, Found], cost: str) -> float:
    """Return how many times as long a line takes at the largest size."""
    lines = [size["lines"]["all"] for size in (largest(sizes), sizes["1"])]
    return median(largest(sizes), cost) / median(sizes["1"], cost) / (lines[0] / lines[1])


def report(found: Found, docs: Path | None) -> None:
    """Print what was measured as Markdown; with a folder of documents, put it there too and draw the plots."""
    sizes = dict(sorted(found["sizes"].items(), key=lambda item: float(item[0])))
    sizes = {name: size for name, size in sizes.items() if size.get("costs")}
    text = "\n\n".join(filter(None, _sections(found, sizes)))
    print(text)
    if docs:
        page = docs / "scaling.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
        draw(sizes, docs / "images")


def _sections(found: Found, sizes: dict[str, Found]) -> Iterable[str]:
    machine = found["machine"]
    yield f"Medians on {machine['cores']} cores and {machine['memory_gb']} GB of memory, Python {machine['python']}."
    yield _builds(sizes)
    yield _dbt(sizes)
    yield _peers(sizes)
    yield _disk(sizes)
    yield from (_models(size) for size in sizes.values())
    yield from (_changes(size) for size in sizes.values())
    yield _targets(sizes)
    yield _billion(sizes)
    for name, size in sizes.items():
        if size.get("unequal"):
            yield f"**At {name} times the demo a full build makes these otherwise: {', '.join(size['unequal'])}.**"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    listed = list(rows)
    rule = "|---|" + "---:|" * (len(head) - 1)
    return "\n".join([f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in listed)]) if listed else ""


def _lines(size: Found) -> str:
    return f"{size['lines']['all']:,}"


def _builds(sizes: dict[str, Found]) -> str:
    rows = []
    for size in sizes.values():
        for cost in ("load", *BUILDS):
            if cost not in size["costs"]:
                continue
            built = cost != "load"
            sql = f"{median(size, cost, 'sql_seconds'):,.1f}" if built else ""
            share = f"{100 * share_of_full(size, cost):.0f} %" if built and "full" in size["costs"] else ""
            load = f"load {cost}"
            loaded = f"{median(size, load):,.1f}" if load in size["costs"] else ""
            memory = [f"{median(size, cost, key):,.0f}" for key in ("client_mb", "server_mb", "spilled_mb")]
            name = "load of all but the loads below" if cost == "load" else f"build, {cost}"
            rows.append([_lines(size), name, loaded, f"{median(size, cost):,.1f}", sql, share, *memory])
    head = ["lines", "step", "load before, s", "s", "SQL, s", "of full", "peak MB", "server, peak MB", "spilled MB"]
    return _table(head, rows)


def _dbt(sizes: dict[str, Found]) -> str:
    rows = []
    for size in sizes.values():
        if "psql" in size["costs"]:
            four, one, psql = (median(size, cost) for cost in ("full", "full, one thread", "psql"))
            rows.append([_lines(size), f"{four:,.1f}", f"{one:,.1f}", f"{psql:,.1f}", f"{one - psql:,.1f}"])
    return _table(["lines", "dbt, 4 threads, s", "dbt, 1 thread, s", "its SQL by psql, s", "dbt itself, s"], rows)


def _peers(sizes: dict[str, Found]) -> str:
    names = {"ours": "`loader copy` and dbt", "pandas": "pandas", "duckdb": "DuckDB"}
    rows = []
    for size in sizes.values():
        for peer in PEERS if "peers: duckdb" in size["costs"] else ():
            seconds = peer_median(size, peer)
            ratios = [f"{seconds / peer_median(size, other):.2f} x" for other in ("pandas", "duckdb")]
            memory = [f"{peer_median(size, peer, key):,.0f}" for key in ("client_mb", "server_mb")]
            rows.append([_lines(size), names[peer], f"{seconds:,.1f}", *ratios, *memory[: 2 if peer == "ours" else 1]])
            rows[-1] += [""] * (7 - len(rows[-1]))
    return _table(
        ["lines", "four marts, from files", "s", "of pandas", "of DuckDB", "peak MB", "server, peak MB"], rows
    )


def _disk(sizes: dict[str, Found]) -> str:
    rows = []
    for size in sizes.values():
        if "disk" in size:
            schemas, lines = size["disk"]["schemas"], size["lines"]["all"]
            parts = [schemas.get(schema, 0) for schema in ("raw", "intermediate", "marts")]
            rows.append(
                [
                    _lines(size),
                    *(f"{part:,.0f}" for part in (size["disk"]["total_mb"], *parts)),
                    *(f"{1e6 * part / lines:,.0f}" for part in parts),
                ]
            )
    head = ["lines", "database MB", "raw MB", "intermediate MB", "marts MB"]
    return _table([*head, "raw bytes/line", "intermediate bytes/line", "marts bytes/line"], rows)


def _models(size: Found, most: int = 8) -> str:
    """List the models that take longest after +1 % of lines scattered over the year, beside their other times."""
    if not {"scattered +1 %", "full"} <= size["costs"].keys():
        return ""
    times = {
        cost: {model: median_of_models(size, cost, model) for model in size["costs"][cost][0]["models"]}
        for cost in ("full", "nothing new", "newest +1 %", "scattered +1 %")
        if cost in size["costs"]
    }
    longest = sorted(times["scattered +1 %"].items(), key=lambda item: -item[1])[:most]
    rows = [[f"`{model}`", *(f"{found.get(model, 0):,.1f}" for found in times.values())] for model, _ in longest]
    return _table([f"model, {_lines(size)} lines", *(f"{cost}, s" for cost in times)], rows)


def _changes(size: Found, most: int = 12) -> str:
    """List how many rows of the tables that take longest come out otherwise after a load, and of all of them.

    All are weighed by the time that a full build takes for them: that is what a build would cost that made these rows
    alone, each at the price that it has in a full build, and looked at nothing else.
    """
    if "changes" not in size:
        return ""
    seconds = {table: median_of_models(size, "changes: full", table) for table in next(iter(size["changes"].values()))}
    changed = {
        kind: {table: new / rows if rows else 0.0 for table, (rows, new) in tables.items()}
        for kind, tables in size["changes"].items()
    }
    rows = [
        [f"`{table}`", f"{seconds[table]:,.1f}", *(f"{100 * shares[table]:.0f} %" for shares in changed.values())]
        for table in sorted(seconds, key=seconds.__getitem__, reverse=True)[:most]
    ]
    weighed = (sum(seconds[table] * share for table, share in shares.items()) for shares in changed.values())
    total = sum(seconds.values())
    rows.append(
        [
            "all tables, weighed by their seconds",
            f"{total:,.1f}",
            *(f"**{100 * part / total:.0f} %**" for part in weighed),
        ]
    )
    return _table([f"rows that change, {_lines(size)} lines", "full, s", *changed], rows)


def _billion(sizes: dict[str, Found]) -> str:
    """Draw the largest size on to a billion lines in a straight line, which is the least that it would take."""
    measured = [size for size in sizes.values() if "disk" in size and "full" in size["costs"]]
    if not measured:
        return ""
    size = measured[-1]
    times = 1e9 / size["lines"]["all"]
    rows = [
        [f"{name} (1 % is 10 million lines)" if "+1 %" in name else name, f"{times * median(size, cost) / 3600:,.1f} h"]
        for name, cost in (
            ("load", "load"),
            ("full build", "full"),
            ("build with nothing new", "nothing new"),
            ("build after +1 % of the newest", "newest +1 %"),
            ("build after +1 % scattered", "scattered +1 %"),
        )
        if cost in size["costs"]
    ]
    for table in size["disk"]["largest"][:6]:
        gigabytes = (f"{times * table[part] / 1000:,.0f} GB" for part in ("table_mb", "indexes_mb"))
        rows.append([f"`{table['schema']}.{table['table']}`", " + ".join(gigabytes) + " of indexes"])
    rows.append(["database", f"{times * size['disk']['total_mb'] / 1000:,.0f} GB"])
    return _table([f"a billion lines, from {_lines(size)}", "in a straight line"], rows)


def _targets(sizes: dict[str, Found]) -> str:
    rows = []
    for name, limit, value in TARGETS:
        try:
            found = value(sizes)
        except KeyError:
            continue
        rows.append([name, f"{limit:g}", f"{found:,.2f}", "reached" if found <= limit else "**missed**"])
    return _table(["target", "at most", "measured", ""], rows)


def draw(sizes: dict[str, Found], folder: Path) -> None:
    """Draw the plots that there are figures for."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    pyplot.rcParams.update(
        {"axes.spines.top": False, "axes.spines.right": False, "figure.constrained_layout.use": True}
    )
    for name, plot in (("build_by_size", _plot_sizes), ("build_after_change", _plot_changes), ("peers", _plot_peers)):
        figure, axes = pyplot.subplots(figsize=(7, 4), dpi=120)
        if plot(axes, sizes):
            # Without a date the same figures give the same file.
            figure.savefig(folder / f"{name}.png", metadata={"Software": None})
        pyplot.close(figure)


def _plot_sizes(axes: Any, sizes: dict[str, Found]) -> bool:
    for cost in ("load", *BUILDS):
        points = [(size["lines"]["all"], median(size, cost)) for size in sizes.values() if cost in size["costs"]]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=cost)
    axes.set(xscale="log", yscale="log", xlabel="transaction lines", ylabel="seconds")
    axes.set_title("Time by size")
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small")
    return bool(axes.lines)


def _plot_changes(axes: Any, sizes: dict[str, Found]) -> bool:
    found = [size for size in sizes.values() if {"full", "newest +1 %", "scattered +1 %"} <= size["costs"].keys()]
    builds = [cost for cost in BUILDS if any(cost in size["costs"] for size in found)]
    width = 0.8 / max(1, len(found))
    for number, size in enumerate(found):
        shares = {place: 100 * share_of_full(size, cost) for place, cost in enumerate(builds) if cost in size["costs"]}
        places = [place + number * width - 0.4 + width / 2 for place in shares]
        bars = axes.bar(places, shares.values(), width, label=f"{_lines(size)} lines")
        axes.bar_label(bars, fmt="%.0f", fontsize="x-small")
    axes.set_xticks(range(len(builds)), [cost.replace(" +", "\n+") for cost in builds])
    axes.set(ylabel="% of the full build's SQL time", title="A build after a change")
    if found:
        axes.legend(fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=len(found), frameon=False)
    return bool(found)


def _plot_peers(axes: Any, sizes: dict[str, Found]) -> bool:
    found = [size for size in sizes.values() if "peers: duckdb" in size["costs"]]
    for number, peer in enumerate(PEERS):
        places = [place + (number - 1) * 0.27 for place in range(len(found))]
        bars = axes.bar(places, [peer_median(size, peer) for size in found], 0.25, label=peer)
        axes.bar_label(bars, fmt="%.1f", fontsize="x-small")
    axes.set_xticks(range(len(found)), [f"{_lines(size)} lines" for size in found])
    axes.set(yscale="log", ylabel="seconds", title="Four marts, from files to results")
    axes.legend(fontsize="small")
    return bool(found)
