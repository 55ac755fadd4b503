"""Exports as shops and payment services hand them out give the right lines, money and buyers, without any setting."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from loaders.cli import main
from tests.conftest import DATA
from tests.project.conftest import Dbt, Environment, query
from tests.project.revenue_pairs import differences

EXPORTS = DATA / "exports"
ONLINE_RETAIL = EXPORTS / "online_retail.csv.zst"
# All but that one take seconds.
SMALL = sorted(set(EXPORTS.iterdir()) - {ONLINE_RETAIL})
# Lines that count, their sum and the buyers who are known, worked out without the project.
TOTALS = {
    "online_retail": (541_909, "9747747.93", 4_372),
    "superstore": (9_994, "2297200.86", 793),
    # 325 line items of 195 orders, and 20 refunds.
    "shopify": (345, "12291.00", 60),
    "woocommerce": (53, "2335.71", 17),
    "square": (300, "21925.00", 25),
    "paypal": (111, "111550.00", 16),
    "etsy": (150, "1490.50", 30),
    "german_shop": (300, "345673.50", 40),
    "olist": (978, "111850.88", 549),
}
EXCLUDED = {
    "excluded_amazon_no_sale": (30, "0.00"),
    "excluded_olist_canceled": (8, "985.59"),
    "excluded_olist_unavailable": (13, "946.72"),
    "excluded_paypal_no_sale": (5, "-5750.00"),
    "excluded_paypal_pending": (4, "2300.00"),
    "excluded_shopify_voided": (12, "606.30"),
    "excluded_stripe_failed": (23, "3255.00"),
    "excluded_woocommerce_cancelled": (1, "44.07"),
    "excluded_woocommerce_failed": (3, "132.21"),
    "excluded_woocommerce_refunded": (3, "132.21"),
}
# A buyer is an identifier or an e-mail address, and one buyer if a customer has both.
COUNTED = """
    select
        coalesce(currency, '') as currency,
        count(*) as lines,
        round(sum(amount), 2) as amount,
        array_remove(array_agg(distinct coalesce(customer_emails.customer_id, named_customer_id)), null) as buyers
    from (
        select
            currency,
            amount,
            coalesce(customer_id, 'email_' || md5(lower(trim(customer_email)))) as named_customer_id
        from intermediate.int_source_transactions
        where source = '{}' and exclusion_reason is null
    ) as lines
    left join intermediate.int_customer_emails as customer_emails
        on lines.named_customer_id = customer_emails.email_customer_id
    group by currency
"""

NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")

Load = Callable[..., Environment]
Counted = dict[str, tuple[int, Decimal, set[str]]]


@pytest.fixture(scope="module")
def built_exports(load: Load, dbt: Dbt) -> Environment:
    """All small exports, with the marts in which their kind shows, built and tested."""
    environment = load(*SMALL)
    marts = ("+order_lines", "+customer_metrics", "+metrics_summary", "+data_quality_report")
    dbt(environment, "build", "--select", *marts, "--indirect-selection", "buildable", *NO_UNIT_TESTS)
    return environment


@pytest.fixture(scope="module")
def online_retail(load: Load, dbt: Dbt) -> Environment:
    """The orders of Online Retail."""
    environment = load(ONLINE_RETAIL)
    dbt(environment, "run", "--select", "+int_orders")
    return environment


@pytest.fixture(scope="module")
def all_exports(load: Load, dbt: Dbt) -> Environment:
    """All exports in one database, and all of core built and tested."""
    environment = load(EXPORTS)
    dbt(environment, "build", "--selector", "core", *NO_UNIT_TESTS)
    return environment


def counted(environment: Environment, source: str) -> Counted:
    """Lines, amount and buyers of a source by currency."""
    rows = query(environment, COUNTED.format(source))
    return {str(row[0]): (int(str(row[1])), Decimal(str(row[2])), set(row[3])) for row in rows}  # type: ignore[call-overload]


def totals(environment: Environment, source: str) -> tuple[int, str, int]:
    """Lines, amount and number of buyers of a source with one currency."""
    [(lines, amount, buyers)] = counted(environment, source).values()
    return lines, str(amount), len(buyers)


@pytest.mark.lengthy
def test_a_folder_with_exports_is_accepted() -> None:
    result = CliRunner().invoke(main, ["check", *map(str, SMALL), "--json"])
    assert result.exit_code == 0, result.output
    assert {found["status"] for found in json.loads(result.stdout)} == {"checked"}


@pytest.mark.parametrize("source", sorted(set(TOTALS) - {"online_retail"}))
def test_an_export_has_the_right_lines_money_and_buyers(built_exports: Environment, source: str) -> None:
    assert totals(built_exports, source) == TOTALS[source]


@pytest.mark.slow
def test_all_exports_together_pass_every_test(all_exports: Environment) -> None:
    assert {source: totals(all_exports, source) for source in TOTALS} == TOTALS


@pytest.mark.slow
def test_why_revenue_changed_is_what_pandas_says(all_exports: Environment) -> None:
    assert list(differences(all_exports)) == []


def test_guests_and_invoices_of_online_retail(online_retail: Environment) -> None:
    assert totals(online_retail, "online_retail") == TOTALS["online_retail"]
    statement = """
        select
            count(distinct order_id),
            count(*) filter (where customer_id is null),
            round(sum(amount) filter (where customer_id is null), 2)
        from intermediate.int_source_transactions
        where source = 'online_retail'
    """
    assert query(online_retail, statement) == [(25_900, 135_080, Decimal("1447682.12"))]


def test_credit_notes_of_online_retail_are_no_orders(online_retail: Environment) -> None:
    """An average order is worth 447.78, not 374.05, which counted 3,654 credit notes as orders."""
    statement = """
        select
            count(*) filter (where order_type = 'credit note'),
            count(*) filter (where is_purchase),
            round(sum(net_revenue) / count(*) filter (where is_purchase), 2),
            round(sum(net_revenue) / count(*), 2)
        from intermediate.int_orders
        where customer_id like 'online_retail:%'
    """
    assert query(online_retail, statement) == [(3_654, 18_536, Decimal("447.78"), Decimal("374.05"))]


def test_superstore_has_the_margin_of_its_profits(built_exports: Environment) -> None:
    with (EXPORTS / "Sample - Superstore.csv").open(newline="", encoding="cp1252") as file:
        profit = sum((Decimal(row["Profit"]) for row in csv.DictReader(file)), Decimal(0))
    statement = "select sum(amount - cost) from intermediate.int_source_transactions where source = 'superstore'"
    assert query(built_exports, statement) == [(profit,)]


def test_payments_of_stripe_by_currency(built_exports: Environment) -> None:
    expected: Counted = {}
    for name, delimiter in (("unified_payments.csv", ","), ("stripe_payments.csv", ";")):
        with (EXPORTS / name).open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file, delimiter=delimiter):
                if row["Status"] == "Failed":
                    continue
                paid, refunded = (
                    Decimal(row.get(column, "0").replace(",", "")) for column in ("Amount", "Amount Refunded")
                )
                currency = row["Currency"].upper()
                lines, amount, buyers = expected.get(currency, (0, Decimal(0), set()))
                known = {f"stripe:{row['Customer ID']}"} if row["Customer ID"] else set()
                expected[currency] = (lines + 1, amount + paid - refunded, buyers | known)
    assert len(expected) == 3
    assert counted(built_exports, "stripe") == expected


def test_amazon_counts_both_reports_and_no_buyer(built_exports: Environment) -> None:
    with (EXPORTS / "amazon_settlement.txt").open(newline="", encoding="utf-8-sig") as file:
        principal = [
            Decimal(row["amount"])
            for row in csv.DictReader(file, delimiter="\t")
            if row["amount-description"] == "Principal"
        ]
    assert counted(built_exports, "amazon") == {
        "USD": (60, Decimal("76009.65"), set()),
        "GBP": (len(principal), sum(principal), set()),
    }


def test_lines_that_do_not_count_are_in_the_quality_report(built_exports: Environment) -> None:
    statement = """
        select check_name, rows_failed, amount_affected from marts.data_quality_report
        where check_name like 'excluded%' order by check_name
    """
    found = {str(name): (rows, str(amount)) for name, rows, amount in query(built_exports, statement)}
    assert found == EXCLUDED


def test_customers_of_shopify_are_those_of_its_orders(built_exports: Environment) -> None:
    """The customers file names identifiers, the orders only e-mail addresses; customers without one stay apart."""
    [(_, _, buyers)] = counted(built_exports, "shopify").values()
    assert sum(buyer.startswith("shopify:7") for buyer in buyers) == 53
    assert query(built_exports, "select count(*) from intermediate.int_source_customers where source = 'shopify'") == [
        (60,)
    ]


def test_a_later_export_of_the_same_orders_changes_lines_and_adds_none(
    load: Load, copy_more: Callable[..., None], tmp_path: Path
) -> None:
    first = EXPORTS / "orders_export_1.csv"
    environment = load(first)
    later = tmp_path / "orders_export_2.csv"
    text = first.read_text(encoding="utf-8")
    assert "#1001,buyer41@example.com,paid," in text
    later.write_text(text.replace("#1001,buyer41@example.com,paid,", "#1001,buyer41@example.com,voided,"))
    copy_more(environment, later)
    statement = "select count(*), count(*) filter (where financial_status = 'voided') from raw.shopify_orders"
    assert query(environment, statement) == [(337, 6)]
