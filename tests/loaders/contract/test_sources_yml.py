"""The contract is read from dbt's sources files, or refused with the place of the mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Contract, is_named_after, normalize
from loaders.errors import ContractError, FileRefusedError
from loaders.project import Project

KEY = "{name: id, data_type: text, data_tests: [not_null, unique]}"


def contract_of(tmp_path: Path, text: str) -> Contract:
    folder = tmp_path / "models" / "staging" / "shop"
    folder.mkdir(parents=True)
    (folder / "_shop__sources.yml").write_text(text, encoding="utf-8")
    return read_contract(Project(tmp_path, {"currency": "USD", "shop_schema": "crm"}))


def table_of(tmp_path: Path, *columns: str, table: str = "name: t") -> Contract:
    return contract_of(tmp_path, f"sources: [{{name: shop, tables: [{{{table}, columns: [{', '.join(columns)}]}}]}}]")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("{name: a, data_type: float}", "column a: unknown data_type 'float'"),
        ("{name: a}", "column a: unknown data_type None"),
        ("{name: a, data_type: [text]}", "column a: unknown data_type"),
        ("{data_type: text}", "None can't be the name"),
        ("{name: 7, data_type: text}", "7 can't be the name"),
        ("{name: 'a; drop table x', data_type: text}", "can't be the name"),
        ("{name: id, data_type: text}", "column id: id already names id"),
        ("{name: a, data_type: text, config: {meta: {aliases: [ID]}}}", "column a: id already names id"),
        ("{name: a, data_type: text, config: {meta: {alias: [x]}}}", "column a: .* no meta entry alias"),
        ("{name: a, data_type: text, config: {meta: {aliases: x}}}", "column a: aliases"),
        ("{name: a, data_type: text, config: {meta: {derived_from: b}}}", "column a: derived_from b is not a column"),
        ("{name: a, data_type: text, config: [x]}", "column a"),
        ("{name: a, data_type: text, data_tests: [unique, not_null]}", "one key"),
        ("{name: a, data_type: text, data_tests: unique}", "column a: data_tests"),
        ("{name: a, data_type: text, data_tests: [accepted_values]}", "column a: accepted_values"),
        ("{name: a, data_type: text, data_tests: [{accepted_values: {values: x}}]}", "column a: accepted_values"),
        ("{name: a, data_type: text, data_tests: [{accepted_values: {values: [\"{{ var('x') }}\"]}}]}", "no var x"),
        ("just text", "column"),
    ],
)
def test_a_mistake_in_a_column_is_told_with_file_and_column(tmp_path: Path, column: str, words: str) -> None:
    with pytest.raises(ContractError, match=words) as refused:
        table_of(tmp_path, KEY, column)
    assert "_shop__sources.yml, table t" in refused.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sources: [", "can't be read"),
        ("", "can't be read"),
        ("- a", "can't be read"),
        ("models: []", "can't be read"),
        ("sources: [{tables: [{name: t}]}]", "a source has no name"),
        ("sources: [{name: s, tables: [{columns: []}]}]", "source s: a table has no name"),
        ("sources: [{name: s, tables: [{name: 'T x', columns: []}]}]", "'T x' can't be the name"),
        ("sources: [{name: s, tables: [{name: t}]}]", "table t: there must be one key"),
        ("sources: [{name: s, tables: {name: t}}]", "source s: tables"),
        ("sources: x", "can't be read"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_name(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ContractError, match=words) as refused:
        contract_of(tmp_path, text)
    assert "_shop__sources.yml" in refused.value.message


def test_a_table_has_one_key_and_its_columns(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="one key"):
        table_of(tmp_path / "a", "{name: a, data_type: text}")
    with pytest.raises(ContractError, match="one key"):
        table_of(tmp_path / "b", "{name: id, data_type: bigint, data_tests: [not_null, unique]}")
    with pytest.raises(ContractError, match="require_one_of names x"):
        table_of(tmp_path / "c", KEY, table="name: t, config: {meta: {require_one_of: [x]}}")


def test_a_table_stands_once(tmp_path: Path) -> None:
    two = "".join(f"- {{name: s{i}, tables: [{{name: t, columns: [{KEY}]}}]}}\n" for i in range(2))
    with pytest.raises(ContractError, match="table t is in s0 and in s1"):
        contract_of(tmp_path, f"sources:\n{two}")


def test_a_project_without_a_contract_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="No sources file"):
        read_contract(Project(tmp_path, {}))


def test_a_var_of_the_project_is_filled_in(tmp_path: Path) -> None:
    accepted = "accepted_values: {arguments: {values: [\"{{ var('currency') }}\", EUR]}}"
    contract = table_of(tmp_path, KEY, f"{{name: currency, data_type: text, data_tests: [{accepted}]}}")
    currency = contract.table("t").column_for("Currency")
    assert currency is not None
    assert currency.accepted_values == ("USD", "EUR")


def test_the_schema_of_a_source_may_be_a_var(tmp_path: Path) -> None:
    tables = f"tables: [{{name: t, columns: [{KEY}]}}]"
    text = f"sources: [{{name: shop, schema: \"{{{{ var('shop_schema') }}}}\", {tables}}}]"
    assert contract_of(tmp_path, text).table("t").full_name == "crm.t"


def test_headers_find_their_columns_in_any_spelling(contract: Contract) -> None:
    table = contract.table("shop.transactions")
    spellings = ["customer_id", "Customer ID", " CUSTOMER-ID ", "household_id", "Household.Id", "customer  id"]
    assert {column and column.name for column in map(table.column_for, spellings)} == {"customer_id"}
    assert table.column_for("CustomerID") is table.column_for("customer_id")
    assert table.column_for("customers_id") is None
    assert normalize("Größe (€)") == "grösse"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("transactions.csv", "transactions"),
        ("Transactions 2025-01.CSV.gz", "transactions"),
        ("transactions2025.csv", "transactions"),
        ("customer_products_1.csv", "customer_products"),
    ],
)
def test_the_name_of_a_file_may_begin_with_a_table(contract: Contract, name: str, table: str) -> None:
    assert is_named_after(name, contract.table(table))


@pytest.mark.parametrize("name", ["x.csv", "my_transactions.csv", "transactionsx.csv", ".csv", "loads.csv"])
def test_a_name_that_is_no_tables(contract: Contract, name: str) -> None:
    assert not any(is_named_after(name, table) for table in contract.copied_tables)
    with pytest.raises(FileRefusedError, match=r"Tables: .*transactions"):
        contract.table(name)


def test_records_of_builds_are_none_of_the_contracts(contract: Contract) -> None:
    assert "operations" not in {table.source for table in contract.tables}
