"""A live feed: small files of transactions that continue where the generated ones end."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from pathlib import Path

from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.files import Written, currency, generator, write_file
from loaders.synthetic.orders import LINES_PER_BLOCK, ORDERS_PER_BLOCK, lines_query, orders_for
from loaders.synthetic.settings import Settings

MOST_LINES = 1_000


def follow(
    project: Project,
    contract: Contract,
    settings: Settings,
    folder: Path,
    *,
    seconds: float,
    batches: int | None = None,
    dirty: float = 0,
) -> Iterator[Written]:
    """Write a new file of transactions at regular intervals, and yield what was written.

    A file has about an hour's lines. Its number and the settings determine its content, and a restarted feed continues
    after the last existing file.

    Args:
        project: The dbt project.
        contract: The tables.
        settings: The settings of the files that the feed continues.
        folder: Where to write to.
        seconds: Time from one file to the next.
        batches: Number of files; endless without it.
        dirty: Share of the rows that get a fault.
    """
    lines = max(1, min(MOST_LINES, settings.transactions // (settings.days * 24)))
    blocks = -(-settings.transactions // LINES_PER_BLOCK)
    pace = settings.days * 86_400 / orders_for(settings)
    moment = f"""
        {settings.end} + to_seconds(floor((slot + u('moment', slot) - {blocks * ORDERS_PER_BLOCK}) * {pace})::bigint)
    """
    table = contract.table("transactions")
    begun = _last_number(folder)
    with generator(project, settings) as database:
        due = time.monotonic()
        for number in itertools.count(begun + 1):
            if batches is not None and number > begun + batches:
                return
            due += seconds
            time.sleep(max(0, due - time.monotonic()))
            first = blocks * LINES_PER_BLOCK + (number - 1) * lines
            query = lines_query(settings, first, first + lines, moment, currency(project))
            target = folder / f"{table.name}_{number:06}.csv"
            yield write_file(database, table, query, target, dirty=dirty, seed=settings.seed)


def _last_number(folder: Path) -> int:
    names = (re.fullmatch(r"transactions_(\d{6,})\.csv", file.name) for file in folder.iterdir())
    return max((int(name[1]) for name in names if name), default=0)
