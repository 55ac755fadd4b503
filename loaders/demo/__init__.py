"""The demos: real data of a grocery, from CSV files to marts on PostgreSQL (`python -m loaders.demo`) or on Spark."""
