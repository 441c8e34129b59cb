"""What a thread of a fetch would log, or record for ``aws history``, goes nowhere.

Requests and answers hold tokens and keys, and nobody knows all loggers that may be told of them:
botocore's, urllib3's, that of a library that somebody has put in between. So it is not a question
of the logger but of the thread. Other threads log as before.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from botocore.history import HistoryRecorder

# The first and the last that every logger goes through, and what keeps the CLI's history.
_OUTLETS: tuple[tuple[type, str], ...] = (
    (logging.Logger, "isEnabledFor"),
    (logging.Logger, "callHandlers"),
    (HistoryRecorder, "record"),
)
_lock = threading.Lock()
_silent: Counter[int] = Counter()  # by the number of a thread: how many fetches it is in
_originals: dict[tuple[type, str], tuple[Any, Any]] = {}


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Have this thread log nothing until the end."""
    thread = threading.get_ident()
    with _lock:
        if not _silent:
            _close_outlets()
        _silent[thread] += 1
    try:
        yield
    finally:
        with _lock:
            _silent[thread] -= 1
            if not _silent[thread]:
                del _silent[thread]
            if not _silent:
                _open_outlets()


def _close_outlets() -> None:
    for owner, name in _OUTLETS:
        original = getattr(owner, name)
        closed = _unless_silent(original)
        _originals[owner, name] = original, closed
        setattr(owner, name, closed)


def _open_outlets() -> None:
    for (owner, name), (original, closed) in _originals.items():
        # Or somebody has put another in its place meanwhile, which goes on calling ours.
        if getattr(owner, name) is closed:
            setattr(owner, name, original)
    _originals.clear()


def _unless_silent(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def closed(*args: Any, **kwargs: Any) -> Any:
        return False if threading.get_ident() in _silent else original(*args, **kwargs)

    return closed
