"""What breaks in the middle of a load: the file is wholly in or not at all, and the next run says so and works."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.copy import copy_file
from loaders.destinations.postgres.destination import Postgres
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.embedded.server import EmbeddedServer
from loaders.errors import DatabaseError, LoaderError
from loaders.project import Project
from loaders.reading.options import Options
from loaders.reading.workspace import remove_dead_folders, working_folder
from tests.conftest import ANY_AMOUNT, Loader

KILLS = int(os.environ.get("LOADER_TEST_KILLS", "6"))
# Of a load that is killed at a random moment, and of one that the server stops in the middle.
ROWS, STUCK_ROWS = 100_000, 20_000
TOTALS = "select count(*), count(distinct transaction_id), sum(amount) from raw.transactions"

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes a second or two to load; two of its rows are rejected."""
    return write_rows(tmp_path_factory.mktemp("large") / "transactions.csv", ROWS, amount=3)


def write_rows(file: Path, rows: int, amount: int) -> Path:
    """Write a file of transactions with keys, and two rows that break the contract."""
    with file.open("w") as out:
        out.write("transaction_id,customer_id,amount,date,colour\n")
        out.writelines(f"{i},c{i % 1000},{amount},2017-01-{i % 28 + 1:02},green\n" for i in range(rows))
        out.write("x1,c1,much,2017-01-01,red\nx2,c1,5,2017-02-30,red\n")
    return file


def wait_until(connection: Connection, query: str, seconds: float = 30) -> None:
    """Wait until a query says true."""
    deadline = time.monotonic() + seconds
    while not connection.execute(query).fetchone()[0]:  # type: ignore[index]
        assert time.monotonic() < deadline, f"never true: {query}"
        time.sleep(0.01)


def working_folders(project: Path) -> list[Path]:
    return list((project / "target" / "loader").glob("copy-*"))


NO_LOADER = """
    select not exists (
        select from pg_stat_activity where application_name = 'loader' and pid <> pg_backend_pid()
            and datname = current_database()
    )
"""


@pytest.mark.slow
@pytest.mark.parametrize("existing", [False, True], ids=["empty table", "filled table"])
def test_kills_at_random_moments(
    existing: bool,
    spawn: Callable[..., subprocess.Popen[str]],
    loader: Loader,
    connection: Connection,
    own_project: Path,
    large_file: Path,
    tmp_path: Path,
) -> None:
    older = write_rows(tmp_path / "transactions_older.csv", ROWS // 2, amount=2) if existing else None

    def reset() -> tuple[Any, ...]:
        connection.execute("truncate raw.transactions; truncate loader.loads, loader.rejected_rows")
        if older:
            assert loader("copy", older).exit_code == 3
        return connection.execute(TOTALS).fetchone() or ()

    reset()
    begun = time.monotonic()
    whole = spawn("copy", large_file)
    assert whole.wait() == 3, whole.communicate()
    seconds = time.monotonic() - begun
    after = (ROWS, ROWS, 3 * ROWS)
    assert connection.execute(TOTALS).fetchone() == after

    kills = (KILLS + (not existing)) // 2
    rng = random.Random(2017)
    outcomes = []
    for number in range(kills):
        before = reset()
        process = spawn("copy", large_file)
        # Delays are in equal slices of the run, so that few kills hit all of its phases too.
        time.sleep(seconds * (number + rng.random()) / kills)
        process.kill()
        process.communicate()
        wait_until(connection, NO_LOADER)
        state = connection.execute("select status from loader.loads order by load_id desc limit 1").fetchone()
        status = state[0] if state and state[0] in ("running", "loaded") and not _is_older(connection) else "none"
        outcomes.append(status)
        found = connection.execute(TOTALS).fetchone()
        assert found == (after if status == "loaded" else before), f"after kill {number}, ledger says {status}"

        result = loader("copy", large_file, "--json")
        assert result.exit_code == (0 if status == "loaded" else 3), result.output
        assert connection.execute(TOTALS).fetchone() == after
        assert ("broke off" in result.stderr) == (status == "running")
        [said] = json.loads(result.stdout)
        counted = sum(said[f"rows_{kind}"] for kind in ("inserted", "updated", "unchanged", "rejected"))
        assert said["rows_read"] == counted == (0 if status == "loaded" else ROWS + 2)
        statuses = [row.status for row in PostgresLedger(connection).read_loads()]
        assert statuses == ["loaded"] + ["failed"] * (status == "running") + ["loaded"] * existing
        assert connection.execute("select count(*) from loader.rejected_rows").fetchone() == (2 + 2 * existing,)
        assert working_folders(own_project) == []
    print(f"{kills} kills in {seconds:.1f} s: {outcomes}")
    assert "running" in outcomes, "no kill hit a load; the delays are off"


def _is_older(connection: Connection) -> bool:
    """Tell whether the newest load is still the one that filled the table before."""
    row = connection.execute("select file_name from loader.loads order by load_id desc limit 1").fetchone()
    return bool(row and row[0] == "transactions_older.csv")


# --- faults in the very middle of a copy -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stuck_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("stuck") / "transactions.csv", STUCK_ROWS, amount=3)


@pytest.fixture
def halfway(connection: Connection) -> str:
    """Make the server sleep in the middle of the copy of `stuck_file`; return a query that says when it does."""
    connection.execute(
        f"""
        create function public.sleep() returns trigger language plpgsql as $$
        begin perform pg_sleep(60); return new; end $$;
        create trigger halfway before insert on raw.transactions for each row when (new._line = {STUCK_ROWS // 2})
            execute function public.sleep();
        """
    )
    return """
        select exists (
            select from pg_stat_activity
            where wait_event = 'PgSleep' and application_name = 'loader' and datname = current_database()
        )
    """


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end of a process; return its exit code and all that it said."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return process.returncode, out + err


def test_the_connection_is_cut(
    spawn: Callable[..., subprocess.Popen[str]], loader: Loader, connection: Connection, halfway: str, stuck_file: Path
) -> None:
    process = spawn("copy", stuck_file)
    wait_until(connection, halfway)
    connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'")
    code, said = finish(process)
    assert code == 1
    assert "broke off" in said
    assert "No row was loaded" in said
    check_broken(loader, connection, stuck_file)


def test_killed_in_the_middle_of_the_copy(
    spawn: Callable[..., subprocess.Popen[str]],
    loader: Loader,
    connection: Connection,
    halfway: str,
    own_project: Path,
    stuck_file: Path,
) -> None:
    process = spawn("copy", stuck_file)
    wait_until(connection, halfway)
    assert len(working_folders(own_project)) == 1
    process.kill()
    process.communicate()
    assert len(working_folders(own_project)) == 1
    # The server notices in a second that its client is gone, though it sleeps: the next loader does not wait for it.
    begun = time.monotonic()
    check_broken(loader, connection, stuck_file)
    assert time.monotonic() - begun < 20
    assert working_folders(own_project) == []


def check_broken(loader: Loader, connection: Connection, file: Path) -> None:
    """Check that nothing is in, and that the next run reports the broken load and works."""
    assert connection.execute(TOTALS).fetchone() == (0, 0, None)
    assert connection.execute("select status, finished_at from loader.loads").fetchall() == [("running", None)]
    connection.execute("drop trigger halfway on raw.transactions")
    result = loader("copy", file, "--json")
    assert result.exit_code == 3, result.output
    assert "Load 1 (transactions.csv) broke off" in result.stderr
    assert "marked as failed" in json.loads(result.stdout)[0]["notes"][0]
    assert connection.execute(TOTALS).fetchone() == (STUCK_ROWS, STUCK_ROWS, 3 * STUCK_ROWS)
    assert [(load.status, load.finished_at is None) for load in PostgresLedger(connection).read_loads()] == [
        ("loaded", False),
        ("failed", False),
    ]


def test_a_broken_load_of_another_table_is_told_too(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    connection.execute(
        "insert into loader.loads (table_name, file_name, status, started_at) "
        "values ('raw.products', 'products.csv', 'running', now())"
    )
    file = write_rows(tmp_path / "transactions.csv", 1000, amount=1)
    assert "Load 1 (products.csv) broke off" in loader("copy", file).stderr
    assert [load.status for load in PostgresLedger(connection).read_loads()] == ["loaded", "failed"]


@pytest.mark.parametrize("moment", ["reading", "copying"])
def test_interrupted_by_the_user(
    moment: str,
    spawn: Callable[..., subprocess.Popen[str]],
    loader: Loader,
    connection: Connection,
    halfway: str,
    own_project: Path,
    stuck_file: Path,
) -> None:
    process = spawn("copy", stuck_file)
    wait_until(connection, halfway if moment == "copying" else "select exists (select from loader.loads)")
    process.send_signal(signal.SIGINT)
    code, said = finish(process)
    assert code == 130, said
    assert "Interrupted" in said
    assert connection.execute("select status, error from loader.loads").fetchall() == [("failed", "interrupted")]
    assert connection.execute(TOTALS).fetchone() == (0, 0, None)
    assert working_folders(own_project) == []
    connection.execute("drop trigger halfway on raw.transactions")
    assert loader("copy", stuck_file).exit_code == 3


@pytest.fixture
def cramped_server(tmp_path: Path) -> Iterator[Connection]:
    """A server for which the kernel refuses to make a file longer than 17 MB, one more than PostgreSQL's log takes."""
    server = EmbeddedServer(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (17 << 20, hard))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    found = server.environment()
    with psycopg.connect(
        host=found["PGHOST"], port=found["PGPORT"], user=found["PGUSER"], dbname=found["PGDATABASE"], autocommit=True
    ) as opened:
        yield opened
    server.stop()


def test_the_server_has_no_room(
    cramped_server: Connection, project: Project, contract: Contract, tmp_path: Path
) -> None:
    Postgres(cramped_server).init_schema(contract)
    table = contract.table("transactions")
    small, large = (tmp_path / f"transactions_{size}.csv" for size in ("small", "large"))
    for file, rows in ((small, 1_000), (large, ROWS)):
        with file.open("w") as out:
            out.write("id,customer_id,amount,date,note\n")
            out.writelines(f"{file.stem}{i},c,1,2017-01-01,{'x' * 200}\n" for i in range(rows))
    for before in (0, 1_000):  # into the empty table, and into one with rows
        with pytest.raises(DatabaseError, match=r"could not (extend|write).*No row was loaded"):
            copy_file(Postgres(cramped_server), project, table, large, Options())
        assert cramped_server.execute(TOTALS).fetchone() == (before, before, before or None)
        assert PostgresLedger(cramped_server).read_loads()[0].status == "failed"
        if not before:
            assert copy_file(Postgres(cramped_server), project, table, small, Options()).rows_inserted == 1_000


def test_a_full_disk_is_named(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    fail_on_insert(connection, "could not extend file: No space left on device", "53100")
    result = loader(
        "copy", write_rows(tmp_path / "transactions.csv", 10, amount=1), "--max-rejects", "50%", *ANY_AMOUNT
    )
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert "Free space on the disk of the database server" in result.stderr


def fail_on_insert(connection: Connection, message: str, code: str) -> None:
    """Make the server fail when a row comes."""
    connection.execute(
        f"""
        create function public.fail() returns trigger language plpgsql as $$
        begin
            raise exception using message = '{message}' || ' ' || new.customer_id, errcode = '{code}',
                detail = 'Failing row contains ' || new.customer_id;
        end $$;
        create trigger fail before insert on raw.transactions for each row execute function public.fail();
        """
    )


# --- two loaders -----------------------------------------------------------------------------------------------------


def test_a_second_loader_waits(
    spawn: Callable[..., subprocess.Popen[str]], connection: Connection, halfway: str, stuck_file: Path, tmp_path: Path
) -> None:
    first = spawn("copy", stuck_file)
    wait_until(connection, halfway)
    second = spawn("copy", write_rows(tmp_path / "transactions_2.csv", STUCK_ROWS + 10, amount=4))
    wait_until(
        connection,
        "select exists (select from pg_locks where locktype = 'advisory' and not granted)",
    )
    assert second.poll() is None
    connection.execute("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'")
    assert finish(first)[0] == 1
    wait_until(connection, halfway)  # its own turn to be stuck: it began only now
    assert connection.execute("select status from loader.loads order by load_id").fetchall() == [
        ("failed",),
        ("running",),
    ]
    second.send_signal(signal.SIGINT)
    code, said = finish(second)
    assert code == 130
    assert "Another loader is loading into raw.transactions. Waiting" in said


def test_no_wait_fails_at_once(loader: Loader, connection: Connection, contract: Contract, tmp_path: Path) -> None:
    PostgresLedger(connection).lock(contract.table("transactions"), wait=True)
    result = loader("copy", write_rows(tmp_path / "transactions.csv", 10, amount=1), "--no-wait")
    assert result.exit_code == 1
    assert "Another loader is loading into raw.transactions." in result.stderr
    assert PostgresLedger(connection).read_loads() == []


def test_loaders_of_different_tables_do_not_wait(
    loader: Loader, connection: Connection, contract: Contract, tmp_path: Path
) -> None:
    PostgresLedger(connection).lock(contract.table("products"), wait=True)
    assert (
        loader("copy", write_rows(tmp_path / "transactions.csv", 100, amount=1), "--no-wait", *ANY_AMOUNT).exit_code
        == 3
    )


# --- what is left behind, and what is said ---------------------------------------------------------------------------


def test_only_the_folders_of_dead_runs_are_removed(tmp_path: Path) -> None:
    project = Project(tmp_path, {})
    dead = tmp_path / "target" / "loader" / "copy-dead"
    dead.mkdir(parents=True)
    (dead / "spool.csv").write_text("x")
    other = dead.with_name("other")
    other.mkdir()
    with working_folder(project) as alive:
        remove_dead_folders(project)
        assert alive.exists()
        assert not dead.exists()
    assert list(other.parent.iterdir()) == [other]


def test_a_skipped_file_cleans_up_too(loader: Loader, own_project: Path, tmp_path: Path) -> None:
    """Killed after its rows were in, a run leaves its folder, and the next one finds nothing to load."""
    file = write_rows(tmp_path / "transactions.csv", 1000, amount=1)
    assert loader("copy", file).exit_code == 3
    (own_project / "target" / "loader" / "copy-dead").mkdir()
    assert loader("copy", file).exit_code == 0
    assert working_folders(own_project) == []


def test_a_full_disk_of_the_loader(tmp_path: Path) -> None:
    said = "Working files can't be written: No space left on device"
    with pytest.raises(LoaderError, match=said) as caught, working_folder(Project(tmp_path, {})):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert "Free space" in caught.value.hint


SECRET = "0123-secret-4567"


@pytest.mark.parametrize(
    ("code", "shown"), [("22P02", "invalid text representation"), ("23514", "check violation"), ("53200", None)]
)
def test_errors_of_the_database_hold_no_values(
    code: str, shown: str | None, loader: Loader, connection: Connection, server: EmbeddedServer, tmp_path: Path
) -> None:
    """PostgreSQL puts values of the row into details and context, and some into the message."""
    fail_on_insert(connection, "invalid input", code) if shown else connection.execute(
        "alter table raw.transactions add constraint small check (amount < 1)"
    )
    file = tmp_path / "transactions.csv"
    file.write_text(f"transaction_id,customer_id,amount,date\n1,{SECRET},5,2017-01-01\n")
    result = loader("copy", file)
    assert result.exit_code == 1
    assert (shown or "check violation") in result.stderr
    [load] = PostgresLedger(connection).read_loads()
    assert load.status == "failed"
    assert SECRET not in f"{result.output}{load}"


def test_nothing_secret_in_the_list_of_processes(
    spawn: Callable[..., subprocess.Popen[str]],
    connection: Connection,
    halfway: str,
    stuck_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    process = spawn("copy", stuck_file)
    wait_until(connection, halfway)
    shown = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    assert b"loaders.cli" in shown
    assert SECRET.encode() not in shown
    assert connection.execute(
        "select count(*) from pg_stat_activity where query like '%%green%%' and pid <> pg_backend_pid()"
    ).fetchone() == (0,)
    process.send_signal(signal.SIGINT)
    assert SECRET not in finish(process)[1]
