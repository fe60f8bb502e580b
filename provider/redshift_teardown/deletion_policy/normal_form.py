"""One environment as plain JSON, which is what a stack's state records, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from redshift_teardown.deletion_policy.model import Environment, FinalSnapshot, SkipRule, WaitRules, When
from redshift_teardown.deletion_policy.problems import PolicyError, Position, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

RECORDED = "the recorded deletion policy"

_LONGEST_LINE_NUMBER = 9
_LARGEST_NUMBER = 10**9
_NO_CONDITION = When()
_AS_CLAIMED = ("place", "skip_place", "stacks", "accounts")
_Number = TypeVar("_Number", int, float)


def to_json(environment: Environment) -> dict[str, Any]:
    """Return an environment as plain JSON: dicts, lists, strings, numbers and booleans, and no null.

    Args:
        environment: The environment.

    Returns:
        A document from which `from_json` makes the same environment; its digest is part of it.
    """
    return {**_document(environment), "digest": digest(environment)}


def to_text(environment: Environment) -> str:
    """Return what `to_json` gives as one text, in ASCII.

    That is how a stack's state records it: Pulumi writes the whole state at every step, and what is nested
    in it costs by the entry. A hundred clusters lost a second to their rules.
    """
    return json.dumps(to_json(environment), separators=(",", ":"))


def digest(environment: Environment) -> str:
    """Return a fingerprint of an environment's rules.

    Args:
        environment: The environment.

    Returns:
        `sha256:` and 64 hexadecimal digits, over everything that changes what a destroy does: not over places
        and comments, nor over the stacks and accounts that the environment claims.
    """
    document = _document(environment)
    for part in (document, document["final_snapshot"], *document["skip"]):
        for key in _AS_CLAIMED:
            part.pop(key, None)
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def from_json(recorded: object, beside: object = None) -> Environment:
    """Read an environment back from what `to_json` or `to_text` gave.

    A document is read if writing what was read of it gives that document again, its digest included.
    Whatever damaged it, the result has the rules that were recorded, or there is none; and what a release
    once recorded stays readable, whatever later ones refuse in a file. Whole numbers may come as floats, and
    the other way round, since that is how Pulumi's state brings them back.

    Args:
        recorded: The document, or the text of it: version 1 of the state held it as it is.
        beside: The digest that is recorded beside it. It counts where the document holds none: the first
            states of version 1 have it there alone.

    Returns:
        The environment.

    Raises:
        PolicyError: This is no such document, or a damaged one.
    """
    document = recorded
    if isinstance(recorded, str):
        try:
            document = json.loads(recorded)
        except (ValueError, RecursionError):
            raise _unreadable("the rules are no JSON") from None
    if not isinstance(document, Mapping):
        raise _unreadable("there are no rules")
    if beside is not None:
        document = {"digest": beside, **document}
    environment = _environment(document)
    if environment is None or to_json(environment) != document:
        raise _unreadable("the rules are not those that were recorded")
    return environment


def _unreadable(message: str) -> PolicyError:
    return PolicyError([Problem(RECORDED, 0, 0, message)])


def _document(environment: Environment) -> dict[str, Any]:
    snapshot, wait = environment.final_snapshot, environment.wait
    document: dict[str, Any] = {
        "name": environment.name,
        "protected": environment.protected,
        "place": str(environment.place),
        "stacks": list(environment.stacks),
        "accounts": list(environment.accounts),
        "skip": [
            {"when": _conditions(rule.when), "because": rule.because, "place": str(rule.place)}
            for rule in environment.skip
        ],
        "final_snapshot": {
            "name": snapshot.name,
            "retention_days": snapshot.retention_days,
            "tags": dict(snapshot.tags),
            "place": str(snapshot.place),
        },
        "wait": {"timeout_hours": wait.timeout_hours, "poll_seconds": wait.poll_seconds},
        "receipts": environment.receipts,
    }
    if environment.skip_place:
        document["skip_place"] = str(environment.skip_place)
    return document


def _conditions(when: When) -> dict[str, Any]:
    document = {key: value for key, value in vars(when).items() if value != getattr(_NO_CONDITION, key)}
    for key, value in document.items():
        if isinstance(value, tuple):
            document[key] = dict(value) if key == "tags" else list(value)
    return document


# What follows takes what has the form of a recorded document, and leaves out what has another: the document
# is written again afterwards, and shows whether anything was left out, added or changed.


def _environment(document: object) -> Environment | None:
    match document:
        case {
            "name": str(name),
            "protected": bool(),
            "place": str(place),
            "stacks": list(stacks),
            "accounts": list(accounts),
            "skip": list(skip),
            "final_snapshot": {
                "name": str(template),
                "retention_days": int() | float() as days,
                "tags": Mapping() as tags,
                "place": str(said),
            },
            "wait": {"timeout_hours": int() | float() as timeout, "poll_seconds": int() | float() as poll},
            "receipts": str(receipts),
            **others,
        }:
            skip_place = others.get("skip_place")
            return Environment(
                name=name,
                stacks=_strings(stacks),
                accounts=_strings(accounts),
                skip=tuple(rule for each in skip if (rule := _rule(each))),
                final_snapshot=FinalSnapshot(template, _number(int, days), _tags(tags), _position(said)),
                wait=WaitRules(_number(float, timeout), _number(float, poll)),
                receipts=receipts,
                place=_position(place),
                skip_place=_position(skip_place) if isinstance(skip_place, str) else None,
            )
    return None


def _rule(document: object) -> SkipRule | None:
    match document:
        case {"when": Mapping() as when, "because": str(because), "place": str(place)}:
            return SkipRule(_when(when), because, _position(place))
    return None


def _when(document: Mapping[str, object]) -> When:
    values: dict[str, Any] = {}
    for key, value in document.items():
        match key, value:
            case "always" | "requested" | "restored_from_snapshot", bool():
                values[key] = value
            case "tags", Mapping():
                values[key] = _tags(value)
            case "identifier" | "node_type", list():
                values[key] = _strings(value)
            case "max_nodes", int() | float():
                values[key] = _number(int, value)
            case "younger_than_hours", int() | float():
                values[key] = _number(float, value)
    return When(**values)


def _strings(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(each for each in values if isinstance(each, str))


def _tags(tags: Mapping[object, object]) -> tuple[tuple[str, str], ...]:
    # Sorted, since Pulumi's state keeps no order of keys.
    return tuple(sorted((k, v) for k, v in tags.items() if isinstance(k, str) and isinstance(v, str)))


def _number(kind: type[_Number], value: float) -> _Number:
    """Return a number as it was recorded; nothing for what no release recorded, such as one without end."""
    return kind(value) if abs(value) <= _LARGEST_NUMBER else kind()


def _position(place: str) -> Position:
    source, _, line = place.rpartition(":")
    return Position(source, int(line) if line.isdecimal() and len(line) <= _LONGEST_LINE_NUMBER else 0)
