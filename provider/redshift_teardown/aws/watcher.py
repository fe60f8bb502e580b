"""One operation's place among all that wait: where its looks come from, and what it waits by."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.intervals import Intervals
from redshift_teardown.aws.poller import Watch
from redshift_teardown.aws.provisioned import RedshiftCalls, UnreachableError
from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.aws.views import view_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from redshift_teardown.aws.clock import Clock
    from redshift_teardown.aws.listings import Answer, Found
    from redshift_teardown.aws.session import Aws
    from redshift_teardown.aws.views import ClusterView, SnapshotView

HALF_DONE_RESTS = (1, 2, 4)
"""What a look that is half done rests before it asks again what AWS throttled, in shortest intervals: begun
anew, it would need several answers in a row of an account that gives every other one."""


class Watcher:
    """One operation's place in the watch: where its looks come from, and what it waits by.

    It belongs to one thread. That its answers are newer than anything it did follows from the order in
    which it is used: look, act or pause, look.

    Args:
        watch: The watch it belongs to.
        clock: What is waited by. Only on the machine's own clock are others waited for.

    """

    def __init__(self, watch: Watch, clock: Clock) -> None:
        """See the class for the arguments."""
        self._watch = watch
        self._clock = clock
        self._timed = isinstance(clock, SystemClock)
        self._intervals = Intervals(watch.rhythm)
        self._paused_at: int | None = None
        self._cluster: Answer[Mapping[str, Any] | None] | None = None
        self._identifier = self._status = ""

    def describe(self, identifier: str) -> Mapping[str, Any] | None:
        """Return one cluster as DescribeClusters shows it; None where there is none."""
        return self._describe(identifier, self._from_now())

    def _from_now(self) -> int:
        """Return the number since which an answer is new enough to begin a look."""
        paused_at, self._paused_at = self._paused_at, None
        return next(self._watch.numbers) if paused_at is None else paused_at

    def _describe(self, identifier: str, since: int) -> Mapping[str, Any] | None:
        self._cluster = None
        self._identifier = identifier.lower()
        self._cluster = self._watch.about(
            self._watch.clusters, self._identifier, since=since, whole=True, timed=self._timed
        )
        found = self._cluster.value
        status = str(found.get("ClusterStatus") or "") if found else ""
        if status != self._status:
            self._status = status
            self._intervals.hurry()
        return found

    def cluster(self, identifier: str) -> ClusterView | None:
        """Look at one cluster; None where there is none."""
        found = self.describe(identifier)
        return view_cluster(found) if found else None

    def clusters(self) -> Iterator[ClusterView]:
        """Look at every cluster of the account and region, anew: AWS's own copies may differ for a while."""
        watch, since = self._watch, self._since_cluster()
        found = self._patiently(lambda: watch.everything(watch.clusters, since=since, timed=self._timed))
        return map(view_cluster, found)

    def snapshots(self, cluster_identifier: str) -> tuple[SnapshotView, ...]:
        """Look at the manual snapshots under a cluster identifier, of any generation."""
        since = self._since_cluster()
        # Nothing is decided by a snapshot that is missing while the cluster is still ending.
        whole = phase(self._status) is not Phase.ENDING
        return self._patiently(lambda: self._snapshots(cluster_identifier, since, whole=whole)).value

    def snapshots_then_cluster(self, identifier: str) -> tuple[tuple[SnapshotView, ...], ClusterView | None]:
        """Look at the manual snapshots under a cluster identifier, and after that at its cluster."""
        snapshots = self._snapshots(identifier, self._from_now(), whole=True)
        found = self._patiently(lambda: self._describe(identifier, snapshots.ended))
        return snapshots.value, view_cluster(found) if found else None

    def _since_cluster(self) -> int:
        return next(self._watch.numbers) if self._cluster is None else self._cluster.ended

    def _snapshots(self, identifier: str, since: int, *, whole: bool) -> Answer[tuple[SnapshotView, ...]]:
        watch = self._watch
        return watch.about(watch.snapshots, identifier.lower(), since=since, whole=whole, timed=self._timed)

    def _patiently(self, ask: Callable[[], Found]) -> Found:
        """Ask what a look that is half done still needs, and again where AWS throttles."""
        for rest in HALF_DONE_RESTS:
            try:
                return ask()
            except UnreachableError as error:
                if not error.throttled:
                    raise
            self._clock.sleep(self._jittered(rest * self._watch.rhythm.shortest))
        return ask()

    def _jittered(self, seconds: float) -> float:
        jitter = self._watch.rhythm.jitter
        return seconds * random.uniform(1 - jitter, 1 + jitter)  # noqa: S311 - not a secret

    def hurry(self) -> None:
        """Begin with the shortest interval again: something happened."""
        self._intervals.hurry()

    def pause(self, longest: float, seconds_left: float = 0) -> None:
        """Wait for the next poll: until it is due, or until one of the others' showed this cluster too.

        Args:
            longest: The policy's ``poll_seconds``.
            seconds_left: AWS's estimate of what is being waited for; 0 where there is none.

        """
        seconds = self._intervals.following(longest, seconds_left, self._watch.slowness)
        self._paused_at = since = next(self._watch.numbers)
        if not self._timed:
            self._clock.sleep(seconds)
            return
        watch, identifier = self._watch, self._identifier
        watch.wait_for_news(
            watch.clusters, identifier, self._cluster, since=since, seconds=self._jittered(seconds)
        )


@contextmanager
def join(watch: Watch, clock: Clock) -> Iterator[Watcher]:
    """Wait together with all others of a watch, until the block ends."""
    with watch.one_more():
        yield Watcher(watch, clock)


def watch_for(aws: Aws) -> Watch:
    """Return the watch of one set of credentials in one region; the same one for the same clients."""
    with process.pollers_lock:
        watch = process.pollers.get(aws)
        if watch is None:
            watch = process.pollers[aws] = Watch(RedshiftCalls(aws, SystemClock().now))
        return watch


def watching(aws: Aws, clock: Clock) -> AbstractContextManager[Watcher]:
    """Wait together with all others of this process that have the same clients, until the block ends."""
    return join(watch_for(aws), clock)
