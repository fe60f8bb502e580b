"""Files that somebody hands to a command: opened in one way, whoever reads them.

What is opened is an ordinary file or standard input, of a size that can be meant, in UTF-8, and holds what
it should: anything else is said with its place. Nothing waits for a pipe, and no work grows faster than the
file.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import yaml

from redshift_teardown.errors import TeardownError
from redshift_teardown.escaping import one_line

STANDARD_INPUT = "-"
LARGEST_STATE = 256 * 1024 * 1024
LARGEST_TEXT = 4 * 1024 * 1024
_DEEPEST = 100
_MOST_VALUES = 200_000


class InputError(TeardownError):
    """A file is not what it should be; the message says where, and why."""


def read_bytes(file: str | os.PathLike[str], largest: int = LARGEST_TEXT) -> bytes:
    """Read a file, or standard input where it is called ``-``.

    Args:
        file: Its path.
        largest: The most bytes it may have.

    Raises:
        InputError: it is not there, is no ordinary file, is larger, or cannot be read.

    """
    name = name_of(file)
    try:
        if os.fspath(file) == STANDARD_INPUT:
            content = sys.stdin.buffer.read(largest + 1)
        else:
            place = Path(file)
            # Opening a pipe would wait for somebody to write, and a device may have no end.
            if place.exists() and not place.is_file():
                what = "a folder" if place.is_dir() else "no ordinary file"
                raise InputError(
                    f"{name} cannot be read: it is {what}",
                    next_step="name a file, or give - and pipe it into standard input",
                )
            with place.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size > largest:
                    raise _too_large(name, largest)
                content = stream.read(largest + 1)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(f"{name} cannot be read: {one_line(why)}") from None
    if len(content) > largest:
        raise _too_large(name, largest)
    return content


def _too_large(name: str, largest: int) -> InputError:
    return InputError(f"{name} cannot be read: it is larger than {largest // 1024**2} MiB")


def read_text(file: str | os.PathLike[str], largest: int = LARGEST_TEXT) -> str:
    """Read a file as UTF-8, or standard input where it is called ``-``.

    Args:
        file: Its path.
        largest: The most bytes it may have.

    Raises:
        InputError: as `read_bytes`, or it is not UTF-8.

    """
    try:
        return read_bytes(file, largest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name_of(file)} cannot be read: it is not UTF-8 (byte {error.start})") from None


def read_json(file: str | os.PathLike[str], kind: str) -> Any:
    """Read a file of JSON, or standard input where it is called ``-``.

    Args:
        file: Its path.
        kind: What it should be: ``exported state``.

    Raises:
        InputError: as `read_text`, or it is no JSON; the message tells line and column.

    """
    text = read_text(file, LARGEST_STATE)
    try:
        document = json.loads(text, parse_constant=_no_number, parse_float=_finite, parse_int=_whole)
        if _deepest(document) <= _DEEPEST:
            return document
        why = "it is nested too deeply"
    except RecursionError:
        why = "it is nested too deeply"
    except ValueError as error:
        why = one_line(str(error))
    raise InputError(f"{name_of(file)} is no {kind}: {why}")


def read_yaml(file: str | os.PathLike[str], kind: str) -> Any:
    """Read a file of YAML.

    Args:
        file: Its path.
        kind: What it should be: ``settings file of a stack``.

    Raises:
        InputError: as `read_text`, or it is no YAML, or more than a person writes: nested too deeply, or
            grown by aliases.

    """
    name, text = name_of(file), read_text(file)
    if _depth(text) > _DEEPEST:
        raise InputError(f"{name} is no {kind}: it is nested too deeply")
    try:
        document = yaml.safe_load(text)
    except RecursionError:
        raise InputError(f"{name} is no {kind}: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InputError(f"{name} is no {kind}: {one_line(str(error))}") from None
    if _is_endless(document):
        raise InputError(f"{name} is no {kind}: its aliases stand for more than {_MOST_VALUES} values")
    return document


def name_of(file: str | os.PathLike[str]) -> str:
    """Return a file's name as a message shows it."""
    path = os.fspath(file)
    return "standard input" if path == STANDARD_INPUT else one_line(path)


def _no_number(constant: str) -> Any:
    message = f"{constant} is no number of JSON"
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        message = f"{text[:20]} is too large a number"
        raise ValueError(message)
    return number


def _whole(text: str) -> int:
    # Beyond what the engine itself, whose numbers are floats, can have written.
    _finite(text)
    return int(text)


def _depth(text: str) -> int:
    """Return how deep brackets are opened; PyYAML's work grows with the square of it.

    Brackets in strings count too, which is too many at most.
    """
    depth = deepest = 0
    for sign in text:
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth = max(0, depth - 1)
    return deepest


def _deepest(document: Any) -> int:
    """Return how deep the values of a document lie; whoever walks through them goes as deep."""
    level, depth = [document], 0
    while level:
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level, depth = inner, depth + bool(inner)
    return depth


def _is_endless(document: Any) -> bool:
    """Return whether a document holds more values than its text could without aliases."""
    left, seen = [document], 0
    while left:
        each = left.pop()
        seen += 1
        if seen > _MOST_VALUES:
            return True
        if isinstance(each, dict):
            left += each.values()
        elif isinstance(each, (list, tuple, set)):
            left += each
    return False
