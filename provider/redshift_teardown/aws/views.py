"""What AWS shows and answers, as plain frozen values: clusters, snapshots, calls that change something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

AVAILABLE = "available"
FAILED = "failed"
IN_PROGRESS_SNAPSHOT_STATUSES = frozenset({"creating", "final snapshot", "final-snapshot"})
"""Which of them a running final snapshot reports is not documented; all are accepted."""


@dataclass(frozen=True)
class ClusterView:
    """A cluster as DescribeClusters shows it now; sizes and counts as AWS gives them."""

    identifier: str
    status: str
    namespace_arn: str | None = None
    create_time: datetime | None = None
    lakehouse_status: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    node_type: str | None = None
    number_of_nodes: int | None = None


@dataclass(frozen=True)
class SnapshotView:
    """A snapshot as DescribeClusterSnapshots shows it now; sizes in megabytes, times in seconds."""

    identifier: str
    arn: str
    status: str
    cluster_identifier: str
    cluster_create_time: datetime | None
    create_time: datetime | None = None
    snapshot_type: str = "manual"
    retention_days: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    total_megabytes: float = 0.0
    incremental_megabytes: float = 0.0
    progress_megabytes: float = 0.0
    megabytes_per_second: float = 0.0
    seconds_left: int = 0

    @property
    def running(self) -> bool:
        """Whether the snapshot is still being taken."""
        return self.status.lower() in IN_PROGRESS_SNAPSHOT_STATUSES

    @property
    def available(self) -> bool:
        """Whether the snapshot can be restored from."""
        return self.status.lower() == AVAILABLE

    @property
    def failed(self) -> bool:
        """Whether AWS gave the snapshot up."""
        return self.status.lower() == FAILED


class Answer(str, Enum):
    """What became of a call that changes something."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No answer, or a 5xx: the call may have taken effect."""
    THROTTLED = "throttled"


@dataclass(frozen=True)
class Attempt:
    """One call that changes something, and what AWS answered."""

    operation: str
    answer: Answer
    at: datetime
    code: str = ""
    message: str = ""
    snapshot: str = ""
    status_before: str = ""
    target: str = ""
    """ARN or name of the snapshot that was tagged or kept longer."""
    tags: tuple[str, ...] = ()
    """The keys of the tags that were written."""

    @property
    def words(self) -> str:
        """AWS's own words, with the code in front."""
        return f"{self.code}: {self.message}" if self.code else self.message


def view_cluster(cluster: Mapping[str, Any]) -> ClusterView:
    """Read one entry of DescribeClusters."""
    return ClusterView(
        identifier=cluster["ClusterIdentifier"],
        status=cluster.get("ClusterStatus") or "",
        namespace_arn=cluster.get("ClusterNamespaceArn") or None,
        create_time=_aware(cluster.get("ClusterCreateTime")),
        lakehouse_status=cluster.get("LakehouseRegistrationStatus") or "",
        tags=_tags(cluster),
        node_type=cluster.get("NodeType"),
        number_of_nodes=cluster.get("NumberOfNodes"),
    )


def view_snapshot(snapshot: Mapping[str, Any]) -> SnapshotView:
    """Read one entry of DescribeClusterSnapshots."""
    return SnapshotView(
        identifier=snapshot["SnapshotIdentifier"],
        arn=snapshot.get("SnapshotArn") or "",
        status=snapshot.get("Status") or "",
        cluster_identifier=snapshot.get("ClusterIdentifier") or "",
        cluster_create_time=_aware(snapshot.get("ClusterCreateTime")),
        create_time=_aware(snapshot.get("SnapshotCreateTime")),
        snapshot_type=snapshot.get("SnapshotType") or "manual",
        retention_days=snapshot.get("ManualSnapshotRetentionPeriod"),
        tags=_tags(snapshot),
        total_megabytes=float(snapshot.get("TotalBackupSizeInMegaBytes") or 0),
        incremental_megabytes=float(snapshot.get("ActualIncrementalBackupSizeInMegaBytes") or 0),
        progress_megabytes=float(snapshot.get("BackupProgressInMegaBytes") or 0),
        megabytes_per_second=float(snapshot.get("CurrentBackupRateInMegaBytesPerSecond") or 0),
        seconds_left=int(snapshot.get("EstimatedSecondsToCompletion") or 0),
    )


def _tags(holder: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((tag["Key"], tag.get("Value") or "") for tag in holder.get("Tags") or []))


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=timezone.utc)
