"""Exports: marts as files, and what changed in an audience."""
