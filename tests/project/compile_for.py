"""Compile the project for a warehouse without one: `python compile_for.py WAREHOUSE FOLDER`, where its adapter is.

The adapter is dbt's own; only what it would ask the warehouse is answered here, from the project's own files: which
tables are there, which columns they have. Opening a connection is an error. FOLDER gets one file of SQL for each model
and test, in `first/` as on the first build, in `next/` as for incremental models that have been built before; and in
`errors.json` what could not be compiled.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import agate
from dbt.adapters.base.connections import BaseConnectionManager
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.factory import get_adapter
from dbt.cli.main import dbtRunner
from dbt.compilation import Compiler
from dbt.config.runtime import RuntimeConfig
from dbt.contracts.graph.manifest import Manifest
from dbt.exceptions import DbtRuntimeError

ROOT = Path(__file__).parents[2]


class Catalog:
    """What a warehouse would say of itself: after a build, that every table of the project is there, with its columns."""

    def __init__(self, adapter: Any, manifest: Manifest) -> None:
        self.adapter = adapter
        self.relations = {
            (node.schema, getattr(node, "identifier", node.alias if hasattr(node, "alias") else node.name)): node
            for node in [*manifest.nodes.values(), *manifest.sources.values()]
        }
        self.is_built = False
        self.asked: list[str] = []

    def get_relation(self, database: str, schema: str, identifier: str, **_: object) -> Any:
        """Return the table, once it is built."""
        if not self.is_built:
            return None
        return self.adapter.Relation.create(database=database, schema=schema, identifier=identifier, type="table")

    def get_columns_in_relation(self, relation: Any) -> list[Any]:
        """Return the columns that the project describes."""
        described = self.relations[relation.schema, relation.identifier].columns.values()
        return [self.adapter.Column.create(column.name, column.data_type or "text") for column in described]

    def execute(self, sql: str, *_: object, **__: object) -> tuple[AdapterResponse, agate.Table]:
        """Answer a question with the number 1, and keep it, for it must be right too."""
        self.asked.append(sql)
        return AdapterResponse("OK"), agate.Table([(1,)], ["answer"])


def main(warehouse: str, folder: Path) -> None:
    """Compile everything and write it to the folder."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("dbt tried to connect")

    options = ["--project-dir", ROOT, "--profiles-dir", folder.parent, "--target", warehouse, "--target-path", folder]
    runner = dbtRunner()
    result = runner.invoke(["--quiet", "--log-path", str(folder), "parse", "--no-partial-parse", *map(str, options)])
    if not result.success:
        raise SystemExit(str(result.exception))
    manifest: Manifest = result.result

    from dbt.flags import get_flags

    config = RuntimeConfig.from_args(get_flags())
    adapter = get_adapter(config)
    adapter.set_macro_resolver(manifest)
    catalog = Catalog(adapter, manifest)
    for name in ("get_relation", "get_columns_in_relation", "execute"):
        setattr(adapter, name, getattr(catalog, name))
    BaseConnectionManager.set_connection_name = refuse

    compiler = Compiler(config)
    errors: dict[str, str] = {}
    for is_built in (False, True):
        catalog.is_built = is_built
        to = folder / ("next" if is_built else "first")
        to.mkdir(parents=True, exist_ok=True)
        for node in list(manifest.nodes.values()):
            if node.resource_type not in ("model", "test", "analysis") or (is_built and node.config.materialized != "incremental"):
                continue
            try:
                fresh = type(node).from_dict(node.to_dict(omit_none=True))
                compiled = compiler.compile_node(fresh, manifest, {}, write=False)
                (to / f"{node.resource_type}.{node.name}.sql").write_text(compiled.compiled_code)
            except DbtRuntimeError as error:
                errors[f"{to.name}/{node.name}"] = str(error)
    for number, sql in enumerate(dict.fromkeys(catalog.asked)):
        (folder / "next" / f"question.{number}.sql").write_text(sql)
    (folder / "errors.json").write_text(json.dumps(errors, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
