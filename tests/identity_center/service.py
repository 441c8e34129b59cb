"""What the services share: operations by route, errors, and answers in JSON or XML."""

from __future__ import annotations

import json
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from .state import Call
from .wire import Answer, Request

# Members of an answer in XML: text, or members again.
Members = dict[str, "str | Members"]


@dataclass(frozen=True)
class Operation:
    name: str
    answer: Callable[[Request, Call], Answer]


@dataclass
class ServiceError(Exception):
    """An error that a service answers with; each protocol formats it in its own way."""

    status: int
    code: str
    message: str


class Service(ABC):
    """One AWS service: finds the operation of a request, and formats its errors."""

    routes: dict[tuple[str, str], Operation]

    def find(self, request: Request) -> Operation | None:
        return self.routes.get((request.method, request.path))

    @abstractmethod
    def failure(self, status: int) -> ServiceError:
        """Return this service's error with that HTTP status."""

    def refusal(self, error: ServiceError) -> Answer:
        headers = {"x-amzn-ErrorType": error.code}
        return json_answer(self.error_members(error), error.status, headers)

    def error_members(self, error: ServiceError) -> dict[str, str]:
        return {"message": error.message}


def json_answer(
    document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Answer:
    sent = {"Content-Type": "application/json", "x-amzn-RequestId": request_id()}
    return Answer(status, json.dumps(document).encode(), sent | (headers or {}))


def xml_answer(name: str, members: Members, namespace: str = "", status: int = 200) -> Answer:
    attribute = f' xmlns="{namespace}"' if namespace else ""
    text = f"<{name}{attribute}>{_elements(members)}</{name}>"
    return Answer(status, text.encode(), {"Content-Type": "text/xml"})


def _elements(members: Members) -> str:
    return "".join(
        f"<{name}>{escape(value) if isinstance(value, str) else _elements(value)}</{name}>"
        for name, value in members.items()
    )


def request_id() -> str:
    return str(uuid.uuid4())


def timestamp(at: float) -> str:
    """Format seconds since the epoch as AWS does."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_seconds(lifetime: float) -> int:
    return int(time.time() + lifetime)
