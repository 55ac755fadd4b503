"""Measure what building the marts costs, by size and by what changed (`make bench-build`).

Each size is the demo's households, fewer or several times, in a database of a server of its own under data/bench-build:

- builds: a load of nearly all lines and a build; then, --runs times each, a load of 0.1 % and 1 % of the lines, the
  newest ones or some scattered over the year, and a build after each; builds with nothing new; full builds. The marts
  that the loads led to are compared with those of the full build.
- psql: the SQL that dbt sends in a full build, sent again by psql over one connection: the rest is what dbt costs.
- changes: how many rows of each table come out otherwise after the largest share of the lines, the newest or scattered
  ones: what a build after them has to make, however little it looks at besides.
- peers: four marts, from the CSV files to results, by the loader and dbt, by a script with pandas, and by DuckDB, which
  reads the files in place. The results have to be equal to the last digit before their times count.

Every step is written down in results.json when it is done, and a later run continues from there. --report prints tables
of what there is and puts them into docs/scaling.md, with plots beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.build_files import KINDS, SHARES, part_name, write_size
from benchmarks.build_measure import run_measured
from benchmarks.build_peers import BUILD_WITH, MARTS, differences
from benchmarks.build_report import report
from loaders.destinations.postgres.connection import SERVER_VARIABLES
from loaders.embedded.programs import find_binaries
from loaders.embedded.server import EmbeddedServer
from loaders.project import find_project

LINES = "source.customer_analytics.shop.transactions"
GROUPS = ("builds", "psql", "changes", "peers")
Costs = dict[str, list[dict[str, Any]]]
Step = tuple[str, Callable[[], Costs]]
# What `select` of dbt means by the marts and all they are made of.
SELECTED = ("--select", *(f"+{mart}" for mart in MARTS))
LEFT_OUT = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


class Size:
    """One size of data: its folder, its server, and what was measured."""

    def __init__(
        self, folder: Path, found: dict[str, Any], size: float, runs: int, shares: tuple[float, ...] = SHARES
    ) -> None:
        """Say where things are; nothing is started yet."""
        self.folder, self.found, self.size, self.runs, self.shares = folder, found, size, runs, shares
        self.server = EmbeddedServer(folder)
        self.root = find_project().root
        self.database = "builds"

    @property
    def environment(self) -> dict[str, str]:
        """The environment that leads programs to the database in use, and to nobody else's."""
        kept = {name: value for name, value in os.environ.items() if name not in {*SERVER_VARIABLES, "PGPASSWORD"}}
        kept.pop("DBT_SCHEMA_PREFIX", None)
        return kept | self.server.environment() | {"PGDATABASE": self.database}

    def steps(self, groups: list[str]) -> Iterator[Step]:
        """List the steps in order: names never change, so a later run knows what is done."""
        runs = range(self.runs)
        if "builds" in groups:
            yield "base", self.load_base
            yield "first build", lambda: self.dbt("first build", "run", "--full-refresh")
            for run in runs:
                for share in self.shares:
                    for kind in KINDS:
                        name = change_name(kind, share)
                        part = part_name(kind, share, run)
                        yield f"{name} {run}", lambda name=name, part=part: self.build_after(name, part)
            for run in runs:
                yield f"nothing new {run}", lambda: self.dbt("nothing new", "run")
            yield "fingerprints", self.keep_fingerprints
            for run in runs:
                yield f"full {run}", lambda: self.dbt("full", "run", "--full-refresh")
            yield "equal", self.compare_with_full
            yield "disk", self.measure_disk
        if "psql" in groups:
            yield "full, one thread", self.record_sql
            for run in runs:
                yield f"psql {run}", self.replay_sql
        if "changes" in groups:
            yield "changes", self.count_changes
        if "peers" in groups:
            for run in runs:
                yield f"peers {run}", self.compare_peers

    def run(self, groups: list[str], save: Callable[[], None]) -> None:
        """Do what is not done yet, and write down each step."""
        for option, given in {"runs": self.runs, "shares": list(self.shares)}.items():
            if (made := self.found.setdefault(option, given)) != given:
                raise SystemExit(f"{self.folder} was made for --{option} {made}; remove it, or give the same.")
        if "lines" not in self.found:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.found["lines"] = write_size(self.folder, self.size, self.runs, self.shares)
            save()
        (self.folder / "profiles.yml").write_text((self.root / "profiles.yml.example").read_text())
        done: list[str] = self.found.setdefault("done", [])
        left = [(name, step) for name, step in self.steps(groups) if name not in done]
        if not left:
            return
        if any(name.startswith("psql") for name, _ in left) and "builds" not in groups and "disk" not in done:
            raise SystemExit("psql measures on the database of the builds: measure these first.")
        self.server.start()
        try:
            self.use("postgres")
            self.measure("parse", *self._dbt("parse"))  # once, so that no step pays for what others find done
            for name, step in left:
                interrupted = self.found.get("begun") == name
                # What was interrupted may be loaded already, so the second try would be no load of new lines.
                spoilt = interrupted and name.startswith(KINDS)
                self.found["begun"] = name
                save()
                self.use("builds")
                if interrupted and name.startswith("psql"):
                    self.dbt("full", "run", "--full-refresh")  # removes what a transaction left behind
                costs = step()
                for cost, values in ({} if spoilt else costs).items():
                    self.found.setdefault("costs", {}).setdefault(cost, []).extend(values)
                done.append(name)
                save()
        finally:
            self.server.stop()

    def measure(self, name: str, *command: str) -> dict[str, Any]:
        """Run a command and return its cost, with what the server spilled into temporary files."""
        spilled = self.query("select temp_bytes from pg_stat_database where datname = current_database()")[0][0]
        self.query("checkpoint")
        pid = self.server.status().pid
        cost = asdict(run_measured(name, list(command), self.environment, self.folder / "output", pid or 0))
        after = self.query("select temp_bytes from pg_stat_database where datname = current_database()")[0][0]
        print(f"{self.size:g} x  {name:28}{cost['seconds']:9.1f} s", file=sys.stderr, flush=True)
        return cost | {"spilled_mb": round(float(after - spilled) / 1e6, 1)}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, or none."""
        found = self.environment
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
        with psycopg.connect(
            **{key: found[name] for key, name in names.items()},  # type: ignore[arg-type]
            autocommit=True,
        ) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def use(self, database: str) -> None:
        """Lead what follows to a database of this name."""
        self.database = database

    def new_database(self, name: str) -> None:
        """Make an empty database of this name and use it."""
        self.use("postgres")
        self.query(f"drop database if exists {name} with (force)")
        self.query(f"create database {name}")
        self.use(name)

    def load(self, name: str, *files: Path) -> dict[str, Any]:
        """Load files with the loader."""
        return self.measure(name, sys.executable, "-m", "loaders.cli", "copy", *map(str, files))

    def dbt(self, name: str, command: str, *arguments: str) -> Costs:
        """Run dbt; the cost has the time of each model's SQL too, as its log tells, and their sum.

        The times of models in run_results.json won't do: with little data they are connections and waiting threads.
        """
        (self.folder / "logs" / "dbt.log").unlink(missing_ok=True)
        cost = self.measure(name, *self._dbt(command), *arguments)
        models: dict[str, float] = {}
        for event in self.events("SQLQueryStatus"):
            model = event["node_info"]["node_name"]
            models[model] = models.get(model, 0) + event["elapsed"]
        return {name: [cost | {"sql_seconds": sum(models.values()), "models": models}]}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what dbt's log of the last run has of one kind of event of models."""
        lines = (self.folder / "logs" / "dbt.log").read_text().splitlines()
        events = (event["data"] for event in map(json.loads, lines) if event["info"]["name"] == name)
        return [event for event in events if "node_info" in event]

    def _dbt(self, command: str) -> list[str]:
        options = ["--project-dir", self.root, "--profiles-dir", self.folder, "--target", "ci"]
        options += ["--target-path", self.folder / "target", "--log-path", self.folder / "logs"]
        options += ["--log-format-file", "json", "--log-level-file", "debug", "--log-file-max-bytes", 2**30]
        return [str(Path(sys.executable).with_name("dbt")), command, *map(str, options)]

    def load_base(self, database: str = "builds") -> Costs:
        """Load all files, with nearly all lines, into a new database."""
        self.new_database(database)
        files = [self.folder / f"{name}.csv" for name in ("customers", "products", "transactions_base")]
        cost = self.load("load", *files, self.folder / "synthetic")
        self.dbt("seed", "seed", "--full-refresh")
        return {"load": [cost]}

    def build_after(self, name: str, part: str) -> Costs:
        """Load some more lines and build."""
        loaded = self.load(f"load {name}", self.folder / f"transactions_{part}.csv")
        return {f"load {name}": [loaded], **self.dbt(name, "run")}

    def keep_fingerprints(self) -> Costs:
        """Keep what the marts are now, to compare them with a full build."""
        self.found["fingerprints"] = self.fingerprints()
        return {}

    def compare_with_full(self) -> Costs:
        """Note the marts that a full build makes otherwise."""
        before, now = self.found["fingerprints"], self.fingerprints()
        self.found["unequal"] = sorted(mart for mart in before.keys() | now.keys() if before.get(mart) != now.get(mart))
        if self.found["unequal"]:
            print(f"A full build makes these otherwise: {', '.join(self.found['unequal'])}", file=sys.stderr)
        return {}

    def fingerprints(self) -> dict[str, str]:
        """Return the number of rows and a sum over hashes of all of them, for each mart that lines lead to.

        The others, which tell of loads and builds, differ from build to build.
        """
        children = json.loads((self.folder / "target" / "manifest.json").read_text())["child_map"]
        reached: set[str] = set()
        following = {LINES}
        while following:
            reached |= following
            following = {child for node in following for child in children[node]} - reached
        models = {node.split(".")[-1] for node in reached if node.startswith("model.")}
        tables = self.query("select tablename from pg_tables where schemaname = 'marts' order by tablename")
        names = [row for row in tables if row[0] in models]
        hashed = "select count(*) || ' ' || coalesce(sum(hashtextextended(mart::text, 0)), 0) from marts.{} as mart"
        return {name: self.query(hashed.format(name))[0][0] for (name,) in names}

    def measure_disk(self) -> Costs:
        """Note the size of the database, its schemas and its largest tables, in MB."""
        tables = self.query("""
            select schemaname, relname, n_live_tup, pg_table_size(relid) / 1e6, pg_indexes_size(relid) / 1e6
            from pg_stat_user_tables order by pg_total_relation_size(relid) desc
        """)
        schemas: dict[str, float] = {}
        for schema, _, _, table, indexes in tables:
            schemas[schema] = round(schemas.get(schema, 0) + float(table + indexes), 1)
        columns = ("schema", "table", "rows", "table_mb", "indexes_mb")
        largest = [
            dict(zip(columns, [*row[:3], *(round(float(size), 1) for size in row[3:])], strict=True))
            for row in tables[:12]
        ]
        total = float(self.query("select pg_database_size(current_database()) / 1e6")[0][0])
        self.found["disk"] = {"total_mb": round(total, 1), "schemas": schemas, "largest": largest}
        return {}

    def record_sql(self) -> Costs:
        """Build with one thread, so that the log has the SQL in an order in which it can be sent again."""
        costs = self.dbt("full, one thread", "run", "--full-refresh", "--threads", "1")
        statements = [event["sql"] for event in self.events("SQLQuery")]
        (self.folder / "full.sql").write_text("".join(f"{statement}\n;\n" for statement in statements))
        return costs

    def replay_sql(self) -> Costs:
        """Send the SQL of a full build by psql."""
        psql = str(find_binaries() / "psql")
        file = str(self.folder / "full.sql")
        return {"psql": [self.measure("psql", psql, "-Xq", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-f", file)]}

    def count_changes(self) -> Costs:
        """Note how many rows each table has after the largest loads, and how many of these it did not have before."""
        self.load_base("changes")
        costs = self.dbt("changes: full", "run", "--full-refresh")
        self.found["changes"] = {}
        listed = "select schemaname, tablename from pg_tables where schemaname in ('intermediate', 'marts')"
        hashed = "select hashtextextended({0}::text, 0) from {1}.{0}"
        share = max(self.shares)
        for kind in KINDS:
            name = change_name(kind, share)
            tables = self.query(listed)
            self.query("drop schema if exists before cascade")
            self.query("create schema before")
            for schema, table in tables:
                self.query(f"create table before.{table} as select * from {schema}.{table}")
            self.build_after(f"changes: {name}", part_name(kind, share, 0))
            self.found["changes"][name] = {
                table: self.query(f"""
                    select (select count(*) from {schema}.{table}), count(*)
                    from ({hashed.format(table, schema)} except all {hashed.format(table, "before")}) as changed
                """)[0]
                for schema, table in tables
            }
        self.use("postgres")
        self.query("drop database changes with (force)")
        return costs

    def compare_peers(self) -> Costs:
        """Make four marts in each way; costs are returned only if all results are equal."""
        self.new_database("peers")
        files = [self.folder / f"{name}.csv" for name in ("customers", "products", "transactions")]
        load = self.load("peers: loader copy", *files)
        costs = {"peers: loader copy": [load], **self.dbt("peers: dbt build", "build", *SELECTED, *LEFT_OUT)}
        ours = self._results_folder("ours")
        for mart in MARTS:
            export_mart(self.environment, mart, ours / f"{mart}.csv")
        for peer in BUILD_WITH:
            results = self._results_folder(peer)
            command = [sys.executable, "-m", "benchmarks.build_peers", peer, str(self.folder), str(results)]
            costs[f"peers: {peer}"] = [self.measure(f"peers: {peer}", *command)]
            if found := differences(ours, results):
                raise SystemExit(f"{peer} makes other results than the marts:\n" + "\n".join(found))
        self.use("postgres")
        self.query("drop database peers with (force)")
        return costs

    def _results_folder(self, name: str) -> Path:
        folder = self.folder / "results" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def change_name(kind: str, share: float) -> str:
    """Return what a load of one kind and share is called in the results."""
    return f"{kind} +{100 * share:g} %"


def export_mart(environment: dict[str, str], mart: str, file: Path) -> None:
    """Write a mart into a CSV file."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    found = {key: environment[name] for key, name in names.items()}
    copy = f"copy (select * from marts.{mart}) to stdout (format csv, header)"
    with psycopg.connect(**found) as connection, file.open("wb") as opened, connection.cursor().copy(copy) as rows:
        for row in rows:
            opened.write(row)


def machine() -> dict[str, Any]:
    """Return what the times were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "memory_gb": round(memory / 1e9), "python": platform.python_version()}


def main() -> None:
    """Measure what is missing, then print tables and which targets are reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="0.1,1,10", help="times the demo's 1,469,307 lines, with commas between")
    parser.add_argument("--runs", type=int, default=3, help="runs of each step, of which the median counts")
    parser.add_argument("--shares", default="0.001,0.01", help="parts of the lines that come later, each in a load")
    parser.add_argument("--only", default=",".join(GROUPS), help="what to measure, with commas between")
    parser.add_argument(
        "--report", action="store_true", help="print, draw and write into docs/ what was measured so far"
    )
    parser.add_argument("--folder", type=Path, default=find_project().root / "data" / "bench-build")
    arguments = parser.parse_args()
    # However it is stopped, also in the background, the step under way is ended and the server stopped.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    groups = arguments.only.split(",")
    if unknown := set(groups) - set(GROUPS):
        parser.error(f"--only takes {', '.join(GROUPS)}, not {', '.join(sorted(unknown))}")
    folder = arguments.folder.resolve()
    file = folder / "results.json"
    found = json.loads(file.read_text()) if file.exists() else {"machine": machine(), "sizes": {}}

    def save() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(found, indent=1))
        partial.replace(file)

    if not arguments.report:
        shares = tuple(map(float, arguments.shares.split(",")))
        for size in map(float, arguments.sizes.split(",")):
            measured = found["sizes"].setdefault(f"{size:g}", {})
            Size(folder / f"{size:g}", measured, size, arguments.runs, shares).run(groups, save)
    report(found, find_project().root / "docs" if arguments.report else None)


if __name__ == "__main__":
    main()
