"""Times, as botocore reads them in files and answers."""

from __future__ import annotations

from datetime import datetime

from dateutil.parser import parse  # type: ignore[import-untyped]  # botocore brings it along


def moment(text: object) -> datetime:
    """Return the time that a text names, with a time zone only if it names one.

    Raises:
        ValueError: it is no text, or names no time.
    """
    if not isinstance(text, str):
        raise ValueError("no text")  # noqa: TRY004  # no time, like any other text that is none
    try:
        found: datetime = parse(text)
    except OverflowError:
        raise ValueError("no time") from None
    return found
