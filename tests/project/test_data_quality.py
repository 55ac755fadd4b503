"""Each kind of fault, planted once in generated files, is in the data quality report with its rows and money."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from loaders.cli import main
from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.files import generate
from loaders.synthetic.settings import Settings
from tests.conftest import ANY_AMOUNT
from tests.project.conftest import ONLY_TESTS_OF_MARTS, Dbt, Environment, query

SETTINGS = Settings(customers=40, transactions=400, users=60, days=60)
# Fields of such a record can't be told apart, so nobody knows its money.
UNREADABLE = {"broken_quoting", "invalid_encoding", "line_too_long", "too_few_fields", "too_many_fields"}
HEADER = "transaction_id,order_id,customer_id,product_id,category,quantity,amount,transacted_at\n"
Report = dict[str, tuple[int, Decimal | None]]


def run(environment: Environment, *arguments: object) -> str:
    result = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(
        main, list(map(str, arguments))
    )
    assert result.exit_code in (0, 3), result.output
    return result.stdout


def build(dbt: Dbt, environment: Environment) -> Report:
    options = (*ONLY_TESTS_OF_MARTS, "--indirect-selection", "buildable")
    dbt(environment, "build", "--select", "+data_quality_report", *options)
    rows = query(environment, "select check_name, rows_failed, amount_affected from marts.data_quality_report")
    return {str(name): (int(str(failed)), amount) for name, failed, amount in rows}


def rejected(folder: Path) -> Report:
    """Number and money of the faults that the generator lists, money of transactions only."""
    counts: Counter[str] = Counter()
    money: dict[str, Decimal | None] = defaultdict(lambda: None)
    for listed in (folder / "faults").glob("*.csv"):
        text = (folder / listed.name).read_text(encoding="utf-8", errors="surrogateescape")
        lines = text.split("\n")
        amount = lines[0].split(",").index("amount") if listed.stem == "transactions" else None
        for fault in csv.DictReader(listed.open(encoding="ascii")):
            name = f"rejected_{fault['reason']}"
            counts[name] += 1
            if amount is not None and fault["reason"] not in UNREADABLE and fault["column"] != "amount":
                fields = next(csv.reader([lines[int(fault["line"]) - 1]]))
                money[name] = (money[name] or 0) + Decimal(fields[amount])
    return {name: (count, money[name]) for name, count in counts.items()}


@pytest.fixture(scope="module")
def dirty(
    project: Project,
    contract: Contract,
    load: Callable[..., Environment],
    dbt: Dbt,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Environment, Report, Report]:
    """A database with dirty generated files and five more loads of transactions; its report, and the faults listed."""
    folder = tmp_path_factory.mktemp("dirty")
    generate(project, contract, SETTINGS, folder, dirty=0.3)
    environment = load()
    run(environment, "copy", *folder.glob("*.csv"), "--max-rejects", "100%", *ANY_AMOUNT)
    [(customer, product)] = query(
        environment, "select min(customer_id), (select min(product_id) from raw.products) from raw.customers"
    )
    for number in range(5):
        file = folder / f"transactions_{number}.csv"
        rows = [f"{number}/{row},,{customer},{product},,1,1,2025-12-31 1{number}:{row}:00\n" for row in range(20, 40)]
        file.write_text(HEADER + "".join(rows))
        run(environment, "copy", file)
    return environment, build(dbt, environment), rejected(folder)


def test_rejected_records_are_counted_by_reason_with_their_money(dirty: tuple[Environment, Report, Report]) -> None:
    environment, report, faults = dirty
    # No table has a column of these types or a list of accepted values, and no file has its header twice.
    reasons = ("invalid_bigint", "invalid_boolean", "not_accepted", "repeated_header")
    none = {f"rejected_{reason}": (0, 0) for reason in reasons}
    assert {name: found for name, found in report.items() if name.startswith("rejected_")} == {**faults, **none}
    assert query(environment, "select count(*) from marts.data_quality_report where description = check_name") == [(0,)]


def test_every_planted_fault_is_reported_and_listed(
    dirty: tuple[Environment, Report, Report], dbt: Dbt, tmp_path: Path
) -> None:
    environment, before, _ = dirty
    [(last,)] = query(environment, "select max(transaction_date) from intermediate.int_order_lines")
    sound = """
        select {key} from raw.{table} where {key} not in (
            select item from intermediate.int_quality_issues where table_name = 'raw.{table}'
        ) {more} order by {key} limit 2
    """
    registered = "and registered_at between timestamptz '2025-11-20' and timestamptz '2025-12-20'"
    (one,), (two,) = query(environment, sound.format(key="customer_id", table="customers", more=registered))
    product = query(environment, sound.format(key="product_id", table="products", more=""))[0][0]
    [(since,)] = query(environment, f"select registered_at::date from raw.customers where customer_id = '{one}'")
    assert isinstance(last, date)
    assert isinstance(since, date)
    at, early = f"{last + timedelta(days=4)} 10:00:00Z", f"{since - timedelta(days=1)} 23:59:59Z"

    lines = [
        f"customer,,nobody,{product},,1,1.01,{at}",
        f"product,,{one},unheard of,food,1,2.02,{at}",
        f"category,,{one},,,1,4.04,{at}",
        f"quantity,,{one},{product},,0,8.08,{at}",
        f"negative,,{one},{product},,1,-16.16,{at}",
        f"zero,,{one},{product},,1,0,{at}",
        f"once,same,{one},{product},,1,32.32,{at}",
        f"twice,same,{one},{product},,1,32.32,{at}",
        f"early,,{one},{product},,1,64.64,{early}",
        f"shared 1,shared,{one},{product},,1,1.28,{at}",
        f"shared 2,shared,{two},{product},,1,2.56,{at}",
        f"bare customer,,planted,{product},,1,5.12,{at}",
        f"bare product,,{one},bare,food,1,10.24,{at}",
    ]
    files = {
        "transactions_planted": HEADER + "\n".join(lines) + "\n",
        "customers_planted": "customer_id,email\nplanted,planted@example.com\n",
        "products_planted": "product_id,price\nbare,1\n",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    run(environment, "copy", tmp_path)
    [(load_id,)] = query(environment, "select load_id from loader.loads where file_name = 'transactions_planted.csv'")
    with psycopg.connect(
        host=environment["PGHOST"], user=environment["PGUSER"], dbname=environment["PGDATABASE"]
    ) as connection:
        connection.execute("update raw.plans set _loaded_at = now() - interval '366 days'")

    total = sum((Decimal(line.split(",")[6]) for line in lines), Decimal(0))
    planted: dict[str, tuple[int, str | Decimal | None, str]] = {
        "unknown_customer": (1, "1.01", "customer"),
        "unknown_product": (2, "6.06", "product"),
        "unknown_category": (1, "4.04", "category"),
        # The planted lines name no currency, the others do.
        "assumed_currency": (len(lines), total, "customer"),
        "zero_quantity": (1, "8.08", "quantity"),
        "negative_amount": (1, "-16.16", "negative"),
        "zero_amount": (1, "0", "zero"),
        "repeated_line": (1, "32.32", "twice"),
        "before_registration": (1, "64.64", "early"),
        "several_customers": (1, "3.84", "shared"),
        "missing_customer_attributes": (1, "5.12", "planted"),
        "missing_product_attributes": (1, "10.24", "bare"),
        "gap_in_days": (3, "0", str(last + timedelta(days=2))),
        "stale_source": (1, None, "raw.plans"),
        "unusual_load": (1, total, f"load {load_id}"),
    }
    after = build(dbt, environment)
    changed = {name: after[name] for name in after if after[name] != before[name]}
    assert changed == {
        name: (
            before[name][0] + rows,
            None if amount is None else (before[name][1] or 0) + Decimal(amount),
        )
        for name, (rows, amount, _) in planted.items()
    }
    for name, (_, _, item) in planted.items():
        shown = run(environment, "quality", name, "--json", "--limit", 1000)
        assert item in {issue["item"] for issue in json.loads(shown)["issues"]}, name
        assert "planted@example.com" not in shown
    assert "stale_source" in run(environment, "quality")
    assert "more than 365 days" in run(environment, "quality", "stale_source")
