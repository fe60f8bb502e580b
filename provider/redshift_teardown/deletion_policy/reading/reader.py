"""Taking nodes apart, and telling what is wrong with a single one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from redshift_teardown.deletion_policy.problems import Objection, listed, nearest, shown
from redshift_teardown.deletion_policy.reading.nodes import ListNode, MapNode, Node, ScalarNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.deletion_policy.reading.nodes import Mark, Report


POLICY_KEYS = ("version", "defaults", "receipts", "environments", "released")
RELEASE_KEYS = ("project", "stack", "resource", "because")
DEFAULTS_KEYS = ("final_snapshot", "wait")
ENVIRONMENT_KEYS = ("stacks", "accounts", "skip", "final_snapshot", "wait")
RULE_KEYS = ("when", "because")
SNAPSHOT_KEYS = ("name", "retention_days", "tags")
WAIT_KEYS = ("timeout_hours", "poll_seconds")
CONDITIONS = (
    "always",
    "requested",
    "tags",
    "identifier",
    "node_type",
    "max_nodes",
    "younger_than_hours",
    "restored_from_snapshot",
)
# Where a key belongs that stands in the wrong place.
_HOMES = {
    **dict.fromkeys(POLICY_KEYS, "at the top of the file"),
    **dict.fromkeys(ENVIRONMENT_KEYS, "under an environment"),
    **dict.fromkeys(CONDITIONS, "under the when of a skip rule"),
    # `stack` is left out: under an environment it is more likely meant for `stacks`.
    **dict.fromkeys(("project", "resource"), "in an entry of released"),
    **dict.fromkeys(RULE_KEYS, "in a rule under skip"),
    **dict.fromkeys(SNAPSHOT_KEYS, "under final_snapshot"),
    **dict.fromkeys(WAIT_KEYS, "under wait"),
}


class Field(NamedTuple):
    """A key and its value."""

    key: ScalarNode
    value: Node


if TYPE_CHECKING:
    Fields = dict[str, Field]


class NodeReader:
    """Reads single nodes; what is wrong goes to the report, and whoever asked for it goes on without."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def object_to(self, mark: Mark, objection: Objection | None) -> bool:
        """Report an objection, if there is one.

        Args:
            mark: What it is about.
            objection: What is wrong and what to write instead, or None.

        Returns:
            Whether there was one.
        """
        if objection:
            self.report.add(mark, *objection)
        return bool(objection)

    def wrong(self, node: Node, what: str, wanted: str, example: str) -> None:
        """Report a value of the wrong kind.

        Args:
            node: The value.
            what: What it stands for, such as its key.
            wanted: What it should have been, in words.
            example: What to write instead.
        """
        self.report.add(node.mark, f"{what} must be {wanted}, not {_kind(node)}", example)

    def fields(self, node: Node, what: str, known: tuple[str, ...], *, example: str) -> Fields:
        """Take a mapping apart by key, reporting keys that do not belong there.

        Args:
            node: The mapping.
            what: What it stands for.
            known: The keys it may have.
            example: What to write instead of something that is no mapping.

        Returns:
            What it has of the known keys.
        """
        if not isinstance(node, MapNode):
            self.wrong(node, what, "a mapping of keys to values", example)
            return {}
        fields = {}
        for key, value in node.entries:
            if key.text in known:
                fields[key.text] = Field(key, value)
            else:
                self.object_to(key.mark, _unknown_key(key.text, what, known))
        return fields

    def text(self, node: Node, what: str, example: str) -> str | None:
        """Read a text, or report why it is none.

        Args:
            node: The text.
            what: What it stands for.
            example: What to write where nothing stands.

        Returns:
            The text, or None if it is none.
        """
        if not isinstance(node, ScalarNode) or node.kind == "nothing":
            self.wrong(node, what, "text", example)
            return None
        if node.kind == "text":
            return node.text
        message = f"{what} must be text, but YAML reads {shown(node.text)} as {node.reading}"
        self.report.add(node.mark, message, json.dumps(node.text, ensure_ascii=False))
        return None

    def checked_text(
        self, node: Node, what: str, example: str, objection: Callable[[str], Objection | None]
    ) -> str | None:
        """Read a text that must be of a certain form.

        Args:
            node: The text.
            what: What it stands for.
            example: What to write where nothing stands.
            objection: Tells what is wrong with a text, or None.

        Returns:
            The text, or None if anything is wrong.
        """
        text = self.text(node, what, example)
        return None if text is None or self.object_to(node.mark, objection(text)) else text

    def strings(
        self, node: Node, what: str, example: str, objection: Callable[[str], Objection | None]
    ) -> tuple[str, ...]:
        """Read a list of strings, each once.

        Args:
            node: The list.
            what: Its key.
            example: What to write instead of something that is no list.
            objection: Tells what is wrong with an entry, or None.

        Returns:
            The strings in their order, without what was wrong.
        """
        if not isinstance(node, ListNode):
            if isinstance(node, ScalarNode) and node.kind == "text":
                example = f"[{json.dumps(node.text, ensure_ascii=False)}]"
            self.wrong(node, what, "a list", f"{what}: {example}")
            return ()
        strings: dict[str, Mark] = {}
        for item in node.items:
            text = self.checked_text(item, f"an entry of {what}", f"{what}: {example}", objection)
            if text is None:
                continue
            if text in strings:
                line = strings[text].line
                message = f"{shown(text)} stands in {what} a second time; the first is in line {line}"
                self.report.add(item.mark, message, "each entry once")
            else:
                strings[text] = item.mark
        return tuple(strings)

    def truth(self, node: Node | None, what: str) -> bool | None:
        """Read true or false.

        Args:
            node: The value; None if its key is absent.
            what: Its key.

        Returns:
            The truth, or None if it is absent or something else.
        """
        if node is None:
            return None
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        no = isinstance(node, ScalarNode) and node.reading == "false"
        self.wrong(node, what, "true or false", f"{what}: {'false' if no else 'true'}")
        return None

    def whole(self, node: Node, what: str, example: str) -> int | None:
        """Read a whole number.

        Args:
            node: The value.
            what: Its key.
            example: What to write instead of something that is none.

        Returns:
            The number, or None if it is none.
        """
        if isinstance(node, ScalarNode) and node.kind == "whole" and isinstance(node.value, int):
            return node.value
        self.wrong(node, what, "a whole number", f"{what}: {plain_number(node, example)}")
        return None

    def number(self, node: Node | None, what: str, low: float, high: float, example: str) -> float | None:
        """Read a number above nothing, whole or decimal.

        Args:
            node: The value; None if its key is absent.
            what: Its key.
            low: The least it may be; 0 for anything above nothing.
            high: The most it may be.
            example: What to write instead of something that is none.

        Returns:
            The number, or None if it is absent or wrong.
        """
        if node is None:
            return None
        value = node.value if isinstance(node, ScalarNode) and node.kind in ("whole", "decimal") else None
        if not isinstance(value, (int, float)):
            self.wrong(node, what, "a number", f"{what}: {example}")
            return None
        if value > 0 and low <= value <= high:
            return float(value)
        bounds = f"from {low} to {high}" if low else f"more than 0 and at most {high}"
        self.report.add(node.mark, f"{what} must be {bounds}, not {value}", f"{what}: {example}")
        return None


def plain_number(node: Node, example: str) -> str:
    """Return a number as it should be written: that of the node if its digits show which is meant.

    Args:
        node: What was written.
        example: What to give where nothing of the kind was.

    Returns:
        The digits.
    """
    digits = node.text.replace("_", "").lstrip("+0") if isinstance(node, ScalarNode) else ""
    return digits if digits.isascii() and digits.isdigit() and len(digits) < len("10000") else example


def _unknown_key(key: str, what: str, known: tuple[str, ...]) -> Objection:
    message = f"{what} knows no key {shown(key)}"
    if key == "skip" and what == "defaults":
        message = "skip is not inherited: which clusters may lose their data is said for each environment"
        return Objection(message, "skip under an environment")
    # A key that is right elsewhere was meant; it is no slip of another one.
    if key in _HOMES:
        return Objection(message, f"{key} {_HOMES[key]}")
    near = nearest(key, known)
    return Objection(message, f"{near}: … (did you mean that?)" if near else f"one of {listed(known, 'or')}")


def _kind(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    return {
        "text": f"the text {shown(node.text)}",
        "whole": f"the number {node.text}",
        "decimal": f"the number {node.text}",
        "truth": node.text,
        "nothing": "nothing",
        "trap": f"{node.text}, which YAML reads as {node.reading}",
    }[node.kind]
