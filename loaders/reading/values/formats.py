"""How values are written in a file, and the DuckDB SQL that reads them into the form that PostgreSQL knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from loaders.contract.quoting import literal
from loaders.contract.tables import Column
from loaders.contract.types import MIDNIGHT, NUMBER, TIMESTAMP

ORDERS = ("dmy", "mdy", "ymd")
# A reading that fits this many times more values than the other is the column's; the rest are mistakes.
CLEAR = 100
# No-break spaces (also narrow and thin ones) and the mark at the start of a file are blanks too.
BLANKS = " \t\n\r\u00a0\u2007\u2009\u202f\ufeff"
# The same mark, written with different characters.
_GAP, _APOSTROPHE, _MINUS = " \u00a0\u2007\u2009\u202f", "'\u2019", "-\u2212\u2013"
# What stands around a number: a currency's sign or code, of which a point needs a blank before the number.
CURRENCY = rf"(?:\p{{Sc}}|[A-Z]{{1,3}}\p{{Sc}}|[A-Z]{{3}}|(?:[Kk]r|Fr|Rs)(?:\.[{_GAP}])??|zł|Kč|lei|Ft)"


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes:
        decimal: Decimal mark.
        is_plain: Whether there are no signs of currencies, marks between groups of digits and the like.
    """

    decimal: str = "."
    is_plain: bool = True

    @property
    def pattern(self) -> str:
        """The pattern of numbers, for a full match."""
        point, comma = (r"\.", ",") if self.decimal == "." else (",", r"\.")
        digits = rf"(?:\d{{1,3}}(?:{comma}\d{{2,3}})*{comma}\d{{3}}|\d{{1,3}}(?:[{_GAP}{_APOSTROPHE}]\d{{3}})+|\d+)"
        number = rf"(?:{digits}(?:{point}\d*)?|{point}\d+)"
        gap = f"[{_GAP}]?"
        amount = rf"{CURRENCY}?{gap}{number}{gap}(?:{CURRENCY}\.?)?"
        before = rf"[{_MINUS}+]?{gap}{amount}|{CURRENCY}{gap}[{_MINUS}+]{gap}{number}"
        return rf"{before}|{amount}{gap}[{_MINUS}]|\({gap}{amount}{gap}\)"

    def read(self, text: str) -> str:
        """Return the SQL of the number; a value that does not fit begins with `!`, so that its row is rejected."""
        if self.is_plain:
            return text
        marks = _GAP + _APOSTROPHE
        digits = rf"(?:[.,]?\d)[\d.,{marks}]*"
        between = f"[{marks},]" if self.decimal == "." else f"[{marks}.]"
        found = f"regexp_extract({text}, {literal(digits)})"
        grouped = f"regexp_replace({found}, {literal(between)}, '', 'g')"
        value = grouped if self.decimal == "." else f"replace({grouped}, ',', '.')"
        sign = f"if(regexp_matches({text}, '[{_MINUS}(]'), '-', '')"
        plain = f"when regexp_full_match({text}, '{NUMBER}') then {text}" if self.decimal == "." else ""
        return (
            f"case when {text} is null then null {plain} "
            f"when regexp_full_match({text}, {literal(self.pattern)}) then {sign} || {value} "
            f"else '!' || {text} end"
        )

    def __str__(self) -> str:
        """Return what is said of the reading."""
        return "1.234,56 (decimal comma)" if self.decimal == "," else "1,234.56 (decimal point)"


@dataclass(frozen=True)
class DateFormat:
    """How the dates of a column are written, if not as ISO 8601.

    Attributes:
        formats: Formats in strptime codes, of which a value fits one.
        numbers: What dates written as a number count: `s`, `ms` or `excel`, by the number of digits before a point.
        words: Names of months as they are in the file, with the English ones.
        zones: What stands after the time, with an offset (`-08`) or the IANA name of a zone.
        order: Order of day, month and year, if the formats depend on it.
        codes: A format that the user or the contract names, in strptime codes.
    """

    formats: tuple[str, ...] = ()
    numbers: Mapping[int, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, str] = field(default_factory=dict)
    order: str | None = None
    codes: str | None = None

    def parsed(self, text: str) -> str:
        """Return the SQL of the timestamp without its zone; NULL for a value that does not fit."""
        listed = ", ".join(map(literal, self.formats))
        read = f"try_strptime({with_words(without_zone(text), self.words)}, [{listed}])" if self.formats else "null"
        cases = " ".join(
            f"when {digits} then {_counted(kind, without_zone(text))}" for digits, kind in self.numbers.items()
        )
        return f"case {_digits(text)} {cases} else {read} end" if cases else read

    def read(self, text: str, data_type: str) -> str:
        """Return the SQL of the date or moment: as it is in ISO 8601; a value that does not fit begins with `!`."""
        if self.codes is not None:
            return self._read(text, data_type)
        pattern = MIDNIGHT if data_type == "date" else TIMESTAMP
        plain = f"{text}[:10]" if data_type == "date" else text
        return f"case when regexp_full_match({text}, '{pattern}') then {plain} else {self._read(text, data_type)} end"

    def _read(self, text: str, data_type: str) -> str:
        parsed = self.parsed(text) if self.codes is None else f"try_strptime({text}, {literal(self.codes)})"
        if data_type == "date":
            # A time of day does not belong to a date, and must not be lost.
            return f"if(cast({parsed} as time) = '00:00', strftime({parsed}, '%Y-%m-%d'), '!' || {text})"
        written = _written(parsed)
        if self.codes is not None:
            offset = f" || strftime({parsed}, '%z')" if "%z" in self.codes else ""
            return f"coalesce({written}{offset}, '!' || {text})"
        # Seconds since 1970 have no zone.
        counted = ", ".join(str(digits) for digits, kind in self.numbers.items() if kind != "excel")
        epoch = f" || if({_digits(text)} in ({counted}), '+00', '')" if counted else ""
        zoned = " ".join(
            f"when {zone_of(text)} = {literal(zone)} then {_in_zone(parsed, where)}"
            for zone, where in self.zones.items()
        )
        return f"coalesce(case when {zone_of(text)} = '' then {written}{epoch} {zoned} end, '!' || {text})"

    def __str__(self) -> str:
        """Return what is said of the reading."""
        kinds = {"s": "seconds since 1970", "ms": "milliseconds since 1970", "excel": "days of a spreadsheet"}
        shown = [_shown(each) for each in (self.codes, *self.formats) if each] + [
            kinds[kind] for kind in self.numbers.values()
        ]
        return " or ".join(dict.fromkeys(shown))


@dataclass(frozen=True)
class TextFormat:
    """What is taken off the texts of a column, as far as the file has it.

    Attributes:
        has_blanks: Blanks around values.
        has_marks: What spreadsheets put there: `="00042"` and `'00123`.
        has_fraction: `.0` after whole numbers.
        is_unicode: Other characters than ASCII, which are composed (NFC).
        no_value: Codes that stand for no value.
        found: Those that are in the file.
    """

    has_blanks: bool = False
    has_marks: bool = False
    has_fraction: bool = False
    is_unicode: bool = False
    no_value: tuple[str, ...] = ()
    found: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return what is said of the reading; blanks and marks go without saying."""
        codes = [f"taken as no value: {', '.join(sorted(self.found))}"] if self.found else []
        return "; ".join([*codes, *(["17850.0 is 17850"] if self.has_fraction else [])])

    def read(self, text: str) -> str:
        """Return the SQL of the text."""
        value = f"nfc_normalize({text})" if self.is_unicode else text
        if self.has_blanks:
            value = f"trim({value}, {literal(BLANKS)})"
        if self.has_marks:
            value = (
                f"case when starts_with({value}, '=\"') and ends_with({value}, '\"') then {value}[3:-2] "
                f"when regexp_full_match({value}, '''\\d+') then {value}[2:] else {value} end"
            )
        if self.has_fraction:
            value = f"regexp_replace({value}, '[.]0+$', '')"
        if self.no_value:
            codes = ", ".join(map(literal, self.no_value))
            value = f"case when lower({value}) not in ({codes}) then {value} end"
        return value


@dataclass(frozen=True)
class Formats:
    """How the values of each column are written; a column that is not named is written plainly.

    Attributes:
        numbers: Readings of numbers by column.
        moments: Readings of dates and moments by column.
        texts: Readings of texts by column.
        blanks: The blanks that may be around values.
        short: Columns of numbers that are too short to have more digits than are kept.
    """

    numbers: Mapping[str, NumberFormat] = field(default_factory=dict)
    moments: Mapping[str, DateFormat] = field(default_factory=dict)
    texts: Mapping[str, TextFormat] = field(default_factory=dict)
    blanks: str = BLANKS
    short: Collection[str] = ()

    @property
    def said(self) -> list[str]:
        """What a user should know of the readings, one sentence each."""
        named = [f"{name}: {reading}" for name, reading in {**self.numbers, **self.moments, **self.texts}.items()]
        return [each for each in named if not each.endswith(": ")]

    def read(self, column: Column, text: str) -> str:
        """Return the SQL of a field's value in a form that PostgreSQL reads.

        Args:
            column: The contract's column.
            text: SQL of the field as in the file.
        """
        if column.data_type == "text":
            return self.texts[column.name].read(text) if column.name in self.texts else text
        trimmed = trim(text, self.blanks)
        if column.no_value:
            codes = ", ".join(map(literal, column.no_value))
            trimmed = f"case when lower({trimmed}) not in ({codes}) then {trimmed} end"
        if column.data_type == "numeric":
            return self.numbers.get(column.name, NumberFormat()).read(trimmed)
        if column.name in self.moments:
            return self.moments[column.name].read(trimmed, column.data_type)
        if column.data_type == "date":
            return f"case when regexp_full_match({trimmed}, '{MIDNIGHT}') then {trimmed}[:10] else {trimmed} end"
        return trimmed


def first_row(database: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    """Return the one row of a query."""
    row = database.execute(query).fetchone()
    assert row is not None
    return list(row)


# --- pieces of SQL ----------------------------------------------------------------------------------------------------


def trim(text: str, blanks: str = BLANKS) -> str:
    """Return the field without blanks around it, NULL if nothing is left; trimming is slow, so only if needed."""
    return f"case when {may_have_blanks(text, blanks)} then nullif(trim({text}, {literal(blanks)}), '') else {text} end"


def may_have_blanks(text: str, blanks: str) -> str:
    """Return the condition that a field is empty, or begins or ends with a blank or a control character."""
    starts = [f"starts_with({text}, {literal(blank)})" for blank in blanks if blank > "!"]
    ends = [f"ends_with({text}, {literal(blank)})" for blank in blanks]
    return " or ".join([f"{text} < '!'", *starts, *ends])


_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:\s*[AaPp]\.?[Mm]\b\.?)?"


def zone_of(text: str) -> str:
    """Return what stands after the time of day, such as `PST` or `+0100`; an empty text if nothing does."""
    return f"regexp_extract({text}, '{_TIME}\\s*(.*)$', 1)"


def without_zone(text: str) -> str:
    """Return a moment up to its time of day, with one blank between its parts and `AM` or `PM`."""
    until = f"regexp_replace({text}, '({_TIME})\\s*.*$', '\\1')"
    blanks = f"regexp_replace(translate({until}, '\u00a0\u2007\u2009\u202f', '    '), '\\s+', ' ', 'g')"
    comma = f"regexp_replace({blanks}, '(:\\d{{2}}),(\\d+)', '\\1.\\2')"
    return f"regexp_replace({comma}, ' ?([AaPp])\\.?[Mm]\\b\\.?$', ' \\1M')"


def with_words(moment: str, words: Mapping[str, str]) -> str:
    """Return a moment with the English names of months."""
    for word, name in words.items():
        moment = f"regexp_replace({moment}, {literal(rf'(^|[^[:alpha:]]){word}([^[:alpha:]]|$)')}, '\\1{name}\\2', 'i')"
    return moment


def _digits(text: str) -> str:
    """Return how many digits a date has that is written as a number; 0 for others."""
    return f"length(regexp_extract({text}, '^(\\d+)(?:[.]\\d+)?$', 1))"


def _counted(kind: str, text: str) -> str:
    if kind == "excel":
        seconds = f"round(try_cast({text} as decimal(28, 10)) * 86400)"
        return f"timestamp '1899-12-30' + to_seconds(cast({seconds} as bigint))"
    factor = {"s": "000000", "ms": "000"}[kind]
    return f"make_timestamp(try_cast({text} || '{factor}' as bigint))"


def _in_zone(parsed: str, zone: str) -> str:
    if zone.startswith(("+", "-")):
        return f"{_written(parsed)} || '{zone}'"
    moved = f"timezone('UTC', timezone({literal(zone)}, {parsed}))"
    return f"{_written(moved)} || '+00'"


def _written(moment: str) -> str:
    return f"replace(strftime({moment}, '%Y-%m-%d %H:%M:%S.%f'), '.000000', '')"


def _shown(codes: str) -> str:
    words = {"%d": "dd", "%m": "mm", "%Y": "yyyy", "%y": "yy", "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss"}
    words |= {"%b": "month", "%B": "month", "%p": "AM/PM", "%f": "ffffff"}
    for code, word in words.items():
        codes = codes.replace(code, word)
    return codes
