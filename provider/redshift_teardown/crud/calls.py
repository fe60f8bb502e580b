"""The AWS calls of create and update, over those of a teardown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.teardown.calls import RedshiftCalls

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClusterCalls(RedshiftCalls):
    """What one operation asks of one account and region, counted per operation."""

    def describe_snapshot(self, **query: str) -> Mapping[str, Any] | None:
        """Give one snapshot as DescribeClusterSnapshots shows it; None where there is no such one.

        Args:
            **query: SnapshotIdentifier or SnapshotArn; OwnerAccount where it is another account's.

        """
        name = query.get("SnapshotIdentifier") or query.get("SnapshotArn")
        found = self._read(
            "DescribeClusterSnapshots",
            f"look for the snapshot {name}",
            lambda redshift: redshift.describe_cluster_snapshots(**query),  # type: ignore[arg-type]
            absent="ClusterSnapshotNotFound",
        )
        snapshots = found.get("Snapshots") or []
        return snapshots[0] if snapshots else None
