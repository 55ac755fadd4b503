"""How values are written in a file, and the DuckDB SQL that reads them: decimal marks, date formats, blanks."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from loaders.contract.quoting import literal
from loaders.contract.types import MIDNIGHT
from loaders.errors import FileRefusedError


@dataclass(frozen=True)
class Format:
    """How values are written in a file, if not in the usual way.

    Attributes:
        decimal: Decimal mark of numbers.
        date_format: Format of dates and timestamps in strptime codes; ISO 8601 without it.
    """

    decimal: str = "."
    date_format: str | None = None

    def __post_init__(self) -> None:
        """Refuse a date format that does not identify a day."""
        if self.date_format is not None:
            query = "select try_strptime(strftime(timestamp '2001-02-03', $1), $1)"
            try:
                with duckdb.connect() as database:
                    row = database.execute(query, [self.date_format]).fetchone()
                understood = row is not None and row[0] is not None and f"{row[0]:%Y-%m-%d}" == "2001-02-03"
            except duckdb.Error:
                understood = False
            if not understood:
                raise FileRefusedError(
                    f"--date-format {self.date_format!r} is not a date format.", "Example: %d.%m.%Y %H:%M"
                )

    def read(self, field: str, data_type: str) -> str:
        """Return the SQL of a field's value in a form that PostgreSQL reads.

        Args:
            field: SQL of the field as in the file.
            data_type: The contract's type.
        """
        if data_type == "text":
            return field
        trimmed = _trimmed(field)
        if data_type == "numeric" and self.decimal != ".":
            # A point in a file with decimal commas groups thousands or is a mistake: it must not become a decimal.
            return f"replace(replace({trimmed}, '.', '!'), {literal(self.decimal)}, '.')"
        if data_type in ("date", "timestamptz") and self.date_format is not None:
            return self._date(trimmed, data_type, self.date_format)
        if data_type == "date":
            return f"case when regexp_full_match({trimmed}, '{MIDNIGHT}') then {trimmed}[:10] else {trimmed} end"
        return trimmed

    def _date(self, trimmed: str, data_type: str, date_format: str) -> str:
        parsed = f"try_strptime({trimmed}, {literal(date_format)})"
        if data_type == "date":
            # A time of day does not belong to a date, and must not be lost.
            return f"if(cast({parsed} as time) = '00:00', strftime({parsed}, '%Y-%m-%d'), '!' || {trimmed})"
        pattern = "%Y-%m-%d %H:%M:%S.%f" + ("%z" if "%z" in date_format else "")
        return f"coalesce(strftime({parsed}, '{pattern}'), '!' || {trimmed})"


def _trimmed(field: str) -> str:
    """Return the field without blanks around it, NULL if nothing is left; trimming is slow, so only if needed."""
    ends = " or ".join(f"ends_with({field}, {literal(blank)})" for blank in " \t\n\r")
    return f"case when {field} < '!' or {ends} then nullif(trim({field}, ' \t\n\r'), '') else {field} end"
