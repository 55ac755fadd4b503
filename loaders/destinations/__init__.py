"""Where rows go: `base` says what a destination is, `addresses` which one is meant; each one has the same files.

connection opens it, schema creates its tables, ledger records its loads, upsert writes rows, destination combines
these.
"""
