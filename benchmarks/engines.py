"""Measure loading and building all marts on PostgreSQL, on DuckDB and by Spark, from the same files, in the same run.

Each size is the demo's households, fewer or several times (`benchmarks/build_files.py`). The engines start from
nothing: `loader copy`, then `dbt build` without tests, --runs times each in turn, so that what else the machine does
falls on all. Spark is one process with all cores, and builds where `make .venv-spark/.done` has installed it. The first
marts of PostgreSQL and DuckDB are compared row by row, as `make test-engines` compares Spark's; a difference ends the
run before any time is printed. With --engines only some are measured, and compared if these two are among them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from benchmarks.build_files import write_size
from benchmarks.build_measure import Cost, run_measured
from loaders.destinations.postgres.connection import SERVER_VARIABLES
from loaders.embedded.server import EmbeddedServer
from loaders.project import find_project

# Where `loader copy` brings the files for each engine.
LOAD_TO = {"postgres": (), "duckdb": ("--to", "duckdb"), "spark": ("--to", "parquet")}
NAMES = {"postgres": "PostgreSQL", "duckdb": "DuckDB", "spark": "Spark (Parquet)"}
TARGETS = {"postgres": "ci", "duckdb": "duckdb", "spark": "spark"}
STEPS = ("load", "build")
LEFT_OUT = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# What tells when and how fast an engine worked, and not what it made of the files.
TIMES = {"_loaded_at", "loaded_at", "started_at", "finished_at", "seconds"}


def tables_of(database: duckdb.DuckDBPyConnection, *schemas: str) -> list[str]:
    """Return the tables and views of some schemas, with their schema."""
    listed = (
        "select table_schema || '.' || table_name from information_schema.tables where table_schema in $1 order by 1"
    )
    return [name for (name,) in database.execute(listed, [schemas]).fetchall()]


def differences(
    environment: Mapping[str, str], database: duckdb.DuckDBPyConnection, table: str
) -> list[tuple[Any, ...]]:
    """Compare every row of a table in PostgreSQL with DuckDB's, but for the times at which they worked.

    Args:
        environment: Variables of libpq.
        database: The file of DuckDB.
        table: Name with its schema.

    Returns:
        The first rows that only one engine has, with its name; or the columns, if they are not the same.
    """
    schema, name = table.split(".")
    ours = connection_of(environment)
    query = "from information_schema.columns where table_schema = '{}' and table_name = '{}' order by ordinal_position"
    types = database.execute(f"select column_name, data_type {query.format(schema, name)}").fetchall()
    names = ours.execute(f"select column_name {query.format(schema, name)}").fetchall()
    if [column for column, _ in types] != [column for (column,) in names]:
        return [("columns", *names), ("columns", *types)]
    kept = {column: kind for column, kind in types if column not in TIMES}
    # Bytes as hexadecimal digits, JSON in one form: each engine writes these in its own way.
    read = {"BLOB": "encode({}, 'hex')"}
    sent = {"BLOB": "lower(hex({}))", "JSON": "one_form({})"}
    from_postgres = ", ".join(
        f"{read.get(kind, '{}').format(quoted(column))} as {quoted(column)}" for column, kind in kept.items()
    )
    from_duckdb = ", ".join(sent.get(kind, "{}").format(quoted(column)) for column, kind in kept.items())
    from_file = ", ".join(
        sent["JSON"].format(quoted(column)) if kind == "JSON" else quoted(column) for column, kind in kept.items()
    )
    kinds = {column: "VARCHAR" if kind in sent else kind for column, kind in kept.items()}
    # With every digit: a number that an engine rounded must not be rounded here for the other one too.
    kinds = {column: "DECIMAL(38, 10)" if kind.startswith("DECIMAL") else kind for column, kind in kinds.items()}
    with tempfile.NamedTemporaryFile(suffix=".csv") as file, ours:
        copy = f"copy (select {from_postgres} from {table}) to stdout (format csv, force_quote *)"
        ours.execute("set timezone = 'UTC'")
        with ours.cursor().copy(copy) as rows:
            for row in rows:
                file.write(row)
        file.flush()
        return database.execute(
            f"""
            with postgres as (
                select {from_file}
                from read_csv(
                    $file, columns = {kinds}, header = false, auto_detect = false, delim = ',', quote = '"',
                    escape = '"', nullstr = '', allow_quoted_nulls = false
                )
            ),
            duckdb as (
                select {from_duckdb} from {table}
            ),
            only_postgres as (
                from postgres except all from duckdb
            ),
            only_duckdb as (
                from duckdb except all from postgres
            )
            (select 'only PostgreSQL', * from only_postgres limit 3)
            union all
            (select 'only DuckDB', * from only_duckdb limit 3)
            """,
            {"file": file.name},
        ).fetchall()


def open_file(file: Path) -> duckdb.DuckDBPyConnection:
    """Open a file of DuckDB to compare it."""
    database = duckdb.connect(file, read_only=True)
    database.execute("set TimeZone = 'UTC'")
    database.create_function("one_form", one_form)
    return database


def one_form(text: str) -> str:
    """Write a JSON value in the one way."""
    return json.dumps(json.loads(text), sort_keys=True)


def quoted(name: str) -> str:
    """Return an identifier of SQL."""
    return f'"{name}"'


def connection_of(environment: Mapping[str, str]) -> psycopg.Connection[Any]:
    """Connect to the database that variables of libpq name."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
    return psycopg.connect(**{key: environment[name] for key, name in names.items()})  # type: ignore[arg-type]


class Size:
    """One size of data on some engines."""

    def __init__(self, folder: Path, size: float, engines: list[str]) -> None:
        """Write the files where they are not there yet."""
        self.folder, self.size, self.engines = folder, size, engines
        self.root = find_project().root
        if not (folder / "synthetic").exists():
            write_size(folder, size)
        self.files = [folder / f"{name}.csv" for name in ("customers", "products", "transactions")] + [
            folder / "synthetic"
        ]
        self.file, self.tables, self.built = folder / "engines.duckdb", folder / "parquet", folder / "spark"
        (folder / "profiles.yml").write_text((self.root / "profiles.yml.example").read_text())
        self.server = EmbeddedServer(folder)

    def measure(self, runs: int) -> dict[str, dict[str, list[Cost]]]:
        """Load and build `runs` times on each engine; return the costs by engine and step.

        Raises:
            SystemExit: The engines make different marts.
        """
        found: dict[str, dict[str, list[Cost]]] = {engine: {step: [] for step in STEPS} for engine in self.engines}
        self.server.start()
        try:
            builders = [engine for engine in self.engines if self._program(engine).exists()]
            for engine in builders:  # once, so that no run pays for reading the project
                self.run(f"{engine} parse", engine, *self._dbt("parse", engine))
            for run in range(runs):
                for engine in self.engines:
                    self.empty(engine)
                    load = (sys.executable, "-m", "loaders.cli", "copy", *map(str, self.files), *LOAD_TO[engine])
                    found[engine]["load"].append(self.run(f"{engine} load", engine, *load))
                    if engine not in builders:
                        continue
                    build = (*self._dbt("build", engine), *LEFT_OUT)
                    found[engine]["build"].append(self.run(f"{engine} build", engine, *build))
                if run == 0 and {"postgres", "duckdb"} <= set(builders):
                    self.compare()
        finally:
            self.server.stop()
        return found

    def empty(self, engine: str) -> None:
        """Take away what an engine has."""
        if engine == "duckdb":
            self.file.unlink(missing_ok=True)
            return
        if engine == "spark":
            for folder in (self.tables, self.built):
                shutil.rmtree(folder, ignore_errors=True)
            return
        with connection_of({**self.environment, "PGDATABASE": "postgres"}) as connection:
            connection.autocommit = True
            connection.execute("drop database if exists engines with (force)")
            connection.execute("create database engines")

    def compare(self) -> None:
        """End the run if the marts are not the same."""
        environment = self.environment
        with open_file(self.file) as database:
            marts = tables_of(database, "marts")
            found = {mart: rows for mart in marts if (rows := differences(environment, database, mart))}
        if found:
            raise SystemExit("\n".join(f"{mart}: {rows}" for mart, rows in found.items()))
        print(f"{self.size:g} x  {len(marts)} marts are equal row by row", file=sys.stderr)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment that leads programs to both engines."""
        kept = {name: value for name, value in os.environ.items() if name not in {*SERVER_VARIABLES, "PGPASSWORD"}}
        places = {"PGDATABASE": "engines", "DUCKDB_PATH": str(self.file), "PARQUET_PATH": str(self.tables)}
        places |= {"SPARK_FOLDER": str(self.built), "SPARK_LOCAL_IP": "127.0.0.1"}
        return kept | self.server.environment() | places

    def run(self, name: str, engine: str, *command: str) -> Cost:
        """Run a command and return its cost."""
        server = (self.server.status().pid if engine == "postgres" else None) or 0
        cost = run_measured(name, list(command), self.environment, self.folder / "output", server)
        print(
            f"{self.size:g} x  {name:20}{cost.seconds:9.1f} s{cost.cpu_seconds:9.1f} s of CPU",
            file=sys.stderr,
            flush=True,
        )
        return cost

    def _dbt(self, command: str, engine: str) -> list[str]:
        options = ["--project-dir", self.root, "--profiles-dir", self.folder]
        options += ["--target", TARGETS[engine]]
        options += ["--target-path", self.folder / "target" / engine, "--log-path", self.folder / "logs"]
        return [str(self._program(engine)), command, *map(str, options)]

    def _program(self, engine: str) -> Path:
        return self.root / ".venv-spark" / "bin" / "dbt" if engine == "spark" else Path(sys.executable).with_name("dbt")


# Memory is the most of the client and the server together, which may not have been at one time.
COSTS: dict[str, Callable[[Cost], float]] = {
    "seconds": lambda cost: cost.seconds,
    "CPU seconds": lambda cost: cost.cpu_seconds,
    "MB": lambda cost: cost.client_mb + cost.server_mb,
}


def report(found: dict[float, dict[str, dict[str, list[Cost]]]]) -> None:
    """Print medians, with the least and the most, and each engine's part of the first one's cost."""
    engines = list(next(iter(found.values())))
    grid = Grid(box=box.SIMPLE_HEAD)
    for column in ("size", "step", "of", *(NAMES[engine] for engine in engines)):
        grid.add_column(column, justify="right")
    for size, measured in found.items():
        for step in STEPS:
            for label, cost in COSTS.items():
                costs = [[cost(each) for each in measured[engine][step]] for engine in engines]
                cells = [_cell(each, costs[0]) for each in costs]
                grid.add_row(f"{size:g} x", step, label, *cells)
    Console().print(grid)


def _cell(costs: list[float], first: list[float]) -> str:
    if not costs:
        return ""
    middle = statistics.median(costs)
    ratio = f" = {middle / statistics.median(first):.2f} x" if first and costs is not first else ""
    return f"{middle:,.1f} ({min(costs):,.1f}-{max(costs):,.1f}){ratio}"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,10", help="times the demo's 1,469,307 lines, with commas between")
    parser.add_argument("--engines", default=",".join(NAMES), help="what to measure, with commas between")
    parser.add_argument("--runs", type=int, default=3, help="runs of each step, of which the median counts")
    parser.add_argument("--folder", type=Path, default=find_project().root / "data" / "bench-engines")
    arguments = parser.parse_args()
    sizes = [float(size) for size in arguments.sizes.split(",")]
    engines = arguments.engines.split(",")
    if unknown := set(engines) - set(NAMES):
        parser.error(f"--engines takes {', '.join(NAMES)}, not {', '.join(sorted(unknown))}")
    folder = arguments.folder.resolve()
    report({size: Size(folder / f"{size:g}", size, engines).measure(arguments.runs) for size in sizes})


if __name__ == "__main__":
    main()
