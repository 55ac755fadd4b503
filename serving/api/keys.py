"""Create API keys (`python -m serving.api.keys new NAME`)."""

from __future__ import annotations

import json
import secrets

import click

from serving.api.security import PREFIX, SCOPES, digest


@click.group()
def main() -> None:
    """Create keys for the read API.

    Example: python -m serving.api.keys new dashboard --scope read
    """


@main.command()
@click.argument("name")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, default=["read"], show_default=True)
def new(name: str, scopes: tuple[str, ...]) -> None:
    """Print a new key, and the entry for the file that API_KEYS_FILE names.

    The key is shown only now and stored nowhere: the entry has its hash. Only the entry goes to standard output.

    Example: python -m serving.api.keys new dashboard --scope read >> keys.yml
    """
    key = PREFIX + secrets.token_urlsafe(32)
    click.echo(f"Key of {name!r}, shown this once: {key}", err=True)
    click.echo("The API reads the file when it starts.", err=True)
    entry = {"name": name, "sha256": digest(key), "scopes": list(dict.fromkeys(scopes))}
    click.echo(f"- {json.dumps(entry)}")  # JSON is YAML too


if __name__ == "__main__":
    main(prog_name="python -m serving.api.keys")
