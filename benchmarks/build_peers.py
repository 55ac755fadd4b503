"""Four marts from the CSV files to files of results, as a script with pandas and as SQL of DuckDB would make them.

`python -m benchmarks.build_peers pandas FILES RESULTS` is one whole run, so that its start counts too. Amounts are
whole cents in integers, as sums of binary fractions would miss the last cent of an average now and then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from loaders.project import find_project

MARTS = ("customer_metrics", "customer_rfm", "category_kpis", "daily_sales")
KINDS = ("decimal(28, 6)", "boolean")
RULES = Path("seeds") / "rfm_segments.csv"


def build_with_duckdb(files: Path, results: Path) -> None:
    """Build with DuckDB in memory, as `marts.sql` beside this file says."""
    with duckdb.connect() as database:
        database.execute("set variable files = $1", [str(files)])
        database.execute("set variable rules = $1", [str(find_project().root / RULES)])
        database.execute(Path(__file__).with_name("marts.sql").read_text(encoding="utf-8"))
        for mart in MARTS:
            database.execute(f"copy {mart} to '{results / mart}.csv' (format csv, header)")


def build_with_pandas(files: Path, results: Path) -> None:
    """Build with pandas, reading only the columns that count."""
    import pandas as pd

    lines = pd.read_csv(
        files / "transactions.csv",
        usecols=["household_id", "basket_id", "product_id", "sales_value", "transaction_timestamp"],
        dtype={"household_id": "category", "basket_id": "category", "product_id": "category"},
    ).rename(columns={"household_id": "customer_id", "basket_id": "order_id"})
    lines["cents"] = (100 * lines.pop("sales_value")).round().astype("int64")
    lines["day"] = pd.to_datetime(lines.pop("transaction_timestamp").str[:10], format="%Y-%m-%d")
    lines["gross"] = lines["cents"].clip(lower=0)
    lines["sale_count"] = (lines["cents"] >= 0).astype("int64")
    order_days = (
        lines.groupby(["customer_id", "order_id", "day"], observed=True)
        .agg(
            transaction_count=("cents", "size"),
            sale_count=("sale_count", "sum"),
            gross=("gross", "sum"),
            net=("cents", "sum"),
        )
        .reset_index()
    )
    customers = pd.read_csv(files / "customers.csv", usecols=["household_id"], dtype=str)["household_id"]
    products = pd.read_csv(files / "products.csv", usecols=["product_id", "product_category"], dtype=str)
    metrics = _customer_metrics(pd, order_days, customers)
    made = {
        "customer_metrics": metrics,
        "customer_rfm": _customer_rfm(pd, metrics),
        "category_kpis": _category_kpis(lines, products),
        "daily_sales": _daily_sales(pd, order_days),
    }
    for mart, table in made.items():
        table.to_csv(results / f"{mart}.csv", index=False)


def _customer_metrics(pd: Any, order_days: Any, customers: Any) -> Any:
    order_days["refunds"] = order_days["gross"] - order_days["net"]
    keys = ["customer_id", "order_id"]
    orders = order_days.groupby(keys, observed=True)[["net", "refunds"]].sum().reset_index()
    orders["is_purchase"] = (orders["net"] > 0) | (orders["refunds"] == 0)
    totals = orders.groupby("customer_id", observed=True).agg(purchase_count=("is_purchase", "sum"), net=("net", "sum"))

    judged = order_days.merge(orders[[*keys, "is_purchase"]], on=keys)
    judged["is_purchase_day"] = judged["is_purchase"] & (judged["sale_count"] > 0)
    days = judged.groupby(["customer_id", "day"], observed=True).agg(
        net=("net", "sum"), is_purchase_day=("is_purchase_day", "any")
    )
    days = days[days["is_purchase_day"]].reset_index()
    days["repeat_net"] = days["net"].where(days.duplicated("customer_id"), 0)
    day_totals = days.groupby("customer_id", observed=True).agg(
        purchase_days=("day", "size"), first=("day", "min"), last=("day", "max"), repeat_net=("repeat_net", "sum")
    )

    totals.index, day_totals.index = totals.index.astype(str), day_totals.index.astype(str)
    everybody = pd.Index(customers).union(totals.index).rename("customer_id")
    found = pd.DataFrame(index=everybody).join(totals).join(day_totals)
    for column in ("purchase_count", "net", "purchase_days", "repeat_net"):
        found[column] = found[column].fillna(0).astype("int64")
    as_of = order_days["day"].max()
    metrics = pd.DataFrame(index=everybody)
    metrics["is_registered"] = everybody.isin(customers)
    metrics["purchase_count"] = found["purchase_count"]
    metrics["total_spend"] = _ratio(found["net"], 100)
    metrics["average_transaction_value"] = _ratio(found["net"], 100 * found["purchase_count"])
    metrics["first_purchase_date"], metrics["last_purchase_date"] = found["first"], found["last"]
    metrics["days_since_last_purchase"] = _days(as_of - found["last"])
    metrics["customer_lifetime_days"] = _days(found["last"] - found["first"])
    metrics["purchase_days"] = found["purchase_days"]
    metrics["frequency"] = (found["purchase_days"] - 1).clip(lower=0)
    metrics["recency_days"] = metrics["customer_lifetime_days"]
    metrics["tenure_days"] = _days(as_of - found["first"])
    repeat = _ratio(found["repeat_net"], 100 * metrics["frequency"])
    metrics["monetary_value"] = repeat.mask(found["purchase_days"] == 1, 0.0)
    return metrics.reset_index()


def _customer_rfm(pd: Any, metrics: Any) -> Any:
    columns = ["customer_id", "days_since_last_purchase", "purchase_count", "total_spend"]
    scored = metrics.loc[metrics["purchase_count"] > 0, columns].reset_index(drop=True)

    def score(values: Any) -> Any:
        # The mean rank among n, from 0; twice of it is whole, so that no fraction decides.
        twice = (2 * values.rank(method="average") - 2).round().astype("int64")
        return 1 + (5 * twice // (2 * len(values))).clip(upper=4)

    scored["recency_score"] = score(-scored["days_since_last_purchase"].astype("int64"))
    scored["frequency_score"] = score(scored["purchase_count"])
    scored["monetary_score"] = score(scored["total_spend"])
    scored["rfm_cell"] = 100 * scored["recency_score"] + 10 * scored["frequency_score"] + scored["monetary_score"]
    rules = pd.read_csv(find_project().root / RULES)
    scored["rfm_segment"] = None
    for rule in rules.itertuples():
        matched = (
            scored["recency_score"].between(rule.r_min, rule.r_max)
            & scored["frequency_score"].between(rule.f_min, rule.f_max)
            & scored["monetary_score"].between(rule.m_min, rule.m_max)
        )
        scored.loc[matched, "rfm_segment"] = rule.segment
    return scored


def _category_kpis(lines: Any, products: Any) -> Any:
    # Grouped by product and customer first, so that the text of categories is joined to few rows.
    bought = lines.groupby(["product_id", "customer_id"], observed=True)["cents"].agg(["size", "sum"]).reset_index()
    bought["product_id"] = bought["product_id"].astype(str)
    bought = bought.merge(products, on="product_id", how="left")
    bought["category"] = bought["product_category"].fillna("(unknown)")
    found = bought.groupby("category").agg(
        transaction_count=("size", "sum"), net=("sum", "sum"), unique_customers=("customer_id", "nunique")
    )
    kpis = found[["transaction_count"]].copy()
    kpis["total_revenue"] = _ratio(found["net"], 100)
    kpis["average_transaction_value"] = _ratio(found["net"], 100 * found["transaction_count"])
    kpis["unique_customers"] = found["unique_customers"]
    kpis["revenue_share"] = _ratio(found["net"], found["net"].sum(), 6)
    return kpis.reset_index()


def _daily_sales(pd: Any, order_days: Any) -> Any:
    found = order_days.groupby("day").agg(
        transaction_count=("transaction_count", "sum"),
        order_count=("order_id", "nunique"),
        unique_customers=("customer_id", "nunique"),
        gross=("gross", "sum"),
        net=("net", "sum"),
    )
    found = found.reindex(pd.date_range(found.index.min(), found.index.max(), name="sales_date"), fill_value=0)
    sales = found[["transaction_count", "order_count", "unique_customers"]].copy()
    sales["gross_revenue"] = _ratio(found["gross"], 100)
    sales["refunds"] = _ratio(found["gross"] - found["net"], 100)
    sales["net_revenue"] = _ratio(found["net"], 100)
    week = found["net"].rolling(7).sum()
    sales["net_revenue_7d_avg"] = _ratio(week.fillna(0).round().astype("int64"), 700).where(week.notna())
    before = found["net"].shift(1, fill_value=0)
    sales["net_revenue_growth"] = _ratio(found["net"] - before, before.clip(lower=0), 6)
    year_ago = sales.index.where((sales.index.month != 2) | (sales.index.day != 29)) - pd.DateOffset(years=1)
    base = found["net"].reindex(year_ago).fillna(0).astype("int64").set_axis(found.index)
    sales["net_revenue_growth_yoy"] = _ratio(found["net"] - base, base.clip(lower=0), 6)
    return sales.reset_index()


def _ratio(dividend: Any, divisor: Any, digits: int = 2) -> Any:
    """Divide integers and round half away from zero, as PostgreSQL's numeric does; nothing by 0 is nothing."""
    divisor = divisor + 0 * dividend
    safe = divisor.where(divisor != 0, 1)
    doubled = 2 * dividend.abs() * 10**digits + safe
    rounded = doubled // (2 * safe) * dividend.ge(0).map({True: 1, False: -1}) / 10**digits
    return rounded.where(divisor != 0)


def _days(difference: Any) -> Any:
    return difference.dt.days.astype("Int64")


BUILD_WITH: Mapping[str, Callable[[Path, Path], None]] = {"pandas": build_with_pandas, "duckdb": build_with_duckdb}


def differences(ours: Path, theirs: Path) -> list[str]:
    """Compare two folders of results by column name and return what differs; numbers are compared as decimals.

    Every column of ours has to be in theirs, and every row has to be equal, to the last digit that ours has.
    """
    found = []
    for mart in MARTS:
        with duckdb.connect() as database:
            for name, folder in (("ours", ours), ("theirs", theirs)):
                database.execute(
                    f"create table {name} as from read_csv('{folder / mart}.csv', all_varchar = true, header = true)"
                )
            columns = [row[0] for row in database.execute("describe ours").fetchall()]
            # 12 and 12.00 are one number, t and true one truth; texts such as names of segments stay as they are.
            kinds = ", ".join(f'cast(try_cast("{{0}}" as {kind}) as varchar)' for kind in KINDS)
            listed = ", ".join(f'coalesce({kinds}, "{{0}}")'.format(column) for column in columns)
            for one, other in (("ours", "theirs"), ("theirs", "ours")):
                # `except all`, as a row too many is a difference too.
                query = f"select {listed} from {one} except all select {listed} from {other}"
                rows = database.execute(query).fetchall()
                if rows:
                    found.append(
                        f"{mart}: {len(rows)} rows only in {one}, such as {dict(zip(columns, rows[0], strict=True))}"
                    )
    return found


if __name__ == "__main__":
    BUILD_WITH[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
