"""Settings of generated data, and chance as a function of seed, name and number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from loaders.contract.quoting import literal
from loaders.errors import LoaderError

# Fixed, so that the same seed gives the same files on any day.
UNTIL = date(2025, 12, 31)
# Limited by the digits of identifiers.
MOST = {"customers": 10_000_000, "transactions": 900_000_000, "users": 3_000_000, "days": 3_650}


@dataclass(frozen=True)
class Settings:
    """Size and seed of the data; `until` is its last day. All moments are in UTC."""

    customers: int = 1_000
    transactions: int = 20_000
    users: int = 500
    days: int = 365
    seed: int = 1
    until: date = UNTIL

    def __post_init__(self) -> None:
        """Refuse settings that produce no data.

        Raises:
            LoaderError: A number is out of range.
        """
        for name, most in MOST.items():
            if not 1 <= getattr(self, name) <= most:
                raise LoaderError(
                    f"{getattr(self, name)} {name} can't be generated.", f"Use --{name} a number from 1 to {most}."
                )
        if not 1950 <= self.until.year <= 2500:
            raise LoaderError(f"{self.until} is out of range.", "Use a day between 1950 and 2500 for --until.")

    @property
    def start(self) -> str:
        """The first moment, as SQL."""
        return f"timestamp '{self.until - timedelta(days=self.days - 1)}'"

    @property
    def end(self) -> str:
        """The moment after the last one, as SQL."""
        return f"timestamp '{self.until + timedelta(days=1)}'"

    @property
    def products(self) -> int:
        """How many products the shop has."""
        return max(60, min(20_000, self.transactions // 100))


def define_chance(database: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Define the macro `u(name, number)`: a number from 0 up to 1 that depends only on seed, name and number.

    There is no state, so results depend neither on the order of rows nor on the number of threads.
    """
    database.execute(f"create macro u(name, number) as (hash(name, number, {seed}) >> 11) / 9007199254740992.0")


def choice(chance: str, entries: Sequence[str | int] | Mapping[str, int] | Mapping[int, int]) -> str:
    """Return the SQL that picks an entry, text or number, at random; a mapping gives the entries weights."""
    weighted = entries if isinstance(entries, Mapping) else dict.fromkeys(entries, 1)
    listed = [
        str(entry) if isinstance(entry, int) else literal(entry)
        for entry, weight in weighted.items()
        for _ in range(weight)
    ]
    return f"[{', '.join(listed)}][1 + floor({len(listed)} * {chance})::int]"
