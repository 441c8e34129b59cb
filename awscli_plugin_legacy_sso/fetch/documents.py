"""Documents of JSON that others wrote, looked at before botocore stumbles over what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dateutil.parser import parse  # type: ignore[import-untyped]  # botocore brings it along


def read(path: str) -> Any:
    """Return the document in a file; ``None`` if it is none.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        content = file.read()
    return parsed(content)


def parsed(content: bytes) -> Any:
    """Return the document in these bytes; ``None`` if it is none."""
    try:
        return json.loads(content.decode())
    except (ValueError, RecursionError):
        return None


def has(document: Any, texts: Iterable[str], times: Iterable[str] = ()) -> bool:
    """Tell whether a document is an object with these members: texts, and times with a zone."""
    if not isinstance(document, dict):
        return False
    values = (document.get(key) for key in texts)
    are_texts = all(isinstance(it, str) and it and it.isprintable() for it in values)
    return are_texts and all(time(document.get(key)) for key in times)


def time(value: Any) -> datetime | None:
    """Return the time that a text names with its zone, as botocore reads it, if it names one."""
    try:
        found: datetime | None = parse(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
    return found if found and found.tzinfo else None
