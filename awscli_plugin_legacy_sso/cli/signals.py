"""The signals that end a watch."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any, NoReturn


class Stopped(BaseException):
    """Raised by the handlers of SIGTERM and SIGHUP.

    A BaseException, so that ``except Exception`` does not swallow it. ``status`` is the exit
    status: 128 and the number of the signal.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.status = 128 + signal_number


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP raise :class:`Stopped`; one that is ignored (``nohup``) stays so."""

    def stop(signal_number: int, frame: Any) -> NoReturn:
        raise Stopped(signal_number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
