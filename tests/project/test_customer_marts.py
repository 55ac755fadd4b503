"""The customer marts: repeatable, true to any past day, and equal to what other programs compute."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import jinja2
import numpy as np
import pandas as pd
import psycopg
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from loaders.demo.files import write_files
from tests.conftest import ROOT
from tests.project.conftest import Dbt, Environment, query, write_csv_files

Load = Callable[..., Environment]
Rows = list[dict[str, Any]]
Snapshot = dict[str, list[tuple[object, ...]]]
Summarize = Callable[[pd.DataFrame, pd.Timestamp], pd.DataFrame]

MARTS = (
    "customer_metrics",
    "customer_rfm",
    "customer_churn_risk",
    "churn_tier_calibration",
    "churn_thresholds",
    "rfm_segment_calibration",
    "rfm_segment_movements",
    "rfm_segment_summary",
    "customer_segments",
    "cohort_retention",
    "customer_lifecycle",
    "customer_profiles",
)
PAST_DAY = date(2024, 2, 29)
NEW_YORK = ZoneInfo("America/New_York")
PAST = f"{{as_of_date: {PAST_DAY}, time_zone: {NEW_YORK.key}}}"
FEATURES = [
    "purchase_count",
    "total_spend",
    "average_transaction_value",
    "days_since_last_purchase",
    "customer_lifetime_days",
]
CLUSTERS = (3, 4, 6)
EMAIL = "somebody@example.org"


def make_history() -> tuple[Rows, Rows]:
    """Return customers and lines of 14 months, with ties, refunds months later, free orders and nobody known."""
    dice = random.Random(4)
    start = datetime(2023, 6, 1, 12, tzinfo=UTC)
    customers: Rows = []
    lines: Rows = []
    for number in range(80):
        registered = start + timedelta(days=dice.randrange(0, 420))
        if number % 4:
            customers.append({"customer_id": f"C{number:02}", "name": f"N{number}", "registered_at": registered})
        moment = registered
        while number % 9 and moment < start + timedelta(days=426):
            order = {"customer_id": f"C{number:02}" if number % 11 else "", "order_id": f"O{len(lines)}"}
            amount = dice.choice([0, 5, 5, 10, 10, 20, 80])
            category = dice.choice(["Tea", "Bread", ""])
            lines.append({**order, "amount": amount, "category": category, "transacted_at": moment})
            if dice.random() < 0.25:
                later = moment + timedelta(days=dice.choice([0, 1, 20, 60]))
                lines.append({**order, "amount": -amount, "category": category, "transacted_at": later})
            moment += timedelta(days=dice.choice([0, 1, 7, 30, 30, 95, 400]), minutes=1)
    end = start + timedelta(days=426)
    lines = [line for line in lines if line["transacted_at"] <= end]
    # At this moment it is still February in New York.
    lines.append(
        {
            "customer_id": "LATE",
            "order_id": "L1",
            "amount": 7,
            "category": "Tea",
            "transacted_at": datetime(2024, 3, 1, 3, tzinfo=UTC),
        }
    )
    for line in lines:
        line["customer_email"] = "" if line["customer_id"] else EMAIL
    lines.append({**lines[0], "customer_id": " ", "customer_email": "", "order_id": "", "amount": 3})
    for number, line in enumerate(lines):
        line["transaction_id"] = f"T{number}"
    return customers, lines


def write(folder: Path, customers: Rows, lines: Rows) -> list[Path]:
    """Write the two files and return their paths."""
    folder.mkdir()
    return write_csv_files(folder, {"customers": customers, "transactions": lines})


def build(dbt: Dbt, environment: Environment, variables: str = "{}", marts: Sequence[str] = MARTS) -> Snapshot:
    """Build customer marts and all before them; return their rows."""
    select = ["--select", *(f"+{mart}" for mart in marts)]
    dbt(environment, "build", *select, "--vars", variables, "--exclude-resource-type", "test", "unit_test")
    return {
        mart: sorted(query(environment, f"select * from marts.{mart}"), key=lambda row: tuple(map(str, row)))
        for mart in marts
    }


@dataclass
class History:
    """One database with the whole history, built for a past day of New York and then for today in UTC."""

    environment: Environment
    past: Snapshot
    now: Snapshot


@pytest.fixture(scope="module")
def history(load: Load, dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Build the marts of the whole history twice."""
    environment = load(*write(tmp_path_factory.mktemp("history") / "whole", *make_history()))
    past = build(dbt, environment, PAST)
    return History(environment, past, build(dbt, environment, marts=("customer_metrics", "churn_tier_calibration")))


def test_a_past_day_is_rebuilt_as_it_was(history: History, load: Load, dbt: Dbt, tmp_path: Path) -> None:
    """The marts of a past day are those of a database that was loaded on that day, in whatever order."""

    def known(moment: datetime) -> bool:
        return moment.astimezone(NEW_YORK).date() <= PAST_DAY

    customers, lines = make_history()
    known_customers = [row for row in customers if known(row["registered_at"])]
    known_lines = [row for row in lines if known(row["transacted_at"])]
    random.Random(1).shuffle(known_customers)
    known_lines.reverse()
    then = build(dbt, load(*write(tmp_path / "then", known_customers, known_lines)), PAST)
    for mart in MARTS:
        assert history.past[mart] == then[mart], mart
    spends = query(history.environment, "select total_spend from marts.customer_metrics where purchase_count > 0")
    assert len(set(spends)) < len(spends), "there should be ties"


def test_todays_calibration_has_the_tiers_of_the_past_day(history: History) -> None:
    """A tier that saw a purchase or a refund after its cut-off day would differ from what was built then."""
    tiers = [row[1] for row in history.past["customer_churn_risk"] if row[0] != "LATE"]
    calibrated = {row[0]: row[3] for row in history.now["churn_tier_calibration"] if row[1] == PAST_DAY}
    assert calibrated == {tier: tiers.count(tier) for tier in ("low", "medium", "high")}
    assert all(calibrated.values())


def test_the_time_zone_moves_a_purchase_to_another_day(history: History) -> None:
    for marts, day in ((history.now, PAST_DAY + timedelta(days=1)), (history.past, PAST_DAY)):
        assert [row[7] for row in marts["customer_metrics"] if row[0] == "LATE"] == [day]


def summarize(days: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """Return the buy-till-you-die summary of what customers spent on purchase days, as Fader and Hardie define it."""
    first_day = days.groupby("customer_id")["day"].transform("min")
    grouped = days.groupby("customer_id")["day"]
    repeat_spend = days[days["day"] > first_day].groupby("customer_id")["amount"].mean()
    summary = pd.DataFrame(
        {
            "frequency": grouped.count() - 1,
            "recency": (grouped.max() - grouped.min()).dt.days,
            "T": (last_day - grouped.min()).dt.days,
        }
    )
    summary["monetary_value"] = repeat_spend.reindex(summary.index).fillna(0)
    return summary


def compare_summary(environment: Environment, expected: pd.DataFrame) -> None:
    """Compare `customer_metrics` with a summary: equal days, money to a millionth before it is rounded to cents."""
    statement = """
        with days as (
            select
                customer_id, net_revenue,
                row_number() over (partition by customer_id order by purchase_date) as day
            from intermediate.int_purchase_days
        )
        select
            customer_id, frequency, recency_days, tenure_days, cast(monetary_value as float),
            cast(coalesce(avg(net_revenue) filter (where day > 1), 0) as float)
        from marts.customer_metrics
        inner join days using (customer_id)
        where customer_id <> '(unknown)'
        group by customer_id
    """
    columns = ["customer_id", "frequency", "recency", "T", "rounded", "monetary_value"]
    metrics = pd.DataFrame(query(environment, statement), columns=columns).set_index("customer_id").sort_index()
    expected = expected.sort_index()
    assert list(metrics.index) == list(expected.index)
    for column in ("frequency", "recency", "T"):
        assert (metrics[column] == expected[column]).all(), column
    assert np.abs(metrics["monetary_value"] - expected["monetary_value"]).max() < 1e-6
    assert np.abs(metrics["rounded"] - expected["monetary_value"]).max() < 0.005 + 1e-6


@pytest.fixture(scope="module")
def lines() -> pd.DataFrame:
    """The lines of the history's file with their day in UTC."""
    found = pd.DataFrame(make_history()[1])
    derived = "email_" + hashlib.md5(EMAIL.encode()).hexdigest()
    found["customer_id"] = found["customer_id"].replace({"": derived})
    found["day"] = found["transacted_at"].dt.floor("D").dt.tz_localize(None)
    return found


@pytest.fixture(scope="module")
def days(lines: pd.DataFrame) -> pd.DataFrame:
    """What each known customer spent on each purchase day."""
    # A refund lowers the day of its order, so an order is one amount on its first day.
    known = lines[lines["customer_id"] != " "]
    orders = known.groupby(["customer_id", "order_id"]).agg(
        amount=("amount", "sum"), least=("amount", "min"), day=("day", "min")
    )
    purchases = orders[(orders["amount"] > 0) | (orders["least"] >= 0)]
    return purchases.groupby(["customer_id", "day"], as_index=False)["amount"].sum()


def summarize_by_lifetimes(days: pd.DataFrame, last_day: pd.Timestamp) -> pd.DataFrame:
    """Return the summary that the package lifetimes makes."""
    lifetimes = pytest.importorskip("lifetimes.utils")
    summary: pd.DataFrame = lifetimes.summary_data_from_transaction_data(
        days, "customer_id", "day", monetary_value_col="amount", observation_period_end=last_day, freq="D"
    )
    return summary


@pytest.mark.parametrize("summarized", [summarize, summarize_by_lifetimes])
def test_the_summary_is_that_of_pandas_and_lifetimes(
    history: History, lines: pd.DataFrame, days: pd.DataFrame, summarized: Summarize
) -> None:
    """The summary of customers is what the lines of the file give by another route."""
    compare_summary(history.environment, summarized(days, lines["day"].max()))


def kmeans(clusters: int) -> str:
    """Return the k-means query on a table `points (id, x1 ... x5)`, rendered without dbt, which starts slowly."""
    source = "".join(file.read_text() for file in (ROOT / "macros").rglob("kmeans_*.sql"))
    macros = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(source).module
    features = ["x1", "x2", "x3", "x4", "x5"]
    return str(macros.default__kmeans_centroids("points", "points", "id", features, clusters, 300))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def empty(new_database: Callable[[], Environment]) -> Environment:
    """A database for points."""
    return new_database()


def cluster(environment: Environment, points: np.ndarray, clusters: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Run the query on points and return the centroids, the points' nearest ones and whether nothing moved any more."""
    with psycopg.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
    ) as connection:
        connection.execute("create temp table points (id int, x1 float, x2 float, x3 float, x4 float, x5 float)")
        with connection.cursor().copy("copy points from stdin") as copy:
            for number, point in enumerate(points):
                copy.write_row((number, *map(float, point)))
        connection.execute("analyze points")
        rows = connection.execute(kmeans(clusters)).fetchall()  # type: ignore[arg-type]
    centroids = np.array([row[:5] for row in rows])
    nearest = ((points[:, None] - centroids) ** 2).sum(axis=2)
    assert nearest.min(axis=1).sum() == pytest.approx(rows[0][7])
    return centroids, nearest.argmin(axis=1), all(row[6] for row in rows)


def standardized(points: np.ndarray) -> np.ndarray:
    """Return z-scores with the population standard deviation."""
    return np.round((points - points.mean(axis=0)) / points.std(axis=0) * 2**20) / 2**20


def inertia(points: np.ndarray, centroids: np.ndarray) -> float:
    """Return the sum of the squared distances to the nearest centroid."""
    return float(((points[:, None] - centroids) ** 2).sum(axis=2).min(axis=1).sum())


def best_inertia(points: np.ndarray, clusters: int) -> float:
    """Return what scikit-learn reaches."""
    return float(KMeans(clusters, n_init=10, random_state=0).fit(points).inertia_)


@pytest.mark.parametrize(("clusters", "seed"), [(clusters, seed) for clusters in CLUSTERS for seed in range(3)])
def test_k_means_finds_separated_blobs(empty: Environment, clusters: int, seed: int) -> None:
    blobs, labels = make_blobs(400, 5, centers=clusters, center_box=(-20, 20), random_state=seed)
    points = standardized(blobs)
    centroids, found, is_settled = cluster(empty, points, clusters)
    assert is_settled
    assert adjusted_rand_score(labels, found) >= 0.95
    assert inertia(points, centroids) <= 1.05 * best_inertia(points, clusters)


@pytest.mark.parametrize("clusters", CLUSTERS)
def test_k_means_on_skewed_data_is_as_good_as_scikit_learn(empty: Environment, clusters: int) -> None:
    """Spend and counts of customers look like this: most are small, a few are huge, and no groups are apart."""
    points = standardized(np.random.default_rng(clusters).lognormal(size=(1_000, 5)))
    centroids, _, is_settled = cluster(empty, points, clusters)
    assert is_settled
    assert inertia(points, centroids) <= 1.05 * best_inertia(points, clusters)


@pytest.fixture(scope="module")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The transactions of the demo."""
    return next(file for file in write_files(tmp_path_factory.mktemp("files")) if file.stem == "transactions")


@pytest.fixture(scope="module")
def demo(demo_file: Path, load: Load, dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The customers' marts of the demo data, one line per order instead of ten, which gives the same marts."""
    file = tmp_path_factory.mktemp("demo") / "transactions.csv"
    duckdb.sql(
        f"""
        select household_id, basket_id, sum(sales_value) as sales_value, min(transaction_timestamp) as transacted_at
        from read_csv('{demo_file}', types = {{'sales_value': 'decimal(18, 2)'}})
        group by household_id, basket_id
        """
    ).write_csv(str(file))
    environment = load(file)
    dbt(environment, "build", "--select", "+customer_segments", "--exclude-resource-type", "test", "unit_test")
    return environment


@pytest.fixture(scope="module")
def demo_days(demo_file: Path) -> pd.DataFrame:
    """Return what each household of the demo data spent on each day."""
    return duckdb.sql(
        f"""
        select
            cast(household_id as varchar) as customer_id,
            cast(cast(transaction_timestamp as date) as timestamp) as day,
            sum(sales_value) as amount
        from '{demo_file}'
        group by all
        """
    ).df()


@pytest.mark.slow
@pytest.mark.parametrize("summarized", [summarize, summarize_by_lifetimes])
def test_the_demo_summary_is_that_of_pandas_and_lifetimes(
    demo: Environment, demo_days: pd.DataFrame, summarized: Summarize
) -> None:
    summary = summarized(demo_days, demo_days["day"].max())
    assert len(summary) == 2_469
    compare_summary(demo, summary)


@pytest.mark.slow
def test_the_demo_segments_are_as_good_as_scikit_learns(demo: Environment) -> None:
    features = ", ".join(f"cast({feature} as float)" for feature in FEATURES)
    tables = "marts.customer_segments inner join marts.customer_metrics using (customer_id)"
    statement = f"select segment_number, {features} from {tables}"
    rows = np.array(query(demo, statement), dtype=float)
    labels, points = rows[:, 0], standardized(rows[:, 1:])
    centroids = np.array([points[labels == label].mean(axis=0) for label in np.unique(labels)])
    assert len(centroids) == 4
    assert inertia(points, centroids) <= 1.05 * best_inertia(points, 4)
