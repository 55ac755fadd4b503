"""The command line of the loader: it parses and prints, the library does the work."""

from __future__ import annotations

from typing import Any

import click
import psycopg

from loaders.cli import report
from loaders.cli.adopt import adopt
from loaders.cli.copy import check, copy
from loaders.cli.database import backup, db, init, restore, tables
from loaders.cli.export import export
from loaders.cli.generate import generate
from loaders.cli.ledger import forget, rejects, status, undo
from loaders.cli.monitoring import metrics, quality
from loaders.cli.new import new
from loaders.cli.options import add_loudness
from loaders.cli.run import fit, record, run
from loaders.errors import ExitCode, LoaderError, postgres_message


class _Group(click.Group):
    """A group whose commands end with one clear sentence instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LoaderError as error:
            click.echo(f"Error: {report.printable(error.message)}", err=True)
            if error.hint:
                click.echo(report.printable(error.hint), err=True)
            ctx.exit(error.exit_code)
        except click.NoSuchOption as error:
            if error.option_name != "--to" or error.ctx is None:
                raise
            raise click.UsageError(f"`{error.ctx.command_path}` works on PostgreSQL only.", error.ctx) from error
        except click.UsageError as error:
            raise click.UsageError(report.printable(error.format_message()), error.ctx) from error
        except psycopg.Error as error:
            click.echo(f"Error: PostgreSQL says: {report.printable(postgres_message(error))}", err=True)
            ctx.exit(ExitCode.ERROR)
        except KeyboardInterrupt:
            click.echo("Interrupted. The file that was being loaded was not loaded.", err=True)
            ctx.exit(ExitCode.INTERRUPTED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="customer-analytics")
def main() -> None:
    """Copy CSV files into PostgreSQL as described by the contract in dbt's sources files.

    The database is named by PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE; without PGHOST, an embedded one starts
    automatically.

    Exit codes: 0 success; 1 an error, or a file was refused; 2 wrong usage; 3 files are loaded, except for rows that
    break the contract.

    Completion, in ~/.bashrc: eval "$(_LOADER_COMPLETE=bash_source loader)"
    (zsh_source and fish_source are for zsh and fish).

    Example: loader copy exports/
    """


COMMANDS = (
    *(adopt, backup, check, copy, db, export, fit, forget, generate, init, metrics, new),
    *(quality, record, rejects, restore, run, status, tables, undo),
)
for command in COMMANDS:
    add_loudness(command)
    main.add_command(command)
