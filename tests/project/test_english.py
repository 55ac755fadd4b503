"""The turns of phrase that docs/style.md replaces are in no message, comment, description or document."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

STYLE = ROOT / "docs" / "style.md"
# How each turn of docs/style.md is found, by its words there.
TURNS = {
    "leave it away": r"\b(?:leav(?:e|es|ing)|left) (?:\S+ ){0,4}away\b",
    "mend": r"\bmend(?:s|ed|ing)?\b",
    "anew": r"\banew\b",
    "in place of": r"\bin place of\b",
    "beside": r"\bbeside\b",
    "it stands in the file": r"\b(?:stands?|stood|standing) (?:in|on|under|there|above|beside|before|behind|once|by)\b",
    "a date is none": r"(?<!there )\b(?:is|are|be|was|were) (?-i:none)\b(?! of (?:the|them|those|its)\b)",
    "it is no file": r"(?<!there )\b(?:is|are) no (?!longer|more|less|fewer|different)[a-z]\w+",
    "Who removes it has …": r"(?:^|[.:;] |\"\"\")who (?:[\w']+ ){1,6}?(?:can|gets|has|is|may|must|waits)\b(?![^.]*\?)",
    "for who was never here": r"\b(?:for|to|of|by|with) who\b|never here",
    "takes Java 17": r"\btakes? (?:java|pip install|the rights)\b",
    "out of the game": r"out of the game",
    "of late": r"\bof late\b",
    "for ever": r"\bfor ever\b",
    "tell of": r"\b(?:tell|tells|telling|told) of\b",
    "foretell": r"\bforet(?:ell|old)",
    "at hand": r"\bat hand\b",
    "digits behind the point": r"\b(?:digits|places|line) behind\b|behind (?:the|a) (?:\w+ )?(?:point|header)\b",
    "the begin": r"\bthe begin\b|\bbegin,? (?:in|of)\b",
    "dearest": r"\bdearest\b",
    "up to and with": r"up to and with\b",
    "from 5 on": r"\bfrom \d[\w.]* on\b",
    "hold a against b": r"\bh(?:old|olds|eld) (?:[\w`*']+ ){1,6}against\b",
    "does not go with": r"not go with\b",
    "lies in": r"\b(?:lie|lies|lay) in\b",
    "goes on": r"\b(?:go|goes|went|going) on\b",
    "lead dbt to": r"\bleads? (?:dbt|psql|them|\w+ and \w+) (?:to|there)\b",
    "asks nobody outside": r"\bask(?:s|ed)? (?:nobody|no one|no network|(?:of |by )?anyone outside|a server outside)\b",
    "nothing of it is in": r"\bnothing of (?:it|the \w+|a \w+) is in\b",
    "it wants a key": r"\b(?:it|which|dbt|sql|duckdb|systemd|prometheus|newer|templater) wants?\b",
}
# Names, not English: other people's words, and the files that quote the turns.
LEFT_OUT = ("requirements.lock", "tests/data/", "docs/style.md", "tests/project/test_english.py")
KINDS = (".cfg", ".csv", ".example", ".json", ".md", ".py", ".sql", ".toml", ".yaml", ".yml")


def texts() -> list[Path]:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [
        ROOT / name
        for name in tracked.splitlines()
        if not name.startswith(LEFT_OUT) and ("." not in Path(name).name or name.endswith(KINDS))
    ]


def prose(text: str) -> str:
    """Join lines, so that a turn is found across the end of a line of a comment, too."""
    return re.sub(r"\s*\n\s*(?:#:?|--|\*)?\s*", " ", text)


def found(text: str) -> list[str]:
    return [match[0] for turn in TURNS.values() for match in re.finditer(turn, prose(text), re.IGNORECASE)]


def test_the_style_lists_the_turns_that_are_sought() -> None:
    rows = re.findall(r"^\| (.+?) \| .+ \|$", STYLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == ["instead of", *TURNS]


@pytest.mark.parametrize(
    "text",
    [
        "Who removes it has revoked the key.",
        "Write the file\n    # anew.",
        "or leave --no-wait away",
        "digits behind the decimal point",
        "the file is no backup",
    ],
)
def test_each_turn_can_be_found(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize("text", ["There is no backup.", "| Who spends most? Who left? |", "None of them is None."])
def test_idiomatic_english_is_not_found(text: str) -> None:
    assert found(text) == []


def test_no_text_has_a_turn_to_avoid() -> None:
    turns = {
        str(path.relative_to(ROOT)): hits
        for path in texts()
        if path.is_file() and (hits := found(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert turns == {}
