"""Faults that the loader must catch, at known places in a synthetic file.

A fault replaces a row and is of one kind, so the list has line, column and reason of every row that must be rejected,
and all other rows are unchanged.
"""

from __future__ import annotations

import csv
import io
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loaders.contract.tables import Column, Table
from loaders.reading.grammar import LONGEST_RECORD

# Rows processed together; a row with a repeated key is at most this many lines above the row with the key.
WINDOW = 5_000

INVALID = {
    "numeric": ("invalid_numeric", ("much", "1.2.3", "12,5,0", "--", "0x1F", "$")),
    "bigint": ("invalid_bigint", ("much", "1.5")),
    "date": ("invalid_date", ("soon", "31.12.", "2024-01", "2024-01-5th")),
    "timestamptz": ("invalid_timestamp", ("yesterday", "31.12. 10:00", "2024-01", "2024-01-05 10h")),
    "boolean": ("invalid_boolean", ("perhaps",)),
    "jsonb": ("invalid_json", ('{"a": ', "{'a': 1}", "[1,]", "NaN", r'{"a": "\u0000"}')),
}
OUT_OF_RANGE = {
    "numeric": ("1e999999999", "-1e200000", "1e-20000"),
    "bigint": ("9223372036854775808",),
    "date": ("2024-02-30", "2023-02-29", "2024-13-01"),
    "timestamptz": ("2024-02-30 10:00:00Z", "2024-01-01 25:00:00Z", "2024-00-10"),
}
# Invalid in UTF-8 and in Windows-1252, for which the loader might otherwise mistake the whole file.
BROKEN_BYTES = "\udc81\udcfe"
# A row of more than 2 MB goes into only one file, once: it is longer than most files.
TABLE_WITH_LONG_ROW = "events"
LONG = "x" * LONGEST_RECORD
LONG_KEY = "k" * 3_000


@dataclass(frozen=True)
class Kind:
    """A way to break a row: the column and reason that the loader reports, and what to do to the row's fields.

    `spoil` returns the row's fields, or its whole text.
    """

    column: str | None
    reason: str
    spoil: Callable[[list[str], random.Random], list[str] | str]


def add_faults(source: Path, target: Path, listed: Path, table: Table, share: float, seed: str) -> int:
    """Copy a clean file with faults in a share of its rows, and list them.

    Args:
        source: The clean file: UTF-8, each record on one line.
        target: The file with faults.
        listed: The list of faults: `line`, `column`, `reason`.
        table: The file's table in the contract.
        share: Share of the rows that get a fault, from 0 to 1.
        seed: Seed of the choice of rows and faults.

    Returns:
        Number of faults.
    """
    rng = random.Random(seed)  # noqa: S311
    rows = faults = 0
    with (
        source.open(encoding="utf-8", newline="") as clean,
        target.open("w", encoding="utf-8", errors="surrogateescape", newline="") as dirty,
        listed.open("w", encoding="ascii", newline="") as places,
    ):
        header = clean.readline()
        dirty.write(header)
        names = next(csv.reader([header]))
        spoiler = _Spoiler(table, names, rng)
        write = csv.writer(places, lineterminator="\n").writerow
        write(("line", "column", "reason"))
        while window := list(itertools.islice(clean, WINDOW)):
            chosen = [place for place in range(len(window)) if rng.random() < share]
            for place, text, kind in spoiler.spoil(window, chosen):
                window[place] = text
                write((rows + place + 2, kind.column or "", kind.reason))
            dirty.writelines(window)
            rows += len(window)
            faults += len(chosen)
    return faults


class _Spoiler:
    """Breaks rows of one file, with each kind of fault in turn."""

    def __init__(self, table: Table, names: list[str], rng: random.Random) -> None:
        self._rng = rng
        self._key = names.index(table.key.name)
        self._kinds = itertools.cycle(rng.sample(found := list(_kinds(table, names)), len(found)))
        self._long_row_is_due = True

    def spoil(self, window: list[str], chosen: list[int]) -> Iterator[tuple[int, str, Kind]]:
        """Yield place, new text and kind of fault of each chosen row."""
        others = sorted(set(range(len(window))) - set(chosen))
        for place in chosen:
            fields = next(csv.reader([window[place]]))
            kind = next(self._kinds)
            if kind.reason == "duplicate_key":
                if not others or others[-1] < place:  # no valid row is left below
                    kind = _wrong_number_of_fields(1)
                else:
                    below = self._rng.choice(others[next(i for i, other in enumerate(others) if other > place) :])
                    fields[self._key] = next(csv.reader([window[below]]))[self._key]
            elif kind.reason == "line_too_long":
                kind = kind if self._long_row_is_due else _wrong_number_of_fields(1)
                self._long_row_is_due = False
            spoilt = kind.spoil(fields, self._rng)
            yield place, (spoilt if isinstance(spoilt, str) else _joined(spoilt)) + "\n", kind


def _kinds(table: Table, names: list[str]) -> Iterator[Kind]:
    """Yield every kind of fault that a file with these columns can have."""
    for number, name in enumerate(names):
        column = next(column for column in table.columns if column.name == name)
        yield from _kinds_of(column, number, names)
    if table.require_one_of:
        needed = [names.index(name) for name in table.require_one_of if name in names]
        yield Kind(table.require_one_of[0], "missing_value", _blank(*needed))
    yield Kind(table.key.name, "out_of_range", _replace(names.index(table.key.name), (LONG_KEY,)))
    yield Kind(table.key.name, "duplicate_key", lambda fields, _: fields)
    # Text after each quote, so that it can't be the closing quote of a field opened above.
    yield Kind(None, "broken_quoting", lambda fields, rng: _at(fields, rng, lambda value: '"' + (value or "-")))
    yield Kind(None, "broken_quoting", lambda fields, rng: _at(fields, rng, lambda value: f'"{value or "-"}" "'))
    yield Kind(None, "invalid_encoding", lambda fields, rng: _at(fields, rng, lambda value: value + BROKEN_BYTES))
    if table.name == TABLE_WITH_LONG_ROW:
        yield Kind(None, "line_too_long", lambda fields, rng: _at(fields, rng, lambda value: value + LONG))
    yield _wrong_number_of_fields(1)
    yield _wrong_number_of_fields(-1)


def _kinds_of(column: Column, number: int, names: list[str]) -> Iterator[Kind]:
    if column.data_type in INVALID:
        reason, values = INVALID[column.data_type]
        yield Kind(column.name, reason, _replace(number, values))
    if column.data_type in OUT_OF_RANGE:
        yield Kind(column.name, "out_of_range", _replace(number, OUT_OF_RANGE[column.data_type]))
    if column.accepted_values is not None:
        wrong = tuple(value for value in ("EUR", "usd", "?") if value not in column.accepted_values)
        yield Kind(column.name, "not_accepted", _replace(number, wrong))
    if column.not_null and column.default is None and not column.derived_from_row:
        source = [names.index(str(column.derived_from))] if column.derived_from in names else []
        yield Kind(column.name, "missing_value", _blank(number, *source))
    yield Kind(column.name, "nul_byte", lambda fields, _: _changed(fields, number, fields[number][:2] + "\x00!"))


def _wrong_number_of_fields(more: int) -> Kind:
    if more > 0:
        return Kind(None, "too_many_fields", lambda fields, _: [*fields, "surplus"])
    return Kind(None, "too_few_fields", lambda fields, _: fields[:-1])


def _replace(number: int, values: tuple[str, ...]) -> Callable[[list[str], random.Random], list[str]]:
    return lambda fields, rng: _changed(fields, number, rng.choice(values))


def _blank(*numbers: int) -> Callable[[list[str], random.Random], list[str]]:
    return lambda fields, _: ["" if number in numbers else value for number, value in enumerate(fields)]


def _changed(fields: list[str], number: int, value: str) -> list[str]:
    return [*fields[:number], value, *fields[number + 1 :]]


def _at(fields: list[str], rng: random.Random, change: Callable[[str], str]) -> str:
    """Return the row's text with one of its plain fields changed in place."""
    texts = [_joined([value]) if value else "" for value in fields]
    number = rng.choice([number for number, text in enumerate(texts) if not text.startswith('"')])
    return ",".join(_changed(texts, number, change(texts[number])))


def _joined(fields: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(fields)
    return out.getvalue()
