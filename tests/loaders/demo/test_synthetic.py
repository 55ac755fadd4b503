"""The synthetic files of the demo: they lean on the real ones and change nothing about them."""

from __future__ import annotations

from pathlib import Path

import duckdb

from loaders.contract.tables import Contract
from loaders.copy import check_file
from loaders.demo.synthetic import write_synthetic_files
from loaders.project import Project
from loaders.reading.files import table_of
from loaders.reading.options import Options


def test_households_hold_products_that_are_sold(tmp_path: Path, project: Project, contract: Contract) -> None:
    folder = tmp_path / "o'clock"
    folder.mkdir()
    (folder / "customers.csv").write_text("household_id,age\n" + "".join(f"{100 + n},\n" for n in range(60)))
    (folder / "transactions.csv").write_text(
        "household_id,product_id,quantity,sales_value\n1,P1,2,5.00\n1,P1,1,3.00\n1,P2,1,1.50\n1,P3,0,0.00\n"
    )
    files = write_synthetic_files(project, contract, folder)
    assert all("synthetic" in file.parent.name and "synthetic" in file.name for file in files)
    for file in files:
        result, rejects = check_file(project, table_of(contract, file), file, Options())
        assert (result.rows_read > 0, rejects) == (True, []), file.name

    held, events = (
        duckdb.read_csv(str(folder / "synthetic" / f"{name}_synthetic.csv"), header=True)
        for name in ("customer_products", "events")
    )
    assert held.aggregate("min(customer_id) >= 100 and max(customer_id) < 160").fetchall() == [(True,)]
    assert sorted(held.project("product_id").distinct().fetchall()) == [("P1",), ("P2",)]
    # P1 is sold at 2.50 and at 3.00 a piece.
    assert held.aggregate("max(value)").fetchall()[0][0] == 2.75
    assert events.aggregate("max(event_time) < timestamptz '2018-01-02 00:00:00Z'").fetchall() == [(True,)]

    before = [file.stat().st_mtime_ns for file in files]
    assert write_synthetic_files(project, contract, folder) == files
    assert [file.stat().st_mtime_ns for file in files] == before
