"""Cluster parameter groups and cluster subnet groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError, invalid
from redshift_teardown.emulator.redshift import render
from redshift_teardown.emulator.redshift.call import listing
from redshift_teardown.emulator.redshift.state import (
    DEFAULT_PARAMETER_GROUP,
    DEFAULT_SUBNET_GROUP,
    ParameterGroup,
    SubnetGroup,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redshift_teardown.emulator.redshift.call import Call
    from redshift_teardown.emulator.redshift.state import Realm

__all__ = [
    "create_parameter_group",
    "create_subnet_group",
    "delete_parameter_group",
    "delete_subnet_group",
    "describe_parameter_groups",
    "describe_parameters",
    "describe_subnet_groups",
    "modify_parameter_group",
    "modify_subnet_group",
    "parameter_group_named",
    "subnet_group_named",
]

_FAMILIES = ("redshift-1.0", "redshift-2.0")


def _new(call: Call, parameter: str, known: Mapping[str, object], taken: str) -> str:
    """The name a new group is to have."""
    name = validation.identifier(call.params[parameter], parameter)
    if name in known:
        raise AwsError(taken, f"The group {name} already exists.")
    return name


def _check_unused(call: Call, setting: str, name: str, default: str, refused: str) -> None:
    """Refuse to delete a group that a cluster has, or that AWS made."""
    if name == default or any(each.settings[setting] == name for each in call.place.clusters.values()):
        raise AwsError(refused, f"The group {name} cannot be deleted: it is in use.")


def parameter_group_named(place: Realm, name: str) -> ParameterGroup:
    """A parameter group, in any case of letters.

    Raises:
        AwsError: ``ClusterParameterGroupNotFound`` 404.
    """
    group = place.parameter_groups.get(name.lower())
    if group is None:
        raise AwsError("ClusterParameterGroupNotFound", f"ParameterGroup not found: {name}")
    return group


def _parameter_group(call: Call) -> ParameterGroup:
    return parameter_group_named(call.place, call.params["ParameterGroupName"])


def create_parameter_group(call: Call) -> dict[str, Any]:
    """CreateClusterParameterGroup."""
    params, known = call.params, call.place.parameter_groups
    name = _new(call, "ParameterGroupName", known, "ClusterParameterGroupAlreadyExists")
    family = params["ParameterGroupFamily"]
    if family not in _FAMILIES:
        raise invalid(f"Invalid parameter group family: {family}")
    tags = validation.new_tags({}, params.get("Tags", []))
    group = known[name] = ParameterGroup(name, family, params["Description"], tags)
    return {"ClusterParameterGroup": render.parameter_group(group)}


def describe_parameter_groups(call: Call) -> dict[str, Any]:
    """DescribeClusterParameterGroups."""
    found = (
        [_parameter_group(call)]
        if call.params.get("ParameterGroupName")
        else call.place.parameter_groups.values()
    )
    return listing(call, "ParameterGroups", found, render.parameter_group)


def describe_parameters(call: Call) -> dict[str, Any]:
    """DescribeClusterParameters: those that were set."""
    group = _parameter_group(call)
    return {
        "Parameters": [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "ApplyType": "static"}
            for name, value in sorted(group.parameters.items())
        ]
    }


def modify_parameter_group(call: Call) -> dict[str, Any]:
    """ModifyClusterParameterGroup; clusters that use it wait for their reboot."""
    group = _parameter_group(call)
    if group.name == DEFAULT_PARAMETER_GROUP:
        raise AwsError("InvalidClusterParameterGroupState", "The default parameter group cannot be modified.")
    for each in call.params["Parameters"]:
        group.parameters[each["ParameterName"]] = each.get("ParameterValue", "")
    for cluster in call.place.clusters.values():
        if cluster.settings["ClusterParameterGroupName"] == group.name:
            cluster.parameters_in_sync = False
    return {
        "ParameterGroupName": group.name,
        "ParameterGroupStatus": "Your parameter group has been updated.",
    }


def delete_parameter_group(call: Call) -> None:
    """DeleteClusterParameterGroup, when no cluster uses it."""
    group = _parameter_group(call)
    _check_unused(
        call,
        "ClusterParameterGroupName",
        group.name,
        DEFAULT_PARAMETER_GROUP,
        "InvalidClusterParameterGroupState",
    )
    del call.place.parameter_groups[group.name]


def _subnets(call: Call, ids: Sequence[str]) -> tuple[str, list[list[str]]]:
    """The VPC and zones of subnets: those of the default group, or of moto's EC2.

    Raises:
        AwsError: ``InvalidSubnet``, for none, an unknown one, or two VPCs.
    """
    default = call.place.subnet_groups[DEFAULT_SUBNET_GROUP]
    known = dict(default.subnets)
    if ids and all(each in known for each in ids):
        return default.vpc, [[each, known[each]] for each in ids]
    # Imported when it is needed: EC2 is most of moto's start-up time.
    from moto.ec2.models import ec2_backends  # noqa: PLC0415

    backend = ec2_backends[call.place.account][call.place.region]
    found = {each.id: each for each in backend.describe_subnets() if each.id in ids}
    missing = [each for each in ids if each not in found]
    if missing or not ids:
        raise AwsError("InvalidSubnet", f"Some input subnets in {missing} are invalid.")
    vpcs = {each.vpc_id for each in found.values()}
    if len(vpcs) > 1:
        raise AwsError("InvalidSubnet", f"The subnets are in more than one VPC: {sorted(vpcs)}")
    return vpcs.pop(), [[each, found[each].availability_zone] for each in ids]


def subnet_group_named(place: Realm, name: str) -> SubnetGroup:
    """A subnet group, in any case of letters.

    Raises:
        AwsError: ``ClusterSubnetGroupNotFoundFault``.
    """
    group = place.subnet_groups.get(name.lower())
    if group is None:
        raise AwsError("ClusterSubnetGroupNotFoundFault", f"Cluster subnet group {name} not found.")
    return group


def _subnet_group(call: Call) -> SubnetGroup:
    return subnet_group_named(call.place, call.params["ClusterSubnetGroupName"])


def create_subnet_group(call: Call) -> dict[str, Any]:
    """CreateClusterSubnetGroup."""
    params, known = call.params, call.place.subnet_groups
    name = _new(call, "ClusterSubnetGroupName", known, "ClusterSubnetGroupAlreadyExists")
    vpc, subnets = _subnets(call, params["SubnetIds"])
    tags = validation.new_tags({}, params.get("Tags", []))
    group = known[name] = SubnetGroup(name, params["Description"], vpc, subnets, tags)
    return {"ClusterSubnetGroup": render.subnet_group(group)}


def describe_subnet_groups(call: Call) -> dict[str, Any]:
    """DescribeClusterSubnetGroups."""
    found = (
        [_subnet_group(call)]
        if call.params.get("ClusterSubnetGroupName")
        else call.place.subnet_groups.values()
    )
    return listing(call, "ClusterSubnetGroups", found, render.subnet_group)


def modify_subnet_group(call: Call) -> dict[str, Any]:
    """ModifyClusterSubnetGroup."""
    params = call.params
    group = _subnet_group(call)
    vpc, subnets = _subnets(call, params["SubnetIds"])
    if vpc != group.vpc:
        raise AwsError("InvalidSubnet", f"The subnets are not in the group's VPC {group.vpc}.")
    group.subnets = subnets
    group.description = params.get("Description", group.description)
    return {"ClusterSubnetGroup": render.subnet_group(group)}


def delete_subnet_group(call: Call) -> None:
    """DeleteClusterSubnetGroup, when no cluster is in it."""
    group = _subnet_group(call)
    _check_unused(
        call,
        "ClusterSubnetGroupName",
        group.name,
        DEFAULT_SUBNET_GROUP,
        "InvalidClusterSubnetGroupStateFault",
    )
    del call.place.subnet_groups[group.name]
