"""What is wrong with the data, how much money it affects, and which files were loaded."""

from __future__ import annotations

import streamlit as st

from serving.dashboard import queries
from serving.dashboard.cards import table_or_cards
from serving.dashboard.data import read
from serving.dashboard.downloads import offer
from serving.dashboard.states import nothing, unfiltered
from serving.dashboard.tables import count, in_currency, tiles

MOST_LOADS = 100
SEVERITIES = {
    "error": "Errors (data is lost)",
    "warning": "Warnings (numbers are doubtful)",
    "info": "Worth knowing",
}


def show() -> None:
    """Show the page."""
    (summary,) = read(queries.SUMMARY)
    unfiltered("checks and loads are about whole tables.")
    _checks(summary["currency"])
    _loads()


def _checks(currency: str) -> None:
    st.subheader("Checks")
    checks = read(queries.QUALITY)
    if not checks:
        nothing("No check has run.", "`dbt build` runs them.")
        return
    failed = [check for check in checks if check["rows_failed"]]
    tiles(
        {
            title: f"{count(sum(check['severity'] == severity for check in failed))} of "
            f"{count(sum(check['severity'] == severity for check in checks))}"
            for severity, title in SEVERITIES.items()
        }
    )
    everything = st.toggle("Show checks that found nothing", key="all", bind="query-params", persist_state="session")
    shown = checks if everything else failed
    if not shown:
        nothing("No check found anything.", "The switch above shows what was checked.")
        return
    st.caption("A row may fail several checks, so they don't add up. `loader quality CHECK` lists the rows behind one.")
    table_or_cards(
        shown,
        "checks",
        {
            "check_name": "Check",
            "severity": "Severity",
            "rows_failed": "Failed",
            "counted": "What",
            "amount_affected": in_currency("Money", currency),
            "share_of_revenue": "Of revenue",
            "description": "What they have in common",
            "rows_checked": "Checked",
            "share_failed": "Share failed",
        },
    )
    offer(shown, "data_quality")


def _loads() -> None:
    st.subheader("Loads")
    loads = read(queries.LOADS, most=MOST_LOADS)
    if not loads:
        nothing("No file was loaded.", "`loader copy FOLDER` loads files.")
        return
    st.caption(f"The latest {len(loads)} loads, newest first.")
    table_or_cards(
        loads,
        "loads",
        {
            "file_name": "File",
            "load_id": "Load",
            "started_at": "Started",
            "status": "Status",
            "rows_read": "Read",
            "rows_rejected": "Rejected",
            "rows_inserted": "New",
            "rows_updated": "Changed",
            "rows_unchanged": "Same",
            "seconds": "Seconds",
            "error": "Error",
        },
    )
    offer(loads, "loads")
