"""Which function answers which operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.redshift import births, clusters, groups, modify, snapshots, tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.emulator.redshift.call import Call

__all__ = ["OPERATIONS"]


def _logging_status(call: Call) -> dict[str, Any]:
    """DescribeLoggingStatus: audit logging is always off here."""
    call.cluster()
    return {"LoggingEnabled": False}


OPERATIONS: Mapping[str, Callable[[Call], dict[str, Any] | None]] = {
    "AuthorizeSnapshotAccess": snapshots.authorize,
    "CreateCluster": births.create,
    "CreateClusterParameterGroup": groups.create_parameter_group,
    "CreateClusterSnapshot": snapshots.create,
    "CreateClusterSubnetGroup": groups.create_subnet_group,
    "CreateTags": tags.create,
    "DeleteCluster": clusters.delete,
    "DeleteClusterParameterGroup": groups.delete_parameter_group,
    "DeleteClusterSnapshot": snapshots.delete,
    "DeleteClusterSubnetGroup": groups.delete_subnet_group,
    "DeleteTags": tags.delete,
    "DescribeClusterParameterGroups": groups.describe_parameter_groups,
    "DescribeClusterParameters": groups.describe_parameters,
    "DescribeClusterSnapshots": snapshots.describe,
    "DescribeClusterSubnetGroups": groups.describe_subnet_groups,
    "DescribeClusters": clusters.describe,
    "DescribeLoggingStatus": _logging_status,
    "DescribeTags": tags.describe,
    "ModifyCluster": modify.modify,
    "ModifyClusterIamRoles": modify.iam_roles,
    "ModifyClusterMaintenance": modify.maintenance,
    "ModifyClusterParameterGroup": groups.modify_parameter_group,
    "ModifyClusterSnapshot": snapshots.modify,
    "ModifyClusterSubnetGroup": groups.modify_subnet_group,
    "PauseCluster": modify.pause,
    "RebootCluster": modify.reboot,
    "ResizeCluster": modify.resize,
    "RestoreFromClusterSnapshot": births.restore,
    "ResumeCluster": modify.resume,
    "RevokeSnapshotAccess": snapshots.revoke,
}
