"""`make lint` checks the SQL; here, that it finds faults, though a stand-in fills in what dbt would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

# Each line of faults ends with the rules that find them.
FAULTS = """\
with orders as (
    select * from {{ ref('int_orders') }}
),

unused as ( --ST03
    select * from {{ ref('int_order_lines') }}
),

days as (
    select
        order_date,
        {{ blank_to_null('customer_id') }} AS customer_id, --CP01
        customer_id::text as customer, --CV11
        count(*) orders, --AL02
          {{ dbt.dateadd('day', 1, 'order_date') }} as next_day --LT02
    from orders
    where order_date != {{ local_date('ordered_at') }} --CV01
    group by 1, 2 --AM06
),

hours as (
    {{ sales_by_period('calendar', 'hour', 'days', 'order_hour') }}
)

select count(*) as line_count
from days
cross join hours
"""


def found(file: Path) -> list[tuple[int, str]]:
    """Return lines and rules of what sqlfluff finds."""
    sqlfluff = Path(sys.executable).with_name("sqlfluff")
    result = subprocess.run(
        [sqlfluff, "lint", "--config", ".sqlfluff", "--disable-progress-bar", "--format", "json", file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in (0, 1), result.stderr
    return [(fault["start_line_no"], fault["code"]) for fault in json.loads(result.stdout)[0]["violations"]]


def test_sqlfluff_finds_faults_without_a_database(tmp_path: Path) -> None:
    file = tmp_path / "faults.sql"
    lines = [line.rsplit("--", 1) for line in FAULTS.splitlines()]
    file.write_text("\n".join(line[0].rstrip() for line in lines) + "\n", encoding="utf-8")
    expected = [(number, line[1]) for number, line in enumerate(lines, 1) if line[1:]]
    assert sorted(set(found(file))) == expected
