"""Records are cut as an independent reader of CSV cuts them, on the same lines; broken quotes harm their line alone."""

from __future__ import annotations

import csv
import io
import mmap

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loaders.reading import grammar as lines
from tests.loaders.judging import NOTES, judge

SETTINGS = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))

plain = st.text(st.sampled_from("aé1 "), max_size=4)
quoted = st.lists(st.sampled_from(["a", "é", ",", '""', "\n", "\r", "\r\n", " "]), max_size=5).map(
    lambda parts: '"' + "".join(parts) + '"'
)
field = plain | quoted
record = st.lists(field, min_size=1, max_size=3).map(",".join) | st.just("") | st.tuples(field, field).map(",".join)
line_end = st.sampled_from(["\n", "\r\n", "\r"])


def reference(text: str) -> list[tuple[int, list[str], bytes]]:
    """Line, fields and raw text of each record after the header, by Python's csv module."""
    physical = list(io.StringIO(text, newline=""))
    reader = csv.reader(physical)
    found, done = [], 0
    for row in reader:
        raw = "".join(physical[done : reader.line_num])
        if row:
            found.append((done + 1, row, raw.removesuffix("\n").removesuffix("\r").encode()))
        done = reader.line_num
    return found[1:]


@pytest.mark.lengthy
@settings(SETTINGS, max_examples=40)  # as each is a file that DuckDB reads
@given(
    bom=st.sampled_from(["", "\ufeff"]),
    before=st.integers(0, 2),
    header=st.sampled_from([["a"], ["a", "b"], ["a", '"b"', '"x\r\ny"'], ["a", '"x\ry"']]),
    records=st.lists(record, max_size=8),
    end=line_end,
    last=st.integers(0, 3),
)
@example("", 0, ["a", "b"], ["1,", "2,3,"], "\n", 1)  # an empty field too many is a field too many
@example("", 2, ["a"], ["", "1", "", '""', ""], "\n", 2)  # a blank line is not a record, not even of one field
def test_records_are_those_of_an_independent_reader(
    bom: str, before: int, header: list[str], records: list[str], end: str, last: int
) -> None:
    text = end * before + ",".join(header) + end + end.join(records) + end * last
    reading = judge((bom + text).encode(), NOTES, encoding="utf-8")
    expected = reference(text)
    width = len(header)
    assert reading.rows_read == len(expected)

    good = {line: row for line, row, _ in expected if len(row) == width}
    structure = [reject for reject in reading.rejects if reject.column is None]
    assert [(reject.line, reject.reason, reject.raw) for reject in structure] == [
        (line, "too_few_fields" if len(row) < width else "too_many_fields", raw)
        for line, row, raw in expected
        if len(row) != width
    ]
    raws = {line: raw for line, _, raw in expected}
    for reject in reading.rejects:
        assert reject.raw == raws[reject.line]
        assert reject.column is None or reject.line in good
    for line, row in reading.rows.items():
        assert row["a"] == good[line][0]
        assert width == 1 or row.get("b", good[line][1]) == good[line][1]


def test_a_broken_quote_harms_its_own_line_alone() -> None:
    content = b'a,b\n1,"x\n2,x\n3,x\n4,"5"\n5,x\n6,"x\n7,x\n'
    reading = judge(content, NOTES)
    assert [(reject.line, reject.reason, reject.raw) for reject in reading.rejects] == [
        (2, "broken_quoting", b'1,"x'),
        (7, "broken_quoting", b'6,"x'),
    ]
    assert {line: row["b"] for line, row in reading.rows.items()} == {3: "x", 4: "x", 5: "5", 6: "x", 8: "x"}


def test_no_number_of_broken_quotes_is_too_many() -> None:
    content = b"a,b\r\n" + b"".join(b'%d,"x\r\n%d,"y\r\nz"\r\n' % (i, i + 500) for i in range(500))
    reading = judge(content, NOTES)
    assert reading.verdicts == [(2 + 3 * i, None, "broken_quoting") for i in range(500)]
    assert {row["b"] for row in reading.rows.values()} == {"y\r\nz"}
    assert list(reading.rows) == [3 + 3 * i for i in range(500)]


@pytest.mark.parametrize("bad", [b'1,"x"y', b'"x"1,2', b'1,"x', b'"1"",x', b'1,x"', b'1,a"b', b'1,="x'])
def test_a_quote_inside_a_field_is_broken_quoting(bad: bytes) -> None:
    reading = judge(b"a,b\n" + bad + b"\n2,y\n", NOTES)
    assert [(reject.line, reject.reason, reject.raw) for reject in reading.rejects] == [(2, "broken_quoting", bad)]
    assert list(reading.rows) == [3]


@pytest.mark.parametrize(
    ("written", "read"), [(b' "x"', "x"), (b'"x" ', "x"), (b'\t "a, b"', "a, b"), (b'="00042"', "00042")]
)
def test_blanks_around_quotes_and_a_spreadsheets_mark_are_read(written: bytes, read: str) -> None:
    [row] = judge(b"a,b\n1," + written + b"\n", NOTES).rows.values()
    assert row["b"] == read


def test_a_record_with_a_break_before_its_broken_quote_is_rejected_as_one() -> None:
    reading = judge(b'a,b\n"1\n1","x\n2,y\n', NOTES)
    assert [(reject.line, reject.raw) for reject in reading.rejects] == [(2, b'"1\n1","x')]
    assert list(reading.rows) == [4]


def test_bytes_that_are_no_text_harm_their_record_alone() -> None:
    content = b"a,b\n\xc3\xa9,1\n" + b"".join(b"%d,x\n" % i for i in range(700)) + b"7,\xff\n\xed\xa0\x80,y\n8,z\n"
    reading = judge(content, NOTES)
    assert [(r.line, r.reason, r.raw) for r in reading.rejects if r.reason != "duplicate_key"] == [
        (703, "invalid_encoding", b"7,\xff"),
        (704, "invalid_encoding", b"\xed\xa0\x80,y"),
    ]
    assert reading.rows[705]["b"] == "z"


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_record_is_too_long_on_every_path(quote: bytes) -> None:
    room = lines.LONGEST_RECORD - len(b"1,") - 2 * len(quote)
    content = b"a,b\n1,%b\n2,%b\n3,z\n" % (quote + b"x" * room + quote, quote + b"x" * (room + 1) + quote)
    reading = judge(content, NOTES)
    assert reading.verdicts == [(3, None, "line_too_long")]
    assert list(reading.rows) == [2, 4]


def test_a_quote_that_swallows_megabytes_is_broken() -> None:
    rows = b"".join(b"%d,0123456789\n" % i for i in range(150_000))
    reading = judge(b'a,b\nx,"y\n' + rows + b'z,"\nend,1\n', NOTES)
    assert reading.verdicts[0] == (2, None, "broken_quoting")
    assert len(reading.rows) + len(reading.rejects) == reading.rows_read >= 150_002
    assert len(reading.rejects) <= 2


@pytest.mark.lengthy
def test_rows_of_quoted_text_that_look_like_rows_are_not_read_as_such() -> None:
    text = b'1,2\n"",""\n' * 40_000
    content = b"a,b\n" + b"".join(b'%d,"%b"\n' % (i, text) for i in range(60))
    reading = judge(content, NOTES)
    assert not reading.rejects
    assert list(reading.rows) == [2 + i * 80_001 for i in range(60)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_file_without_quotes_keeps_its_lines(end: bytes) -> None:
    content = end.join([b"a,b", b"1,x", b"2", b"3,x,", b"4,", b"", b"5,x"])
    reading = judge(content, NOTES)
    assert [(r.line, r.reason, r.raw) for r in reading.rejects] == [
        (3, "too_few_fields", b"2"),
        (4, "too_many_fields", b"3,x,"),
    ]
    assert {line: row["b"] for line, row in reading.rows.items()} == {2: "x", 5: "", 7: "x"}


@SETTINGS
@given(
    st.lists(st.sampled_from([b"1", b'"', b",", b"\n", b"\r", b"\xff", b'",', b'\n"', b"x"]), max_size=40).map(
        b"".join
    ),
    st.sampled_from([1, 2]),
)
def test_every_byte_of_a_file_is_in_one_record_or_is_a_line_end(text: bytes, fields: int) -> None:
    content = mmap.mmap(-1, len(text) + 1)
    content[:] = text + b"\n"
    pieces = list(lines.cut(content, 0, 1, lines.Grammar(",", fields)))
    done = 0
    for piece in pieces:
        assert not content[done : piece.start].strip(b"\r\n")
        assert piece.line == 1 + lines.count_breaks(content, 0, piece.start)
        assert piece.clean is None or piece.clean.count(b"\n") >= piece.count
        done = piece.start + piece.size
    assert not content[done:].strip(b"\r\n")
