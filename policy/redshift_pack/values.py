"""Properties of a resource as plain values, where what is not known yet is said to be unknown.

Reading an unknown property through the policy SDK raises, and the SDK then reports "can't run policy
during preview" as an advisory: the policy has passed. A policy that protects data must not pass for want
of a value, so everything is read here first, once, and each policy decides from what is plain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from operator import getitem
from typing import Final

from pulumi_policy import proxy


class Unknown(Enum):
    """The one value that stands for all that is not known; use `UNKNOWN`."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        """Refuse to be taken for true or false: what is unknown is neither.

        Raises:
            TypeError: Always.
        """
        raise TypeError("an unknown value is neither true nor false; compare it with `is UNKNOWN`")


UNKNOWN: Final = Unknown.UNKNOWN

_SENTINELS: Final = frozenset(
    {
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
    }
)

# `pulumi policy analyze --file` writes this for every secret that it cannot decrypt, whatever its type was.
_REDACTED: Final = "[secret]"


def plain(value: object) -> object:
    """Turn a value, as the policy SDK hands it over, into plain Python.

    Args:
        value: A property, or a mapping of properties, behind the SDK's proxies or not.

    Returns:
        The same as dicts, lists and scalars, with `UNKNOWN` in place of each value that is not known.
    """
    if isinstance(value, str):
        return UNKNOWN if value in _SENTINELS or value == _REDACTED else value
    if isinstance(value, Mapping):
        return plain_properties(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        items: Sequence[object] = value
        return [_read(partial(getitem, items, index)) for index in range(len(items))]
    return value


def plain_properties(properties: Mapping[str, object]) -> dict[str, object]:
    """Turn the properties of a resource into plain Python; see `plain`."""
    return {str(key): _read(partial(getitem, properties, key)) for key in properties}


def mapping(value: object) -> Mapping[str, object]:
    """Return a plain value back if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str | None:
    """Return a plain value back if it is a text with something in it, else None."""
    return value if isinstance(value, str) and value else None


def decoded(value: object) -> object:
    """Read a setting of a provider resource, which Pulumi keeps as JSON text where it is a list or an object.

    Args:
        value: A plain value.

    Returns:
        What the JSON says; the value itself where it is no JSON.
    """
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            return plain(json.loads(value))
        except (ValueError, RecursionError):
            return value
    return value


def _read(get: Callable[[], object]) -> object:
    try:
        return plain(get())
    except proxy.UnknownValueError:
        return UNKNOWN
