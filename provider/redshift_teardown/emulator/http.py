"""The HTTP server: one thread a connection, connections kept open, a dropped call closes its connection."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from dataclasses import dataclass, field
from http.client import responses
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING

from redshift_teardown.emulator.errors import Dropped, EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MOST_BYTES", "HttpServer", "Request", "Response"]

MOST_BYTES = 16 * 1024 * 1024
"""The longest body that is read."""
_DIGITS = 12


@dataclass(frozen=True)
class Request:
    """A request, wherever it came from. Header names are lower-cased; the path has its query string."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        """Remember the connection, so that it can be closed from elsewhere."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forget it."""
        self.server.connections.discard(self.connection)
        super().finish()

    def _serve(self) -> None:
        length = self._length()
        if isinstance(length, Response):
            # Where the next request would begin is not known.
            self.close_connection = True
            self._answer(length)
            return
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            # The client died while it sent: half a request is none.
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            response = self.server.handle(Request(self.command, self.path, headers, body))
        except Dropped:
            _shut(self.connection)
            self.close_connection = True
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            self.server.handle_error(self.connection, self.client_address)
            self.close_connection = True
            response = _refusal(
                500, f"the emulator failed, which is a fault of its own: {type(error).__name__}"
            )
        self._answer(response)

    def _length(self) -> int | Response:
        """Return how long the body is, or the refusal where that cannot be told."""
        if self.headers.get("Transfer-Encoding"):
            return _refusal(411, "a Content-Length is needed; Transfer-Encoding is not understood")
        told = self.headers.get_all("Content-Length") or ["0"]
        if len(set(told)) > 1 or not (told[0].isascii() and told[0].isdigit()):
            return _refusal(400, "the Content-Length must be one number")
        if len(told[0]) > _DIGITS or int(told[0]) > MOST_BYTES:
            return _refusal(413, f"the body is longer than {MOST_BYTES} bytes")
        return int(told[0])

    def _answer(self, response: Response) -> None:
        lines = [f"HTTP/1.1 {response.status} {responses.get(response.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        lines += ["Connection: close"] if self.close_connection else []
        lines += [f"Content-Length: {len(response.body)}", "", ""]
        # In one piece: two writes would meet Nagle's algorithm and wait for an acknowledgement.
        self.wfile.write("\r\n".join(lines).encode("latin-1") + response.body)

    # The base class finds the method to call by these names.
    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Keep quiet: there is a call log."""


def _refusal(status: int, words: str) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps({"error": words}).encode())


def _shut(connection: socket.socket) -> None:
    """Close a connection for good: closing the file objects alone leaves the client waiting."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024
    handle: Callable[[Request], Response]
    connections: set[socket.socket]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away; of anything else, everything."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class HttpServer:
    """Serves one function.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        handle: answers a request, or raises `Dropped`.

    Raises:
        EmulatorError: when the address cannot be had.
    """

    def __init__(self, host: str, port: int, handle: Callable[[Request], Response]) -> None:
        try:
            self._server = _Server((host, port), _Handler)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise EmulatorError(f"cannot listen on {host}:{port}: {why}") from error
        self._server.handle = handle
        self._server.connections = set()
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="emulator", daemon=True
        )

    def start(self) -> None:
        """Serve, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, wait for the thread, and close connections that clients keep open."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connection in list(self._server.connections):
            _shut(connection)
