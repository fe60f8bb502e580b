"""What is let in to the control API: values of the kind that each field has, and of a size that can be meant.

What was once taken is used by every later call, so it is checked before anything is done with it.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.errors import ControlError
from redshift_teardown.emulator.wire import moment

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Mapping

__all__ = ["END_OF_TIME", "check_fields", "check_number", "check_value", "json_object", "time_of"]

END_OF_TIME = 95_617_584_000.0
"""The start of the year 5000, in seconds since the epoch: beyond it there is no time here."""
_LONGEST = 3_155_760_000.0
"""A hundred years, in seconds: no phase, delay or leap is longer."""

_RANGES: Mapping[str, tuple[float, float]] = {
    "chance": (0, 1),
    "create_time": (0, END_OF_TIME),
    "cluster_create_time": (0, END_OF_TIME),
    "megabytes": (0, 1e12),
    "number_of_nodes": (1, 128),
    "NumberOfNodes": (1, 128),
    "occurrence": (1, 1e9),
    "Port": (1, 65535),
    "quota": (0, 1e9),
    "retention": (-1, 3653),
    "status": (100, 599),
    "times": (0, 1e9),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": ("error", "drop", "delay"),
    "outcome": ("cluster-returns", "cluster-returns-after-snapshot", "cluster-gone", "stuck"),
    "snapshot_type": ("manual", "automated"),
    "when": ("before", "after"),
}
_PATTERNS = {
    "account": re.compile(r"([0-9]{12})?"),
    "code": re.compile(r"(?s:.+)"),
    "region": re.compile(r"([a-z0-9-]{1,40})?"),
}
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


def check_fields(verb: str, parameters: Mapping[str, inspect.Parameter], data: Mapping[str, Any]) -> None:
    """Refuse a message whose fields are not a verb's parameters, each of the kind its annotation says.

    Raises:
        ControlError: a field is unknown, missing, or of another kind than its parameter.
    """
    unknown = sorted(set(data) - set(parameters))
    if unknown:
        raise ControlError(
            f"{verb} has no {', '.join(unknown)}; it has {', '.join(parameters) or 'no field'}"
        )
    for name, parameter in parameters.items():
        if name in data:
            check_value(name, data[name], str(parameter.annotation))
        elif parameter.default is parameter.empty:
            raise ControlError(f"{verb} needs {name}")


def check_value(name: str, value: Any, kinds: str) -> None:
    """Refuse a value that is of none of some kinds, or cannot be meant.

    Args:
        name: The field.
        value: What was sent for it.
        kinds: As an annotation writes them: ``float | None``, ``dict[str, str]``.

    Raises:
        ControlError: it is refused; the text says what is wanted.
    """
    wanted = [kind for kind in kinds.split(" | ") if kind in _KINDS]
    if not any(_KINDS[kind][1](value) for kind in wanted):
        raise ControlError(
            f"{name} must be {' or '.join(_KINDS[kind][0] for kind in wanted)}, not {_short(value)}"
        )
    for text in _strings(value):
        if _UNSPEAKABLE.search(text):
            raise ControlError(f"{name} holds a character that no answer of AWS can: {_short(text)}")
    if _is_number(value):
        check_number(
            name, value, _RANGES.get(name, (0, _LONGEST) if "float" in wanted else (-(2**53), 2**53))
        )
    if not isinstance(value, str):
        return
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ControlError(f"{name} must be one of {', '.join(_CHOICES[name])}, not {_short(value)}")
    if name in _PATTERNS and not _PATTERNS[name].fullmatch(value):
        raise ControlError(f"{name} must be as AWS writes one, not {_short(value)}")


def check_number(name: str, value: float, limits: tuple[float, float]) -> None:
    """Refuse a number that is not finite, or not from the least to the most that the field can be.

    Raises:
        ControlError: it is refused.
    """
    low, high = limits
    if not low <= value <= high:
        raise ControlError(f"{name} must be a number from {low:g} to {high:g}, not {_short(value)}")


def time_of(value: datetime | float | str | None, otherwise: float) -> float:
    """A time in seconds since the epoch."""
    if value is None:
        return otherwise
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, str):
        try:
            value = moment(value)
        except (ValueError, OverflowError) as error:
            raise ControlError(f"{value!r} is no time: {error}") from error
    check_number("the time", value, (0, END_OF_TIME))
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_list(value: Any, *sizes: int) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(item, str) for item in value)
        and (not sizes or len(value) in sizes)
    )


_KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "None": ("null", lambda value: value is None),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "dict[str, Any]": ("an object", lambda value: isinstance(value, dict)),
    "dict[str, str]": (
        "an object of strings",
        lambda value: isinstance(value, dict) and all(isinstance(item, str) for item in value.values()),
    ),
    "float": (
        "a number",
        lambda value: _is_number(value) and (isinstance(value, int) or math.isfinite(value)),
    ),
    "int": ("a whole number", lambda value: _is_number(value) and isinstance(value, int)),
    "list[str]": ("a list of strings", _is_list),
    "str": ("a string", lambda value: isinstance(value, str)),
    "tuple[()]": ("an empty list", lambda value: _is_list(value, 0)),
    "tuple[str, str]": ("a list of two strings", lambda value: _is_list(value, 2)),
}
"""How each kind is called, and what is of it; a `datetime`, for which JSON has no value, is none."""


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
