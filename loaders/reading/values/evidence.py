"""How the values of a file are written, found in all values of a column.

What all values agree on is taken and said; where they fit two readings that differ, the file is refused with both, and
with the switch that decides. Columns that fit several follow the others of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import duckdb

from loaders.contract.quoting import literal
from loaders.contract.tables import Column, Reading
from loaders.errors import FileRefusedError
from loaders.reading.values.formats import (
    BLANKS,
    CURRENCY,
    ORDERS,
    Formats,
    Moment,
    Number,
    Text,
    tidy,
    trim,
    with_words,
    without_zone,
    zone_of,
)
from loaders.reading.header import CsvFile
from loaders.reading.values.words import MONTHS, ZONES

# A reading that fits this many times more values than the other is the column's; the rest are mistakes.
_CLEAR = 100
_MOST_SHAPES = 50
_ISO = re.compile(r"9999-99-99([ T]99:99(:99([.]9+)?)?)?")


def find_texts(database: duckdb.DuckDBPyConnection, file: CsvFile, fields: Mapping[Column, str]) -> dict[str, Text]:
    """Return what is to be taken off the texts, by column; columns that need nothing are left out.

    Args:
        database: The connection with the table `records`.
        file: The file.
        fields: SQL of the fields in the file, by column.
    """
    found: dict[str, Text] = {}
    for column, field in fields.items():
        if column.data_type != "text":
            continue
        blanks = BLANKS if not file.is_ascii else BLANKS[:4]
        edges = " or ".join(f"starts_with({field}, {each}) or ends_with({field}, {each})" for each in map(literal, blanks))
        codes = ", ".join(map(literal, column.no_value)) or "null"
        [has_blanks, has_marks, fractions, no_values] = _row(
            database,
            f"""
            select
                count(*) filter ({edges}) > 0,
                count(*) filter (starts_with({field}, '=') or starts_with({field}, '''')) > 0,
                count(*) filter (ends_with({field}, '.0')),
                {f"list(distinct lower({field})) filter (length({field}) < 20 and lower(trim({field})) in ({codes}))" if column.no_value else "[]"}
            from records
            """,
        )
        text = Text(
            has_blanks=has_blanks and column.is_identifier,
            has_marks=has_marks,
            is_unicode=not file.is_ascii and column.is_identifier,
            no_value=column.no_value if no_values else (),
            found=tuple(no_values or ()),
        )
        if column.is_identifier and fractions:
            others = f"not regexp_full_match({text.read(field)}, '\\d+([.]0)?')"
            [odd] = _row(database, f"select count(*) filter ({text.read(field)} <> '' and {others}) from records")
            text = replace(text, has_fraction=not odd)
        if text != Text():
            found[column.name] = text
    return found


def find_formats(
    database: duckdb.DuckDBPyConnection, file: CsvFile, fields: Mapping[Column, str], said: Reading, texts: dict[str, Text]
) -> Formats:
    """Return how the numbers and dates of a file are written.

    Args:
        database: The connection with the table `records`.
        file: The file.
        fields: SQL of the fields in the file, by column.
        said: What is known already.
        texts: Readings of texts.

    Raises:
        FileRefusedError: The values of a column fit two readings.
    """
    names = dict(zip((column.name for column in file.columns if column), (
        name for name, column in zip(file.header, file.columns, strict=True) if column), strict=True))
    counts = {
        column.name: _Numbers(names[column.name], *_count_numbers(database, trim(field)))
        for column, field in fields.items()
        if column.data_type == "numeric"
    }
    numbers = _choose_numbers(counts, said.decimal)
    dates = {
        column.name: _Dates.of(database, names[column.name], trim(field), said.dates)
        for column, field in fields.items()
        if column.data_type in ("date", "timestamptz")
    }
    return Formats(numbers, _choose_dates({name: each for name, each in dates.items() if each}), texts)


# --- numbers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Numbers:
    """A column of numbers: how many values are plain, fit one reading alone, or both with another result."""

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
            if few * _CLEAR > many:
                raise FileRefusedError(
                    f"{self.header} has {self.point} numbers such as 1,234.56 and {self.comma} such as 1.234,56.",
                    "Say which one they are with --decimal . or --decimal , and fix the others.",
                )
            return "," if self.comma > self.point else "."
        return "," if self.comma else "." if self.point else None


def _count_numbers(
    database: duckdb.DuckDBPyConnection, value: str
) -> tuple[int, int, int, int, str | None, tuple[str, ...]]:
    tidied = tidy(value)
    point, comma = (f"regexp_full_match(tidied, {literal(Number(mark, False).pattern)})" for mark in ".,")
    marked = "regexp_matches(tidied, '[.,]')"
    sign = f"regexp_extract(tidied, {literal(CURRENCY)})"
    row = _row(
        database,
        f"""
        with tidied as (
            select {value} as value, {tidied} as tidied from records
        )
        select
            count(*) filter (not regexp_full_match(value, '[+-]?\\d+([.]\\d*)?') and ({point} or {comma})),
            count(*) filter ({point} and not {comma}),
            count(*) filter ({comma} and not {point}),
            count(*) filter ({marked} and {point} and {comma}),
            min(value) filter ({marked} and {point} and {comma}),
            list(distinct {sign}) filter ({sign} <> '' and ({point} or {comma}))
        from tidied
        """,
    )
    return (*row[:5], tuple(row[5] or ()))


def _choose_numbers(counts: Mapping[str, _Numbers], said: str | None) -> dict[str, Number]:
    """Return the readings of the columns that are not written plainly.

    Raises:
        FileRefusedError: A column fits two readings, or has the signs of two currencies.
    """
    shown = {said} if said else {mark for each in counts.values() if (mark := each.decimal)}
    chosen: dict[str, Number] = {}
    for name, each in counts.items():
        if len(each.signs) > 1:
            raise FileRefusedError(
                f"{each.header} has amounts in several currencies: {', '.join(sorted(each.signs))}.",
                "Put the currency into a column of its own: amounts of two currencies are never added.",
            )
        decimal = said or each.decimal or (shown.copy().pop() if len(shown) == 1 else None)
        if decimal is None and each.both:
            raise FileRefusedError(
                f"{each.header} can be read in two ways: {each.example} with a decimal comma or a decimal point.",
                "Say --decimal . or --decimal , (or write read: {decimal: ','} in the source's contract).",
            )
        if each.odd or decimal == ",":
            chosen[name] = Number(decimal or ".", is_plain=False)
    return chosen


# --- dates ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Dates:
    """A column of dates that are not ISO 8601: the readings that fit some values, and how they compare.

    Attributes:
        header: Name of the column in the file.
        readings: Reading and number of values that only it reads, by the order of day, month and year.
        differ: A value that the first two readings read as different days, if there is one.
    """

    header: str
    readings: tuple[tuple[Moment, int], ...]
    differ: str | None

    @classmethod
    def of(cls, database: duckdb.DuckDBPyConnection, header: str, value: str, said: str | None) -> _Dates | None:
        """Look at the values of a column; None if they are all ISO 8601."""
        if said and "%" in said:
            return cls(header, ((Moment(codes=said), 1),), None)
        found, zones = _shapes(database, value), _zones(database, value)
        words = _words(found)
        plain_zones = all(re.fullmatch(r"[+-]\d\d(:?\d\d)?|[Zz]|UTC", zone) for zone in zones)
        shapes = {re.sub(r"[^\W\d_]+[.]?", _shape_of_word, shape): example for shape, example in found.items()}
        readings = []
        for order in (said,) if said in ORDERS else ORDERS:
            formats = tuple(dict.fromkeys(each for shape in shapes if (each := format_of(shape, str(order)))))
            numbers = {n: kind for shape in shapes if (found_kind := _number_of(shape)) for n, kind in [found_kind]}
            odd = [shape for shape in shapes if not _ISO.fullmatch(shape) and format_of(shape, str(order))]
            if plain_zones and not odd and not numbers:
                continue
            if (formats or numbers) and not any(each.formats == formats for each in readings):
                readings.append(Moment(formats, numbers, words, zones, str(order)))
        return cls._compared(database, header, value, readings)

    @classmethod
    def _compared(
        cls, database: duckdb.DuckDBPyConnection, header: str, value: str, readings: list[Moment]
    ) -> _Dates | None:
        if not readings:
            return None
        parsed = ", ".join(f"{each.parsed('value')} as r{i}" for i, each in enumerate(readings))
        alone = ", ".join(
            f"count(r{i}) filter ({' and '.join([f'r{j} is null' for j in range(len(readings)) if j != i] or ['true'])})"
            for i in range(len(readings))
        )
        totals = ", ".join(f"count(r{i})" for i in range(len(readings)))
        counts = _row(database, f"with p as (select {parsed} from (select {value} as value from records)) select {totals}, {alone} from p")
        total, only = counts[: len(readings)], counts[len(readings) :]
        ranked = sorted(range(len(readings)), key=lambda i: (-total[i], i))[:2]
        differ = None
        if len(ranked) == 2:
            [differ] = _row(
                database,
                f"with p as (select value, {parsed} from (select {value} as value from records)) "
                f"select min(value) from p where r{ranked[0]} <> r{ranked[1]}",
            )
        return cls(header, tuple((readings[i], only[i]) for i in ranked), differ)

    @property
    def order(self) -> str | None:
        """The order that the values show; None if they fit two."""
        if len(self.readings) == 1:
            return self.readings[0][0].order
        (first, alone), (second, other) = self.readings
        if self.differ is None and not other:
            return first.order
        if alone and alone >= _CLEAR * other:
            return first.order
        if alone and other:
            raise FileRefusedError(
                f"{self.header} has {alone} dates that are only {first} and {other} that are only {second}.",
                f"Say --date-format {first.order} or --date-format {second.order}; the other rows are then rejected.",
            )
        return None


def _choose_dates(found: Mapping[str, _Dates]) -> dict[str, Moment]:
    """Return the readings of dates.

    Raises:
        FileRefusedError: A column fits two readings.
    """
    shown = {order for each in found.values() if (order := each.order)}
    chosen: dict[str, Moment] = {}
    for name, each in found.items():
        order = each.order or (shown.copy().pop() if len(shown) == 1 else None)
        reading = next((moment for moment, _ in each.readings if moment.order == order), None)
        if reading is None:
            (first, _), (second, _) = each.readings
            raise FileRefusedError(
                f"{each.header} can be read in two ways: {each.differ} as {first} or as {second}.",
                f"Say --date-format {first.order} or --date-format {second.order} "
                f"(or write read: {{dates: {first.order}}} in the source's contract).",
            )
        chosen[name] = reading
    return chosen


def format_of(shape: str, order: str) -> str | None:
    """Return the strptime format of a shape: `9` is a digit, `b` the name of a month, `p` AM or PM.

    None if no date with this order has the shape.
    """
    match = re.fullmatch(r"(?P<date>[9b/. ,-]+?)(?P<gap>[ T]|, | at | kl[.]? )?(?P<time>9{1,2}:99.*)?", shape)
    if match is None:
        return None
    date, time = _date_format(match["date"], order), match["time"]
    if date is None or (time is None and match["gap"]):
        return None
    if time is None:
        return date
    clock = re.fullmatch(r"9{1,2}:99(:99)?([.]9+)?( p)?", time)
    if clock is None:
        return None
    hours = "%I:%M" if clock[3] else "%H:%M"
    return f"{date}{match['gap'] or ''}{hours}{':%S' if clock[1] else ''}{'.%f' if clock[2] else ''}{' %p' if clock[3] else ''}"


def _date_format(shape: str, order: str) -> str | None:
    if shape == "99999999":
        return "%Y%m%d"
    year = {4: "%Y", 2: "%y"}
    if match := re.fullmatch(r"9999([-/.])9{1,2}\1(?:9{1,2})", shape):
        return f"%Y{match[1]}%m{match[1]}%d"
    if match := re.fullmatch(r"9{1,2}([-/.])9{1,2}\1(9{4}|99)", shape):
        mark, last = match[1], year[len(match[2])]
        if order == "ymd":
            return f"%y{mark}%m{mark}%d" if last == "%y" and mark == "-" else None
        if mark == "." and order == "mdy":
            return None
        return f"%d{mark}%m{mark}{last}" if order == "dmy" else f"%m{mark}%d{mark}{last}"
    if match := re.fullmatch(r"9{1,2}/9{1,2}-(9{4}|99)", shape):  # as Danes write 24/12-2024
        return f"%d/%m-{year[len(match[1])]}" if order == "dmy" else None
    if match := re.fullmatch(r"9{1,2}([-/. ,]{1,2})b([-/. ,]{1,2})(9{4}|99)", shape):
        return f"%d{match[1]}%b{match[2]}{year[len(match[3])]}"
    if match := re.fullmatch(r"b([-/. ]{1,2})9{1,2}([-/. ,]{1,2})(9{4}|99)", shape):
        return f"%b{match[1]}%d{match[2]}{year[len(match[3])]}"
    if match := re.fullmatch(r"9999([-/. ])b([-/. ])9{1,2}", shape):
        return f"%Y{match[1]}%b{match[2]}%d"
    return None


def _number_of(shape: str) -> tuple[int, str] | None:
    """Return digits and kind of a date that is written as a number."""
    match = re.fullmatch(r"(9+)([.]9+)?", shape)
    kind = {5: "excel", 10: "s", 13: "ms"}.get(len(match[1])) if match else None
    return (len(match[1]), kind) if match and kind and (not match[2] or kind == "excel") else None


def _shape_of_word(match: re.Match[str]) -> str:
    word = match[0].lower().rstrip(".")
    return "b" if word in MONTHS else "p" if word in ("am", "pm") else match[0]


def _shapes(database: duckdb.DuckDBPyConnection, value: str) -> dict[str, str]:
    """Return the shapes of a column's values without their zones, each with an example; digits are 9."""
    rows = database.execute(
        f"""
        with moments as (
            select {without_zone("value")} as moment, value from (select {value} as value from records)
        )
        select regexp_replace(moment, '\\d', '9', 'g') as shape, min(value)
        from moments where moment is not null
        group by shape order by count(*) desc limit {_MOST_SHAPES}
        """
    ).fetchall()
    return dict(rows)


def _words(shapes: Mapping[str, str]) -> dict[str, str]:
    """Return the names of months in the shapes, with the English ones; `sept.` loses its point."""
    words = {word for shape in shapes for word in re.findall(r"[^\W\d_]+[.]?", shape)}
    return {
        re.escape(word): MONTHS[word.lower().rstrip(".")]
        for word in sorted(words)
        if word.lower().rstrip(".") in MONTHS and word.lower() != MONTHS[word.lower().rstrip(".")].lower()
    }


def _zones(database: duckdb.DuckDBPyConnection, value: str) -> dict[str, str]:
    """Return what stands after the times of day, with an offset or the IANA name of a zone."""
    rows = database.execute(
        f"select distinct {zone_of('value')} as zone from (select {value} as value from records) limit 100"
    ).fetchall()
    zones = [zone for (zone,) in rows if zone]
    return {zone: where for zone in zones if (where := zone_from(zone))}


def zone_from(text: str) -> str | None:
    """Return the offset or the IANA name of a zone as files write it; None if it is not known."""
    if match := re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d\d)?", text):
        return f"{match[1]}{int(match[2]):02}:{match[3] or '00'}"
    return ZONES.get(text.casefold())


def _row(database: duckdb.DuckDBPyConnection, query: str) -> list[object]:
    row = database.execute(query).fetchone()
    assert row is not None
    return list(row)
