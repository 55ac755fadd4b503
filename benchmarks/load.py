r"""Compare `loader copy` with `psql \copy`, the limit, and with other ways to load a CSV file (`make bench`).

One run measures all of them on one server of its own, in turns, on the transactions of the demo (1,469,307 rows).
`\copy` gets the rows as the loader delivers them, keys included, and puts them into the same table with the same key.
The others put the file as it is into a table of their own, without a key, checks, a ledger or a second chance. Each
way is a process of its own, so its start counts too. Rows and the sum of the amounts are checked before a time counts.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from loaders.contract.sources_yml import read_contract
from loaders.demo.files import write_files
from loaders.destinations.postgres.destination import Postgres
from loaders.embedded.programs import find_binaries
from loaders.embedded.server import EmbeddedServer
from loaders.project import find_project

LIMIT = "psql \\copy"
LOADER = ("loader, empty table", "loader, all unchanged", "loader, all updated")
PEERS = ("dlt", "dlt-arrow", "to_sql", "csvsql")
# csvsql takes half an hour for all rows, as it sends them one by one: it gets so many, and its time counts for all.
FEWER_ROWS = {"csvsql": 20_000}
# Most that a way may take of another one's time.
TARGETS = [
    (LOADER[0], LIMIT, 1.5),
    (LOADER[1], LIMIT, 2),
    (LOADER[2], LIMIT, 3),
    (LOADER[0], "dlt", 1 / 3),
    (LOADER[0], "to_sql", 1 / 10),
    (LOADER[0], "csvsql", 1 / 10),
]
MOST_MEMORY = 500
CHECK = "select count(*), sum(amount) from raw.transactions"
COLUMNS = "_load_id, _line, transaction_id, order_id, customer_id, product_id, quantity, amount, transacted_at, _extra"


@dataclass
class Measured:
    """Times in seconds and the most memory in MB of one way."""

    seconds: list[float] = field(default_factory=list)
    memory: float = 0.0

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(self.seconds)


class Bench:
    """A server, the file, and what was measured."""

    def __init__(self, server: EmbeddedServer, file: Path, folder: Path) -> None:
        """Make the tables and find out what has to come out."""
        self.file, self.folder = file, folder
        connected = server.environment(tcp=True)  # as some of the others can't use a socket
        self.environment = {**os.environ, **connected, "DLT_DATA_DIR": str(folder / "dlt")}
        self.psql = str(find_binaries() / "psql")
        self.measured: dict[str, Measured] = {}
        os.environ.update(connected)
        self.connection = psycopg.connect(autocommit=True)
        Postgres(self.connection).init_schema(read_contract(find_project()))
        self.connection.execute("create schema peers")
        self.expected = totals(file)

    def measure(
        self,
        name: str,
        command: list[str],
        check: str = CHECK,
        expected: tuple[Any, ...] = (),
        scale: float = 1.0,
    ) -> None:
        """Run a command, keep its time and memory, and check what is in the table then."""
        self.connection.execute("checkpoint")
        begun = time.perf_counter()
        with (self.folder / "output").open("w+") as output:
            process = subprocess.Popen(
                command, env=self.environment, stdout=output, stderr=subprocess.STDOUT, cwd=find_project().root
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - begun
            output.seek(0)
            if process.returncode:
                raise SystemExit(f"{name} failed:\n{output.read()[-2000:]}")
        found = self.connection.execute(check).fetchone()
        if found != (expected or self.expected):
            raise SystemExit(f"{name}: rows and sum are {found}, should be {expected or self.expected}")
        measured = self.measured.setdefault(name, Measured())
        measured.seconds.append(seconds * scale)
        measured.memory = max(measured.memory, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))
        print(f"{name:24}{seconds * scale:8.1f} s", file=sys.stderr, flush=True)

    def copy(self, source: str, target: str) -> list[str]:
        """Return psql's command to copy between a file and a table."""
        return [self.psql, "-Xqc", f"\\copy {source} {target} (format csv)"]

    def loader(self) -> list[str]:
        """Return the loader's command."""
        return [sys.executable, "-m", "loaders.cli", "copy", str(self.file), "--force"]

    def loaded(self, **kind: int) -> None:
        """Check that the last load says of all rows that they were inserted, updated or unchanged."""
        [(name, count)] = kind.items()
        row = self.connection.execute(f"select rows_{name} from loader.loads order by load_id desc limit 1").fetchone()
        if row != (count,):
            raise SystemExit(f"The loader counted {row} rows as {name}, should be {count}.")

    def prepare(self) -> None:
        """Write the rows as the loader delivers them, and an older version of each, for psql."""
        subprocess.run(self.loader(), env=self.environment, stdout=subprocess.DEVNULL, check=True)
        for name, amount in (("rows", "amount"), ("older", "amount - 1")):
            query = f"(select {COLUMNS.replace('amount', amount)} from raw.transactions order by _line)"
            subprocess.run(self.copy(query, f"to '{self.folder / name}.csv'"), env=self.environment, check=True)

    def round(self) -> None:
        """Measure psql and the loader once each."""
        rows = self.expected[0]
        self.connection.execute("truncate raw.transactions")
        self.measure(LIMIT, self.copy(f"raw.transactions ({COLUMNS})", f"from '{self.folder}/rows.csv'"))
        self.connection.execute("truncate raw.transactions")
        self.measure(LOADER[0], self.loader())
        self.loaded(inserted=rows)
        self.connection.execute("vacuum analyze raw.transactions")
        self.measure(LOADER[1], self.loader())
        self.loaded(unchanged=rows)
        self.connection.execute("truncate raw.transactions")
        older = self.copy(f"raw.transactions ({COLUMNS})", f"from '{self.folder}/older.csv'")
        subprocess.run(older, env=self.environment, check=True)
        self.connection.execute("vacuum analyze raw.transactions")
        self.measure(LOADER[2], self.loader())
        self.loaded(updated=rows)

    def peer(self, name: str) -> None:
        """Measure one of the others; some get only a part of the file, and their time is scaled up."""
        table = name.replace("-", "_")
        file, expected, scale = self.file, self.expected, 1.0
        if name in FEWER_ROWS and FEWER_ROWS[name] < self.expected[0]:
            file = self.folder / self.file.name
            with self.file.open("rb") as source:
                file.write_bytes(b"".join(itertools.islice(source, FEWER_ROWS[name] + 1)))
            expected = totals(file)
            scale = self.expected[0] / expected[0]
        self.connection.execute(f"drop table if exists peers.{table}")
        command = [sys.executable, __file__, "--load-with", name, str(file)]
        check = f"select count(*), sum(sales_value)::numeric(18, 2) from peers.{table}"
        self.measure(name, command, check, expected, scale)

    def report(self) -> None:
        """Print the table and which targets are reached."""
        limit = self.measured[LIMIT].median
        print(f"\n{self.expected[0]:,} rows, {self.file.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} cores\n")
        print(f"{'':24}{'runs':>6}{'median':>10}{'fastest':>10}{'slowest':>10}{'of psql':>10}{'peak MB':>10}")
        for name, found in self.measured.items():
            times = f"{found.median:9.1f}s{min(found.seconds):9.1f}s{max(found.seconds):9.1f}s"
            print(f"{name:24}{len(found.seconds):>6}{times}{found.median / limit:9.2f}x{found.memory:>10.0f}")
        for name in FEWER_ROWS.keys() & self.measured.keys():
            print(f"\n{name} was given {FEWER_ROWS[name]:,} rows; its time is scaled up to all of them.")
        print()
        for name, other, most in TARGETS:
            if {name, other} <= set(self.measured):
                ratio = self.measured[name].median / self.measured[other].median
                goal = f"at most {most:g} x" if most > 1 else f"at least {1 / most:.0f} x faster"
                shown = f"{ratio:.2f} x" if most > 1 else f"{1 / ratio:.1f} x faster"
                verdict = "reached" if ratio <= most else "MISSED"
                print(f"{name} against {other}: {goal} is wanted; {shown}: {verdict}")
        memory = max(self.measured[name].memory for name in LOADER)
        print(
            f"memory of the loader: under {MOST_MEMORY} MB is wanted; {memory:.0f} MB: "
            f"{'reached' if memory < MOST_MEMORY else 'MISSED'}"
        )


def totals(file: Path) -> tuple[Any, ...]:
    """Return the number of rows and the sum of the amounts, read by another program than those measured."""
    query = "select count(*), sum(cast(sales_value as decimal(18, 2))) from read_csv($1, all_varchar = true)"
    with duckdb.connect() as reader:
        return reader.execute(query, [str(file)]).fetchone() or ()


def url() -> str:
    """Return the server as an URL of SQLAlchemy; the password is in the environment, where libpq finds it."""
    found = os.environ
    return f"postgresql+psycopg2://{found['PGUSER']}@{found['PGHOST']}:{found['PGPORT']}/{found['PGDATABASE']}"


def load_with_to_sql(file: Path) -> None:
    """Load with pandas, in chunks, as its guide shows."""
    import pandas
    import sqlalchemy

    engine = sqlalchemy.create_engine(url())
    for chunk in pandas.read_csv(file, chunksize=100_000, parse_dates=["transaction_timestamp"]):
        chunk.to_sql("to_sql", engine, schema="peers", if_exists="append", index=False)


def load_with_csvsql(file: Path) -> None:
    """Load with csvkit as its tutorial shows."""
    command = [str(Path(sys.executable).with_name("csvsql")), "--db", url(), "--db-schema", "peers", "--insert"]
    subprocess.run(
        [*command, "--tables", "csvsql", "--snifflimit", "0", "--chunk-size", "10000", str(file)], check=True
    )


def load_with_dlt(file: Path, arrow: bool = False) -> None:
    """Load with dlt by its file format CSV: from its own reader of CSV files, or from Arrow tables."""
    import dlt

    def tables() -> Iterator[Any]:
        import pyarrow.csv

        for batch in pyarrow.csv.open_csv(file, read_options=pyarrow.csv.ReadOptions(block_size=1 << 23)):
            yield pyarrow.Table.from_batches([batch])

    from dlt.sources.filesystem import filesystem, read_csv

    files = filesystem(bucket_url=file.parent.as_uri(), file_glob=file.name) | read_csv(chunksize=100_000)
    source: Any = tables() if arrow else files
    name = "dlt_arrow" if arrow else "dlt"
    credentials = url().replace("+psycopg2", "").replace("@", f":{os.environ['PGPASSWORD']}@")
    pipeline = dlt.pipeline(
        pipeline_name=name, destination=dlt.destinations.postgres(credentials), dataset_name="peers"
    )
    pipeline.run(source, table_name=name, write_disposition="append", loader_file_format="csv")


LOAD_WITH: Mapping[str, Callable[[Path], None]] = {
    "dlt": load_with_dlt,
    "dlt-arrow": lambda file: load_with_dlt(file, arrow=True),
    "to_sql": load_with_to_sql,
    "csvsql": load_with_csvsql,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of \\copy and the loader")
    parser.add_argument("--peer-runs", type=int, default=1, help="runs of the others, which take minutes")
    parser.add_argument("--peers", default=",".join(PEERS), help="the others to measure, with commas between")
    parser.add_argument("--load-with", choices=LOAD_WITH, help=argparse.SUPPRESS)
    parser.add_argument("file", nargs="?", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.load_with:
        LOAD_WITH[arguments.load_with](arguments.file)
        return
    file = write_files(find_project().root / "data" / "demo")[2]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        # The server of a bench run by root belongs to another user, who has to reach the files.
        folder = Path(name)
        folder.chmod(0o755)
        server = EmbeddedServer(folder)
        server.start(tcp=True)
        try:
            bench = Bench(server, file, folder)
            bench.prepare()
            for _ in range(arguments.runs):
                bench.round()
            for _ in range(arguments.peer_runs):
                for peer in filter(None, arguments.peers.split(",")):
                    bench.peer(peer)
            bench.connection.close()
            bench.report()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
