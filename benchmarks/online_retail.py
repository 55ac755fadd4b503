r"""Bring the lines of UCI Online Retail into the project's format, to measure recommendations on other data.

    .venv/bin/python benchmarks/online_retail.py online_retail.csv.gz data/online_retail
    .venv/bin/loader copy data/online_retail
    .venv/bin/dbt build --selector recommendations

The file has the columns InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID and Country
(https://archive.ics.uci.edu/dataset/352/online+retail). Lines without a customer are left out. A product has the name
that most of its lines give it, without those lines that cost nothing: staff wrote notes such as "damaged" there.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path


def convert(source: Path, folder: Path) -> tuple[int, int]:
    """Write products.csv and transactions.csv into a folder, and return their numbers of lines."""
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    lines = 0
    with (
        gzip.open(source, "rt", encoding="utf-8", newline="")
        if source.suffix == ".gz"
        else source.open(encoding="utf-8", newline="") as read,
        (folder / "transactions.csv").open("w", encoding="utf-8", newline="") as written,
    ):
        writer = csv.writer(written)
        writer.writerow(("order_id", "customer_id", "product_id", "quantity", "amount", "transacted_at"))
        for row in csv.DictReader(read):
            product, price = row["StockCode"].strip(), Decimal(row["UnitPrice"])
            if price and row["Description"].strip():
                names[product][" ".join(row["Description"].split())] += 1
            if customer := row["CustomerID"].removesuffix(".0"):
                moment = datetime.strptime(row["InvoiceDate"], "%m/%d/%Y %H:%M")
                amount = price * int(row["Quantity"])
                writer.writerow((row["InvoiceNo"], customer, product, row["Quantity"], amount, moment.isoformat(" ")))
                lines += 1
    with (folder / "products.csv").open("w", encoding="utf-8", newline="") as written:
        writer = csv.writer(written)
        writer.writerow(("product_id", "product_name"))
        writer.writerows(
            (product, min(found, key=lambda name: (-found[name], name))) for product, found in names.items()
        )
    return len(names), lines


def main() -> None:
    """Convert the file and print what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="CSV file, gzip-compressed or not")
    parser.add_argument("folder", type=Path, help="folder for products.csv and transactions.csv")
    arguments = parser.parse_args()
    products, lines = convert(arguments.source, arguments.folder)
    print(f"{products:,} products and {lines:,} transaction lines in {arguments.folder}")


if __name__ == "__main__":
    main()
