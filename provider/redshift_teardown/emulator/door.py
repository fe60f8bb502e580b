"""What is let in to the control API: values of the kind that each field has, and of a size that can be meant.

What was once taken is used by every later call, so it is checked before anything is done with it.
"""

from __future__ import annotations

import inspect
import json
import math
import re
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["END_OF_TIME", "LONGEST", "bound", "check_number", "check_value", "json_object"]

END_OF_TIME = 95_617_584_000.0
"""The start of the year 5000, in seconds since the epoch: beyond it there is no time here."""
LONGEST = 3_155_760_000.0
"""A hundred years, in seconds: no phase, delay or leap is longer."""

_RANGES: Mapping[str, tuple[float, float]] = {
    "chance": (0, 1),
    "create_time": (0, END_OF_TIME),
    "cluster_create_time": (0, END_OF_TIME),
    "during": (0, LONGEST),
    "megabytes": (0, 1e12),
    "number_of_nodes": (1, 128),
    "occurrence": (1, 1e9),
    "quota": (0, 1e9),
    "retention": (-1, 3653),
    "seconds": (0, LONGEST),
    "status": (100, 599),
    "times": (0, 1e9),
}
_NUMBERS = (-(2**53), 2**53)
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML has no way to say, and so no answer of AWS can hold."""
_SHOWN = 60


def json_object(body: bytes) -> dict[str, Any]:
    """Read the body of a request: a JSON object, or nothing.

    Raises:
        ControlError: it is something else.
    """
    try:
        data = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ControlError(f"the body is no JSON: {why}") from None
    if not isinstance(data, dict):
        raise ControlError("the body must be a JSON object")
    return data


def bound(verb: str, method: Callable[..., Any], data: Mapping[str, Any]) -> inspect.BoundArguments:
    """Bind the fields of a request to a verb's parameters, each checked by the parameter's annotation.

    Raises:
        ControlError: a field is unknown, missing, or of another kind than its parameter.
    """
    signature = inspect.signature(method)
    try:
        arguments = signature.bind(None, **data)
    except TypeError as error:
        raise ControlError(f"{verb}: {error}") from None
    for name, value in data.items():
        # A field of **: the verb itself knows what it may be.
        parameter = signature.parameters.get(name)
        if parameter is None:
            _check_strings(name, value)
        else:
            check_value(name, value, str(parameter.annotation))
    return arguments


def check_value(name: str, value: Any, kinds: str, limits: tuple[float, float] | None = None) -> None:
    """Refuse a value that is of none of some kinds, or cannot be meant.

    Args:
        name: The field.
        value: What was sent for it.
        kinds: As an annotation writes them: ``float | None``, ``dict[str, str]``.
        limits: The least and the most of a number; by the field's name unless given.

    Raises:
        ControlError: it is refused; the text says what is wanted.
    """
    wanted = kinds.split(" | ")
    if not any(_is(value, kind) for kind in wanted):
        raise ControlError(
            f"{name} must be {' or '.join(_WORDS[kind] for kind in wanted)}, not {_short(value)}"
        )
    _check_strings(name, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        check_number(name, value, limits)
    pattern = {"account": _ACCOUNT, "region": _REGION}.get(name)
    if pattern and isinstance(value, str) and value and not pattern.fullmatch(value):
        raise ControlError(f"{name} must be as AWS writes one, not {_short(value)}")


def check_number(name: str, value: float, limits: tuple[float, float] | None = None) -> None:
    """Refuse a number that is not finite, or beyond what the field can be.

    Args:
        name: The field.
        value: The number.
        limits: The least and the most; by the field's name unless given.

    Raises:
        ControlError: it is refused.
    """
    low, high = limits or _RANGES.get(name, _NUMBERS)
    if not low <= value <= high:
        raise ControlError(f"{name} must be a number from {low:g} to {high:g}, not {_short(value)}")


def _check_strings(name: str, value: Any) -> None:
    for text in _strings(value):
        if _UNSPEAKABLE.search(text):
            raise ControlError(f"{name} holds a character that no answer of AWS can: {_short(text)}")


def _is(value: Any, kind: str) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "dict[str, str]":
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    if kind == "list[str]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    simple: Mapping[str, bool] = {
        "Any": True,
        "None": value is None,
        "bool": isinstance(value, bool),
        "dict[str, Any]": isinstance(value, dict),
        "float": number and (isinstance(value, int) or math.isfinite(value)),
        "int": number and isinstance(value, int),
        "str": isinstance(value, str),
    }
    return simple[kind]


def _strings(value: Any) -> list[str]:
    """Return all strings in a value, however deep."""
    found, left = [], [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            left += each
    return found


def _short(value: Any) -> str:
    """Show a value in a message: at most so much of it, and nothing that needs a depth of its own."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > _SHOWN:
        return "a number of that size"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{ascii(shown[:_SHOWN])[1:-1]}…"


_WORDS = {
    "Any": "anything",
    "None": "null",
    "bool": "true or false",
    "dict[str, Any]": "an object",
    "dict[str, str]": "an object of strings",
    "float": "a number",
    "int": "a whole number",
    "list[str]": "a list of strings",
    "str": "a string",
}
