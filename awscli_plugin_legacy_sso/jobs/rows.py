"""What the jobs return: one row for each legacy profile, whatever was done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ..configuration import Source
from ..errors import LegacySsoError


class Row(NamedTuple):
    """One legacy profile, and what came of it.

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
    # Of a list: what a person should know about this one.
    warnings: Sequence[str] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Return the file and the name, which no two rows of a report have in common."""
        return self.path, self.name


@dataclass
class Report:
    """The rows, in the order in which they were planned, and what else there is to say."""

    rows: list[Row] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    # What stopped a part of the job, such as a file that cannot be read; the rest was done.
    errors: list[LegacySsoError] = field(default_factory=list)
