"""Refunds, credit notes and signs at their edges: small files whose numbers can be checked by head."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.conftest import DATA
from tests.project.conftest import ONLY_TESTS_OF_MARTS, Dbt, Environment, query

EDGES = DATA / "edges"
# Customer: purchases, credit notes, spend, average, repeat days, their mean.
REFUNDS = {
    "c_prospect": (0, 0, "0.00", None, 0, None),
    # A credit note comes before the first purchase; the second names the e-mail address alone, in capitals.
    "c_before": (2, 1, "37.00", "18.50", 1, "7.00"),
    # A refund a month later lowers the first day, so the second is worth what it was.
    "c_month": (2, 0, "120.00", "60.00", 1, "60.00"),
    "c_onlyref": (0, 1, "-30.00", None, 0, None),
    "c_zero": (1, 0, "0.00", "0.00", 0, "0.00"),
    "c_negq": (1, 1, "10.00", "10.00", 0, "0.00"),
    # 55 of the second day's 60 are given back on the third.
    "c_dayneg": (3, 0, "65.00", "21.67", 2, "7.50"),
    # A refund with a number of its own is a credit note, even of the whole order.
    "c_sepref": (1, 1, "0.00", "0.00", 0, "0.00"),
    "c_avgneg": (1, 1, "-40.00", None, 0, "0.00"),
    "c_partial": (2, 0, "110.00", "55.00", 1, "10.00"),
}

Load = Callable[..., Environment]


@pytest.fixture(scope="module")
def refunds(load: Load, dbt: Dbt) -> Environment:
    """What refunds change, built and tested: a shop with too few buyers for names."""
    environment = load(*sorted((EDGES / "refunds").glob("*.csv")))
    subjects = (f"+path:models/marts/{subject}" for subject in ("customers", "cohorts", "revenue", "sales", "value"))
    dbt(environment, "build", "--select", *subjects, *ONLY_TESTS_OF_MARTS, "--indirect-selection", "buildable")
    return environment


def test_refunds_leave_every_customer_with_numbers_that_can_be_true(refunds: Environment) -> None:
    statement = """
        select
            customer_id, purchase_count, credit_note_count, total_spend::text, average_transaction_value::text,
            frequency, monetary_value::text
        from marts.customer_metrics
    """
    found = {row[0]: row[1:] for row in query(refunds, statement)}
    assert {customer: found[customer] for customer in REFUNDS} == REFUNDS


def test_every_mart_counts_the_same_orders(refunds: Environment) -> None:
    summary = "select total_orders, total_credit_notes, total_refunded_orders from marts.metrics_summary"
    [(orders, credit_notes, refunded)] = query(refunds, summary)
    assert (credit_notes, refunded) == (5, 0)
    counts = "sum(order_count), sum(credit_note_count), sum(refunded_order_count)"
    assert query(refunds, f"select {counts} from marts.daily_sales") == [(orders, credit_notes, refunded)]


def test_a_refund_takes_units_and_its_day_s_money_away(load: Load, dbt: Dbt) -> None:
    environment = load(*sorted((EDGES / "lower").glob("*.csv")))
    dbt(environment, "run", "--select", "+product_kpis", "+metrics_summary", "+customer_metrics")
    assert query(environment, "select quantity from marts.product_kpis where product_id = 'p2'") == [(Decimal(0),)]
    statement = "select total_refunded_orders, total_credit_notes from marts.metrics_summary"
    assert query(environment, statement) == [(1, 0)]
    statement = """
        select monetary_value from marts.customer_metrics
        where customer_id = 'email_' || md5('mv@x.com')
    """
    assert query(environment, statement) == [(Decimal("10.00"),)]
