"""A page as JSON, CSV or NDJSON: a small one at once, a large one streamed from a cursor on the server."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from itertools import starmap
from typing import Any

import psycopg
from psycopg import AsyncServerCursor
from starlette.datastructures import URL
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from loaders.operations.export_formats import without_formula
from serving.api.database import Connection, Pool, read
from serving.api.marts import Mart
from serving.api.paging import encode, read_row
from serving.api.queries import Page

FORMATS = {"json": "application/json", "csv": "text/csv", "ndjson": "application/x-ndjson"}
# Rows up to which a page is answered at once, and rows of a streamed page that are in memory.
AT_ONCE, BATCH = 1_000, 500

Rows = Sequence[str]


def chosen_format(asked: str | None, accept: str) -> str:
    """Return the requested format, else the first one in the Accept header, else JSON."""
    if asked:
        return asked
    accepted = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    names = {media_type: name for name, media_type in FORMATS.items()}
    return next((names[each] for each in accepted if each in names), "json")


async def gone(receive: Receive) -> None:
    """Return when the client has disconnected; its whole body has been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


class PageAnswer(Response):
    """The answer with a page. The query runs when the answer is sent, so nothing is held if it never is."""

    def __init__(
        self, pool: Pool, mart: Mart, page: Page, form: str, url: URL, seconds: float, *, raw: bool = False
    ) -> None:
        """Keep what is needed to answer.

        Args:
            pool: Where connections come from.
            mart: The mart.
            page: The query.
            form: `json`, `csv` or `ndjson`.
            url: Address of the request, from which the next page's is made.
            seconds: Longest time the answer may take once it has begun.
            raw: Don't escape text in CSV that a spreadsheet would run as a formula.
        """
        super().__init__()
        self.pool, self.mart, self.page, self.form, self.url, self.seconds = pool, mart, page, form, url, seconds
        # Numbers are text here, so the contract says what may be a formula.
        self.texts = {column.name for column in mart.columns if not raw and column.type.sql in ("text", "")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the query and send the answer."""
        if self.page.limit <= AT_ONCE:
            rows = await read(self.pool, self._fetch)
            following = self._following(rows[self.page.limit - 1 :])
            body = self._head(following) + self._rows(rows[: self.page.limit], first=True) + self._foot()
            await Response(body, headers=self._more_headers(following), media_type=FORMATS[self.form])(
                scope, receive, send
            )
            return
        began = False

        async def noting(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        async def stream(connection: Connection) -> None:
            try:
                await self._stream(connection, scope, receive, noting)
            except (TimeoutError, psycopg.OperationalError):
                # A reader who is too slow, or whose connection broke, gets no last chunk, and so knows that the answer
                # is incomplete.
                if not began:
                    raise

        await read(self.pool, stream)

    async def _fetch(self, connection: Connection) -> list[str]:
        cursor = await connection.execute(self.page.query, self.page.parameters)
        return [row for (row,) in await cursor.fetchall()]

    async def _stream(self, connection: Connection, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self.page.limit
        async with connection.transaction(), AsyncServerCursor(connection, "page", scrollable=True) as cursor:
            await cursor.execute(self.page.query, self.page.parameters)
            # The last row of the page is needed first, as the header has the address of the next page.
            await cursor.scroll(limit - 1, "absolute")
            following = self._following([row for (row,) in await cursor.fetchmany(2)])
            await cursor.scroll(0, "absolute")
            async with aclosing(self._body(cursor, following)) as body, asyncio.timeout(self.seconds):
                answer = StreamingResponse(body, headers=self._more_headers(following), media_type=FORMATS[self.form])
                await answer(scope, receive, send)

    async def _body(
        self, cursor: AsyncServerCursor[tuple[Any, ...]], following: str | None
    ) -> AsyncGenerator[bytes, None]:
        left = self.page.limit
        yield self._head(following)
        while left and (rows := await cursor.fetchmany(min(BATCH, left))):
            yield self._rows([row for (row,) in rows], first=left == self.page.limit)
            left -= len(rows)
        yield self._foot()

    def _following(self, rows: Rows) -> str | None:
        """Return the cursor of the next page, given the last row of this one and the first one after it."""
        return encode(self.page.fingerprint, rows[0], self.page.orders) if len(rows) > 1 else None

    def _more_headers(self, following: str | None) -> dict[str, str]:
        headers = {"Vary": "Accept, Authorization"}
        if following:
            address = self.url.include_query_params(cursor=following)
            headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
        if self.form == "csv":
            headers["Content-Disposition"] = f'attachment; filename="{self.mart.name}.csv"'
        return headers

    def _head(self, following: str | None) -> bytes:
        if self.form == "json":
            return f'{{"next_cursor":{json.dumps(following)},"data":['.encode()
        return _csv([column.name for column in self.mart.columns]) if self.form == "csv" else b""

    def _rows(self, rows: Rows, *, first: bool) -> bytes:
        if self.form == "csv":
            return b"".join(_csv(starmap(self._cell, read_row(row).items())) for row in rows)
        if self.form == "ndjson":
            return "".join(f"{row}\n" for row in rows).encode()
        return ("" if first or not rows else ",").encode() + ",".join(rows).encode()

    def _cell(self, name: str, value: Any) -> Any:
        if isinstance(value, bool):
            return "true" if value else "false"
        text = json.dumps(value) if isinstance(value, dict | list) else value
        return without_formula(text) if name in self.texts and text is not None else text

    def _foot(self) -> bytes:
        return b"]}" if self.form == "json" else b""


def _csv(cells: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
