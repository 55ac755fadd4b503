"""The files of a shop, and their lines with what pandas and zoneinfo know of them, for the marts about sales."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

Rows = list[dict[str, Any]]

NEW_YORK = ZoneInfo("America/New_York")
AS_OF = date(2025, 3, 15)
UNKNOWN = "(unknown)"
# Where years differ: clocks go back on 5 Nov 2023 and 3 Nov 2024, forward on 10 Mar 2024 and 9 Mar 2025.
ODD_DAYS = (
    *(date(year, 11, day) for year in (2023, 2024) for day in (3, 5)),
    *(date(year, 3, day) for year in (2024, 2025) for day in (9, 10)),
    *(date(2024, 2, day) for day in (28, 29)),
    date(2025, 2, 28),
)


def make_files() -> dict[str, Rows]:
    """Return the rows of three files: lines of 17 months, a third of them in the first hours of odd days.

    They have guests, buyers who come once, refunds, free and split orders, odd quantities and fractions of a cent.
    """
    dice = random.Random(8)
    customers = [{"customer_id": f"C{n}", "segment": ("gold", "basic", "")[n % 3]} for n in range(12)]
    products = [
        {"product_id": f"P{n}", "name": f"N{n}", "category": ("Tea", "Bread", "Toys", "")[n % 4]} for n in range(14)
    ]
    start = datetime(2023, 10, 20, 15, tzinfo=UTC)
    lines: Rows = []
    for number in range(500):
        moment = start + timedelta(minutes=dice.randrange(515 * 24 * 60))
        if number % 3 == 0:
            midnight = datetime.combine(dice.choice(ODD_DAYS), datetime.min.time(), NEW_YORK).astimezone(UTC)
            moment = midnight + timedelta(minutes=dice.randrange(5 * 60))
        # Some customers are in no file, some are not known; some order numbers belong to several customers.
        customer = dice.choice([*(f"C{n}" for n in range(14)), " "])
        order = f"O{number if dice.random() < 0.9 else number // 20}"
        for _ in range(dice.randrange(1, 4)):
            product = dice.choice([*(f"P{n}" for n in range(12)), "P98", "P99", ""])
            line = {
                "customer_id": customer,
                "order_id": order,
                "product_id": product,
                "category": {"P98": "Garden", "P99": dice.choice(["Tea", "Toys"])}.get(product, ""),
                "quantity": dice.randrange(1, 4),
                "amount": Decimal(dice.choice([0, 505, 1000, 1000, 2504, 9999])) / 1000,
                "transacted_at": moment,
            }
            lines.append(line)
            if dice.random() < 0.2:
                later = moment + timedelta(hours=dice.choice([0, 1, 24, 800]))
                lines.append({**line, "quantity": 0, "amount": -line["amount"], "transacted_at": later})
    # Credit notes: documents of their own with nothing but negative lines.
    lines += [{**line, "order_id": f"C{line['order_id']}", "amount": Decimal(-3)} for line in lines[::90]]
    lines.append({**lines[0], "transacted_at": start - timedelta(days=1)})
    for number, line in enumerate(lines):
        line["transaction_id"] = f"T{number}"
        if int(line["order_id"].lstrip("CO")) % 6 == 0:  # buyers who come once
            line["customer_id"] = line["customer_id"].strip() and f"C{line['order_id']}"
        line["quantity"] = {0: 0, 1: 5000, 2: Decimal("0.5")}.get(number % 20, line["quantity"])
    return {"customers": customers, "products": products, "transactions": lines}


def describe(files: dict[str, Rows]) -> pd.DataFrame:
    """Return the lines up to the as-of day with what is known of them, from the files alone."""
    segments = {row["customer_id"]: row["segment"] or UNKNOWN for row in files["customers"]}
    categories = {row["product_id"]: row["category"] for row in files["products"]}
    lines = pd.DataFrame(files["transactions"])
    local = [moment.astimezone(NEW_YORK) for moment in lines["transacted_at"]]
    lines["hour"] = [moment.replace(minute=0).astimezone(UTC) for moment in local]
    lines["day"] = [moment.date() for moment in local]
    lines["month"] = [moment.date().replace(day=1) for moment in local]
    lines["category"] = [
        categories.get(product) or category or UNKNOWN
        for product, category in zip(lines["product_id"], lines["category"], strict=True)
    ]
    lines["customer_id"] = [customer.strip() or UNKNOWN for customer in lines["customer_id"]]
    lines["segment"] = [segments.get(customer, UNKNOWN) for customer in lines["customer_id"]]
    lines["product_id"] = [product or UNKNOWN for product in lines["product_id"]]
    lines["gross"] = [max(amount, Decimal(0)) for amount in lines["amount"]]
    return lines[lines["day"] <= AS_OF]
