"""`loader export audience NAME --changes`: nobody twice, nobody lost, whatever moment a kill hits."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.errors import LoaderError
from loaders.operations.exports import audiences
from loaders.operations.exports.audiences import AudienceExport, export_audience
from loaders.project import Project, find_project
from tests.conftest import Loader

Connection = psycopg.Connection[Any]
Spawn = Callable[..., subprocess.Popen[str]]
KILLS = int(os.environ.get("LOADER_TEST_KILLS", "5"))
NAME = "late_champions"
MARTS = """
    create schema marts;
    create schema intermediate;
    create table marts.metrics_summary (as_of_date date);
    insert into marts.metrics_summary values ('2025-01-31');
    create table marts.customer_profiles (customer_id text primary key, email text, customer_name text);
    insert into marts.customer_profiles select 'c' || number, 'c' || number || '@example.com', '=cmd()'
        from generate_series(1, 200) as number;
    create table marts.audience_members (
        audience text, customer_id text, entered_on date, reason text, assignment text, hold_out_share numeric(9, 6),
        primary key (audience, customer_id)
    );
    create table refusals (customer_id text primary key);
    create view intermediate.int_contact_refusals as select customer_id from refusals;
"""


class Killed(BaseException):
    """What a kill leaves behind, without killing the test."""


@pytest.fixture
def marts(connection: Connection, own_project: Path) -> Connection:
    """A database with the ledger, and the few marts that are read, made by hand."""
    audience = own_project / "models" / "marts" / "audiences" / f"{NAME}.sql"
    audience.parent.mkdir(parents=True)
    audience.touch()
    connection.execute(MARTS)
    return connection


@pytest.fixture
def run(marts: Connection, tmp_path: Path) -> Callable[[], list[AudienceExport]]:
    return lambda: export_audience(marts, find_project(), NAME, tmp_path / "to")


def set_members(connection: Connection, **assignments: str) -> None:
    """Build the mart again with these members of the audience."""
    with connection.transaction():
        connection.execute("delete from marts.audience_members")
        connection.cursor().executemany(
            "insert into marts.audience_members values (%s, %s, '2025-01-30', 'Has not bought.', %s, 0.1)",
            [(NAME, customer, assignment) for customer, assignment in assignments.items()],
        )


def count(connection: Connection, query: str) -> int:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def read(file: Path) -> list[tuple[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return [(row["change"], row["customer_id"]) for row in csv.DictReader(opened)]


def test_who_entered_and_left_is_written_once(
    run: Callable[[], list[AudienceExport]], marts: Connection, tmp_path: Path
) -> None:
    set_members(marts, c1="treated", c2="treated", c3="hold-out")
    assert run() == [AudienceExport(1, NAME, f"{NAME}_000001.csv", 2, 0, False)]
    assert (tmp_path / "to" / f"{NAME}_000001.csv").read_text().splitlines()[:2] == [
        "export_id,audience,change,customer_id,email,customer_name,entered_on,reason",
        f"1,{NAME},entered,c1,c1@example.com,'=cmd(),2025-01-30,Has not bought.",
    ]
    assert run() == []
    set_members(marts, c2="treated", c4="treated")
    [second] = run()
    assert read(tmp_path / "to" / second.file) == [("entered", "c4"), ("left", "c1")]
    set_members(marts, c1="treated", c2="treated", c4="treated")
    [third] = run()
    assert read(tmp_path / "to" / third.file) == [("entered", "c1")]
    assert run() == []
    modes = {file.stat().st_mode & 0o777 for file in (tmp_path / "to").iterdir()}
    assert modes == {0o600}


def test_refusals_and_hold_outs_are_in_no_file_and_take_out_who_was(
    run: Callable[[], list[AudienceExport]], marts: Connection, tmp_path: Path
) -> None:
    set_members(marts, c1="treated", c2="treated", c3="treated", c4="hold-out")
    marts.execute("insert into refusals values ('c1')")
    [first] = run()
    assert read(tmp_path / "to" / first.file) == [("entered", "c2"), ("entered", "c3")]
    # Loaded after the build, and a hold-out share that was raised.
    marts.execute("insert into refusals values ('c2')")
    marts.execute("update marts.audience_members set assignment = 'hold-out' where customer_id = 'c3'")
    [second] = run()
    assert read(tmp_path / "to" / second.file) == [("left", "c2"), ("left", "c3")]
    run()
    written = marts.execute(
        "select change, customer_id from loader.audience_changes where export_id <> 2 order by 2, 1"
    )
    assert written.fetchall() == [("entered", "c2"), ("entered", "c3"), ("held out", "c3"), ("held out", "c4")]


@pytest.mark.parametrize("moment", ["before the file", "before its name", "before the ledger"])
def test_an_export_that_broke_off_is_completed_under_its_name(
    run: Callable[[], list[AudienceExport]],
    marts: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    set_members(marts, c1="treated", c2="treated")
    write = audiences._write

    def killed(file: Path, rows: list[list[object]], *, raw: bool) -> None:
        if moment == "before its name":
            monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(Killed()))
        if moment != "before the file":
            write(file, rows, raw=raw)
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(audiences, "_write", killed)
        run()
    monkeypatch.undo()
    # Meanwhile one refused, whom a tool that read the file has, one left and one came.
    marts.execute("insert into refusals values ('c1')")
    set_members(marts, c1="treated", c3="treated")
    [completed, new] = run()
    assert (completed.file, completed.broke_off) == (f"{NAME}_000001.csv", True)
    assert read(tmp_path / "to" / completed.file) == [("entered", "c2"), ("left", "c1")]
    assert read(tmp_path / "to" / new.file) == [("entered", "c3"), ("left", "c2")]
    assert run() == []


def test_kills_at_random_moments(marts: Connection, spawn: Spawn, tmp_path: Path) -> None:
    """A tool takes each file as it appears; a file that appears again must be the same."""
    rng = random.Random(25)
    folder = tmp_path / "to"
    folder.mkdir()
    seen: dict[str, bytes] = {}
    state: set[str] = set()
    assignments = {f"c{number}": "hold-out" if number % 7 == 0 else "treated" for number in range(1, 201)}
    refused = {f"c{number}" for number in range(1, 201, 11)}
    marts.cursor().executemany("insert into refusals values (%s)", [(customer,) for customer in refused])
    broken_off = 0
    working = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'loader'"

    def take() -> None:
        for file in sorted(folder.glob("[!.]*.csv")):
            content = file.read_bytes()
            assert seen.setdefault(file.name, content) == content
            if rng.random() < 0.5:  # some tools move what they have read
                file.unlink()

    for _ in range(KILLS):
        chosen = rng.sample(sorted(assignments), rng.randrange(200))
        set_members(marts, **{customer: assignments[customer] for customer in chosen})
        process = spawn("export", "audience", NAME, "--changes", "--to", folder)
        # The program takes most of its time to start; the moments are random after that.
        while process.poll() is None and count(marts, working) < 2:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.12))
        process.kill()
        process.communicate()
        take()
        broken_off += count(marts, "select count(*) from loader.audience_exports where written_at is null")
    chosen = rng.sample(sorted(assignments), 100)
    set_members(marts, **{customer: assignments[customer] for customer in chosen})
    done = spawn("export", "audience", NAME, "--changes", "--to", folder)
    assert done.wait() == 0, done.communicate()
    take()
    for name in sorted(seen):
        (tmp_path / name).write_bytes(seen[name])
        for change, customer in read(tmp_path / name):
            assert (change == "left") == (customer in state), (name, change, customer)
            state ^= {customer}
            assert assignments[customer] == "treated" and customer not in refused
    assert state == {customer for customer in chosen if assignments[customer] == "treated"} - refused
    numbers = [int(name.split("_")[-1][:6]) for name in sorted(seen)]
    assert numbers == list(range(1, len(numbers) + 1))
    print(f"{KILLS} kills, {broken_off} of them between ledger and file, {len(seen)} files")


def test_two_exports_at_once_share_the_changes(marts: Connection, spawn: Spawn, tmp_path: Path) -> None:
    set_members(marts, **{f"c{number}": "treated" for number in range(1, 101)})
    both = [spawn("export", "audience", NAME, "--changes", "--to", tmp_path / "to") for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    said = sorted(process.communicate()[0] for process in both)
    assert said == ["Nothing has changed since the last export.\n", f"{NAME}_000001.csv: 100 entered, 0 left.\n"]


def test_what_is_wrong_is_said(loader: Loader, connection: Connection, project: Project, tmp_path: Path) -> None:
    result = loader("export", "audience", "late_champion", "--changes", "--to", tmp_path)
    assert result.exit_code == 1
    assert "There is no audience 'late_champion'." in result.stderr
    assert "late_champions" in result.stderr
    for words in (["audience", NAME], ["daily_sales", "--changes"], ["audience", "--changes"]):
        result = loader("export", *words, "--to", tmp_path)
        assert result.exit_code == 2
        assert "loader export audience NAME --changes" in result.stderr
    with pytest.raises(LoaderError, match="not built yet"):
        export_audience(connection, project, NAME, tmp_path)
