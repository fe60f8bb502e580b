"""What an account holds in a region: snapshots with all their fields, and clusters.

All of it raises ``TeardownError`` where AWS did not answer, or refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.provisioned import PAGE, RedshiftCalls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redshift_teardown.aws.session import Aws


def manual_snapshots(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """Return every manual snapshot of the account and region; final snapshots are manual ones."""
    return _snapshots(aws, "list the snapshots of the account", {"SnapshotType": "manual"})


def clusters(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """Return every cluster of the account and region."""
    for page in _calls(aws).cluster_pages():
        yield from page


def newest_snapshot(aws: Aws, cluster_identifier: str) -> Mapping[str, Any] | None:
    """Return the newest finished snapshot of a cluster identifier, automated ones too; None without any."""
    newest_first = [{"Attribute": "CREATE_TIME", "SortOrder": "DESC"}]
    query = {"ClusterIdentifier": cluster_identifier, "SortingEntities": newest_first}
    found = _snapshots(aws, f"list the snapshots of {cluster_identifier}", query, size=20)
    return next((snapshot for snapshot in found if snapshot.get("Status") == "available"), None)


def snapshot_exists(aws: Aws, snapshot_identifier: str) -> bool:
    """Return whether the account has a snapshot of that name in the region, of whatever cluster."""
    return _calls(aws).describe_snapshot(SnapshotIdentifier=snapshot_identifier) is not None


def _snapshots(
    aws: Aws, intent: str, query: Mapping[str, Any], size: int = PAGE
) -> Iterator[Mapping[str, Any]]:
    for page in _calls(aws).pages("DescribeClusterSnapshots", intent, query, size=size):
        yield from page.get("Snapshots", [])


def _calls(aws: Aws) -> RedshiftCalls:
    return RedshiftCalls(aws, SystemClock().now)
