"""Taking nodes apart, and telling what is wrong with a single one.

Each function here takes a node and the key it stands behind, and returns what the node means, or
None where that was reported: whoever asked goes on without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from redshift_teardown.deletion_policy.model import When
from redshift_teardown.deletion_policy.problems import Objection, listed, nearest, quoted, shown
from redshift_teardown.deletion_policy.reading.nodes import ListNode, MapNode, Mark, Node, ScalarNode

Check = Callable[[str], Objection | None]
"""Tells what is wrong with a text, or None."""

Keys = Mapping[str, Callable[[Node, str], Any]]
"""The keys of a mapping, and what reads the value of each."""

# Where a key belongs that stands in the wrong place.
HOMES = {
    **dict.fromkeys(
        ("version", "defaults", "receipts", "environments", "released"), "at the top of the file"
    ),
    **dict.fromkeys(("stacks", "accounts", "skip", "final_snapshot", "wait"), "under an environment"),
    **dict.fromkeys((field.name for field in fields(When)), "under the when of a skip rule"),
    # `stack` is left out: under an environment it is more likely meant for `stacks`.
    **dict.fromkeys(("project", "resource"), "in an entry of released"),
    **dict.fromkeys(("when", "because"), "in a rule under skip"),
    **dict.fromkeys(("name", "retention_days", "tags"), "under final_snapshot"),
    **dict.fromkeys(("timeout_hours", "poll_seconds"), "under wait"),
}
_NOTHING: Mapping[str, Objection] = MappingProxyType({})


def wrong(node: Node, what: str, wanted: str, example: str) -> None:
    """Report a value of the wrong kind.

    Args:
        node: The value.
        what: What it stands for, such as its key.
        wanted: What it should have been, in words.
        example: What to write instead.
    """
    node.mark.add(f"{what} must be {wanted}, not {_described(node)}", example)


def mapping(
    node: Node, what: str, keys: Keys, *, example: str, required: Mapping[str, Objection] = _NOTHING
) -> dict[str, Any]:
    """Read a mapping key by key, reporting keys that do not belong there.

    Args:
        node: The mapping.
        what: What it stands for.
        keys: The keys it may have.
        example: What to write instead of something that is no mapping.
        required: What is said where a key is missing.

    Returns:
        What is right of it, in the order of `keys`.
    """
    if not isinstance(node, MapNode):
        wrong(node, what, "a mapping of keys to values", example)
        return {}
    for key, entry in node.entries.items():
        if key not in keys:
            entry.mark.refused(_unknown_key(key, what, keys))
    found = {}
    for key, read in keys.items():
        if key in node.entries:
            value = read(node.entries[key].value, key)
            if value is not None:
                found[key] = value
        elif key in required:
            node.mark.refused(required[key])
    return found


def text(node: Node, what: str, *, example: str, check: Check | None = None) -> str | None:
    """Read a text, or report why it is none, or not of the form that is due.

    Args:
        node: The text.
        what: What it stands for.
        example: What to write where nothing stands.
        check: Tells what is wrong with it.

    Returns:
        The text, or None if anything is wrong.
    """
    if not isinstance(node, ScalarNode) or node.value is None:
        wrong(node, what, "text", example)
        return None
    if not node.is_text:
        message = f"{what} must be text, but YAML reads {shown(node.text)} as {node.reading}"
        node.mark.add(message, quoted(node.text))
        return None
    return None if check and node.mark.refused(check(node.text)) else node.text


def strings(node: Node, what: str, *, example: str, check: Check) -> dict[str, Mark] | None:
    """Read a list of strings, each once.

    Args:
        node: The list.
        what: Its key.
        example: What to write instead of something that is no list.
        check: Tells what is wrong with an entry.

    Returns:
        The strings in their order and where they stand, without what was wrong; None if it is no list.
    """
    if not isinstance(node, ListNode):
        if isinstance(node, ScalarNode) and node.is_text:
            example = f"[{quoted(node.text)}]"
        wrong(node, what, "a list", f"{what}: {example}")
        return None
    found: dict[str, Mark] = {}
    for item in node.items:
        entry = text(item, f"an entry of {what}", example=f"{what}: {example}", check=check)
        if entry is None:
            continue
        if entry in found:
            line = found[entry].line
            message = f"{shown(entry)} stands in {what} a second time; the first is in line {line}"
            item.mark.add(message, "each entry once")
        found.setdefault(entry, item.mark)
    return found


def truth(node: Node, what: str) -> bool | None:
    """Read true or false."""
    if isinstance(node, ScalarNode) and isinstance(node.value, bool):
        return node.value
    no = isinstance(node, ScalarNode) and node.reading == "false"
    wrong(node, what, "true or false", f"{what}: {'false' if no else 'true'}")
    return None


def whole(node: Node, what: str, *, example: str, wanted: str = "a whole number") -> int | None:
    """Read a whole number.

    Args:
        node: The value.
        what: Its key.
        example: What to write instead of something that is none, where its digits do not show what is meant.
        wanted: What it should be, in words.

    Returns:
        The number, or None if it is none.
    """
    if isinstance(node, ScalarNode) and type(node.value) is int:
        return node.value
    digits = node.text.replace("_", "").lstrip("+0") if isinstance(node, ScalarNode) else ""
    meant = digits if digits.isascii() and digits.isdigit() and len(digits) < len("10000") else example
    wrong(node, what, wanted, f"{what}: {meant}")
    return None


def number(node: Node, what: str, *, low: float = 0, high: float, example: str) -> float | None:
    """Read a number above nothing, whole or decimal.

    Args:
        node: The value.
        what: Its key.
        low: The least it may be; 0 for anything above nothing.
        high: The most it may be.
        example: What to write instead of something that is none.

    Returns:
        The number, or None if it is wrong.
    """
    value = node.value if isinstance(node, ScalarNode) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        wrong(node, what, "a number", f"{what}: {example}")
        return None
    return float(value) if _within(node, what, value, low, high, example) else None


def count(node: Node, what: str, *, high: int, example: str) -> int | None:
    """Read a whole number from 1 on; arguments as of `number`."""
    value = whole(node, what, example=example)
    return value if value is not None and _within(node, what, value, 1, high, example) else None


def _within(node: Node, what: str, value: float, low: float, high: float, example: str) -> bool:
    right = value > 0 and low <= value <= high
    if not right:
        bounds = f"from {low} to {high}" if low else f"more than 0 and at most {high}"
        node.mark.add(f"{what} must be {bounds}, not {value}", f"{what}: {example}")
    return right


def _unknown_key(key: str, what: str, keys: Keys) -> Objection:
    message = f"{what} knows no key {shown(key)}"
    if key == "skip" and what == "defaults":
        message = "skip is not inherited: which clusters may lose their data is said for each environment"
        return Objection(message, "skip under an environment")
    # A key that is right elsewhere was meant; it is no slip of another one.
    if key in HOMES:
        return Objection(message, f"{key} {HOMES[key]}")
    near = nearest(key, keys)
    return Objection(message, f"{near}: … (did you mean that?)" if near else f"one of {listed(keys, 'or')}")


def _described(node: Node) -> str:
    if not isinstance(node, ScalarNode):
        return "a mapping" if isinstance(node, MapNode) else "a list"
    if node.is_text:
        return f"the text {shown(node.text)}"
    if isinstance(node.value, str):
        return f"{node.text}, which YAML reads as {node.reading}"
    return node.reading
