"""Cut a CSV file into its records: where each begins, on which physical line, and which ones can't be read.

Physical lines end with LF, CRLF or CR, are counted from 1, and count inside quoted fields too: as editors show them. A
quote at the start of a field, or after blanks there, opens a quoted field, in which only doubled quotes are allowed;
anywhere else a quote breaks the field, but for Excel's `="00042"`. If a quoted field is not closed properly, the line
with its first quote is at fault, and reading continues after that line, so that it can't swallow the good rows below.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_RECORD = 2_000_000
# Records on one line each are processed in runs of this many: more gain nothing, fewer cost time.
RUN = 500

LINE_END = re.compile(rb"\r\n?|\n")
REASONS = {
    "broken_quoting": "a quote is opened and not closed, stands inside a field, or text follows a closing quote",
    "line_too_long": "the record is longer than 2 MB",
    "invalid_encoding": "bytes that are not text in the file's encoding",
    "too_few_fields": "the row has fewer fields than the header",
    "too_many_fields": "the row has more fields than the header",
}


@dataclass(frozen=True)
class Piece:
    """Consecutive records of a file.

    Attributes:
        line: First physical line.
        start: Offset of the first byte.
        size: Number of bytes without the last line end.
        count: Number of records. If there are several, each is on one line.
        clean: The records in unambiguous form, None if `reason` says why they can't be read.
        reason: Code of what is wrong with the record.
    """

    line: int
    start: int
    size: int
    count: int
    clean: bytes | None
    reason: str | None = None


class Grammar:
    """The patterns of records with one delimiter and, except for a header, one number of fields."""

    def __init__(self, delimiter: str, fields: int = 1) -> None:
        """Compile the patterns."""
        comma = re.escape(delimiter).encode()
        plain = rb'[^"\r\n%b]*+' % comma
        blanks = rb" *+" if delimiter == "\t" else rb"[ \t]*+"
        # The first two match only what every CSV reader understands the same way.
        one_line = rb'(?:"[^"\r\n]*+(?:""[^"\r\n]*+)*+"|%b)' % plain
        any_lines = rb'(?:"[^"]*+(?:""[^"]*+)*+"|%b)' % plain
        row = rb"(?!\r|\n|\Z)%b(?:%b%b){%d}"
        self.run = re.compile(rb"(?:%b\r?\n){1,%d}+" % (row % (one_line, comma, one_line, fields - 1), RUN))
        self.record = re.compile(rb"%b(?=[\r\n]|\Z)" % (row % (any_lines, comma, any_lines, fields - 1)))
        self.field = re.compile(
            rb'(?:%b(?P<quoted>"[^"]*+(?:""[^"]*+)*+")%b|(?P<plain>="[^"\r\n%b]*"|%b))(?=[%b\r\n]|\Z)'
            % (blanks, blanks, comma, plain, comma)
        )
        self.rest_of_line = re.compile(rb"[^\r\n]*+")
        self.comma = delimiter.encode()
        self.fields = fields

    def split(self, content: bytes | mmap.mmap, start: int) -> tuple[int, list[re.Match[bytes]], bool]:
        """Return the end of the record that begins at `start`, its fields, and whether its quoting is broken."""
        fields: list[re.Match[bytes]] = []
        at = start
        while True:
            match = self.field.match(content, at)
            if match is None or (len(match[0]) > LONGEST_RECORD and LINE_END.search(match[0])):
                return self.end_of_line(content, at), fields, True
            fields.append(match)
            at = match.end()
            if content[at : at + 1] != self.comma:
                return at, fields, False
            at += 1

    def end_of_line(self, content: bytes | mmap.mmap, start: int) -> int:
        """Return the end of the physical line, without its line end."""
        match = self.rest_of_line.match(content, start)
        return match.end() if match else start


def cut(content: mmap.mmap, start: int, line: int, grammar: Grammar) -> Iterator[Piece]:
    """Yield all records from an offset, which is on the given line; blank lines are skipped."""
    end = len(content)
    while start < end:
        run = grammar.run.match(content, start)
        stop = run.end() if run else start + 1
        if run and stop - start <= LONGEST_RECORD and _is_text(run[0]):
            clean = run[0].replace(b"\r\n", b"\n")
            count = clean.count(b"\n")
            yield Piece(line, start, len(run[0].rstrip(b"\r\n")), count, clean)
            start, line = stop, line + count
            continue
        while start < stop:
            piece = _single(content, start, line, grammar)
            if piece.size:
                yield piece
            line += count_breaks(content, start, start + piece.size) + 1
            start += piece.size
            line_end = LINE_END.match(content, start)
            start = line_end.end() if line_end else end


def count_breaks(content: bytes | mmap.mmap, start: int, end: int) -> int:
    """Return the number of line ends between two offsets."""
    return sum(1 for _ in LINE_END.finditer(content, start, end))


def _single(content: mmap.mmap, start: int, line: int, grammar: Grammar) -> Piece:
    if (match := grammar.record.match(content, start)) and match.end() - start <= LONGEST_RECORD and _is_text(match[0]):
        return Piece(line, start, match.end() - start, 1, match[0] + b"\n")
    end, fields, is_broken = grammar.split(content, start)
    reason = None
    if is_broken:
        reason = "broken_quoting"
    elif end - start > LONGEST_RECORD:
        reason = "line_too_long"
    elif not _is_text(content[start:end]):
        reason = "invalid_encoding"
    elif len(fields) != grammar.fields:
        reason = "too_few_fields" if len(fields) < grammar.fields else "too_many_fields"
    clean = None if reason else grammar.comma.join(map(_unambiguous, fields)) + b"\n"
    return Piece(line, start, end - start, 1, clean, reason)


def _unambiguous(field: re.Match[bytes]) -> bytes:
    """Return a field as every reader understands it: `="00042"` in quotes, and no blanks around quotes."""
    plain = field["plain"]
    if plain is None:
        return field["quoted"]
    return b'"' + plain.replace(b'"', b'""') + b'"' if b'"' in plain else plain


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
