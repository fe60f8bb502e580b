"""What an account holds in a region, page by page: snapshots with all their fields, and clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.session import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from redshift_teardown.aws.session import Aws

PAGE = 100


def manual_snapshots(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """Return every manual snapshot of the account and region; final snapshots are manual ones.

    Raises:
        TeardownError: AWS did not answer, or refused.

    """
    pages = aws.redshift.get_paginator("describe_cluster_snapshots")
    return _entries(
        lambda: pages.paginate(SnapshotType="manual", PaginationConfig={"PageSize": PAGE}),
        "Snapshots",
        "list the snapshots of the account",
        aws.region,
    )


def clusters(aws: Aws) -> Iterator[Mapping[str, Any]]:
    """Return every cluster of the account and region.

    Raises:
        TeardownError: AWS did not answer, or refused.

    """
    pages = aws.redshift.get_paginator("describe_clusters")
    return _entries(
        lambda: pages.paginate(PaginationConfig={"PageSize": PAGE}), "Clusters", "list clusters", aws.region
    )


def newest_snapshot(aws: Aws, cluster_identifier: str) -> Mapping[str, Any] | None:
    """Return the newest finished snapshot of a cluster identifier, automated ones too; None without any.

    Raises:
        TeardownError: AWS did not answer, or refused.

    """
    pages = aws.redshift.get_paginator("describe_cluster_snapshots")
    found = _entries(
        lambda: pages.paginate(
            ClusterIdentifier=cluster_identifier,
            SortingEntities=[{"Attribute": "CREATE_TIME", "SortOrder": "DESC"}],
            PaginationConfig={"PageSize": 20},
        ),
        "Snapshots",
        f"list the snapshots of {cluster_identifier}",
        aws.region,
    )
    return next((snapshot for snapshot in found if snapshot.get("Status") == "available"), None)


def snapshot_exists(aws: Aws, snapshot_identifier: str) -> bool:
    """Return whether the account has a snapshot of that name in the region, of whatever cluster.

    Raises:
        TeardownError: AWS did not answer, or refused.

    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 only where it is used

    try:
        found = aws.redshift.describe_cluster_snapshots(SnapshotIdentifier=snapshot_identifier)
    except (BotoCoreError, ClientError) as error:
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        if code.startswith("ClusterSnapshotNotFound"):
            return False
        raise explain(error, f"look for snapshot {snapshot_identifier}", aws.region) from None
    return bool(found.get("Snapshots"))


def _entries(
    paginate: Callable[[], Iterable[Any]], member: str, intent: str, region: str
) -> Iterator[Mapping[str, Any]]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - boto3 only where it is used

    try:
        for page in paginate():
            yield from page.get(member, [])
    except (BotoCoreError, ClientError) as error:
        raise explain(error, intent, region) from None
