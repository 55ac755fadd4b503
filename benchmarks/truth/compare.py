"""Compare frames that were worked out from the files with the marts of a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd
from psycopg import sql

from benchmarks.truth import customers, sales
from benchmarks.truth.files import Truth
from loaders.destinations.postgres.connection import Connection

Make = Callable[[], pd.DataFrame]
# The last cent of a part may be another's, as parts are rounded so that they add up.
MONEY = 0.0101
SHARE = 2e-6


def marts(truth: Truth, rules: pd.DataFrame) -> Iterator[tuple[str, tuple[str, ...], Make]]:
    """Yield the name of each mart, its key, and what works it out."""
    tiers, segments = customers.calibrations(truth, rules)
    yield "metrics_summary", (), partial(sales.metrics_summary, truth)
    for period, (mart, column) in sales.PERIODS.items():
        yield mart, (column,), partial(sales.sales_by, truth, period)
    yield "category_kpis", ("category",), partial(sales.category_kpis, truth)
    yield "segment_category_kpis", ("customer_segment", "category"), partial(sales.segment_category_kpis, truth)
    yield "product_kpis", ("product_id",), partial(sales.product_kpis, truth)
    yield "customer_metrics", ("customer_id",), partial(customers.customer_metrics, truth)
    yield "customer_rfm", ("customer_id",), partial(customers.customer_rfm, truth, rules)
    yield "customer_churn_risk", ("customer_id",), partial(customers.customer_churn_risk, truth)
    yield "churn_tier_calibration", ("churn_risk", "cutoff_date"), lambda: tiers
    yield "rfm_segment_calibration", ("rfm_segment", "cutoff_date"), lambda: segments
    moved = partial(customers.rfm_segment_movements, truth, rules)
    yield "rfm_segment_movements", ("segment_before", "segment_now"), moved
    yield "cohort_retention", ("cohort_month", "month_number"), partial(customers.cohort_retention, truth)
    yield "customer_lifecycle", ("month",), partial(customers.customer_lifecycle, truth)


def differences(
    connection: Connection, mart: str, key: tuple[str, ...], expected: pd.DataFrame, most: int = 5
) -> list[str]:
    """Return what differs, a line each; none where the mart is right.

    Args:
        connection: Connection to the database with the marts.
        mart: Name of the mart.
        key: Columns that tell its rows.
        expected: What it should have, under the names of its columns.
        most: Rows shown of each column.
    """
    statement = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, expected.columns)), sql.Identifier("marts", mart)
    )
    found = pd.DataFrame(connection.execute(statement).fetchall(), columns=list(expected.columns))
    expected, found = (_comparable(frame, expected) for frame in (expected, found))
    if not key:
        expected, found = (frame.assign(row=0) for frame in (expected, found))
    joined = expected.merge(found, on=list(key) or "row", how="outer", suffixes=("", "_found"), indicator=True)
    lines = [f"{mart}: {len(joined)} rows, {count} only {side}" for side, count in _alone(joined) if count]
    both = joined[joined["_merge"] == "both"]
    for column in expected.columns.difference([*key, "row"]):
        wrong = both[_differs(both[column], both[f"{column}_found"])]
        if len(wrong):
            rows = wrong[[*key, column, f"{column}_found"]].head(most).to_string(index=False, header=False)
            lines.append(f"{mart}.{column}: {len(wrong)} differ, as file and mart:\n{rows}")
    return lines


def _alone(joined: pd.DataFrame) -> Iterator[tuple[str, int]]:
    yield "by the file", int((joined["_merge"] == "left_only").sum())
    yield "in the mart", int((joined["_merge"] == "right_only").sum())


def _comparable(frame: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return all columns as floats, moments without a zone, or text."""
    columns = {}
    for column in frame:
        if pd.api.types.is_datetime64_any_dtype(like[column]):
            columns[column] = pd.to_datetime(frame[column], utc=True).dt.tz_localize(None)
        elif pd.api.types.is_numeric_dtype(like[column]):
            columns[column] = frame[column].astype("float64")
        else:
            columns[column] = frame[column].astype("object").where(frame[column].notna(), "")
    return pd.DataFrame(columns)


def _differs(one: pd.Series, other: pd.Series) -> pd.Series:
    if not pd.api.types.is_float_dtype(one):
        return (one != other) & ~(one.isna() & other.isna())
    money = ("revenue", "spend", "value")
    close = MONEY if any(word in str(one.name) for word in money) and "share" not in str(one.name) else SHARE
    close = 6e-5 if str(one.name) == "lateness_ratio" else close
    # Growth rests on cents.
    scale = 1 + one.abs() if "growth" in str(one.name) else 1
    return ((one - other).abs() > close * scale) | (one.isna() != other.isna())
