"""The keys of rows that have none of their own, and what becomes of files that are loaded in part."""

from __future__ import annotations

from loaders.contract.tables import Contract
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
