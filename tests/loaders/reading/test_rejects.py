"""What happens to rows that break the contract: why, where, how many may, and how they come back corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.errors import LoaderError
from loaders.reading.records import ENOUGH
from tests.conftest import ROOT, Loader
from tests.loaders.judging import judge

HEADER = b"transaction_id,customer_id,amount,transacted_at,currency,note\n"
EVENTS = b"event_id,ts,event_type,metadata\n"
EVENT = b"1,2017-01-01,x,"
PRODUCTS = b"product_id,launch_date\n"
GOOD = b"9,c,1,2017-01-01,USD,\n"

# table, header, row, and what is said of it: column, reason, words of the detail
BAD = {
    "number": ("transactions", HEADER, b"1,c,1.2.3,2017-01-01,,", "amount", "invalid_numeric", '"1.2.3"'),
    "number_with_group": ("transactions", HEADER, b'1,c,"1,00,0",2017-01-01,,', "amount", "invalid_numeric", "1,00,0"),
    "number_nan": ("transactions", HEADER, b"1,c,NaN,2017-01-01,,", "amount", "invalid_numeric", "NaN"),
    "number_word": ("transactions", HEADER, b"1,c,NA,2017-01-01,,", "amount", "invalid_numeric", "NA"),
    "number_too_large": ("transactions", HEADER, b"1,c,1e131073,2017-01-01,,", "amount", "out_of_range", "range"),
    "number_too_fine": ("transactions", HEADER, b"1,c,1e-16384,2017-01-01,,", "amount", "out_of_range", "range"),
    "number_huge_exponent": ("transactions", HEADER, b"1,c,1e999999999999,2017-01-01,,", "amount", "out_of_range", ""),
    "timestamp": ("transactions", HEADER, b"1,c,1,soon,,", "transacted_at", "invalid_timestamp", "soon"),
    "offset": ("transactions", HEADER, b"1,c,1,2017-01-01 10:00+99,,", "transacted_at", "invalid_timestamp", ""),
    "moment_missing": ("transactions", HEADER, b"1,c,1,2017-02-30,,", "transacted_at", "out_of_range", "exist"),
    "hour_25": ("transactions", HEADER, b"1,c,1,2017-02-01 25:00:00,,", "transacted_at", "out_of_range", "exist"),
    "year_too_late": ("transactions", HEADER, b"1,c,1,294277-01-01,,", "transacted_at", "out_of_range", "exist"),
    "year_zero": ("transactions", HEADER, b"1,c,1,0000-01-01,,", "transacted_at", "out_of_range", "exist"),
    "missing": ("transactions", HEADER, b"1,c,,2017-01-01,,", "amount", "missing_value", "needed"),
    "missing_empty_text": ("users", b"user_id,email\n", b'"",x', "user_id", "missing_value", "needed"),
    "missing_blank_number": ("transactions", HEADER, b'1,c," ",2017-01-01,,', "amount", "missing_value", "needed"),
    "missing_email": ("customers", b"email,name\n", b" ,x", "customer_id", "missing_value", "needed"),
    "few": ("transactions", HEADER, b"1,c,1,2017-01-01,", None, "too_few_fields", "fewer"),
    "many": ("transactions", HEADER, b"1,c,1,2017-01-01,,,", None, "too_many_fields", "more"),
    "quoting": ("transactions", HEADER, b'1,c,1,2017-01-01,,"x', None, "broken_quoting", "quote"),
    "nul": ("transactions", HEADER, b"1,c,1,2017-01-01,,a\x00b", "note", "nul_byte", "NUL"),
    "key_too_long": ("users", b"user_id,email\n", b"k" * 2601 + b",x", "user_id", "out_of_range", "2600"),
    "date": ("products", PRODUCTS, b"1,2017-1", "launched_on", "invalid_date", "2017-1"),
    "date_with_time": ("products", PRODUCTS, b"1,2017-01-01 10:00", "launched_on", "invalid_date", ""),
    "day_missing": ("products", PRODUCTS, b"1,2017-02-29", "launched_on", "out_of_range", "exist"),
    "json": ("events", EVENTS, EVENT + b"{a}", "metadata", "invalid_json", "{a}"),
    "json_nul": ("events", EVENTS, EVENT + b'"""\\u0000"""', "metadata", "invalid_json", ""),
    "json_half": ("events", EVENTS, EVENT + b'"""\\ud800"""', "metadata", "invalid_json", ""),
    "json_nan": ("events", EVENTS, EVENT + b"[NaN]", "metadata", "invalid_json", ""),
    "json_deep": ("events", EVENTS, b"1,2017-01-01,x," + b"[" * 9000 + b"]" * 9000, "metadata", "invalid_json", ""),
    "json_range": ("events", EVENTS, EVENT + b"1e999999", "metadata", "invalid_json", ""),
}  # fmt: skip


# How a file has a row, and the row's line.
AROUND: dict[str, Callable[[bytes, bytes], tuple[bytes, int]]] = {
    "plain": lambda header, bad: (header + bad + b"\n", 2),
    "blank_lines": lambda header, bad: (b"\n" + header + b"\n\n" + bad, 5),
    "crlf": lambda header, bad: ((header + bad + b"\r\n").replace(b"\n", b"\r\n").replace(b"\r\r", b"\r"), 2),
    "broken_lines": lambda header, bad: (
        b"\xef\xbb\xbf" + header.replace(b"\n", b',"q\r\nq"\n') + bad + b',"y\ny"\n',
        3,
    ),
}
# One of each kind of fault: those of a value, of a missing one, and of a whole row are placed in different ways.
PLACED = ("number", "missing", "few", "many", "quoting", "nul", "json")


@pytest.mark.parametrize(
    ("case", "around"),
    [(case, around) for case in BAD for around in AROUND if around == "plain" or case in PLACED],
)
def test_a_bad_row_is_rejected_with_line_column_reason_and_raw_text(contract: Contract, case: str, around: str) -> None:
    table, header, bad, column, reason, words = BAD[case]
    content, line = AROUND[around](header, bad)
    reading = judge(content, contract.table(table), encoding="utf-8")
    reject = reading.rejects[0]
    assert (reject.line, reject.column, reject.reason) == (line, column, reason)
    assert words in reject.detail
    # Of broken quotes only the first line is at fault.
    assert reject.raw in (bad, bad + b',"y\ny"', bad + b',"y' if reason == "broken_quoting" else bad)


def test_a_value_that_is_not_in_the_list_is_rejected(contract: Contract) -> None:
    table = contract.table("transactions")
    columns = [
        replace(each, accepted_values=("USD", "CAD")) if each.name == "currency" else each for each in table.columns
    ]
    rows = HEADER + b'1,c,1,2017-01-01,EUR,\n2,c,1,2017-01-01,"",\n3,c,1,2017-01-01,CAD,\n4,c,1,2017-01-01,,\n'
    reading = judge(rows, replace(table, columns=tuple(columns)))
    assert [(each.line, each.column, each.reason) for each in reading.rejects] == [
        (2, "currency", "not_accepted"),
        (3, "currency", "not_accepted"),
    ]
    assert reading.rejects[0].detail == '"EUR" is not one of: USD, CAD'


def test_utf_16_and_windows_files_give_their_text_as_utf_8(contract: Contract) -> None:
    text = "transaction_id,customer_id,amount,date,note\r\n1,c,é,2017-01-01,€\r\n"
    for encoding in ("utf-16", "utf-16-be", "cp1252"):
        bom = b"\xfe\xff" if encoding == "utf-16-be" else b""
        reject = judge(bom + text.encode(encoding), contract.table("transactions")).rejects[0]
        assert (reject.line, reject.raw) == (2, "1,c,é,2017-01-01,€".encode())


def test_the_last_of_rows_with_one_key_wins_and_rejected_ones_dont_count(contract: Contract) -> None:
    rows = b"1,c,1,2017-01-01,,\n2,c,2,2017-01-01,,\n1,c,3,2017-01-01,,\n1,c,4,2017-01-01,,\n1,c,x,2017-01-01,,\n"
    reading = judge(HEADER + rows, contract.table("transactions"))
    assert reading.verdicts == [
        (2, "transaction_id", "duplicate_key"),
        (4, "transaction_id", "duplicate_key"),
        (6, "amount", "invalid_numeric"),
    ]
    assert {line: row["amount"] for line, row in reading.rows.items()} == {3: "2", 5: "4"}


def test_keys_derived_from_the_email_can_be_duplicates(contract: Contract) -> None:
    reading = judge(b"email,name\na@b,x\n A@B ,y\n", contract.table("customers"))
    assert reading.verdicts == [(2, "customer_id", "duplicate_key")]


def test_rows_without_a_key_are_numbered_and_none_is_a_duplicate(contract: Contract) -> None:
    reading = judge(b"customer_id,amount,date\n1,2,2017-01-01\n1, 2,2017-01-01\n", contract.table("transactions"))
    first, second = (row["transaction_id"] for row in reading.rows.values())
    assert first.removesuffix("-1") == second.removesuffix("-2")


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def lines_of(bad: int, good: int) -> bytes:
    rows = [b"%d,c,%b,2017-01-01,USD,\n" % (i, b"x" if i < bad else b"1") for i in range(bad + good)]
    return HEADER + b"".join(rows)


@pytest.mark.parametrize(
    ("bad", "limit", "exit_code"),
    [
        (0, "0", 0),
        (1, "0", 1),
        (2, "2", 3),
        (3, "2", 1),
        (2, None, 3),
        (3, None, 1),
        (1, "0.5%", 1),
    ],
)
def test_the_limit_of_rejected_rows(
    loader: Loader,
    connection: psycopg.Connection[Any],
    tmp_path: Path,
    bad: int,
    limit: str | None,
    exit_code: int,
) -> None:
    file = write(tmp_path, "transactions.csv", lines_of(bad, 20 - bad))
    options = ["--max-rejected-amount", "100%", *([] if limit is None else ["--max-rejects", limit])]
    result = loader("copy", file, *options)
    assert result.exit_code == exit_code, result.output
    loaded = connection.execute("select count(*) from raw.transactions").fetchone()
    assert loaded == (0 if exit_code == 1 else 20 - bad,)
    stored = connection.execute("select count(*) from loader.rejected_rows").fetchone()
    assert stored == (bad,)
    shown = loader("rejects", "1", "--json")
    assert [reject["line"] for reject in json.loads(shown.stdout)] == list(range(2, 2 + bad))
    assert loader("check", file, *options).exit_code == exit_code
    if exit_code == 1:
        assert f"{bad} of 20 rows break the contract" in result.stdout
    if bad:
        assert "loader rejects 1" in result.stdout


@pytest.mark.parametrize("limit", ["-1", "1.5", "x", "%", "nan", "inf", "-5%", ""])
def test_a_limit_that_is_none_is_wrong_usage(loader: Loader, tmp_path: Path, limit: str) -> None:
    result = loader("copy", write(tmp_path, "transactions.csv", GOOD), "--max-rejects", limit)
    assert result.exit_code == 2
    assert "10%" in result.stderr


def test_rejected_rows_come_back_as_csv_and_load_when_corrected(
    loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    header = 'ID;"Household ID";total;date;"a ""note"""\r\n'
    rows = [
        '1;a;1,5;2017-01-01;"one;\r\ntwo"\r\n',
        '2;b;wrong;2017-01-01;"said ""é"""\r\n',
        '3;"c;c";2;2017-13-01;"x\r\ny"\r\n',
        "4;d;2;2017-01-01\r\n",
        '5;e;3;2017-01-01;"z\r\n',
        "6;f;4;2017-01-01;\r\n",
    ]
    file = write(tmp_path, "transactions.csv", (header + "".join(rows)).encode())
    options = ["--decimal", ",", "--max-rejects", "90%", "--max-rejected-amount", "90%", "--json"]
    first = loader("copy", file, *options)
    assert first.exit_code == 3, first.output
    given = loader("rejects", "--csv").stdout_bytes
    expected = [header, *rows[1:5]]
    assert given.replace(b"\r\n", b"\n") == "".join(expected).encode().replace(b"\r\n", b"\n")

    corrected = (
        given.replace(b"wrong", b"0,1").replace(b"-13-", b"-12-").replace(b"4;d;2;2017-01-01", b"4;d;2;2017-01-01;")
    )
    corrected = corrected.replace(b'"z', b'"z"')
    second = loader("copy", write(tmp_path, "transactions_corrected.csv", corrected), *options)
    assert second.exit_code == 0, second.output
    found = connection.execute(
        "select transaction_id, customer_id, amount::text, _extra ->> 'a \"note\"' from raw.transactions order by 1"
    ).fetchall()
    assert found == [
        ("1", "a", "1.5", "one;\r\ntwo"),
        ("2", "b", "0.1", 'said "é"'),
        ("3", "c;c", "2", "x\r\ny"),
        ("4", "d", "2", None),
        ("5", "e", "3", "z"),
        ("6", "f", "4", None),
    ]


@pytest.mark.parametrize("to", [[], ["--to", "duckdb:shop.duckdb"]], ids=["postgres", "duckdb"])
def test_a_column_is_named_as_the_file_names_it_too(
    loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: list[str]
) -> None:
    monkeypatch.setenv("LOADER_PROJECT_DIR", str(ROOT))
    monkeypatch.chdir(tmp_path)
    text = 'ID;Household ID;"Sales Value";date\n1;a;x;2017-01-01\n2;a;1;soon\n3;a\n'
    file = write(tmp_path, "transactions.csv", text.encode())
    shown = loader("check", file).stdout
    assert "amount (Sales Value)" in shown and "transacted_at (date)" in shown
    assert loader("copy", file, "--max-rejects", "3", "--max-rejected-amount", "100%", *to).exit_code == 3
    stored = loader("rejects", *to).stdout
    assert "amount (Sales Value)" in stored and "transacted_at (date)" in stored
    found = json.loads(loader("rejects", "--json", *to).stdout)
    assert [(row["column"], row["header"]) for row in found] == [
        ("amount", "Sales Value"),
        ("transacted_at", "date"),
        (None, None),
    ]


def test_rejects_without_a_load_is_told(loader: Loader, connection: psycopg.Connection[Any]) -> None:
    for arguments in ([], ["77"], ["77", "--csv"]):
        result = loader("rejects", *arguments)
        assert (result.exit_code, "loader status" in result.stderr) == (1, True)
        assert not isinstance(result.exception, LoaderError)


@pytest.mark.parametrize("line", [b"broken\n", b"1,c,lots,2017-01-01,USD,\n"])
def test_a_hopeless_file_is_neither_read_to_its_end_nor_kept_in_quarantine(
    loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path, line: bytes
) -> None:
    file = tmp_path / "transactions.csv"
    file.write_bytes(HEADER + line * 50_000)
    result = json.loads(loader("copy", "--json", file).stdout)[0]
    assert result["status"] == "refused"
    assert result["rows_read"] == (ENOUGH + 1 if line == b"broken\n" else 50_000)
    assert connection.execute("select count(*) from loader.rejected_rows").fetchone() == (ENOUGH,)


def test_a_file_that_may_have_many_rejects_is_read_to_its_end(loader: Loader, tmp_path: Path) -> None:
    file = tmp_path / "transactions.csv"
    file.write_bytes(HEADER + b"broken\n" * 20_000 + GOOD)
    told = loader("check", "--json", "--max-rejects", "20000", "--max-rejected-amount", "100%", file).stdout
    result = json.loads(told)[0]
    assert (result["status"], result["rows_read"]) == ("checked", 20_001)
