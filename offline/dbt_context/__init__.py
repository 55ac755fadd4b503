"""What dbt gives to SQL, for sqlfluff, which then needs neither dbt nor a database.

The project's own macros are filled in. Functions of dbt are written as calls: `dateadd(day, 1, transaction_date)`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import jinja2
import yaml
from sqlfluff.core.templaters.builtins.dbt import DBT_BUILTINS

ROOT = Path(__file__).resolve().parent.parent.parent
READ = "dbt_context_as_read"


class Functions:
    """The namespace `dbt`."""

    def __getattr__(self, name: str) -> Callable[..., str]:
        """Return what writes a call of the function, a type without brackets, or a query."""
        if name.startswith("type_"):
            return lambda: name.removeprefix("type_")
        call = f"select * from {name}" if name == "generate_series" else name
        return lambda *arguments: f"{call}({', '.join(map(str, arguments))})"


def read_project() -> ModuleType:
    """Read variables and macros."""
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    given: dict[str, Any] = {
        "adapter": SimpleNamespace(quote='"{}"'.format),
        "dbt": Functions(),
        "execute": False,
        "graph": SimpleNamespace(sources={}),
        "target": SimpleNamespace(type="postgres", name="dev"),
        "var": variables.get,
    }
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701
    environment.globals |= {**DBT_BUILTINS, **given, "return": lambda value: value}
    texts = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "macros").rglob("*.sql"))]
    macros = vars(environment.from_string("\n".join(texts)).module)
    given["adapter"].dispatch = lambda name: macros.get(f"postgres__{name}") or macros[f"default__{name}"]
    read = ModuleType(READ)
    vars(read).update(given, **{name: macro for name, macro in macros.items() if not name.startswith("_")})
    return read


# sqlfluff runs this module for each file, and reading the project each time would double the time of a run.
if READ not in sys.modules:
    sys.modules[READ] = read_project()
globals().update({name: value for name, value in vars(sys.modules[READ]).items() if not name.startswith("__")})
