"""Access: API keys with scopes, a rate limit for each, and only this machine if there are no keys."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import yaml
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from loaders.errors import LoaderError
from serving.api.problems import ProblemError
from serving.api.settings import ApiSettings, is_local

SCOPES = ("read", "ingest")
PREFIX = "ca_"

bearer = HTTPBearer(auto_error=False, description="An API key, as `python -m serving.api.keys new` printed it.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


@dataclass(frozen=True)
class Key:
    """What is kept of an API key: never the key itself."""

    name: str
    sha256: str
    scopes: tuple[str, ...]


def digest(key: str) -> str:
    """Return the hash by which a key is known. A key has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def read_keys(file: Path) -> tuple[Key, ...]:
    """Read a file of keys: a YAML list of `name`, `sha256` and `scopes`.

    Raises:
        LoaderError: The file can't be read, or an entry is not a key.
    """
    hint = "`python -m serving.api.keys new NAME` prints a correct entry."
    try:
        keys = tuple(
            Key(str(entry["name"]), str(entry["sha256"]).lower(), tuple(entry["scopes"]))
            for entry in yaml.safe_load(file.read_text(encoding="utf-8")) or []
        )
    except OSError as error:
        raise LoaderError(f"{file} (API_KEYS_FILE) can't be read: {error.strerror}.", hint) from error
    except (ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        raise LoaderError(f"{file} (API_KEYS_FILE) is not a list of name, sha256 and scopes.", hint) from error
    for key in keys:
        if len(key.sha256) != 64 or not set(key.scopes) <= set(SCOPES):
            raise LoaderError(f"{file}: the entry {key.name!r} has no SHA-256 hash or an unknown scope.", hint)
    if len({key.name for key in keys}) < len(keys) or not keys:
        raise LoaderError(f"{file} (API_KEYS_FILE) has no key, or two with the same name.", hint)
    return keys


class Guard:
    """Admits or refuses requests; its methods are dependencies of routes."""

    def __init__(self, settings: ApiSettings) -> None:
        """Read the keys."""
        self._keys = read_keys(settings.keys_file) if settings.keys_file else None
        self._rate = settings.rate_limit
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def allow(self, scope: str) -> Callable[[Request, Credentials], Awaitable[None]]:
        """Return the dependency of routes that need a scope."""

        async def check(request: Request, credentials: Credentials) -> None:
            key = self._find(credentials)
            client = request.client.host if request.client else "socket"
            self._count(f"key {key.name}" if key else f"client {client}")
            if key:
                request.state.key_name = key.name
            if self._keys is None:
                self._only_this_machine(request)
            elif key is None:
                raise ProblemError(
                    401, "Send an API key: `Authorization: Bearer ca_...`.", {"WWW-Authenticate": "Bearer"}
                )
            elif scope not in key.scopes:
                raise ProblemError(403, f"This key has no scope {scope}. Use one that has it.")

        return check

    async def limit(self, request: Request) -> None:
        """Admit anybody, but not too often (dependency)."""
        self._count(f"client {request.client.host if request.client else 'socket'}")

    def _find(self, credentials: HTTPAuthorizationCredentials | None) -> Key | None:
        if credentials is None:
            return None
        given = digest(credentials.credentials)
        # Every key is compared, each in constant time, so the time reveals nothing.
        found = [key for key in self._keys or () if hmac.compare_digest(key.sha256, given)]
        return found[0] if found else None

    def _count(self, who: str) -> None:
        if not self._limiter.hit(self._rate, who):
            wait = self._limiter.get_window_stats(self._rate, who).reset_time - time.time()
            raise ProblemError(
                429,
                f"More than {self._rate.amount} requests in {self._rate.get_expiry()} s. Try again later.",
                {"Retry-After": str(max(1, math.ceil(wait)))},
            )

    def _only_this_machine(self, request: Request) -> None:
        """Refuse other machines, and pages that reach this one under a name of their own (DNS rebinding)."""
        if not is_local(request.url.hostname or "") or (request.client and not is_local(request.client.host)):
            raise ProblemError(401, "Without API_KEYS_FILE the API answers only this machine, by its local name.")
