"""Where nothing can be shown, a page says what to do; what it reads, and what leaves it, is as promised."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from loaders.errors import LoaderError
from loaders.operations.export_formats import FORMULA_STARTS
from serving.dashboard import campaign_queries, data, home_queries, list_queries, queries, sales_queries
from serving.dashboard.data import marts_of
from serving.dashboard.downloads import as_csv
from serving.dashboard.settings import OPTIONS, DashboardSettings, read_settings
from tests.conftest import ROOT, Environment
from tests.serving.conftest import connect
from tests.serving.dashboard.conftest import Open

PAGES = [file.stem for file in (ROOT / "serving" / "dashboard" / "views").glob("[a-z]*.py")]
TEMPLATES = {
    (module.__name__, name): text
    for module in (queries, campaign_queries, home_queries, list_queries, sales_queries)
    for name, text in vars(module).items()
    if name.isupper() and isinstance(text, str)
}


@pytest.mark.parametrize("page", PAGES)
def test_marts_that_are_not_built_are_said(open_page: Open, new_database: Callable[[], Environment], page: str) -> None:
    app = open_page(page, new_database())
    assert not app.exception
    assert "Not all marts are built" in app.error[0].value
    assert "`dbt build`" in app.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_marts_without_rows_are_said(open_page: Open, emptied: Environment, page: str) -> None:
    app = open_page(page, emptied)
    assert not app.exception and not app.error
    assert re.search(r"`(loader copy|dbt build)", app.info[0].value)


def test_no_database_is_said_and_found_again(open_page: Open, shown: Environment, tmp_path: Path) -> None:
    app = open_page("app", {**shown, "PGHOST": str(tmp_path)})
    assert not app.exception
    assert "No connection to PostgreSQL" in app.error[0].value
    assert "PGHOST" in app.error[0].value
    assert not open_page("app").error


def test_a_database_that_goes_away_is_said(
    open_page: Open, new_database: Callable[[], Environment], shown: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "WAIT_SECONDS", 0.5)
    environment = new_database()
    app = open_page("latest", environment)
    with connect(shown) as admin:
        admin.execute(f"drop database {environment['PGDATABASE']} with (force)")
    app.run()
    assert not app.exception
    assert "PostgreSQL" in app.error[0].value or "database" in app.error[0].value


def test_a_broken_connection_is_made_again(open_page: Open, shown: Environment) -> None:
    """As after a restart of PostgreSQL, which ends all connections."""
    open_page("latest")
    with connect(shown) as admin:
        ended = admin.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'dashboard'"
        ).fetchone()
        assert ended and ended[0] > 0
    (who,) = data.read_now("select current_user as name")
    assert who == {"name": "bi_reader"}


def test_no_right_to_read_is_said(open_page: Open, new_database: Callable[[], Environment]) -> None:
    environment = new_database()
    with connect(environment) as admin:
        admin.execute("create schema marts")
        admin.execute("create table marts.load_history (table_name text, status text, file_name text)")
        admin.execute("grant usage on schema marts to bi_reader")
    app = open_page("latest", environment)
    assert "`loader init --roles`" in app.error[0].value


def test_too_long_a_query_is_said(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "STATEMENT_SECONDS", 0.05)
    monkeypatch.setattr(queries, "LATEST", "select pg_sleep(%(most)s)")
    assert "took longer than 0.05 seconds" in open_page("latest").error[0].value


def test_the_exposure_lists_what_the_queries_read() -> None:
    content = yaml.safe_load((ROOT / "models" / "marts" / "_exposures.yml").read_text(encoding="utf-8"))
    (listed,) = (exposure["depends_on"] for exposure in content["exposures"] if exposure["name"] == "dashboard")
    read = {mart for template in TEMPLATES.values() for mart in marts_of(template)}
    assert listed == [f"ref('{mart}')" for mart in sorted(read)]
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "serving" / "dashboard").rglob("*.py"))
    assert [name for _, name in TEMPLATES if f"queries.{name}" not in code] == []


def test_queries_name_no_relation_but_marts() -> None:
    for name, template in TEMPLATES.items():
        steps = set(re.findall(r"(\w+) as \(\s*select", template))
        relations = set(re.findall(r"\b(?:from|join)\s+([{\w}.]+)", template)) - steps
        assert relations and all(re.fullmatch(r"{\w+}", relation) for relation in relations), name


def test_downloads_hand_no_formula_on() -> None:
    row = {
        "text": "plain",
        "amount": Decimal("-1.50"),
        "day": date(2024, 2, 1),
        "none": None,
        "is": True,
        "quoted": 'a"b',
    }
    assert as_csv([row]).decode() == 'text,amount,day,none,is,quoted\nplain,-1.50,2024-02-01,,true,"a""b"\n'
    for start in FORMULA_STARTS:
        assert as_csv([{"text": f"{start}1+1"}]).decode().splitlines(keepends=True)[1].lstrip('"').startswith("'")
    assert as_csv([]) == b"\n"


def test_settings_stay_on_this_machine() -> None:
    assert read_settings({}) == DashboardSettings("127.0.0.1", 8501)
    assert read_settings({"DASHBOARD_HOST": "0.0.0.0", "DASHBOARD_PORT": "80"}) == DashboardSettings("0.0.0.0", 80)
    assert read_settings({"DASHBOARD_NAME": "shop.example"}).name == "shop.example"
    assert {"--server.address=127.0.0.1", "--browser.gatherUsageStats=false"} <= set(DashboardSettings().options())
    for port in ("no", "0", "65536", "-1", "²"):
        with pytest.raises(LoaderError, match="DASHBOARD_PORT"):
            read_settings({"DASHBOARD_PORT": port})


def test_every_option_is_one_of_streamlit() -> None:
    from streamlit import config

    known = config.get_config_options()
    assert [name for name in OPTIONS if name not in known] == []
