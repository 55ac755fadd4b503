r"""Measure what builds cost (`make bench-build`), on the demo or several times of it, on a server of its own.

After a load, each run measures in turn: `\copy` of the transactions into a table with the same columns and key, which
is the unit; a full build; the same with its tests, as `loader run --build` does it; `loader run` with nothing new; a
load of 1 % more lines; a build of the selector `core` after it. So what else the machine does falls on all of them.
Figures go into results.json of the size's folder, and from there, with --report, into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.build_files import write_size
from benchmarks.build_measure import run_measured
from loaders.destinations.postgres.connection import PARAMETERS, SERVER_VARIABLES
from loaders.embedded.programs import find_binaries
from loaders.embedded.server import EmbeddedServer
from loaders.project import find_project

UNIT, FULL, TESTED, NOTHING, LOAD, MORE, CORE = "unit", "full", "tested", "nothing new", "load", "load more", "core"
STEPS = {
    LOAD: "`loader copy` of all files into an empty database",
    UNIT: r"`\copy` of the transactions into a keyed table: the unit",
    FULL: "`dbt build`: all seeds and models, without tests",
    TESTED: "`loader run --build`: the same with all data tests",
    NOTHING: "`loader run` with nothing new",
    MORE: "`loader copy` of 1 % more lines",
    CORE: "`dbt build --selector core` after it, without tests",
}
# Step, size, most seconds or units of \copy.
TARGETS = ((FULL, 1, 4.0, "units"), (CORE, 1, 2.2, "units"), (FULL, 10, 500.0, "s"))
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
BEGIN, END = "<!-- measured by make bench-build -->", "<!-- end -->"
Results = dict[str, Any]


class Bench:
    """One size: its folder, its server and database, and what was measured so far."""

    def __init__(self, folder: Path, size: float, runs: int) -> None:
        """Write the files; nothing is started yet."""
        self.folder, self.runs, self.server = folder, runs, EmbeddedServer(folder)
        self.root, self.database = find_project().root, "postgres"
        self.files = folder / "files"
        self.costs: dict[str, list[dict[str, float]]] = {}
        self.results: Results = {"lines": write_size(self.files, size, runs), "costs": self.costs}

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead programs to the database, and to nobody else's, and dbt to folders of its own."""
        kept = {name: value for name, value in os.environ.items() if name not in {*SERVER_VARIABLES, "PGPASSWORD"}}
        kept.pop("DBT_SCHEMA_PREFIX", None)
        folders = {"DBT_TARGET_PATH": f"{self.folder}/target", "DBT_LOG_PATH": f"{self.folder}/logs"}
        return kept | self.server.environment() | folders | {"PGDATABASE": self.database}

    def run(self) -> None:
        """Measure everything."""
        self.server.start()
        try:
            self.query("drop database if exists bench with (force)")
            self.query("create database bench")
            self.database = "bench"
            self.loader(LOAD, "copy", self.files, self.files / "synthetic")
            self.query("create table public.copied (like raw.transactions including all)")
            self.psql("prepare", "(select * from raw.transactions order by _line) to")
            self.dbt("prepare", "parse")  # once, so that no step pays for reading the whole project
            for run in range(1, self.runs + 1):
                self.query("truncate public.copied")
                self.psql(UNIT, "public.copied from")
                self.dbt(FULL, "build", *WITHOUT_TESTS)
                self.loader(TESTED, "run", self.files, "--build")
                self.loader(NOTHING, "run", self.files)
                self.loader(MORE, "copy", self.files / "more" / f"transactions_{run}.csv")
                self.dbt(CORE, "build", "--selector", "core", *WITHOUT_TESTS)
            [(self.results["database_mb"],)] = self.query("select pg_database_size(current_database()) / 1000000")
        finally:
            self.server.stop()

    def loader(self, step: str, command: str, *arguments: Path | str) -> None:
        """Measure a command of the loader."""
        self.measure(step, sys.executable, "-m", "loaders.cli", command, *map(str, arguments))

    def dbt(self, step: str, command: str, *arguments: str) -> None:
        """Measure a command of dbt."""
        folders = ("--project-dir", str(self.root), "--profiles-dir", str(self.root))
        self.measure(step, str(Path(sys.executable).with_name("dbt")), command, *folders, *arguments)

    def psql(self, step: str, what: str) -> None:
        r"""Measure `\copy` between a table and the file of prepared rows."""
        copy = f"\\copy {what} '{self.folder}/rows.csv' (format csv)"
        self.measure(step, str(find_binaries() / "psql"), "-Xqc", copy)

    def measure(self, step: str, *command: str) -> None:
        """Run a command and keep its cost, with what the server spilled into temporary files."""
        spilled = "select temp_bytes / 1000000.0 from pg_stat_database where datname = current_database()"
        [(before,)] = self.query(spilled)
        self.query("checkpoint")
        server, output = self.server.status().pid or 0, self.folder / "output"
        cost = asdict(run_measured(step, list(command), self.environment, output, server))
        cost["spilled_mb"] = round(float(self.query(spilled)[0][0] - before), 1)
        print(f"{step:20}{cost['seconds']:9.1f} s", file=sys.stderr, flush=True)
        if step in STEPS:
            self.costs.setdefault(step, []).append(cost)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, or none."""
        found = self.environment
        names = {name: found[variable] for variable, name in PARAMETERS.items() if variable in found}
        with psycopg.connect(**names, autocommit=True) as connection:  # type: ignore[arg-type]
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []


def median(results: Results, step: str, key: str = "seconds") -> float:
    """Return the median of what was measured of a step."""
    return float(statistics.median(cost[key] for cost in results["costs"][step]))


def report(results: Results) -> str:
    """Return the table of one size, and its targets."""
    unit = median(results, UNIT)
    machine = "{cores} cores, {memory_gb} GB of memory, Python {python}".format(**results["machine"])
    found = [
        f"**{results['lines']:,} lines**: {machine}; medians of {results['runs']}, {results['database_mb']:,} MB of "
        "database at the end.",
        "",
        "| step | s | least to most | units | s of CPU | client, peak MB | server, peak MB | spilled MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for step, words in STEPS.items():
        seconds = [cost["seconds"] for cost in results["costs"][step]]
        keys = ("cpu_seconds", "client_mb", "server_mb", "spilled_mb")
        cells = [f"{median(results, step):,.1f}", f"{min(seconds):,.1f} to {max(seconds):,.1f}"]
        cells += [f"{median(results, step) / unit:.2f}", *(f"{median(results, step, key):,.0f}" for key in keys)]
        found.append(f"| {words} | {' | '.join(cells)} |")
    for step, size, most, kind in TARGETS:
        if size == results["size"]:
            value = median(results, step) / (unit if kind == "units" else 1)
            verdict = "reached" if value <= most else "**missed**"
            found += ["", f"{STEPS[step]}: at most {most:g} {kind}; {value:.2f} {kind}, {verdict}."]
    return "\n".join(found)


def main() -> None:
    """Measure one size, or report all that were."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=1, help="times the demo's 1,469,307 lines")
    parser.add_argument("--runs", type=int, default=3, help="runs of each step, of which the median counts")
    parser.add_argument("--report", action="store_true", help="write what was measured into docs/benchmarks.md")
    parser.add_argument("--folder", type=Path, default=find_project().root / "data" / "bench-build")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the step is ended and the server stopped
    folder = arguments.folder.resolve()
    if arguments.report:
        files = sorted(folder.glob("*/results.json"), key=lambda file: float(file.parent.name))
        tables = "\n\n".join(report(json.loads(file.read_text())) for file in files)
        page = find_project().root / "docs" / "benchmarks.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
        return
    folder /= f"{arguments.size:g}"
    bench = Bench(folder, arguments.size, arguments.runs)
    bench.run()
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    machine = {"cores": os.cpu_count(), "memory_gb": memory, "python": platform.python_version()}
    results = {"size": arguments.size, "runs": arguments.runs, "machine": machine, **bench.results}
    (folder / "results.json").write_text(json.dumps(results, indent=1))
    print(report(results))


if __name__ == "__main__":
    main()
