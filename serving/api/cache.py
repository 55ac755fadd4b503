"""A short-lived cache of answers: many readers with the same question cost the database one query."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

# Largest number of answers that are kept; the least recently used goes first.
MOST_ENTRIES = 256


@dataclass
class _Entry:
    """An answer, when the database gave it, and the task that makes a new one."""

    text: str | None = None
    asked: float = 0.0
    task: asyncio.Task[str] | None = None


class ShortMemory:
    """Keeps answers for a while. While one is made, readers wait for it, or get the last if it is not too old."""

    def __init__(self, fresh: float, stale: float, now: Callable[[], float] = time.monotonic) -> None:
        """Start empty.

        Args:
            fresh: Seconds for which an answer is given without querying the database again.
            stale: Seconds for which it may still be given while a new one is made.
            now: The clock.
        """
        self._fresh, self._stale, self._now = fresh, stale, now
        self._kept: OrderedDict[Hashable, _Entry] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[str]]) -> str:
        """Return the answer for a key; errors are not kept."""
        entry = self._kept.setdefault(key, _Entry())
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_ENTRIES:
            self._kept.popitem(last=False)
        age = self._now() - entry.asked
        if entry.text is not None and age < self._fresh:
            return entry.text
        if entry.task is None:
            # A task of its own: the query continues for the others when the first reader is gone.
            entry.task = asyncio.create_task(self._make(entry, make))
            entry.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        if entry.text is not None and age < self._stale:
            return entry.text
        return await asyncio.shield(entry.task)

    async def _make(self, entry: _Entry, make: Callable[[], Awaitable[str]]) -> str:
        asked = self._now()
        try:
            text = await make()
            entry.text, entry.asked = text, asked
            return text
        finally:
            entry.task = None
