"""What is shown: escapes, JSON, progress."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loaders.cli import report
from loaders.copy import Result
from loaders.destinations.postgres.ledger import Load
from loaders.reading.rejects import Reject

LOAD = Load(7, "raw.t", "[bold]x[/].csv", "loaded", datetime(2025, 1, 2, 3, 4, tzinfo=UTC), rows_read=1234567)


def test_printable_keeps_letters_and_escapes_the_rest() -> None:
    assert report.printable("Größe 7 → 漢字 🙂") == "Größe 7 → 漢字 🙂"
    assert report.printable("a\x1b[31m\n\x9b\u202e\udcff") == "a\\x1b[31m\\n\\x9b\\u202e\\udcff"


def test_json_is_json_whatever_stands_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["a\x1b[31m\r\n", '"\\', "\x9b\u202e", "é🙂", "\udcff", "\U000e0001"]
    report.show_json(texts)
    shown = capsys.readouterr().out
    assert json.loads(shown) == texts
    assert shown.removesuffix("\n").isprintable()
    assert "é🙂" in shown


def test_names_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    report.show_loads([LOAD], as_json=False)
    report.show_results([Result("[/red].csv", "t", "loaded", 7, rows_read=3)], as_json=False)
    report.show_rejects([Reject(3, "[b]", "r", "[/x]", b"[/y]\xff\x1b")], as_json=False)
    shown = capsys.readouterr().out
    for text in ("[bold]x[/].csv", "1,234,567", "[/red].csv", "[b]", "[/x]", "[/y]\\xff\\x1b"):
        assert text in shown


def test_notes_say_what_to_know_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    result = Result(
        "f.csv", "t", "loaded", 7, encoding="cp1252", rows_rejected=2, unknown_columns=("x",), message="M.", hint="H."
    )
    report.show_results([result], as_json=False)
    shown = capsys.readouterr().out
    for text in ("f.csv: M. H.", "cp1252", "_extra: x", "2 rows were rejected; `loader rejects 7` shows them"):
        assert text in shown


def test_progress_is_shown_to_terminals_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "[x\x1b].csv"
    path.write_text("a\n")
    with report.progress(path) as advance:
        assert advance is report.silent
    monkeypatch.setenv("FORCE_COLOR", "1")
    with report.progress(path) as advance:
        for phase in ("read", "check", "copy"):
            advance(phase, 1)
        assert advance is not report.silent
