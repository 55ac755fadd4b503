"""`make bench-build` measures what it says: files of any size, lines on top, and every step on a server of its own."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import build
from benchmarks.build_files import write_size

pytestmark = pytest.mark.slow


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_more_lines_are_new_lines_in_baskets_of_their_own(tmp_path: Path) -> None:
    """Of two dozen households of the demo."""
    lines = write_size(tmp_path, 0.01, more=3)
    base = read(tmp_path / "transactions.csv")
    assert lines == len(base) > 1000
    assert {row["household_id"] for row in base} == {row["household_id"] for row in read(tmp_path / "customers.csv")}
    more = [read(tmp_path / "more" / f"transactions_{file}.csv") for file in (1, 2, 3)]
    assert all(0.5 < 100 * len(rows) / lines < 1.5 for rows in more)
    together = base + [row for rows in more for row in rows]
    assert len({row["transaction_id"] for row in together}) == len(together)
    assert not {row["basket_id"] for row in base} & {row["basket_id"] for rows in more for row in rows}


def test_every_step_is_measured_and_the_figures_get_into_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With dbt's part left out, which other tests run: what it leaves undone, the loader finds done."""
    monkeypatch.setattr(build.Bench, "dbt", lambda self, step, *_: self.measure(step, "sleep", "0.3"))
    monkeypatch.setattr(build, "find_project", lambda: type("Project", (), {"root": tmp_path}))
    loader = build.Bench.loader

    def copy_only(self: build.Bench, step: str, command: str, *arguments: Any) -> None:
        if command == "run":
            self.measure(step, "true")
        else:
            loader(self, step, command, *arguments)

    monkeypatch.setattr(build.Bench, "loader", copy_only)
    folder = tmp_path / "bench"
    for options in (["--size", "0.001", "--runs", "2"], ["--report"]):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / "benchmarks.md").write_text(f"before\n{build.BEGIN}\nold\n{build.END}\nafter\n")
        monkeypatch.setattr("sys.argv", ["build", "--folder", str(folder), *options])
        build.main()
    results = json.loads((folder / "0.001" / "results.json").read_text())
    assert results["costs"].keys() == build.STEPS.keys()
    assert {step: len(costs) for step, costs in results["costs"].items() if step != build.LOAD} == dict.fromkeys(
        build.STEPS.keys() - {build.LOAD}, 2
    )
    assert all(cost["server_mb"] > 10 for cost in results["costs"][build.FULL])
    assert results["costs"][build.LOAD][0]["cpu_seconds"] > 0
    page = (tmp_path / "docs" / "benchmarks.md").read_text()
    assert page.startswith("before\n") and page.endswith("after\n") and "old" not in page
    assert f"**{results['lines']:,} lines**" in page and page.count("\n|") == 2 + len(build.STEPS)


def test_targets_are_judged_by_the_medians() -> None:
    cost = {"cpu_seconds": 1.0, "client_mb": 1.0, "server_mb": 1.0, "spilled_mb": 0.0}
    seconds = {step: [10.0, 11.0, 90.0] for step in build.STEPS} | {build.FULL: [40.0, 44.0, 90.0]}
    results = {
        "size": 1,
        "lines": 100,
        "runs": 3,
        "database_mb": 1,
        "machine": {"cores": 2, "memory_gb": 24, "python": "3"},
        "costs": {step: [{**cost, "seconds": taken} for taken in times] for step, times in seconds.items()},
    }
    assert "at most 4 units; 4.00 units, reached." in build.report(results)
    results["costs"][build.FULL][1]["seconds"] = 45.0  # type: ignore[index]
    assert "at most 4 units; 4.09 units, **missed**." in build.report(results)
