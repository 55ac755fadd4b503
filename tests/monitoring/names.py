"""Names of metrics, in the code and in queries."""

from __future__ import annotations

import re

from loaders.operations.metrics import LEDGER_MEASURES, MART_MEASURES, OPERATIONS_MEASURES

# What the API and Prometheus itself add to the metrics of the loader.
API = {
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "database_pool_requests_waiting",
    "marts_readable",
    "ALERTS",
}
# A name with an underscore that is not a function, and what follows `by`.
_NAME = re.compile(r"\b([a-zA-Z]\w*_\w+|ALERTS)\b(?!\s*\()")


def known_metrics(*, api: bool = True) -> set[str]:
    """Return the names of all metrics."""
    measures = (*LEDGER_MEASURES, *MART_MEASURES, *OPERATIONS_MEASURES)
    found = {name for measure in measures for name in measure.metrics}
    found |= {"loader_newest_row_timestamp_seconds", "loader_metrics_timestamp_seconds"}
    return found | API if api else found


def metrics_of(expression: str) -> set[str]:
    """Return the names of the metrics that a query reads."""
    without_labels = re.sub(r"\{[^}]*\}", "", expression)
    return set(_NAME.findall(without_labels))
