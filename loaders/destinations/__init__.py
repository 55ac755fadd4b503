"""Where rows go: `base` says what a destination is, `addresses` which one is meant, and each one has the same files.

connection opens it, schema makes its tables, ledger keeps its loads, upsert brings rows in, destination ties these.
"""
