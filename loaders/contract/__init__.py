"""The contract: what a raw table is (tables), its source (sources_yml), its types, and its names in SQL (quoting)."""
