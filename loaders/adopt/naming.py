"""Names for a source and its columns, made of those of files and headers."""

from __future__ import annotations

import re
from pathlib import Path

from loaders.adopt.words import plain
from loaders.contract.tables import normalize

# Names that SQL needs a quote for, in PostgreSQL, DuckDB or Spark.
_RESERVED = {
    *("all", "and", "any", "array", "as", "asc", "both", "case", "cast", "check", "collate", "column", "constraint"),
    *("create", "cross", "current_date", "default", "desc", "distinct", "do", "else", "end", "except", "false"),
    *("fetch", "for", "foreign", "from", "full", "grant", "group", "having", "in", "inner", "intersect", "into"),
    *("is", "join", "leading", "left", "like", "limit", "natural", "not", "null", "of", "offset", "on", "only", "or"),
    *("order", "outer", "primary", "references", "right", "select", "session_user", "some", "table", "then", "to"),
    *("trailing", "true", "union", "unique", "user", "using", "when", "where", "window", "with"),
}
_SPELT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe"}
)
_ADD_ONS = r"^(?:export|exports|exported|all|data|daten|list|liste|report|bericht|download|csv|final|copy)$"


def source_name(path: Path) -> str:
    """Return a name for the source made of a file's: `Ordrer eksport 2024-01.csv` is `ordrer_eksport`."""
    words = [word for word in plain(path.name.split(".")[0]).split() if word.isalpha() and word.isascii()]
    kept = [word for word in words if not re.match(_ADD_ONS, word)] or words
    return normalize("_".join(kept))[:30].strip("_") or "adopted"


def snake(header: str) -> str:
    """Return a header as the name of a column: lower case ASCII letters, digits and `_`."""
    spelt = (header.lower() if header.isupper() else header).translate(_SPELT)
    name = "_".join(plain(spelt).split())
    name = re.sub(r"[^a-z0-9_]", "", name).strip("_")
    if not name:
        return "column"
    name = name if name[0].isalpha() else f"column_{name}"
    return f"{name}_value" if name in _RESERVED else name[:50].rstrip("_")


def unused(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, numbered if need be, and take it."""
    each, number = name, 1
    while each in taken:
        number += 1
        each = f"{name}_{number}"
    taken.add(each)
    return each
