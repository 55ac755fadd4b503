"""The keys of rows that have none of their own, and what becomes of files that are loaded in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders.contract.tables import Contract
from loaders.copy import check_file, check_files
from loaders.project import Project
from loaders.reading.options import Options
from tests.loaders.judging import judge

HEADER = "customer_id,order_id,amount,date\n"


def keys(contract: Contract, text: str) -> list[str]:
    return [row["transaction_id"] for row in judge(text.encode(), contract.table("transactions")).rows.values()]


def test_a_row_has_the_same_key_in_every_file_that_holds_it(contract: Contract) -> None:
    first = keys(contract, HEADER + "a,1,2,2017-01-01\nb,1,2,2017-01-01\na,1,2,2017-01-01\n")
    other_order = keys(contract, "date;amount;x;order_id;customer_id\n2017-01-01; 2 ;y;1;a\n2017-01-01;2;z;1;a\n")
    assert len(set(first)) == 3
    assert other_order == [first[0], first[2]]


def test_separators_in_values_make_no_two_rows_equal(contract: Contract) -> None:
    tricky = "a\x1forder_id=1,,2,2017-01-01\na,1,2,2017-01-01\n"
    assert len(set(keys(contract, HEADER + tricky))) == 2


def test_rows_behind_rejected_ones_are_numbered_as_if_those_were_not_there(contract: Contract) -> None:
    good = "a,1,2,2017-01-01\n"
    assert keys(contract, HEADER + good + "a,1,x,2017-01-01\n" + good) == keys(contract, HEADER + good + good)


@pytest.mark.parametrize("text", ["a,1,2,2017-01-01\n", "a,1,$2,1/31/2017\nb,1,3,2/1/2017\n", "a,1,x,2017-01-01\n"])
def test_long_files_are_judged_like_short_ones(text: str, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (HEADER + text * 3 + "c,1,2,2017-01-01\n").encode()
    short = judge(content, contract.table("transactions"))
    monkeypatch.setattr("loaders.reading.scan.FIRST_ROWS", 2)
    long = judge(content, contract.table("transactions"))
    assert (long.rows, long.rejects, long.notes) == (short.rows, short.rejects, short.notes)


def test_formats_that_are_as_frequent_as_each_other_are_told_in_one_order(contract: Contract) -> None:
    """The database finds them in any order."""
    text = HEADER + "a,1,2,2017-01-31\nb,1,3,2/1/2017\nc,1,3,1/31/2017\nd,1,3,12/31/2017\ne,1,3,31 Jan 2017\n"
    told = [note for note in judge(text.encode(), contract.table("transactions")).notes if "transacted_at" in note]
    assert told == ["transacted_at: mm/dd/yyyy or dd month yyyy or yyyy-mm-dd"]


def test_nothing_of_a_file_is_seen_in_the_next_one(project: Project, contract: Contract, tmp_path: Path) -> None:
    good = "a,1,2,2017-01-01\n"
    texts = [HEADER + good, HEADER + good * 2 + "a,1,x,2017-01-01\n", HEADER + "a,1\n" + good, "order_id\n1\n"]
    paths = [tmp_path / f"transactions_{i}.csv" for i in range(8)]
    for path, text in zip(paths, texts + texts[::-1], strict=True):
        path.write_text(text)
    alone = [check_file(project, contract.table("transactions"), path, Options()) for path in paths]
    assert list(check_files(project, contract, paths, Options(), table=contract.table("transactions"))) == alone
