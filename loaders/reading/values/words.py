"""Names of months and of time zones as files write them."""

from __future__ import annotations

_MONTHS = {
    "Jan": "jan january januar jänner janv janvier ene enero gen gennaio janeiro januari januari",
    "Feb": "feb february februar févr février fevr fevrier febrero febbraio fev fevereiro februari",
    "Mar": "mar march mär märz mrz maerz mars marzo março marco maart mrt marts",
    "Apr": "apr april avr avril abr abril aprile",
    "May": "may mai mayo mag maggio maio mei maj",
    "Jun": "jun june juni juin junio giu giugno junho",
    "Jul": "jul july juli juil juillet julio lug luglio julho",
    "Aug": "aug august août aout ago agosto augustus augusti",
    "Sep": "sep sept september septembre septiembre set settembre setembro",
    "Oct": "oct october okt oktober octobre octubre ott ottobre out outubro",
    "Nov": "nov november novembre noviembre novembro",
    "Dec": "dec december dez dezember déc décembre decembre dic diciembre dicembre dezembro",
}
# The English abbreviation of a month, by its name in English, German, French, Spanish, Italian, Portuguese, Dutch and
# the Scandinavian languages.
MONTHS = {name: english for english, names in _MONTHS.items() for name in names.split()}

# Offset or IANA name, by what exports write. Abbreviations that mean different zones in different countries, such as
# IST, are left out: their rows are rejected rather than moved by hours.
ZONES = {
    **dict.fromkeys(("z", "utc", "gmt", "wet"), "+00"),
    "est": "-05",
    "edt": "-04",
    "cst": "-06",
    "cdt": "-05",
    "mst": "-07",
    "mdt": "-06",
    "pst": "-08",
    "pdt": "-07",
    "akst": "-09",
    "akdt": "-08",
    "hst": "-10",
    "bst": "+01",
    "west": "+01",
    "cet": "+01",
    "mez": "+01",
    "cest": "+02",
    "mesz": "+02",
    "eet": "+02",
    "eest": "+03",
    "msk": "+03",
    "jst": "+09",
    "kst": "+09",
    "aest": "+10",
    "aedt": "+11",
    "nzst": "+12",
    "nzdt": "+13",
    "eastern time (us & canada)": "America/New_York",
    "central time (us & canada)": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "pacific time (us & canada)": "America/Los_Angeles",
    "atlantic time (canada)": "America/Halifax",
    "arizona": "America/Phoenix",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "london": "Europe/London",
    "dublin": "Europe/Dublin",
    "paris": "Europe/Paris",
    "madrid": "Europe/Madrid",
    "berlin": "Europe/Berlin",
    "sydney": "Australia/Sydney",
    "melbourne": "Australia/Melbourne",
    "brisbane": "Australia/Brisbane",
    "tokyo": "Asia/Tokyo",
}
