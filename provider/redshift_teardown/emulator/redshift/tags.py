"""CreateTags, DeleteTags, DescribeTags, on clusters, snapshots, parameter groups and subnet groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError
from redshift_teardown.emulator.redshift.call import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redshift_teardown.emulator.redshift.call import Call
    from redshift_teardown.emulator.redshift.state import Realm

__all__ = ["create", "delete", "describe"]

_TYPES = ("cluster", "snapshot", "parametergroup", "subnetgroup")
_PARTS = 7


def _resources(place: Realm) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Type, ARN and tags of everything that can be tagged."""
    for cluster in place.clusters.values():
        yield "cluster", place.arn("cluster", cluster.identifier), cluster.tags
    for snapshot in place.snapshots.values():
        yield "snapshot", place.snapshot_arn(snapshot), snapshot.tags
    for group in place.parameter_groups.values():
        yield "parametergroup", place.arn("parametergroup", group.name), group.tags
    for subnets in place.subnet_groups.values():
        yield "subnetgroup", place.arn("subnetgroup", subnets.name), subnets.tags


def _tags_of(call: Call, arn: str) -> dict[str, str]:
    """The tags an ARN stands for. All of the ARN counts: account, region and a snapshot's cluster too.

    Raises:
        AwsError: ``ResourceNotFoundFault`` 404, or ``InvalidClusterState`` for an unfinished snapshot where
            the emulator is told to refuse those.
    """
    parts = arn.split(":", _PARTS - 1)
    if len(parts) != _PARTS or parts[2] != "redshift" or parts[5] not in _TYPES:
        raise AwsError(
            "ResourceNotFoundFault",
            f"Tagging is not supported for this type of resource (the ARN is potentially malformed): {arn}",
        )
    found = next((tags for _, known, tags in _resources(call.place) if known == arn), None)
    if found is None:
        raise AwsError("ResourceNotFoundFault", f"{parts[5]} ({parts[6]}) not found.")
    if parts[5] == "snapshot" and not call.world.behaviour.tag_unfinished_snapshots:
        snapshot = call.snapshot(parts[6].rpartition("/")[2])
        if snapshot.status == "creating":
            raise AwsError(
                "InvalidClusterState",
                f"The snapshot {snapshot.identifier} cannot be tagged while it is creating.",
            )
    return found


def create(call: Call) -> None:
    """CreateTags."""
    tags = _tags_of(call, call.params["ResourceName"])
    tags.update(validation.new_tags(tags, call.params["Tags"]))


def delete(call: Call) -> None:
    """DeleteTags; keys that are not there are no error."""
    tags = _tags_of(call, call.params["ResourceName"])
    for key in call.params["TagKeys"]:
        tags.pop(key, None)


def describe(call: Call) -> dict[str, Any]:
    """DescribeTags, by ARN or by type, never both."""
    params = call.params
    arn, kind = params.get("ResourceName"), params.get("ResourceType")
    if arn and kind:
        raise AwsError(
            "InvalidParameterValue",
            "You cannot filter a list of resources using an Amazon Resource Name (ARN) and a resource type "
            "together in the same request. Retry the request using either an ARN or a resource type, but "
            "not both.",
        )
    if arn:
        _tags_of(call, arn)
    wanted = kind.lower().replace(" ", "").replace("-", "") if kind else None
    if wanted is not None and wanted not in _TYPES:
        raise AwsError("ResourceNotFoundFault", f"resource of type '{kind}' not found.")
    keys, values = params.get("TagKeys"), params.get("TagValues")
    found = [
        {"ResourceName": known, "ResourceType": each, "Tag": {"Key": key, "Value": tags[key]}}
        for each, known, tags in _resources(call.place)
        if arn in (None, known) and wanted in (None, each)
        for key in sorted(tags)
        if (not keys or key in keys) and (not values or tags[key] in values)
    ]
    shown, marker = page(found, params)
    return {"TaggedResources": list(shown), "Marker": marker}
