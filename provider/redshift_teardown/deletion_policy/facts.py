"""The facts that a decision looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# Pulumi writes a value that is not known before `up` as this text (pulumi.runtime.rpc.UNKNOWN), and a secret
# as a mapping with this key; either may stand where a plain value is expected.
PULUMI_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PULUMI_SIGNATURE = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True)
class Facts:
    """What is known about one cluster; None means unknown.

    Attributes:
        project: The Pulumi project.
        stack: The Pulumi stack, without organisation and project.
        resource: The Pulumi resource's name.
        identifier: The cluster identifier.
        node_type: The node type, such as `ra3.xlplus`.
        number_of_nodes: How many nodes the cluster has.
        tags: The cluster's tags; a None value is a tag whose value is unknown.
        skip_requested: Whether the program asks to skip the final snapshot.
        requested_name: The name the program asks for; None where it asks for none.
        account: The AWS account.
        region: The AWS region.
        create_time: When the cluster's data began, with a time zone: its age is reckoned from it.
        restored_from_snapshot: Whether the cluster was restored from a snapshot.
        now: The time of the decision, with a time zone; None where the clock must not matter (preview).
    """

    project: str | None = None
    stack: str | None = None
    resource: str | None = None
    identifier: str | None = None
    node_type: str | None = None
    number_of_nodes: int | None = None
    tags: Mapping[str, str | None] | None = None
    skip_requested: bool | None = None
    requested_name: str | None = None
    account: str | None = None
    region: str | None = None
    create_time: datetime | None = None
    restored_from_snapshot: bool | None = None
    now: datetime | None = None


def facts_of(
    inputs: Mapping[str, object],
    *,
    project: str | None,
    stack: str | None,
    resource: str | None,
    account: str | None = None,
    region: str | None = None,
    create_time: datetime | None = None,
    now: datetime | None = None,
) -> Facts:
    """Read the facts from a cluster's inputs.

    What is absent (or None) has AWS's own default where that is a fact: no skip, one node, no tags. What has
    a wrong type is unknown, and so is what only a snapshot knows: the nodes of a restored or adopted cluster
    that names none.

    Args:
        inputs: The arguments of the cluster, in snake case; numbers may be floats.
        project: The Pulumi project.
        stack: The Pulumi stack.
        resource: The Pulumi resource's name.
        account: The AWS account, if known.
        region: The AWS region, if known; else the inputs' `region` is taken.
        create_time: When AWS created the cluster, with a time zone.
        now: The time of the decision, with a time zone; None at preview.

    Returns:
        The facts, None for each one that is unknown.
    """
    restored = _restored(inputs)
    adopted = inputs.get("adopt_existing") not in (None, False)
    if inputs.get("number_of_nodes") is None:
        nodes = 1 if restored is False and not adopted else None
    else:
        nodes = _whole(inputs["number_of_nodes"])
    skip = inputs.get("skip_final_snapshot")
    return Facts(
        project=project,
        stack=stack,
        resource=resource,
        identifier=_text(inputs.get("cluster_identifier")),
        node_type=_text(inputs.get("node_type")),
        number_of_nodes=nodes,
        tags=_tags(inputs.get("tags")),
        skip_requested=False if skip is None else skip if isinstance(skip, bool) else None,
        requested_name=_text(inputs.get("final_snapshot_identifier")),
        account=account,
        region=region if region is not None else _text(inputs.get("region")),
        create_time=create_time,
        restored_from_snapshot=restored,
        now=now,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value != PULUMI_UNKNOWN else None


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def _tags(value: object) -> dict[str, str | None] | None:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or PULUMI_SIGNATURE in value:
        return None
    return {str(key): _text(tag) for key, tag in value.items()}


def _restored(inputs: Mapping[str, object]) -> bool | None:
    """Return whether a cluster comes from a snapshot.

    An argument not known yet may still turn out to be absent. With `restore_final_snapshot` only `up` finds
    out whether there is a snapshot to restore from.
    """
    if _text(inputs.get("snapshot_identifier")) or _text(inputs.get("snapshot_arn")):
        return True
    sources = ("snapshot_identifier", "snapshot_arn", "restore_final_snapshot")
    return False if all(inputs.get(source) in (None, False) for source in sources) else None
