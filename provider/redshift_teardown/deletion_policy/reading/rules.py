"""The rules under `skip`, and the patterns and tags in them: nodes to what they mean."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy.model import SkipRule, When
from redshift_teardown.deletion_policy.patterns import reading
from redshift_teardown.deletion_policy.problems import Objection, quoted, shown
from redshift_teardown.deletion_policy.reading import checks
from redshift_teardown.deletion_policy.reading.nodes import ListNode, MapNode, ScalarNode
from redshift_teardown.deletion_policy.reading.reader import (
    count,
    mapping,
    number,
    strings,
    text,
    truth,
    wrong,
)

if TYPE_CHECKING:
    from redshift_teardown.deletion_policy.reading.nodes import Mark, Node
    from redshift_teardown.deletion_policy.reading.reader import Check, Keys

LONGEST_AGE_HOURS = 87600
MOST_CLUSTER_NODES = 1000

_NO_NAMES = {"identifier": checks.no_identifier, "stacks": checks.no_stack}


def skip(node: Node, what: str) -> list[tuple[SkipRule, Mark]] | None:
    """Read the rules of an environment and where they stand, or the word never."""
    if isinstance(node, ScalarNode) and node.is_text and node.text == "never":
        return []
    if not isinstance(node, ListNode):
        wrong(node, what, "the word never or a list of rules", "skip: never")
        return None
    rules: list[tuple[SkipRule, Mark]] = []
    for item in node.items:
        if rules and rules[-1][0].when.always:
            line = rules[-1][1].line
            message = f"this rule is never reached, since the one in line {line} always holds"
            item.mark.add(message, "no rule here, or conditions there")
            break
        found = mapping(
            item,
            "a skip rule",
            RULE,
            example='{when: {requested: true}, because: "the program asked"}',
            required=_OF_A_RULE,
        )
        if len(found) == len(RULE):
            rules.append((SkipRule(**found, place=item.mark.place), item.mark))
    return rules


def because(node: Node, what: str) -> str | None:
    """Read a reason, as one sentence on one line."""
    said = text(node, what, example='"nothing lives a day in staging"')
    sentence = " ".join((said or "").split())
    return None if said is None or node.mark.refused(checks.reason(sentence)) else sentence


def patterns(node: Node, what: str, *, example: str, check: Check) -> dict[str, Mark] | None:
    """Read a list of patterns, and warn of those that match nothing, or not what they read like.

    Args:
        node: The list.
        what: Its key.
        example: A list to write instead.
        check: Tells what is wrong with a pattern.

    Returns:
        The patterns in their order and where they stand, without what was wrong; None if it is no list.
    """
    found = strings(node, what, example=example, check=check)
    for pattern, mark in (found or {}).items():
        _warn(mark, pattern, dots=what != "node_type")
        why = _NO_NAMES[what](pattern) if what in _NO_NAMES else ""
        if why:
            message = f"the pattern {shown(pattern)} matches none: {why}"
            mark.warn(message, f"a pattern such as {example}")
    return found


def tags(node: Node, what: str, *, key_check: Check, check: Check) -> dict[str, str] | None:
    """Read a mapping of tag keys to values.

    Args:
        node: The mapping.
        what: Its key.
        key_check: Tells what is wrong with a tag's key.
        check: Tells what is wrong with a tag's value.

    Returns:
        The tags without what was wrong; None if it is no mapping.
    """
    if not isinstance(node, MapNode):
        wrong(node, what, "a mapping of tag keys to values", "tags: {team: data}")
        return None
    found = {}
    for key, entry in node.entries.items():
        refused = entry.mark.refused(key_check(key))
        value = text(entry.value, f"tag {shown(key)}", example='"true"', check=check)
        if value is not None and not refused:
            found[key] = value
    return found


def _when(node: Node, what: str) -> When | None:
    found = mapping(node, what, WHEN, example="{requested: true}")
    if not isinstance(node, MapNode):
        return None
    if not node.entries:
        message = "when is empty, so the rule would never hold"
        node.mark.add(message, "when: {always: true}, if it always shall")
        return None
    if found.get("always") and len(node.entries) > 1:
        node.entries["always"].value.mark.add(
            "always leaves nothing to the other conditions", "always: true alone, or no always"
        )
    return When(**found)


def _always(node: Node, what: str) -> bool | None:
    value = truth(node, what)
    if value is False:
        node.mark.add("a rule that never holds says nothing", "skip: never, or no rule")
    return value


def _tag_conditions(node: Node, what: str) -> tuple[tuple[str, str], ...]:
    if isinstance(node, MapNode) and not node.entries:
        node.mark.add("tags is empty, so it asks for nothing", 'tags: {ephemeral: "true"}')
    found = tags(node, what, key_check=checks.tag_key, check=checks.tag_pattern) or {}
    for key, entry in node.entries.items() if isinstance(node, MapNode) else ():
        if key in found:
            _warn(entry.value.mark, found[key])
    return tuple(sorted(found.items()))


def _globs(node: Node, what: str, *, example: str, check: Check) -> tuple[str, ...]:
    if isinstance(node, ListNode) and not node.items:
        node.mark.add(f"{what} is empty, so it asks for nothing", f"{what}: {example}")
    return tuple(sorted(patterns(node, what, example=example, check=check) or ()))


def _warn(mark: Mark, pattern: str, *, dots: bool = True) -> None:
    """Warn of a pattern that reads like a regular expression; there is no second reading of a name."""
    found = reading(pattern, dots=dots)
    if found:
        message = f"the pattern {shown(pattern)} reads like a regular expression and is none: it {found}"
        mark.warn(message, f"{quoted(found.instead)}, if those are meant" if found.instead else "")


RULE: Keys = {"when": _when, "because": because}
_OF_A_RULE = {
    "when": Objection("the skip rule does not say when it holds", "when: {requested: true}"),
    "because": Objection(
        "the skip rule does not say why data may be lost",
        'because: "ephemeral clusters hold no data of record"',
    ),
}
WHEN: Keys = {
    "always": _always,
    "requested": truth,
    "tags": _tag_conditions,
    "identifier": partial(_globs, example='["etl-*"]', check=checks.identifier),
    "node_type": partial(_globs, example='["dc2.*"]', check=checks.node_type),
    "max_nodes": partial(count, high=MOST_CLUSTER_NODES, example="2"),
    "younger_than_hours": partial(number, high=LONGEST_AGE_HOURS, example="24"),
    "restored_from_snapshot": truth,
}
