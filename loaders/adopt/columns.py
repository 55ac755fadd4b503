"""What is in the columns of a file that no table knows: numbers, moments, times of day or texts.

Values are read as `loader copy` reads them: the header, the records and the readings of numbers and dates are those of
`loaders.reading`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loaders.adopt.naming import snake, unused
from loaders.adopt.words import NAMES, is_known, plain, rank
from loaders.contract.quoting import literal
from loaders.contract.tables import Column, Reading, Table, header_key
from loaders.errors import FileRefusedError
from loaders.project import Project
from loaders.reading.header import CsvFile, match_header, possible_headers
from loaders.reading.intake import Given
from loaders.reading.records import Records
from loaders.reading.rules import fields_of
from loaders.reading.values.evidence import find_formats
from loaders.reading.values.formats import CURRENCY, Formats, NumberFormat, trim
from loaders.reading.workspace import interruptible, working_folder

# Share of a column's values that make it a column of numbers or dates: a few are always written otherwise.
_MOST = 0.95
_FEW_VALUES = 200
_SAMPLE = 50_000
_MOMENT = r"\d{4,6}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?"
_TIME = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp]\.?[Mm]\.?)?"


@dataclass(frozen=True)
class Facts:
    """What is known of one column of a file.

    Attributes:
        header: Its name in the file.
        name: Its name in the contract, in snake case.
        field: Its place in the file.
        kind: `number`, `moment`, `time`, `text` or `empty`.
        filled: Rows with a value.
        distinct: Different values.
        values: The values, if they are few.
        is_whole: Whether all numbers are whole and without a sign.
        signs: Signs or codes of currencies at the numbers.
    """

    header: str
    name: str
    field: str
    kind: str
    filled: int
    distinct: int
    values: tuple[str, ...] = ()
    is_whole: bool = False
    signs: tuple[str, ...] = ()

    @property
    def plain(self) -> str:
        """The header as patterns expect it."""
        return plain(self.header)


@dataclass(frozen=True)
class Look:
    """A file that was looked at. The table `typed` of its database has the columns by their names in the contract.

    Attributes:
        path: The file.
        rows: Records in it.
        columns: What is known of its columns.
        database: DuckDB with the table `typed`.
        reading: How numbers and dates are written, where later files may leave it open.
    """

    path: Path
    rows: int
    columns: tuple[Facts, ...]
    database: duckdb.DuckDBPyConnection
    reading: Reading

    def value(self, query: str) -> float:
        """Return the only number of a query; 0 for NULL."""
        row = self.database.execute(query).fetchone()
        return float(row[0] or 0) if row else 0.0

    def share(self, condition: str, where: str = "true") -> float:
        """Return the share of the rows for which a condition is true."""
        return self.value(f"select avg(if({condition}, 1, 0)) from typed where {where}")

    def is_key(self, *names: str) -> bool:
        """Return whether each row has its own value in a column, or in some columns together."""
        listed = ", ".join(names)
        filled = " and ".join(f"{name} is not null" for name in names)
        return (
            bool(self.rows)
            and self.value(f"select count(*) from (select distinct {listed} from typed where {filled})") == self.rows
        )


@contextlib.contextmanager
def looked_at(path: Path, project: Project, said: Reading, encoding: str | None) -> Iterator[Look]:
    """Read a file and look at its columns; `said` is how numbers and dates are written, as far as the user says it.

    Raises:
        FileRefusedError: The file is not a CSV file with a header and rows.
    """
    given = Given(path)
    table = _table_of(_header(given, encoding), given.name)
    with working_folder(project) as folder:
        file = match_header(given.take_in(folder, encoding, lambda _: None), table)
        if file.is_wide:
            raise FileRefusedError(f"{given.name} has {len(file.header)} columns.", "Leave some out: 200 are enough.")
        with (
            contextlib.closing(duckdb.connect(config={"temp_directory": str(folder)})) as database,
            interruptible(database),
        ):
            # Not into the middle of a JSON document.
            database.execute("set enable_progress_bar = false")
            rows = Records(file, database).read
            if not rows:
                raise FileRefusedError(f"{given.name} has a header and no rows.", "Export it with its rows.")
            # How values are written is found in a sample, which is the same each time; how many there are, in all.
            database.execute("alter table records rename to all_records")
            database.execute(
                f"create table records as from all_records using sample reservoir({_SAMPLE} rows) repeatable (1)"
            )
            yield _looked_at(path, rows, file, database, said)


def _header(given: Given, encoding: str | None) -> tuple[str, ...]:
    """Return the line that has the most names for something, and of equal ones the first with the most names."""
    best: tuple[str, ...] = ()
    score = (0, 0)
    for names in possible_headers(given.peek(encoding)):
        found = (sum(map(is_known, names)), len(names))
        if len(names) > 1 and found > score and found[0]:
            best, score = names, found
    if score[0] < 2:
        raise FileRefusedError(
            f"No line of the first 20 of {given.name} looks like a header: names of a date, an amount and so on.",
            "The file needs a header; its delimiter is one of , ; tab |.",
        )
    return best


def _table_of(header: tuple[str, ...], name: str) -> Table:
    headers = {header_key(each): each for each in reversed(header) if header_key(each)}
    named = [(i, each) for i, each in enumerate(header) if headers.get(header_key(each)) == each]
    columns = tuple(Column(f"f{i}", "text", aliases=(each,)) for i, each in named)
    return Table("file", "file", "".join(c for c in name if c.isprintable()), columns, known_by=tuple(headers))


def _looked_at(path: Path, rows: int, file: CsvFile, database: duckdb.DuckDBPyConnection, said: Reading) -> Look:
    fields = {column.name: field for column, field in fields_of(file).items()}
    taken: set[str] = set()
    looks: list[Facts] = []
    for header, column in zip(file.header, file.columns, strict=True):
        if column is None:
            continue
        name = unused(snake(header), taken)
        looks.append(_facts(database, file, header, name, fields[column.name], said))
    formats = _formats(database, file, looks, said)
    selected = ", ".join(f"{_typed(each, formats)} as {each.name}" for each in looks)
    database.execute(f"create table typed as select {selected} from all_records")
    return Look(path, rows, tuple(looks), database, _reading(formats, said))


def _facts(
    database: duckdb.DuckDBPyConnection, file: CsvFile, header: str, name: str, field: str, said: Reading
) -> Facts:
    value, number = trim(field), _number_pattern()
    row = database.execute(
        f"""
        with trimmed as (
            select {value} as value from records
        )
        select
            (select count({value}) from all_records),
            (select count(distinct {value}) from all_records),
            count(value),
            count(*) filter (regexp_full_match(value, {literal(number)})),
            count(*) filter (regexp_full_match(value, {literal(_TIME)})),
            count(*) filter (regexp_full_match(value, '\\d+([.]0)?')),
            list(distinct regexp_extract(value, {literal(CURRENCY)})) filter (
                regexp_full_match(value, {literal(number)}) and regexp_matches(value, {literal(CURRENCY)})
            )
        from trimmed
        """
    ).fetchone()
    assert row is not None
    filled, distinct, seen, numbers, times, whole, signs = row
    kind = "text"
    if not seen:
        kind = "empty"
    elif times >= _MOST * seen:
        kind = "time"
    elif _is_moment(database, file, header, name, field, seen, said, numbers == seen):
        kind = "moment"
    elif numbers >= _MOST * seen:
        kind = "number"
    values = [] if distinct > _FEW_VALUES else database.execute(f"select distinct {value} from all_records").fetchall()
    return Facts(
        header=header,
        name=name,
        field=field,
        kind=kind,
        filled=filled,
        distinct=distinct,
        values=tuple(sorted(text for (text,) in values if text)),
        is_whole=whole == seen,
        signs=tuple(signs or ()),
    )


def _number_pattern() -> str:
    return "|".join(f"(?:{NumberFormat(mark, is_plain=False).pattern})" for mark in ".,")


def _is_moment(
    database: duckdb.DuckDBPyConnection,
    file: CsvFile,
    header: str,
    name: str,
    field: str,
    filled: int,
    said: Reading,
    is_number: bool,
) -> bool:
    """Return whether a column has dates; one of numbers only if its name says so."""
    if is_number and rank(plain(header), NAMES["date"]) is None:
        return False
    column = Column(name, "timestamptz")
    try:
        formats = find_formats(database, _named(file, header, column), {column: field}, said, {})
    except FileRefusedError:  # dates that fit two readings; which one is asked when the file is read as a whole
        return True
    row = database.execute(
        f"select count(*) filter (regexp_full_match({formats.read(column, field)}, {literal(_MOMENT)})) from records"
    ).fetchone()
    return row is not None and row[0] >= _MOST * filled


def _named(file: CsvFile, header: str, column: Column) -> CsvFile:
    """Return a file in which one header names a column, for messages."""
    columns = tuple(column if name == header else None for name in file.header)
    return CsvFile(**{**vars(file), "columns": columns})


def _formats(database: duckdb.DuckDBPyConnection, file: CsvFile, looks: list[Facts], said: Reading) -> Formats:
    """Return how numbers and dates are written.

    Raises:
        FileRefusedError: A column fits two readings, and no other of the file says which one it is.
    """
    types = {"number": "numeric", "moment": "timestamptz"}

    def found(looks: list[Facts]) -> Formats:
        columns = {each.header: Column(each.name, types[each.kind]) for each in looks}
        named = CsvFile(**{**vars(file), "columns": tuple(columns.get(name) for name in file.header)})
        return find_formats(database, named, {columns[each.header]: each.field for each in looks}, said, {})

    typed = [each for each in looks if each.kind in types]
    try:
        return found(typed)
    except FileRefusedError:  # perhaps only because of a column that is not for anything
        return found([each for each in typed if is_known(each.header)])


def _typed(each: Facts, formats: Formats) -> str:
    kinds = {
        "number": ("numeric", "decimal(38, 0)" if each.is_whole else "double"),
        "moment": ("timestamptz", "timestamp"),
    }
    data_type, cast = kinds.get(each.kind, ("text", "varchar"))
    value = formats.read(Column(each.name, data_type), each.field if data_type != "text" else trim(each.field))
    if each.kind == "moment":
        value = f"left(replace({value}, 'T', ' '), 19)"
    return f"try_cast({value} as {cast})"


def _reading(formats: Formats, said: Reading) -> Reading:
    """Return what a later file may leave open: a decimal comma, and whether the day or the month comes first."""
    commas = {reading.decimal for reading in formats.numbers.values()}
    orders = {
        moment.order
        for moment in formats.moments.values()
        if moment.order in ("dmy", "mdy")
        and any("%m" in each and "." not in each.split(" ")[0] for each in moment.formats)
    }
    decimal = said.decimal or ("," if commas == {","} else None)
    return Reading(decimal, said.dates or (orders.pop() if len(orders) == 1 else None))
