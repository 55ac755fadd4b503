"""The ledger of revenue explains what each load did to each day: late, corrected, moved, refunded, taken back."""

from __future__ import annotations

import csv
import itertools
import json
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from loaders.cli import main
from tests.project.conftest import ONLY_TESTS_OF_MARTS, Dbt, Environment, query

Line = dict[str, str]
Days = dict[str, Decimal]
Load = Callable[..., Environment]
LOADS = 12
# Files that are taken back at once, and one of them that then comes again.
UNDONE, REDONE = (4, 5, 9), 9
# At the end the last loads are taken back, the newest first.
UNDONE_AT_THE_END = 2


def undo(environment: Environment, load_id: int) -> int:
    """Take a load back; return the number of the load that does so."""
    arguments = ["undo", str(load_id), "--json"]
    result = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return int(json.loads(result.stdout)["undo_id"])


def write(path: Path, lines: list[Line]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def make_file(number: int, standing: dict[str, Line], rng: random.Random) -> list[Line]:
    """New lines of days around day `number`, refunds, and former lines with another amount, day or category."""

    def line(name: str, amount: str) -> Line:
        day = max(1, number + rng.choice([-2, 0, 1]))
        at = f"2024-03-{day:02} {rng.randrange(24):02}:00:00"
        return {"transaction_id": name, "customer_id": "1", "amount": amount, "transacted_at": at, "category": "a"}

    lines = [line(f"{number}/{each}", f"{rng.randrange(10_000) / 100:.2f}") for each in range(20)]
    lines += [line(f"{number}/refund {each}", f"-{rng.randrange(1, 1_000) / 100:.3f}") for each in range(3)]
    for former in rng.sample(list(standing.values()), min(8, len(standing))):
        column = rng.choice(["amount", "transacted_at", "category"])
        lines.append({**former, column: {**rng.choice(lines), "category": "b"}[column]})
    return lines


def revenue(standing: dict[str, Line]) -> Days:
    """Net revenue by day, computed from the lines of the files."""
    days: Days = defaultdict(Decimal)
    for line in standing.values():
        days[line["transacted_at"][:10]] += Decimal(line["amount"])
    return days


@pytest.fixture(scope="module")
def history(
    load: Load, copy_more: Callable[..., None], dbt: Dbt, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Environment, list[tuple[int, Days]]]:
    """A database built after files were loaded, taken back, loaded again; revenue by day after each of these loads."""
    folder, rng = tmp_path_factory.mktemp("loads"), random.Random(8)
    environment = load()
    standing: dict[str, Line] = {}
    states: list[tuple[int, dict[str, Line]]] = []
    after: list[tuple[int, Days]] = [(0, revenue(standing))]

    def copy(file: Path, lines: list[Line]) -> int:
        copy_more(environment, file)
        standing.update({line["transaction_id"]: line for line in lines})
        [(newest,)] = query(environment, "select max(load_id) from loader.loads")
        after.append((int(str(newest)), revenue(standing)))
        return after[-1][0]

    for number in range(1, LOADS + 1):
        lines = make_file(number, standing, rng)
        before = dict(standing)
        file = write(folder / f"transactions_{number}.csv", lines)
        number_of_load = copy(file, lines)
        if number in UNDONE:
            standing = before
            after.append((undo(environment, number_of_load), revenue(standing)))
        if number == REDONE:
            number_of_load = copy(file, lines)
        states.append((number_of_load, before))
    for number_of_load, before in reversed(states[-UNDONE_AT_THE_END:]):
        after.append((undo(environment, number_of_load), revenue(before)))
    models = ["+revenue_restatements", "+daily_sales", "--indirect-selection", "buildable"]
    dbt(environment, "build", "--select", *models, *ONLY_TESTS_OF_MARTS)
    return environment, after


def test_the_ledger_explains_the_difference_of_every_day_between_any_two_loads(
    history: tuple[Environment, list[tuple[int, Days]]],
) -> None:
    environment, after = history
    rows = query(environment, "select load_id, sales_date::text, net_change from marts.revenue_restatements")
    for (first, before), (second, then) in itertools.combinations(after, 2):
        explained: Days = defaultdict(Decimal)
        for load_id, day, change in rows:
            if first < int(str(load_id)) <= second:
                explained[str(day)] += Decimal(str(change))
        days = {*before, *then, *explained}
        assert {day: explained[day] for day in days} == {day: then[day] - before[day] for day in days}, (first, second)

    last = after[-1][1]
    for day, net, restated in query(
        environment,
        """
        select sales_date::text, net_revenue, net_revenue_after
        from marts.daily_sales
        left join (
            select distinct on (sales_date) sales_date, net_revenue_after
            from marts.revenue_restatements order by sales_date, load_id desc
        ) as last_rows using (sales_date)
        """,
    ):
        assert Decimal(str(restated or 0)) == last[str(day)]
        assert abs(Decimal(str(net)) - last[str(day)]) <= Decimal("0.01")


def test_every_reason_occurs(history: tuple[Environment, list[tuple[int, Days]]]) -> None:
    environment, _ = history
    reasons = ("new_revenue", "late_revenue", "refunds", "corrections", "undone")
    counts = ", ".join(f"count(*) filter (where {reason} <> 0)" for reason in reasons)
    assert all(
        int(str(count)) > 0 for count in query(environment, f"select {counts} from marts.revenue_restatements")[0]
    )
    undone = (
        "select count(*) from marts.revenue_restatements where file_name like 'undo of load %' and net_change <> undone"
    )
    assert query(environment, undone) == [(0,)]
