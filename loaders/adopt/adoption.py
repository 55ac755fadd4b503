"""From files to a proposal and its totals."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loaders.adopt.columns import Look, looked_at
from loaders.adopt.proposal import Proposal, propose
from loaders.adopt.totals import Totals, add_up
from loaders.adopt.writing import check_name, source_name
from loaders.contract.tables import Contract
from loaders.errors import FileRefusedError, LoaderError
from loaders.project import Project
from loaders.reading.header import known_to
from loaders.reading.intake import STDIN, Given
from loaders.reading.options import Options


@dataclass(frozen=True)
class Adoption:
    """A proposal, and what it makes of the files."""

    proposal: Proposal
    totals: Totals


def consider(
    paths: list[Path],
    project: Project,
    contract: Contract,
    options: Options,
    *,
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Adoption:
    """Look at files that no table knows, and propose a source for them; nothing is written.

    Args:
        paths: One file, or two that share a key, such as orders and their lines.
        project: The dbt project.
        contract: Its contract.
        options: How to read the files.
        name: Name of the source; made of a file's name without it.
        columns: Headers by what they are, as the user says them.

    Raises:
        FileRefusedError: A table knows a file, or a file can't be read.
        LoaderError: The files don't say enough, or the source's name is taken.
    """
    if len(paths) > 2:
        raise LoaderError(
            "A source is adopted from one file, or from two that share a key.",
            "Of several files of one kind give one: `loader copy` knows the others once it is adopted.",
        )
    for path in paths:
        _check_unknown(path, contract, options)
    if name:
        check_name(name, project, contract)
    with contextlib.ExitStack() as stack:
        looks = [stack.enter_context(looked_at(path, project, options.reading, options.encoding)) for path in paths]
        _check_different(looks)
        proposal = propose(looks, name or source_name(paths[0]), columns or {})
    check_name(proposal.name, project, contract)
    return Adoption(proposal, add_up(proposal, project, options))


def _check_unknown(path: Path, contract: Contract, options: Options) -> None:
    if str(path) == STDIN or (path.exists() and not path.is_file() and not path.is_dir()):
        raise LoaderError(
            "Adopt reads a file several times, so it can't be standard input or a pipe.", "Save it as a file."
        )
    given = Given(path)
    table = known_to(given.peek(options.encoding), contract, given.name)
    if table is not None:
        raise FileRefusedError(
            f"{given.name} needs no source of its own: the table {table.name} of source {table.source} knows its header.",
            f"`loader copy {given.name}` loads it.",
        )


def _check_different(looks: list[Look]) -> None:
    headers = [[column.header for column in look.columns] for look in looks]
    if len(looks) == 2 and headers[0] == headers[1]:
        raise LoaderError(
            f"{looks[0].path.name} and {looks[1].path.name} have the same header.",
            "Adopt one of them; `loader copy` then knows both.",
        )
