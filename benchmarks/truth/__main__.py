"""Work the customer and sales marts out from the CSV files, by pandas, and print where the database differs.

`eval "$(loader db env)"` first, with the source loaded and built: `python -m benchmarks.truth demo data/demo`, or
`python -m benchmarks.truth online_retail online_retail.csv`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from rich.progress import track

from benchmarks.truth.compare import differences, marts
from benchmarks.truth.files import read_demo, read_online_retail
from loaders.destinations.postgres.connection import connect
from loaders.project import find_project

READ = {"demo": read_demo, "online_retail": read_online_retail}


def main() -> int:
    """Print the differences; the exit code is 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("source", choices=READ, help="what the files are")
    parser.add_argument("path", type=Path, help="folder of the demo's files, or the file of Online Retail")
    arguments = parser.parse_args()
    project = find_project()
    rules = pd.read_csv(project.root / "seeds" / "rfm_segments.csv")
    truth = READ[arguments.source](arguments.path)
    listed = list(marts(truth, rules))
    wrong = []
    with connect(project) as connection:
        for mart, key, make in track(listed, "Comparing", disable=not sys.stderr.isatty()):
            wrong += (found := differences(connection, mart, key, make()))
            print(f"{mart}: {'differs' if found else 'as the files say'}")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
