"""How files are read and copied: the options of `loader copy` and `loader check`."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import duckdb

from loaders.contract.tables import Reading
from loaders.errors import FileRefusedError
from loaders.reading.intake import MAX_BYTES
from loaders.reading.values.formats import ORDERS


@dataclass(frozen=True)
class Limit:
    """How many rejected rows a file may have, as a number or as a share of its rows."""

    rows: int | None = None
    share: float | None = 0.1

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read `100` or `10%`.

        Raises:
            ValueError: The text is neither.
        """
        number = float(text.strip().removesuffix("%"))
        if not 0 <= number < float("inf") or ("%" not in text and number != int(number)):
            raise ValueError(text)
        return cls(None, number / 100) if "%" in text else cls(int(number), None)

    def refusal(self, rejected: int, read: int) -> FileRefusedError | None:
        """Return why a file with this many rejected rows may not be loaded, None if it may."""
        if rejected <= (self.rows if self.rows is not None else (self.share or 0) * read):
            return None
        return FileRefusedError(
            f"{rejected} of {read} rows break the contract; at most {self} may.",
            "Fix them, or allow more with --max-rejects.",
        )

    def __str__(self) -> str:
        """Return the limit as on the command line."""
        return str(self.rows) if self.rows is not None else f"{(self.share or 0) * 100:g}%"


@dataclass(frozen=True)
class Options:
    """How files are read and copied.

    Attributes:
        reading: How numbers and dates are written, as far as the user says it.
        encoding: Name of a codec; detected without it.
        max_rejects: How many rejected rows a file may have.
        max_rejected_amount: Which share of its money may be in rejected rows, or of its rows have money that can't be
            read.
        max_bytes: How large a file may be when unpacked.
        force: Load a file even if it was loaded before.
        wait: Wait for another loader of the table.
        max_lines: How many lines a file may have; any number without it.
    """

    reading: Reading = field(default_factory=Reading)
    encoding: str | None = None
    max_rejects: Limit = field(default_factory=Limit)
    max_rejected_amount: float = 0.01
    max_bytes: int = MAX_BYTES
    force: bool = False
    wait: bool = True
    max_lines: int | None = None

    def refuse_money(self, rejected: Decimal, total: Decimal, unread: int, rows: int) -> FileRefusedError | None:
        """Return why a file may not be loaded with so much money in rejected rows, None if it may.

        Args:
            rejected: Money in rejected rows, without signs.
            total: Money in all rows, likewise.
            unread: Rejected rows whose money can't be read.
            rows: All rows.
        """
        most = f"{self.max_rejected_amount * 100:g}%"
        hint = "`loader check` shows them. Fix them, or allow more with --max-rejected-amount."
        if rejected > total * Decimal(str(self.max_rejected_amount)):
            share = f"{rejected / total:.1%}"
            return FileRefusedError(
                f"The rejected rows hold {rejected:,.2f}, {share} of the file's money; at most {most} may.", hint
            )
        if unread > rows * self.max_rejected_amount:
            return FileRefusedError(f"The money of {unread} of {rows} rows can't be read; at most {most} may.", hint)
        return None


def check_date_format(text: str) -> str:
    """Return a date format that identifies a day: `dmy`, `mdy`, `ymd` or strptime codes.

    Raises:
        FileRefusedError: It doesn't.
    """
    if text in ORDERS:
        return text
    query = "select try_strptime(strftime(timestamp '2001-02-03', $1), $1)"
    try:
        with duckdb.connect() as database:
            row = database.execute(query, [text]).fetchone()
        understood = row is not None and row[0] is not None and f"{row[0]:%Y-%m-%d}" == "2001-02-03"
    except duckdb.Error:
        understood = False
    if not understood:
        raise FileRefusedError(
            f"--date-format {text!r} is not a date format.", "Examples: %d.%m.%Y %H:%M, or dmy, mdy, ymd."
        )
    return text
