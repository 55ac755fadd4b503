"""`loader forget CUSTOMER`: nothing of the person is left, and nothing of anybody else is gone."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from loaders.cli import main
from loaders.contract.tables import Contract
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.embedded.programs import find_tools
from tests.conftest import DATA, FEW_BUYERS, Dbt, Environment, Loader, connect_to

Connection = psycopg.Connection[Any]
Spawn = Callable[..., subprocess.Popen[str]]
# What the last build says about customers who are one person, made by hand.
BUILT = """
    create schema intermediate;
    create table intermediate.int_source_customers (customer_id text);
    create table intermediate.int_customer_emails (email_customer_id text, customer_id text);
"""
# A person like no other, in each kind of table and in each kind of place.
NAME, EMAIL, OWN_ID, SHOPIFY_ID = "Zsofia Unikat", "zsofia@unikat.example", "ZU4711", "7000000004711"
SECRETS = (NAME, EMAIL, EMAIL.upper(), OWN_ID, SHOPIFY_ID, "Unikatgasse", "0664-4711")
FILES = {
    "customers_p.csv": f"customer_id,name,email,city,phone\n{OWN_ID},{NAME},{EMAIL},Graz,0664-4711\n",
    "customers_p2.csv": f"customer_id,name,email,city,phone\n{OWN_ID},{NAME},{EMAIL},Wien,0664-4711\n",
    "transactions_p.csv": (
        "id,customer_id,customer_email,amount,currency,date,ship_to\n"
        f"p1,{OWN_ID},,10.10,USD,2024-02-01,Unikatgasse 1\n"
        f"p2,,{EMAIL.upper()} ,20.20,USD,2024-02-02,Unikatgasse 1\n"
        f"p3,{OWN_ID},,lots,USD,2024-02-02,Unikatgasse 1\n"
        f'p4,{OWN_ID},,"1.00,USD,2024-02-02,Unikatgasse 1\n'
        f"p5,C002,,5.00,USD,2024-02-03,for {EMAIL}\n"
        f"p6,C002,,5.00,USD,2024-02-03,{EMAIL}\n"
    ),
    "transactions_p2.csv": f"id,customer_id,amount,currency,date\np1,{OWN_ID},11.11,USD,2024-02-01\n",
    "transactions_keyless.csv": f"customer_id,amount,currency,date\n{OWN_ID},30.30,USD,2024-02-03\n",
    "suppressions.csv": f"email,reason\n{EMAIL},asked\n",
    "campaigns.csv": "campaign_id,starts_on,ends_on\nK,2024-02-01,2024-02-28\n",
    "campaign_members.csv": f"campaign_id,customer_id,treated\nK,{OWN_ID},true\nK,C001,true\nK,C002,false\n",
    "customers_shopify.csv": (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Total Spent,Total Orders\n"
        f"{SHOPIFY_ID},Zsofia,Unikat,{EMAIL},yes,1,1\n"
    ),
    "orders_shopify.csv": (
        "Name,Email,Financial Status,Currency,Subtotal,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
        f"Billing Name\n#9,{EMAIL},paid,USD,40.40,2024-02-04 10:00:00 +0000,1,Socks,40.40,{NAME}\n"
    ),
}
ALL_ROWS = """
    select relnamespace::regnamespace || '.' || relname from pg_catalog.pg_class
    where relkind = 'r' and relnamespace::regnamespace::text in ('raw', 'loader') order by 1
"""


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def rows_of(connection: Connection) -> dict[str, list[str]]:
    """Every row of every table that the loader keeps, as text."""
    names = [name for (name,) in connection.execute(ALL_ROWS).fetchall()]
    return {
        name: sorted(row for (row,) in connection.execute(f"select rows::text from {name} as rows").fetchall())
        for name in names
    }


def dump(environment: Environment) -> bytes:
    """The whole database as pg_dump writes it, byte by byte; the hexadecimal text of the quarantine is its bytes."""
    command = [find_tools(18) / "pg_dump"]
    said = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True).stdout
    unpacked = [bytes.fromhex(found.decode()) for found in re.findall(rb"\\\\x((?:[0-9a-f]{2})+)", said)]
    return b"\n".join([said, *unpacked])


def load(loader: Loader, *files: Path | str) -> list[dict[str, Any]]:
    result = loader("copy", *files, "--json", "--max-rejects", "100%", "--max-rejected-amount", "100%")
    return list(json.loads(result.stdout))


def forget(loader: Loader, customer: str, *options: str) -> dict[str, Any]:
    result = loader("forget", customer, "--json", *options)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.fixture
def shop(connection: Connection) -> Connection:
    """A database with the contract's tables, and with no customers who are one by their e-mail addresses."""
    connection.execute(BUILT)
    return connection


def test_nothing_of_the_person_is_left_and_no_total_changes(
    new_database: Callable[[], Environment], dbt: Dbt, tmp_path: Path
) -> None:
    environment = new_database()

    def run(*arguments: object) -> dict[str, Any]:
        runner = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None})
        result = runner.invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code in (0, 3), result.output
        return json.loads(result.stdout) if "forget" in arguments else {}

    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in FILES.items():
        write(folder, name, text)
    allowed = ("--max-rejects", "100%", "--max-rejected-amount", "100%")
    run("copy", DATA, *(folder / name for name in FILES), *allowed)
    quietly = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "--vars", FEW_BUYERS)
    chosen = ("--select", "+int_customer_emails", "+daily_sales", "+customer_profiles", "+order_lines")
    dbt(environment, "build", *quietly, *chosen)
    revenue = "select sales_date, net_revenue, gross_revenue, refunds, transaction_count from marts.daily_sales"
    others = "select profiles::text from marts.customer_metrics as profiles where not customer_id = any(%s)"
    identifiers = [OWN_ID, "(unknown)"]  # whose money it is before and after
    with connect_to(environment) as connection:
        connection.execute(
            "insert into loader.audience_exports (audience, as_of_date, hold_out_share, started_at, written_at)"
            " values ('late_champions', '2024-02-05', 0, now(), now())"
        )
        connection.execute(
            "insert into loader.audience_changes values (1, %s, 'entered', '2024-02-05', 'Has not bought.')", [OWN_ID]
        )
        revenues = connection.execute(revenue).fetchall()
        metrics = connection.execute(others, [identifiers]).fetchall()
        assert connection.execute("select 1 from marts.customer_profiles where email = %s", [EMAIL]).fetchall() == [
            (1,)
        ]
    kept = dump(environment)
    assert [secret for secret in SECRETS if secret.encode() not in kept] == []

    named = f"shopify:{SHOPIFY_ID}"
    plan, done = run("forget", named, "--dry-run", "--json"), run("forget", named, "--json")
    assert {**plan, "is_done": True} == done
    assert {each["table"]: (each["deleted"], each["emptied"]) for each in done["tables"]} == {
        "raw.customers": (1, 0),
        "loader.customers_history": (1, 0),
        "raw.transactions": (0, 4),
        "loader.transactions_history": (0, 1),
        "raw.suppressions": (1, 0),
        "raw.campaign_members": (1, 0),
        "raw.shopify_customers": (1, 0),
        "raw.shopify_orders": (0, 1),
        "loader.rejected_rows": (0, 2),
        "loader.audience_changes": (1, 0),
    }
    assert set(done["files"]) == set(FILES) - {"campaigns.csv"}
    assert done["audience_files"] == ["late_champions_000001.csv"]

    dbt(environment, "build", *quietly, *chosen)
    left = dump(environment)
    # Somebody else's line has the address within a note, which only a human being could find.
    assert left.count(EMAIL.encode()) == left.count(f"for {EMAIL}".encode()) == 1
    assert [secret for secret in SECRETS if secret != EMAIL and secret.encode() in left] == []
    with connect_to(environment) as connection:
        assert set(connection.execute(revenue).fetchall()) ^ set(revenues) == set()
        assert set(connection.execute(others, [identifiers]).fetchall()) ^ set(metrics) == set()
        unknown = (
            "select sum(amount) from marts.order_lines where customer_id = '(unknown)' and transaction_id = any(%s)"
        )
        [(money,)] = connection.execute(unknown, [["p1", "p2"]]).fetchall()
        assert str(money) == "31.31"
        keys = connection.execute("select transaction_id from raw.transactions where amount = 30.30").fetchall()
        assert [key for (key,) in keys if not key.startswith("forgotten-")] == []
        entries = "select distinct file_name, status from loader.loads where status = 'forgotten'"
        assert connection.execute(entries).fetchall() == [("forgotten customer", "forgotten")]


def test_the_same_value_elsewhere_is_somebody_else(loader: Loader, shop: Connection, tmp_path: Path) -> None:
    people = "customer_id,name,email\n1,Ann,home@example.com\n2,Bob,home@example.com\n10,Cleo,\n"
    lines = (
        "id,customer_id,customer_email,amount,date,quantity\na,1,,1,2024-01-01,1\nb,2,home@example.com,2,2024-01-01,1"
    )
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    load(
        loader,
        write(tmp_path, "customers.csv", people),
        write(tmp_path, "transactions.csv", f"{lines}\nc,,Home@example.com,3,2024-01-01,1\nd,10,,bad,2024-01-01,1\n"),
        write(tmp_path, "retail.csv", f"{header}\n9,1,Tea,1,1/2/2024 8:00,1,1,UK\n"),
    )
    shop.execute("insert into intermediate.int_source_customers values ('1'), ('2'), ('10'), ('online_retail:1')")
    shop.execute("insert into intermediate.int_customer_emails values ('email_' || md5('home@example.com'), '2')")
    before = rows_of(shop)
    forget(loader, "1")
    after = rows_of(shop)
    gone = {name: sorted(set(before[name]) - set(after[name])) for name in before if before[name] != after[name]}
    assert set(gone) == {"raw.customers", "raw.transactions", "loader.loads"}
    assert [len(gone["raw.customers"]), len(gone["raw.transactions"])] == [1, 1]
    assert [row.split(",")[0] for row in gone["raw.customers"] + gone["raw.transactions"]] == ["(1", "(a"]
    # The address and the line with the address alone are the other's, as in the marts.
    forget(loader, "home@example.com")
    left = rows_of(shop)
    assert "home@example.com" not in str(left).lower() and "Bob" not in str(left)
    assert len(left["raw.transactions"]) == 3 and left["raw.online_retail_lines"] == before["raw.online_retail_lines"]


def test_a_killed_run_forgets_nothing(loader: Loader, shop: Connection, spawn: Spawn, tmp_path: Path) -> None:
    load(loader, write(tmp_path, "customers.csv", "customer_id,name\n1,Ann\n2,Bob\n"))
    load(loader, write(tmp_path, "transactions.csv", "id,customer_id,amount,date\na,1,1,2024-01-01\n"))
    before = rows_of(shop)
    waiting = (
        "select count(*) from pg_catalog.pg_locks where not granted and relation = 'loader.audience_changes'::regclass"
    )
    with shop.transaction():
        shop.execute("lock table loader.audience_changes in exclusive mode")  # which it deletes from last
        process = spawn("forget", "1", "--yes")
        for _ in range(600):
            if shop.execute(waiting).fetchone() == (1,):
                break
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        process.kill()
        process.wait()
        shop.execute("select pg_terminate_backend(pid) from pg_catalog.pg_locks where not granted")
    assert rows_of(shop) == before
    assert [each["deleted"] for each in forget(loader, "1")["tables"]] == [1, 0]


def test_the_file_does_not_bring_the_person_back(loader: Loader, shop: Connection, tmp_path: Path) -> None:
    first = write(tmp_path, "customers.csv", "customer_id,name\n1,Ann\n2,Bob\n")
    load(loader, first)
    load(loader, write(tmp_path, "customers_2.csv", "customer_id,name\n1,Ann\n2,Ben\n"))
    done = forget(loader, "1")
    assert (done["files"], done["files_unsure"]) == (["customers.csv"], ["customers_2.csv"])
    [again] = load(loader, first)
    [forced] = json.loads(loader("copy", first, "--json", "--force").stdout)
    assert (again["status"], forced["status"]) == ("skipped", "refused") and "forgotten" in forced["message"]
    [result] = load(loader, write(tmp_path, "customers.csv", "customer_id,name\n2,Bob\n"))
    assert result["status"] == "loaded"
    assert shop.execute("select customer_id, customer_name from raw.customers").fetchall() == [("2", "Bob")]


def test_what_can_not_be_done_is_said(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    load(loader, write(tmp_path, "customers.csv", "customer_id,email\n1,ann@example.com\n"))

    def refusal(customer: str) -> str:
        before = rows_of(connection)
        result = loader("forget", customer, "--yes")
        assert result.exit_code == 1 and rows_of(connection) == before
        return str(result.stderr)

    assert "not built yet" in refusal("1")
    connection.execute(BUILT)
    assert "loaded since the marts were built" in refusal("ann@example.com")
    connection.execute("insert into intermediate.int_source_customers values ('1')")
    assert "There is no such customer" in refusal("3")
    assert "There is no such customer" in refusal("")
    with connect_to({**os.environ}) as other:
        other.execute("select pg_advisory_lock(hashtextextended('raw.customers', 0))")
        assert "A loader is loading into raw.customers" in refusal("1")
    assert "no terminal" in loader("forget", "1").stderr


def test_old_versions_of_rows_leave_the_files_of_the_database(loader: Loader, shop: Connection, tmp_path: Path) -> None:
    load(loader, write(tmp_path, "customers.csv", "customer_id,name\n1,Zsofia Unikat\n2,Bob\n"))
    forget(loader, "1")
    [(folder, file)] = shop.execute(
        "select current_setting('data_directory'), pg_relation_filepath('raw.customers')"
    ).fetchall()
    shop.execute("checkpoint")
    content = (Path(folder) / file).read_bytes()
    assert b"Bob" in content and b"Zsofia" not in content


def test_what_could_not_be_rewritten_is_said(
    loader: Loader, shop: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load(loader, write(tmp_path, "customers.csv", "customer_id,name\n1,Ann\n2,Bob\n"))
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=300ms")
    with shop.transaction():
        shop.execute("select from raw.customers")  # a reader, which deleting does not disturb
        done = forget(loader, "1")
    assert done["is_done"] and 'vacuum (full, analyze) "raw"."customers"' in done["note"]
    assert shop.execute("select customer_id from raw.customers").fetchall() == [("2",)]


@pytest.mark.parametrize("seed", (1, 2, 3))
def test_any_rows(loader: Loader, shop: Connection, tmp_path: Path, seed: int) -> None:
    """Each row is the one's whom its identifier names, or else its address; the others stay as they are."""
    rng = random.Random(seed)
    owners = {f"m{number}@x.example": f"c{number}" for number in range(4)}
    people = [f"{customer},N{customer},{email}" for email, customer in owners.items()]
    lines = [
        f"t{number},{rng.choice(['', *owners.values(), 'c10'])},{rng.choice(['', *owners, 'M1@X.example'])},"
        f"{rng.choice(['1', '2.5', 'bad'])},2024-01-01,{rng.choice(['', *owners, 'note'])}"
        for number in range(60)
    ]
    load(
        loader,
        write(tmp_path, "customers.csv", "\n".join(["customer_id,name,email", *people, ""])),
        write(tmp_path, "transactions.csv", "\n".join(["id,customer_id,customer_email,amount,date,note", *lines, ""])),
    )
    shop.execute("insert into intermediate.int_source_customers select customer_id from raw.customers")
    shop.execute(
        "insert into intermediate.int_customer_emails select 'email_' || md5(email), customer_id from raw.customers"
    )
    query = "select transaction_id, customer_id, lower(customer_email), amount, _extra ->> 'note' from raw.transactions"
    before = shop.execute(query).fetchall()
    forget(loader, "c1")
    expected = []
    for key, customer, email, amount, note in before:
        is_own = customer == "c1" or (customer is None and email == "m1@x.example")
        noted = None if is_own or note == "m1@x.example" else note
        expected.append((key, None if is_own else customer, None if is_own else email, amount, noted))
    assert sorted(shop.execute(query).fetchall(), key=str) == sorted(expected, key=str)
    left = b"\n".join(bytes(raw) for (raw,) in shop.execute("select raw_row from loader.rejected_rows").fetchall())
    rejected = [line for line in lines if ",bad," in line]
    of_person = [line for line in rejected if line.split(",")[1] == "c1" or "m1@x.example" in line.lower()]
    assert sorted(left.decode().split()) == sorted(set(rejected) - set(of_person))


def test_the_contract_says_which_columns_are_about_a_person(contract: Contract) -> None:
    telling = re.compile(r"mail|customer_|user_id|buyer|kundennummer|first_name|last_name|ship_(?!ping)|billing_[^p]")
    unmarked = {
        f"{table.name}.{column.name}"
        for table in contract.copied_tables
        for column in table.columns
        if telling.search(column.name) and not column.person and not table.about_person
    }
    # An order of Olist has a number for its customer that no other order has.
    assert unmarked == {"olist_orders.customer_id"}


def test_the_ledger_has_all_locks_or_none(shop: Connection, contract: Contract) -> None:
    with connect_to({**os.environ}) as other, pytest.raises(Exception, match="is loading into"):
        PostgresLedger(other).lock(contract.copied_tables[-1], wait=True)
        with PostgresLedger(shop).no_loader(contract.copied_tables):
            pytest.fail("the last one is taken")
    locks = "select count(*) from pg_catalog.pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
    assert shop.execute(locks).fetchone() == (0,)
