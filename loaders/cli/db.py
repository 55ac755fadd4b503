"""The commands of `loader db`: the embedded PostgreSQL by hand."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict

import click

from loaders.destinations.postgres.connection import named_server
from loaders.embedded.configuration import LOCAL_HOST
from loaders.embedded.server import DATABASE, SUPERUSER, EmbeddedServer
from loaders.project import find_project


@click.group()
def db() -> None:
    """Start, stop and show the embedded PostgreSQL.

    It serves where PGHOST, PGHOSTADDR and PGSERVICE are unset, starts by itself when it is needed, and keeps its data
    in the folder .postgres of the project.

    Example: loader db status
    """


@db.command()
@click.option("--tcp", is_flag=True, help=f"Also listen on {LOCAL_HOST}, with a password, for BI tools.")
def start(tcp: bool) -> None:
    """Start the embedded PostgreSQL.

    A server that already runs is left as it is; only --tcp restarts one that runs without it, which ends the
    connections to it. TCP lasts until the server is stopped.

    Example: loader db start --tcp
    """
    server = EmbeddedServer(find_project().root)
    server.start(tcp)
    status = server.status()
    click.echo(f"PostgreSQL runs: socket {status.socket}, port {status.port}, database {DATABASE}, user {SUPERUSER}.")
    if status.tcp:
        click.echo(f"TCP: {LOCAL_HOST}:{status.port}, the password is in {server.password_file}.")


@db.command()
def stop() -> None:
    """Stop the embedded PostgreSQL; what its clients have not committed is rolled back.

    Example: loader db stop
    """
    stopped = EmbeddedServer(find_project().root).stop()
    click.echo("PostgreSQL is stopped." if stopped else "PostgreSQL was not running.")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def status(as_json: bool) -> None:
    """Say whether the embedded PostgreSQL runs, and where.

    Example: loader db status --json
    """
    found = EmbeddedServer(find_project().root).status()
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    if not found.running:
        click.echo("The embedded PostgreSQL is not running; `loader db start` starts it.")
    else:
        tcp = f"also on {LOCAL_HOST}:{found.port}" if found.tcp else "not on TCP"
        click.echo(
            f"The embedded PostgreSQL runs: process {found.pid}, socket {found.socket}, port {found.port}, {tcp}."
        )
    if name := named_server():
        click.echo(f"It is not used here: {name} is set and names another server.")


@db.command()
@click.option("--tcp", is_flag=True, help=f"Print {LOCAL_HOST} and the password instead of the socket.")
def env(tcp: bool) -> None:
    """Print the variables that lead psql, dbt and other programs to the database.

    Starts the embedded PostgreSQL if it doesn't run. With PGHOST, PGHOSTADDR or PGSERVICE set, nothing is needed.

    Example: eval "$(loader db env)" && psql
    """
    if name := named_server():
        click.echo(f"# {name} is set: loader, dbt and psql already use the server that it names.")
        return
    server = EmbeddedServer(find_project().root)
    server.start(tcp)
    for variable, value in server.environment(tcp).items():
        click.echo(f"export {variable}={shlex.quote(value)}")
