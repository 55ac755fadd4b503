"""A short memory of answers: many who ask the same within seconds cost the database one query."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable

# Answers that are kept at most; the one not asked for longest goes first.
MOST_ENTRIES = 256


class ShortMemory:
    """Keeps each answer for some seconds; who asks while it is being made waits for it."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """Begin empty."""
        self._seconds, self._now = seconds, now
        self._kept: OrderedDict[Hashable, tuple[float, asyncio.Task[str]]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[str]]) -> str:
        """Return the answer for a key, at most some seconds old; errors are not kept."""
        made, task = self._kept.get(key, (0.0, None))
        if task is None or self._now() >= made + self._seconds:
            # A task of its own: the query goes on for the others when the first who asked is gone.
            task = asyncio.ensure_future(_run(make))
            self._kept[key] = (self._now(), task)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_ENTRIES:
            self._kept.popitem(last=False)
        try:
            return await asyncio.shield(task)
        except Exception:
            if self._kept.get(key, (0.0, None))[1] is task:
                del self._kept[key]
            raise


async def _run(make: Callable[[], Awaitable[str]]) -> str:
    return await make()
