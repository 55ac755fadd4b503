"""The forms that dbt's sources files are written in, each taken only as what it should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from loaders.errors import ContractError
from loaders.project import Project

# `where` names the file, the table and the column for the message of a ContractError.


def entries_of(entry: Any, name: str, where: str) -> list[Mapping[str, Any]]:
    """Return the list of mappings that stands under a name."""
    found = entry.get(name) if isinstance(entry, Mapping) else None
    if found is None and name != "sources":
        return []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ContractError(f"{where}: {name} must be a list of mappings, each with a name.", "Mend it.")
    return found


def name_of(name: object, where: str) -> str:
    """Return a name that can be an identifier of SQL as it stands."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ContractError(f"{where}: {name!r} can't be the name.", "Use lower case letters, digits and _.")
    return name


def names_in(meta: Mapping[str, Any], entry: str, where: str) -> tuple[str, ...]:
    """Return the list of names that stands under an entry."""
    found = meta.get(entry, [])
    if not isinstance(found, list):
        raise ContractError(f"{where}: {entry} must be a list.", f"Write {entry}: [name, other name].")
    return tuple(map(str, found))


def data_test(entry: str | Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the name and the arguments of a data test."""
    if isinstance(entry, str):
        return entry, {}
    name, body = next(iter(entry.items()))
    body = body if isinstance(body, Mapping) else {}
    return name, body.get("arguments") or body


def meta_of(entry: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return what stands under `config: meta:`."""
    found: Any = entry.get("config") or {}
    found = (found.get("meta") or {}) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        raise ContractError(f"{where}: config: meta: must be a mapping.", "Write config: {meta: {...}}.")
    return found


def fill_in_vars(value: str, where: str, project: Project) -> str:
    """Replace `{{ var('name') }}`, the one piece of Jinja that a contract may hold, so that a setting lives once."""
    match = re.fullmatch(r"\{\{\s*var\(\s*['\"](\w+)['\"]\s*\)\s*\}\}", value)
    if not match:
        return value
    if match[1] not in project.vars:
        raise ContractError(f"{where}: there is no var {match[1]} in dbt_project.yml.")
    return str(project.vars[match[1]])
