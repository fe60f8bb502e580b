"""What a create wrote down before it was sent, so that the next run knows its own cluster again.

RestoreFromClusterSnapshot takes no tags, and a reply can be lost: then nothing on the cluster says whose it
is. One JSON document a create lies in the folder ``creates`` of the policy's receipts until the create is
finished. A folder that cannot be written to warns and never fails a create.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.teardown.calls import view_cluster
from redshift_teardown.teardown.claim import Claim
from redshift_teardown.teardown.identity import parse_time
from redshift_teardown.teardown.proof import CLOCK_SKEW
from redshift_teardown.teardown.receipt import documents_in, write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from redshift_teardown.crud.session import Session

FOLDER = "creates"
VERSION = 1
_SOON = timedelta(minutes=15)
"""So long after a create was written down its cluster's ClusterCreateTime may be: botocore sends again."""
_BEING_MADE = frozenset({"creating", "restoring"})


@dataclass(frozen=True)
class Place:
    """Whose create it is, and of what: what must be equal to be the same."""

    urn: str
    account_id: str
    region: str
    cluster: str


class Begun:
    """One create, as it is written down."""

    def __init__(
        self,
        folder: Path,
        place: Place,
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
            "create_version": VERSION,
            **vars(place),
            "claim": claim,
            "operation": operation,
            **origin,
            "started": started.isoformat(),
        }
        self._generation = ""

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
        """Write down which generation came of it, once AWS shows that."""
        namespace = view_cluster(cluster).namespace_arn or ""
        if namespace and namespace != self._generation:
            self._generation = namespace
            self._document["cluster_namespace_arn"] = namespace
            self.write()

    def end(self) -> None:
        """Take it away: the create is finished, or AWS refused it."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            self._warn(f"{self._path} cannot be removed: {error.strerror or error}; remove it by hand")


def find_earlier(
    folder: Path, place: Place, cluster: Mapping[str, Any], now: datetime
) -> Mapping[str, Any] | None:
    """Return what a create of this resource wrote down that made a cluster and did not finish; None for none.

    Args:
        folder: The receipts folder.
        place: Whose create, and of what.
        cluster: An entry of DescribeClusters.
        now: The time.

    """
    return next((each for _, each in _files(folder, place) if _made(each, cluster, now)), None)


def end_earlier(folder: Path, place: Place) -> None:
    """Take away what earlier creates of this resource wrote down: one of them is finished now."""
    for path, _ in _files(folder, place):
        path.unlink(missing_ok=True)


def _made(document: Mapping[str, Any], cluster: Mapping[str, Any], now: datetime) -> bool:
    view, started = view_cluster(cluster), parse_time(document.get("started"))
    if started is None:
        return False
    live = Claim.of_tags(dict(view.tags))
    if live is None:
        # CreateCluster writes its tags by itself; whatever lacks them came from somewhere else.
        being_made = bool(cluster.get("RestoreStatus")) or view.status in _BEING_MADE
        if document.get("operation") != "RestoreFromClusterSnapshot" or not being_made:
            return False
    elif live.name != document.get("claim"):
        return False
    generation = document.get("cluster_namespace_arn")
    if generation and view.namespace_arn:
        return bool(generation == view.namespace_arn)
    moment = view.create_time or now
    return started - CLOCK_SKEW <= moment <= started + _SOON


def _files(folder: Path, place: Place) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield what creates of a place wrote down; by a file that says nothing a cluster is met as anybody's."""
    wanted = {"create_version": VERSION, **vars(place)}
    for path, document in documents_in(folder / FOLDER):
        if wanted.items() <= document.items():
            yield path, document
