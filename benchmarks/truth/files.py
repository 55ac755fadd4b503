"""Lines, customers and products from the files of a source, as plain frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Truth:
    """What the files say.

    Attributes:
        lines: One row per line: customer, order, product, category, segment, units, amount, hour, day, month.
        customers: Identifiers of all customers, buyers or not.
        products: Identifiers of the products in a products file.
    """

    lines: pd.DataFrame
    customers: set[str]
    products: set[str]


def read_demo(folder: Path) -> Truth:
    """Read the demo's files.

    Args:
        folder: Has transactions.csv, customers.csv and products.csv.
    """
    names = {"household_id": "customer", "basket_id": "order", "product_id": "product", "sales_value": "amount"}
    used = [*names, "quantity", "transaction_timestamp"]
    text = dict.fromkeys(("household_id", "basket_id", "product_id"), "str")
    lines = pd.read_csv(folder / "transactions.csv", dtype=text, usecols=used).rename(columns=names)
    customers = pd.read_csv(folder / "customers.csv", dtype="str")
    products = pd.read_csv(folder / "products.csv", dtype="str").set_index("product_id")
    segments = customers.set_index("household_id")["segment"]
    lines["segment"] = lines["customer"].map(segments).fillna(UNKNOWN)
    lines["category"] = lines["product"].map(products["product_category"]).fillna(UNKNOWN)
    lines["at"] = pd.to_datetime(lines.pop("transaction_timestamp"))
    return _truth(lines, {*customers["household_id"]}, {*products.index})


def read_online_retail(file: Path) -> Truth:
    """Read UCI Online Retail, whose customers and products are those of its lines."""
    used = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    rows = pd.read_csv(file, dtype="str", usecols=used, keep_default_na=False)
    lines = pd.DataFrame(
        {
            # Numbers, so that whole ones have ".0" in the file.
            "customer": ("online_retail:" + rows["CustomerID"].str.removesuffix(".0")).where(rows["CustomerID"] != ""),
            "order": "online_retail:" + rows["InvoiceNo"],
            "product": "online_retail:" + rows["StockCode"],
            "category": UNKNOWN,
            "segment": UNKNOWN,
            "quantity": rows["Quantity"].astype("int64"),
            "amount": rows["Quantity"].astype("float64") * rows["UnitPrice"].astype("float64"),
            "at": pd.to_datetime(rows["InvoiceDate"], format="%m/%d/%Y %H:%M"),
        }
    )
    return _truth(lines, {*lines["customer"].dropna()}, {*lines["product"]})


def _truth(lines: pd.DataFrame, customers: set[str], products: set[str]) -> Truth:
    lines["customer"] = lines["customer"].fillna(UNKNOWN)
    # Money in ten-thousandths, so that sums are exact.
    lines["amount"] = (lines["amount"] * 10_000).round().astype("int64")
    lines["quantity"] = lines["quantity"].where(lines["amount"] >= 0, -lines["quantity"].abs())
    lines["hour"] = lines["at"].dt.floor("h")
    lines["day"] = lines["at"].dt.normalize()
    lines["month"] = lines["day"].dt.to_period("M").dt.start_time
    return Truth(lines, customers | ({*lines["customer"]} - {UNKNOWN}), products)
