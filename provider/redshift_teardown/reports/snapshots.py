"""What teardowns have left in an account: final snapshots, unclaimed ones, and unfinished creates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.identity import same_moment
from redshift_teardown.aws.inventory import clusters, manual_snapshots
from redshift_teardown.aws.session import connect
from redshift_teardown.aws.views import view_cluster, view_snapshot
from redshift_teardown.deletion_policy import FOREVER
from redshift_teardown.errors import TeardownError
from redshift_teardown.lifecycle.outputs import CREATING_TAG
from redshift_teardown.teardown.claim import UNCLAIMED, Claim
from redshift_teardown.teardown.plan import (
    TAG_GENERATION,
    TAG_PROJECT,
    TAG_RULE,
    TAG_STACK,
    TAG_URN,
    TAG_VOID,
)
from redshift_teardown.teardown.resource_tag import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.settings import Settings

_AT_ONCE = 12
_NOT_ENABLED = ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "OptInRequired")


@dataclass(frozen=True)
class ReportedSnapshot:
    """One manual snapshot that holds what a destroyed cluster held.

    Attributes:
        identifier: Its name.
        arn: Its ARN.
        account_id: Whose it is.
        region: Where it is.
        status: ``available`` when it can be restored from.
        cluster_identifier: The cluster it was taken of.
        cluster_created: When that cluster was created: with the identifier, its generation.
        created: When it was taken.
        expires: When AWS deletes it; None for never.
        megabytes: Its size, as AWS bills it.
        encrypted: Whether it is encrypted.
        kms_key_id: The key it is encrypted with; empty for none.
        shared_with: Accounts that may restore from it.
        project: The Pulumi project, from its tag; empty where no stack's tags claim it.
        stack: The Pulumi stack, likewise.
        urn: The resource's URN, likewise.
        generation: The generation, likewise; else the cluster's create time.
        rule: The line of the policy that asked for it, likewise.
        void: When its cluster was seen alive after it, so that it lacks the writes since; empty for never.

    """

    identifier: str
    arn: str
    account_id: str
    region: str
    status: str
    cluster_identifier: str
    cluster_created: datetime | None
    created: datetime | None
    expires: datetime | None
    megabytes: float
    encrypted: bool
    kms_key_id: str
    shared_with: tuple[str, ...]
    project: str
    stack: str
    urn: str
    generation: str
    rule: str
    void: str = ""

    @property
    def claimed(self) -> bool:
        """Whether a stack's tags say whose it is."""
        return bool(self.urn)

    @property
    def restorable(self) -> bool:
        """Whether a cluster can be made from it now, with the data as it was at the last."""
        return self.status == "available" and not self.void

    @property
    def condition(self) -> str:
        """What keeps it from being restorable; empty where it is."""
        if self.void:
            return f"void: its cluster was alive after it, {self.void}, so it lacks what was written since"
        return "" if self.restorable else self.status


@dataclass(frozen=True)
class UnfinishedCreate:
    """A cluster that a create began and did not finish, or is still making."""

    identifier: str
    region: str
    status: str
    created: datetime | None
    urn: str


@dataclass(frozen=True)
class TakenOver:
    """A cluster that another resource took over: a state that records an earlier claim lets go of it."""

    identifier: str
    region: str
    claim: str
    superseded: tuple[str, ...]


@dataclass(frozen=True)
class SnapshotReport:
    """What was found in some regions of one account.

    Attributes:
        snapshots: Final snapshots that stacks' tags claim, and unclaimed manual snapshots of clusters that
            are gone; by project, stack, cluster and age, the newest first.
        unfinished: Clusters left by a create that failed.
        taken_over: Living clusters whose claim superseded another resource's.
        others: How many manual snapshots of living clusters there are besides, without tags that say whose.
        regions: Where was looked.
        problems: What a region answered instead, by region.

    """

    snapshots: tuple[ReportedSnapshot, ...] = ()
    unfinished: tuple[UnfinishedCreate, ...] = ()
    taken_over: tuple[TakenOver, ...] = ()
    others: int = 0
    regions: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def megabytes(self) -> float:
        """How much they hold together, and are paid for: whatever is there, past its retention too."""
        return sum(snapshot.megabytes for snapshot in self.snapshots)

    def of(self, project: str | None, stack: str | None) -> SnapshotReport:
        """Return what belongs to a project or stack; None for any."""
        wanted = [
            snapshot
            for snapshot in self.snapshots
            if project in (None, snapshot.project) and stack in (None, snapshot.stack)
        ]
        return replace(self, snapshots=tuple(wanted)) if project or stack else self


def report_snapshots(
    settings: Settings, regions: Sequence[str], *, skip_disabled: bool = False
) -> Iterable[SnapshotReport]:
    """Look in regions, side by side; gives one find a region, in their order.

    Args:
        settings: Credentials and endpoints.
        regions: Where to look.
        skip_disabled: Pass over regions that refuse these credentials, as those do that the account has
            not enabled.

    """

    def one(region: str) -> SnapshotReport:
        try:
            return _find_in(settings, region)
        except TeardownError as error:
            if skip_disabled and any(code in str(error) for code in _NOT_ENABLED):
                return SnapshotReport()
            return SnapshotReport(regions=(region,), problems=((region, str(error)),))

    with ThreadPoolExecutor(_AT_ONCE) as looks:
        yield from looks.map(one, regions)


def united(finds: Iterable[SnapshotReport]) -> SnapshotReport:
    """Put the finds of several regions together, sorted."""
    everything = list(finds)
    snapshots = [snapshot for report in everything for snapshot in report.snapshots]
    return SnapshotReport(
        snapshots=tuple(sorted(snapshots, key=_order)),
        unfinished=tuple(each for report in everything for each in report.unfinished),
        taken_over=tuple(each for report in everything for each in report.taken_over),
        others=sum(report.others for report in everything),
        regions=tuple(region for report in everything for region in report.regions),
        problems=tuple(problem for report in everything for problem in report.problems),
    )


def _order(snapshot: ReportedSnapshot) -> tuple[Any, ...]:
    taken = snapshot.created.timestamp() if snapshot.created else 0.0
    return (
        not snapshot.claimed,
        snapshot.project,
        snapshot.stack,
        snapshot.cluster_identifier,
        snapshot.region,
        -taken,
        snapshot.identifier,
    )


def find_unfinished(settings: Settings, region: str) -> list[UnfinishedCreate]:
    """Return the clusters of a region that a create began and did not finish, as far as their tags tell.

    Raises:
        TeardownError: AWS did not answer, or refused.

    """
    return _unfinished([view_cluster(cluster) for cluster in clusters(connect(settings, region))], region)


def _unfinished(alive: Iterable[ClusterView], region: str) -> list[UnfinishedCreate]:
    """Return the clusters with a creating mark, or with the tags of the snapshot they were restored from.

    A restore takes no tags: between it and the mark a cluster carries those of its snapshot.
    """
    marks = ((cluster, dict(cluster.tags)) for cluster in alive)
    return [
        UnfinishedCreate(cluster.identifier, region, cluster.status, cluster.create_time, decoded(tag))
        for cluster, tags in marks
        if (tag := tags.get(CREATING_TAG) or tags.get(TAG_URN)) is not None
    ]


def _find_in(settings: Settings, region: str) -> SnapshotReport:
    aws = connect(settings, region)
    alive = [view_cluster(cluster) for cluster in clusters(aws)]
    lives = {cluster.identifier: cluster.create_time for cluster in alive}
    found, others = [], 0
    account = ""
    for raw in manual_snapshots(aws):
        account = account or aws.account_id()
        snapshot = _reported(raw, account, region)
        lives_on = same_moment(lives.get(snapshot.cluster_identifier), snapshot.cluster_created)
        if snapshot.claimed or not lives_on:
            found.append(snapshot)
        else:
            others += 1
    unfinished = _unfinished(alive, region)
    taken_over = [
        TakenOver(cluster.identifier, region, claim.name, earlier)
        for cluster in alive
        if (claim := Claim.of_tags(dict(cluster.tags))) is not None
        and not claim.taking_over
        and (earlier := tuple(each for each in claim.superseded if each != UNCLAIMED))
    ]
    return SnapshotReport(
        snapshots=tuple(found),
        unfinished=tuple(unfinished),
        taken_over=tuple(taken_over),
        others=others,
        regions=(region,),
    )


def _reported(raw: Mapping[str, Any], account: str, region: str) -> ReportedSnapshot:
    view = view_snapshot(raw)
    tags = dict(view.tags)
    days = FOREVER if view.retention_days is None else view.retention_days
    start = raw.get("SnapshotRetentionStartTime") or view.create_time
    shared = raw.get("AccountsWithRestoreAccess") or []
    generation = view.cluster_create_time.isoformat() if view.cluster_create_time else "unknown"
    return ReportedSnapshot(
        identifier=view.identifier,
        arn=view.arn,
        account_id=str(raw.get("OwnerAccount") or account),
        region=region,
        status=view.status.lower(),
        cluster_identifier=view.cluster_identifier,
        cluster_created=view.cluster_create_time,
        created=view.create_time,
        expires=None if days == FOREVER or start is None else start + timedelta(days=days),
        megabytes=view.total_megabytes,
        encrypted=bool(raw.get("Encrypted")),
        kms_key_id=str(raw.get("KmsKeyId") or ""),
        shared_with=tuple(sorted(str(each.get("AccountId") or "") for each in shared)),
        project=tags.get(TAG_PROJECT, "") if TAG_URN in tags else "",
        stack=tags.get(TAG_STACK, "") if TAG_URN in tags else "",
        urn=decoded(tags.get(TAG_URN, "")),
        generation=tags.get(TAG_GENERATION, generation),
        rule=tags.get(TAG_RULE, ""),
        void=tags.get(TAG_VOID, ""),
    )
