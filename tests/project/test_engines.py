"""The same files make the same rows in DuckDB as in PostgreSQL: raw tables, ledger, quarantine and every mart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from benchmarks.engines import differences, open_file, tables_of
from loaders.cli import main
from tests.conftest import ANY_AMOUNT, DATA
from tests.project.conftest import Dbt, Environment, query

# The files have a dozen customers.
FEW_CUSTOMERS = ("--vars", "campaign_min_customers: 2")
BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", *FEW_CUSTOMERS)
# One of the shop, one of the journeys, with all that they are made of.
BUILT_TWICE = ("--select", "+order_lines", "+event_rollups_hourly")
# A second delivery: corrected lines, one that moves to another day and order, a refund, rows that break the contract.
TRANSACTIONS = '''id,basket_id,customer_id,stock_code,quantity,sales_value,currency,transaction_date,till
T0001,O001,C001,P06,1,2.75,USD,2024-01-17T09:14:00Z,4
T0004,O900,C001,P08,1,2.90,USD,2024-03-10 12:00:00+05:30,
T0901,O001,C001,P09,-3,-117.00,USD,2024-02-02T10:00:00 UTC,2
T0902,O901,C002,P02,1,18.9049,USD,2024-05-31,2
T0903,O901,C002,P99,2,1e1,USD,2024-05-31T23:00:00z,2
T0904,O901,C002,P02,1,much,USD,2024-05-31,2
T0905,O901,C002,P02,1,3.335,EUR,2024-05-31,2
T0909,O901,C003,P03,1,-3.335,eur,2024-05-30,2
T0910,O902,C003,P03,1,1000000.01,CHF,2024-05-31,2
T0911,O902,C003,P03,1,19.995, gbp,2024-06-02,2
T0912,O902,C003,P03,1,1234567.89,JPY,2024-05-30,2
T0913,O902,C003,P03,1,7,XAU,2024-05-31,2
T0906,O901,C002,P02,1,3,USD,2024-02-30,2
T0907,O901,C002,P02,1,3,USD,2024-05-30,"2
T0908,O901,C002,P02,1,3,USD,2024-05-30,2,2
T0902,O901,C002,P02,1,19,USD,2024-05-31,"till ""two"""
'''
RATES = "rate_id,date,currency,rate\nR1,2024-05-29,EUR,1.0812\nR2,2024-05-31,eur,1.0834567\nR3,2024-06-01,CHF,1.1\n"
ECB = """Date,USD,JPY,GBP,CHF,
2024-05-31,1.0852,170.35,0.85365,0.9816,
2024-05-30,1.0815,169.78,0.85060,0.9806,
"""
CUSTOMERS = """household_id,name,email,segment,consent
C002,Ben Osei,ben.osei@example.com,premium,yes
,New,new@example.com,,no
"""
SUPPRESSIONS = "customer_id,email,reason\nC003,,asked\n,ADA.meyer@example.com ,unsubscribed\n"
CAMPAIGNS = """campaign_id,name,start,end,audience,control_share
K1,Spring,2024-03-01,2024-04-30,,0.5
K2,Summer,2024-05-01,2024-06-30,,
K3,No members,2024-05-01,2024-06-30,new_to_category,
"""
MEMBERS = """campaign_id,customer_id,treated
K1,C001,yes
K1,C002,yes
K1,C003,no
K1,C004,no
K1,C005,no
K2,C001,
K2,C002,
"""
EVENTS = """event_id,event_at,event_type,user_id,metadata
E01,2024-01-02T09:00:00Z,user_created,U1,"{ ""channel"":""search"" }"
E02,2024-01-03T11:00:00Z,shop_created,U1,"{""shop_id"": ""S1"", ""plan_id"": "" PL2 "", ""due_at"": ""2024-02-30""}"
E99,2024-05-03T11:00:00Z,invoice_issued,U1,"{""invoice_id"": ""I99"", ""due_at"": ""2024-05-05T10:00:00Z""}"
E98,2024-05-03T11:00:00Z,invoice_issued,U1,"{not json}"
"""
# What `loader run` remembers and records.
POSTGRES_ONLY = {"loader.last_build", "marts.build_history", "marts.test_history"}
OPTIONS = ("--max-rejects", "80%", *ANY_AMOUNT, "--json")

Engines = tuple[Environment, duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module")
def second_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("second")
    texts = {
        "transactions_2": TRANSACTIONS,
        "customers_2": CUSTOMERS,
        "suppressions": SUPPRESSIONS,
        "campaigns": CAMPAIGNS,
        "campaign_members": MEMBERS,
        "exchange_rates_2": RATES,
        "eurofxref-hist": ECB,
        "events_2": EVENTS,
        "plans_2": "no,header\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def engines(
    new_database: Callable[[], Environment],
    dbt: Dbt,
    second_files: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Engines]:
    """Both with all files; DuckDB built some marts once before the second delivery, too."""
    folder = tmp_path_factory.mktemp("duckdb")
    file = folder / "shop.duckdb"
    environment = {**new_database(), "DUCKDB_PATH": str(file)}

    def copy(*arguments: object) -> list[str]:
        result = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(
            main, ["copy", *map(str, arguments), *OPTIONS]
        )
        assert result.exit_code in (0, 1), result.output
        return [result.stdout.replace(str(folder), ""), str(result.exit_code)]

    for number, paths in enumerate(([DATA], second_files)):
        said = [copy(*paths, *to) for to in ((), ("--to", "duckdb"))]
        assert said[0] == said[1]
        if number == 0:
            dbt(environment, *BUILD, *BUILT_TWICE, "--target", "duckdb")
    assert "skipped" in copy(DATA, "--to", "duckdb")[0]
    dbt(environment, *BUILD, "--target", "duckdb")
    dbt(environment, *BUILD)
    with open_file(file) as opened:
        yield environment, opened


def tables(engines: Engines, *schemas: str) -> list[str]:
    quoted = ", ".join(f"'{schema}'" for schema in schemas)
    listed = f"select table_schema || '.' || table_name from information_schema.tables where table_schema in ({quoted})"
    found = tables_of(engines[1], *schemas)
    assert {name for (name,) in query(engines[0], listed)} - POSTGRES_ONLY == set(found)
    return found


def test_loads_rows_and_quarantine_are_equal(engines: Engines) -> None:
    found = tables(engines, "raw", "loader")
    assert {table: rows for table in found if (rows := differences(*engines, table))} == {}
    reasons = query(engines[0], "select reason, count(*) from loader.rejected_rows group by reason")
    assert len(reasons) >= 6
    assert query(engines[0], "select count(*) from loader.transactions_history") == [(2,)]


def test_every_mart_is_equal(engines: Engines) -> None:
    marts = tables(engines, "marts")
    assert len(marts) > 30
    assert {mart: found for mart in marts if (found := differences(*engines, mart))} == {}
