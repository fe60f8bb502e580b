"""All that is not ours, served by moto: EC2, KMS, IAM, Secrets Manager, the rest of STS.

moto keeps its state in singletons, so emulators that run in one process at the same time share these
services (not Redshift). An emulator that starts while no other one runs starts with them empty.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from redshift_teardown.emulator.http import Response

if TYPE_CHECKING:
    from redshift_teardown.emulator.http import Request

__all__ = ["MotoBridge"]


class MotoBridge:
    """moto's server application, made at the first call that needs it (importing it takes a second)."""

    _lock = threading.Lock()
    _users = 0

    def __init__(self) -> None:
        self._client: Any = None

    def handle(self, request: Request, account: str) -> Response:
        """Let moto answer, for that account."""
        with MotoBridge._lock:
            if self._client is None:
                self._client = self._start()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in ("content-length", "connection", "transfer-encoding")
        }
        headers["x-moto-account-id"] = account
        answer = self._client.open(
            request.path,
            method=request.method,
            headers=headers,
            data=request.body,
            base_url="http://localhost",
        )
        body: bytes = answer.get_data()
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        return Response(answer.status_code, kept, body)

    def close(self) -> None:
        """Let go of moto; the last one to do so empties it."""
        with MotoBridge._lock:
            if self._client is None:
                return
            self._client = None
            MotoBridge._users -= 1
            if MotoBridge._users == 0:
                self._empty()

    def _start(self) -> Any:
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  # slow, and seldom needed
            DomainDispatcherApplication,
            create_backend_app,
        )

        if MotoBridge._users == 0:
            self._empty()
        MotoBridge._users += 1
        return Client(DomainDispatcherApplication(create_backend_app))

    @staticmethod
    def _empty() -> None:
        from moto.core.base_backend import BackendDict  # noqa: PLC0415  # same

        BackendDict.reset()
