"""Write an uploaded file from a multipart body to disk as it arrives, up to a limit."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from serving.api.problems import ProblemError

# Bytes around the file in the body: boundaries and headers.
OVERHEAD = 10_000
_HOW = "Send the file as multipart/form-data in the field `file`, as `curl -F file=@transactions.csv` does."


class Upload:
    """Writes the file of the field `file` into a folder while a body is fed to it.

    Attributes:
        path: The file; None until there is one.
    """

    def __init__(self, content_type: str, folder: Path, table: str) -> None:
        """Start.

        Args:
            content_type: Header of the request.
            folder: Where the file goes.
            table: Name for a file without one.

        Raises:
            ProblemError: The body is not a multipart form.
        """
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise ProblemError(415, _HOW)
        self.path: Path | None = None
        self._folder, self._table = folder, table
        self._file: BinaryIO | None = None
        self._name, self._value = b"", b""
        self._disposition = b""
        self._complete = False
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        """Process the next bytes of the body."""
        self._parser.write(chunk)

    def finish(self) -> Path:
        """Return the complete file."""
        self._parser.finalize()
        if self.path is None or not self._complete:
            raise ProblemError(400, f"The body has no file, or breaks off. {_HOW}")
        return self.path

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != b"file" or b"filename" not in options:
            raise ProblemError(400, f"The body has a field other than `file`. {_HOW}")
        if self.path is not None:
            raise ProblemError(400, "The body has two files. Send them one by one.")
        self.path = self._folder / safe_name(options[b"filename"], self._table)
        self._file = self.path.open("xb")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        assert self._file is not None
        self._file.write(data[start:end])

    def _on_part_end(self) -> None:
        self.close()
        self._disposition = b""

    def _on_end(self) -> None:
        self._complete = True


def safe_name(given: bytes, table: str) -> str:
    """Return a name for the ledger: the client's name of the file, without folders and odd characters."""
    name = re.split(r"[/\\]", given.decode("utf-8", "replace"))[-1]
    return re.sub(r"[^\w.-]+", "_", name)[-100:].lstrip(".") or f"{table}.csv"


async def receive_file(body: AsyncIterator[bytes], upload: Upload, most_bytes: int) -> Path:
    """Feed a body to an upload and return the file.

    Raises:
        ProblemError: The body is too long or broken.
    """
    size = 0
    try:
        async for chunk in body:
            size += len(chunk)
            if size > most_bytes + OVERHEAD:
                raise too_large(most_bytes)
            upload.feed(chunk)
        return upload.finish()
    except (MultipartParseError, ClientDisconnect) as error:
        raise ProblemError(400, f"The body is not a multipart form. {_HOW}") from error
    finally:
        upload.close()


def too_large(most_bytes: int) -> ProblemError:
    """Return the problem of a file that is too large."""
    return ProblemError(413, f"A file may have at most {most_bytes:,} bytes. Split it, or use `loader copy`.")
