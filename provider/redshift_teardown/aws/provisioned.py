"""The calls of provisioned Redshift, each one wrapped so that its answer is a plain value.

Reads raise ``UnreachableError`` when AWS could not answer and ``TeardownError`` when it answered that
it will not. Calls that change something never raise for what AWS said: they return an
``Attempt``, and the next step comes from a fresh observation.
"""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.session import THROTTLING, Aws, explain
from redshift_teardown.aws.views import (
    Answer,
    Attempt,
    ClusterView,
    SnapshotView,
    view_cluster,
    view_snapshot,
)
from redshift_teardown.errors import TeardownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from types_boto3_redshift import RedshiftClient

PAGE = 100

FRESH = timedelta(seconds=5)
"""How long ago AWS may have been asked for a cluster that a call reaches by its name."""

_SERVER_ERROR = 500


class UnreachableError(TeardownError):
    """AWS gave no usable answer to a read: throttled, 5xx, or the connection failed.

    Args:
        error: What an operator reads where nobody waits for AWS to answer.
        words: What AWS or the network said, in one line.
        throttled: Whether AWS asked for fewer calls.
        connected: Whether anything answered at all.

    """

    def __init__(
        self, error: TeardownError, *, words: str, throttled: bool = False, connected: bool = True
    ) -> None:
        """Keep AWS's words for the operator; see the class for the arguments."""
        super().__init__(error.what, next_step=error.next_step)
        self.words = words
        self.throttled = throttled
        self.connected = connected


class RedshiftCalls:
    """What an operation asks of one account and region, counted per operation.

    Attributes:
        counted: How often each operation was called.
        on_resend: Told how often a read had to be sent again before AWS answered it.

    """

    def __init__(self, aws: Aws, now: Callable[[], datetime]) -> None:
        """Use the clients of ``aws``; ``now`` stamps the attempts."""
        self._aws = aws
        self._now = now
        self.counted: Counter[str] = Counter()
        self.on_resend: Callable[[int], None] = lambda _times: None
        # Sent again at once, five times each, looks would keep a throttled account throttled, and use up the
        # retries that botocore allows a client before AWS answers again.
        self._throttled = False

    # --- reads ---

    def describe(self, identifier: str) -> Mapping[str, Any] | None:
        """Return one cluster as DescribeClusters shows it; None where AWS says ClusterNotFound."""
        found = self._read(
            "DescribeClusters",
            f"describe cluster {identifier}",
            lambda redshift: redshift.describe_clusters(ClusterIdentifier=identifier),
            absent="ClusterNotFound",
        )
        return found["Clusters"][0] if found and found["Clusters"] else None

    def cluster(self, identifier: str) -> ClusterView | None:
        """Look at one cluster; None where AWS says ClusterNotFound."""
        found = self.describe(identifier)
        return view_cluster(found) if found else None

    def is_still(self, shown: ClusterView, since: datetime) -> bool:
        """Return whether AWS shows a cluster as it did; asked again only where that is a while ago.

        A call reaches whatever has the name. Between the question that decided on it and the call an answer
        may have come late, or this machine have slept; meanwhile another cluster may have taken the name, or
        another resource the cluster.

        Args:
            shown: The cluster as AWS showed it.
            since: When AWS was asked.

        """
        if self._now() - since <= FRESH:
            return True
        asked = self._now()
        try:
            found = self.cluster(shown.identifier)
        except UnreachableError:
            return False
        return found == shown and self._now() - asked <= FRESH

    def clusters(self) -> Iterator[ClusterView]:
        """Look at every cluster of the account and region, page by page."""
        return map(view_cluster, itertools.chain.from_iterable(self.cluster_pages()))

    def cluster_pages(self) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Return all clusters, as DescribeClusters shows them, page by page."""
        for page in self.pages("DescribeClusters", "list clusters", {}):
            yield page.get("Clusters", [])

    def snapshots(self, cluster_identifier: str) -> tuple[SnapshotView, ...]:
        """Look at the manual snapshots under a cluster identifier, of any generation."""
        found = self.snapshot_pages(ClusterIdentifier=cluster_identifier)
        return tuple(itertools.chain.from_iterable(found))

    def snapshots_then_cluster(self, identifier: str) -> tuple[tuple[SnapshotView, ...], ClusterView | None]:
        """Look at the manual snapshots under a cluster identifier, and after that at its cluster."""
        return self.snapshots(identifier), self.cluster(identifier)

    def tagged_snapshots(self, key: str, value: str) -> tuple[SnapshotView, ...]:
        """Look at the manual snapshots of the account and region that carry a tag.

        TagKeys and TagValues are alternatives to AWS, so the pair is looked for here.
        """
        found = itertools.chain.from_iterable(self.snapshot_pages(TagKeys=[key]))
        return tuple(snapshot for snapshot in found if dict(snapshot.tags).get(key) == value)

    def snapshot_pages(self, **query: Any) -> Iterator[Sequence[SnapshotView]]:
        """Return the manual snapshots that a query is for, page by page; final snapshots are manual ones."""
        intent = f"list the snapshots of {query.get('ClusterIdentifier', 'the account')}"
        wanted = {"SnapshotType": "manual", **query}
        for page in self.pages("DescribeClusterSnapshots", intent, wanted, absent="ClusterNotFound"):
            yield [view_snapshot(each) for each in page.get("Snapshots", [])]

    def describe_snapshot(self, **query: str) -> Mapping[str, Any] | None:
        """Return one snapshot as DescribeClusterSnapshots shows it; None where there is no such one.

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

    def pages(
        self, operation: str, intent: str, query: Mapping[str, Any], *, absent: str = "", size: int = PAGE
    ) -> Iterator[Mapping[str, Any]]:
        """Return a listing of AWS, page by page.

        Args:
            operation: AWS's name of it.
            intent: What is being done, as a verb phrase, for errors.
            query: Its arguments.
            absent: The error code by which AWS says that there is nothing.
            size: Entries a page.

        Raises:
            UnreachableError: AWS gave no usable answer.
            TeardownError: AWS refused.

        """
        from botocore import xform_name  # noqa: PLC0415 - boto3 only where it is used

        client: Any = self._client()
        paginator = client.get_paginator(xform_name(operation))
        found = iter(paginator.paginate(**query, PaginationConfig={"PageSize": size}))
        more = True
        while more:
            page = self._read(operation, intent, lambda _client: next(found), absent)
            more = bool(page.get("Marker"))
            yield page

    def _client(self) -> RedshiftClient:
        return self._aws.redshift_once if self._throttled else self._aws.redshift

    def _read(
        self, operation: str, intent: str, call: Callable[[RedshiftClient], Any], absent: str = ""
    ) -> Mapping[str, Any]:
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            ConnectionError,  # noqa: A004 - botocore's: DNS, connect, TLS and proxy failures
            HTTPClientError,
        )
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        self.counted[operation] += 1
        try:
            answer: Mapping[str, Any] = call(self._client())
        except ClientError as error:
            code, message, status = _parts(error)
            if absent and code in {absent, f"{absent}Fault"}:
                return {}
            explained = explain(error, intent, self._aws.region)
            self._throttled = throttled = code.startswith(THROTTLING)
            if throttled or status >= _SERVER_ERROR:
                words = f"{code}: {message}"
                raise UnreachableError(explained, words=words, throttled=throttled) from None
            raise explained from None
        except ConnectionError as error:
            explained = explain(error, intent, self._aws.region)
            raise UnreachableError(explained, words=str(error), connected=False) from None
        except (HTTPClientError, ResponseParserError) as error:
            explained = explain(error, intent, self._aws.region)
            raise UnreachableError(explained, words=str(error)) from None
        except BotoCoreError as error:
            raise explain(error, intent, self._aws.region) from None
        self._throttled = False
        resent = int(answer.get("ResponseMetadata", {}).get("RetryAttempts") or 0)
        if resent:
            self.on_resend(resent)
        return answer

    # --- calls that change something ---

    def delete(self, identifier: str, snapshot_name: str, retention_days: int, status_before: str) -> Attempt:
        """Send DeleteCluster, once; an empty ``snapshot_name`` means to skip, said explicitly.

        Retention is always sent with a name: AWS's own default is to keep forever, whatever the
        cluster's ManualSnapshotRetentionPeriod says.
        """
        arguments: dict[str, Any] = {
            "ClusterIdentifier": identifier,
            "SkipFinalClusterSnapshot": not snapshot_name,
        }
        if snapshot_name:
            arguments["FinalClusterSnapshotIdentifier"] = snapshot_name
            arguments["FinalClusterSnapshotRetentionPeriod"] = retention_days
        return self._write(
            "DeleteCluster",
            lambda: self._aws.redshift_once.delete_cluster(**arguments),
            snapshot=snapshot_name,
            status_before=status_before,
        )

    def resume(self, identifier: str) -> Attempt:
        """Send ResumeCluster."""
        return self._write(
            "ResumeCluster", lambda: self._aws.redshift.resume_cluster(ClusterIdentifier=identifier)
        )

    def tag(self, arn: str, tags: Mapping[str, str]) -> Attempt:
        """Send CreateTags; a tag with the same key is overwritten."""
        return self._write(
            "CreateTags",
            lambda: self._aws.redshift.create_tags(
                ResourceName=arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
            ),
            target=arn,
        )

    def extend(self, snapshot_identifier: str, retention_days: int) -> Attempt:
        """Send ModifyClusterSnapshot; never Force, which deletes a snapshot whose time is over."""
        return self._write(
            "ModifyClusterSnapshot",
            lambda: self._aws.redshift.modify_cluster_snapshot(
                SnapshotIdentifier=snapshot_identifier, ManualSnapshotRetentionPeriod=retention_days
            ),
            target=snapshot_identifier,
        )

    def change(self, operation: str, call: Callable[[], Any]) -> Attempt:
        """Send any other call that changes something."""
        return self._write(operation, call)

    def _write(
        self,
        operation: str,
        call: Callable[[], Any],
        *,
        snapshot: str = "",
        status_before: str = "",
        target: str = "",
    ) -> Attempt:
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            ClientError,
            ConnectionError,  # noqa: A004 - botocore's
            HTTPClientError,
        )
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        self.counted[operation] += 1
        answer, code, message = Answer.ACCEPTED, "", ""
        try:
            call()
        except ClientError as error:
            code, message, status = _parts(error)
            answer = Answer.REFUSED
            if code.startswith(THROTTLING):
                answer = Answer.THROTTLED
            elif status >= _SERVER_ERROR or not status:
                answer = Answer.UNKNOWN
        except (ConnectionError, HTTPClientError, ResponseParserError) as error:
            answer, message = Answer.UNKNOWN, str(error)
        except BotoCoreError as error:
            # Raised before anything was sent: no credentials, a malformed argument …
            answer, code, message = Answer.REFUSED, type(error).__name__, str(error)
        return Attempt(operation, answer, self._now(), code, message, snapshot, status_before, target)


def _parts(error: Any) -> tuple[str, str, int]:
    details = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return str(details.get("Code", "")), str(details.get("Message", "")), int(status)
