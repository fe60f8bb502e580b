"""What a teardown needs of its surroundings: somebody to tell, and the calls that change something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.aws.views import Attempt, ClusterView


class Reporter(Protocol):
    """Where the operator reads what is going on; never fails a teardown."""

    def progress(self, text: str) -> None:
        """Show what is going on now, in place of what was shown before."""

    def keep(self, text: str) -> None:
        """Say something that stays in the output."""

    def warn(self, text: str) -> None:
        """Warn, in the output for good."""


class Actions(Protocol):
    """The calls that change something, each with what AWS answered; and the last question before them."""

    counted: Counter[str]

    def is_still(self, shown: ClusterView, since: datetime) -> bool:
        """Return whether AWS shows a cluster as it did when it was asked at a time."""

    def delete(self, identifier: str, snapshot_name: str, retention_days: int, status_before: str) -> Attempt:
        """Send DeleteCluster."""

    def resume(self, identifier: str) -> Attempt:
        """Send ResumeCluster."""

    def tag(self, arn: str, tags: Mapping[str, str]) -> Attempt:
        """Send CreateTags."""

    def extend(self, snapshot_identifier: str, retention_days: int) -> Attempt:
        """Send ModifyClusterSnapshot."""
