"""The command line: help, exit codes, and one clear sentence whatever is thrown at it."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from click.testing import CliRunner

from loaders.cli import main
from tests.conftest import ANY_AMOUNT, ROOT, Loader

HEADER = "id,customer_id,amount,date,note\n"
GOOD = HEADER + "1,c,1,2017-01-01,x\n"
BAD = HEADER + "1,c,secret,2017-01-01,x\n2,c,2,2017-01-01,\n"
ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Loader:
    """Run the command line without any database to be reached."""
    monkeypatch.setenv("PGHOST", "nowhere.invalid")

    def run(*arguments: object, stdin: bytes | None = None) -> Any:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)

    return run


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}".strip(), command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}".strip())


@pytest.mark.parametrize(("name", "command"), list(commands(main)), ids=lambda value: str(value)[:20])
def test_every_command_has_help_and_an_example(name: str, command: click.Command) -> None:
    assert command.help
    assert isinstance(command, click.Group) or re.search(rf"Example: .*loader {name}", command.help)
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or getattr(parameter, "help", None), parameter.name
    assert CliRunner().invoke(main, [*name.split(), "--help"]).exit_code == 0


@pytest.mark.parametrize("group", [[], ["db"]], ids=["loader", "db"])
def test_the_list_of_commands_is_not_cut(offline: Loader, group: list[str]) -> None:
    shown = offline(*group, "-h").stdout
    assert shown == offline(*group, "--help").stdout
    assert "..." not in shown.split("Commands:")[1].replace("[ARGS]...", "")


def test_a_shell_completes_commands() -> None:
    environment = {**os.environ, "_LOADER_COMPLETE": "bash_complete", "COMP_WORDS": "loader re", "COMP_CWORD": "1"}
    program = [sys.executable, "-c", "from loaders.cli import main; main(prog_name='loader')"]
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["plain,record", "plain,rejects", "plain,restore"]


def test_quiet_prints_what_went_wrong_alone(loader: Loader, connection: object, tmp_path: Path) -> None:
    good = write(tmp_path, "plans.csv", "plan_id\n1\n")
    bad = write(tmp_path, "products.csv", "product_id,price\n1,x\n2,1\n")
    assert loader("copy", good, "-q").output == ""
    result = loader("copy", good, bad, "--max-rejects", "1", *ANY_AMOUNT, "--quiet")
    assert result.exit_code == 3
    assert "products.csv" in result.stdout and "plans.csv" not in result.stdout
    assert loader("init", "-q").output == ""
    assert "plans.csv" in loader("status", "-q").stdout  # what was asked for


def test_verbose_tells_the_steps_and_nothing_of_rows(loader: Loader, connection: object, tmp_path: Path) -> None:
    file = write(tmp_path, "products.csv", "product_id,price\n0123-secret,x\n2,1\n")
    result = loader("copy", file, "--max-rejects", "1", *ANY_AMOUNT, "-v")
    said = [line[9:] for line in result.stderr.splitlines()]  # without the time of day
    assert said[0].startswith("connected to PostgreSQL ")
    assert said[1:] == [
        "products.csv: read 35 bytes, as utf-8",
        "products.csv: judged 2 rows, 1 rejected",
        "products.csv: load 1 has come to its end",
    ]
    assert loader("copy", file, "--force", "--max-rejects", "1", *ANY_AMOUNT).stderr == ""


ODD = {
    "missing": [["x.csv"], "There is no file x.csv"],
    "missing_pattern": [["x*.csv"], "There is no file"],
    "folder_without_csv": [["{tmp}"], "no CSV file in the folder"],
    "nul_in_name": [["x\x00.csv"], "There is no file x\\x00.csv"],
    "endless_name": [["x" * 5000], "can't be opened"],
    "unknown_name": [["{tmp}/odd/odd.csv"], "loader adopt odd.csv"],
    "unknown_table": [["{tmp}/odd/odd.csv", "--table", "nothing"], "no table 'nothing'"],
    "stdin_without_table": [["-"], "--table NAME"],
    "binary": [["{tmp}/odd/transactions.csv"], "zip archive"],
    "encoding": [["{tmp}/odd/odd.csv", "--table", "users", "--encoding", "x"], "no encoding 'x'"],
    "date_format": [["{tmp}/odd/odd.csv", "--table", "users", "--date-format", "x"], "not a date format"],
    "empty_stdin": [["-", "--table", "users"], "is empty"],
    "special_file": [["/dev/null", "--table", "users"], "is empty"],
}


@pytest.mark.parametrize("case", ODD)
def test_odd_input_is_refused_in_a_sentence(offline: Loader, tmp_path: Path, case: str) -> None:
    arguments, words = ODD[case]
    (tmp_path / "odd").mkdir()
    write(tmp_path / "odd", "odd.csv", "user_id\n1\n")
    (tmp_path / "odd" / "transactions.csv").write_bytes(b"PK\x03\x04")
    result = offline("check", *[argument.replace("{tmp}", str(tmp_path)) for argument in arguments], stdin=b"")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert words in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("arguments", [["copy"], ["nothing"], ["copy", "x", "--nothing"], ["rejects", "x"]])
def test_wrong_usage_ends_with_2(offline: Loader, arguments: list[str]) -> None:
    assert offline(*arguments).exit_code == 2


def test_check_and_copy_give_the_same_verdicts(
    loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = HEADER + 'a,c,,2017-01-01,\nb,c,x,2017-01-01,\nc\nd,c,1,2017-01-01,"\nd,c,1,2017-01-01,\nd,c,2,2017-01-01,\n'
    file = write(tmp_path, "transactions.csv", text)
    assert loader("copy", file, "--max-rejects", "99%", *ANY_AMOUNT).exit_code == 3
    stored = json.loads(loader("rejects", "--json").stdout)
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    checked = loader("check", file, "--max-rejects", "99%", *ANY_AMOUNT, "--json")
    assert checked.exit_code == 3
    (result,) = json.loads(checked.stdout)
    assert result["rejects"] == stored
    assert [reject["line"] for reject in stored] == [2, 3, 4, 5, 6]
    assert (result["status"], result["rows_read"], result["rows_rejected"]) == ("checked", 6, 5)


def test_check_shows_no_more_rows_than_asked_for(offline: Loader, tmp_path: Path) -> None:
    file = write(tmp_path, "transactions.csv", HEADER + "1\n" * 60)
    result = offline("check", file, "--limit", 7)
    assert result.stdout.count("too_few_fields") == 7
    assert "7 of 60 rejected rows" in result.stdout


def test_standard_input_and_folders(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    write(tmp_path, "transactions größe 1.csv", GOOD)
    (tmp_path / "transactions_2.CSV.gz").write_bytes(gzip.compress(GOOD.replace("\n1,", "\n2,").encode()))
    write(tmp_path, "readme.txt", "no CSV")
    assert loader("copy", tmp_path).exit_code == 0
    from_pipe = loader("copy", "-", "--table", "transactions", stdin=GOOD.replace("\n1,", "\n3,").encode())
    assert from_pipe.exit_code == 0, from_pipe.output
    assert "columns that are not in the contract, kept in _extra: note" in from_pipe.stdout
    rows = connection.execute("select transaction_id, _extra ->> 'note' from raw.transactions order by 1").fetchall()
    assert rows == [("1", "x"), ("2", "x"), ("3", "x")]


def test_what_the_encoding_was_is_told(offline: Loader, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes("user_id,email\n1,é\n".encode("cp1252"))
    assert "read as cp1252; --encoding overrides" in offline("check", tmp_path / "users.csv").stdout


def test_nothing_can_steer_the_terminal(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    text = HEADER.replace("note", f"note{ESCAPE}") + f"1,c,{ESCAPE},2017-01-01,x\n2,c,2,2017-01-01,{ESCAPE}\n"
    odd = write(tmp_path, f"transactions{ESCAPE}[red].csv", text)
    twice = write(tmp_path, f"users{ESCAPE}.csv", f"user_id,{ESCAPE},{ESCAPE}\n")
    runs = [
        loader("copy", odd, twice, "--max-rejects", "50%", *ANY_AMOUNT),
        loader("copy", odd, twice, "--json", "--force"),
        loader("check", odd, twice),
        loader("check", odd, twice, "--json"),
        loader("status"),
        loader("status", "--json"),
        loader("rejects", "1"),
        loader("rejects", "1", "--json"),
        loader("copy", f"{tmp_path}/{ESCAPE}"),
        loader("copy", odd, "--table", ESCAPE),
        loader("copy", odd, "--encoding", ESCAPE),
        loader("copy", odd, "--max-rejects", ESCAPE),
        loader("copy", odd, f"--{ESCAPE}"),
        loader(ESCAPE),
        loader("status", ESCAPE),
    ]
    for run in runs:
        shown = run.output
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown), (run, shown)
    documents = [json.loads(run.stdout) for run in runs if run.stdout.startswith("[")]
    assert len(documents) == 4
    assert documents[0][0]["file"] == odd.name
    assert connection.execute("select _extra from raw.transactions").fetchall() == [({f"note{ESCAPE}": ESCAPE},)]


def test_headers_and_names_are_no_sql(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    evil = "x'); drop table raw.users; --"
    text = f'user_id,"{evil}","a"" b"\n1,"{evil}",$1\n'
    file = write(tmp_path, f"users_{evil}.csv", text)
    result = loader("copy", file)
    assert result.exit_code == 0, result.output
    assert connection.execute("select user_id, _extra from raw.users").fetchall() == [
        ("1", {evil: evil, 'a" b': "$1"}),
    ]
    assert evil in loader("status", "--json").stdout


def test_row_contents_are_shown_by_rejects_alone(
    loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    file = write(tmp_path, "transactions.csv", BAD)
    for limit in ("0", "50%"):
        assert "secret" not in loader("copy", file, "--max-rejects", limit).output
    assert "secret" not in loader("status", "--json").output
    assert "secret" in loader("rejects").output
    assert "secret" in loader("check", file).output


def test_a_name_that_is_no_text_is_loaded(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    name = os.fsdecode(b"users_\xff.csv")
    if sys.platform != "linux":
        pytest.skip("other systems refuse such names")
    (tmp_path / name).write_text("user_id\n1\n")
    result = loader("copy", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["file"] == "users_\\xff.csv"


def test_tables_are_readable_at_80_columns(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    name = "transactions_2025-01_export_of_the_shop_in_the_north.csv"
    loader("copy", write(tmp_path, name, BAD), "--max-rejects", "50%", *ANY_AMOUNT)
    for arguments in (["status"], ["rejects"], ["tables"]):
        shown = in_terminal(*arguments)
        assert max(map(len, shown.splitlines())) <= 80
        whole = {"status": ["loaded", "1 rejected", "started"], "rejects": ["invalid_numeric", "amount"]}
        for words in whole.get(arguments[0], ["transacted_at", "customer_products", "timestamptz"]):
            assert words in shown


def in_terminal(*arguments: str) -> str:
    """Run the command line in a terminal of 80 columns and return what it shows, without colours."""

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "loaders.cli", *arguments]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 1 << 16)
            except OSError:  # the other side is closed
                break
            if not block:
                break
            shown += block
        process.wait()
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
