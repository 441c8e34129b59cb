"""HTTP for the stand-in: a listener on 127.0.0.1 that turns requests into answers.

It handles connections, keep-alive and TLS, and knows nothing about AWS.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A client's request; header names are lower case, repeated headers are joined by commas."""

    scheme: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def origin(self) -> str:
        """The address that the client uses for the stand-in."""
        return f"{self.scheme}://{self.headers.get('host', '')}"

    @cached_property
    def path(self) -> str:
        return urlsplit(self.target).path

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """All query, form and JSON members: no operation here has one name in two places."""
        return dict(self.query) | self._body_parameters()

    def _body_parameters(self) -> dict[str, Any]:
        text = self.body.decode("utf-8", "replace")
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(text, keep_blank_values=True))
        try:
            document = json.loads(text)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


@dataclass(frozen=True)
class Answer:
    """An answer; a body that is not bytes is streamed until it ends or the client leaves."""

    status: int
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)


# Bytes are sent as they are, including the status line; None closes the connection.
Respond = Callable[[Request], Answer | bytes | None]


class Listener(ThreadingHTTPServer):
    """Answers requests on 127.0.0.1, each connection in a thread of its own."""

    daemon_threads = True
    block_on_close = False
    # Benchmarks open hundreds of connections at once. The default of 5 drops some, and each drop
    # costs its client a second.
    request_queue_size = 512

    def __init__(self, respond: Respond, port: int = 0, tls: tuple[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self._context: ssl.SSLContext | None = None
        if tls is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*tls)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def scheme(self) -> str:
        return "https" if self._context else "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening and close all connections, as a service that is shut down."""
        self.shutdown()
        self.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _hang_up(connection)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context is not None:
            # The connection's own thread does the handshake, so that a slow client does not delay
            # the others.
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def server_bind(self) -> None:
        # HTTPServer's method also looks the address up in the DNS, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print no error of a client that breaks off, refuses the certificate or times out."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    # The client may already have closed it.
    with suppress(OSError):
        # Also for TLS this closes the socket below, since the end of TLS could block.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    protocol_version = "HTTP/1.1"
    # An answer in more than one piece would wait 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    # Head and body are sent in one piece.
    wbufsize = -1

    def handle_request(self) -> None:
        answer = self.server.respond(self._request())
        if isinstance(answer, Answer):
            self._send(answer)
            return
        self.wfile.write(answer or b"")
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = handle_request  # noqa: N815 - http.server's names

    def _request(self) -> Request:
        headers = {name.lower(): ",".join(self.headers.get_all(name, [])) for name in self.headers}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.server.scheme, self.command, self.path, headers, body)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if isinstance(answer.body, bytes):
            self._send_all(answer.body)
        else:
            self._stream(answer.body)

    def _send_all(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self, parts: Iterable[bytes]) -> None:
        self.send_header("Connection", "close")
        self.end_headers()
        for part in parts:
            self.wfile.write(part)
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
        """Print nothing: tests read the recorded calls instead."""
