"""What a create wrote down before it was sent, so that the next run knows its own cluster again.

RestoreFromClusterSnapshot takes no tags: until the creating mark is written nothing on the cluster says whose
it is. One JSON document a create lies in the folder ``creates`` of the policy's receipts until the create is
finished. It gains the generation that AWS answered with: that one is ours. Where the answer never came, a
restored cluster under the name may as well be what somebody restored by hand, and is nobody's to go on with.
A folder that cannot be written to warns and never fails a create.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.identity import Identity, parse_time
from redshift_teardown.aws.views import view_cluster
from redshift_teardown.teardown.claim import Claim
from redshift_teardown.teardown.earlier import documents_in
from redshift_teardown.teardown.proof import CLOCK_SKEW
from redshift_teardown.teardown.receipt import write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.lifecycle.context import Session

FOLDER = "creates"
RECORD_VERSION = 1
_SOON = timedelta(minutes=15)
"""So long after a create was written down its cluster's ClusterCreateTime may be: botocore sends again."""
_RESTORE = "RestoreFromClusterSnapshot"


@dataclass(frozen=True)
class CreateKey:
    """Whose create it is, and of what: what must be equal to be the same."""

    urn: str
    account_id: str
    region: str
    cluster: str


class CreateRecord:
    """One create, as it is written down."""

    def __init__(
        self,
        folder: Path,
        place: CreateKey,
        claim: str,
        operation: str,
        origin: Mapping[str, str],
        session: Session,
    ) -> None:
        """Choose a name; nothing is written yet.

        Args:
            folder: The receipts folder.
            place: Whose create, and of what.
            claim: The claim that the cluster gets.
            operation: The call that is about to be sent.
            origin: What is known of the data it begins with.
            session: The operation's surroundings.

        """
        started = session.clock.now()
        stamp = started.strftime("%Y%m%dt%H%M%Sz")
        self._path = folder / FOLDER / f"{place.cluster}-{stamp}-{uuid.uuid4().hex[:8]}.json"
        self._warn: Callable[[str], None] = session.reporter.warn
        self._document: dict[str, Any] = {
            "create_version": RECORD_VERSION,
            **vars(place),
            "claim": claim,
            "operation": operation,
            **origin,
            "started": started.isoformat(),
        }
        self._seen: tuple[str, str] = ("", "")

    def write(self) -> None:
        """Put it on disk, fsynced, before the call is sent."""
        try:
            write_document(self._path, self._document)
        except OSError as error:
            self._warn(
                f"what is begun cannot be written to {self._path.parent}: {error.strerror or error}; the "
                "create goes on. Should its answer be lost, `pulumi up` may not know the cluster again"
            )

    def saw(self, cluster: Mapping[str, Any]) -> None:
        """Write down which generation came of it: AWS's answer tells, or a look that surely shows that one.

        Args:
            cluster: As RestoreFromClusterSnapshot answers, or DescribeClusters shows it.

        """
        view = view_cluster(cluster)
        created = view.create_time.isoformat() if view.create_time else ""
        seen = (view.namespace_arn or self._seen[0], created or self._seen[1])
        if seen != self._seen:
            self._seen = seen
            self._document["cluster_namespace_arn"], self._document["cluster_create_time"] = seen
            self.write()

    def end(self) -> None:
        """Take it away: the create is finished, or AWS refused it."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            self._warn(f"{self._path} cannot be removed: {error.strerror or error}; remove it by hand")


def find_earlier(folder: Path, place: CreateKey, cluster: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a create of this resource wrote down that made a cluster and did not finish; None for none.

    Args:
        folder: The receipts folder.
        place: Whose create, and of what.
        cluster: An entry of DescribeClusters.

    """
    view = view_cluster(cluster)
    return next((each for _, each in _files(folder, place) if made_it(each, place, view)), None)


def end_earlier(folder: Path, place: CreateKey) -> None:
    """Take away what earlier creates of this resource wrote down: one of them is finished now."""
    for path, _ in _files(folder, place):
        path.unlink(missing_ok=True)


def is_contradicted(folder: Path, place: CreateKey, cluster: Mapping[str, Any]) -> bool:
    """Return whether the last create of this resource is known to have made another generation.

    A tag is written by name: between a look and the call the name may get another owner, who has our creating
    mark then.
    """
    last = max(
        (each for _, each in _files(folder, place)), key=lambda each: str(each.get("started")), default={}
    )
    generation = _generation(last, place)
    return generation is not None and not generation.is_generation_of(view_cluster(cluster))


def find_unanswered(folder: Path, place: CreateKey, cluster: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what a restore of this resource wrote down that may have made a cluster; None for none.

    AWS never answered it. Somebody else may have restored that cluster by hand meanwhile, and then it looks
    the same.

    Args:
        folder: The receipts folder.
        place: Whose restore, and of what.
        cluster: An entry of DescribeClusters.

    """
    created = view_cluster(cluster).create_time
    return next(
        (
            each
            for _, each in _files(folder, place)
            if each.get("operation") == _RESTORE
            and _generation(each, place) is None
            and _is_soon(each, created)
        ),
        None,
    )


def begun_elsewhere(folder: Path, place: CreateKey) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what creates of a resource wrote down that began it under another identifier, with that."""
    for _, document in documents_in(folder / FOLDER):
        name = document.get("cluster")
        if isinstance(name, str) and name != place.cluster:
            of = replace(place, cluster=name)
            if _is_of(document, of):
                yield name, document


def made_it(document: Mapping[str, Any], place: CreateKey, view: ClusterView) -> bool:
    """Return whether a create that was written down surely made a cluster."""
    live, generation = Claim.of_tags(dict(view.tags)), _generation(document, place)
    if live is not None and live.name != document.get("claim"):
        return False
    if generation is not None:
        return generation.is_generation_of(view)
    # CreateCluster writes its claim by itself, and no other cluster has that.
    return live is not None and _is_soon(document, view.create_time)


def _generation(document: Mapping[str, Any], place: CreateKey) -> Identity | None:
    """Return the generation that AWS answered with; None where no answer came."""
    found = Identity.from_json({**document, "region": place.region}, place.cluster)
    return found if found.cluster_namespace_arn or found.cluster_create_time else None


def _is_soon(document: Mapping[str, Any], created: datetime | None) -> bool:
    """Return whether a create time fits what was written down; one that AWS does not show does."""
    started = parse_time(document.get("started"))
    if started is None:
        return False
    return created is None or started - CLOCK_SKEW <= created <= started + _SOON


def _files(folder: Path, place: CreateKey) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield what creates of a place wrote down; by a file that says nothing a cluster is met as anybody's."""
    for path, document in documents_in(folder / FOLDER):
        if _is_of(document, place):
            yield path, document


def _is_of(document: Mapping[str, Any], place: CreateKey) -> bool:
    return {"create_version": RECORD_VERSION, **vars(place)}.items() <= document.items()
