"""Show the dashboard (`loader-dashboard`, or `make dashboard` in a clone)."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

try:
    from streamlit import net_util
    from streamlit.web import cli
except ModuleNotFoundError:
    sys.exit("Error: The dashboard needs more packages: pip install 'customer-analytics[dashboard]'")

from loaders.destinations.postgres.connection import connection_environment, describe_server
from loaders.errors import LoaderError
from loaders.project import find_project
from serving.dashboard.settings import read_settings


def main() -> None:
    """Serve until Ctrl-C, on the project's database."""
    try:
        settings = read_settings()
        environment = connection_environment(find_project())
    except LoaderError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    # To check the origin of a request, Streamlit would ask an external server for the address of this machine.
    net_util.get_external_ip = lambda: None
    # Importing these takes seconds, which the first reader should not wait.
    for library in ("altair", "pandas", "pyarrow"):
        import_module(library)
    click.echo(f"The dashboard shows {describe_server(environment)} at http://{settings.host}:{settings.port}.")
    cli.main(["run", str(Path(__file__).with_name("app.py")), *settings.options()])


if __name__ == "__main__":
    main()
