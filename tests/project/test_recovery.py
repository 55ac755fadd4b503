"""After a mistake or a loss, the marts are again what they were."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from loaders.cli import main
from tests.conftest import DATA, ROOT, connect_to_server
from tests.project.conftest import Dbt, Environment, query
from tests.project.documents import fences

pytestmark = pytest.mark.slow

MARTS = """
    select table_name from information_schema.tables
    where table_schema = 'marts' and table_name not in ('build_history', 'test_history')
"""
# They show undone loads too.
TELL_OF_LOADS = ("load_history", "revenue_restatements")
# One for each way into the marts: lines, who bought, what was bought, and the journey's one incremental mart.
LATER = {
    "transactions_late.csv": "transaction_id,customer_id,product_id,amount,date\n",
    "customers_late.csv": "customer_id,email,segment\n",
    "products_late.csv": "product_id,category\n",
    "events_late.csv": "event_id,event_time,event_type,user_id\n",
}


def fingerprints(environment: Environment, *, without: tuple[str, ...] = ()) -> dict[object, object]:
    """A hash of all rows of each mart."""
    found = {}
    for (mart,) in query(environment, MARTS):
        if mart in without:
            continue
        statement = f"select count(*), md5(string_agg(mart::text, '|' order by mart::text)) from marts.{mart} as mart"
        [found[mart]] = query(environment, statement)
    return found


def run(environment: Environment, *arguments: object) -> str:
    result = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(
        main, [str(argument) for argument in arguments]
    )
    assert result.exit_code == 0, result.output
    return result.output


def drop_database(environment: Environment) -> None:
    with connect_to_server(environment) as connection:
        connection.execute(f"drop database {environment['PGDATABASE']} with (force)")


def write_later_files(environment: Environment, folder: Path) -> list[Path]:
    """Files that change rows of the small files and add some."""
    rows = dict(LATER)
    for line, customer, product in query(
        environment,
        "select transaction_id, customer_id, product_id from raw.transactions order by transaction_id limit 3",
    ):
        rows["transactions_late.csv"] += (
            f"{line},{customer},{product},77,2017-01-05\nnew {line},{customer},x,5,2017-02-01\n"
        )
    for table, column, text in (
        ("customers", "customer_id", "a@example.org,other"),
        ("products", "product_id", "other"),
    ):
        for (key,) in query(environment, f"select {column} from raw.{table} order by {column} limit 4"):
            rows[f"{table}_late.csv"] += f"{key},{text}\nnew {key},{text}\n"
    for event, user in query(environment, "select event_id, user_id from raw.events order by event_id limit 4"):
        rows["events_late.csv"] += (
            f"{event},2024-02-01 10:00:00,login,{user}\nnew {event},2024-02-01 11:00:00,login,{user}\n"
        )
    for name, text in rows.items():
        (folder / name).write_text(text)
    return [folder / name for name in rows]


def scheduled(command: str, folder: Path, exports: Path) -> str:
    """A command of docs/schedule.md with the places of this machine."""
    places = {
        "/srv/analytics/.venv/bin": Path(sys.executable).parent,
        "/srv/analytics/exports": exports,
        "/srv/analytics/logs": folder,
    }
    for place, here in places.items():
        command = command.replace(place, str(here))
    return command


@pytest.fixture(scope="module")
def shop(new_database: Callable[[], Environment], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The small files, loaded and built by the line for cron in docs/schedule.md, with no more than cron gives it."""
    folder = tmp_path_factory.mktemp("cron")
    settings = {"DBT_TARGET": "ci", "DBT_TARGET_PATH": folder / "target", "DBT_LOG_PATH": folder / "logs"}
    environment = {**new_database(), **{name: str(value) for name, value in settings.items()}, "PYTHONPATH": str(ROOT)}
    [crontab] = fences("schedule.md", "crontab")
    command = scheduled(crontab.splitlines()[-1].split(maxsplit=5)[5], folder, DATA)
    cron = {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin", "HOME": str(folder), "LOGNAME": "analytics"}
    result = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env={**environment, **cron}, capture_output=True, text=True
    )
    log = (folder / "run.log").read_text()
    assert "Built and tested core and recommendations." in log, log
    # What is printed would be mailed.
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return environment


def test_lines_come_into_marts_that_were_first_built_without_any(
    load: Callable[..., Environment], dbt: Dbt, copy_more: Callable[..., None]
) -> None:
    environment = load()
    lines = ("--select", "+order_lines", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    for files in ([], [DATA]):
        copy_more(environment, *files)
        dbt(environment, "build", *lines)
    assert query(environment, "select count(*) from marts.order_lines") == query(
        environment, "select count(*) from raw.transactions"
    )


def test_marts_are_as_before_when_the_last_loads_are_undone(shop: Environment, tmp_path: Path) -> None:
    before = fingerprints(shop, without=TELL_OF_LOADS)
    files = write_later_files(shop, tmp_path)
    [service] = [text for text in fences("schedule.md", "ini") if "ExecStart=" in text]
    command = scheduled(service.split("ExecStart=")[1].splitlines()[0], tmp_path, tmp_path)
    systemd = {**shop, "PATH": "/usr/bin:/bin"}
    result = subprocess.run(shlex.split(command), cwd=ROOT, env=systemd, capture_output=True, text=True)
    assert (result.returncode, "Built and tested core" in result.stdout) == (0, True), result.stderr
    changed = {mart for mart, found in fingerprints(shop, without=TELL_OF_LOADS).items() if found != before[mart]}
    assert {"order_lines", "customer_metrics", "category_kpis", "product_kpis", "event_rollups_hourly"} <= changed
    later = query(shop, "select load_id from loader.loads where file_name like '%late%' order by load_id desc")
    assert len(later) == len(files)
    for (load_id,) in later:
        run(shop, "undo", load_id, "--yes")
    (tmp_path / "empty").mkdir()
    assert "Built and tested core" in run(shop, "run", tmp_path / "empty")
    assert fingerprints(shop, without=TELL_OF_LOADS) == before
    assert run(shop, "run", tmp_path / "empty") == "Nothing is new; nothing was built.\n"


def test_marts_are_as_before_in_a_fresh_database(
    shop: Environment, dbt: Dbt, new_database: Callable[[], Environment], tmp_path: Path
) -> None:
    before = fingerprints(shop)
    run(shop, "backup", tmp_path / "shop.dump")
    fresh = new_database()
    run(fresh, "restore", tmp_path / "shop.dump")
    drop_database(shop)
    dbt(fresh, "seed")
    dbt(fresh, "run")
    assert fingerprints(fresh) == before
