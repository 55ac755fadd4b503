"""Synthetic files: the same for the same seed, true to the contract, and wrong only where they say so."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loaders.contract.tables import Contract
from loaders.copy import check_file
from loaders.errors import LoaderError
from loaders.project import Project
from loaders.reading.grammar import REASONS
from loaders.reading.options import Limit, Options
from loaders.synthetic.feed import follow
from loaders.synthetic.files import JOURNEY, SHOP, generate
from loaders.synthetic.settings import UNTIL, Settings
from tests.conftest import ANY_AMOUNT, ROOT, Loader

pytestmark = pytest.mark.lengthy

SETTINGS = Settings(customers=400, transactions=8_000, users=300)
SHARE = 0.08
TABLES = (*SHOP, *JOURNEY)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, project: Project, contract: Contract) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    generate(project, contract, SETTINGS, folder)
    return folder


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory, project: Project, contract: Contract) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    generate(project, contract, SETTINGS, folder, dirty=SHARE)
    return folder


@pytest.fixture(scope="module")
def data(clean: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB with a view of each clean file."""
    database = duckdb.connect()
    database.execute("set TimeZone = 'UTC'")
    for table in TABLES:
        database.execute(f"create table {table} as from read_csv('{clean / table}.csv', header = true)")
    return database


def one(data: duckdb.DuckDBPyConnection, query: str) -> Any:
    """Return the one value, or the one row, of a query."""
    row = data.execute(query).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def faults(folder: Path, table: str) -> list[tuple[int, str | None, str]]:
    with (folder / "faults" / f"{table}.csv").open() as file:
        return [(int(row["line"]), row["column"] or None, row["reason"]) for row in csv.DictReader(file)]


# --- the same seed ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes(dirty: Path, tmp_path: Path, project: Project, contract: Contract) -> None:
    generate(project, contract, SETTINGS, tmp_path, dirty=SHARE)
    assert contents(tmp_path) == contents(dirty)


def test_another_seed_gives_other_bytes(clean: Path, tmp_path: Path, project: Project, contract: Contract) -> None:
    generate(project, contract, Settings(400, 8_000, 300, seed=2), tmp_path)
    others = contents(tmp_path)
    assert [name for name, content in contents(clean).items() if others[name] == content] == ["plans.csv"]


# --- what is in the clean files --------------------------------------------------------------------------------------


def test_numbers_are_as_ordered(data: duckdb.DuckDBPyConnection) -> None:
    assert one(data, "select count(*) from customers") == SETTINGS.customers
    assert one(data, "select count(*) from transactions") == SETTINGS.transactions
    users = "(select user_id from users union select coalesce(user_id, metadata ->> 'user_id') from events)"
    assert one(data, f"select count(user_id) from {users}") == SETTINGS.users


@pytest.mark.parametrize("table", TABLES)
def test_the_contract_holds_and_every_column_is_there(
    data: duckdb.DuckDBPyConnection, contract: Contract, table: str
) -> None:
    declared = contract.table(table)
    header = [row[0] for row in data.execute(f"describe {table}").fetchall()]
    assert header == [column.name for column in declared.columns]
    key = declared.key.name
    assert one(data, f"select count(*) - count(distinct {key}) from {table}") == 0


@pytest.mark.parametrize(
    ("table", "column", "parent"),
    [
        ("transactions", "customer_id", "customers"),
        ("transactions", "product_id", "products"),
        ("customer_products", "customer_id", "customers"),
        ("customer_products", "product_id", "products"),
        ("shops", "user_id", "users"),
        ("shops", "plan_id", "plans"),
        ("invoices", "shop_id", "shops"),
        ("payments", "invoice_id", "invoices"),
        ("events", "shop_id", "shops"),
        ("events", "plan_id", "plans"),
        ("events", "invoice_id", "invoices"),
    ],
)
def test_identifiers_lead_somewhere(data: duckdb.DuckDBPyConnection, table: str, column: str, parent: str) -> None:
    assert one(data, f"select count({column}) from {table} anti join {parent} using ({column})") == 0
    assert one(data, f"select count({column}) from {table}") > 0


def test_sales_are_skewed_and_seasonal(data: duckdb.DuckDBPyConnection) -> None:
    shares = dict(
        data.execute("select category, count(*) / sum(count(*)) over () from transactions group by category").fetchall()
    )
    assert list(dict(sorted(shares.items(), key=lambda item: -item[1])))[:2] == ["Food", "Clothing"]
    assert set(shares) == {"Electronics", "Clothing", "Food", "Books", "Home"}
    top_tenth = one(
        data,
        """
        select sum(spend) filter (place <= 0.1) / sum(spend)
        from (
            select sum(amount) as spend, percent_rank() over (order by sum(amount) desc) as place
            from transactions where customer_id is not null group by customer_id
        )
        """,
    )
    assert 0.3 < top_tenth < 0.8
    saturdays, mondays = one(
        data,
        """
        select count(*) filter (isodow(transacted_at) = 6), count(*) filter (isodow(transacted_at) = 1)
        from transactions
        """,
    )
    assert saturdays > 1.4 * mondays
    per_month = [
        row[0] for row in data.execute("select count(*) from transactions group by month(transacted_at)").fetchall()
    ]
    assert len(per_month) == 12
    assert max(per_month) > 1.8 * min(per_month)


def test_orders_have_lines_of_one_customer_and_moment(data: duckdb.DuckDBPyConnection) -> None:
    orders, lines, mixed = one(
        data,
        """
        select count(*), sum(lines), count(*) filter (customers > 1 or moments > 1)
        from (
            select count(*) as lines, count(distinct coalesce(customer_id, customer_email)) as customers,
                count(distinct transacted_at) as moments
            from transactions where amount > 0 group by order_id
        )
        """,
    )
    assert 2 < lines / orders < 3
    assert mixed == 0


def test_refunds_take_back_a_line_that_was_sold_before_once(data: duckdb.DuckDBPyConnection) -> None:
    refunds, matched = one(
        data,
        """
        select count(distinct refund.transaction_id),
            count(distinct refund.transaction_id) filter (sale.amount is not null)
        from transactions as refund
        left join transactions as sale
            on sale.order_id = refund.order_id and sale.product_id = refund.product_id
            and sale.amount = -refund.amount and sale.quantity = -refund.quantity
            and sale.transacted_at < refund.transacted_at
            and sale.customer_id is not distinct from refund.customer_id
            and sale.customer_email is not distinct from refund.customer_email
        where refund.amount < 0
        """,
    )
    assert refunds == matched
    assert 0.02 < refunds / SETTINGS.transactions < 0.04
    too_often = """
        select order_id, product_id, abs(amount) from transactions
        group by all having count(*) filter (amount < 0) > count(*) filter (amount > 0)
    """
    assert one(data, f"select count(*) from ({too_often})") == 0
    assert one(data, "select count(*) from transactions where amount < 0 and quantity > 0") == 0


def test_nothing_happens_before_registration_or_after_the_period(data: duckdb.DuckDBPyConnection) -> None:
    assert one(data, "select min(transacted_at)::date::text, max(transacted_at)::date::text from transactions") == (
        "2025-01-01",
        str(UNTIL),
    )
    query = (
        "select count(*) from transactions inner join customers using (customer_id) where transacted_at < registered_at"
    )
    assert one(data, query) == 0
    for table, column in (("events", "event_time"), ("payments", "paid_at"), ("invoices", "issued_at")):
        assert one(data, f"select max({column})::date <= date '{UNTIL}' from {table}")


def test_customers_leave_and_return(data: duckdb.DuckDBPyConnection) -> None:
    gaps = """
        select customer_id, transacted_at::date
            - lag(transacted_at::date) over (partition by customer_id order by transacted_at) as gap
        from transactions where customer_id is not null
    """
    returned = one(data, f"select count(distinct customer_id) from ({gaps}) where gap > 90")
    last = "select max(transacted_at) as last from transactions group by customer_id"
    gone = one(data, f"select count(*) from ({last}) where last < timestamptz '{UNTIL}' - interval 90 day")
    assert returned > 10
    assert gone > 10


def test_some_buyers_are_known_by_e_mail_alone(data: duckdb.DuckDBPyConnection) -> None:
    registered, guests = one(
        data,
        """
        select count(*) filter (customer_email in (select email from customers)),
            count(*) filter (customer_email not in (select email from customers where email is not null))
        from transactions where customer_id is null
        """,
    )
    assert registered > 0
    assert guests > 0
    assert one(data, "select count(*) from transactions where customer_id is null and customer_email is null") == 0


# --- the journey -----------------------------------------------------------------------------------------------------

TOLD = """
    select event_type, event_time,
        coalesce(user_id, metadata ->> 'user_id') as user_id,
        coalesce(shop_id, metadata ->> 'shop_id') as shop_id,
        coalesce(invoice_id, metadata ->> 'invoice_id') as invoice_id
    from events
"""


@pytest.mark.parametrize(
    ("event", "table", "moment", "key"),
    [
        ("user_created", "users", "created_at", "user_id"),
        ("user_deleted", "users", "deleted_at", "user_id"),
        ("shop_created", "shops", "created_at", "shop_id"),
        ("shop_deleted", "shops", "deleted_at", "shop_id"),
        ("invoice_issued", "invoices", "issued_at", "invoice_id"),
        ("payment_%", "payments", "paid_at", "invoice_id"),
    ],
)
def test_log_and_tables_agree(data: duckdb.DuckDBPyConnection, event: str, table: str, moment: str, key: str) -> None:
    both, told_only, stored_only = one(
        data,
        f"""
        with told as (select distinct {key}, event_time from ({TOLD}) where event_type like '{event}'),
        stored as (select distinct {key}, {moment} as event_time from {table} where {moment} is not null)
        select (select count(*) from told semi join stored using ({key}, event_time)),
            (select count(*) from told anti join stored using ({key}, event_time)),
            (select count(*) from stored anti join told using ({key}, event_time))
        """,
    )
    assert both > 0
    assert told_only + stored_only < max(5, 0.1 * both)


def test_some_facts_are_in_one_place_only(data: duckdb.DuckDBPyConnection) -> None:
    assert one(data, f"select count(*) from ({TOLD}) anti join users using (user_id)") > 0
    assert one(data, f"select count(*) from invoices anti join ({TOLD}) using (invoice_id)") > 0
    in_metadata, twice, late = one(
        data,
        """
        select count(*) filter (user_id is null and (metadata ->> 'user_id') is not null),
            count(*) - count(distinct (event_type, event_time, user_id, shop_id, invoice_id, metadata)),
            count(*) filter (event_time < before)
        from (
            select *, max(event_time) over (order by event_id rows unbounded preceding exclude current row) as before
            from events
        )
        """,
    )
    assert in_metadata > 0
    assert twice > 0
    assert late > 0


def test_journeys_go_wrong_in_every_way(data: duckdb.DuckDBPyConnection) -> None:
    paid = "select shop_id from payments inner join invoices using (invoice_id) where payments.status = 'succeeded'"
    ways = {
        "deleted before any purchase": f"shops anti join ({paid}) using (shop_id) where deleted_at is not null",
        "deleted after a purchase": f"shops semi join ({paid}) using (shop_id) where deleted_at is not null",
        "paid long after the due day": """
            payments inner join invoices using (invoice_id)
            where payments.status = 'succeeded' and paid_at > due_at + interval 31 day
        """,
        "never paid": f"invoices where status = 'open' and due_at < timestamptz '{UNTIL}' - interval 31 day",
        "paid at the second attempt": """
            payments as failed inner join payments as done using (invoice_id)
            where failed.status = 'failed' and done.status = 'succeeded' and failed.paid_at < done.paid_at
        """,
        "several shops": "(select user_id from shops group by user_id having count(*) > 1)",
        "plan changed": "events where event_type = 'plan_changed'",
        "user deleted": "users where deleted_at is not null",
        "never a shop": "users anti join shops using (user_id)",
    }
    assert {way: one(data, f"select count(*) from {query}") > 0 for way, query in ways.items()} == dict.fromkeys(
        ways, True
    )
    backwards = """
        select count(*) from shops left join users using (user_id)
        where shops.created_at < users.created_at or shops.deleted_at < shops.created_at
            or shops.deleted_at > users.deleted_at
    """
    assert one(data, backwards) == 0
    assert (
        one(data, "select count(*) from payments inner join invoices using (invoice_id) where paid_at < issued_at") == 0
    )


# --- the loader's verdict --------------------------------------------------------------------------------------------


def test_clean_files_load_without_a_reject(loader: Loader, clean: Path) -> None:
    result = loader("copy", clean, "--max-rejects", "0", *ANY_AMOUNT, "--json")
    assert result.exit_code == 0, result.output
    loaded = {entry["table"]: entry for entry in json.loads(result.stdout)}
    assert set(loaded) == set(TABLES)
    assert all(entry["rows_read"] == entry["rows_inserted"] > 0 for entry in loaded.values())


@pytest.mark.parametrize("table", TABLES)
def test_the_loader_finds_exactly_the_listed_faults(
    dirty: Path, project: Project, contract: Contract, table: str
) -> None:
    file = dirty / f"{table}.csv"
    result, rejects = check_file(project, contract.table(table), file, Options(max_rejects=Limit(None, 1)))
    assert [(reject.line, reject.column, reject.reason) for reject in rejects] == faults(dirty, table)
    assert table == "plans" or 0.4 * SHARE < result.rows_rejected / result.rows_read < 1.6 * SHARE


def test_faults_are_of_every_kind(dirty: Path) -> None:
    found = {reason for table in TABLES for _, _, reason in faults(dirty, table)}
    assert found == {
        *REASONS,
        "duplicate_key",
        "invalid_boolean",
        "invalid_date",
        "invalid_json",
        "invalid_numeric",
        "invalid_timestamp",
        "missing_value",
        "nul_byte",
        "out_of_range",
    }


def test_rows_without_a_fault_are_those_of_the_clean_file(
    loader: Loader, clean: Path, dirty: Path, tmp_path: Path
) -> None:
    assert loader("copy", dirty, "--max-rejects", "100%", *ANY_AMOUNT).exit_code == 3
    for table in TABLES:
        wrong = {line for line, *_ in faults(dirty, table)}
        lines = (clean / f"{table}.csv").read_bytes().splitlines(keepends=True)
        (tmp_path / f"{table}.csv").write_bytes(
            b"".join(line for number, line in enumerate(lines, 1) if number not in wrong)
        )
    result = loader("copy", tmp_path, "--json", "--force")
    assert result.exit_code == 0, result.output
    for entry in json.loads(result.stdout):
        assert entry["rows_read"] == entry["rows_unchanged"] > 0, entry


def test_a_file_of_nothing_but_faults(tmp_path: Path, project: Project, contract: Contract) -> None:
    generate(project, contract, Settings(40, 200, 20, 60), tmp_path, dirty=1)
    for table in TABLES:
        result, rejects = check_file(
            project, contract.table(table), tmp_path / f"{table}.csv", Options(max_rejects=Limit(None, 1))
        )
        assert [(reject.line, reject.column, reject.reason) for reject in rejects] == faults(tmp_path, table)
        assert result.rows_rejected == result.rows_read


# --- sizes at the edge -----------------------------------------------------------------------------------------------


def test_the_smallest_files(tmp_path: Path, project: Project, contract: Contract) -> None:
    written = generate(project, contract, Settings(1, 1, 1, 1, seed=0), tmp_path)
    assert {file.file: file.rows for file in written}["transactions.csv"] == 1
    for table in TABLES:
        _, rejects = check_file(project, contract.table(table), tmp_path / f"{table}.csv", Options())
        assert rejects == []


@pytest.mark.parametrize(
    "wrong",
    [{"customers": 0}, {"transactions": -1}, {"users": 10**9}, {"days": 4_000}, {"until": UNTIL.replace(year=1)}],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(LoaderError) as error:
        Settings(**wrong)
    assert str(next(iter(wrong.values())))[:4] in error.value.message
    assert "--" in error.value.hint


# --- the command -----------------------------------------------------------------------------------------------------

SMALL = ("--customers", 20, "--transactions", 300, "--users", 10, "--days", 40)


def test_the_command_does_not_overwrite_unless_forced(loader: Loader, tmp_path: Path) -> None:
    first = loader("generate", *SMALL, "--to", tmp_path / "new", "--json")
    assert first.exit_code == 0, first.output
    assert [entry["file"] for entry in json.loads(first.stdout)] == [f"{table}.csv" for table in TABLES]
    before = contents(tmp_path)
    refused = loader("generate", *SMALL, "--seed", 3, "--to", tmp_path / "new")
    assert refused.exit_code == 1
    assert "customers.csv exists already" in refused.stderr
    assert contents(tmp_path) == before
    assert loader("generate", *SMALL, "--seed", 3, "--to", tmp_path / "new", "--force").exit_code == 0
    assert contents(tmp_path) != before


def test_the_command_says_what_is_wrong(loader: Loader, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    unwritable = loader("generate", *SMALL, "--to", tmp_path / "file" / "folder")
    assert unwritable.exit_code == 1
    assert "can't be written to" in unwritable.stderr
    for wrong in (("--customers", 0), ("--dirty", "101%"), ("--dirty", "some"), ("--until", "2024-02-30")):
        result = loader("generate", "--to", tmp_path / "new", *wrong)
        assert result.exit_code == 2
        assert wrong[0] in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_run_without_faults_removes_the_lists_of_an_earlier_one(loader: Loader, tmp_path: Path) -> None:
    loader("generate", *SMALL, "--to", tmp_path, "--dirty", "10%")
    assert (tmp_path / "faults" / "transactions.csv").exists()
    loader("generate", *SMALL, "--to", tmp_path, "--force")
    assert list((tmp_path / "faults").iterdir()) == []


def test_an_interrupted_run_leaves_only_complete_files(own_project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    command = [sys.executable, "-m", "loaders.cli", "generate", "--transactions", "100000000", "--to", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not list(folder.glob(".transactions.csv.*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]  # all of it would take minutes
    assert (process.returncode, "Traceback" in said) == (130, False), said
    assert "complete" in said
    assert {file.name for file in folder.iterdir()} == {"customers.csv", "products.csv"}


# --- the feed --------------------------------------------------------------------------------------------------------


def test_a_feed_goes_on_where_the_files_end(tmp_path: Path, project: Project, contract: Contract) -> None:
    # Days with so many lines that a few files hold refunds.
    settings = Settings(100, 5_000, 10, days=10)
    generate(project, contract, settings, tmp_path / "base")
    (tmp_path / "feed").mkdir()
    written = list(follow(project, contract, settings, tmp_path / "feed", seconds=0, batches=15))
    assert [file.file for file in written][::14] == ["transactions_000001.csv", "transactions_000015.csv"]
    assert {file.name for file in (tmp_path / "feed").iterdir()} == {file.file for file in written}
    data = duckdb.connect()
    data.execute("set TimeZone = 'UTC'")
    data.execute(f"create table fed as from read_csv('{tmp_path}/feed/*.csv', header = true)")
    data.execute(f"create table base as from read_csv('{tmp_path}/base/transactions.csv', header = true)")
    assert one(data, "select count(*) from fed") == sum(file.rows for file in written) == 15 * 20
    assert one(data, "select count(*) from fed semi join base using (transaction_id)") == 0
    first, last = one(data, "select min(transacted_at)::date::text, max(transacted_at)::date::text from fed")
    assert str(UNTIL) < first <= last < "2026-01-03"
    refunds, of_the_past = one(
        data,
        """
        select count(*) filter (amount < 0), count(*) filter (amount < 0 and order_id in (select order_id from base))
        from fed
        """,
    )
    assert refunds >= of_the_past > 0


def test_a_feed_that_is_started_again_goes_on(tmp_path: Path, project: Project, contract: Contract) -> None:
    for folder, turns in (("at once", [3]), ("in turns", [1, 2])):
        (tmp_path / folder).mkdir()
        for batches in turns:
            list(follow(project, contract, SETTINGS, tmp_path / folder, seconds=0, batches=batches, dirty=0.5))
    assert contents(tmp_path / "in turns") == contents(tmp_path / "at once")
    assert "faults/transactions_000003.csv" in contents(tmp_path / "in turns")
