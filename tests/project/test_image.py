"""The image is built without Docker, and does as its user what compose.yaml asks of it (`make test-image`).

buildah runs each command in a chroot, on the network of this machine, with PostgreSQL outside. So nothing here tests
what the engine adds: `init`, `read_only`, `tmpfs`, `restart`, named volumes, and services finding each other by name.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from loaders.embedded.server import EmbeddedServer
from tests.conftest import DATA, ROOT
from tests.project.conftest import Environment, query
from tests.project.test_containers import DOCKERFILE, OWN

pytestmark = pytest.mark.engines

IMAGE = "localhost/customer-analytics:test"
BASE = DOCKERFILE.split("FROM ")[1].split()[0]
CERTIFICATES = "/etc/ssl/certs"
# The release of Debian with the Python of the base image.
SUITE = "trixie"
PACKAGES = "ca-certificates,python3,python3-venv"
SECONDS_TO_START = 300


def buildah(*arguments: object, cwd: Path = ROOT) -> str:
    """Run buildah to its end, and return what it prints."""
    command = ["buildah", *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    return result.stdout.strip()


def have_base() -> None:
    """Have the base image of the Dockerfile: the original, or else Debian with Python under its name."""
    if subprocess.run(["buildah", "pull", "--quiet", f"docker.io/library/{BASE}"], capture_output=True).returncode == 0:
        return
    if BASE in buildah("images", "--format", "{{.Name}}:{{.Tag}}").replace("localhost/", "").split():
        return
    if shutil.which("debootstrap") is None or os.getuid() != 0:
        pytest.skip(f"{BASE} can't be pulled; as root with debootstrap, a replacement could be made")
    container = buildah("from", "scratch")
    try:
        folder = buildah("mount", container)
        include = ["--variant=minbase", f"--include={PACKAGES}"]
        subprocess.run(["debootstrap", *include, SUITE, folder], check=True, capture_output=True)
        (Path(folder) / "usr" / "bin" / "python").symlink_to("python3")
        buildah("commit", "--quiet", container, f"localhost/{BASE}")
    finally:
        buildah("rm", container)


@dataclass(frozen=True)
class Container:
    """A container of the image, whose commands see the files of the image and the network of this machine."""

    name: str

    def command(self, *command: str, mounts: dict[Path, str], **variables: str) -> list[str]:
        """Return what runs a command in the container as the image's user, without capabilities."""
        options = [f"--volume={source}:{target}:ro" for source, target in mounts.items()]
        options += [f"--env={name}={value}" for name, value in variables.items()]
        return ["buildah", "run", "--isolation=chroot", "--cap-drop=all", *options, self.name, "--", *command]

    def run(self, *command: str, **variables: str) -> str:
        """Run a command to its end, and return what it prints."""
        result = subprocess.run(self.command(*command, mounts={}, **variables), capture_output=True, text=True)
        assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
        return result.stdout

    @contextmanager
    def running(
        self, service: str, database: Environment, log: Path, mounts: dict[Path, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run the command of a service of compose.yaml in its environment, until the block ends."""
        command = [part.replace("$$", "$") for part in OWN[service]["command"]]
        variables = {**OWN[service]["environment"], **database}
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(*command, mounts=mounts or {}, **variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=60)

    def finish(self, service: str, database: Environment, log: Path) -> None:
        """Run the command of a service to its end."""
        with self.running(service, database, log) as process:
            assert process.wait() == 0, log.read_text()[-5000:]


def wait_until(done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something is done by a process, which must not end before."""
    end = time.monotonic() + SECONDS_TO_START
    while not done():
        assert process.poll() is None, log.read_text()[-5000:]
        assert time.monotonic() < end, log.read_text()[-5000:]
        time.sleep(0.5)


def status(url: str, key: str = "") -> int:
    """Return the status of an answer over HTTP; 0 without an answer."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def require_port(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            pytest.skip(f"port {port}, where the image listens, is taken by another program")


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    if shutil.which("buildah") is None:
        pytest.fail("buildah is not installed: apt-get install buildah")
    have_base()
    # The format has HEALTHCHECK. The certificates are those by which this machine reaches the package index.
    options = ["--isolation=chroot", "--format=docker", "--pull-never", f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"]
    build = ["buildah", "bud", *options, "--tag", IMAGE, "."]
    result = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    printed = (result.stdout + result.stderr).lower()
    assert [line for line in printed.splitlines() if "warning" in line and "pip" not in line] == []
    name = buildah("from", "--pull-never", IMAGE)
    yield Container(name)
    buildah("rm", name)


@pytest.fixture(scope="module")
def database(container: Container, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """A database outside, after `init`, `loader` and `dbt` of compose.yaml, in this order."""
    folder = tmp_path_factory.mktemp("outside")
    server = EmbeddedServer(folder)
    server.start(tcp=True)
    password = pytest.MonkeyPatch()
    try:
        environment = server.environment(tcp=True)
        password.setenv("PGPASSWORD", environment["PGPASSWORD"])  # for the queries of these tests
        container.finish("init", environment, folder / "init.log")
        exports = folder / "exports"
        shutil.copytree(DATA, exports, ignore=lambda _, names: [name for name in names if not name.endswith(".csv")])
        subprocess.run(["chmod", "-R", "go+rX", exports], check=True)
        files = len(list(exports.iterdir()))
        loaded = "select count(*) from loader.loads where status = 'loaded'"
        log = folder / "loader.log"
        with container.running("loader", environment, log, {exports: "/exports"}) as process:
            wait_until(lambda: query(environment, loaded) == [(files,)], process, log)
        # All tests of the marts run elsewhere.
        unread = {"DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test"}
        container.finish("dbt", {**environment, **unread}, folder / "dbt.log")
        yield environment
    finally:
        password.undo()
        server.stop()


def test_the_image_has_a_user_and_a_health_check(container: Container) -> None:
    image = json.loads(buildah("inspect", "--type", "image", IMAGE))["Docker"]["config"]
    assert image["User"] == "10001"
    assert image["Healthcheck"]["Test"][0] == "CMD"
    assert container.run("id", "-u", "-n").strip() == "analytics"
    assert container.run("sh", "-c", "touch /opt/venv/new /etc/new 2>/dev/null || echo refused").strip() == "refused"
    assert container.run("grep", "CapEff", "/proc/self/status").split()[1].strip("0") == ""


def test_the_marts_are_those_of_the_files(database: Environment) -> None:
    with (DATA / "transactions.csv").open(newline="") as file:
        revenue = sum((Decimal(row["sales_value"]) for row in csv.DictReader(file)), Decimal())
    [[found]] = query(database, "select total_revenue from marts.metrics_summary")
    assert found == revenue.quantize(Decimal("0.01"), ROUND_HALF_UP)
    owners = "select distinct tableowner from pg_tables where schemaname = 'marts'"
    assert query(database, owners) == [("analytics_builder",)]
    assert query(database, "select count(*) > 0 from marts.build_history") == [(True,)]


def test_the_api_answers_those_who_have_a_key(container: Container, database: Environment, tmp_path: Path) -> None:
    require_port(8000)
    new_key = container.command("python", "-m", "serving.api.keys", "new", "prometheus", mounts={})
    printed = subprocess.run(new_key, check=True, capture_output=True, text=True)
    key = printed.stderr.split("shown this once: ")[1].split()[0]
    keys, log = tmp_path / "keys.yml", tmp_path / "api.log"
    keys.write_text(printed.stdout)
    keys.chmod(0o644)
    url = "http://127.0.0.1:8000"
    with container.running("api", database, log, {keys: "/run/secrets/api_keys"}) as process:
        wait_until(lambda: status(f"{url}/health") == 200, process, log)
        mart = f"{url}/marts/metrics_summary"
        assert (status(mart), status(mart, key)) == (401, 200)
        image = json.loads(buildah("inspect", "--type", "image", IMAGE))["Docker"]["config"]
        container.run(*image["Healthcheck"]["Test"][1:])


def test_the_dashboard_answers(container: Container, database: Environment, tmp_path: Path) -> None:
    require_port(8501)
    log = tmp_path / "dashboard.log"
    with container.running("dashboard", database, log) as process:
        wait_until(lambda: status("http://127.0.0.1:8501/_stcore/health") == 200, process, log)
        container.run(*OWN["dashboard"]["healthcheck"]["test"][1:])


def test_metrics_are_written(container: Container, database: Environment, tmp_path: Path) -> None:
    log = tmp_path / "metrics.log"
    file = "/metrics/customer_analytics.prom"
    with container.running("metrics", database, log) as process:
        wait_until(lambda: bool(container.run("sh", "-c", f"ls {file} 2>/dev/null || true")), process, log)
    assert "loader_rows_total" in container.run("cat", file)
