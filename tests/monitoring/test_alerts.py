"""The alert rules are valid, and each fires when it should and only then."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
import yaml

from tests.conftest import ROOT
from tests.monitoring.names import known_metrics, metrics_of

ALERTS = ROOT / "monitoring" / "alerts.yml"
CASES = ROOT / "monitoring" / "alerts_test.yml"
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed; `apt-get install prometheus` brings it"
)


@needs_promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", ALERTS),
        ("check", "config", "--syntax-only", ROOT / "monitoring" / "prometheus.yml"),
        ("test", "rules", CASES),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:2])),
)
def test_promtool_finds_the_rules_right(arguments: tuple[object, ...]) -> None:
    result = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_not() -> None:
    fires: dict[str, set[bool]] = {rule["alert"]: set() for rule in RULES}
    for test in yaml.safe_load(CASES.read_text())["tests"]:
        for case in test["alert_rule_test"]:
            fires[case["alertname"]].add(bool(case["exp_alerts"]))
    assert all(outcomes == {True, False} for outcomes in fires.values()), fires


def test_every_alert_has_a_severity_and_says_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]
        assert all(rule["annotations"][text].endswith(".") for text in ("summary", "description")), rule["alert"]


def test_alerts_read_metrics_that_there_are() -> None:
    for rule in RULES:
        assert metrics_of(rule["expr"]) <= known_metrics(), rule["alert"]


def test_the_guide_has_every_alert_and_metric() -> None:
    guide = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", guide))
    assert {rule["alert"] for rule in RULES} <= named
    assert known_metrics(api=False) <= named
