"""One environment as plain JSON, which is what a stack's state records, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy.reading import checks
from redshift_teardown.deletion_policy.reading.decoder import Decoder, Defaults
from redshift_teardown.deletion_policy.reading.nodes import ListNode, MapNode, Mark, Report, ScalarNode
from redshift_teardown.deletion_policy.reading.reader import CONDITIONS

if TYPE_CHECKING:
    from redshift_teardown.deletion_policy.model import Environment, SkipRule, When
    from redshift_teardown.deletion_policy.reading.nodes import Kind, Node

RECORDED = "the recorded deletion policy"

_DEEPEST = 8
_LONGEST_LINE_NUMBER = 9
# A boolean is an int to Python, so it comes first.
_KINDS: tuple[tuple[type[bool | str | int | float], Kind], ...] = (
    (bool, "truth"),
    (str, "text"),
    (int, "whole"),
    (float, "decimal"),
)
_KEYS = (
    "name",
    "digest",
    "protected",
    "place",
    "stacks",
    "accounts",
    "skip",
    "final_snapshot",
    "wait",
    "receipts",
)
_SNAPSHOT_KEYS = ("name", "retention_days", "tags", "place")
_RULE_KEYS = ("when", "because", "place")
_WAIT_KEYS = ("timeout_hours", "poll_seconds")


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
    return json.dumps(to_json(environment), separators=(",", ":"), ensure_ascii=True)


def _document_of(recorded: object) -> object:
    """Return the document of recorded rules: version 1 held it as it is, later ones as a string.

    Args:
        recorded: What stands in the state.

    Returns:
        The document; whether it is one is for `from_json` to say.

    Raises:
        PolicyError: It is a text, and not one of JSON.
    """
    if not isinstance(recorded, str):
        return recorded
    try:
        return json.loads(recorded)
    except (ValueError, RecursionError):
        report = Report(RECORDED)
        report.add(_recorded("rules"), "this is no JSON")
        raise report.error() from None


def from_json(recorded: object, beside: object = None) -> Environment:
    """Read an environment back from what `to_json` or `to_text` gave.

    It is as strict as the loader of the YAML, and more: nothing may be missing, and the digest must be that
    of the rules. Whatever damaged the document, the result has the rules that were recorded, or there is
    none. Whole numbers may come as floats, since that is how Pulumi's state brings them back.

    Documents of every released version must stay readable: limits here are never tightened.

    Args:
        recorded: The document, or the text of it.
        beside: The digest that is recorded beside it. It counts where the document holds none: the first
            states of version 1 have it there alone.

    Returns:
        The environment.

    Raises:
        PolicyError: The document is damaged; all problems are told, each with its path.
    """
    document = _document_of(recorded)
    report = Report(RECORDED)
    root = _recorded("rules")
    if not isinstance(document, Mapping):
        report.add(root, "a mapping is due")
        raise report.error()
    if beside is not None:
        document = {"digest": beside, **document}
    _require(document, _KEYS, ("skip_place",), root.path, report)
    _require(document["final_snapshot"], _SNAPSHOT_KEYS, (), "rules.final_snapshot", report)
    _require(document["wait"], _WAIT_KEYS, (), "rules.wait", report)
    if not isinstance(document["skip"], list):
        report.add(_recorded("rules.skip"), "a list is due")
        raise report.error()
    for index, rule in enumerate(document["skip"]):
        _require(rule, _RULE_KEYS, (), f"rules.skip[{index}]", report)
    name = document["name"]
    if not isinstance(name, str) or (name and checks.environment_name(name)):
        report.add(_recorded("rules.name"), "the name of an environment is due")
    receipts = document["receipts"]
    if not isinstance(receipts, str) or checks.receipts(receipts):
        report.add(_recorded("rules.receipts"), "a folder inside the project is due")
    mark = _mark(document["place"], "rules.place", report)
    skip_mark = None
    if "skip_place" in document:
        skip_mark = _mark(document["skip_place"], "rules.skip_place", report)
    node = _environment_node(document, mark, report)
    report.raise_if_any()
    environment = Decoder(report, recorded=True).environment(name, mark, node, Defaults(receipts=receipts))
    environment = replace(environment, skip_place=skip_mark.place if skip_mark else None)
    report.raise_if_any()
    if document["protected"] is not environment.protected:
        report.add(_recorded("rules.protected"), "this contradicts the skip rules")
    if document["digest"] != digest(environment):
        report.add(_recorded("rules.digest"), "the rules are not those that were recorded")
    report.raise_if_any()
    return environment


def digest(environment: Environment) -> str:
    """Return a fingerprint of an environment's rules.

    Args:
        environment: The environment.

    Returns:
        `sha256:` and 64 hexadecimal digits, over everything that changes what a destroy does: not over places
        and comments, nor over the stacks and accounts that the environment claims.
    """
    document = _document(environment)
    for key in ("place", "skip_place", "stacks", "accounts"):
        document.pop(key, None)
    del document["final_snapshot"]["place"]
    for rule in document["skip"]:
        del rule["place"]
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _document(environment: Environment) -> dict[str, Any]:
    snapshot = environment.final_snapshot
    document: dict[str, Any] = {
        "name": environment.name,
        "protected": environment.protected,
        "place": str(environment.place),
        "stacks": list(environment.stacks),
        "accounts": list(environment.accounts),
        "skip": [_rule_to_json(rule) for rule in environment.skip],
        "final_snapshot": {
            "name": snapshot.name,
            "retention_days": snapshot.retention_days,
            "tags": dict(snapshot.tags),
            "place": str(snapshot.place),
        },
        "wait": {
            "timeout_hours": environment.wait.timeout_hours,
            "poll_seconds": environment.wait.poll_seconds,
        },
        "receipts": environment.receipts,
    }
    if environment.skip_place:
        document["skip_place"] = str(environment.skip_place)
    return document


def _rule_to_json(rule: SkipRule) -> dict[str, Any]:
    return {"when": _when_to_json(rule.when), "because": rule.because, "place": str(rule.place)}


def _when_to_json(when: When) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for condition in CONDITIONS:
        value = getattr(when, condition)
        # No condition is a False `always`, None or an empty tuple; a False `requested` is one.
        if value is None or value == () or (condition == "always" and not value):
            continue
        if condition == "tags":
            document[condition] = dict(value)
        else:
            document[condition] = list(value) if isinstance(value, tuple) else value
    return document


def _require(
    document: object, keys: tuple[str, ...], optional: tuple[str, ...], path: str, report: Report
) -> None:
    """Refuse a mapping that lacks a key or has one too many; what it lacks would come from the defaults."""
    mark = _recorded(path)
    if not isinstance(document, Mapping):
        report.add(mark, "a mapping is due")
    else:
        for key in keys:
            if key not in document:
                report.add(mark, f"{key} is missing")
        for key in document:
            if key not in keys and key not in optional:
                report.add(mark, f"there is no key {key!r}")
    report.raise_if_any()


def _environment_node(document: Mapping[str, Any], mark: Mark, report: Report) -> MapNode:
    """Build the nodes the decoder would get from YAML, with the places that are recorded."""
    snapshot = dict(document["final_snapshot"])
    snapshot_mark = _mark(snapshot.pop("place"), "rules.final_snapshot.place", report)
    rules: list[Node] = []
    for index, recorded in enumerate(document["skip"]):
        path = f"rules.skip[{index}]"
        rule = dict(recorded)
        rule_mark = _mark(rule.pop("place"), path, report)
        rules.append(_node(rule, rule_mark, report))
    entries: list[tuple[ScalarNode, Node]] = []
    for key in ("stacks", "accounts", "wait"):
        key_mark = _at(mark, f"rules.{key}")
        entries.append((_key(key, key_mark), _node(document[key], key_mark, report)))
    entries.append(
        (
            _key("final_snapshot", snapshot_mark),
            _node(snapshot, _at(snapshot_mark, "rules.final_snapshot"), report),
        )
    )
    if rules or "skip_place" in document:
        skip_mark = _at(mark, "rules.skip")
        entries.append((_key("skip", skip_mark), ListNode(skip_mark, tuple(rules))))
    return MapNode(_at(mark, "rules"), tuple(entries))


def _recorded(path: str) -> Mark:
    return Mark(RECORDED, 0, 0, path)


def _at(mark: Mark, path: str) -> Mark:
    return Mark(mark.source, mark.line, 0, path)


def _mark(place: object, path: str, report: Report) -> Mark:
    if isinstance(place, str):
        source, colon, line = place.rpartition(":")
        if colon and line.isascii() and line.isdigit() and len(line) <= _LONGEST_LINE_NUMBER:
            return Mark(source, int(line), 0, path)
    report.add(_recorded(path), "a place such as policy/deletion-policy.yaml:12 is due")
    return _recorded(path)


def _key(text: str, mark: Mark) -> ScalarNode:
    return ScalarNode(mark, "text", text, text)


def _node(value: object, mark: Mark, report: Report, depth: int = 0) -> Node:
    if depth > _DEEPEST:
        report.add(mark, "values lie too deep inside each other")
        return ScalarNode(mark, "nothing", None, "")
    if isinstance(value, Mapping):
        entries = []
        for key, item in value.items():
            here = _at(mark, f"{mark.path}.{key}")
            entries.append((_key(str(key), here), _node(item, here, report, depth + 1)))
        return MapNode(mark, tuple(entries))
    if isinstance(value, list):
        items = (
            _node(item, _at(mark, f"{mark.path}[{index}]"), report, depth + 1)
            for index, item in enumerate(value)
        )
        return ListNode(mark, tuple(items))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    for scalar, kind in _KINDS:
        if isinstance(value, scalar):
            return ScalarNode(mark, kind, value, str(value))
    return ScalarNode(mark, "nothing", None, "")
