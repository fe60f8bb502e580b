"""Which cluster is meant: account, region, identifier and generation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import Phase, phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.aws.views import ClusterView


def parse_time(text: object) -> datetime | None:
    """Return the aware datetime that an ISO 8601 text names, or None for anything else."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def same_moment(left: datetime | None, right: datetime | None) -> bool:
    """Return whether two create times are one; AWS answers with milliseconds in some calls only."""
    if left is None or right is None:
        return False
    return abs((left - right).total_seconds()) < 1


@dataclass(frozen=True)
class Identity:
    """One generation of one cluster, as recorded at the last ``up``.

    A generation is one life of a cluster identifier: the same if ``ClusterNamespaceArn`` is
    equal; where either side lacks it, if ``ClusterCreateTime`` is equal.
    """

    account_id: str
    region: str
    cluster_identifier: str
    cluster_namespace_arn: str | None
    cluster_create_time: datetime | None

    @classmethod
    def from_json(cls, recorded: Mapping[str, object], cluster_identifier: str) -> Identity:
        """Read the ``identity`` that a state holds."""
        namespace = recorded.get("cluster_namespace_arn")
        return cls(
            account_id=str(recorded.get("account_id") or ""),
            region=str(recorded.get("region") or ""),
            cluster_identifier=cluster_identifier,
            cluster_namespace_arn=str(namespace) if namespace else None,
            cluster_create_time=parse_time(recorded.get("cluster_create_time")),
        )

    def to_json(self) -> dict[str, str]:
        """Return what a state records; an unknown part is an empty string."""
        return {
            "account_id": self.account_id,
            "region": self.region,
            "cluster_namespace_arn": self.cluster_namespace_arn or "",
            "cluster_create_time": self.cluster_create_time.isoformat() if self.cluster_create_time else "",
        }

    @classmethod
    def shown_by(cls, cluster: ClusterView, account_id: str, region: str) -> Identity:
        """Return the identity of a cluster that was just described."""
        return cls(account_id, region, cluster.identifier, cluster.namespace_arn, cluster.create_time)

    def is_generation_of(self, cluster: ClusterView) -> bool:
        """Return whether a live cluster is this generation (see the class)."""
        if self.cluster_namespace_arn and cluster.namespace_arn:
            return self.cluster_namespace_arn == cluster.namespace_arn
        return same_moment(self.cluster_create_time, cluster.create_time)

    def is_alive_in(self, cluster: ClusterView | None) -> bool:
        """Return whether AWS shows this generation, and no deletion of it under way; None for no cluster."""
        return (
            cluster is not None
            and self.is_generation_of(cluster)
            and phase(cluster.status) is not Phase.ENDING
        )

    def is_contradicted_by(self, cluster: ClusterView) -> bool:
        """Return whether AWS shows a live cluster to be another generation; what is not shown is no sign."""
        shown = cluster.namespace_arn if self.cluster_namespace_arn else cluster.create_time
        return bool(shown) and not self.is_generation_of(cluster)

    def seen_as(self, cluster: ClusterView) -> Identity:
        """Return this identity with the create time and namespace as AWS shows them now."""
        return replace(
            self,
            cluster_namespace_arn=cluster.namespace_arn or self.cluster_namespace_arn,
            cluster_create_time=cluster.create_time or self.cluster_create_time,
        )

    def arn(self) -> str:
        """Return the cluster's ARN, in the partition that its namespace is in."""
        namespace = self.cluster_namespace_arn or ""
        partition = namespace.split(":")[1] if namespace.startswith("arn:") else _partition(self.region)
        return f"arn:{partition}:redshift:{self.region}:{self.account_id}:cluster:{self.cluster_identifier}"

    def generation(self) -> str:
        """Name the generation in one word: its namespace's id, else its create time."""
        if self.cluster_namespace_arn:
            return self.cluster_namespace_arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
        if self.cluster_create_time:
            return self.cluster_create_time.strftime("%Y%m%dt%H%M%Sz")
        return "unknown"

    def __str__(self) -> str:
        """Name the cluster for a message."""
        return f"cluster {self.cluster_identifier} ({self.account_id}, {self.region})"


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
