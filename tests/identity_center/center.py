"""``IdentityCenter``: the running services, as tests, demo and benchmarks use them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from .endpoints import endpoints_document
from .machine import CONTAINER_PATH, Machine
from .oidc import ACCOUNT_SCOPE, SignInService
from .portal import Portal
from .s3 import ObjectStorage
from .service import Operation, Service, ServiceError, json_answer, timestamp
from .state import SignIn, State
from .sts import SecurityTokenService
from .wire import Answer, Listener, Request

# In newer CLIs a start URL on another host must redirect to one of AWS's.
START_URL = "https://d-0123456789.awsapps.com/start"


class IdentityCenter(State):
    """A context manager; stopped and started again it has the same address."""

    def __init__(self, tls: tuple[str, str] | None = None, port: int = 0) -> None:
        super().__init__()
        self._tls = tls
        self._port = port
        self._listener: Listener | None = None
        self._machine_listener: Listener | None = None
        self._sign_in_service = SignInService(self)
        self._services: tuple[Service, ...] = (
            self._sign_in_service,
            Portal(self),
            SecurityTokenService(self),
            ObjectStorage(self),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._stopped.clear()
        self._listener = Listener(
            lambda request: self._respond(self._services, request), self._port, self._tls
        )
        self._port = self._listener.port

    def stop(self) -> None:
        """Stop: hanging calls end without an answer, and open connections are closed."""
        self.end_waiting()
        for listener in (self._listener, self._machine_listener):
            if listener is not None:
                listener.close()
        self._listener = self._machine_listener = None

    @property
    def url(self) -> str:
        if self._listener is None:
            raise RuntimeError("the identity center is not running")
        return self._listener.url

    def environment(self, data_path: Path) -> dict[str, str]:
        """Write ``endpoints.json`` and return the variables that make a client use the stand-in."""
        data_path.mkdir(parents=True, exist_ok=True)
        document = json.dumps(endpoints_document(self.url), indent=1)
        (data_path / "endpoints.json").write_text(document, encoding="utf-8")
        return {
            "AWS_DATA_PATH": str(data_path),
            "AWS_EC2_METADATA_DISABLED": "true",
            # Otherwise SDKs of 2020 use the fixed address of the global STS.
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        }

    def machine_environment(self) -> dict[str, str]:
        """Return the variables of a cloud machine that has a role of its own."""
        if self._machine_listener is None:
            services = (Machine(self),)
            self._machine_listener = Listener(lambda request: self._respond(services, request))
        url = self._machine_listener.url
        return {
            "AWS_EC2_METADATA_DISABLED": "false",
            # The slash at the end is needed: AWS CLI 2.9 adds the path without one.
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{url}/",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": url + CONTAINER_PATH,
        }

    def sign_in(
        self,
        home: Path,
        *,
        session_name: str | None = None,
        start_url: str = START_URL,
        region: str = "us-east-1",
        expires_in: int | None = None,
        refresh: bool = True,
    ) -> Path:
        """Write the token file that ``aws sso login`` would write, without running it.

        As there, only a session gets a refresh token; an inline start URL (no ``session_name``)
        does not. With a negative ``expires_in`` the access token has already expired.
        """
        refresh = refresh and session_name is not None
        scopes = [ACCOUNT_SCOPE] if refresh else []
        client = self._sign_in_service.register({"issuerUrl": start_url, "scopes": scopes})
        tokens = self.issue_tokens(SignIn(start_url), refresh=refresh, lifetime=expires_in)
        document = {
            "startUrl": start_url,
            "region": region,
            "accessToken": tokens.access_token,
            "expiresAt": timestamp(tokens.expires_at),
            "clientId": client.client_id,
            "clientSecret": client.client_secret,
            "registrationExpiresAt": timestamp(client.expires_at),
        }
        if tokens.refresh_token is not None:
            document["refreshToken"] = tokens.refresh_token
        name = hashlib.sha1((session_name or start_url).encode()).hexdigest()
        return _write_private(home / ".aws" / "sso" / "cache" / f"{name}.json", document)

    def _respond(self, services: tuple[Service, ...], request: Request) -> Answer | bytes | None:
        for service in services:
            operation = service.find(request)
            if operation is not None:
                return self._perform(service, operation, request)
        return json_answer({"message": "no such operation"}, 404)

    def _perform(
        self, service: Service, operation: Operation, request: Request
    ) -> Answer | bytes | None:
        call = self.record(operation.name, request.parameters)
        if not self.hold(operation.name):
            return None
        raw = self.behaviour.raw_answers.get(operation.name)
        if raw is not None:
            return raw if isinstance(raw, bytes) else Answer(raw[0], raw[2], raw[1])
        try:
            if operation.name in self.behaviour.failures:
                raise service.failure(self.behaviour.failures[operation.name])
            return operation.answer(request, call)
        except ServiceError as error:
            return service.refusal(error)


def _write_private(path: Path, document: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(document, file)
    return path
