"""Receipts: what a teardown decided, written before DeleteCluster is sent, and what came of it.

One JSON document a teardown, in the policy's ``receipts`` folder. It is rewritten atomically and
fsynced: first as ``under way``, at the end as ``done`` or ``refused``. A later destroy reads it to
judge a missing cluster by what was decided then; nothing ever requires it, and a folder that
cannot be written to warns and never fails a teardown. No secret is ever in one.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.atomic_file import nearest, replace_whole
from redshift_teardown.deletion_policy import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import Attempt, SnapshotView

RECEIPT_VERSION = 1
_LONGEST_PART = 80
UNDER_WAY, DONE, REFUSED, LET_GO = "under way", "done", "refused", "let go"
SEEN_ALIVE = "seen alive"
"""No teardown: an `up` that found what is void, before it went on."""
SKIP = "skip"
LEFT_BY_REPLACEMENT = "replacement"
"""What a final snapshot was left by, where its cluster was replaced and its data is to be restored."""


@dataclass
class ReceiptFile:
    """One teardown's document on disk.

    Attributes:
        folder: The receipts folder; made when the first document is written.
        identity: The generation torn down.
        started: When the teardown began; part of the file's name.
        warn: Told once, in words, when the folder cannot be written to.

    """

    folder: Path
    identity: Identity
    started: datetime
    warn: Callable[[str], None]
    _document: dict[str, Any] = field(default_factory=dict)
    _broken: bool = False

    def __post_init__(self) -> None:
        """Choose a name no other teardown uses, two of one generation at once included."""
        safe = _file_name(self.identity.cluster_identifier)
        stamp = self.started.strftime("%Y%m%dt%H%M%Sz")
        self.path = self.folder / f"{safe}-{stamp}-{uuid.uuid4().hex[:8]}.json"

    def write(self, document: Mapping[str, Any]) -> None:
        """Merge into the document and put it on disk, fsynced, before anything else happens."""
        self._document.update(document)
        try:
            write_document(self.path, self._document)
        except OSError as error:
            if not self._broken:
                why = not_written(self.folder, error.strerror or str(error))
                self.warn(f"{why}; the command goes on, and proves itself in AWS")
            self._broken = True


def not_written(folder: Path, problem: str) -> str:
    """Return in words that a receipt cannot be written into a folder, and why."""
    return f"the receipt cannot be written to {folder}: {problem}"


def folder_problem(folder: Path) -> str:
    """Return in words what is in the way of a receipts folder; empty where it is there, or can be made.

    Args:
        folder: As the policy names it, relative to the folder of the program.

    """
    place = nearest(folder)
    return "" if place.is_dir() else f"the policy's receipts must name a folder, and {place} is none"


def heading(
    identity: Identity,
    *,
    state: str,
    started: datetime,
    written: datetime,
    created: datetime | None,
    urn: str,
) -> dict[str, Any]:
    """Return what every receipt begins with; `read_earlier` goes by it.

    Args:
        identity: The generation that the receipt is of.
        state: What came of it: ``UNDER_WAY`` and its siblings.
        started: When the teardown began.
        written: The time now.
        created: The create time that the generation was seen with last; None where it is not known.
        urn: The resource's URN.

    """
    return {
        "receipt_version": RECEIPT_VERSION,
        "state": state,
        "started": started.isoformat(),
        "written": written.isoformat(),
        "account_id": identity.account_id,
        "region": identity.region,
        "cluster": identity.cluster_identifier,
        "cluster_namespace_arn": identity.cluster_namespace_arn or "",
        "cluster_create_time": created.isoformat() if created else "",
        "urn": urn,
    }


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Put a document on disk, whole and fsynced.

    Raises:
        OSError: the folder cannot be written to.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    replace_whole(path, f"{text}\n".encode())


def _file_name(identifier: str) -> str:
    """Return an identifier as a part of a file's name; one that had to be changed for that gains a hash."""
    safe = re.sub(r"[^A-Za-z0-9-]", "-", identifier)[:_LONGEST_PART]
    if safe == identifier:
        return safe
    digest = hashlib.sha256(identifier.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{safe}-{digest}"


def describe_snapshot(snapshot: SnapshotView) -> dict[str, Any]:
    """Return what a receipt says of the final snapshot."""
    return {
        "identifier": snapshot.identifier,
        "arn": snapshot.arn,
        "status": snapshot.status,
        "created": snapshot.create_time.isoformat() if snapshot.create_time else "",
        "retention_days": FOREVER if snapshot.retention_days is None else snapshot.retention_days,
        "total_megabytes": snapshot.total_megabytes,
        "incremental_megabytes": snapshot.incremental_megabytes,
        "tags": dict(snapshot.tags),
    }


def describe_attempt(attempt: Attempt) -> dict[str, str]:
    """Return what a receipt says of a call that changes something."""
    return {
        "operation": attempt.operation,
        "at": attempt.at.isoformat(),
        "answer": attempt.answer.value,
        "words": attempt.words,
    }
