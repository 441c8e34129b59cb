"""The boundary around a fetch: what is sent and comes back inside leaves it by the result alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..configuration import Source
from . import exchange
from .explain import explain
from .silence import silence

_T = TypeVar("_T")


def explained(call: Callable[[], _T], source: Source) -> _T:
    """Make a call that fetches for a source, in this thread.

    Nothing is logged meanwhile, and what is raised is an error of ours, without a secret in it.

    Raises:
        LegacySsoError: it failed, and why.
    """
    with silence(), exchange.noted() as noted:
        try:
            return call()
        except Exception as error:  # noqa: BLE001  # explain() knows what to make of each
            failure = explain(error, source, noted)
        raise failure  # here, where nothing of the cause hangs on it
