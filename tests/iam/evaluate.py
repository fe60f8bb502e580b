"""Judges calls by the documented IAM policy, as IAM would: action and every resource must be allowed."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redshift_teardown.emulator import CallRecord

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "iam-policy.json"
AGENT: Final = "redshift-teardown"
"""What the product adds to its User-Agent: others call the emulator too."""

FREE: Final = {("sts", "GetCallerIdentity")}
"""IAM lets everybody ask who they are."""

EVERYTHING: Final = ("*",)


def statements() -> list[dict[str, Any]]:
    """Read the documented policy."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))["Statement"]
    return found


def actions() -> set[str]:
    """Return every action the policy allows."""
    return {action for statement in statements() for action in _list(statement["Action"])}


def by_product(calls: Iterable[CallRecord]) -> list[CallRecord]:
    """Return those calls that the product made."""
    return [call for call in calls if AGENT in call.agent]


def refused(calls: Iterable[CallRecord]) -> list[str]:
    """Return in words the product's calls that IAM refuses; the account in the policy is the caller's."""
    return [
        f"{call.service}:{call.operation} on {resource}"
        for call in by_product(calls)
        if (call.service, call.operation) not in FREE
        for resource in _resources(call)
        if not _allowed(f"{call.service}:{call.operation}", resource)
    ]


def used(calls: Iterable[CallRecord]) -> set[str]:
    """Return the actions that the product's calls use."""
    return {
        f"{call.service}:{call.operation}"
        for call in by_product(calls)
        if (call.service, call.operation) not in FREE
    }


def _allowed(action: str, resource: str) -> bool:
    return any(
        action in _list(statement["Action"])
        and any(_matches(resource, pattern) for pattern in _list(statement["Resource"]))
        for statement in statements()
    )


def _matches(resource: str, pattern: str) -> bool:
    """Compare ARNs part by part: no `*` of a pattern reaches into the next part.

    Account and names of the document are examples, which stand for any: what is compared is the kind.
    """
    pattern = pattern.replace("111122223333", "*").replace("warehouse-*", "*")
    parts, wanted = resource.split(":"), pattern.split(":")
    return pattern == "*" or (len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted)))


def _resources(call: CallRecord) -> tuple[str, ...]:
    """Return the resources that IAM asks about, by the service authorization reference of Redshift."""
    given: Mapping[str, Any] = call.parameters
    prefix = f"arn:aws:redshift:{call.region}:{call.account}"
    cluster = f"{prefix}:cluster:{given.get('ClusterIdentifier', '')}".lower()
    snapshot = (
        f"{prefix}:snapshot:{given.get('SnapshotClusterIdentifier') or '*'}/{given.get('SnapshotIdentifier')}"
    )
    if call.operation.startswith("Describe"):
        return EVERYTHING
    if call.operation in ("CreateTags", "DeleteTags"):
        return (str(given["ResourceName"]),)
    if call.operation == "ModifyClusterSnapshot":
        return (snapshot,)
    if call.operation == "RestoreFromClusterSnapshot":
        return (cluster, str(given.get("SnapshotArn") or snapshot))
    return (cluster,)


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
