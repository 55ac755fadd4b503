"""Why revenue changed, recomputed with pandas; `test_sources.py` does the same with the exports."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.project.conftest import Dbt, Environment, query, write_csv_files
from tests.project.revenue_pairs import differences
from tests.project.test_sales_marts import AS_OF, NEW_YORK, make_files


@pytest.fixture(scope="module")
def sales(load: Callable[..., Environment], dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Lines of 17 months with guests, refunds, free and split orders and fractions of a cent, in two loads.

    The second load has what was sold late in each month, so that it restates all of them.
    """
    folder = tmp_path_factory.mktemp("drivers")
    files = make_files()
    lines = files.pop("transactions")
    for number, line in enumerate(lines):
        if int(line["order_id"].lstrip("CO")) % 6 == 0:  # buyers who come once
            line["customer_id"] = line["customer_id"].strip() and f"C{line['order_id']}"
        line["quantity"] = {0: 0, 1: 5000, 2: 0.5}.get(number % 20, line["quantity"])
    files["transactions_1"] = [line for line in lines if line["transacted_at"].day <= 25]
    files["transactions_2"] = [line for line in lines if line["transacted_at"].day > 25]
    environment = load(*sorted(write_csv_files(folder, files)))
    marts = ["+revenue_drivers", "+category_revenue_drivers", "+daily_sales", "+order_lines", "+revenue_restatements"]
    variables = f"{{as_of_date: {AS_OF}, time_zone: {NEW_YORK.key}}}"
    only_models = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    dbt(environment, "build", "--select", *marts, *only_models, "--vars", variables)
    return environment


def test_drivers_are_those_of_pandas(sales: Environment) -> None:
    assert list(differences(sales)) == []


def test_the_files_have_every_driver(sales: Environment) -> None:
    statement = """
        select driver, count(*) from marts.revenue_drivers where amount <> 0 group by driver
        union all
        select 'category ' || driver, count(*) from marts.category_revenue_drivers where amount <> 0 group by driver
        union all
        select period, count(distinct period_from) from marts.revenue_drivers group by period
    """
    counts = {str(name): int(str(count)) for name, count in query(sales, statement)}
    assert len(counts) == 9 + 4 + 3
    assert counts["28_days"] == 1
    assert all(count >= 4 for name, count in counts.items() if name != "28_days"), counts


def test_drivers_add_up_to_the_cent(sales: Environment) -> None:
    statement = """
        select period, period_from, base_revenue, sum(amount), revenue
        from marts.revenue_drivers group by period, period_from, base_revenue, revenue
        union all
        select period, period_from, sum(distinct_base), sum(amount), sum(distinct_revenue)
        from (
            select
                period,
                period_from,
                case when driver = 'mix' then base_revenue else 0 end as distinct_base,
                amount,
                case when driver = 'mix' then revenue else 0 end as distinct_revenue
            from marts.category_revenue_drivers
        ) as categories
        group by period, period_from
    """
    rows = query(sales, statement)
    assert len(rows) > 30
    for row in rows:
        base, amount, revenue = (Decimal(str(value)) for value in row[2:])
        assert base + amount == revenue, row


def test_late_data_is_named(sales: Environment) -> None:
    statement = "select count(distinct period_from) from marts.revenue_drivers where restated_revenue <> 0"
    [(months,)] = query(sales, statement)
    assert int(str(months)) > 10
