"""The contract: what a raw table is, read from dbt's own sources files."""
