"""Back up the raw tables and the ledger, and restore them.

What dbt builds is not backed up, because dbt can rebuild it. A restore removes it in the same transaction, because it
describes loads that are no longer there.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from psycopg import sql

from loaders.contract.quoting import identifier
from loaders.contract.tables import LEDGER_SCHEMA, Contract, Table
from loaders.destinations.postgres.connection import Connection, connection_environment
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.embedded.programs import find_tools
from loaders.errors import DatabaseError, FileRefusedError, LoaderError
from loaders.project import Project

BLOCK = 1 << 20


@dataclass(frozen=True)
class Backup:
    """A backup that was made or restored: its size in bytes and the rows of each table in it."""

    file: str
    bytes: int
    rows: dict[str, int]


def back_up(connection: Connection, project: Project, contract: Contract, file: Path, *, replace: bool) -> Backup:
    """Write raw tables and ledger, all as of one moment, to a file in pg_dump's custom format, and read it back once.

    The file appears when it is complete and checked; loads can continue meanwhile.

    Raises:
        FileRefusedError: The file exists already, or can't be written.
        DatabaseError: There is nothing to back up, or pg_dump fails.
    """
    if file.exists() and not replace:
        raise FileRefusedError(f"{file} exists already.", "Use another name, or --replace.")
    if not _exists(connection, contract.table("transactions")):
        raise DatabaseError("There are no raw tables to back up.", "Is it the right database?")
    tools = find_tools(connection.info.server_version // 10_000)
    partial = file.with_name(f".{file.name}.partial")
    try:
        # Only the owner may read customers' data.
        os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    except OSError as error:
        raise FileRefusedError(f"{file} can't be written: {error.strerror}.", "Check the folder.") from error
    try:
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            row = connection.execute("select pg_export_snapshot()").fetchone()
            rows = _count(connection, contract)
            schemas = [f"--schema={name}" for name in _schemas(contract)]
            # Unlogged tables only concern this server, such as how far the marts are built.
            options = ["--format=custom", "--no-unlogged-table-data", f"--snapshot={row and row[0]}", *schemas]
            _run(project, "The backup", tools / "pg_dump", *options, f"--file={partial}")
        _run(project, "The check of the backup", tools / "pg_restore", f"--file={os.devnull}", str(partial))
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return Backup(str(file), file.stat().st_size, rows)


def restore(
    connection: Connection,
    project: Project,
    contract: Contract,
    file: Path,
    *,
    replace: bool,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> Backup:
    """Replace raw tables, ledger and everything dbt made of them by a backup, in one transaction.

    Args:
        connection: Connection in autocommit mode.
        project: The dbt project; tables named after its models and seeds are removed.
        contract: The tables.
        file: The backup.
        replace: Do so even if the database has rows.
        on_bytes: Called with the number of uncompressed bytes restored since the last call.

    Raises:
        FileRefusedError: The file is not a backup.
        LoaderError: The database has rows, or a loader works in it, or PostgreSQL fails; nothing is changed.
    """
    tools = find_tools(connection.info.server_version // 10_000)
    _refuse_other_files(project, tools, file)
    with PostgresLedger(connection).no_loader(contract.copied_tables):
        rows = sum(_count(connection, contract).values())
        if rows and not replace:
            raise LoaderError(
                f"The database has {rows:,} rows in raw tables and ledger.",
                "Restore into an empty database, or use --replace to lose its content.",
            )
        _pour(project, tools, file, _removals(connection, project, contract), connection, on_bytes)
    return Backup(str(file), file.stat().st_size, _count(connection, contract))


def _schemas(contract: Contract) -> list[str]:
    return sorted({LEDGER_SCHEMA, *(table.schema for table in contract.tables)})


def _exists(connection: Connection, table: Table) -> bool:
    name = identifier(table).as_string(connection)
    row = connection.execute("select to_regclass(%s) is not null", (name,)).fetchone()
    return bool(row and row[0])


def _count(connection: Connection, contract: Contract) -> dict[str, int]:
    counts = {}
    for table in contract.tables:
        if _exists(connection, table):
            row = connection.execute(sql.SQL("select count(*) from {}").format(identifier(table))).fetchone()
            counts[table.full_name] = row[0] if row else 0
    return counts


def _run(project: Project, what: str, *command: str | Path) -> str:
    """Run a PostgreSQL program; the connection is in the environment, where other users can't see the password."""
    environment = {**os.environ, **connection_environment(project)}
    result = subprocess.run(
        [*map(str, command)], env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if result.returncode:
        raise DatabaseError(f"{what} failed: {_first_error(result.stderr)}")
    return result.stdout


def _first_error(stderr: str) -> str:
    """Return the first line of a program's output; later ones may contain values of rows."""
    lines = [line for line in stderr.splitlines() if "ERROR:" in line or "error:" in line] or stderr.splitlines()
    return lines[0].strip() if lines else "it said nothing"


def _refuse_other_files(project: Project, tools: Path, file: Path) -> None:
    if not file.is_file():
        raise FileRefusedError(f"There is no file {file}.", "Check the path.")
    try:
        content = _run(project, "Reading it", tools / "pg_restore", "--list", str(file))
    except DatabaseError as error:
        raise FileRefusedError(f"{file} is not a backup: {error.message}", "Use one of `loader backup`.") from error
    if f"TABLE {LEDGER_SCHEMA} loads" not in content:
        raise FileRefusedError(f"{file} is a backup of something else.", "Use a file from `loader backup`.")


def _removals(connection: Connection, project: Project, contract: Contract) -> Iterator[bytes]:
    """Yield the statements that remove what the backup replaces, and what dbt has built of it."""
    for schema in _schemas(contract):
        yield _statement(connection, "drop schema if exists {} cascade;\n", schema)
    folders = (project.root / folder for folder in ("models", "seeds"))
    names = [file.stem for folder in folders for file in folder.rglob("*") if file.suffix in (".sql", ".csv")]
    # With DBT_SCHEMA_PREFIX=ada, dbt builds into ada_staging, ada_intermediate and ada_marts.
    found = connection.execute(
        """
        select schemas.nspname, relations.relname, relations.relkind = 'v'
        from pg_catalog.pg_class as relations
        inner join pg_catalog.pg_namespace as schemas on relations.relnamespace = schemas.oid
        where
            schemas.nspname ~ '^(.*_)?(staging|intermediate|marts)$'
            and relations.relkind in ('r', 'v')
            and relations.relname = any(%s)
        """,
        (names,),
    ).fetchall()
    for schema, name, is_view in found:
        yield _statement(connection, f"drop {'view' if is_view else 'table'} if exists {{}} cascade;\n", schema, name)


def _statement(connection: Connection, text: str, *names: str) -> bytes:
    return sql.SQL(text).format(sql.Identifier(*names)).as_bytes(connection)


def _pour(
    project: Project,
    tools: Path,
    file: Path,
    removals: Iterator[bytes],
    connection: Connection,
    on_bytes: Callable[[int], None],
) -> None:
    """Run removals and backup in one psql transaction; it succeeds only if pg_restore has read the whole file."""
    environment = {**os.environ, **connection_environment(project)}
    reading: list[str | Path] = [tools / "pg_restore", "--no-owner", "--no-acl", "--file=-", file]
    writing: list[str | Path] = [tools / "psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=said, env=environment) as source,
        subprocess.Popen(
            writing, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment
        ) as target,
    ):
        assert source.stdout and target.stdin
        with suppress(BrokenPipeError):  # psql stopped at an error and reported it
            target.stdin.write(b"begin;\n" + b"".join(removals))
            for block in _blocks(source.stdout, connection.info.server_version // 10_000):
                target.stdin.write(block)
                on_bytes(len(block))
            if source.wait() == 0:
                target.stdin.write(b"commit;\n")
            target.stdin.close()
        source.stdout.close()
        if source.wait() | target.wait():
            said.seek(0)
            raise DatabaseError(f"The restore failed, nothing is changed: {_first_error(said.read())}")


def _blocks(script: IO[bytes], server_version: int) -> Iterator[bytes]:
    """Yield pg_restore's script, without a setting that newer programs write and servers before 17 don't know."""
    for line in script:
        if server_version >= 17 or not line.startswith(b"SET transaction_timeout"):
            yield line
        if line.startswith(b"SELECT pg_catalog.set_config"):
            break
    while block := script.read(BLOCK):
        yield block
