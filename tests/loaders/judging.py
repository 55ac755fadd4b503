"""Read and judge bytes as the loader does, without a database."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

from loaders.contract.tables import Column, Table
from loaders.contract.tables import Reading as Written
from loaders.errors import FileRefusedError
from loaders.project import Project
from loaders.reading.header import CsvFile, match_header
from loaders.reading.intake import Given
from loaders.reading.options import Options
from loaders.reading.rejects import Reject
from loaders.reading.scan import Scan
from loaders.reading.workspace import workspace

csv.field_size_limit(1 << 30)
NOTES = Table("s", "raw", "notes", (Column("a", "text", not_null=True, unique=True), Column("b", "text")))


@dataclass
class Reading:
    """What became of a file: `rows` are the good ones by physical line, as PostgreSQL gets them."""

    file: CsvFile
    rows_read: int
    rows: dict[int, dict[str, str]]
    rejects: list[Reject]
    notes: tuple[str, ...]
    refusal: FileRefusedError | None

    @property
    def verdicts(self) -> list[tuple[int, str | None, str]]:
        return [(reject.line, reject.column, reject.reason) for reject in self.rejects]


def judge(content: bytes | Path, table: Table, written: Written | None = None, encoding: str | None = None) -> Reading:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = content if isinstance(content, Path) else folder / "given.csv"
        if isinstance(content, bytes):
            path.write_bytes(content)
        file = match_header(Given(path).take_in(folder, encoding, lambda _: None), table)
        with workspace(Project(folder, {})) as place:
            scan = Scan(file, table, Options(written or Written()), place)
            rejects = list(scan.rejects())
            with scan.stream(1) as stream:
                text = stream.read().decode()
            rows = [dict(zip(scan.columns, row, strict=True)) for row in csv.reader(io.StringIO(text, newline=""))]
            assert scan.rows_read == len(rows) + len(rejects)
            assert scan.rows_rejected == len(rejects)
            assert [reject.line for reject in rejects] == sorted(reject.line for reject in rejects)
            by_line = sorted(((int(row["_line"]), row) for row in rows), key=lambda pair: pair[0])
            return Reading(file, scan.rows_read, dict(by_line), rejects, scan.notes, scan.refusal)
