"""Dockerfile and compose.yaml fit the project, as far as that shows without an engine to run them."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from loaders.cli import main
from serving.api import settings
from serving.dashboard import settings as dashboard_settings
from tests.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service.get("build")}
# What the one who starts it provides (docs/containers.md).
PROVIDED = {"EXPORTS_FOLDER", "SECRETS_FOLDER"}


def mounts(service: dict[str, Any]) -> list[list[str]]:
    """Return source and target of the volumes of a service; of a variable's default the name alone is left."""
    return [re.sub(r"\$\{(\w+):-[^}]*\}", r"\1", volume).split(":") for volume in service.get("volumes", [])]


def docker_compose() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and not subprocess.run([*command, "version"], capture_output=True).returncode:
            return command
    return None


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("hadolint is not installed; the extra `test` brings it on Linux")
    result = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_compose_reads_its_file(tmp_path: Path) -> None:
    command = docker_compose()
    if command is None:
        pytest.skip("docker compose is not installed")
    environment = {**os.environ, "POSTGRES_PASSWORD": "a", "GRAFANA_PASSWORD": "b"}
    file = ["--file", ROOT / "compose.yaml", "--env-file", tmp_path / ".env"]
    (tmp_path / ".env").touch()
    result = subprocess.run([*command, *file, "config", "--quiet"], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    # Without a password nothing starts.
    del environment["POSTGRES_PASSWORD"]
    assert subprocess.run([*command, *file, "config", "--quiet"], env=environment, capture_output=True).returncode


def test_every_image_has_a_tag_that_stays() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    for image in images:
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d[\w.-]*", image), image


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    assert len(re.findall(r"^FROM", DOCKERFILE, re.MULTILINE)) == 2
    assert "HEALTHCHECK" in DOCKERFILE
    for name, service in SERVICES.items():
        check = service.get("healthcheck")
        if name in OWN and "ports" not in service:
            assert check == {"disable": True}, name
        elif name != "api":  # what the image checks is the API
            assert check["test"], name


def test_the_image_is_built_from_what_the_wheel_is_and_no_more() -> None:
    """That a wheel of these files makes a project that dbt builds is tested in test_wheel.py."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    described = {"pyproject.toml", "requirements.lock", "README.md", "LICENSE"}
    assert allowed == {*described, *wheel["packages"], *wheel["force-include"]}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [name for name in sorted(allowed) if not re.search(rf"^{re.escape(name)}(/|$)", tracked, re.MULTILINE)] == []
    assert "RUN loader new /app " in DOCKERFILE


@pytest.mark.parametrize("name", OWN)
def test_the_commands_are_there(name: str) -> None:
    from dbt.cli.main import cli as dbt_commands  # three seconds that only this test should wait for

    command: list[str] = OWN[name]["command"]
    calls = [command]
    if command[:2] == ["sh", "-c"]:
        calls = [shlex.split(call) for call in re.findall(r"\b(?:loader|dbt) [^;]+", command[2])]
        assert calls
    for program, *arguments in calls:
        if program == "python":
            assert arguments[0] == "-m"
            assert importlib.util.find_spec(f"{arguments[1]}.__main__")
            continue
        commands = {"loader": main, "dbt": dbt_commands}[program].commands
        assert arguments[0] in commands
        known = {option for parameter in commands[arguments[0]].params for option in parameter.opts}
        assert {argument for argument in arguments[1:] if argument.startswith("-")} <= known


def test_variables_are_those_that_the_programs_read() -> None:
    read = {default.envvar.decode() for default in psycopg.pq.Conninfo.get_defaults() if default.envvar}
    read |= set(re.findall(r"env_var\('(\w+)'", (ROOT / "profiles.yml.example").read_text()))
    read |= {variable for variable, _, _ in settings._READERS.values()} | set(dashboard_settings.VARIABLES)
    for name, service in OWN.items():
        assert set(service["environment"]) <= read, name
    interpolated = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    example = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert interpolated == example


def test_volumes_secrets_and_dependencies_are_there() -> None:
    for name, service in SERVICES.items():
        for source, target, *_ in mounts(service):
            assert target.startswith("/")
            if source not in PROVIDED:
                assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], (
                    name,
                    source,
                )
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for other, how in service.get("depends_on", {}).items():
            healthy = how["condition"] == "service_healthy"
            assert "test" in SERVICES[other]["healthcheck"] if healthy else "restart" not in SERVICES[other], name


def test_prometheus_finds_its_targets_alerts_and_key() -> None:
    config = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text())
    targets = [
        each for job in config["scrape_configs"] for static in job["static_configs"] for each in static["targets"]
    ]
    assert {target.split(":")[0] for target in targets} <= set(SERVICES)
    prometheus = SERVICES["prometheus"]
    inside = [target for _, target, *_ in mounts(prometheus)]
    assert all(f"/etc/prometheus/{file}" in inside for file in config["rule_files"])
    keys = [job["authorization"]["credentials_file"] for job in config["scrape_configs"] if "authorization" in job]
    assert keys == [f"/run/secrets/{secret}" for secret in prometheus["secrets"]]


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
