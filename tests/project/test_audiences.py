"""Audiences from files to an export and to the campaign that was made of it; who is held out, in every engine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from loaders.cli import main
from tests.conftest import ROOT
from tests.project.conftest import Dbt, Environment, query, write_csv_files

SHARE = 0.1
CUSTOMERS = 3000
LEFT_OUT = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
AUDIENCES = {file.stem for file in (ROOT / "models" / "marts" / "audiences").glob("*.sql")} - {"audience_members"}
DAY = "2025-06-30"


def is_held_out(audience: str, customer: str, share: float = SHARE) -> bool:
    digest = hashlib.md5(f"{audience}:{customer}".encode()).hexdigest()
    return int(digest[:8], 16) < int(share * 2**32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Customers who bought first a year ago, so that all have an anniversary; one bought before, one buys later."""
    folder = tmp_path_factory.mktemp("audiences")
    names = [f"k{number}" for number in range(CUSTOMERS)]
    bought = [(name, day) for name in names for day in ("2024-06-25", "2025-06-20")]
    bought += [("early", "2024-05-01"), ("late", DAY)]
    write_csv_files(
        folder,
        {
            "transactions": [
                {
                    "transaction_id": number,
                    "customer_id": name,
                    "product_id": "T",
                    "category": "Tea",
                    "amount": 10,
                    "date": day,
                }
                for number, (name, day) in enumerate(bought)
            ],
            "customers": [
                {"customer_id": name, "email": f"{name}@example.com", "consent": "no" if number % 100 == 0 else ""}
                for number, name in enumerate(names)
            ],
            "suppressions": [
                {"customer_id": "k1", "email": "", "reason": "asked"},
                {"customer_id": "", "email": " K2@Example.com ", "reason": "unsubscribed"},
            ],
            "campaigns": [
                {
                    "campaign_id": "thanks",
                    "name": "Thank you",
                    "start": "2025-06-30",
                    "end": "2025-07-30",
                    "audience": "purchase_anniversaries",
                }
            ],
        },
    )
    return folder


@pytest.fixture(scope="module")
def shop(load: Callable[..., Environment], dbt: Dbt, files: Path) -> Environment:
    environment = load(files)
    dbt(environment, "build", "--select", "+audience_members", "+metrics_summary", "+recommendations", *LEFT_OUT)
    return environment


def run(environment: Environment, *arguments: object) -> str:
    result = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(main, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_hash_decides_who_is_held_out(shop: Environment) -> None:
    rows = query(shop, "select audience, customer_id, assignment, hold_out_share from marts.audience_members")
    members = [(str(audience), str(customer)) for audience, customer, *_ in rows]
    assert {audience for audience, _ in members} <= AUDIENCES
    assert len([customer for audience, customer in members if audience == "purchase_anniversaries"]) == CUSTOMERS
    assert [is_held_out(*member) for member in members] == [assignment == "hold-out" for _, _, assignment, _ in rows]
    assert {float(str(share)) for *_, share in rows} == {SHARE}


def test_hold_outs_are_as_many_as_meant_and_independent() -> None:
    customers = [f"k{number}" for number in range(20_000)]
    held = {audience: {customer for customer in customers if is_held_out(audience, customer)} for audience in AUDIENCES}
    deviation = (len(customers) * SHARE * (1 - SHARE)) ** 0.5
    assert all(len(found) == pytest.approx(len(customers) * SHARE, abs=3 * deviation) for found in held.values())
    both = len(held["late_champions"] & held["at_risk_by_value"])
    assert both == pytest.approx(len(customers) * SHARE**2, abs=3 * (len(customers) * SHARE**2) ** 0.5)


def test_shares_of_nobody_and_of_all(shop: Environment, dbt: Dbt) -> None:
    shares = (0, 0.5, 1)
    held_out = [
        f"avg(case when {{{{ is_held_out('a', 'customer_id', {share}) }}}} then 1.0 else 0 end)" for share in shares
    ]
    compiled = dbt(shop, "compile", "--quiet", "--inline", f"select {', '.join(held_out)} from marts.audience_members")
    [found] = query(shop, compiled[compiled.index("select ") :])
    assert [float(str(share)) for share in found] == pytest.approx(shares, abs=0.04)


def test_refusals_are_respected_and_an_export_makes_a_campaign(
    shop: Environment, dbt: Dbt, files: Path, tmp_path: Path
) -> None:
    refused = {f"k{number}" for number in range(0, CUSTOMERS, 100)} | {"k1", "k2"}
    found = query(shop, "select customer_id from marts.audience_members where not may_be_contacted")
    assert {str(customer) for (customer,) in found} == refused
    # After the build, one more unsubscribes.
    [late] = write_csv_files(tmp_path, {"suppressions": [{"customer_id": "k3", "email": ""}]})
    run(shop, "copy", late)
    said = run(shop, "export", "audience", "purchase_anniversaries", "--changes", "--to", tmp_path / "to")
    allowed = {f"k{number}" for number in range(CUSTOMERS)} - refused - {"k3"}
    treated = {customer for customer in allowed if not is_held_out("purchase_anniversaries", customer)}
    assert f"{len(treated):,} entered, 0 left" in said
    [file] = (tmp_path / "to").iterdir()
    exported = duckdb.connect().execute(f"select customer_id, email from '{file}'").fetchall()
    assert {customer for customer, _ in exported} == treated
    assert all(email == f"{customer}@example.com" for customer, email in exported)

    dbt(shop, "build", "--select", "+campaign_results", *LEFT_OUT)
    members = query(shop, "select customer_id, is_treated from intermediate.int_campaign_members")
    assert {str(customer) for customer, is_treated in members if is_treated} == treated
    assert {str(customer) for customer, is_treated in members if not is_treated} == allowed - treated
    rows = query(
        shop,
        "select treated_customers, control_customers, expected_control_share, sample_ratio_p_value > 0.001, verdict"
        " from marts.campaign_results where metric = 'buyers'",
    )
    # Nobody bought again, so that there is nothing to judge.
    [(with_it, without_it, share, is_as_planned, verdict)] = rows
    assert (with_it, without_it) == (len(treated), len(allowed - treated))
    assert (float(str(share)), is_as_planned, verdict) == (SHARE, True, "all did the same")


def test_recommendations_can_be_held_out(shop: Environment, dbt: Dbt) -> None:
    lists = "select distinct customer_id from marts.recommendations"
    everyone = {str(customer) for (customer,) in query(shop, lists)}
    dbt(shop, "run", "--select", "recommendations", "--vars", "recommendation_hold_out_share: 0.3")
    left = {str(customer) for (customer,) in query(shop, lists)}
    assert len(everyone) > CUSTOMERS / 2
    assert left == {customer for customer in everyone if not is_held_out("recommendations", customer, 0.3)}
