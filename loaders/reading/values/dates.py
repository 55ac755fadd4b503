"""How the dates of a column are written, found in all of its values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from loaders.contract.types import TIMESTAMP
from loaders.errors import FileRefusedError
from loaders.reading.values.formats import CLEAR, ORDERS, DateFormat, first_row, without_zone, zone_of
from loaders.reading.values.words import MONTHS, ZONES

_MOST_SHAPES = 50
_ISO = re.compile(r"9999-99-99([ T]99:99(:99([.]9+)?)?)?")


@dataclass(frozen=True)
class DatesSeen:
    """A column of dates that are not ISO 8601: the readings that fit some values, and how they compare.

    Attributes:
        header: Name of the column in the file.
        readings: Reading and number of different values that only it reads, by the order of day, month and year.
        differ: A value that the first two readings read as different days, if there is one.
    """

    header: str
    readings: tuple[tuple[DateFormat, int], ...]
    differ: str | None

    @classmethod
    def of(cls, database: duckdb.DuckDBPyConnection, header: str, value: str, said: str | None) -> DatesSeen | None:
        """Look at the values of a column; None if they are all ISO 8601."""
        if said and "%" in said:
            return cls(header, ((DateFormat(codes=said), 1),), None)
        plain = f"regexp_full_match(value, '{TIMESTAMP}')"
        if first_row(database, f"select bool_and({plain}) from (select {value} as value from records)")[0] is not False:
            return None
        found, zones = _shapes(database, value), _zones(database, value)
        words = _words(found)
        plain_zones = all(re.fullmatch(r"[+-]\d\d(:?\d\d)?|[Zz]|UTC", zone) for zone in zones)
        shapes = list(dict.fromkeys(re.sub(r"[^\W\d_]+[.]?", _shape_of_word, shape) for shape in found))
        readings: list[DateFormat] = []
        numbers = dict(filter(None, map(_number_of, shapes)))
        for order in [order for order in ORDERS if order == said or said not in ORDERS]:
            formats = tuple(dict.fromkeys(each for shape in shapes if (each := format_of(shape, order))))
            odd = [shape for shape in shapes if not _ISO.fullmatch(shape) and format_of(shape, order)]
            if plain_zones and not odd and not numbers:
                continue
            if (formats or numbers) and not any(each.formats == formats for each in readings):
                readings.append(DateFormat(formats, numbers, words, zones, order))
        return cls._compared(database, header, value, readings)

    @classmethod
    def _compared(
        cls, database: duckdb.DuckDBPyConnection, header: str, value: str, readings: list[DateFormat]
    ) -> DatesSeen | None:
        if not readings:
            return None
        places = range(len(readings))
        parsed = ", ".join(f"{each.parsed('value')} as r{i}" for i, each in enumerate(readings))
        table = f"(select value, {parsed} from (select distinct {value} as value from records))"
        others = {i: " and ".join(f"r{j} is null" for j in places if j != i) or "true" for i in places}
        counts = [f"count(r{i})" for i in places] + [f"count(r{i}) filter ({others[i]})" for i in places]
        found = first_row(database, f"select {', '.join(counts)} from {table}")
        total, only = found[: len(readings)], found[len(readings) :]
        ranked = sorted(places, key=lambda i: (-total[i], i))[:2]
        differ = None
        if len(ranked) == 2:
            first, second = ranked
            [differ] = first_row(database, f"select min(value) from {table} where r{first} <> r{second}")
        return cls(header, tuple((readings[i], only[i]) for i in ranked), differ)

    @property
    def order(self) -> str | None:
        """The order that the values show; None if they fit two."""
        if len(self.readings) == 1:
            return self.readings[0][0].order
        (first, alone), (second, other) = self.readings
        if self.differ is None and not other:
            return first.order
        if alone and alone >= CLEAR * other:
            return first.order
        if alone and other:
            raise FileRefusedError(
                f"{self.header} has {alone} dates that are only {first} and {other} that are only {second}.",
                f"Say --date-format {first.order} or --date-format {second.order}; the other rows are then rejected.",
            )
        return None


def choose_dates(found: Mapping[str, DatesSeen]) -> dict[str, DateFormat]:
    """Return the readings of dates.

    Raises:
        FileRefusedError: A column fits two readings.
    """
    shown = {order for each in found.values() if (order := each.order)}
    the_only = min(shown) if len(shown) == 1 else None
    chosen: dict[str, DateFormat] = {}
    for name, each in found.items():
        order = each.order or the_only
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
    rest = [codes for codes, there in ((":%S", clock[1]), (".%f", clock[2]), (" %p", clock[3])) if there]
    return f"{date}{match['gap'] or ''}{hours}{''.join(rest)}"


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


def _shapes(database: duckdb.DuckDBPyConnection, value: str) -> list[str]:
    """Return the shapes of a column's values without their zones; digits are 9."""
    rows = database.execute(
        f"""
        with moments as (
            select {without_zone("value")} as moment from (select distinct {value} as value from records)
        )
        select regexp_replace(moment, '\\d', '9', 'g') as shape
        from moments where moment is not null
        group by shape order by count(*) desc, shape limit {_MOST_SHAPES}
        """
    ).fetchall()
    return [shape for (shape,) in rows]


def _words(shapes: list[str]) -> dict[str, str]:
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
        f"""
        select distinct {zone_of("value")} as zone
        from (select distinct {value} as value from records)
        order by zone limit 100
        """
    ).fetchall()
    zones = [zone for (zone,) in rows if zone]
    return {zone: where for zone in zones if (where := zone_from(zone))}


def zone_from(text: str) -> str | None:
    """Return the offset or the IANA name of a zone as files write it; None if it is not known."""
    if match := re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d\d)?", text):
        return f"{match[1]}{int(match[2]):02}:{match[3] or '00'}"
    return ZONES.get(text.casefold())
