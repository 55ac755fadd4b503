"""Another dbt project can use this one as a package: its models read the marts, and its vars set the thresholds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loaders.operations.template import write_project
from tests.conftest import DATA
from tests.project.conftest import Environment, query

PROJECT = """
name: company
profile: customer_analytics
vars: {customer_analytics: {churn_medium_after_days: 0, churn_high_after_days: 1}}
models: {company: {+schema: company}}
"""


@pytest.mark.slow
def test_models_of_another_project_read_the_marts(load: Callable[..., Environment], tmp_path: Path) -> None:
    write_project(tmp_path / "shop")
    folder = tmp_path / "company"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "packages.yml").write_text("packages: [{local: ../shop}]\n")
    (folder / "models" / "customers_at_risk.sql").write_text(
        "select customer_id, churn_risk from {{ ref('customer_churn_risk') }} where churn_risk = 'high'"
    )
    shutil.copy(tmp_path / "shop" / "profiles.yml", folder)
    # What `dbt deps` makes of it, which would ask the hub for dbt_utils.
    (folder / "dbt_packages").mkdir()
    (folder / "dbt_packages" / "customer_analytics").symlink_to(tmp_path / "shop")
    (folder / "dbt_packages" / "dbt_utils").symlink_to(tmp_path / "shop" / "dbt_packages" / "dbt_utils")
    environment = load(DATA)
    dbt = Path(sys.executable).with_name("dbt")
    result = subprocess.run(
        [dbt, "build", "--select", "+customers_at_risk", "--indirect-selection", "buildable"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-5000:]
    # One day without a purchase is more than the company allows.
    ((at_risk, of_all),) = query(
        environment,
        "select (select count(*) from marts_company.customers_at_risk),"
        " (select count(*) from marts.customer_churn_risk where days_since_last_purchase > 1)",
    )
    assert at_risk == of_all
    assert at_risk
