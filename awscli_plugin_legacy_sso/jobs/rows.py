"""What the jobs return: one row for each legacy profile, whatever was done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ..configuration import Source
from ..errors import LegacySsoError


class Row(NamedTuple):
    """One legacy profile, and what was done with it.

    ``status`` is one of: refreshed, kept, failed, planned (in a dry run); removed, signed-out,
    kept; valid, expired, signed-out, unknown (as listed).
    """

    name: str
    source: Source
    path: str
    status: str
    expiration: datetime | None = None
    is_new: bool = False
    error: LegacySsoError | None = None
    warnings: Sequence[str] = ()  # when listed

    @property
    def key(self) -> tuple[str, str]:
        return self.path, self.name


@dataclass
class Report:
    """The rows of a job, in the order of the plan, with the warnings and errors of the whole job.

    An error stopped only a part of the job, such as one credentials file.
    """

    rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[LegacySsoError] = field(default_factory=list)
