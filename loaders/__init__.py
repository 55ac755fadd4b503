"""Copy CSV files into PostgreSQL as the contract in the dbt sources files says.

    copy · errors · project     copy a file; what a user is told; the dbt project
    contract/                   what a raw table is, read from dbt's sources files
    reading/                    from a file to rows that are good or rejected
    destinations/               where rows go: PostgreSQL, DuckDB, Parquet
    embedded/                   the PostgreSQL that comes along
    operations/                 what is done with loaded data and built marts
    synthetic/ · demo/          generated files; the demos
    cli/                        the command line

Who may import whom: errors < project < contract < reading, embedded < destinations, synthetic < copy < operations
< cli < demo, never upwards (tests/loaders/test_rooms.py).
"""
