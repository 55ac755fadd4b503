"""What all routes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loaders.project import Project
from serving.api.database import Pool
from serving.api.marts import Catalogue, Mart
from serving.api.problems import ProblemError
from serving.api.security import Guard
from serving.api.settings import ApiSettings


@dataclass(frozen=True)
class Context:
    """The parts of one app; `environment` has libpq's variables, for those that need a connection of their own."""

    project: Project
    settings: ApiSettings
    environment: Mapping[str, str]
    catalogue: Catalogue
    pool: Pool
    guard: Guard

    def mart(self, name: str) -> Mart:
        """Return the mart that a special route reads.

        Raises:
            ProblemError: The project does not have it.
        """
        if mart := self.catalogue.get(name):
            return mart
        raise ProblemError(503, f"The project has no public mart {name}. Add it, run `dbt build`, and restart the API.")
