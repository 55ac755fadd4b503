"""Files with very many columns: unknown fields become one JSON field before DuckDB reads them.

DuckDB keeps thousands of values for each column at once, which takes gigabytes for thousands of columns.
"""

from __future__ import annotations

import json

from loaders.reading.grammar import Grammar
from loaders.reading.header import CsvFile


class Packer:
    """Rewrites valid records: first the known fields, in the order of the file, then the JSON."""

    def __init__(self, file: CsvFile, grammar: Grammar) -> None:
        """Sort the fields into known and unknown ones."""
        self._grammar = grammar
        self._known = [i for i, column in enumerate(file.columns) if column]
        self._unknown = [
            (name, i) for i, (name, column) in enumerate(zip(file.header, file.columns, strict=True)) if not column
        ]

    def pack(self, records: bytes, count: int) -> bytes:
        """Return rewritten records; if there are several, each is on one line."""
        lines = records.split(b"\n")[:-1] if count > 1 else [records[:-1]]
        return b"".join(self._packed(line) for line in lines)

    def _packed(self, record: bytes) -> bytes:
        if b'"' in record:
            fields = [field[0] for field in self._grammar.split(record, 0)[1]]
        else:
            fields = record.split(self._grammar.comma)
        extra = {name: _value(fields[i]) for name, i in self._unknown}
        # JSON would hide a NUL byte, for which the row must be rejected.
        has_nul = any(b"\x00" in fields[i] for _, i in self._unknown)
        text = "\x00" if has_nul else json.dumps(extra, ensure_ascii=False).replace('"', '""')
        return self._grammar.comma.join([*(fields[i] for i in self._known), f'"{text}"'.encode()]) + b"\n"


def _value(field: bytes) -> str | None:
    if not field:
        return None
    text = field.decode("utf-8")
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
