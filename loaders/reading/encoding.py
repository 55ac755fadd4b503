"""The characters of a file: which encoding it is in, as UTF-8, and with one kind of line ends."""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path

from loaders.errors import FileRefusedError

BLOCK = 1 << 20

_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# Bytes without a character in Windows-1252.
_UNDEFINED_IN_CP1252 = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")


def codec_of(name: str) -> str:
    """Return the codec of this name.

    Raises:
        FileRefusedError: There is none.
    """
    try:
        info = codecs.lookup(name)
        "".encode(info.name)  # refuses codecs that don't produce text, such as base64
    except (LookupError, ValueError) as error:
        raise FileRefusedError(f"There is no encoding {name!r}.", "Examples: utf-8, cp1252, utf-16.") from error
    return info.name


def decode(path: Path, wanted: str | None) -> tuple[Path, str]:
    """Convert the working file to UTF-8 without a byte order mark, unless it is that already."""
    with path.open("rb") as opened:
        start = opened.read(4)
    bom = _mark_of(start)
    encoding = wanted or _BOMS.get(bom) or _detect_encoding(path)
    if encoding == "utf-8" and not bom:
        return path, encoding
    target = path.with_name("decoded.csv")
    with path.open("rb") as source, target.open("wb") as out:
        if encoding == _BOMS.get(bom):
            source.seek(len(bom))
        # Bytes that are invalid in the encoding stay: their rows are then rejected one by one.
        decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
        try:
            while block := source.read(BLOCK):
                out.write(_encode(decoder.decode(block)))
            out.write(_encode(decoder.decode(b"", final=True)))
        except UnicodeError as error:
            raise FileRefusedError(f"The file is not in {encoding}.", "Name the right one with --encoding.") from error
    path.unlink()
    return target, encoding


def beginning(start: bytes, codec: str | None) -> bytes:
    """Return the first bytes of a file as UTF-8 without a byte order mark; the last character may be cut off."""
    bom = _mark_of(start)
    codec = codec or _BOMS.get(bom) or ("utf-8" if _is_utf8(start) else "cp1252")
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    return decoder.decode(start.removeprefix(bom)).encode("utf-8", errors="replace")


def _mark_of(start: bytes) -> bytes:
    """Return the byte order mark that a file begins with, if any."""
    return next((mark for mark in _BOMS if start.startswith(mark)), b"")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def _is_utf8(start: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _detect_encoding(path: Path) -> str:
    """Tell UTF-8 from Windows-1252.

    A file is Windows-1252 when it is not UTF-8 and has no character of several bytes that is: a UTF-8 file with a few
    broken rows has such characters elsewhere, and its broken rows are then rejected one by one.
    """
    broken = False
    with path.open("rb") as file:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            if text.isascii():
                continue
            if re.search("[^\x00-\x7f\udc80-\udcff]", text) or _UNDEFINED_IN_CP1252.search(text):
                return "utf-8"
            broken = True
        broken = broken or bool(decoder.decode(b"", final=True))
    return "cp1252" if broken else "utf-8"


def with_plain_line_ends(path: Path) -> tuple[Path, set[bytes]]:
    """Return the working file, and which marks are in it; without quotes its lines end with LF.

    Marks are a quote, a NUL byte, a tab, a carriage return, the separator `0x1f`, and `0x80` for anything that is not
    ASCII.
    """
    found: set[bytes] = set()
    with path.open("rb") as source:
        while block := source.read(BLOCK):
            found |= {mark for mark in (b'"', b"\x00", b"\t", b"\r", b"\x1f") if mark in block}
            if not block.isascii():
                found.add(b"\x80")
        if b'"' in found or b"\r" not in found:
            return path, found
        source.seek(0)
        target = path.with_name("lines.csv")
        translate = io.IncrementalNewlineDecoder(None, translate=True)
        with target.open("wb") as out:
            while block := source.read(BLOCK):
                out.write(translate.decode(block.decode("latin-1")).encode("latin-1"))
            out.write(translate.decode("", final=True).encode("latin-1"))
    path.unlink()
    return target, found
