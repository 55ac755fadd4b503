"""Types and values of the contract in DuckDB."""

from __future__ import annotations

from loaders.contract.quoting import quoted
from loaders.contract.types import Digits

# DuckDB's widest decimal has 38 digits; ten of them behind the point keep fractions of cents, rates and quantities.
DUCKDB_DIGITS = Digits(integer=28, fraction=10, zeros_count=False)
DUCKDB_TYPES = {
    "text": "varchar",
    "bigint": "bigint",
    "numeric": f"decimal(38,{DUCKDB_DIGITS.fraction})",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "timestamp with time zone",
    "jsonb": "json",
    "bytea": "blob",
}


def converted(name: str, data_type: str) -> str:
    """Return the SQL that makes a value of a type of the contract out of a text that its rules let pass.

    Args:
        name: Column with the text.
        data_type: The contract's type.
    """
    column = quoted(name)
    if data_type == "boolean":
        return f"lower({column}) in ('t', 'true', 'yes', 'y', 'on', '1')"
    if data_type == "timestamptz":
        # DuckDB knows a capital Z alone, and no blank before an offset.
        written = f"regexp_replace(regexp_replace({column}, '\\s*(Z|z|UTC)$', '+00'), '\\s+([+-]\\d\\d\\S*)$', '\\1')"
        return f"cast(case when length({column}) > 10 then {written} else {column} end as timestamp with time zone)"
    return column if data_type == "text" else f"cast({column} as {DUCKDB_TYPES[data_type]})"
