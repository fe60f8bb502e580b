"""Nodes to the deletion policy they mean, with every problem told at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from redshift_teardown.deletion_policy import model
from redshift_teardown.deletion_policy.model import (
    FOREVER,
    Environment,
    FinalSnapshot,
    Policy,
    Release,
    WaitRules,
)
from redshift_teardown.deletion_policy.naming import MOST_POLICY_TAGS, template_problem
from redshift_teardown.deletion_policy.problems import Objection, shown
from redshift_teardown.deletion_policy.reading import checks
from redshift_teardown.deletion_policy.reading.nodes import ListNode, MapNode, ScalarNode, in_order
from redshift_teardown.deletion_policy.reading.reach import StackClaim, warn_of_what_never_applies
from redshift_teardown.deletion_policy.reading.reader import mapping, number, strings, text, whole, wrong
from redshift_teardown.deletion_policy.reading.rules import because, patterns, skip, tags

if TYPE_CHECKING:
    from redshift_teardown.deletion_policy.reading.nodes import Mark, Node
    from redshift_teardown.deletion_policy.reading.reader import Keys

LONGEST_RETENTION_DAYS = 3653
"""AWS's own limit (DeleteCluster, API 2012-12-01); beyond it only -1, forever."""
LONGEST_TIMEOUT_HOURS = 8760
SHORTEST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 3600


class _Said(NamedTuple):
    """What an environment says itself, and where; the rest is inherited."""

    name: str
    mark: Mark
    keys: dict[str, Mark]
    parts: dict[str, Any]


def read_policy(root: Node) -> Policy:
    """Read a whole document.

    Args:
        root: The document; its report may have problems already.

    Returns:
        The policy.

    Raises:
        PolicyError: Anything is wrong; all of it is told.
    """
    found = mapping(root, "the policy", POLICY, example="version: 1", required={"version": _NO_VERSION})
    defaults = found.get("defaults", {})
    receipts = found.get("receipts", model.DEFAULT_RECEIPTS)
    said: list[_Said] = found.get("environments", [])
    _refuse_shared_claims(said, "stacks")
    _refuse_shared_claims(said, "accounts")
    environments = tuple(_environment(each, defaults, receipts) for each in said)
    root.mark.report.raise_if_any()
    warn_of_what_never_applies(
        root.mark,
        rules=[each.parts.get("skip", []) for each in said],
        claims=[
            StackClaim(environment, claim, mark)
            for each, environment in zip(said, environments, strict=True)
            for claim, mark in each.parts.get("stacks", {}).items()
        ],
    )
    mark = root.mark
    if isinstance(root, MapNode) and "defaults" in root.entries:
        mark = root.entries["defaults"].mark
    return Policy(
        source=mark.report.source,
        version=model.VERSION,
        receipts=receipts,
        environments=environments,
        unmatched=_environment(_Said("", mark, {}, {}), defaults, receipts),
        released=found.get("released", ()),
        warnings=in_order(root.mark.report.warnings),
    )


def _environment(said: _Said, defaults: dict[str, Any], receipts: str) -> Environment:
    own, place = said.parts, said.mark.place
    snapshot, inherited = own.get("final_snapshot", {}), defaults.get("final_snapshot", {})
    tags = {**inherited.get("tags", {}), **snapshot.get("tags", {})}
    if snapshot.get("tags"):
        who = f"{_called(said.name)} has too many tags with those of the defaults"
        _count_tags(said.keys["final_snapshot"], who, tags)
    return Environment(
        name=said.name,
        stacks=tuple(own.get("stacks", ())),
        accounts=tuple(own.get("accounts", ())),
        skip=tuple(rule for rule, _ in own.get("skip", ())),
        final_snapshot=FinalSnapshot(
            **{**_SNAPSHOT, "place": place, **inherited, **snapshot, "tags": tuple(sorted(tags.items()))}
        ),
        wait=WaitRules(**{**_WAIT, **defaults.get("wait", {}), **own.get("wait", {})}),
        receipts=receipts,
        place=place,
        skip_place=said.keys["skip"].place if "skip" in said.keys else None,
    )


def _version(node: Node, what: str) -> int | None:
    value = whole(node, what, example=str(model.VERSION))
    if value is not None and value != model.VERSION:
        # What the rest means in another version is anybody's guess.
        node.mark.fail(
            f"this release reads version {model.VERSION} of the language, not version {value}",
            f"version: {model.VERSION}, or use a release that reads version {value}",
        )
    return value


def _defaults(node: Node, what: str) -> dict[str, Any]:
    found = mapping(node, what, DEFAULTS, example="wait: {timeout_hours: 24}")
    if isinstance(node, MapNode) and "final_snapshot" in found:
        tags = found["final_snapshot"].get("tags", {})
        _count_tags(node.entries["final_snapshot"].mark, "defaults has too many tags", tags)
    return found


def _count_tags(mark: Mark, who: str, tags: dict[str, str]) -> None:
    if len(tags) > MOST_POLICY_TAGS:
        mark.add(
            f"{who}: {len(tags)}; at most {MOST_POLICY_TAGS} fit, "
            "since AWS takes 50 and a teardown writes some itself",
            "fewer tags",
        )


def _environments(node: Node, what: str) -> list[_Said] | None:
    if not isinstance(node, MapNode):
        wrong(node, what, "a mapping of names to rules", "environments: {dev: {stacks: [dev]}}")
        return None
    said = []
    for name, (mark, value) in node.entries.items():
        mark.refused(checks.environment_name(name))
        parts = mapping(value, _called(name), ENVIRONMENT, example='stacks: ["dev-*"]')
        entries = value.entries if isinstance(value, MapNode) else {}
        said.append(_Said(name, mark, {key: entry.mark for key, entry in entries.items()}, parts))
    return said


def _called(name: str) -> str:
    return f"environment {name}" if name else "the environment"


def _refuse_shared_claims(said: list[_Said], key: str) -> None:
    """Refuse a stack or an account that two environments list, since only one of them could have it."""
    claimed: dict[str, tuple[str, Mark]] = {}
    for each in said:
        for claim, mark in each.parts.get(key, {}).items():
            owner, first = claimed.setdefault(claim, (each.name, mark))
            if owner != each.name:
                what = key.removesuffix("s")
                message = f"{what} {shown(claim)} belongs to environment {owner}, in line {first.line}"
                mark.add(message, f"the {what} in one environment only")


def _released(node: Node, what: str) -> tuple[Release, ...] | None:
    if not isinstance(node, ListNode):
        example = 'released: [{project: shop, stack: prod, resource: warehouse, because: "sold in May"}]'
        wrong(node, what, "a list of places", example)
        return None
    found: dict[tuple[str, str, str], Release] = {}
    for item in node.items:
        entry = mapping(
            item,
            "an entry of released",
            RELEASE,
            example="{project: shop, stack: prod, resource: warehouse}",
            required=_OF_A_RELEASE,
        )
        if len(entry) < len(RELEASE):
            continue
        release = Release(**entry, place=item.mark.place)
        first = found.setdefault((release.project, release.stack, release.resource), release)
        if first is not release:
            message = f"this place is released already, in line {first.place.line}"
            item.mark.add(message, "each place once")
    return tuple(found.values())


def _snapshot(node: Node, what: str) -> dict[str, Any]:
    found = mapping(node, what, SNAPSHOT, example="final_snapshot: {retention_days: 35}")
    if isinstance(node, MapNode) and "retention_days" in found:
        found["place"] = node.entries["retention_days"].mark.place
    return found


def _name(node: Node, what: str) -> str | None:
    name = text(node, what, example=f'"{model.DEFAULT_NAME}"', check=template_problem)
    if name is not None and "{timestamp}" not in name:
        node.mark.warn(
            f"the name {shown(name)} does not say when it was given, so it proves nothing by itself: "
            "a machine that has lost its receipts cannot prove an untagged snapshot of that name",
            f'"{name}-{{timestamp}}"',
        )
    return name


def _retention(node: Node, what: str) -> int | None:
    if isinstance(node, ScalarNode) and node.is_text and node.text == "forever":
        return FOREVER
    wanted = "a whole number of days or the word forever"
    days = whole(node, what, example="35", wanted=wanted)
    if days is None or days == FOREVER or 1 <= days <= LONGEST_RETENTION_DAYS:
        return days
    node.mark.add(
        f"AWS keeps a manual snapshot 1 to {LONGEST_RETENTION_DAYS} days or forever, not {days}",
        f"retention_days: {1 if days < 1 else LONGEST_RETENTION_DAYS}, or retention_days: forever",
    )
    return None


def _wait(node: Node, what: str) -> dict[str, float]:
    return mapping(node, what, WAIT, example="wait: {timeout_hours: 24, poll_seconds: 15}")


POLICY: Keys = {
    "version": _version,
    "defaults": _defaults,
    "receipts": partial(text, example=model.DEFAULT_RECEIPTS, check=checks.receipts),
    "environments": _environments,
    "released": _released,
}
DEFAULTS: Keys = {"final_snapshot": _snapshot, "wait": _wait}
ENVIRONMENT: Keys = {
    "stacks": partial(patterns, example='["dev-*"]', check=checks.stack),
    "accounts": partial(strings, example='["111122223333"]', check=checks.account),
    "skip": skip,
    **DEFAULTS,
}
SNAPSHOT: Keys = {
    "name": _name,
    "retention_days": _retention,
    "tags": partial(tags, key_check=checks.own_tag_key, check=checks.tag_value),
}
WAIT: Keys = {
    "timeout_hours": partial(number, high=LONGEST_TIMEOUT_HOURS, example="24"),
    "poll_seconds": partial(number, low=SHORTEST_POLL_SECONDS, high=LONGEST_POLL_SECONDS, example="15"),
}
RELEASE: Keys = {
    "project": partial(text, example="shop", check=checks.project),
    "stack": partial(text, example="prod", check=checks.exact_stack),
    "resource": partial(text, example="warehouse", check=checks.resource),
    "because": because,
}
_NO_VERSION = Objection("the version is missing", f"version: {model.VERSION}, as the first line")
_OF_A_RELEASE = {
    **{
        key: Objection(f"the released place does not name its {key}", f"{key}: {example}")
        for key, example in (("project", "shop"), ("stack", "prod"), ("resource", "warehouse"))
    },
    "because": Objection("the released place does not say why", 'because: "the warehouse was sold in May"'),
}
_SNAPSHOT = {"name": model.DEFAULT_NAME, "retention_days": model.DEFAULT_RETENTION_DAYS}
_WAIT = {"timeout_hours": model.DEFAULT_TIMEOUT_HOURS, "poll_seconds": model.DEFAULT_POLL_SECONDS}
