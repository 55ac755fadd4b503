"""What passes the rules is taken by PostgreSQL, so no load breaks off in the middle for a value."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from loaders.contract.tables import Column, Table
from loaders.contract.types import strict_json
from tests.loaders.judging import judge

VALUES = {
    "numeric": "1 -1 +1 1. .5 . 1E-5 1e 0x1 1_0 Infinity nan \u0661 1e131071 1e131072 0e999 00.10 1e-16383 1e-16384",
    "bigint": "1 -1 +1 9223372036854775807 9223372036854775808 -9223372036854775808 1.0 0007",
    "boolean": "t true TRUE yes y on 1 f false no n off 0 2 T of",
    "date": "2017-01-01 2017-1-1 0001-01-01 9999-12-31 10000-01-01 2016-02-29 2017-02-29 20170101 infinity today",
    "timestamptz": "2017-01-01T10:00 2017-01-01T10:00:00Z 2017-01-01T10:00:00.123456789 2017-01-01T24:00:00 "
    "2017-01-01T10:00+15:59 2017-01-01T10:00+16:00 2017-01-01T10:00:60 2017-01-01T10 now 2017-01-01T10:00+0530",
    "jsonb": '1 null {} [1,] {"a":1} {"a":1,"a":2} "\\u0000" "\\\\u0000" "\\ud83d\\ude00" "\\ude00" 01 1e9999 1e99999',
}


@pytest.mark.parametrize("data_type", VALUES)
def test_what_passes_is_taken_by_postgresql(connection: psycopg.Connection[Any], data_type: str) -> None:
    table = Table("s", "raw", "t", (Column("id", "text", not_null=True, unique=True), Column("v", data_type)))
    values = VALUES[data_type].split()
    quoted = [value.replace('"', '""') for value in values]
    reading = judge("".join(["id,v\n", *(f'{i},"{v}"\n' for i, v in enumerate(quoted))]).encode(), table)
    passed = [row["v"] for row in reading.rows.values()]
    assert len(passed) > len(values) / 4
    assert reading.rejects
    for value in passed:
        row = connection.execute("select pg_input_is_valid(%s, %s)", (value, data_type)).fetchone()
        assert row == (True,), value


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ('{"a": [1, 2.5e3, "x\\n"]}', True),
        ('"\\\\u0000"', True),
        ('"\\u0000"', False),
        ('"\\ud800"', False),
        ("[NaN]", False),
        ("[" * 501 + "]" * 501, False),
        ('"' + "[" * 900 + '"', True),
        ("1" * 7000, False),
    ],
)
def test_doubtful_json(text: str, is_taken: bool) -> None:
    assert strict_json(text) is is_taken
