"""Compile the project for warehouses without one: `python compile_for.py FOLDER WAREHOUSE ...`, beside their adapters.

The adapters are dbt's own. Only what they would ask a warehouse is answered here, from the project's own files: which
tables are there and which columns they have. Opening a connection is an error. For each warehouse FOLDER, which holds
profiles.yml, gets a file of JSON with the SQL of each model in the order of a build, as on the first one and, for what
is kept, as on the next one; that of tests and hooks; and the columns of the sources.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import agate
import dbt.parser.schema_generic_tests
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.factory import get_adapter
from dbt.cli.main import dbtRunner
from dbt.clients.jinja import get_rendered
from dbt.compilation import Compiler
from dbt.config.runtime import RuntimeConfig
from dbt.context.providers import generate_runtime_model_context
from dbt.contracts.graph.manifest import Manifest
from dbt.exceptions import DbtRuntimeError
from dbt.flags import get_flags

ROOT = Path(__file__).parents[2]
PROJECT = "customer_analytics"
BUILD_NUMBER = 1


class Catalog:
    """What a warehouse says of itself: before a build that nothing is there, after it that all tables are."""

    def __init__(self, adapter: Any, manifest: Manifest) -> None:
        nodes = [*manifest.nodes.values(), *manifest.sources.values()]
        self.columns = {getattr(node, "relation_name", None): node.columns for node in nodes}
        self.adapter = adapter
        self.is_built = False
        self.asked: list[str] = []
        for name in ("get_relation", "get_columns_in_relation", "execute"):
            setattr(adapter, name, getattr(self, name))
        if hasattr(adapter, "has_dbr_capability"):
            adapter.has_dbr_capability = lambda _: True  # as those of a SQL warehouse of today
        adapter.connections.open = adapter.connections.set_connection_name = self.refuse

    def refuse(self, *_: object, **__: object) -> None:
        """Say that there is no warehouse."""
        raise AssertionError("dbt tried to connect")

    def get_relation(self, database: str, schema: str, identifier: str, **_: object) -> Any:
        """Return a table, once it is built."""
        if not self.is_built:
            return None
        return self.adapter.Relation.create(database=database, schema=schema, identifier=identifier, type="table")

    def get_columns_in_relation(self, relation: Any) -> list[Any]:
        """Return the columns that the project describes."""
        described = self.columns[relation.render()].values()
        return [self.adapter.Column.create(column.name, column.data_type or "text") for column in described]

    def execute(self, sql: str, *_: object, **__: object) -> tuple[AdapterResponse, agate.Table]:
        """Answer a question with a row of numbers, and keep it, for it must be right too."""
        self.asked.append(sql)
        return AdapterResponse("OK"), agate.Table([(BUILD_NUMBER,) * 12], [f"answer_{number}" for number in range(12)])


def compile_project(folder: Path, warehouse: str) -> None:
    """Compile all that dbt would run there and write it to WAREHOUSE.json."""
    target = folder / warehouse
    # Tests in YAML are several hundred of a few forms, and would take longer than all else.
    dbt.parser.schema_generic_tests.SchemaGenericTestParser.parse_tests = lambda *_: None  # type: ignore[method-assign]
    options = {"--project-dir": ROOT, "--profiles-dir": folder, "--target": warehouse, "--target-path": target}
    arguments = [str(part) for option in options.items() for part in option]
    flags = ["--quiet", "--no-write-json", "--no-partial-parse", "--log-path", str(target)]
    parsed = dbtRunner().invoke([*flags, "parse", *arguments])
    if not isinstance(parsed.result, Manifest):
        raise SystemExit(f"{warehouse}: {parsed.exception}")
    manifest = parsed.result
    object.__setattr__(get_flags(), "WHICH", "build")  # hooks look at the command

    config = RuntimeConfig.from_args(get_flags())
    adapter = get_adapter(config)
    adapter.set_macro_resolver(manifest)
    catalog = Catalog(adapter, manifest)
    compiler = Compiler(config)
    errors: dict[str, str] = {}

    def compiled(node: Any, is_built: bool) -> str | None:
        catalog.is_built = is_built
        try:
            again = type(node).from_dict(node.to_dict(omit_none=True))
            code = compiler.compile_node(again, manifest, {"results": []}, write=False).compiled_code
        except DbtRuntimeError as error:
            errors[node.name] = str(error)
            return None
        return str(code)

    def hooks(node: Any) -> list[str]:
        context = generate_runtime_model_context(node, config, manifest)
        texts = [get_rendered(hook.sql, context, node) for hook in node.config.pre_hook + node.config.post_hook]
        return [text.strip() for text in texts if text.strip()]

    def create_table(node: Any) -> str:
        context = generate_runtime_model_context(node, config, manifest)
        return get_rendered("{{ create_table_as(false, this, 'select 1 as id') }}", context, node).strip()

    parents = {name: node.depends_on.nodes for name, node in manifest.nodes.items() if name.startswith("model.")}
    models = [manifest.nodes[name] for name in TopologicalSorter(parents).static_order() if name in parents]
    report: dict[str, Any] = {"models": [], "others": {}, "errors": errors}
    for node in models:
        is_kept = node.config.materialized == "incremental"
        strategy = node.config.incremental_strategy
        is_ours = f"macro.{PROJECT}.get_incremental_{strategy}_sql" in manifest.macros
        if is_kept and not is_ours and strategy not in adapter.valid_incremental_strategies():
            errors[node.name] = f"{warehouse} has no strategy {strategy}"
        macro = manifest.find_materialization_macro_by_name(PROJECT, node.config.materialized, adapter.type())
        report["models"].append(
            {
                "name": node.name,
                "relation": node.relation_name,
                "first": compiled(node, is_built=False),
                "next": compiled(node, is_built=True) if is_kept else None,
                "hooks": hooks(node),
                # The others ask the warehouse first, or want more than a query.
                "create": create_table(node) if warehouse == "redshift" else None,
                "materialization": macro.unique_id if macro else None,
            }
        )
    for node in manifest.nodes.values():
        if node.resource_type in ("test", "operation"):
            report["others"][node.name] = compiled(node, is_built=True)
    report["questions"] = list(dict.fromkeys(catalog.asked))
    report["sources"] = {
        source.relation_name: {column.name: column.data_type for column in source.columns.values()}
        for source in manifest.sources.values()
    }
    tables = {source.name: source.relation_name for source in manifest.sources.values()}
    report["histories"] = {
        source.relation_name: tables[source.config.meta["history_of"]]
        for source in manifest.sources.values()
        if "history_of" in source.config.meta
    }
    (folder / f"{warehouse}.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    # Forks, so that dbt is imported once.
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        pool.starmap(compile_project, [(Path(sys.argv[1]), name) for name in sys.argv[2:]], chunksize=1)
