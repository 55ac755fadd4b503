"""Who loads, who builds and who reads can do that and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from loaders.embedded.server import EmbeddedServer
from tests.conftest import ANY_AMOUNT, DATA, UNDER_DBT, Dbt

pytestmark = pytest.mark.database

Connection = psycopg.Connection[Any]
As = Callable[[str], Connection]
Run = Callable[..., Result]

DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server of these tests alone, as roles belong to a whole server.

    Its admin may create roles and owns the database without being superuser, as in managed PostgreSQL; ada and alan
    load, bob builds, eve reads, and mallory has no role.
    """
    embedded = EmbeddedServer(tmp_path_factory.mktemp("roles"))
    embedded.start()
    with connect(embedded, "postgres", "postgres") as admin:
        for name in ("ada", "alan", "bob", "eve", "mallory"):
            admin.execute(f"create role {name} login")
        admin.execute("create role manager login createrole")
        admin.execute(f"create database {UNDER_DBT} owner manager")
    yield embedded
    embedded.stop()


def connect(own_server: EmbeddedServer, user: str, database: str) -> Connection:
    found = own_server.environment()
    return psycopg.connect(host=found["PGHOST"], port=found["PGPORT"], user=user, dbname=database, autocommit=True)


@pytest.fixture(scope="module")
def run(own_server: EmbeddedServer) -> Run:
    """Run the command line as a user."""

    def invoke(user: str, *arguments: object) -> Result:
        variables = {**own_server.environment(), "PGUSER": user, "PGDATABASE": UNDER_DBT}
        return CliRunner(env={**variables, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(
            main, list(map(str, arguments))
        )

    return invoke


@pytest.fixture(scope="module")
def managed(own_server: EmbeddedServer, run: Run) -> As:
    """The database with roles, files loaded by ada, marts built by bob; return a way to connect to it."""
    result = run("manager", "init", "--roles")
    assert result.exit_code == 0, result.output
    assert "created role bi_reader: reads the marts and nothing else" in result.stdout
    with connect(own_server, "manager", UNDER_DBT) as admin:
        admin.execute("grant analytics_loader to ada, alan; grant analytics_builder to bob; grant bi_reader to eve")
    loaded = run("ada", "copy", *sorted(DATA.glob("*.csv")), "--max-rejects", "100%", *ANY_AMOUNT)
    assert loaded.exit_code in (0, 3), loaded.output
    return lambda user: connect(own_server, user, UNDER_DBT)


@pytest.fixture(scope="module")
def built(own_server: EmbeddedServer, managed: As, run: Run, dbt: Dbt, dbt_folder: Path) -> Callable[..., None]:
    """Build some marts as bob, record that, and return how."""
    variables = {**own_server.environment(), "PGUSER": "bob", "PGDATABASE": UNDER_DBT, "DBT_ROLE": "analytics_builder"}

    def build(*models: str) -> None:
        dbt(variables, "run", "--write-json", "--select", *models)
        recorded = run("bob", "record", "--target-path", dbt_folder / "target")
        assert recorded.exit_code == 0, recorded.output

    build("+metrics_summary", "+latest_transactions", "build_history")
    return build


def count(connection: Connection, name: str) -> int:
    row = connection.execute(f"select count(*) from {name}").fetchone()
    assert row
    return int(row[0])


def test_a_second_time_changes_nothing(managed: As, run: Run) -> None:
    privileges = """
        select nspname, relname, relowner::regrole, relacl, nspowner::regrole, nspacl
        from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
        where nspname in ('raw', 'loader', 'staging', 'intermediate', 'marts', 'operations') order by 1, 2
    """
    with managed("manager") as admin:
        before = admin.execute(privileges).fetchall()
        result = run("manager", "init", "--roles")
        assert result.exit_code == 0, result.output
        assert result.stdout == "The database matches the contract.\n"
        assert admin.execute(privileges).fetchall() == before


def test_the_roles_can_not_log_in(managed: As) -> None:
    with managed("manager") as admin:
        rights = admin.execute(
            """
            select rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls
            from pg_roles where rolname ~ '^(analytics|bi)_'
            """
        ).fetchall()
    assert {name for name, *_ in rights} == {"analytics_loader", "analytics_builder", "bi_reader"}
    assert not any(any(found) for _, *found in rights)


def test_every_member_of_the_loaders_can_load(managed: As, run: Run, tmp_path: Path) -> None:
    for number, user in enumerate(("ada", "alan")):
        file = tmp_path / f"products_{number}.csv"
        file.write_text(f"product_id,name\nnew{number},{user}\n")
        result = run(user, "copy", file)
        assert result.exit_code == 0, result.output
    with managed("manager") as admin:
        owners = admin.execute(
            "select distinct tableowner from pg_tables where schemaname in ('raw', 'loader')"
        ).fetchall()
    assert owners == [("analytics_loader",)]


def test_a_new_table_belongs_to_the_role_whoever_makes_it(managed: As, run: Run) -> None:
    with managed("manager") as admin:
        admin.execute("drop table raw.payments")
    assert "created raw.payments" in run("alan", "init").stdout
    with managed("manager") as admin:
        assert admin.execute("select tableowner from pg_tables where tablename = 'payments'").fetchall() == [
            ("analytics_loader",)
        ]
    with managed("bob") as builder:
        assert count(builder, "raw.payments") == 0
    assert run("ada", "copy", DATA / "payments.csv", "--force").exit_code == 0


def test_readers_read_the_marts_alone(managed: As, built: Callable[..., None]) -> None:
    with managed("eve") as reader:
        assert count(reader, "marts.metrics_summary") == 1
        assert count(reader, "marts.latest_transactions") > 0  # a view on staging and raw
        assert count(reader, "marts.build_history") > 0  # a view on what bob has recorded
        for name in (
            "raw.transactions",
            "raw.customers",
            "loader.loads",
            "loader.rejected_rows",
            "operations.invocations",
            "staging.stg_shop__customers",
            "staging.stg_loader__rejected_rows",
            "intermediate.int_customers",
        ):
            with pytest.raises(DENIED):
                count(reader, name)
        for statement in (
            "delete from marts.metrics_summary",
            "create table marts.mine (id int)",
            "create view marts.mine as select 1 as id",
            "create schema mine",
            "set role analytics_builder",
            "set role analytics_loader",
        ):
            with pytest.raises(DENIED):
                reader.execute(statement)


def test_readers_export_the_marts(managed: As, built: Callable[..., None], run: Run, tmp_path: Path) -> None:
    """Views are exported too, though a reader may not read what is below them."""
    result = run("eve", "export", "metrics_summary", "latest_transactions", "--to", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    manifest = json.loads(result.stdout)
    with managed("eve") as reader:
        lines = count(reader, "marts.latest_transactions")
        as_of = reader.execute("select as_of_date::text from marts.metrics_summary").fetchone()
    assert [(file["file"], file["rows"]) for file in manifest["files"]] == [
        ("metrics_summary.csv", 1),
        ("latest_transactions.csv", lines),
    ]
    assert (manifest["as_of_date"],) == as_of
    refused = run("mallory", "export", "metrics_summary", "--to", tmp_path / "new")
    assert refused.exit_code == 1
    assert "No permission to read metrics_summary." in refused.stderr
    assert "grant bi_reader to" in refused.stderr


def test_readers_keep_their_rights_after_each_build(managed: As, built: Callable[..., None]) -> None:
    built("metrics_summary", "latest_transactions")
    with managed("eve") as reader:
        assert count(reader, "marts.metrics_summary") == 1
        assert count(reader, "marts.latest_transactions") > 0


def test_readers_get_their_rights_when_an_admin_builds(
    managed: As, built: Callable[..., None], own_server: EmbeddedServer, dbt: Dbt
) -> None:
    """Also the admin who made the roles, without DBT_ROLE."""
    variables = {**own_server.environment(), "PGUSER": "manager", "PGDATABASE": UNDER_DBT}
    dbt(variables, "run", "--select", "metrics_summary")
    with managed("manager") as admin:
        assert admin.execute("select tableowner from pg_tables where tablename = 'metrics_summary'").fetchall() == [
            ("manager",)
        ]
    with managed("eve") as reader:
        assert count(reader, "marts.metrics_summary") == 1


def test_builders_read_raw_and_do_not_write_it(managed: As, built: Callable[..., None]) -> None:
    with managed("bob") as builder:
        assert count(builder, "raw.transactions") > 0
        assert count(builder, "loader.rejected_rows") >= 0
        for statement in (
            "insert into raw.products (product_id) values ('x')",
            "update raw.transactions set amount = 0",
            "delete from raw.transactions",
            "truncate raw.transactions",
            "drop table raw.transactions",
            "delete from loader.loads",
            "drop table operations.invocations",
            "create table raw.mine (id int)",
            "set role analytics_loader",
        ):
            with pytest.raises(DENIED):
                builder.execute(statement)
        builder.execute("create table marts.of_bob (id int); drop table marts.of_bob")


def test_loaders_do_not_touch_what_is_built(managed: As, built: Callable[..., None]) -> None:
    with managed("ada") as loader:
        for statement in (
            "select * from marts.metrics_summary",
            "select * from intermediate.int_customers",
            "drop table marts.metrics_summary",
            "create table marts.mine (id int)",
        ):
            with pytest.raises(DENIED):
                loader.execute(statement)


def test_others_see_nothing(managed: As, built: Callable[..., None], run: Run, tmp_path: Path) -> None:
    with managed("mallory") as other:
        for name in ("raw.transactions", "loader.loads", "staging.stg_shop__customers", "marts.metrics_summary"):
            with pytest.raises(DENIED):
                count(other, name)
    file = tmp_path / "products.csv"
    file.write_text("product_id\n1\n")
    result = run("mallory", "copy", file)
    assert result.exit_code == 1
    assert "permission denied" in result.stderr
    refused = run("mallory", "init", "--roles")
    assert refused.exit_code == 1
    assert "permission denied" in refused.stderr
