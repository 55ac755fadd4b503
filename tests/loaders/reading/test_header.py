"""Every input that is a CSV file is read; everything else is refused in one sentence with the next step."""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from loaders.contract.tables import Contract
from loaders.contract.tables import Reading as Written
from loaders.errors import FileRefusedError
from loaders.reading.intake import Given, Intake
from loaders.reading.options import check_date_format
from tests.loaders.judging import NOTES, judge


def take_in(path: Path, folder: Path, on_progress: Callable[[int], None] = lambda _: None) -> Intake:
    return Given(path).take_in(folder, None, on_progress)


TEXT = "id,Household ID,SALES_VALUE,Date,Größe\n1,00123,9.99,2017-01-01,é€\n"
CP1252 = TEXT.encode("cp1252")
# Larger than what is read of a compressed file at a time, and hard to compress.
NOISE = random.Random(1).randbytes(16 * 9_000).hex()


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_large_compressed_files_are_read_whole(
    contract: Contract, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    rows = "".join(f"{NOISE[n * 32 : n * 32 + 32]},1.00,2024-01-01\n" for n in range(9_000))
    path = tmp_path / "large.csv"
    path.write_bytes(compress(f"customer_id,amount,date\n{rows}".encode()))
    assert Given(path).peek(None).startswith(b"customer_id,amount,date\n")
    assert len(judge(path, contract.table("transactions")).rows) == 9_000


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be"),
        (CP1252, "cp1252"),
        (gzip.compress(TEXT.encode(), mtime=0), "utf-8"),
        (gzip.compress(TEXT.encode()[:20], mtime=0) + gzip.compress(TEXT.encode()[20:], mtime=0), "utf-8"),
        (zstandard.compress(TEXT.encode()), "utf-8"),
        (zstandard.compress(TEXT.encode()[:20]) + zstandard.compress(TEXT.encode()[20:]), "utf-8"),
        (gzip.compress(CP1252, mtime=0), "cp1252"),
        (TEXT.replace(",", ";").encode(), "utf-8"),
        (TEXT.replace(",", "\t").encode("utf-16"), "utf-16-le"),
        (TEXT.replace(",", "|").replace("\n", "\r\n").encode(), "utf-8"),
        (TEXT.replace("\n", "\r").encode(), "utf-8"),
        (b"\n\r\n" + TEXT.encode(), "utf-8"),
        (TEXT.rstrip().encode(), "utf-8"),
    ],
    ids=lambda value: "file" if isinstance(value, bytes) else value,
)
def test_inputs(contract: Contract, content: bytes, encoding: str) -> None:
    reading = judge(content, contract.table("transactions"))
    assert reading.file.encoding == encoding
    assert reading.file.unknown_headers == ("Größe",)
    (row,) = reading.rows.values()
    assert row["customer_id"] == "00123"
    assert row["amount"] == "9.99"
    assert row["_extra"] == '{"Größe":"é€"}'


def test_the_encoding_can_be_named(contract: Contract) -> None:
    content = "email,name\na@b,žluťoučký\n".encode("cp1250")
    (row,) = judge(content, contract.table("customers"), encoding="windows-1250").rows.values()
    assert row["customer_name"] == "žluťoučký"


def test_a_utf_8_file_with_a_broken_row_stays_utf_8(contract: Contract) -> None:
    reading = judge("email,name\na@b,é\nc@d,".encode() + b"\xe9\n", contract.table("customers"))
    assert reading.file.encoding == "utf-8"
    assert reading.verdicts == [(3, None, "invalid_encoding")]


def test_thousands_of_columns(contract: Contract) -> None:
    extra = [f"column {i}" for i in range(2999)]
    header = ",".join([*extra, "email", "größe", "user_id"])
    rows = [
        f"{',x' * 2999},{{}},{{}},1".removeprefix(",").format("a@b", '"say ""é""\nagain"'),
        f"{',' * 2998},,,2",
        "3,y",
        f"{',x' * 2999},,\x00,4".removeprefix(","),
        f"{',x' * 2999},,{'z' * 9},".removeprefix(","),
        f"{'x,' * 2999},,5",
    ]
    reading = judge("\n".join([header, *rows]).encode(), contract.table("users"))
    assert reading.verdicts == [
        (5, None, "too_few_fields"),
        (6, None, "nul_byte"),
        (7, "user_id", "missing_value"),
    ]
    first, second, third = (json.loads(row["_extra"]) for row in reading.rows.values())
    assert first == {**dict.fromkeys(extra, "x"), "größe": 'say "é"\nagain'}
    assert second == dict.fromkeys([*extra, "größe"])
    assert third["column 2998"] == "x"
    assert [(row["user_id"], row["email"]) for row in reading.rows.values()] == [("1", "a@b"), ("2", ""), ("5", "")]


def test_words_have_no_magic(contract: Contract) -> None:
    words = [
        "NA",
        "null",
        "NULL",
        "-",
        "\\N",
        "None",
        "00123",
        " x ",
        "true",
        "1e5",
        "#N/A",
        "'",
        "\\",
        "; drop table x",
    ]
    content = "email,name\n" + "".join(f"{i}@b,{word}\n" for i, word in enumerate(words))
    reading = judge(content.encode(), contract.table("customers"))
    assert [row["customer_name"] for row in reading.rows.values()] == words


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("1,5", "1.5"),
        ("-0,10", "-0.10"),
        ("7", "7"),
        (",5", ".5"),
        ("1.000,5", "1000.5"),
        ("1.5", None),
        ("1,5,0", None),
    ],
)
def test_decimal_comma(contract: Contract, given: str, stored: str | None) -> None:
    content = f"id;customer_id;amount;date\n1;c;{given};2017-01-01\n".encode()
    reading = judge(content, contract.table("transactions"), Written(decimal=","))
    assert [row["amount"] for row in reading.rows.values()] == ([stored] if stored else [])
    assert [reject.reason for reject in reading.rejects] == ([] if stored else ["invalid_numeric"])


@pytest.mark.parametrize(
    ("date_format", "given", "stored"),
    [
        ("%d.%m.%Y", "31.12.2017", "2017-12-31 00:00:00"),
        ("%m/%d/%Y", "31/12/2017", None),
        ("%d.%m.%Y", "2017-12-31", None),
        ("%d.%m.%Y", "30.02.2017", None),
        ("%d.%m.%Y", "31.12.2017 10:00", None),
        ("%d.%m.%Y %H:%M", "31.12.2017 10:05", "2017-12-31 10:05:00"),
        ("%d.%m.%Y %H:%M:%S.%f", "31.12.2017 10:05:06.123456", "2017-12-31 10:05:06.123456"),
        ("%Y%m%dT%H%M%S%z", "20171231T230000+0530", "2017-12-31 17:30:00+00"),
        ("%b %d, %Y", "Dec 31, 2017", "2017-12-31 00:00:00"),
    ],
)
def test_date_format(contract: Contract, date_format: str, given: str, stored: str | None) -> None:
    content = f"id;customer_id;amount;date\n1;c;1;{given}\n".encode()
    reading = judge(content, contract.table("transactions"), Written(dates=date_format))
    assert [row["transacted_at"] for row in reading.rows.values()] == ([stored] if stored else [])
    assert [(r.column, r.reason) for r in reading.rejects] == (
        [] if stored else [("transacted_at", "invalid_timestamp")]
    )
    assert stored or f'"{given}"' in reading.rejects[0].detail


def test_a_time_of_day_does_not_get_lost_in_a_date(contract: Contract) -> None:
    content = b"product_id;launch_date\n1;31.12.2017 00:00\n2;31.12.2017 10:00\n"
    reading = judge(content, contract.table("products"), Written(dates="%d.%m.%Y %H:%M"))
    assert reading.rows[2]["launched_on"] == "2017-12-31"
    assert reading.verdicts == [(3, "launched_on", "invalid_date")]


@pytest.mark.parametrize("date_format", ["", "x", "%Q", "%", "%H:%M", "%Y", "%D", "100%"])
def test_a_date_format_that_is_none_is_refused(date_format: str) -> None:
    with pytest.raises(FileRefusedError, match="not a date format"):
        check_date_format(date_format)


REFUSED = {
    "empty": (b"", "is empty"),
    "bom only": (b"\xef\xbb\xbf", "is empty"),
    "blank lines": (b"\r\n\n", "is empty"),
    "xlsx": (b"PK\x03\x04rest", "Excel workbook.*Save the sheet as CSV"),
    "xls": (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
    "parquet": (b"PAR1rest", "Parquet"),
    "sqlite": (b"SQLite format 3\x00rest", "SQLite"),
    "bzip2": (b"BZh91AY", "bzip2.*Unpack"),
    "broken gzip": (gzip.compress(b"x" * 99, mtime=0)[:20], "broken.*Transfer it again"),
    "gzip with a wrong sum": (gzip.compress(TEXT.encode(), mtime=0)[:-5] + b"12345", "broken"),
    "gzip of garbage": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff", "broken"),
    "broken zstd": (zstandard.compress(os.urandom(99))[:30], "broken"),
    "broken zstd inside": (zstandard.compress(b"x" * 99)[:8] + b"\xff" * 9, "broken"),
    "nul bytes": (b"id\x00,x\n", "binary"),
    "utf-16 without a mark": (TEXT.encode("utf-16-le"), "--encoding"),
    "no known header": (b"secret,value\n1,2\n", "needs a header"),
    "missing column": (b"id,customer_id,amount\n", "no column transacted_at.*alias"),
    "quote in header": (b'customer_id,amount,date,"x\n1,2,2017-01-01,\n', "quote in the header"),
    "endless header": (b"customer_id,amount,date," + b"x" * 1_100_000, "longer than 1 MB"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_as_a_whole(contract: Contract, case: str) -> None:
    content, words = REFUSED[case]
    with pytest.raises(FileRefusedError, match=words) as refused:
        judge(content, contract.table("transactions"))
    assert refused.value.hint, "says what to do next"
    assert "secret" not in str(refused.value), "what may be a row is not shown"


@pytest.mark.parametrize("name", ["klingon", "base64", "rot13", "hex", ""])
def test_an_encoding_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(FileRefusedError, match="no encoding"):
        judge(b"a,b\n", NOTES, encoding=name)


@pytest.mark.parametrize(
    ("name", "content"), [("utf-16", b"a,b\n1"), ("utf-32", b"a,b\n1"), ("shift_jis", b"a\x00\xff\n")]
)
def test_an_encoding_that_does_not_fit_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(FileRefusedError):
        judge(content, NOTES, encoding=name)


def test_a_header_alone_is_a_file_without_rows(contract: Contract) -> None:
    for content in (b"customer_id,amount,date", b"customer_id,amount,date\r\n\r\n", b'"customer_id",amount,date\n'):
        reading = judge(content, contract.table("transactions"))
        assert (reading.rows_read, reading.rows, reading.rejects) == (0, {}, [])


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 500_000)
    grown: list[int] = []

    def grow(_: int) -> None:
        if not grown:
            grown.append(1)
            with path.open("ab") as file:
                file.write(b"3,4\n")

    with pytest.raises(FileRefusedError, match="changed while it was read"):
        take_in(path, tmp_path, grow)


@pytest.mark.parametrize(
    ("error", "words"),
    [(PermissionError(13, "denied"), "No permission"), (OSError(6, "No such device"), "No such device")],
)
def test_a_file_that_can_not_be_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileRefusedError, match=words):
        take_in(tmp_path / "given.csv", tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "given.csv").touch(mode=0o000)
    with pytest.raises(FileRefusedError, match="No permission"):
        take_in(tmp_path / "given.csv", tmp_path)


def test_folders_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="is a folder"):
        take_in(tmp_path, tmp_path)
    with pytest.raises(FileRefusedError, match="no file"):
        take_in(tmp_path / "x.csv", tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text_are_shown_with_escapes() -> None:
    assert Given(Path(os.fsdecode(b"x\xff.csv"))).name == "x\\xff.csv"
