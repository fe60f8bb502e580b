"""Cluster parameter groups and cluster subnet groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import validation
from redshift_teardown.emulator.errors import AwsError
from redshift_teardown.emulator.redshift import render
from redshift_teardown.emulator.redshift.call import matches_tags, page
from redshift_teardown.emulator.redshift.state import (
    DEFAULT_PARAMETER_GROUP,
    DEFAULT_SUBNET_GROUP,
    ParameterGroup,
    SubnetGroup,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redshift_teardown.emulator.redshift.call import Call

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
]

_NAME = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,254}(?<!-)\Z")
_FAMILIES = ("redshift-1.0", "redshift-2.0")


def _name(text: str, parameter: str) -> str:
    lowered = text.lower()
    if not _NAME.match(lowered):
        raise AwsError("InvalidParameterValue", f"The parameter {parameter} is not a valid name: {text!r}.")
    return lowered


def create_parameter_group(call: Call) -> dict[str, Any]:
    """CreateClusterParameterGroup."""
    params, place = call.params, call.place
    name = _name(params["ParameterGroupName"], "ParameterGroupName")
    if name in place.parameter_groups:
        raise AwsError("ClusterParameterGroupAlreadyExists", f"Parameter group {name} already exists.")
    family = params["ParameterGroupFamily"]
    if family not in _FAMILIES:
        raise AwsError("InvalidParameterValue", f"Invalid parameter group family: {family}")
    tags = validation.new_tags({}, params.get("Tags", []))
    group = ParameterGroup(name, family, params["Description"], tags)
    place.parameter_groups[name] = group
    return {"ClusterParameterGroup": render.parameter_group(group)}


def _parameter_group(call: Call, name: str) -> ParameterGroup:
    group = call.place.parameter_groups.get(name.lower())
    if group is None:
        raise AwsError("ClusterParameterGroupNotFound", f"ParameterGroup not found: {name}")
    return group


def describe_parameter_groups(call: Call) -> dict[str, Any]:
    """DescribeClusterParameterGroups."""
    params, groups = call.params, call.place.parameter_groups
    name = params.get("ParameterGroupName")
    found = [_parameter_group(call, name)] if name else list(groups.values())
    shown, marker = page([each for each in found if matches_tags(each.tags, params)], params)
    return {"ParameterGroups": [render.parameter_group(each) for each in shown], "Marker": marker}


def describe_parameters(call: Call) -> dict[str, Any]:
    """DescribeClusterParameters: those that were set."""
    group = _parameter_group(call, call.params["ParameterGroupName"])
    return {
        "Parameters": [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "ApplyType": "static"}
            for name, value in sorted(group.parameters.items())
        ]
    }


def modify_parameter_group(call: Call) -> dict[str, Any]:
    """ModifyClusterParameterGroup; clusters that use it wait for their reboot."""
    group = _parameter_group(call, call.params["ParameterGroupName"])
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
    group = _parameter_group(call, call.params["ParameterGroupName"])
    used = any(
        each.settings["ClusterParameterGroupName"] == group.name for each in call.place.clusters.values()
    )
    if used or group.name == DEFAULT_PARAMETER_GROUP:
        raise AwsError(
            "InvalidClusterParameterGroupState",
            f"The parameter group {group.name} cannot be deleted: it is in use.",
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


def create_subnet_group(call: Call) -> dict[str, Any]:
    """CreateClusterSubnetGroup."""
    params, place = call.params, call.place
    name = _name(params["ClusterSubnetGroupName"], "ClusterSubnetGroupName")
    if name in place.subnet_groups:
        raise AwsError("ClusterSubnetGroupAlreadyExists", f"Cluster subnet group {name} already exists.")
    vpc, subnets = _subnets(call, params["SubnetIds"])
    tags = validation.new_tags({}, params.get("Tags", []))
    group = SubnetGroup(name, params["Description"], vpc, subnets, tags)
    place.subnet_groups[name] = group
    return {"ClusterSubnetGroup": render.subnet_group(group)}


def _subnet_group(call: Call, name: str) -> SubnetGroup:
    group = call.place.subnet_groups.get(name.lower())
    if group is None:
        raise AwsError("ClusterSubnetGroupNotFoundFault", f"Cluster subnet group {name} not found.")
    return group


def describe_subnet_groups(call: Call) -> dict[str, Any]:
    """DescribeClusterSubnetGroups."""
    params, groups = call.params, call.place.subnet_groups
    name = params.get("ClusterSubnetGroupName")
    found = [_subnet_group(call, name)] if name else list(groups.values())
    shown, marker = page([each for each in found if matches_tags(each.tags, params)], params)
    return {"ClusterSubnetGroups": [render.subnet_group(each) for each in shown], "Marker": marker}


def modify_subnet_group(call: Call) -> dict[str, Any]:
    """ModifyClusterSubnetGroup."""
    params = call.params
    group = _subnet_group(call, params["ClusterSubnetGroupName"])
    vpc, subnets = _subnets(call, params["SubnetIds"])
    if vpc != group.vpc:
        raise AwsError("InvalidSubnet", f"The subnets are not in the group's VPC {group.vpc}.")
    group.subnets = subnets
    group.description = params.get("Description", group.description)
    return {"ClusterSubnetGroup": render.subnet_group(group)}


def delete_subnet_group(call: Call) -> None:
    """DeleteClusterSubnetGroup, when no cluster is in it."""
    group = _subnet_group(call, call.params["ClusterSubnetGroupName"])
    used = any(each.settings["ClusterSubnetGroupName"] == group.name for each in call.place.clusters.values())
    if used or group.name == DEFAULT_SUBNET_GROUP:
        raise AwsError(
            "InvalidClusterSubnetGroupStateFault",
            f"The cluster subnet group {group.name} cannot be deleted: it is in use.",
        )
    del call.place.subnet_groups[group.name]
