"""How the numbers of a column are written, found in all of its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from loaders.contract.quoting import literal
from loaders.errors import FileRefusedError
from loaders.reading.values.formats import CLEAR, CURRENCY, NumberFormat, first_row


@dataclass(frozen=True)
class NumbersSeen:
    """A column of numbers: how many different values are not plain, fit one reading alone, or two that differ."""

    header: str
    odd: int
    point: int
    comma: int
    both: int
    example: str | None
    signs: tuple[str, ...]

    @property
    def decimal(self) -> str | None:
        """The decimal mark that the values show; None if they fit both."""
        if self.comma and self.point:
            few, many = sorted((self.comma, self.point))
            if few * CLEAR > many:
                raise FileRefusedError(
                    f"{self.header} has {self.point} numbers such as 1,234.56 and {self.comma} such as 1.234,56.",
                    "Say which one they are with --decimal . or --decimal , and fix the others.",
                )
            return "," if self.comma > self.point else "."
        return "," if self.comma else "." if self.point else None


def count_numbers(
    database: duckdb.DuckDBPyConnection, value: str
) -> tuple[int, int, int, int, str | None, tuple[str, ...]]:
    """Return the counts of `NumbersSeen`, for the SQL of a value in the table `records`."""
    point, comma = (f"regexp_full_match(value, {literal(NumberFormat(mark, False).pattern)})" for mark in ".,")
    marked = "regexp_matches(value, '[.,]')"
    sign = f"regexp_extract(value, {literal(CURRENCY)})"
    row = first_row(
        database,
        f"""
        with written as (
            select distinct {value} as value from records
        )
        select
            count(*) filter (not regexp_full_match(value, '[+-]?\\d+([.]\\d*)?') and ({point} or {comma})),
            count(*) filter ({point} and not {comma}),
            count(*) filter ({comma} and not {point}),
            count(*) filter ({marked} and {point} and {comma}),
            min(value) filter ({marked} and {point} and {comma}),
            list_sort(list(distinct {sign}) filter ({sign} <> '' and ({point} or {comma})))
        from written
        """,
    )
    return (*row[:5], tuple(row[5] or ()))


def choose_numbers(counts: Mapping[str, NumbersSeen], said: str | None) -> dict[str, NumberFormat]:
    """Return the readings of the columns that are not written plainly.

    Raises:
        FileRefusedError: A column fits two readings, or has the signs of two currencies.
    """
    shown = {said} if said else {mark for each in counts.values() if (mark := each.decimal)}
    the_only = min(shown) if len(shown) == 1 else None
    chosen: dict[str, NumberFormat] = {}
    for name, each in counts.items():
        if len(each.signs) > 1:
            raise FileRefusedError(
                f"{each.header} has amounts in several currencies: {', '.join(sorted(each.signs))}.",
                "Put the currency into a column of its own: amounts of two currencies are never added.",
            )
        decimal = said or each.decimal or the_only
        if decimal is None and each.both:
            raise FileRefusedError(
                f"{each.header} can be read in two ways: {each.example} with a decimal comma or a decimal point.",
                "Say --decimal . or --decimal , (or write read: {decimal: ','} in the source's contract).",
            )
        if each.odd or decimal == ",":
            chosen[name] = NumberFormat(decimal or ".", is_plain=False)
    return chosen
