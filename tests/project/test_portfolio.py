"""Portfolio and cross-selling are what pandas makes of the same files, faulty rows included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.files import generate
from loaders.synthetic.settings import Settings
from tests.project.conftest import Dbt, Environment, query

SETTINGS = Settings(customers=600, transactions=3_000, users=10, days=300)
AS_OF_DATE = SETTINGS.until - timedelta(days=60)
TOP = 4
MIN_OWNERS = 2


@pytest.fixture(scope="module")
def folder(project: Project, contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic files of a shop, and relationships that contradict themselves or name nobody known."""
    folder = tmp_path_factory.mktemp("shop")
    generate(project, contract, SETTINGS, folder)
    file = folder / "customer_products.csv"
    relationships = pd.read_csv(file, dtype=str)
    twice = relationships.head(40).assign(relationship_id=lambda rows: "again " + rows["relationship_id"])
    backwards = twice.assign(
        relationship_id=lambda rows: "backwards " + rows["relationship_id"],
        product_id=lambda rows: rows["product_id"].shift(fill_value="P"),
        end_date="2001-01-01",
    )
    stranger = twice.assign(relationship_id=lambda rows: "stranger " + rows["relationship_id"], customer_id="nobody")
    pd.concat([relationships, twice, backwards, stranger]).to_csv(file, index=False)
    return folder


@pytest.fixture(scope="module")
def environment(folder: Path, load: Callable[..., Environment], dbt: Dbt) -> Environment:
    """The marts of those files on a day before their end."""
    files = [folder / f"{name}.csv" for name in ("customers", "products", "transactions", "customer_products")]
    environment = load(*files)
    variables = f"{{as_of_date: {AS_OF_DATE}, cross_sell_count: {TOP}, min_segment_owners: {MIN_OWNERS}}}"
    selection = ("--select", "+cross_sell_opportunities", "--exclude-resource-type", "test", "unit_test")
    dbt(environment, "build", *selection, "--vars", variables)
    return environment


@pytest.fixture(scope="module")
def relationships(folder: Path) -> pd.DataFrame:
    """The relationships known on the day, and whether each is active."""
    rows = pd.read_csv(folder / "customer_products.csv", dtype={"customer_id": str, "product_id": str})
    for column in ("start_date", "end_date"):
        rows[column] = pd.to_datetime(rows[column])
    day = pd.Timestamp(AS_OF_DATE)
    known = rows[rows["start_date"] <= day]
    assert len(known) < len(rows)
    return known.assign(is_active=known["end_date"].isna() | (known["end_date"] >= day))


def test_the_portfolio_is_that_of_pandas(environment: Environment, relationships: pd.DataFrame) -> None:
    expected = {
        (*key, len(rows), int(rows["is_active"].sum()), round(rows["value"].sum(), 2), rows["start_date"].min().date())
        for key, rows in relationships.groupby(["customer_id", "product_id"])
    }
    columns = "customer_id, product_id, relationship_count, active_relationship_count, cast(value as float), start_date"
    found = query(environment, f"select {columns} from marts.product_portfolio")
    assert set(found) == expected
    assert any(row[2] > 1 for row in found)
    assert any(row[0] == "nobody" for row in found)


def test_cross_selling_is_that_of_pandas(environment: Environment, relationships: pd.DataFrame) -> None:
    rows = query(
        environment,
        """
        select customer_id, coalesce(nullif(customer_segment, '(unknown)'), rfm_segment)
        from intermediate.int_customers
        left join marts.customer_rfm using (customer_id)
        where customer_id <> '(unknown)'
        """,
    )
    segments = pd.DataFrame(rows, columns=["customer_id", "segment"]).dropna().set_index("customer_id")["segment"]
    sizes = segments.value_counts()
    owned = relationships[relationships["is_active"]][["customer_id", "product_id"]].drop_duplicates()
    owned = owned.join(segments, on="customer_id", how="inner")
    within = owned.groupby(["segment", "product_id"]).size()
    overall = owned.groupby("product_id").size()
    has = set(zip(owned["customer_id"], owned["product_id"], strict=True))
    ranking = {
        segment: sorted(
            (-Fraction(int(owners) * len(segments), int(sizes[segment] * overall[product])), -owners, product)
            for (_, product), owners in products.items()
            if owners >= MIN_OWNERS and owners * len(segments) > sizes[segment] * overall[product]
        )
        for segment, products in within.groupby(level="segment")
    }
    expected = {}
    for customer, segment in segments.items():
        offered = [row for row in ranking.get(segment, []) if (customer, row[2]) not in has][:TOP]
        for rank, (lift, owners, product) in enumerate(offered, 1):
            expected[customer, rank] = (product, -owners, pytest.approx(float(-lift), abs=1e-6))
    columns = "customer_id, opportunity_rank, product_id, segment_owners, cast(lift as float)"
    found = {row[:2]: row[2:] for row in query(environment, f"select {columns} from marts.cross_sell_opportunities")}
    assert len(found) > 500
    assert found == expected
