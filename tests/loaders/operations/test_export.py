"""What `loader export` writes is what the marts say, at one moment, wholly or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.destinations.postgres.connection import connect
from loaders.operations.export_formats import FORMULA_STARTS
from loaders.operations.exports.marts import Manifest, export
from loaders.operations.marts import BuiltMart
from loaders.project import Project
from tests.conftest import ROOT, Loader

Connection = psycopg.Connection[Any]
Spawn = Callable[..., subprocess.Popen[str]]

MARTS = """
    create schema marts;
    create table marts.metrics_summary (currency text primary key, total_revenue numeric(18, 2), as_of_date date);
    insert into marts.metrics_summary values ('USD', 90071992547409.93, '2025-01-31');
    create table marts.sales (
        label text, id bigint primary key, net numeric(18, 2), day date, at timestamptz, good boolean
    );
    insert into marts.sales values
        ('=1+1', 2, -5.00, '2025-01-02', '2025-01-02 10:00+02', true),
        ('a "b", c' || chr(10) || 'd', 10, 0.10, '2025-01-01', '2025-01-01 00:00+00', false),
        ('', 1, null, null, null, null),
        (null, -3, 1234567890123456.78, '0001-01-01', '9999-12-31 23:59:59.999999+00', true);
    create table marts.empty_one (id bigint primary key, label text);
    create view marts.newest as select id, net from marts.sales order by id desc;
    create schema samples;
    create table samples.sample (
        id int primary key, words text, odd text, net numeric(18, 2), day date, at timestamptz, good boolean
    );
"""
ROW = st.tuples(
    st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    st.none() | st.text(st.sampled_from(FORMULA_STARTS + "',;\"\\N \b."), max_size=4),
    st.none() | st.decimals(min_value=-(10**15), max_value=10**15, places=2),
    st.none() | st.dates(),
    st.none() | st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1)),
    st.none() | st.booleans(),
)


@pytest.fixture
def marts(database: dict[str, str], project: Project) -> Iterator[Connection]:
    """A database with a few marts made by hand."""
    with connect(project, autocommit=True) as opened:
        opened.execute("set synchronous_commit to off")
        opened.execute(MARTS)
        yield opened


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- formats ---------------------------------------------------------------------------------------------------------


def test_csv_is_in_order_of_the_key_and_runs_nothing(loader: Loader, marts: Connection, tmp_path: Path) -> None:
    result = loader("export", "sales", "newest", "--to", tmp_path)
    assert result.exit_code == 0, result.output
    assert "sales.csv" in result.stdout
    assert "as of 2025-01-31" in result.stdout
    assert (tmp_path / "sales.csv").read_text() == (
        "label,id,net,day,at,good\n"
        ",-3,1234567890123456.78,0001-01-01,9999-12-31 23:59:59.999999+00,true\n"
        '"",1,,,,\n'
        "'=1+1,2,-5.00,2025-01-02,2025-01-02 08:00:00+00,true\n"
        '"a ""b"", c\nd",10,0.10,2025-01-01,2025-01-01 00:00:00+00,false\n'
    )
    assert [row["id"] for row in read(tmp_path, "newest.csv")] == ["10", "2", "1", "-3"]
    assert loader("export", "sales", "--to", tmp_path, "--raw").exit_code == 0
    assert read(tmp_path, "sales.csv")[2]["label"] == "=1+1"
    frame = pd.read_csv(tmp_path / "sales.csv")
    assert frame["net"].sum() == pytest.approx(1234567890123451.88)
    assert list(frame["good"].dropna()) == [True, True, False]


def test_what_a_spreadsheet_would_run_is_escaped_and_no_number(
    loader: Loader, marts: Connection, tmp_path: Path
) -> None:
    run = ["=1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", '=","', "-"]
    left = ["1-1", "a=1", " =1", "'=1", '"=1"', "5", "(unknown)", "é"]
    marts.execute("create table marts.cells (id int primary key, cell text, number numeric, span interval, doc jsonb)")
    marts.cursor().executemany(
        "insert into marts.cells values (%s, %s, -1.5, '-1 day', '-5')", list(enumerate([*run, *left]))
    )
    assert loader("export", "cells", "--to", tmp_path).exit_code == 0
    rows = read(tmp_path, "cells.csv")
    assert [row["cell"] for row in rows] == [*(f"'{cell}" for cell in run), *left]
    assert {(row["number"], row["span"], row["doc"]) for row in rows} == {("-1.5", "-1 days", "'-5")}
    assert loader("export", "cells", "--to", tmp_path, "--raw").exit_code == 0
    assert [row["cell"] for row in read(tmp_path, "cells.csv")] == [*run, *left]


def test_json_is_an_array_but_of_one_object_for_the_summary(loader: Loader, marts: Connection, tmp_path: Path) -> None:
    result = loader("export", "--to", tmp_path, "--format", "json")
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "metrics_summary.json").read_text(), parse_float=Decimal)
    assert summary == {"currency": "USD", "total_revenue": Decimal("90071992547409.93"), "as_of_date": "2025-01-31"}
    assert json.loads((tmp_path / "empty_one.json").read_text()) == []
    sales = json.loads((tmp_path / "sales.json").read_text(), parse_float=Decimal)
    assert sales[0]["net"] == Decimal("1234567890123456.78")
    assert sales[2] == {
        "label": "=1+1",
        "id": 2,
        "net": Decimal("-5.00"),
        "day": "2025-01-02",
        "at": "2025-01-02T08:00:00+00:00",
        "good": True,
    }
    assert len((tmp_path / "sales.json").read_text().splitlines()) == 4 + 2
    assert pd.read_json(tmp_path / "sales.json")["id"].tolist() == [-3, 1, 2, 10]


def test_times_are_in_the_zone_of_the_project(marts: Connection, project: Project, tmp_path: Path) -> None:
    abroad = replace(project, vars={"time_zone": "America/New_York"})
    for form in ("csv", "json", "parquet"):
        export(marts, abroad, ["sales"], tmp_path, form=form)
    assert [row["at"] for row in read(tmp_path, "sales.csv")][2] == "2025-01-02 03:00:00-05"
    assert json.loads((tmp_path / "sales.json").read_text())[2]["at"] == "2025-01-02T03:00:00-05:00"
    (same,) = duckdb.sql(f"select epoch(\"at\") from '{tmp_path}/sales.parquet' where id = 2").fetchall()
    assert same == (datetime(2025, 1, 2, 8, tzinfo=UTC).timestamp(),)


def test_a_summary_of_no_row_is_refused(loader: Loader, marts: Connection, tmp_path: Path) -> None:
    marts.execute("delete from marts.metrics_summary")
    result = loader("export", "--to", tmp_path, "--format", "json")
    assert result.exit_code == 1
    assert "metrics_summary has 0 rows, not one" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_parquet_has_types_of_its_own(loader: Loader, marts: Connection, tmp_path: Path) -> None:
    marts.execute(
        """
        create table marts.numbers (
            id smallint primary key, free numeric, wide numeric, whole numeric(50, 0), real_one float8, doc jsonb
        );
        insert into marts.numbers values
            (1, 1.50, 0.12345678901234567890, 9e37, 0.1, '{"a": "\\n"}'), (2, -99, null, null, null, null)
        """
    )
    result = loader("export", "--to", tmp_path, "--format", "parquet")
    assert result.exit_code == 0, result.output
    types = {
        name: [row[1] for row in duckdb.sql(f"describe from '{tmp_path}/{name}.parquet'").fetchall()]
        for name in ("sales", "numbers", "empty_one")
    }
    assert types == {
        "sales": ["VARCHAR", "BIGINT", "DECIMAL(18,2)", "DATE", "TIMESTAMP WITH TIME ZONE", "BOOLEAN"],
        "numbers": ["SMALLINT", "DECIMAL(18,2)", "DECIMAL(38,19)", "DECIMAL(38,0)", "DOUBLE", "VARCHAR"],
        "empty_one": ["BIGINT", "VARCHAR"],
    }
    rows = duckdb.sql(f"select * from '{tmp_path}/numbers.parquet'").fetchall()
    assert rows[0][1:3] == (Decimal("1.50"), Decimal("0.1234567890123456789"))
    assert rows[0][5] == '{"a": "\\n"}'
    assert [file["rows"] for file in manifest_of(tmp_path)["files"]] == [0, 1, 4, 2, 4]


@pytest.mark.parametrize("value", ["123456789012345678901234567890.123456789", "NaN", "1e1000"])
def test_digits_are_never_lost(loader: Loader, marts: Connection, tmp_path: Path, value: str) -> None:
    marts.execute("create table marts.numbers (id int primary key, free numeric)")
    marts.execute("insert into marts.numbers values (1, %s)", (value,))
    result = loader("export", "numbers", "--to", tmp_path, "--format", "parquet")
    assert result.exit_code == 1
    assert "Numbers of numbers.free" in result.stderr
    assert loader("export", "numbers", "--to", tmp_path, "--format", "json").exit_code == 0


def test_a_value_that_parquet_does_not_have_is_named(loader: Loader, marts: Connection, tmp_path: Path) -> None:
    marts.execute("create view marts.odd as select '0044-03-15 12:00:00 BC'::timestamptz as ides")
    result = loader("export", "odd", "--to", tmp_path, "--format", "parquet")
    assert result.exit_code == 1
    assert "odd has a value that Parquet can't hold" in result.stderr
    assert "0044" not in result.output


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, max_size=12))
def test_every_format_gives_back_what_is_in_the_mart(
    marts: Connection, project: Project, tmp_path: Path, rows: list[tuple[Any, ...]]
) -> None:
    rows = [(number, *row) for number, row in enumerate(rows)]
    with marts.transaction(), marts.cursor() as cursor:
        cursor.execute("truncate samples.sample")
        cursor.executemany("insert into samples.sample values (%s, %s, %s, %s, %s, %s, %s)", rows)

    def write(form: str, raw: bool = False) -> Path:
        manifest = export(marts, project, ["sample"], tmp_path, form=form, raw=raw, schema="samples")
        assert [file.rows for file in manifest.files] == [len(rows)]
        return tmp_path / f"sample.{form}"

    # CSV, by PostgreSQL's own reader: NULL and empty text stay two.
    content = write("csv", raw=True).read_bytes()
    with marts.transaction(force_rollback=True), marts.cursor() as cursor:
        cursor.execute("truncate samples.sample")
        with cursor.copy("copy samples.sample from stdin (format csv, header)") as copy:
            copy.write(content)
        assert cursor.execute("select * from samples.sample order by id").fetchall() == rows

    # CSV with escapes, by Python's reader.
    text = write("csv").read_bytes().decode()
    cells = [(row["words"], row["odd"]) for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert cells == [
        tuple(f"'{cell}" if cell and cell[0] in FORMULA_STARTS else cell or "" for cell in row[1:3]) for row in rows
    ]

    found = json.loads(write("json").read_text(encoding="utf-8"), parse_float=Decimal)
    assert [
        (
            *(row[name] for name in ("id", "words", "odd")),
            None if row["net"] is None else Decimal(row["net"]),
            None if row["day"] is None else date.fromisoformat(row["day"]),
            None if row["at"] is None else datetime.fromisoformat(row["at"]),
            row["good"],
        )
        for row in found
    ] == rows

    stored = duckdb.sql(
        f"""select * replace ("at" at time zone 'UTC' as "at") from '{write("parquet")}'"""  # without pytz
    ).fetchall()
    assert [(*row[:5], row[5] and row[5].replace(tzinfo=UTC), row[6]) for row in stored] == rows


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_line_of_nothing_but_null_is_a_row(loader: Loader, marts: Connection, tmp_path: Path, form: str) -> None:
    marts.execute("create view marts.thin as values (null), (''), (null), ('\\N'), ('x')")
    assert loader("export", "thin", "--to", tmp_path, "--format", form).exit_code == 0
    (file,) = manifest_of(tmp_path)["files"]
    assert file["rows"] == 5
    if form != "csv":
        rows = duckdb.sql(f"select column1 from '{tmp_path}/thin.{form}'").fetchall()
        assert [value for (value,) in rows] == ["", "\\N", "x", None, None]


# --- which marts -----------------------------------------------------------------------------------------------------


def test_an_unknown_mart_is_told_with_those_near_it(loader: Loader, marts: Connection, tmp_path: Path) -> None:
    result = loader("export", "metric_sumary", "--to", tmp_path / "new")
    assert result.exit_code == 1
    assert "There is no mart 'metric_sumary' in the schema marts." in result.stderr
    assert "metrics_summary" in result.stderr
    assert "empty_one" not in result.stderr
    result = loader("export", "nosuch", "--to", tmp_path / "new")
    assert "The marts are empty_one, metrics_summary, newest, sales." in result.stderr
    assert "Near it" not in result.stderr
    result = loader("export", "sales", "order_lines", "--to", tmp_path / "new")
    assert "The mart order_lines is not built yet." in result.stderr
    assert "dbt build --select +order_lines" in result.stderr
    assert loader("export", "x'; drop table marts.sales; --", "--to", tmp_path).exit_code == 1
    assert loader("export", "--to", tmp_path, "--schema", "nowhere").exit_code == 1
    assert loader("export", "sales").exit_code == 2


def test_before_the_first_build_there_is_nothing(loader: Loader, database: dict[str, str], tmp_path: Path) -> None:
    result = loader("export", "--to", tmp_path)
    assert result.exit_code == 1
    assert "No marts are built" in result.stderr
    assert "dbt build" in result.stderr
    assert "dbt build" in loader("export", "customer_rfm", "--to", tmp_path).stderr


def test_the_manifest_says_what_there_is(loader: Loader, marts: Connection, own_project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    results = own_project / "target" / "run_results.json"
    results.parent.mkdir()
    metadata = {
        "dbt_version": "1.11.0",
        "invocation_id": "i",
        "generated_at": "2025-02-01T00:00:00Z",
        "env": {"x": "y"},
    }
    results.write_text(json.dumps({"metadata": metadata, "args": {"which": "build"}, "results": []}))
    printed = loader("export", "sales", "sales", "--to", folder, "--json")
    assert printed.exit_code == 0, printed.output
    manifest = manifest_of(folder)
    assert json.loads(printed.stdout) == manifest
    (file,) = manifest["files"]
    content = (folder / "sales.csv").read_bytes()
    assert (file["mart"], file["file"], file["format"], file["rows"]) == ("sales", "sales.csv", "csv", 4)
    assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert file["columns"][2:5] == [
        {"name": "net", "type": "numeric(18,2)"},
        {"name": "day", "type": "date"},
        {"name": "at", "type": "timestamp with time zone"},
    ]
    assert manifest["as_of_date"] == "2025-01-31"
    assert manifest["dbt"] == {"version": "1.11.0", "invocation_id": "i", "generated_at": "2025-02-01T00:00:00Z"}
    assert datetime.fromisoformat(manifest["exported_at"]).tzinfo is not None
    for content_of_results in (json.dumps({"metadata": metadata, "args": {"which": "test"}}), "{", "[]", None):
        if content_of_results is None:
            results.unlink()
        else:
            results.write_text(content_of_results)
        assert loader("export", "sales", "--to", folder).exit_code == 0
        dbt = manifest_of(folder)["dbt"]
        assert (dbt["invocation_id"], dbt["generated_at"]) == (None, None)
        assert dbt["version"].startswith("1.11")
    marts.execute("drop table marts.metrics_summary")
    assert loader("export", "sales", "--to", folder).exit_code == 0
    assert manifest_of(folder)["as_of_date"] is None


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_the_same_data_gives_the_same_bytes(loader: Loader, marts: Connection, tmp_path: Path, form: str) -> None:
    for folder in ("one", "two"):
        assert loader("export", "--to", tmp_path / folder, "--format", form).exit_code == 0
        # The same rows, in another order on the disk.
        marts.execute("create table other as select * from marts.sales order by id desc")
        marts.execute("truncate marts.sales; insert into marts.sales select * from other; drop table other")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert {name for name in one if one[name] != two[name]} <= {"manifest.json"}
    assert len(one) == 5


# --- one moment ------------------------------------------------------------------------------------------------------


def test_all_files_are_of_one_moment(marts: Connection, project: Project, tmp_path: Path) -> None:
    def change(mart: BuiltMart, rows: int) -> None:
        if mart.name == "newest" and not rows:
            with connect(project, autocommit=True) as other:
                other.execute("delete from marts.sales; update marts.metrics_summary set as_of_date = null")

    manifest = export(marts, project, ["newest", "sales"], tmp_path, on_progress=change)
    assert [file.rows for file in manifest.files] == [4, 4]
    assert manifest.as_of_date == "2025-01-31"
    assert [file.rows for file in export(marts, project, ["sales"], tmp_path).files] == [0]


def test_a_build_that_swaps_a_mart_is_waited_for(marts: Connection, project: Project, tmp_path: Path) -> None:
    """A table that was made after the snapshot would be found by its name, but empty."""
    done: list[Manifest] = []

    def work() -> None:
        with connect(project, autocommit=True) as connection:
            done.append(export(connection, project, ["sales"], tmp_path))

    thread = threading.Thread(target=work)
    with connect(project) as builder, builder.transaction():
        builder.execute(
            """
            create table marts.sales__dbt_tmp (id bigint primary key);
            insert into marts.sales__dbt_tmp select generate_series(1, 7);
            drop table marts.sales cascade;
            alter table marts.sales__dbt_tmp rename to sales
            """
        )
        thread.start()
        waiting = "select count(*) from pg_locks where not granted"
        end = time.monotonic() + 10
        while marts.execute(waiting).fetchone() == (0,) and time.monotonic() < end:
            time.sleep(0.01)
        assert marts.execute(waiting).fetchone() == (1,)
    thread.join()
    assert [(file.rows, [column["name"] for column in file.columns]) for file in done[0].files] == [(7, ["id"])]


# --- wholly or not at all --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(28, "No space left on device"), psycopg.OperationalError()]
)
def test_what_breaks_off_leaves_the_folder_as_it_was(
    marts: Connection, project: Project, tmp_path: Path, error: BaseException
) -> None:
    export(marts, project, ["empty_one", "sales"], tmp_path)
    before = contents(tmp_path)
    marts.execute("insert into marts.empty_one values (1, 'x')")

    def break_off(mart: BuiltMart, rows: int) -> None:
        if mart.name == "sales" and rows:
            raise error

    with pytest.raises((KeyboardInterrupt, Exception)) as raised:
        export(marts, project, ["empty_one", "sales"], tmp_path, on_progress=break_off)
    if isinstance(error, OSError):
        assert "No space left on device" in str(raised.value)
    assert contents(tmp_path) == before
    export(marts, project, ["empty_one", "sales"], tmp_path)  # and the connection still works
    assert read(tmp_path, "empty_one.csv") == [{"id": "1", "label": "x"}]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_export_leaves_no_half_file(
    loader: Loader, marts: Connection, spawn: Spawn, tmp_path: Path, how: signal.Signals
) -> None:
    folder = tmp_path / "to"
    assert loader("export", "--to", folder).exit_code == 0
    before = contents(folder)
    marts.execute(
        "create view marts.slow as select number, pg_sleep(0.01)::text from generate_series(1, 10000) as number"
    )
    process = spawn("export", "empty_one", "slow", "--to", folder)
    end = time.monotonic() + 20
    while not (folder / ".export" / "slow.csv").exists() and time.monotonic() < end:
        time.sleep(0.01)
    busy = loader("export", "sales", "--to", folder)
    assert "Another export is writing" in busy.stderr
    process.send_signal(how)
    _, said = process.communicate(timeout=20)
    left = {path.name for path in folder.iterdir() if path.is_dir()}
    if how is signal.SIGINT:
        assert process.returncode == 130, said
        assert "Interrupted. Existing files are unchanged." in said
        assert left == set()
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert loader("export", "sales", "--to", folder).exit_code == 0
    assert [path for path in folder.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_full_disk_is_told(marts: Connection, tmp_path: Path, form: str) -> None:
    marts.execute(
        "create view marts.large as select number, md5(number::text) from generate_series(1, 99999) as number"
    )
    command = [sys.executable, "-m", "loaders.cli", "export", "large", "--format", form, "--to", str(tmp_path)]
    limited = ["sh", "-c", 'ulimit -f 2048; exec "$@"', "sh", *command]  # blocks of 512 bytes, so 1 MiB
    result = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True, env={**os.environ})
    assert (result.returncode, result.stdout) == (1, "")
    assert f"Files can't be written to {tmp_path}: File too large." in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_is_told(loader: Loader, marts: Connection, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = loader("export", "--to", tmp_path / "file" / "folder")
    assert result.exit_code == 1
    assert "Files can't be written to" in result.stderr
    assert "--to" in result.stderr


# --- size ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize(
    ("form", "rows"), [("csv", 100_000), ("json", 100_000), pytest.param("parquet", 1_000_000, marks=pytest.mark.slow)]
)
def test_memory_does_not_grow_with_the_mart(marts: Connection, tmp_path: Path, form: str, rows: int) -> None:
    """A row is some 200 bytes; DuckDB has buffers and a group of 122,880 rows in memory, the others next to nothing."""
    marts.execute(
        f"""
        create view marts.few as select 1 as number, 'x' as words;
        create view marts.many as
        select number, md5(number::text) || repeat('x', 160) as words from generate_series(1, {rows}) as number
        """
    )
    program = (
        "import re, sys; from loaders.cli import main\n"
        "for name in ('few', 'many'):\n"
        "    main(['export', name, *sys.argv[1:]], standalone_mode=False)\n"
        "    print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])\n"
    )
    command = [sys.executable, "-c", program, "--format", form, "--to", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    before, after = (int(line) * 1024 for line in result.stdout.splitlines() if line.isdigit())
    assert manifest_of(tmp_path)["files"][0]["rows"] == rows
    assert after - before < (160_000_000 if form == "parquet" else 10_000_000)
