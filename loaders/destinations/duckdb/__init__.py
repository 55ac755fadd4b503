"""A DuckDB file as a destination."""
