"""`loader quality` before there is a report; what it says of one is tested with the marts."""

from __future__ import annotations

from tests.conftest import Loader


def test_without_marts_it_says_what_to_do(loader: Loader) -> None:
    for arguments in ((), ("unknown_product",)):
        result = loader("quality", *arguments)
        assert result.exit_code == 1
        assert "not built" in result.output
        assert "dbt build" in result.output
