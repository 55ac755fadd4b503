"""Synthetic files for every table of the contract."""
