"""Read the commands and files in the README and docs/."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def fences(name: str, language: str) -> list[str]:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def sections(name: str) -> dict[str, str]:
    """The commands under each heading of a page."""
    found = {}
    for part in (ROOT / name).read_text(encoding="utf-8").split("\n## ")[1:]:
        found[part.splitlines()[0]] = "".join(re.findall(r"^```bash\n(.*?)^```", part, re.MULTILINE | re.DOTALL))
    return found
