"""The smallest inputs that once went wrong: each comes out as its owner means it, and so do its relatives."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from loaders.contract.tables import Contract
from loaders.errors import FileRefusedError
from loaders.reading.files import table_of
from tests.conftest import ROOT
from tests.loaders.judging import Reading, judge

CASES = ROOT / "tests" / "data" / "cases"


def read(contract: Contract, name: str) -> Reading:
    [path] = CASES.glob(f"*_{name}.csv")
    return judge(path, table_of(contract, path))


def column(reading: Reading, name: str) -> list[str]:
    return [row[name] for row in reading.rows.values()]


@pytest.mark.parametrize(
    ("name", "of", "values"),
    [
        ("01_thousands_us", "amount", ["1234.56", "99.00"]),
        ("03_parentheses", "amount", ["-200.00", "99.00"]),
        ("04_currency_sign", "amount", ["45.00", "-4.00"]),
        ("07_sep_line", "amount", ["10.00"]),
        ("08_preamble", "amount", ["10.00"]),
        ("12_leading_zeros", "customer_id", ["00042", "42"]),
        ("13_bom", "category", ["SAT"]),
        ("14_trailing_commas", "customer_id", ["c1", "c2"]),
        ("16_space_after_comma", "category", ["A, B"]),
        ("20_newline_in_header", "_extra", ['{"note\\nto us":"x"}']),
        ("21_other_delimiter_in_data", "customer_id", ["c1", "a;b"]),
        ("22_excel_serial", "transacted_at", ["2024-01-05 00:00:00"]),
        ("23_epoch_ms", "transacted_at", ["2024-01-05 09:51:12+00"]),
        ("24_compact_date", "transacted_at", ["2024-01-05 00:00:00"]),
        ("29_excel_text", "customer_id", ["00042"]),
        ("29_excel_text", "product_id", ["00123"]),
        ("33_offset", "transacted_at", ["2024-01-05 10:11:12 +0100", "2024-01-05 10:11:12-08"]),
        ("34_ampm", "transacted_at", ["2024-01-05 10:11:12"]),
        ("35_both_names", "transaction_id", ["ch_1"]),
        ("35_both_names", "_extra", ['{"id":"1"}']),
        ("37_amount_and_total", "amount", ["10.00"]),
        ("39_department_and_category", "category", ["Dairy"]),
        ("39_department_and_category", "_extra", ['{"department":"Grocery"}']),
    ],
)
def test_a_file_is_read_as_its_owner_means_it(contract: Contract, name: str, of: str, values: list[str]) -> None:
    reading = read(contract, name)
    assert column(reading, of) == values
    assert not reading.rejects


@pytest.mark.parametrize(
    ("name", "rows"),
    [("18_long_field", 1), ("19_header_only", 0), ("27_currency_lower", 1), ("32_bad_utf8_mojibake", 1)],
)
def test_a_file_is_accepted_whole(contract: Contract, name: str, rows: int) -> None:
    reading = read(contract, name)
    assert (len(reading.rows), len(reading.rejects), reading.refusal) == (rows, 0, None)


def test_numbers_that_are_identifiers_are_whole(contract: Contract) -> None:
    [lines] = CASES.glob("transactions_10_*.csv")
    [customers] = CASES.glob("customers_10_*.csv")
    bought = judge(lines, table_of(contract, lines))
    assert column(bought, "customer_id") == column(judge(customers, table_of(contract, customers)), "customer_id")
    assert bought.notes == ("customer_id: 17850.0 is 17850",)


def test_codes_of_nobody_are_nobody(contract: Contract) -> None:
    reading = read(contract, "11_null_words")
    assert column(reading, "customer_id") == [""] * 5
    assert reading.verdicts == [(7, "amount", "invalid_numeric")]


def test_a_line_without_a_customer_is_a_guests(contract: Contract) -> None:
    reading = read(contract, "30_blank_customer")
    assert len(reading.rows) == 22
    assert "90.00" in [row["amount"] for row in reading.rows.values() if not row["customer_id"]]


def test_a_total_below_the_table_is_rejected_and_no_money_is_lost(contract: Contract) -> None:
    reading = read(contract, "09_footer_total")
    assert reading.verdicts == [(4, "transacted_at", "missing_value")]
    assert "of the file's money" not in str(reading.refusal)


def test_22_190_real_invoices_keep_their_money(contract: Contract) -> None:
    reading = read(contract, "36_thousands_real_orders")
    assert len(reading.rows) == 22_190
    assert sum(map(Decimal, column(reading, "amount"))) == Decimal("8300065.81")
    assert reading.notes == ("amount: 1,234.56 (decimal point)",)


def test_a_date_that_can_be_read_in_two_ways_is_refused_with_both(contract: Contract) -> None:
    with pytest.raises(FileRefusedError, match=r"dd/mm/yyyy.*mm/dd/yyyy.*--date-format dmy"):
        read(contract, "26_day_or_month")


def test_a_header_that_stands_again_is_no_customer(contract: Contract) -> None:
    path = CASES / "c06_repeated_header" / "customers.csv"
    assert [reason for _, _, reason in judge(path, table_of(contract, path)).verdicts] == ["repeated_header"]


def test_an_amount_that_the_marts_cannot_hold_is_rejected(contract: Contract) -> None:
    path = CASES / "c07_poison_amount" / "transactions.csv"
    assert "out_of_range" in [reason for _, _, reason in judge(path, table_of(contract, path)).verdicts]


@pytest.mark.parametrize("path", sorted(CASES.glob("c04_keyless/*.csv")), ids=lambda path: path.stem)
def test_a_file_without_keys_is_known_by_its_header(contract: Contract, path: Path) -> None:
    assert table_of(contract, path).name == "transactions"


def test_a_line_saved_again_by_a_spreadsheet_has_the_same_key(contract: Contract) -> None:
    table = contract.table("transactions")
    header = "customer_id,transacted_at,amount,category\n"
    written = ["c,2024-01-05,12.50,a", "c,2024-01-05 00:00:00,12.5,a ", "c,2024-01-05T00:00,12.500,a"]
    keys = {column(judge((header + row).encode(), table), "transaction_id")[0] for row in written}
    assert len(keys) == 1


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1,234.56", "1234.56"),
        ("1,234,567.8", "1234567.8"),
        ("12,34,567.89", "1234567.89"),
        ("1.234,56 €", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234,56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("1\u2019234.56", "1234.56"),
        ("$12.00", "12.00"),
        ("-$4.00", "-4.00"),
        ("$-4.00", "-4.00"),
        ("$ 4", "4"),
        ("(200.00)", "-200.00"),
        ("($1,200.00)", "-1200.00"),
        ("12.5-", "-12.5"),
        ("\u221212.50", "-12.50"),
        ("+12.50 EUR", "12.50"),
        ("USD 12.50", "12.50"),
        ("R$ 12,50", "12.50"),
        ("12,50 kr", "12.50"),
        ("12,50 kr.", "12.50"),
        ("Fr. 12.50", "12.50"),
        ("12,50 zł", "12.50"),
        (".5 €", ".5"),
    ],
)
def test_numbers_as_people_write_them(contract: Contract, written: str, read: str) -> None:
    content = f'customer_id\tamount\tdate\nc\t"{written}"\t2024-01-05\n'
    reading = judge(content.encode(), contract.table("transactions"))
    assert column(reading, "amount") == [read]


@pytest.mark.parametrize(
    "written", ["12 apples", "1.2.3", "1,2,3", "--1", "1-2", "(1", "1)", "12,3456.00", "$", "1 23.00", "Fr.12..5"]
)
def test_what_is_no_number_stays_none(contract: Contract, written: str) -> None:
    content = f'customer_id\tamount\tdate\nc\t"{written}"\t2024-01-05\nc\t"$1,000.50"\t2024-01-05\n'
    reading = judge(content.encode(), contract.table("transactions"))
    assert column(reading, "amount") == ["1000.50"]
    assert written in reading.rejects[0].detail


@pytest.mark.parametrize(("header", "rows"), [("amount", ["1,234"]), ("amount", ["1,234", "5", "-9,876"])])
def test_a_number_that_can_be_read_in_two_ways_is_refused(contract: Contract, header: str, rows: list[str]) -> None:
    content = f"customer_id\t{header}\tdate\n" + "".join(f"c\t{row}\t2024-01-05\n" for row in rows)
    with pytest.raises(FileRefusedError, match=r"two ways.*--decimal"):
        judge(content.encode(), contract.table("transactions"))


def test_another_column_of_the_file_decides(contract: Contract) -> None:
    content = "customer_id\tamount\tquantity\tdate\nc\t1,234\t1,5\t2024-01-05\nc\t1,234\t12,25\t2024-01-05\n"
    reading = judge(content.encode(), contract.table("transactions"))
    assert column(reading, "amount") == ["1.234", "1.234"]
    assert "amount: 1.234,56 (decimal comma)" in reading.notes


def test_two_currencies_in_one_column_are_refused(contract: Contract) -> None:
    content = "customer_id\tamount\tdate\nc\t$5.00\t2024-01-05\nc\t€5.00\t2024-01-05\n"
    with pytest.raises(FileRefusedError, match="several currencies"):
        judge(content.encode(), contract.table("transactions"))


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12/31/2024 9:05", "2024-12-31 09:05:00"),
        ("31/12/2024 9:05", "2024-12-31 09:05:00"),
        ("31.12.2024", "2024-12-31 00:00:00"),
        ("5.1.24 10:00", "2024-01-05 10:00:00"),
        ("2024/01/05", "2024-01-05 00:00:00"),
        ("2024-1-5", "2024-01-05 00:00:00"),
        ("5 January 2024", "2024-01-05 00:00:00"),
        ("Jan 5, 2024", "2024-01-05 00:00:00"),
        ("05-JAN-24", "2024-01-05 00:00:00"),
        ("5. März 2024", "2024-03-05 00:00:00"),
        ("5 déc. 2024", "2024-12-05 00:00:00"),
        ("Jan 5, 2024 1:11:12 PM PST", "2024-01-05 13:11:12-08"),
        ("01/15/2024 1:11 p.m.", "2024-01-15 13:11:00"),
        ("5.1.2024 10:11:12 +0100", "2024-01-05 10:11:12+01:00"),
        ("2024-01-05 10:11:12.5 CET", "2024-01-05 10:11:12.500000+01"),
        ("2024-07-05 10:15:00 Eastern Time (US & Canada)", "2024-07-05 14:15:00+00"),
        ("1704449472", "2024-01-05 10:11:12+00"),
        ("1704449472000", "2024-01-05 10:11:12+00"),
        ("45296.5", "2024-01-05 12:00:00"),
    ],
)
def test_dates_as_people_write_them(contract: Contract, written: str, read: str) -> None:
    content = f"customer_id\tamount\tdate\nc\t1\t{written}\n"
    assert column(judge(content.encode(), contract.table("transactions")), "transacted_at") == [read]


@pytest.mark.parametrize(("rows", "order"), [(["3/4/2024", "3/14/2024"], "mdy"), (["3/4/2024", "14/3/2024"], "dmy")])
def test_one_day_above_twelve_decides(contract: Contract, rows: list[str], order: str) -> None:
    content = "customer_id\tamount\tdate\n" + "".join(f"c\t1\t{row}\n" for row in rows)
    first = column(judge(content.encode(), contract.table("transactions")), "transacted_at")[0]
    assert first == ("2024-03-04 00:00:00" if order == "mdy" else "2024-04-03 00:00:00")


def test_days_that_are_their_months_are_the_same_in_both_ways(contract: Contract) -> None:
    content = b"customer_id\tamount\tdate\nc\t1\t01/01/2024\nc\t1\t02/02/2024\n"
    assert column(judge(content, contract.table("transactions")), "transacted_at")[1] == "2024-02-02 00:00:00"


def test_both_orders_in_one_column_are_refused(contract: Contract) -> None:
    content = b"customer_id\tamount\tdate\nc\t1\t14/3/2024\nc\t1\t3/14/2024\n"
    with pytest.raises(FileRefusedError, match="only dd/mm/yyyy"):
        judge(content, contract.table("transactions"))


def test_date_and_time_in_two_columns(contract: Contract) -> None:
    content = b"customer_id,amount,Date,Time\nc,1,31/12/2024,2:05 PM\nc,1,2024-01-05,\n"
    found = column(judge(content, contract.table("transactions")), "transacted_at")
    assert found == ["2024-12-31 14:05:00", "2024-01-05"]


@pytest.mark.parametrize("written", ["1899-12-31", "2199-01-01", "0001-01-01"])
def test_a_moment_beyond_reason_is_rejected(contract: Contract, written: str) -> None:
    content = f"customer_id,amount,date\nc,1,{written}\n"
    assert judge(content.encode(), contract.table("transactions")).verdicts == [(2, "transacted_at", "out_of_range")]


# --- money ------------------------------------------------------------------------------------------------------------


def test_a_file_whose_money_is_in_rejected_rows_is_refused(contract: Contract) -> None:
    rows = ["c,1,2024-01-05"] * 99 + ["c,1000,never"]
    content = "customer_id,amount,date\n" + "\n".join(rows)
    refusal = judge(content.encode(), contract.table("transactions")).refusal
    assert refusal is not None
    assert "1,000.00, 91.0% of the file's money" in refusal.message
    assert "--max-rejected-amount" in refusal.hint


def test_a_file_whose_money_cannot_be_read_is_refused(contract: Contract) -> None:
    rows = ["c,1,2024-01-05"] * 98 + ["c,one,2024-01-05"] * 2
    content = "customer_id,amount,date\n" + "\n".join(rows)
    assert "money of 2 of 100 rows can't be read" in str(
        judge(content.encode(), contract.table("transactions")).refusal
    )


def test_money_of_a_corrected_row_is_not_lost(contract: Contract) -> None:
    rows = [f"{i},c,1,2024-01-05" for i in range(99)] + ["7,c,2,2024-01-05"]
    content = "id,customer_id,amount,date\n" + "\n".join(rows)
    reading = judge(content.encode(), contract.table("transactions"))
    assert len(reading.rejects) == 1
    assert reading.refusal is None
