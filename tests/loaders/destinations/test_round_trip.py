"""Whatever text or number a file holds is in PostgreSQL unchanged."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.contract.tables import Contract
from loaders.copy import copy_file
from loaders.destinations.postgres.destination import Postgres
from loaders.project import Project
from loaders.reading.options import Limit, Options

SETTINGS = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
numbers = itertools.count(1)

# Any characters but NUL and halves of pairs, with those often that CSV and COPY give a meaning; no text that a
# spreadsheet marks as one.
texts = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]) | st.sampled_from("\",;\t|\\\r\n'N. "),
    max_size=30,
).filter(lambda text: not re.fullmatch(r"""=".*"|'\d+""", text, re.DOTALL))
decimals = st.decimals(-(10**11), 10**11, allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("9.999"), Decimal("1E+11"), Decimal("1E-16383"), Decimal("-0.10"), Decimal("1" * 12 + ".5")]
)


@pytest.fixture(scope="module")
def connection(new_database: Callable[[], dict[str, str]], contract: Contract) -> Iterator[psycopg.Connection[Any]]:
    """One database for all examples."""
    variables = new_database()
    with psycopg.connect(
        host=variables["PGHOST"],
        port=variables["PGPORT"],
        user=variables["PGUSER"],
        dbname=variables["PGDATABASE"],
        autocommit=True,
    ) as opened:
        Postgres(opened).init_schema(contract)
        yield opened


@pytest.fixture(scope="module")
def load(
    connection: psycopg.Connection[Any], project: Project, contract: Contract, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], None]:
    folder: Path = tmp_path_factory.mktemp("round_trip")

    def run(table: str, text: str) -> None:
        path = folder / f"{next(numbers)}.csv"
        path.write_bytes(text.encode())
        options = Options(encoding="utf-8", max_rejects=Limit(0), force=True)
        result = copy_file(Postgres(connection), project, contract.table(table), path, options)
        assert result.status == "loaded", result

    return run


@SETTINGS
@given(
    values=st.lists(st.tuples(texts | st.none(), texts | st.none()), min_size=1, max_size=30),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_text(
    load: Callable[[str, str], None],
    connection: psycopg.Connection[Any],
    values: list[tuple[str | None, str | None]],
    delimiter: str,
    line_end: str,
) -> None:
    first = next(numbers) * 1_000_000
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(["user_id", "email", "unknown"])
    # Python writes None and "" in the same way; here nothing is NULL and "" is an empty text.
    for number, row in enumerate(values, first):
        quoted = ("" if value is None else '"' + value.replace('"', '""') + '"' for value in (str(number), *row))
        out.write(delimiter.join(quoted) + line_end)
    load("users", out.getvalue())
    found = connection.execute(
        "select email, _extra ->> 'unknown' from raw.users where user_id::bigint between %s and %s order by _line",
        (first, first + len(values)),
    ).fetchall()
    assert found == values


@SETTINGS
@given(st.lists(decimals, min_size=1, max_size=30))
def test_numbers(load: Callable[[str, str], None], connection: psycopg.Connection[Any], values: list[Decimal]) -> None:
    load("plans", "plan_id,price\n" + "".join(f"{i},{value}\n" for i, value in enumerate(values)))
    found = connection.execute(
        "select price from raw.plans where plan_id::int < %s order by plan_id::int", (len(values),)
    )
    for (stored,), value in zip(found.fetchall(), values, strict=True):
        assert stored == value
        assert max(0, -stored.as_tuple().exponent) == max(0, -value.as_tuple().exponent)


def test_nothing_is_null_and_quotes_are_an_empty_text(
    load: Callable[[str, str], None], connection: psycopg.Connection[Any]
) -> None:
    load("shops", 'shop_id,user_id,plan_id,x\n1,,"",\n2,"",,""\n')
    found = connection.execute("select user_id, plan_id, _extra ->> 'x' from raw.shops order by shop_id").fetchall()
    assert found == [(None, "", None), ("", None, "")]
