"""Settings of the API from the environment."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse

from loaders.errors import LoaderError

RATE_LIMIT = parse("1200/minute")


@dataclass(frozen=True)
class ApiSettings:
    """Settings of the API; `docs/api.md` says which variable sets which.

    Attributes:
        host: Address to listen on.
        port: TCP port to listen on.
        keys_file: File of API keys. Without it only this machine has access, and needs no key.
        rate_limit: Requests allowed per key.
        cors_origins: Origins whose pages may read answers in a browser.
        ingest_enabled: Whether files can be loaded over HTTP.
        ingest_bytes: Largest upload in bytes.
        ingest_unpacked_bytes: Most bytes that an upload may unpack to.
        ingest_lines: Most lines of an upload.
        ingest_seconds: Longest time from the first byte of an upload to the end of its load.
        ingest_build: Whether the marts are built after an upload.
        pool_size: Connections to PostgreSQL, and so queries at the same time.
        statement_seconds: Longest time a statement may run.
        stream_seconds: Longest time a reader may take over a streamed answer.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    keys_file: Path | None = None
    rate_limit: RateLimitItem = RATE_LIMIT
    cors_origins: tuple[str, ...] = ()
    ingest_enabled: bool = False
    ingest_bytes: int = 100_000_000
    ingest_unpacked_bytes: int = 500_000_000
    ingest_lines: int = 2_000_000
    ingest_seconds: float = 120
    ingest_build: bool = True
    pool_size: int = 8
    statement_seconds: float = 10
    stream_seconds: float = 120

    def __post_init__(self) -> None:
        """Refuse settings that would open the data to strangers."""
        if self.keys_file is None and not is_local(self.host):
            raise LoaderError(
                f"Listening on {self.host} needs API keys.",
                "Create one with `python -m serving.api.keys new NAME`, and set API_KEYS_FILE to its file.",
            )
        if self.keys_file is None and self.ingest_enabled:
            raise LoaderError(
                "INGEST_ENABLED needs API keys, even on this machine, because any page in a browser could send files.",
                "Create one with `python -m serving.api.keys new NAME --scope ingest`, and set API_KEYS_FILE.",
            )


def is_local(host: str) -> bool:
    """Return whether an address or name means only this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    if (number := int(text)) <= 0:
        raise ValueError(text)
    return number


def _switch(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]


# Variable, how its text is read, and an example for the error message.
_READERS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "host": ("API_HOST", str, "127.0.0.1"),
    "port": ("API_PORT", _whole, "8000"),
    "keys_file": ("API_KEYS_FILE", Path, "keys.yml"),
    "rate_limit": ("API_RATE_LIMIT", parse, "1200/minute"),
    "cors_origins": ("API_CORS_ORIGINS", lambda text: tuple(text.replace(",", " ").split()), "https://example.com"),
    "ingest_enabled": ("INGEST_ENABLED", _switch, "true"),
    "ingest_bytes": ("INGEST_MAX_MB", lambda text: int(_positive(text) * 1_000_000), "100"),
    "ingest_unpacked_bytes": ("INGEST_MAX_UNPACKED_MB", lambda text: int(_positive(text) * 1_000_000), "500"),
    "ingest_lines": ("INGEST_MAX_LINES", _whole, "2000000"),
    "ingest_seconds": ("INGEST_SECONDS", _positive, "120"),
    "ingest_build": ("INGEST_BUILD", _switch, "true"),
    "pool_size": ("API_POOL_SIZE", _whole, "8"),
    "statement_seconds": ("API_STATEMENT_SECONDS", _positive, "10"),
    "stream_seconds": ("API_STREAM_SECONDS", _positive, "120"),
}
assert set(_READERS) == {field.name for field in fields(ApiSettings)}


def read_settings(environment: Mapping[str, str] = os.environ) -> ApiSettings:
    """Read the settings; an unset or empty variable leaves the default.

    Raises:
        LoaderError: A variable is invalid, or keys are required and missing.
    """
    found = {}
    for name, (variable, read, example) in _READERS.items():
        if text := environment.get(variable, "").strip():
            try:
                found[name] = read(text)
            except (ValueError, KeyError) as error:
                raise LoaderError(f"{variable} can't be {text!r}.", f"Write it like {example}.") from error
    return ApiSettings(**found)
