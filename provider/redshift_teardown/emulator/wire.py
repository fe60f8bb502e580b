"""AWS's query protocol from the server's side: form parameters in, XML out.

Driven by botocore's own service model, so that names, types and HTTP statuses are AWS's. Writers are
compiled once per shape: a page of a hundred clusters is some five thousand elements, and polls are many.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from redshift_teardown.emulator.errors import AwsError, invalid
from redshift_teardown.emulator.http import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Protocol", "form", "moment"]

_XML = {"Content-Type": "text/xml"}
_DIGITS = re.compile(r"[+-]?\d+\Z")


def form(body: bytes) -> dict[str, str]:
    """The parameters of a query request's body.

    Raises:
        AwsError: ``MalformedQueryString`` 400, for bytes that are no form.
    """
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
    except (UnicodeDecodeError, ValueError) as error:
        raise AwsError("MalformedQueryString", f"The query string is malformed: {error}") from error


def moment(text: str) -> float:
    """An ISO 8601 time as seconds since the epoch; without an offset it is UTC.

    Raises:
        ValueError: for a text that is no time.
    """
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=timezone.utc)
    return parsed.timestamp()


class Protocol:
    """The query protocol of one service.

    Args:
        service: botocore's name of it, e.g. ``redshift``.
    """

    def __init__(self, service: str) -> None:
        self.model = _service_model(service)
        self._namespace = self.model.metadata["xmlNamespace"]
        self._statuses = _statuses(service)

    def parse(self, operation: str, values: Mapping[str, str]) -> dict[str, Any]:
        """The typed parameters of a call; what was not sent is not there.

        Raises:
            AwsError: ``InvalidParameterValue`` for a value of the wrong type, ``MissingParameter`` for a
                required one that is not there.
        """
        shape = self.model.operation_model(operation).input_shape
        if shape is None:
            return {}
        prefixes = {key[:end] for key in values for end in _ends(key)}
        parsed: dict[str, Any] = _parse(shape, "", values, prefixes) or {}
        for required in shape.required_members:
            if required not in parsed:
                raise AwsError("MissingParameter", f"The request must contain the parameter {required}.")
        return parsed

    def answer(self, operation: str, result: Mapping[str, Any] | None, request_id: str) -> Response:
        """The answer to a call that succeeded."""
        out = [f'<{operation}Response xmlns="{self._namespace}">']
        shape = self.model.operation_model(operation).output_shape
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper", f"{operation}Result")
            _writer(shape, wrapper)(result or {}, out)
        out.append(
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        )
        return Response(200, _XML, "".join(out).encode())

    def failure(self, error: AwsError, request_id: str) -> Response:
        """The answer to a call that failed."""
        status = error.status or self._statuses.get(error.code, 400)
        kind = "Receiver" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Sender"
        body = (
            f'<ErrorResponse xmlns="{self._namespace}"><Error><Type>{kind}</Type>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Response(status, _XML, body.encode())


@cache
def _service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def _statuses(service: str) -> dict[str, int]:
    """HTTP status by wire code (which often is not the shape's name)."""
    found = {}
    for shape in _service_model(service).error_shapes:
        told = shape.metadata.get("error", {})
        found[told.get("code", shape.name)] = int(told.get("httpStatusCode", 400))
    return found


def _ends(key: str) -> list[int]:
    """Where the dotted name, and each name that holds it, ends."""
    return [*(at for at, letter in enumerate(key) if letter == "."), len(key)]


def _parse(shape: Shape, prefix: str, values: Mapping[str, str], prefixes: set[str]) -> Any:
    if isinstance(shape, StructureShape):
        found = {}
        for name, member in shape.members.items():
            sent = member.serialization.get("name", name)
            inner = f"{prefix}.{sent}" if prefix else sent
            if inner in prefixes:
                found[name] = _parse(member, inner, values, prefixes)
        return found
    if isinstance(shape, ListShape):
        if prefix in values:  # botocore's way of sending an empty list
            return []
        item = shape.member.serialization.get("name", "member")
        items: list[Any] = []
        while (at := f"{prefix}.{item}.{len(items) + 1}") in prefixes:
            items.append(_parse(shape.member, at, values, prefixes))
        return items
    return _scalar(shape.type_name, prefix, values[prefix])


def _scalar(kind: str, name: str, text: str) -> Any:
    try:
        return _READ.get(kind, str)(text)
    except (KeyError, ValueError) as error:
        raise invalid(f"Invalid value for {name}: {text} is no {kind}.") from error


def _integer(text: str) -> int:
    if not _DIGITS.match(text):  # `int` takes "1_000" and Arabic digits too
        raise ValueError(text)
    return int(text)


_READ: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
    "double": float,
    "float": float,
    "integer": _integer,
    "long": _integer,
    "timestamp": moment,
}


Writer = Callable[[Any, "list[str]"], None]


@cache
def _writer(shape: Shape, tag: str) -> Writer:
    if isinstance(shape, StructureShape):
        return _structure_writer(shape, tag)
    if isinstance(shape, ListShape):
        return _list_writer(shape, tag)
    opened, closed = f"<{tag}>", f"</{tag}>"
    text = _TEXT.get(shape.type_name, lambda value: escape(str(value)))

    def write(value: Any, out: list[str]) -> None:
        out.append(f"{opened}{text(value)}{closed}")

    return write


def _structure_writer(shape: StructureShape, tag: str) -> Writer:
    opened, closed = f"<{tag}>", f"</{tag}>"
    members = [
        (name, _writer(member, member.serialization.get("name", name)))
        for name, member in shape.members.items()
    ]

    def write(value: Mapping[str, Any], out: list[str]) -> None:
        out.append(opened)
        for name, write_member in members:
            inner = value.get(name)
            if inner is not None:
                write_member(inner, out)
        out.append(closed)

    return write


def _list_writer(shape: ListShape, tag: str) -> Writer:
    opened, closed = f"<{tag}>", f"</{tag}>"
    write_item = _writer(shape.member, shape.member.serialization.get("name", "member"))

    def write(value: list[Any], out: list[str]) -> None:
        out.append(opened)
        for inner in value:
            write_item(inner, out)
        out.append(closed)

    return write


def _timestamp(value: float) -> str:
    told = datetime.fromtimestamp(value, timezone.utc)
    return told.strftime("%Y-%m-%dT%H:%M:%S.") + f"{told.microsecond // 1000:03d}Z"


_TEXT: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: "true" if value else "false",
    "integer": str,
    "long": lambda value: str(int(value)),
    "timestamp": _timestamp,
}
