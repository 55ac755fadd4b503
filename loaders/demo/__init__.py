"""The demo: real data of a grocery, from CSV files to marts."""
