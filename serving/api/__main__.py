"""Serve the read API (`make api`, `python -m serving.api`)."""

from __future__ import annotations

import sys

import click
import uvicorn

from loaders.destinations.postgres.connection import connection_environment, describe_server
from loaders.errors import LoaderError
from loaders.project import find_project
from serving.api.app import create_app
from serving.api.observability import log_as_json
from serving.api.settings import read_settings


def main() -> None:
    """Serve until Ctrl-C, on the project's database."""
    try:
        project, settings = find_project(), read_settings()
        environment = connection_environment(project)
        app = create_app(project, settings, environment)
    except LoaderError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    log_as_json()
    address = f"http://{settings.host}:{settings.port}"
    click.echo(f"The read API serves {describe_server(environment)} at {address}; see {address}/docs.")
    uvicorn.run(app, host=settings.host, port=settings.port, access_log=False, log_config=None, server_header=False)


if __name__ == "__main__":
    main()
