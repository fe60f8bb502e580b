"""A boto3 client that talks to an emulator in this process, without sockets.

Requests are serialised, signed and parsed as ever; only the wire is left out, so faults look the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from redshift_teardown.emulator.errors import Dropped
from redshift_teardown.emulator.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

    from redshift_teardown.emulator.application import Application

__all__ = ["attach"]


_EVENT = "before-send.*.*"
_ID = "redshift-teardown-emulator"


class _Raw:
    """The little of a urllib3 response that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> list[bytes]:
        return [self._body]


def attach(
    application: Application,
    client: Any,
    on_call: Callable[[str, str], None] | None,
    reachable: Callable[[], bool],
) -> None:
    """Let a client's requests be answered by an application.

    Args:
        application: the emulator.
        client: any boto3 client.
        on_call: called with operation and ``before`` or ``after``; what it raises reaches the caller when
            it is no `Exception` (botocore takes those for failed connections, and retries).
        reachable: False makes the endpoint unreachable.
    """

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        if not reachable():
            raise EndpointConnectionError(endpoint_url=request.url)
        incoming = Request(
            request.method,
            f"{url.path or '/'}{'?' + url.query if url.query else ''}",
            {name.lower(): _text(value) for name, value in request.headers.items()},
            _bytes(request.body),
        )
        try:
            response = application.handle(incoming, on_call)
        except Dropped:
            raise ConnectionClosedError(endpoint_url=request.url) from None
        headers = HeadersDict({name.lower(): value for name, value in response.headers.items()})
        return AWSResponse(request.url, response.status, cast("Any", headers), _Raw(response.body))

    # A client that is attached again talks to the new emulator only.
    client.meta.events.unregister(_EVENT, unique_id=_ID)
    client.meta.events.register(_EVENT, answer, unique_id=_ID)


def _bytes(body: Any) -> bytes:
    if body is None or isinstance(body, (bytes, bytearray)):
        return bytes(body or b"")
    return body.encode() if isinstance(body, str) else bytes(body.read())


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
