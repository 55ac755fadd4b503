"""The commands `loader init` and `loader tables`."""

from __future__ import annotations

import click

from loaders.cli import report
from loaders.cli.options import destination_option
from loaders.contract.sources_yml import read_contract
from loaders.destinations.addresses import open_destination
from loaders.destinations.postgres.destination import Postgres
from loaders.destinations.postgres.roles import init_roles
from loaders.errors import LoaderError
from loaders.project import find_project


@click.command(short_help="Create the schemas and tables of the contract.")
@destination_option
@click.option("--roles", is_flag=True, help="Also create the roles for loading, building and reading.")
def init(to: str | None, roles: bool) -> None:
    """Create the schemas and tables of the contract, and add new columns.

    Nothing is dropped or retyped. `loader copy` does this automatically.

    --roles creates three roles without a login, which an admin grants to users: analytics_loader owns the raw tables
    and the ledger, analytics_builder reads them and owns what dbt creates (set DBT_ROLE=analytics_builder for dbt),
    bi_reader reads only the marts. Readers also see what the admin who runs this builds without DBT_ROLE. It requires
    an admin with CREATEROLE, not a superuser, and can be repeated.

    Example: loader init --roles
    """
    project = find_project()
    contract = read_contract(project)
    if to and roles:
        raise LoaderError("--roles works on PostgreSQL only: files have no roles.", "Protect them by file permissions.")
    with open_destination(to, project, contract) as destination:
        done = destination.init_schema(contract)
        if roles:
            assert isinstance(destination, Postgres)
            done += init_roles(destination.connection, contract)
    report.say("\n".join(done) or "The database matches the contract.")


@click.command(short_help="Show the contract: tables, columns and their other names.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def tables(as_json: bool) -> None:
    """Show the contract: the tables that files can be loaded into, their columns, and other accepted headers.

    Example: loader tables
    """
    report.show_tables(read_contract(find_project()).copied_tables, as_json=as_json)
