"""The files of a new source, written all or none: its folder in `models/staging`, and its line in each union."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from loaders.adopt.proposal import Proposal
from loaders.adopt.sources import sources_yml
from loaders.adopt.staging import staging_models
from loaders.contract.tables import Contract
from loaders.errors import LoaderError
from loaders.project import Project

_UNIONS = {
    "transactions": Path("sales", "int_source_transactions.sql"),
    "customers": Path("customers", "int_source_customers.sql"),
    "products": Path("products", "int_source_products.sql"),
}
_LIST = re.compile(r"(?P<start>\{%-? *set \w+ = \[\n)(?P<models>(?:[^\n]*\n)*?)(?P<end> *\] *-?%\})")


def check_name(name: str, project: Project, contract: Contract) -> None:
    """Check that a source of this name can be added.

    Raises:
        LoaderError: It can't; the message says why.
    """
    if not re.fullmatch(r"[a-z]+(?:_[a-z]+)*", name):
        raise LoaderError(f"{name!r} can't be the name of a source.", "Use lower case letters, with _ between words.")
    folder = _staging(project) / name
    if folder.exists() or any(table.source == name for table in contract.tables):
        raise LoaderError(
            f"There is a source {name} already, in models/staging/{name}, and nothing in it was changed.",
            "Choose another name with --name, or remove that folder and its lines in models/intermediate.",
        )
    taken = {table.name for table in contract.tables} & {
        f"{name}_{each}" for each in ("lines", "orders", "order_lines")
    }
    if taken:
        raise LoaderError(f"There is a table {', '.join(sorted(taken))} already.", "Choose another name with --name.")


def write_source(proposal: Proposal, project: Project) -> list[Path]:
    """Write the source, and return the files that are new or changed, from the project's folder.

    Raises:
        LoaderError: A file can't be written or a union has no list of models; nothing is changed then.
    """
    models = staging_models(proposal)
    folder = _staging(project) / proposal.name
    unions = dict(_with_line(proposal, project, models))
    before = {path: path.read_bytes() for path in unions}
    new = None
    try:
        new = Path(tempfile.mkdtemp(prefix=f".{proposal.name}.", dir=folder.parent))
        new.chmod(0o755)
        texts = {f"_{proposal.name}__sources.yml": sources_yml(proposal), **models}
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8")
        with _put_back(before):
            for path, text in unions.items():
                _replace(path, text.encode())
            new.rename(folder)
    except OSError as error:
        raise LoaderError(
            f"The source can't be written: {error.strerror}.",
            "Nothing was changed. Free space, or check the rights of models.",
        ) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)
    return [path.relative_to(project.root) for path in (*(folder / name for name in texts), *unions)]


def _staging(project: Project) -> Path:
    return project.root / "models" / "staging"


def _with_line(proposal: Proposal, project: Project, models: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the unions with the source's line in them.

    Raises:
        LoaderError: A union has no list of models.
    """
    for entity, name in _UNIONS.items():
        model, path = f"stg_{proposal.name}__{entity}", project.root / "models" / "intermediate" / name
        if f"{model}.sql" not in models:
            continue
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if not _LIST.search(text):
            raise LoaderError(
                f"models/intermediate/{name} has no list of models, one a line, to add {model} to.",
                "Restore it from the project's template (`loader new FOLDER` writes one).",
            )
        if f"'{model}'" in text:
            yield path, text
            continue
        yield path, _LIST.sub(rf"\g<start>\g<models>    '{model}',\n\g<end>", text, count=1)


@contextlib.contextmanager
def _put_back(before: dict[Path, bytes]) -> Iterator[None]:
    """Restore files if what is done with them fails."""
    try:
        yield
    except BaseException:
        for path, content in before.items():
            with contextlib.suppress(OSError):
                _replace(path, content)
        raise


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    shutil.copymode(path, part)
    part.replace(path)
