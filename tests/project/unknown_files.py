"""Files of five shapes that no shipped source knows, and what they add up to, worked out while they are made."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

CENT = Decimal("0.01")
START = datetime(2024, 1, 3, 9, 12)


@dataclass
class Expected:
    """What the lines that count add up to."""

    lines: int = 0
    gross: Decimal = Decimal(0)
    refunds: Decimal = Decimal(0)
    buyers: set[str] = field(default_factory=set)
    guest_lines: int = 0

    @property
    def net(self) -> Decimal:
        """Gross less refunds."""
        return self.gross - self.refunds

    def count(self, amount: Decimal, buyer: str | None) -> None:
        """Count a line."""
        self.lines += 1
        self.gross += max(amount, Decimal(0))
        self.refunds -= min(amount, Decimal(0))
        if buyer:
            self.buyers.add(buyer)
        else:
            self.guest_lines += 1


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded to cents."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def continental(amount: Decimal) -> str:
    """Write 1234.5 as 1.234,50."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def write(path: Path, delimiter: str, header: str, rows: list[list[object]], encoding: str = "utf-8") -> Path:
    """Write a CSV file."""
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header.split(delimiter))
        writer.writerows(rows)
    return path


def danish_shop(folder: Path) -> tuple[list[Path], Expected]:
    """Lines of orders in Windows-1252, with decimal commas, a discount in percent, returns and cancelled orders."""
    chance, expected, rows = random.Random(1), Expected(), list[list[object]]()
    header = (
        "Ordrenr;Linjenr;Ordredato;Kundenr;Kundenavn;E-mail;Varenr;"
        "Varebetegnelse;Varegruppe;Antal;Stykpris;Rabat %;Beløb ekskl. moms;Moms;Ordrestatus"
    )
    for order in range(1001, 1081):
        moment = START + timedelta(hours=37 * (order - 1001))
        number = chance.randint(1, 25)
        status = chance.choice(
            ["Afsluttet", "Afsluttet", "Sendt", "Annulleret", "Betaling fejlet"] if order % 5 == 0 else ["Sendt"]
        )
        guest = order % 9 == 0
        for line in range(1, chance.randint(2, 4)):
            product, quantity = chance.randint(1, 12), chance.choice([1, 1, 2, 3, -1])
            price, discount = Decimal(product) * Decimal("37.45"), chance.choice([0, 0, 10, 25])
            amount = cents(quantity * price * (100 - discount) / 100)
            rows.append(
                [
                    *(order, line, f"{moment:%d-%m-%Y %H:%M}", "" if guest else f"K{number:04}"),
                    "" if guest else f"Søren Ægir {number}",
                    "" if guest else f"kunde{number}@example.dk",
                    *(f"V-{product:03}", f"Rødgrød nr. {product}", "Grød" if product % 2 else "Fløde", quantity),
                    *(continental(price), discount, continental(amount), continental(cents(amount / 4)), status),
                ]
            )
            if status not in ("Annulleret", "Betaling fejlet"):
                expected.count(amount, None if guest else f"K{number:04}")
    return [write(folder / "webshop_ordrelinjer.csv", ";", header, rows, "cp1252")], expected


def wholesale_ledger(folder: Path) -> tuple[list[Path], Expected]:
    """Postings of customers: invoices on the debit side, credit notes and payments on the credit side."""
    chance, expected, rows = random.Random(2), Expected(), list[list[object]]()
    header = "Posting Date,Document No,Document Type,Account No,Account Name,Description,Debit,Credit,Balance"
    balance = Decimal(0)
    for number in range(1, 141):
        day = START + timedelta(days=number * 2)
        account = f"{chance.randint(10001, 10018)}"
        amount = cents(Decimal(chance.randint(10_000, 2_500_000)) / 100)
        kind = chance.choices(["Invoice", "Credit Note", "Payment"], [6, 1, 4])[0]
        debit, credit = (amount, None) if kind == "Invoice" else (None, amount)
        balance += (debit or Decimal(0)) - (credit or Decimal(0))
        texts = [f"{value:,.2f}" if value else "" for value in (debit, credit)]
        rows.append(
            [
                *(f"{day:%m/%d/%Y}", f"{kind[:2].upper()}-{number:05}", kind, account, f"Retailer {account}, Ltd"),
                *("Goods", *texts, f"{balance:,.2f}"),
            ]
        )
        if kind != "Payment":
            expected.count(amount if debit else -amount, account)
    return [write(folder / "customer_ledger_2024.csv", ",", header, rows)], expected


def till_report(folder: Path) -> tuple[list[Path], Expected]:
    """Lines of a German till, whose receipts start at 1 each day; nobody is known, and date and time are apart."""
    chance, expected, rows = random.Random(3), Expected(), list[list[object]]()
    header = (
        "Z-Nr;Datum;Uhrzeit;Bon-Nr;PLU;Bezeichnung;Warengruppe;"
        "Menge;Einzelpreis;Umsatz brutto;MwSt-Satz;MwSt;Umsatz netto;Bediener"
    )
    for day in range(30):
        for receipt in range(1, chance.randint(4, 9)):
            moment = START + timedelta(days=day, minutes=receipt * 31)
            for _ in range(chance.randint(1, 4)):
                product, quantity = chance.randint(1, 15), chance.choice([1, 1, 1, 2, -1])
                rate = 7 if product % 3 else 19
                price = Decimal(product) * Decimal("1.95")
                gross = quantity * price
                net = cents(gross * 100 / (100 + rate))
                rows.append(
                    [
                        *(f"{day + 411:04}", f"{moment:%d.%m.%Y}", f"{moment:%H:%M}", receipt, f"{product:04}"),
                        *(f"Brötchen {product}", "Backwaren" if rate == 7 else "Getränke", quantity),
                        *(
                            continental(price),
                            continental(gross),
                            f"{rate}%",
                            continental(gross - net),
                            continental(net),
                        ),
                        chance.choice(["Anna", "Jörg"]),
                    ]
                )
                expected.count(net, None)
    return [write(folder / "Kassenbericht.csv", ";", header, rows)], expected


def erp_orders(folder: Path) -> tuple[list[Path], Expected]:
    """Orders with date, buyer and freight in one file, their lines with a discount as a share in another."""
    chance, expected = random.Random(4), Expected()
    orders, details = list[list[object]](), list[list[object]]()
    for number in range(10248, 10328):
        day = START + timedelta(days=number - 10248)
        buyer = f"CUST{chance.randint(1, 20):02}" if number % 10 else ""
        status = "Cancelled" if number % 17 == 0 else "Shipped"
        orders.append(
            [
                *(number, buyer, chance.randint(1, 9), f"{day:%Y-%m-%d}", f"{day + timedelta(days=28):%Y-%m-%d}"),
                *(f"{day + timedelta(days=3):%Y-%m-%d}", f"{chance.randint(100, 9000) / 100:.2f}", status),
            ]
        )
        for product in chance.sample(range(1, 40), chance.randint(1, 4)):
            price, quantity = Decimal(product) * Decimal("2.35"), chance.randint(1, 30)
            discount = chance.choice(["0", "0", "0.05", "0.15"])
            details.append([number, product, f"{price:.2f}", quantity, discount])
            if status != "Cancelled":
                expected.count(quantity * price * (1 - Decimal(discount)), buyer or None)
    header = "OrderID,CustomerID,EmployeeID,OrderDate,RequiredDate,ShippedDate,Freight,Status"
    return [
        write(folder / "erp_orders.csv", ",", header, orders),
        write(folder / "erp_order_details.csv", ",", "OrderID,ProductID,UnitPrice,Quantity,Discount", details),
    ], expected


def biller_invoices(folder: Path) -> tuple[list[Path], Expected]:
    """Invoices of a subscription biller: subtotal, discount, tax, total, and what was refunded later."""
    chance, expected, rows = random.Random(5), Expected(), list[list[object]]()
    header = (
        "Invoice Number,Customer Email,Customer Name,Plan Name,Invoice Status,Currency,Subtotal,"
        "Discount,Tax,Total,Amount Paid,Amount Refunded,Issued At,Due Date"
    )
    for number in range(1, 161):
        moment = START + timedelta(days=number, seconds=number * 7)
        buyer = f"user{chance.randint(1, 40)}@example.com"
        plan, subtotal = chance.choice(
            [("Basic", Decimal("9.90")), ("Pro", Decimal("49.00")), ("Team", Decimal("1250.00"))]
        )
        discount = cents(subtotal / 10) if number % 6 == 0 else Decimal(0)
        tax = cents((subtotal - discount) * Decimal("0.0825")) if number % 3 else Decimal(0)
        status = {0: "void", 1: "uncollectible"}.get(number % 20, "paid")
        total = subtotal - discount + tax
        refunded = cents(total / 2) if number % 13 == 0 and status == "paid" else Decimal(0)
        money = (subtotal, discount, tax, total, total if status == "paid" else Decimal(0), refunded)
        rows.append(
            [
                *(f"INV-2024-{number:05}", buyer, buyer.split("@")[0].title(), plan, status, "usd"),
                *(f"{amount:.2f}" for amount in money),
                *(f"{moment:%Y-%m-%dT%H:%M:%SZ}", f"{moment + timedelta(days=14):%Y-%m-%d}"),
            ]
        )
        if status == "paid":
            expected.count(subtotal - discount, buyer)
            if refunded:
                expected.count(-refunded, buyer)
    return [write(folder / "billing_invoices.csv", ",", header, rows)], expected


Made = Callable[[Path], tuple[list[Path], Expected]]
FILES: dict[str, Made] = {
    "webshop": danish_shop,
    "ledger": wholesale_ledger,
    "till": till_report,
    "erp": erp_orders,
    "billing": biller_invoices,
}
