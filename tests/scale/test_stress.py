"""The watch under stress: two hundred threads wait at once, and AWS throttles, fails, denies and changes.

What every answer is held against is one rule, which both truths of `redshift_teardown.aws.poller` come to: an
answer was true at some moment between its asker's last act and its arrival. A stale answer was not, nor is it
true that something is absent which slipped through between two pages.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.intervals import Rhythm
from redshift_teardown.aws.poller import Watch
from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.aws.views import SnapshotView
from redshift_teardown.aws.watcher import Watcher, join
from redshift_teardown.errors import TeardownError
from tests.long import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WAITERS, ROUNDS = 200, 8
SEEDS = range(100 if ALL else 4)
QUICK = Rhythm(shortest=0.04, gather=0.002, gap=0.01, slowest=0.2)
SECONDS = 120
"""For which somebody may wait at most."""
REFUSED = TeardownError("to list is denied", next_step="allow it")


class KilledError(BaseException):
    """A thread dies at AWS."""


class Shown(dict[str, Any]):
    """A cluster as DescribeClusters shows it, with the moment at which it was so."""

    moment = 0


class Account:
    """What AWS holds and held: every change has its moment, and every look may go wrong.

    Args:
        seed: Decides on the size of a page, on what is denied, and on how every call ends.

    """

    def __init__(self, seed: int) -> None:
        self.on_resend: Callable[[int], None] = lambda _times: None
        self.page = (10_000, 70, 150)[seed % 3]
        self.denied = seed % 4 == 3
        self.calls = Counter[str]()
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._throttles = 0
        self._lock = threading.Lock()
        self.moment = 0
        # What is shown of a name since when; of one that is gone, None.
        self._clusters: dict[str, list[tuple[int, str | None]]] = {}
        self._snapshots: dict[str, dict[str, list[tuple[int, str | None]]]] = defaultdict(dict)

    # --- what changes ---

    def put(self, name: str, status: str | None) -> int:
        """Change a cluster, or remove it; return the moment after which it is so."""
        with self._lock:
            self.moment += 1
            self._clusters.setdefault(name, []).append((self.moment, status))
            return self.moment

    def put_snapshot(self, cluster: str, name: str, status: str | None = "available") -> int:
        """Make a snapshot, or remove it; return the moment after which it is so."""
        with self._lock:
            self.moment += 1
            self._snapshots[cluster].setdefault(name, []).append((self.moment, status))
            return self.moment

    # --- what was true ---

    def was(self, name: str, status: str | None, since: int) -> bool:
        """Return whether a cluster was like this at some moment since one."""
        with self._lock:
            return status in _shown_since(self._clusters.get(name, []), since)

    def were(self, cluster: str, names: set[str], since: int) -> bool:
        """Return whether each snapshot that is shown was there since a moment, and each other one was not."""
        with self._lock:
            every = self._snapshots[cluster]
            return names <= set(every) and all(
                (("available" if name in names else None) in _shown_since(changes, since))
                for name, changes in every.items()
            )

    # --- what the watch asks ---

    def describe(self, name: str) -> Shown | None:
        """Return one cluster."""
        self._call("describe")
        with self._lock:
            return self._show(name)

    def snapshots(self, cluster: str) -> tuple[SnapshotView, ...]:
        """Return the snapshots of one cluster."""
        self._call("snapshots")
        with self._lock:
            return tuple(self._show_snapshots(cluster))

    def cluster_pages(self) -> Iterator[Sequence[Shown]]:
        """Return all clusters; a page goes on where the last one ended, by number."""
        return self._pages("cluster_pages", self._all_clusters)

    def snapshot_pages(self) -> Iterator[Sequence[SnapshotView]]:
        """Return all snapshots, likewise."""
        return self._pages("snapshot_pages", self._all_snapshots)

    def _pages(self, call: str, everything: Callable[[], list[Any]]) -> Iterator[Sequence[Any]]:
        begin, more = 0, True
        while more:
            if self.denied:
                raise REFUSED
            self._call(call)
            with self._lock:
                every = everything()
            yield every[begin : begin + self.page]
            begin += self.page
            more = begin < len(every)

    def _all_clusters(self) -> list[Shown]:
        return [shown for name in sorted(self._clusters) if (shown := self._show(name)) is not None]

    def _all_snapshots(self) -> list[SnapshotView]:
        return [each for cluster in sorted(self._snapshots) for each in self._show_snapshots(cluster)]

    def _show(self, name: str) -> Shown | None:
        status = self._clusters[name][-1][1] if name in self._clusters else None
        if status is None:
            return None
        shown = Shown(ClusterIdentifier=name, ClusterStatus=status)
        shown.moment = self.moment
        return shown

    def _show_snapshots(self, cluster: str) -> Iterator[SnapshotView]:
        for name, changes in self._snapshots[cluster].items():
            if changes[-1][1] is not None:
                yield SnapshotView(name, "", "available", cluster, None, total_megabytes=self.moment)

    def _call(self, name: str) -> None:
        """Take a while, and go wrong now and then."""
        with self._lock:
            self.calls[name] += 1
            chance, rest = self._chance.random(), self._chance.random() / 200
            if self._throttles:
                self._throttles -= 1
            elif chance < 0.01 or self.calls.total() == 1:
                # The first call of all is throttled in any case: those that wait for it are told.
                self._throttles = self._chance.randrange(1, 8)
            throttled = self._throttles > 0
        time.sleep(rest)
        if throttled:
            raise _no_answer(throttled=True)
        if chance > 0.97:
            raise _no_answer(throttled=False)
        if chance > 0.967:
            raise KilledError


def _shown_since(changes: Sequence[tuple[int, str | None]], since: int) -> set[str | None]:
    before = [status for moment, status in changes if moment <= since]
    return {before[-1] if before else None, *(status for moment, status in changes if moment > since)}


def _no_answer(*, throttled: bool) -> UnreachableError:
    error = TeardownError("no answer", next_step="ask again")
    return UnreachableError(error, words="no answer", throttled=throttled)


class Waiter:
    """One thread that changes a cluster of its own and others' ones, looks, and sleeps."""

    def __init__(self, account: Account, number: int, seed: int) -> None:
        self.account, self.number = account, number
        self.chance = random.Random(seed * 1000 + number)  # noqa: S311 - no secret
        self.generation = 0
        self.told = 0
        self.wrong: list[str] = []
        self.answers = 0
        account.put(f"a{number:03}", "available")
        account.put_snapshot(f"a{number:03}", f"a{number:03}")
        self.name, self.gone = "", False
        self._begin()

    def _begin(self) -> None:
        """Make a cluster; AWS gives no name twice in so short a time."""
        self.generation += 1
        self.gone = False
        self.name = f"c{self.number:03}-{self.generation}"
        self.account.put(self.name, "available")

    def work(self, watch: Watch) -> None:
        """Wait in company."""
        with join(watch, SystemClock()) as watcher:
            for _ in range(ROUNDS):
                since = self._act(watcher)
                look = self.chance.choice((self._cluster_first, self._snapshots_first, self._search))
                while True:
                    try:
                        look(watcher, since)
                        break
                    except UnreachableError:
                        self.told += 1
                        since = self._pause(watcher)
                if self.gone:
                    self._begin()

    def _act(self, watcher: Watcher) -> int:
        """Do something, or sleep; return the moment since which an answer must be true."""
        account, chance = self.account, self.chance.random()
        if chance < 0.35:
            return self._pause(watcher)
        if chance < 0.55:
            return account.put(self.name, self.chance.choice(("modifying", "deleting", "available")))
        if chance < 0.7:
            return account.put_snapshot(self.name, f"{self.name}-{account.moment}")
        if chance < 0.85:
            # Others' clusters go, too: what follows them in a listing moves.
            account.put_snapshot(f"a{self.number:03}", f"a{self.number:03}", None)
            return account.put(f"a{self.number:03}", None)
        account.put_snapshot(self.name, f"{self.name}-final")
        self.gone = True
        return account.put(self.name, None)

    def _pause(self, watcher: Watcher) -> int:
        since = self.account.moment
        watcher.pause(longest=0.1, seconds_left=self.chance.choice((0, 0, 0.3)))
        return since

    def _cluster_first(self, watcher: Watcher, since: int) -> None:
        status, since = self._cluster(watcher, since)
        if status != "deleting":
            # While a cluster ends, a snapshot that is missing decides nothing.
            self._hold_snapshots(watcher.snapshots(self.name), since)

    def _snapshots_first(self, watcher: Watcher, since: int) -> None:
        snapshots, cluster = watcher.snapshots_then_cluster(self.name)
        self._hold_snapshots(snapshots, since)
        since = max((int(each.total_megabytes) for each in snapshots), default=since)
        self._hold(cluster.status if cluster else None, since)

    def _search(self, watcher: Watcher, since: int) -> None:
        status, since = self._cluster(watcher, since)
        try:
            found = {each.identifier: each.status for each in watcher.clusters()}
        except UnreachableError:
            raise
        except TeardownError as error:
            if error is not REFUSED or not self.account.denied:
                raise
            return
        if status is not None and self.name in found:
            self._hold(found[self.name], since)

    def _cluster(self, watcher: Watcher, since: int) -> tuple[str | None, int]:
        """Look at the cluster; return its status and the moment since which what follows must be true."""
        shown = watcher.describe(self.name)
        status = shown["ClusterStatus"] if shown else None
        self._hold(status, since)
        if not isinstance(shown, Shown):
            return status, since
        if shown.moment < since:
            self.wrong.append(f"{self.name} is shown as at moment {shown.moment}, which is before {since}")
        return status, shown.moment

    def _hold(self, status: str | None, since: int) -> None:
        self.answers += 1
        if not self.account.was(self.name, status, since):
            self.wrong.append(f"{self.name} is shown as {status}, which it was not since moment {since}")

    def _hold_snapshots(self, snapshots: Sequence[SnapshotView], since: int) -> None:
        self.answers += 1
        names = {each.identifier for each in snapshots}
        if not self.account.were(self.name, names, since):
            self.wrong.append(f"{self.name} has {sorted(names)}, which was not so since moment {since}")


@pytest.fixture(autouse=True)
def _switch_often() -> Iterator[None]:
    """Threads give way to one another a hundred times as often as they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 100)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_answer_is_true_and_nobody_waits_forever(seed: int) -> None:
    """Whatever AWS answers, and whoever is killed at it: both truths hold, and all others end."""
    account = Account(seed)
    watch = Watch(account, QUICK)  # type: ignore[arg-type]
    waiters = [Waiter(account, number, seed) for number in range(WAITERS)]
    raised: list[BaseException] = []

    def work(waiter: Waiter) -> None:
        try:
            waiter.work(watch)
        except BaseException as error:  # noqa: BLE001 - judged below
            raised.append(error)

    threads = [threading.Thread(target=work, args=(waiter,), daemon=True) for waiter in waiters]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + SECONDS
    for thread in threads:
        thread.join(max(0, limit - time.monotonic()))

    assert not any(thread.is_alive() for thread in threads), "somebody waits forever"
    assert [wrong for waiter in waiters for wrong in waiter.wrong] == []
    # Only whoever was killed failed: of the polls that failed everybody else was told, and asked again.
    assert [error for error in raised if not isinstance(error, KilledError)] == []
    assert len(raised) < WAITERS / 4
    assert any(waiter.told for waiter in waiters)
    for kind in (watch.clusters, watch.snapshots):
        assert (kind.asking, kind.sleepers, kind.poller) == (0, [], None)
    assert watch.crowd == 0
    if account.page > WAITERS * ROUNDS and not account.denied:
        assert account.calls.total() * 5 < sum(waiter.answers for waiter in waiters)
