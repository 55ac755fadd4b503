"""The two clocks: what a load must show at once, and what waits for another day of data."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import pytest

from loaders.operations.run import core_of
from tests.project.conftest import Dbt, Environment

# Nodes and what they read, by their unique names.
Graph = dict[str, set[str]]


@pytest.fixture(scope="module")
def select(load: Callable[..., Environment], dbt: Dbt) -> Callable[..., Graph]:
    """Ask dbt what a selection builds and tests."""
    environment = load()

    @cache
    def ask(*selection: str) -> Graph:
        keys = ("--output", "json", "--output-keys", "unique_id", "depends_on")
        listed = dbt(environment, "ls", "--quiet", *selection, *keys).splitlines()
        nodes = [json.loads(line) for line in listed if line.startswith("{")]
        return {
            node["unique_id"]: set(node["depends_on"].get("nodes", ()))
            for node in nodes
            if node["unique_id"].split(".")[0] in ("model", "seed", "test", "unit_test")
        }

    return ask


def test_each_node_has_one_clock(select: Callable[..., Graph]) -> None:
    core, lists = select("--selector", "core"), select("--selector", "recommendations")
    assert not core.keys() & lists.keys()
    assert select().keys() == core.keys() | lists.keys()
    assert {node: read & lists.keys() for node, read in core.items() if read & lists.keys()} == {}


def test_what_only_the_lists_read_waits_with_them(select: Callable[..., Graph]) -> None:
    core = select("--selector", "core")
    read_in_core = set().union(*(read for node, read in core.items() if node.startswith("model.")))
    steps = {node for node in core if node.startswith("model.") and node.split(".")[-1].startswith("int_")}
    assert steps - read_in_core == set()


def test_a_load_builds_all_of_core_that_reads_its_table(select: Callable[..., Graph]) -> None:
    """Whatever reads the transactions or what the loader and dbt record, directly or not, and nothing else."""
    core = select("--selector", "core")
    recorded = ("source.customer_analytics.loader.", "source.customer_analytics.operations.")
    found = {source for read in core.values() for source in read if source.startswith(recorded)}
    found.add("source.customer_analytics.shop.transactions")
    count = 0
    while count < len(found):
        count = len(found)
        found |= {node for node, read in core.items() if read & found}
    changed = select(*core_of(["raw.transactions"]))
    models = {node for node in changed if node.startswith("model.")}
    assert models == {node for node in found if node.startswith("model.")}
    assert "model.customer_analytics.metrics_summary" in models
    assert "model.customer_analytics.stg_shopify__transactions" not in models
