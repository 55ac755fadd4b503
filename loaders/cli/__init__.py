"""The command line of the loader: it parses and prints, the library does the work."""

from loaders.cli.program import main

__all__ = ["main"]
