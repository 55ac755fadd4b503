"""Builds of the marts after uploads: one at a time, and uploads that arrive during one share the next."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from loaders.destinations.postgres.connection import connect
from loaders.errors import LoaderError
from loaders.operations import run as runs
from loaders.project import Project

# Number of builds whose state is kept, and seconds between two looks at a `loader run` that is in progress.
KEPT, PAUSE = 100, 1.0
log = logging.getLogger(__name__)


class Build(BaseModel):
    """A build of the marts."""

    id: str = Field(examples=["5f1c0b7a9d3e"])
    state: Literal["waiting", "running", "testing", "succeeded", "failed"] = Field(
        description="The marts show the load when it is `testing`.", examples=["succeeded"]
    )
    requested_at: AwareDatetime
    started_at: AwareDatetime | None = None
    fresh_at: AwareDatetime | None = Field(default=None, description="When the marts showed the load.")
    finished_at: AwareDatetime | None = None
    selectors: list[str] = Field(
        default=[],
        description="What was built: `core`, and `recommendations` if the data has reached another day.",
        examples=[["core"]],
    )
    message: str | None = Field(default=None, description="Why it failed, and what to do.")


class Builds:
    """The builds of one app, as `loader run` makes them."""

    def __init__(self, project: Project) -> None:
        """Start without any."""
        self._project = project
        self._kept: OrderedDict[str, Build] = OrderedDict()
        self._waiting: Build | None = None
        self._task: asyncio.Task[None] | None = None

    def get(self, build_id: str) -> Build | None:
        """Return a build; None if it is not known (any more)."""
        return self._kept.get(build_id)

    def request(self) -> Build:
        """Return the build that will have every load of now: one that has not begun yet, or a new one."""
        if self._waiting is None:
            self._waiting = Build(id=uuid.uuid4().hex[:12], state="waiting", requested_at=datetime.now(UTC))
            self._kept[self._waiting.id] = self._waiting
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        requested = self._waiting
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return requested

    async def _work(self) -> None:
        try:
            while (build := self._waiting) is not None:
                self._waiting = None
                build.state, build.started_at = "running", datetime.now(UTC)
                try:
                    # A thread, which the end of the API waits for: dbt leaves nothing half done.
                    build.selectors = list(await asyncio.to_thread(self._build, build))
                    build.state = "succeeded"
                except LoaderError as error:
                    build.state, build.message = "failed", str(error)
                except Exception as error:
                    log.exception("build failed")
                    build.state, build.message = "failed", f"The build broke off ({type(error).__name__})."
                build.finished_at = datetime.now(UTC)
        finally:
            self._task = None

    def _build(self, build: Build) -> tuple[str, ...]:
        """Build what the marts lack, and return the selectors.

        Raises:
            LoaderError: dbt failed, or the database can't be reached.
        """

        def on_fresh() -> None:
            build.state, build.fresh_at = "testing", datetime.now(UTC)

        with connect(self._project, autocommit=True, application_name="build (API)") as connection:
            while True:
                try:
                    with runs.only_run(connection):
                        pending = runs.find_pending(connection)
                        if not pending:
                            return ()
                        built = runs.build(connection, self._project, pending, log.warning, on_fresh)
                        break
                except runs.RunningError:
                    # It began before this load was complete, so afterwards there may be something left to build.
                    time.sleep(PAUSE)
        if not built.succeeded:
            raise LoaderError("dbt build failed.", "logs/dbt.log has its messages; the next upload tries again.")
        return built.selectors
