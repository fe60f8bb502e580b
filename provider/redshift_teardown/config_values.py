"""Values of a stack's configuration, each read in one way and checked where it is read.

Pulumi's configuration has strings, and structures made by ``config set --path``, in which ``true`` and
``5`` are no strings. A value that cannot be meant is refused by the name of its key.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from redshift_teardown.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACCOUNT = re.compile(r"[0-9]{12}")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_MOST_SECONDS = 1e6
_LONGEST = 64


def string(get: Callable[[str], Any], key: str) -> str | None:
    """Return a value that is a string; None where there is none.

    Raises:
        ConfigError: it is something else.

    """
    value = get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        _refuse(f"config {key} must be a string; set it with `pulumi config set {key} VALUE`")
    return value


def flag(get: Callable[[str], Any], key: str) -> bool | None:
    """Return a value that is true or false; None where there is none.

    Raises:
        ConfigError: it is something else.

    """
    value = get(key)
    if value is None or value == "":
        return None
    if value in (True, "true"):
        return True
    if value not in (False, "false"):
        _refuse(f"config {key} must be true or false; set it with `pulumi config set {key} true`")
    return False


def structure(get: Callable[[str], Any], key: str, example: str) -> Any:
    """Return a value that is a structure, whether it came as one or as JSON; None where it is empty.

    Raises:
        ConfigError: it is no JSON.

    """
    value = get(key)
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            _refuse(f"config {key} is not valid JSON; write it as {example}")
    return value or None


def objects(get: Callable[[str], Any], key: str, example: str) -> list[Mapping[str, Any]]:
    """Return a value that is a list of objects, or one object.

    Raises:
        ConfigError: it is something else.

    """
    value = structure(get, key, example)
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in found):
        _refuse(f"config {key} must be a list of objects; write it as {example}")
    return found


def file(get: Callable[[str], Any], key: str) -> str | None:
    """Return the path of a file that exists; None where there is none. ``~`` is the home directory.

    Raises:
        ConfigError: there is no such file. The AWS SDK would pass over it, and go on with what it finds
            elsewhere.

    """
    value = string(get, key)
    return None if value is None else _existing(key, value)


def one_file(get: Callable[[str], Any], key: str) -> str | None:
    """Return the path of the file in a list of one, which exists; None where there is none.

    Raises:
        ConfigError: there is more than one, or no such file.

    """
    value = get(key)
    if isinstance(value, str) and value and not value.lstrip().startswith(("[", '"')):
        return _existing(key, value)
    example = '["~/.aws/of-this-stack"]'
    found = structure(get, key, example)
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
        _refuse(f"config {key} must be a list of paths; write it as {example}")
    if len(found) != 1:
        _refuse(
            f"config {key} names {len(found)} files, and the AWS SDK for Python reads one",
            "put their profiles into one file, and name that",
        )
    return _existing(key, found[0])


def _existing(key: str, path: str) -> str:
    place = Path(path)
    try:
        place = place.expanduser()
        found = place.is_file()
    except (OSError, RuntimeError, ValueError):
        found = False
    if not found:
        _refuse(f"config {key} names {path!r}, and there is no such file", "name a file that is there")
    return str(place)


def accounts(get: Callable[[str], Any], key: str) -> tuple[str, ...]:
    """Return a value that is a list of AWS account numbers.

    Without quotes, YAML reads a number with a zero in front as another one: what has lost its zeros, or was
    read as octal, cannot be told.

    Raises:
        ConfigError: one of them is no account number: it would let nobody, or everybody, through.

    """
    example = '["111122223333"]'
    value = structure(get, key, example)
    found = [] if value is None else value if isinstance(value, list) else [value]
    numbers = []
    for item in found:
        number = None if isinstance(item, bool) else plain_string(item)
        if number is None or not _ACCOUNT.fullmatch(number):
            form = "a list of account numbers of 12 digits, in quotes"
            _refuse(f"config {key} must be {form}; write it as {example}")
        numbers.append(number)
    return tuple(numbers)


def plain_string(value: Any) -> str | None:
    """Return the string that a plain value is written as in a configuration file; None for anything else.

    ``pulumi config set --path KEY true`` makes a boolean of what was written as ``true``, and a number of
    ``5``.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _LONGEST else None
    if isinstance(value, float) and math.isfinite(value):
        whole = value.is_integer() and abs(value) < 2**53
        return str(int(value)) if whole else repr(value)
    return None


class Fields:
    """The fields of one object of the configuration.

    Args:
        key: The configuration's key.
        item: The object.
        example: How it is written.

    """

    def __init__(self, key: str, item: Mapping[str, Any], example: str) -> None:
        """Keep them; see the class for the arguments."""
        self._key = key
        self._item = item
        self._example = example
        self._known: set[str] = set()

    def _get(self, name: str) -> Any:
        self._known.add(name)
        value = self._item.get(name)
        return None if value in ("", [], {}) else value

    def string(self, name: str) -> str | None:
        """Return a field that is a string, or a number that stands for one.

        Raises:
            ConfigError: it is something else.

        """
        value = self._get(name)
        if value is None:
            return None
        found = None if isinstance(value, bool) else plain_string(value)
        if found is None:
            _refuse(f"config {self._key}: {name} must be a string; write it as {self._example}")
        return found

    def required(self, name: str) -> str:
        """Return a field that must be there.

        Raises:
            ConfigError: it is not, or it is no string.

        """
        found = self.string(name)
        if found is None:
            _refuse(f"config {self._key}: a {name} is needed; write it as {self._example}")
        return found

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a field that is a list of strings.

        Raises:
            ConfigError: it is something else.

        """
        value = self._get(name)
        found = [] if value is None else value
        if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
            _refuse(f"config {self._key}: {name} must be a list of strings")
        return tuple(found)

    def tags(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return a field that is an object of tags, sorted; true is the string "true", 5 the string "5".

        Raises:
            ConfigError: it is something else, or a tag has no value.

        """
        value = self._get(name)
        if value is None:
            return ()
        if not isinstance(value, dict):
            _refuse(f"config {self._key}: {name} must be an object of tags; write it as {self._example}")
        tags = []
        for key, given in value.items():
            written = plain_string(given)
            if written is None:
                _refuse(
                    f"config {self._key}: the tag {key!r} must be a string, and it is {_kind(given)}",
                    f"`pulumi config set --path '{self._key}.{name}.{key}' VALUE`, or take the tag away",
                )
            tags.append((str(key), written))
        return tuple(sorted(tags))

    def policy(self) -> str | None:
        """Return the session policy: JSON, as IAM takes it.

        Raises:
            ConfigError: it is no JSON object.

        """
        value = self._get("policy")
        if value is None:
            return None
        try:
            document = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            _refuse(f"config {self._key}: policy must be an IAM policy in JSON")
        return value if isinstance(value, str) else json.dumps(document)

    def duration(self) -> int | None:
        """Return ``duration`` (``1h30m``), or ``durationSeconds`` of older pulumi-aws, in seconds.

        Raises:
            ConfigError: it is no length of time that a role could have.

        """
        written, number = self._get("duration"), self._get("durationSeconds")
        if written is None and number is None:
            return None
        if isinstance(written, str) and len(written) <= _LONGEST and _DURATION.fullmatch(written):
            seconds = sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(written))
        elif written is None and not isinstance(number, bool):
            try:
                seconds = float(number)
            except (TypeError, ValueError, OverflowError):
                seconds = -1
        else:
            seconds = -1
        if not 1 <= seconds < _MOST_SECONDS:
            _refuse(
                f"config {self._key}: duration must be a length of time such as 1h or 30m "
                "(durationSeconds: a number of seconds, such as 3600)"
            )
        return int(seconds)

    def refuse_others(self) -> None:
        """Refuse fields that nobody asked for: what they say would not happen.

        Raises:
            ConfigError: there is one; the message names it.

        """
        others = sorted(str(name) for name in self._item.keys() - self._known)
        if others:
            _refuse(
                f"config {self._key}: there is no field {', '.join(map(repr, others))}; there are "
                f"{', '.join(sorted(self._known))}"
            )


def _kind(value: Any) -> str:
    return {type(None): "null", list: "a list", dict: "an object"}.get(type(value), "too long a number")


def _refuse(what: str, next_step: str = "") -> NoReturn:
    raise ConfigError(what, next_step=next_step)
