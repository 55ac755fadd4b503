"""Lines in several currencies: converted at the rate of their day, recomputed from the files with Python's decimals."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

import pytest

from tests.project.conftest import ONLY_TESTS_OF_MARTS, Dbt, Environment, query

Load = Callable[..., Environment]
Amounts = dict[str, tuple[Decimal, str, Decimal]]

MARTS = ("order_lines", "metrics_summary", "daily_sales", "data_quality_report", "revenue_restatements")
MILLIONTH, CENT = Decimal("0.000001"), Decimal("0.01")

# In the shape of the ECB's eurofxref-hist.csv: newest day first, working days only, a comma at the end of each line.
ECB = """\
Date,USD,JPY,BGN,CYP,CZK,DKK,EEK,GBP,HUF,LTL,LVL,MTL,PLN,ROL,RON,SEK,SIT,SKK,CHF,ISK,NOK,HRK,RUB,TRL,TRY,AUD,BRL,CAD,\
CNY,HKD,IDR,ILS,INR,KRW,MXN,MYR,NZD,PHP,SGD,THB,ZAR,
2024-01-08,1.0946,157.72,1.9558,N/A,24.538,7.4581,N/A,0.86128,378.75,N/A,N/A,N/A,4.3475,N/A,4.9735,11.212,N/A,N/A,\
0.9306,150.5,11.3455,N/A,N/A,N/A,32.7394,1.6331,5.3389,1.4628,7.8362,8.5481,17005.72,4.0686,91.005,1441.43,18.4612,\
5.0851,1.7567,60.939,1.4563,38.289,20.4689,
2024-01-05,1.0921,158.36,1.9558,N/A,24.599,7.4585,N/A,0.86218,378.93,N/A,N/A,N/A,4.3508,N/A,4.9744,N/A,N/A,N/A,\
0.9315,150.3,11.329,N/A,N/A,N/A,32.6165,1.6313,5.3526,1.4598,7.8082,8.5303,16945.88,4.0125,90.788,1436.52,18.5879,\
5.0840,1.7547,60.733,1.4534,37.966,20.4452,
2024-01-03,1.0919,155.66,1.9558,N/A,24.644,7.4578,N/A,0.86380,380.83,N/A,N/A,N/A,4.3640,N/A,4.9739,N/A,N/A,N/A,\
0.9327,150.1,11.3235,N/A,N/A,N/A,32.5186,1.6236,5.3710,1.4572,7.8057,8.5262,16953.55,3.9883,90.9540,1432.25,18.6160,\
5.0613,1.7500,60.765,1.4511,37.566,20.4054,
"""
# The shop's own rates, into US dollars.
RATES = """\
date,currency,rate
2024-01-04,chf,1.17
2024-01-05,CHF,1.171234567
2024-01-02,AED,0.2723
"""
LINES = """\
transaction_id,customer_id,amount,currency,date
dollars,1,10.123456789,USD,2024-01-05
lower,2,5.005,usd,2024-01-05
silent,1,7.25,,2024-01-06
more,1,1,USD,2024-01-02
last,3,2,USD,2024-01-08
euros,1,100,EUR,2024-01-05
blanks,2,-33.33, eur ,2024-01-04
sunday,2,19.99,GBP,2024-01-07
own,3,250.10,CHF,2024-01-05
own_before,3,250.10,chf,2024-01-04
after_own,3,250.10,CHF,2024-01-08
dirhams,1,99.95,AED,2024-01-08
yen,1,1234567,JPY,2024-01-08
rupiahs,1,98765.43,idr,2024-01-03
too_early,1,12.50,GBP,2024-01-02
no_rate_yet,1,40,SEK,2024-01-05
rate,1,40,SEK,2024-01-08
unheard_of,2,8.75,XAU,2024-01-08
unheard_of_too,2,-1.25,xau,2024-01-08
"""


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def rates_into(reporting: str, *, own: str) -> dict[str, dict[str, tuple[Decimal, Decimal]]]:
    """Return units of the reporting currency, and for how many units of each currency, by currency and day."""
    found: dict[str, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)
    for row in rows_of(ECB):
        euros = {name: Decimal(value) for name, value in row.items() if value not in ("N/A", "", row["Date"])}
        euros["EUR"] = Decimal(1)
        for currency, units in euros.items():
            found[currency][row["Date"]] = (euros[reporting], units)
    for row in rows_of(own):
        found[row["currency"].upper()][row["date"]] = (Decimal(row["rate"]), Decimal(1))
    return found


def converted(lines: str, reporting: str, *, own: str = "") -> Amounts:
    """Return amount, currency and original amount of each line that has a rate."""
    rates = rates_into(reporting, own=own)
    found: Amounts = {}
    with localcontext() as context:
        context.prec = 60
        for line in rows_of(lines):
            currency, original = line["currency"].strip().upper() or reporting, Decimal(line["amount"])
            if currency == reporting:
                found[line["transaction_id"]] = (original, currency, original)
            elif days := [day for day in rates[currency] if day <= line["date"]]:
                reporting_units, units = rates[currency][max(days)]
                amount = (original * reporting_units / units).quantize(MILLIONTH, ROUND_HALF_UP)
                found[line["transaction_id"]] = (amount, currency, original)
    return found


def write(folder: Path, **texts: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


def build(dbt: Dbt, environment: Environment, **variables: str) -> None:
    """Build the marts with their tests, which compare order_lines and revenue_restatements with the raw tables."""
    selected = ["--select", *(f"+{mart}" for mart in MARTS), "--indirect-selection", "buildable"]
    told = ["--vars", json.dumps(variables)] if variables else []
    dbt(environment, "build", *selected, *ONLY_TESTS_OF_MARTS, *told)


def amounts(environment: Environment) -> Amounts:
    rows = query(environment, "select transaction_id, amount, currency, original_amount from marts.order_lines")
    return {str(row[0]): (Decimal(str(row[1])), str(row[2]), Decimal(str(row[3]))) for row in rows}


def total(found: Amounts) -> Decimal:
    return sum((amount for amount, *_ in found.values()), Decimal(0)).quantize(CENT, ROUND_HALF_UP)


@pytest.fixture(scope="module")
def dollars(load: Load, dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Marts of all three files, with var `currency` unset."""
    folder = tmp_path_factory.mktemp("dollars")
    environment = load(*write(folder, transactions=LINES, exchange_rates=RATES, **{"eurofxref-hist": ECB}))
    build(dbt, environment)
    return environment


def test_each_line_is_converted_at_the_rate_of_its_day_or_the_last_before(dollars: Environment) -> None:
    expected = converted(LINES, "USD", own=RATES)
    assert amounts(dollars) == expected
    assert {line["transaction_id"] for line in rows_of(LINES)} - set(expected) == {
        "too_early",
        "no_rate_yet",
        "unheard_of",
        "unheard_of_too",
    }
    summary = "select currency, total_revenue, total_transactions from marts.metrics_summary"
    assert query(dollars, summary) == [("USD", total(expected), len(expected))]
    assert query(dollars, "select sum(net_change) from marts.revenue_restatements") == [
        (sum(amount for amount, *_ in expected.values()),)
    ]


def test_lines_without_a_rate_are_reported_with_their_money_by_currency(dollars: Environment) -> None:
    report = """
        select severity, description, rows_checked, rows_failed, amount_affected from marts.data_quality_report
        where check_name = 'missing_exchange_rate'
    """
    [(severity, description, checked, failed, money)] = query(dollars, report)
    assert (severity, checked, failed, money) == ("error", 14, 4, None)
    assert "exchange_rates.csv" in str(description)
    assert "eurofxref-hist.csv" in str(description)
    issues = "select item, reason from intermediate.int_quality_issues where check_name = 'missing_exchange_rate'"
    assert dict(query(dollars, issues)) == {
        "too_early": "GBP 12.50 of 12.50 (lines: 1)",
        "no_rate_yet": "SEK 40.00 of 40.00 (lines: 1)",
        "unheard_of": "XAU 8.75 of 7.50 (lines: 2)",
        "unheard_of_too": "XAU -1.25 of 7.50 (lines: 2)",
    }


def test_lines_count_again_once_a_file_has_their_rate(
    load: Load, dbt: Dbt, copy_more: Callable[..., None], tmp_path: Path
) -> None:
    """And a correction moves a line to another currency, which the restatements follow."""
    environment = load(*write(tmp_path / "lines", transactions=LINES))
    dbt(environment, "run", "--select", "+order_lines", "--vars", "currency: eur")
    assert set(amounts(environment)) == {"silent", "euros", "blanks"}
    header = LINES.splitlines()[0]
    corrected = f"{header}\nown,3,250.10,USD,2024-01-05\nunheard_of,2,8.75,,2024-01-08\n"
    copy_more(environment, *write(tmp_path / "more", transactions_2=corrected, **{"eurofxref-hist": ECB}))
    build(dbt, environment, currency="eur")
    replaced = {line.split(",")[0]: line for line in corrected.splitlines()[1:]}
    lines = [replaced.get(line.split(",")[0], line) for line in LINES.splitlines()]
    expected = converted("\n".join(lines), "EUR")
    assert amounts(environment) == expected
    assert "dirhams" not in expected
    assert query(environment, "select currency, total_revenue from marts.metrics_summary") == [("EUR", total(expected))]
