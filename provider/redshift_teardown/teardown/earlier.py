"""What receipts of earlier teardowns tell: what was decided and sent, and the final snapshot that was left.

A damaged or foreign file proves nothing and is passed over: nothing ever requires a receipt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.identity import parse_time, same_moment
from redshift_teardown.teardown.receipt import (
    DONE,
    LEFT_BY_REPLACEMENT,
    RECEIPT_VERSION,
    SEEN_ALIVE,
    SKIP,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from redshift_teardown.aws.identity import Identity


@dataclass(frozen=True)
class Earlier:
    """What earlier teardowns of one generation left written.

    Attributes:
        outcome: The decision of the newest one of this resource whose DeleteCluster may have ended the
            cluster: ``snapshot``, or ``skip`` where it excuses that there is none; empty where there is none.
        accepted: Snapshot names that AWS accepted.
        sent: Snapshot names that DeleteCluster was sent with, each with the time.
        own_sent: When this resource sent its newest DeleteCluster.
        stale: Snapshots that existed while the cluster was alive.
        create_times: Create times they saw the generation with.
        last_alive: When one of them last saw the cluster alive.
        skip: What an excusing ``skip`` is recorded by, once the cluster is seen to have outlived it.

    """

    outcome: str = ""
    accepted: frozenset[str] = frozenset()
    sent: tuple[tuple[str, datetime], ...] = ()
    own_sent: datetime | None = None
    stale: frozenset[str] = frozenset()
    create_times: tuple[datetime, ...] = ()
    last_alive: datetime | None = None
    skip: str = ""


def read_earlier(
    folders: Iterable[Path], identity: Identity, urn: str, *, claim: str, recorded: str
) -> Earlier:
    """Read what earlier teardowns of this generation decided; what cannot be read is passed over.

    Args:
        folders: Every receipts folder that a policy of the cluster names.
        identity: The generation meant.
        urn: The resource's. What another one decided about the generation excuses nothing here.
        claim: Its ownership claim; empty for none. A state that was moved records the URN of whoever may own
            the generation now, by another claim.
        recorded: The fingerprint of what the state records of the policy. A skip that was decided before that
            was recorded excuses nothing.

    """
    found = sorted(
        (document for folder in folders for document in _documents(folder) if _is_of(document, identity)),
        key=lambda document: str(document.get("started", "")),
    )
    sent = [document for document in found if document.get("sent")]
    by_claim = [each for each in sent if not claim or (each.get("claim") or claim) == claim]
    own = [document for document in by_claim if document.get("urn") == urn]
    times = [parse_time(document.get("cluster_create_time")) for document in found]
    alive = [parse_time(document.get("last_alive")) for document in found]
    outcome = _outcome(own[-1], recorded) if own else ""
    return Earlier(
        outcome=outcome,
        accepted=frozenset(name for document in found for name in _accepted(document)),
        sent=tuple(pair for document in sent for pair in _sent(document)),
        own_sent=max((at for document in own for _, at in _sent(document)), default=None),
        # Sent or not: the cluster was alive by then.
        stale=frozenset(
            name for document in found for key in ("void", "stale") for name in strings(document.get(key))
        ),
        create_times=tuple(time for time in times if time is not None),
        last_alive=max((moment for moment in alive if moment is not None), default=None),
        skip=f"skip@{own[-1].get('started')}" if outcome == SKIP else "",
    )


def _outcome(document: Mapping[str, Any], recorded: str) -> str:
    """Return what a teardown decided; a skip only where AWS accepted it and nothing was recorded since."""
    outcome = str(document.get("outcome", ""))
    if outcome != SKIP:
        return outcome
    ended = document.get("state") == DONE or document.get("skip_accepted") is True
    return outcome if ended and document.get("recorded") == recorded else ""


def _accepted(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the snapshot names that AWS accepted; a receipt of an older version tells it by its attempts."""
    if "accepted" in document:
        yield from strings(document["accepted"])
        return
    attempts = document.get("attempts")
    answers = [
        attempt.get("answer")
        for attempt in (attempts if isinstance(attempts, list) else [])
        if isinstance(attempt, dict) and attempt.get("operation") == "DeleteCluster"
    ]
    if "accepted" in answers or document.get("state") == DONE:
        yield from strings(document.get("names"))


def _sent(document: Mapping[str, Any]) -> Iterator[tuple[str, datetime]]:
    """Yield the snapshot names that were sent, each with the time; an empty one for a skip."""
    times = document.get("sent_at")
    if not isinstance(times, dict):
        # An older version wrote down the names alone.
        times = dict.fromkeys(strings(document.get("names")), document.get("written"))
    for name, text in times.items():
        at = parse_time(text)
        if at is not None:
            yield name, at


@dataclass(frozen=True)
class Left:
    """The final snapshot that the last teardown of a resource left.

    Attributes:
        identifier: Its name.
        written: When that was written down.
        until: When its retention ends; None where it is kept forever, or was not finished then.
        half: Whether a replacement left it, whose new cluster was to be restored from it.

    """

    identifier: str
    written: datetime
    until: datetime | None = None
    half: bool = False

    def has_expired(self, now: datetime) -> bool:
        """Return whether AWS has deleted it by now, since its retention ended."""
        return self.until is not None and now >= self.until


def last_left(folder: Path, urn: str, account_id: str, region: str) -> Left | None:
    """Return what the last teardown of a resource left; None where it left nothing, or none is known.

    Args:
        folder: The receipts folder.
        urn: The resource's.
        account_id: The account it is to be in.
        region: The region it is to be in.

    """
    place = (urn, account_id, region)
    ended = [
        document
        for document in _documents(folder)
        if (_owner(document), document.get("account_id"), document.get("region")) == place
        and document.get("state") != SEEN_ALIVE
    ]
    last = max(ended, key=lambda document: str(document.get("started", "")), default={})
    written = parse_time(last.get("written"))
    found = last.get("snapshot")
    half = last.get("left_by") == LEFT_BY_REPLACEMENT
    names = [*_accepted(last)]
    if half and last.get("sent") and not names:
        # Killed before AWS answered: what it was to be restored from is there, or will be.
        names = [name for name, _ in _sent(last)]
    snapshot = found if isinstance(found, dict) else {"identifier": max(names, default="")}
    identifier = snapshot.get("identifier")
    if written is None or not isinstance(identifier, str) or not identifier:
        return None
    days, created = snapshot.get("retention_days"), parse_time(snapshot.get("created"))
    kept_for = timedelta(days=days) if isinstance(days, int) and days > 0 else None
    return Left(
        identifier,
        written,
        created + kept_for if created is not None and kept_for is not None else None,
        half=half,
    )


def halves_left(
    folder: Path, account_id: str, region: str, identity: Identity | None = None
) -> dict[str, str]:
    """Return the final snapshots that replacements left whose new cluster was to be restored from them.

    It was written down before DeleteCluster was sent, so no kill prevents it, as it may the snapshot's tag.
    Whoever tore the cluster down later, and left the same snapshot, has the last word.

    Args:
        folder: The receipts folder.
        account_id: The account they are in.
        region: The region they are in.
        identity: The generation they are of; None for any.

    Returns:
        Their names, oldest first, each with the URN of the resource.

    """
    halves: dict[str, str] = {}
    for document in sorted(_documents(folder), key=lambda each: str(each.get("started", ""))):
        if (document.get("account_id"), document.get("region")) != (account_id, region):
            continue
        if identity is not None and not _is_of(document, identity):
            continue
        snapshot = document.get("snapshot")
        left = snapshot.get("identifier") if isinstance(snapshot, dict) else None
        names = {name for name, _ in _sent(document)} if document.get("sent") else set()
        for name in (*names, *([left] if isinstance(left, str) else [])):
            half = document.get("left_by") == LEFT_BY_REPLACEMENT
            halves[name] = str(_owner(document) or "?") if half else ""
    return {name: urn for name, urn in halves.items() if urn and name}


def _owner(document: Mapping[str, Any]) -> object:
    """Return the URN that the resource of a receipt had at its teardown; it may have recorded another."""
    return document.get("claimant") or document.get("urn")


def strings(value: object) -> Iterator[str]:
    """Yield the strings of a list; whatever else a damaged receipt or state holds is left out."""
    return (item for item in value if isinstance(item, str)) if isinstance(value, list) else iter(())


def _documents(folder: Path) -> Iterator[dict[str, Any]]:
    for _, document in documents_in(folder):
        if document.get("receipt_version") == RECEIPT_VERSION:
            yield document


def documents_in(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the JSON objects of a folder by name, each with its file; what cannot be read is passed over."""
    try:
        paths = sorted(folder.glob("*.json"))
    except OSError:
        return
    for path in paths:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            # A damaged or foreign file proves nothing and must not stop an operation.
            continue
        if isinstance(document, dict):
            yield path, document


def _is_of(document: Mapping[str, Any], identity: Identity) -> bool:
    if (document.get("account_id"), document.get("region"), document.get("cluster")) != (
        identity.account_id,
        identity.region,
        identity.cluster_identifier,
    ):
        return False
    namespace = document.get("cluster_namespace_arn")
    if namespace and identity.cluster_namespace_arn:
        return bool(namespace == identity.cluster_namespace_arn)
    return same_moment(parse_time(document.get("cluster_create_time")), identity.cluster_create_time)
