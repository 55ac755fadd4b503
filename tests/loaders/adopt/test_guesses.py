"""Which column is what, and which arithmetic gives the money, in several languages and shapes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from loaders.adopt.columns import Look, looked_at
from loaders.adopt.guesses import guess
from loaders.adopt.naming import snake, source_name
from loaders.adopt.proposal import Proposal, propose
from loaders.adopt.staging import transactions_sql
from loaders.adopt.statuses import excluded_statuses
from loaders.contract.tables import Reading
from loaders.errors import FileRefusedError, LoaderError
from loaders.project import Project

NONE: Mapping[str, str] = {}


@contextlib.contextmanager
def looks(project: Project, folder: Path, *texts: str, said: Reading | None = None) -> Iterator[list[Look]]:
    """Look at files with these contents."""
    with contextlib.ExitStack() as stack:
        found = []
        for i, text in enumerate(texts):
            path = folder / f"file_{'abc'[i]}.csv"
            path.write_text(text, encoding="utf-8")
            found.append(stack.enter_context(looked_at(path, project, said or Reading(), None)))
        yield found


def rows(header: str, *patterns: str, count: int = 12) -> str:
    """Write a file: `{i}` in a pattern is the number of the row, and patterns take turns."""
    lines = [
        patterns[i % len(patterns)].replace("{i}", str(i + 1)).replace("{d}", f"{i + 13:02}") for i in range(count)
    ]
    return "\n".join([header, *lines]) + "\n"


def proposed(project: Project, folder: Path, *texts: str, said: Mapping[str, str] = NONE) -> Proposal:
    """Return the proposal for files."""
    with looks(project, folder, *texts) as found:
        return propose(found, "shop_export", said)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Order ID,Order Date,Customer ID,Product Name,Quantity,Unit Price", "{i},2024-01-{d},c{i},Tea {i},2,1.50"),
        ("Bestellnr;Bestelldatum;Kundennr;Artikelbezeichnung;Menge;Einzelpreis", "{i};{d}.01.2024;c{i};Tee {i};2;1,50"),
        (
            "N° commande;Date de commande;Code client;Désignation;Quantité;Prix unitaire",
            "{i};{d}/01/2024;c{i};T {i};2;1,5",
        ),
        (
            "Nº de pedido;Fecha del pedido;Código cliente;Descripción;Cantidad;Precio unitario",
            "{i};{d}/01/2024;c{i};T {i};2;1,5",
        ),
        (
            "Numero ordine;Data ordine;Codice cliente;Descrizione;Quantità;Prezzo unitario",
            "{i};{d}/01/2024;c{i};T {i};2;1,5",
        ),
        (
            "Nº encomenda;Data da encomenda;Código cliente;Descrição;Qtd;Preço unitário",
            "{i};{d}/01/2024;c{i};T {i};2;1,5",
        ),
        ("Ordernummer;Orderdatum;Klantnummer;Omschrijving;Aantal;Stukprijs", "{i};{d}-01-2024;c{i};T {i};2;1,5"),
        ("Ordrenr;Ordredato;Kundenr;Varenavn;Antal;Stykpris", "{i};{d}.01.2024;c{i};T {i};2;1,5"),
        ("Ordernr;Orderdatum;Kundnr;Benämning;Antal;Styckpris", "{i};2024-01-{d};c{i};T {i};2;1,5"),
    ],
    ids=["en", "de", "fr", "es", "it", "pt", "nl", "da", "sv"],
)
def test_names_in_several_languages(project: Project, tmp_path: Path, header: str, row: str) -> None:
    with looks(project, tmp_path, rows(header, row)) as [look]:
        roles = guess(look, NONE)
        found = {role: columns[0].header for role, columns in roles.found.items()}
    names = header.replace(";", ",").split(",")
    expected = dict(
        zip(("order_id", "date", "customer_id", "product_name", "quantity", "unit_price"), names, strict=True)
    )
    assert {role: found.get(role) for role in expected} == expected


def test_a_total_is_what_quantity_and_price_give(project: Project, tmp_path: Path) -> None:
    """Of two amounts the one that the others prove, whatever its name."""
    text = rows("date,qty,price,sum a,sum b", "2024-01-{d},2,1.50,3.00,9.99", "2024-01-{d},3,2.00,6.00,1.11")
    assert (
        proposed(project, tmp_path, text.replace("sum a", "amount b").replace("sum b", "amount a")).amount.expression
        == "amount_b"
    )


@pytest.mark.parametrize(
    ("header", "row", "expression"),
    [
        ("date,qty,price,discount,total", "2024-01-{d},2,10.00,3.00,17.00", "total"),
        ("date,qty,price,discount,total", "2024-01-{d},2,10.00,3.00,20.00", "total - abs(coalesce(discount, 0))"),
        ("date,qty,price,discount %,total", "2024-01-{d},2,10.00,15,17.00", "total"),
        ("date,qty,price,discount", "2024-01-{d},2,10.00,0.15", "qty * price * (1 - coalesce(discount, 0))"),
        ("date,qty,price,discount %", "2024-01-{d},2,10.00,15", "qty * price * (1 - 0.01 * coalesce(discount, 0))"),
        ("date,qty,price", "2024-01-{d},2,10.00", "qty * price"),
        ("date,amount,tax,shipping,total", "2024-01-{d},10.00,2.10,4.95,17.05", "amount"),
        ("date,total,tax", "2024-01-{d},119.00,19.00", "total - coalesce(tax, 0)"),
        ("date,amount,tax", "2024-01-{d},100.00,19.00", "amount"),
        ("date,gross,fee,net", "2024-01-{d},100.00,2.90,97.10", "gross"),
        ("created,amount due cents", "2024-01-{d},1000", "0.01 * (amount_due_cents)"),
        ("date,gross sales,refunds,net sales", "2024-01-{d},9.00,2.00,7.00", "net_sales + abs(coalesce(refunds, 0))"),
        ("date,soll,haben", "2024-01-{d},100.00,0.00|2024-01-{d},0.00,30.00", "coalesce(soll, 0) - coalesce(haben, 0)"),
        ("date,debit,credit", "2024-01-{d},,100.00|2024-01-{d},30.00,", "coalesce(credit, 0) - coalesce(debit, 0)"),
    ],
)
def test_the_money_of_a_row(project: Project, tmp_path: Path, header: str, row: str, expression: str) -> None:
    assert proposed(project, tmp_path, rows(header, *row.split("|"))).amount.expression == expression


def test_the_total_of_an_order_on_each_of_its_lines_is_not_its_lines(project: Project, tmp_path: Path) -> None:
    text = "order id,date,product id,order total,line total\n1,2024-01-13,a,30.00,10.00\n1,2024-01-13,b,30.00,20.00\n"
    text += "2,2024-01-14,a,25.00,10.00\n2,2024-01-14,c,25.00,15.00\n"
    assert proposed(project, tmp_path, text).amount.expression == "line_total"


def test_payments_in_a_ledger_are_no_sale(project: Project, tmp_path: Path) -> None:
    kinds = ("2024-01-{d},Invoice,100.00,", "2024-01-{d},Credit note,,10.00", "2024-01-{d},Payment,,900.00")
    found = proposed(project, tmp_path, rows("date,document type,debit,credit", *kinds))
    assert (found.amount.expression, found.payments) == ("coalesce(debit, 0) - coalesce(credit, 0)", ("payment",))


def test_payments_that_only_a_text_names_are_no_sale(project: Project, tmp_path: Path) -> None:
    lines = ("2024-01-{d},Invoice {i},100.00,", "2024-01-{d},Payment {i},,900.00", "2024-01-{d},Credit memo {i},,5.00")
    found = proposed(project, tmp_path, rows("date,memo,debit,credit", *lines))
    assert (found.payments, found.are_within) == (("payment",), True)
    assert found.amount.expression == "coalesce(debit, 0) - coalesce(credit, 0)"


def test_a_row_of_a_ledger_without_money_does_not_count(project: Project, tmp_path: Path) -> None:
    text = rows("date,debit,credit", "2024-01-{d},100.00,", "2024-01-{d},,30.00", "2024-01-{d},,")
    sql = transactions_sql(proposed(project, tmp_path, text))
    assert "when coalesce(debit, credit) is null then 'no_amount'" in sql


def test_a_column_says_the_side_of_a_ledger(project: Project, tmp_path: Path) -> None:
    text = rows("Datum;Umsatz;S/H", "{d}.01.2024;100,00;S", "{d}.01.2024;30,00;H")
    assert proposed(project, tmp_path, text).refunds == ("h",)


def test_rows_that_add_up_others_do_not_count(project: Project, tmp_path: Path) -> None:
    """A line of a total has no receipt; a product of that name has one."""
    lines = [f"{day}.01.2024;{bon};Tee;1,50" for day in (13, 14) for bon in range(1, 9)]
    header = "Datum;Bon;Artikel;Betrag"
    assert proposed(project, tmp_path, rows(header, *lines, "14.01.2024;;Tagessumme:;24,00", count=17)).sums == (
        "tagessumme:",
    )
    assert proposed(project, tmp_path, rows(header, *lines, "14.01.2024;9;Total;1,50", count=17)).sums == ()


def test_a_yes_marks_void_lines(project: Project, tmp_path: Path) -> None:
    found = proposed(project, tmp_path, rows("Datum;Betrag;Storniert", "{d}.01.2024;1,00;N", "{d}.01.2024;2,00;J"))
    assert found.is_flag
    assert "j" in found.statuses


def test_a_credit_note_without_a_sign_is_a_refund(project: Project, tmp_path: Path) -> None:
    text = rows("Datum;Belegart;Betrag", "{d}.01.2024;Rechnung;100,00", "{d}.01.2024;Gutschrift;10,00")
    assert proposed(project, tmp_path, text).refunds == ("gutschrift",)
    signed = rows("Datum;Belegart;Betrag", "{d}.01.2024;Rechnung;100,00", "{d}.01.2024;Gutschrift;-10,00")
    assert proposed(project, tmp_path, signed).refunds == ()


def test_two_files_that_share_a_key(project: Project, tmp_path: Path) -> None:
    """Whichever is named first."""
    orders = rows("OrderID,OrderDate,CustomerID", "{i},2024-01-{d},c{i}")
    lines = rows("OrderID,ProductID,Quantity,UnitPrice", "1,p{i},2,3.00", "2,p{i},1,4.00")
    for texts in ((orders, lines), (lines, orders)):
        found = proposed(project, tmp_path, *texts)
        assert (found.join, found.amount.expression) == (("order_id", "order_id"), "quantity * unit_price")
        assert found.places["date"].table == "orders"
        assert found.lines.derived_from == ("order_id", "product_id")


def test_two_files_without_a_key(project: Project, tmp_path: Path) -> None:
    with pytest.raises(LoaderError, match="share no key"):
        proposed(project, tmp_path, rows("OrderID,OrderDate", "{i},2024-01-{d}"), rows("Nr,Amount", "9{i},2.00"))


def test_receipts_that_start_again_each_day(project: Project, tmp_path: Path) -> None:
    text = rows(
        "Datum;Bon-Nr;Artikel;Betrag", *(f"{day}.01.2024;{bon};a;1,50" for day in range(13, 16) for bon in (1, 2))
    )
    assert proposed(project, tmp_path, text).day_in_order
    steady = rows("Datum;Bon-Nr;Artikel;Betrag", "13.01.2024;1;a;1,50", "14.01.2024;2;a;1,50")
    assert not proposed(project, tmp_path, steady).day_in_order


def test_a_name_identifies_a_buyer_if_nothing_else_does(project: Project, tmp_path: Path) -> None:
    found = proposed(project, tmp_path, rows("date,customer name,amount", "2024-01-{d},Ann Lee,1.00"))
    assert found.places["customer_id"].name == "customer_name"


def test_a_name_next_to_a_product_is_the_product(project: Project, tmp_path: Path) -> None:
    found = proposed(project, tmp_path, rows("date,sku,name,amount", "2024-01-{d},a{i},Green tea {i},1.00"))
    assert found.places["product_name"].name == "name"
    assert "customer_id" not in found.places


def test_what_the_user_says_counts(project: Project, tmp_path: Path) -> None:
    text = rows("date,amount,worth", "2024-01-{d},1.00,2.00")
    assert proposed(project, tmp_path, text, said={"amount": "worth"}).amount.expression == "worth"
    named = rows("date,amount,customer name", "2024-01-{d},1.00,Ann Lee")
    assert "customer_id" not in proposed(project, tmp_path, named, said={"customer_id": ""}).places
    with pytest.raises(LoaderError, match="No file has a column 'worht'"):
        proposed(project, tmp_path, text, said={"amount": "worht"})


def test_the_currency_is_in_the_header_or_at_the_numbers(project: Project, tmp_path: Path) -> None:
    assert proposed(project, tmp_path, rows("date,amount (DKK)", "2024-01-{d},1.00")).currency == "DKK"
    assert proposed(project, tmp_path, rows("date;amount", "2024-01-{d};1,00 €")).currency == "EUR"


@pytest.mark.parametrize("date", ["{d}/1-2024", "{d}-01-2024 kl. 10:05", "{d}. marts 2024"])
def test_dates_as_danes_write_them(project: Project, tmp_path: Path, date: str) -> None:
    found = proposed(project, tmp_path, rows("Dato;Beløb", f"{date};1,00"))
    assert found.places["date"].column.kind == "moment"


def test_dates_that_can_be_read_in_two_ways_are_asked(project: Project, tmp_path: Path) -> None:
    text = "date,amount\n01/02/2024,1.00\n03/04/2024,2.00\n"
    with pytest.raises(FileRefusedError, match="two ways"):
        proposed(project, tmp_path, text)
    with looks(project, tmp_path, text, said=Reading(dates="dmy")) as found:
        assert propose(found, "shop", NONE).reading == Reading(dates="dmy")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour,shape\nred,round\n", "looks like a header"),
        ("date,amount\n", "no rows"),
        ("date,customer\n2024-01-13,ann\n", "no column with money"),
        ("customer,amount\nann,1.00\n", "no column with dates"),
    ],
)
def test_a_file_that_says_too_little(project: Project, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LoaderError, match=message):
        proposed(project, tmp_path, text)


def test_statuses_in_the_language_of_the_file() -> None:
    listed = excluded_statuses(["Betalt", "Annulleret", "Betaling fejlet"])
    assert {"annulleret", "betaling fejlet", "afventer", "cancelled"} <= set(listed)
    assert not {"betalt", "storniert"} & set(listed)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Beløb ekskl. moms", "beloeb_ekskl_moms"),
        ("KUNDENNR.", "kundennr"),
        ("OrderDate", "order_date"),
        ("order", "order_value"),
        ("Währung", "waehrung"),
        ("2024 total", "column_2024_total"),
        ("合計", "column"),
    ],
)
def test_names_of_columns(header: str, name: str) -> None:
    assert snake(header) == name


@pytest.mark.parametrize(
    ("file", "name"),
    [("Ordrer eksport 2024-01.csv", "ordrer_eksport"), ("2024.csv", "adopted"), ("Köpe_list.csv.gz", "kope")],
)
def test_names_of_sources(file: str, name: str) -> None:
    assert source_name(Path(file)) == name
