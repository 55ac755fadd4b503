"""How files are read and copied: the options of `loader copy` and `loader check`."""

from __future__ import annotations

from dataclasses import dataclass, field

from loaders.errors import FileRefusedError
from loaders.reading.formats import Format


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
    """How files are read and copied."""

    form: Format = field(default_factory=Format)
    encoding: str | None = None
    max_rejects: Limit = field(default_factory=Limit)
    force: bool = False
    wait: bool = True
