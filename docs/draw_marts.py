"""Draw the marts from dbt's manifest: their keys, and the relationships that tests hold (`make docs`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Node = dict[str, Any]

HEAD = """\
# How the marts relate

Written by `make docs` from the contracts and tests of the marts; don't edit it by hand. A line is a `relationships`
test: every value on one side exists on the other. Only keys and the columns of lines are drawn.
"""


def key_of(mart: Node) -> list[str]:
    """Return the columns of the contract's primary key, or of a unique index that replaces it, or none."""
    keys = [rule["columns"] for rule in mart["constraints"] if rule["type"] == "primary_key"]
    keys += [index["columns"] for index in mart["config"].get("indexes") or [] if index.get("unique")]
    return next(iter(keys), [])


def relationships(manifest: Node, marts: dict[str, Node]) -> Iterator[tuple[str, str, str, str]]:
    """Find the tests between marts: name and column of the child, name and column of the parent."""
    for test in manifest["nodes"].values():
        if (test.get("test_metadata") or {}).get("name") == "relationships" and test["attached_node"] in marts:
            arguments = test["test_metadata"]["kwargs"]
            parent = arguments["to"].split("'")[1]
            child = marts[test["attached_node"]]["name"]
            yield child, test["column_name"], parent, arguments["field"]


def diagram(marts: Sequence[Node], lines: list[tuple[str, str, str, str]]) -> Iterator[str]:
    """Draw the marts at either end of a line, as a Mermaid diagram."""
    keys = {mart["name"]: key_of(mart) for mart in marts}
    yield "erDiagram"
    yield "    direction LR"
    for child, column, parent, field in lines:
        left = "|o" if keys[child] == [column] else "}o"
        right = "||" if keys[parent] == [field] else "|{"
        label = column if column == field else f"{column} = {field}"
        yield f'    {child} {left}--{right} {parent} : "{label}"'
    for mart in marts:
        name = mart["name"]
        outgoing = {column for child, column, *_ in lines if child == name}
        drawn = [*keys[name], *sorted(outgoing - set(keys[name]))]
        if not any(name in (child, parent) for child, _, parent, _ in lines):
            continue
        yield f"    {name} {{"
        for column in drawn:
            marks = [mark for mark, of in (("PK", keys[name]), ("FK", outgoing)) if column in of]
            yield f"        {mart['columns'][column]['data_type']} {column} {', '.join(marks)}".rstrip()
        yield "    }"


def render(manifest: Node) -> str:
    """Return the whole page."""
    found = {
        identifier: node
        for identifier, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["access"] == "public"
    }
    marts = sorted(found.values(), key=lambda mart: str(mart["name"]))
    lines = sorted(relationships(manifest, found))
    alone = [mart for mart in marts if not any(mart["name"] in (line[0], line[2]) for line in lines)]
    table = [f"| `{mart['name']}` | {', '.join(f'`{name}`' for name in key_of(mart)) or '(none)'} |" for mart in alone]
    drawing = [HEAD, "```mermaid", *diagram(marts, lines), "```", ""]
    others = ["Marts that stand for themselves:", "", "| mart | key |", "|---|---|", *table, ""]
    return "\n".join([*drawing, *others])


if __name__ == "__main__":
    sys.stdout.write(render(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
