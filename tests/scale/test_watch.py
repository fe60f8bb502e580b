"""The shared watch: what it serves is fresh and true, what it costs is little, and nobody waits forever."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.intervals import Rhythm
from redshift_teardown.aws.poller import Watch
from redshift_teardown.aws.provisioned import RedshiftCalls, UnreachableError
from redshift_teardown.aws.session import Aws
from redshift_teardown.aws.watcher import Watcher, join, watch_for
from redshift_teardown.emulator import Emulator
from redshift_teardown.settings import Settings
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REGION = "eu-central-1"
QUICK = Rhythm(shortest=0.2, gather=0.02, gap=0.05, slowest=1.0)
"""A tenth of the real rhythm, so that a test takes a tenth of the time."""


class KilledError(BaseException):
    """A thread dies here."""


class Place:
    """An emulator, clusters in it, and a watch over them."""

    def __init__(self) -> None:
        self.emulator = Emulator()
        self.control = self.emulator.control.at(region=REGION)
        self.control.set_lifecycle(creating=0, final_snapshot=0, deleting=0)
        self.on_call: Callable[[str, str], None] = lambda _operation, _moment: None
        self.client = self._client()
        self.calls = RedshiftCalls(_Aws(self.client), SystemClock().now)  # type: ignore[arg-type]
        self.watch = Watch(self.calls, QUICK)

    def _client(self, attempts: int = 1) -> Any:
        client = boto3.client(
            "redshift",
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}),
        )
        self.emulator.attach(client, self._called)
        return client

    def client_that_asks_again(self) -> Any:
        """Return a client that sends what AWS throttles three times in all."""
        return self._client(attempts=3)

    def _called(self, operation: str, moment: str) -> None:
        self.on_call(operation, moment)

    def create(self, count: int) -> list[str]:
        """Make clusters, available at once."""
        names = [f"c{number:03}" for number in range(count)]
        for name in names:
            self.create_one(name)
        self.control.clear_calls()
        return names

    def create_one(self, name: str) -> None:
        """Make a cluster of that name."""
        self.client.create_cluster(
            ClusterIdentifier=name,
            NodeType="ra3.xlplus",
            NumberOfNodes=2,
            MasterUsername="admin",
            MasterUserPassword="Correct-Horse-1",
        )

    def asked(self) -> list[str]:
        """What was asked of AWS: the cluster, or ``all``, per call."""
        return [call.parameters.get("ClusterIdentifier", "all") for call in self.control.calls()]


class _Aws:
    """What `RedshiftCalls` uses of `redshift_teardown.aws.session.Aws`: clients that talk to the emulator."""

    def __init__(self, client: Any, often: Any = None) -> None:
        self.region = REGION
        self.redshift, self.redshift_once = often or client, client


@pytest.fixture
def place() -> Iterator[Place]:
    """A place of a test's own."""
    made = Place()
    yield made
    made.emulator.stop()


def _all_at_once(watch: Watch, names: list[str], work: Callable[[Watcher, str], None]) -> None:
    """Do the same for each name, each in a thread of its own and all in the watch before any begins."""
    failures: list[BaseException] = []
    ready = threading.Barrier(len(names))

    def one(name: str) -> None:
        with join(watch, SystemClock()) as watcher:
            ready.wait()
            try:
                work(watcher, name)
            except BaseException as error:  # noqa: BLE001 - handed to the test below
                failures.append(error)
            ready.wait()

    threads = [threading.Thread(target=one, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    limit = time.monotonic() + 60
    for thread in threads:
        thread.join(timeout=max(0, limit - time.monotonic()))
    assert not any(thread.is_alive() for thread in threads), "somebody waits forever"
    assert failures == []


def _all_sleep(
    place: Place,
    names: list[str],
    begin: Callable[[], None],
    *,
    longest: float,
    first: float,
    others: float,
    then: Callable[[str], None] = lambda _name: None,
) -> None:
    """Have each poll, sleep as long as its estimate says, and look again.

    Args:
        place: Where.
        names: The clusters.
        begin: Done when all have looked and none sleeps yet.
        longest: The policy's ``poll_seconds``.
        first: The estimate for the first of them.
        others: The estimate for all others.
        then: Done for each after its second look.

    """
    ready = threading.Barrier(len(names), begin)

    def sleep(watcher: Watcher, name: str) -> None:
        assert watcher.cluster(name) is not None
        ready.wait()
        watcher.pause(longest=longest, seconds_left=first if name == names[0] else others)
        assert watcher.cluster(name) is not None
        then(name)

    _all_at_once(place.watch, names, sleep)


# --- fresh ---


def test_no_answer_is_older_than_what_its_asker_did(place: Place) -> None:
    """Thirty that change their clusters and look, over and over, each see their own last change."""
    names = place.create(30)

    def change_and_look(watcher: Watcher, name: str) -> None:
        for number in range(8):
            place.control.set_cluster(name, status=f"changed-{number}")
            seen = watcher.cluster(name)
            assert seen is not None
            assert seen.status == f"changed-{number}"

    _all_at_once(place.watch, names, change_and_look)


def test_no_answer_after_a_pause_is_older_than_the_pause(place: Place) -> None:
    """A look after a pause, which another's poll may have cut short, still shows what was there before it."""
    names = place.create(30)

    def change_and_pause(watcher: Watcher, name: str) -> None:
        for number in range(4):
            place.control.set_cluster(name, status=f"changed-{number}")
            watcher.pause(longest=0.3)
            seen = watcher.cluster(name)
            assert seen is not None
            assert seen.status == f"changed-{number}"

    _all_at_once(place.watch, names, change_and_pause)


def test_snapshots_are_asked_for_after_the_answer_about_their_cluster(place: Place) -> None:
    """A snapshot that AWS had when it was asked about a cluster is always found after that answer."""
    names = place.create(20)

    def add_and_look(watcher: Watcher, name: str) -> None:
        added: set[str] = set()
        for number in range(6):
            place.control.put_snapshot(f"{name}-{number}", name)
            added.add(f"{name}-{number}")
            assert watcher.cluster(name) is not None
            assert {snapshot.identifier for snapshot in watcher.snapshots(name)} == added

    _all_at_once(place.watch, names, add_and_look)


def test_a_look_that_begins_with_the_snapshots_is_no_older_than_what_its_asker_did(place: Place) -> None:
    """Thirty that add a snapshot and change their cluster, over and over, see both, after a pause too."""
    names = place.create(30)

    def change_and_look(watcher: Watcher, name: str) -> None:
        for number in range(6):
            place.control.put_snapshot(f"{name}-{number}", name)
            place.control.set_cluster(name, status=f"changed-{number}")
            if number % 2:
                watcher.pause(longest=0.3)
            snapshots, cluster = watcher.snapshots_then_cluster(name)
            assert len(snapshots) == number + 1
            assert cluster is not None
            assert cluster.status == f"changed-{number}"

    _all_at_once(place.watch, names, change_and_look)


def test_the_cluster_is_asked_for_after_the_answer_about_its_snapshots(place: Place) -> None:
    """What was done to a cluster after AWS told its snapshots is seen, whoever else asks for clusters."""
    names = place.create(20)
    told = Counter[str]()
    one_by_one = threading.Lock()

    def change(operation: str, moment: str) -> None:
        if operation == "DescribeClusterSnapshots":
            if moment == "before":
                one_by_one.acquire()
            told[moment] += 1
            for name in names:
                if moment == "before":
                    place.control.put_snapshot(f"{name}-{told[moment]}", name)
                else:
                    place.control.set_cluster(name, status=f"changed-{told[moment]:03}")
            if moment == "before":
                time.sleep(0.1)
            else:
                one_by_one.release()

    def look(watcher: Watcher, name: str) -> None:
        for _ in range(6):
            if name > "c009":
                assert watcher.cluster(name) is not None
                watcher.pause(longest=0.2)
                continue
            snapshots, cluster = watcher.snapshots_then_cluster(name)
            assert cluster is not None
            assert cluster.status >= f"changed-{len(snapshots):03}"

    place.on_call = change
    _all_at_once(place.watch, names, look)


# --- true ---


@pytest.mark.parametrize("crowd", [4, 40])
def test_a_cluster_that_slips_between_two_pages_is_not_taken_for_gone(place: Place, crowd: int) -> None:
    """While a listing is read, clusters before vanish, and those after move up: nobody is called gone."""
    names = place.create(210)
    pages = Counter[str]()

    def disturb(operation: str, moment: str) -> None:
        # After the first page of every listing one of its clusters goes.
        if (operation, moment) == ("DescribeClusters", "after") and not place.emulator.control.calls()[
            -1
        ].parameters.get("ClusterIdentifier"):
            pages["read"] += 1
            place.control.remove_cluster(names[pages["read"]])

    place.on_call = disturb
    seen: dict[str, bool] = {}

    def look(watcher: Watcher, name: str) -> None:
        seen[name] = watcher.cluster(name) is not None

    _all_at_once(place.watch, names[210 - crowd :], look)
    _all_at_once(place.watch, names[100 : 100 + crowd], look)

    assert pages["read"] > 0
    assert [name for name, there in seen.items() if not there] == []


@pytest.mark.parametrize("first", [False, True])
def test_a_snapshot_that_slips_between_two_pages_is_not_taken_for_missing(place: Place, first: bool) -> None:
    """While a listing is read, snapshots before vanish: those of a cluster that is gone are all found, and
    so are those that a look begins with.
    """
    names = [f"gone{number:03}" for number in range(205)]
    for name in names:
        place.control.put_snapshot(f"{name}-final", name)
    read = Counter[str]()

    def disturb(operation: str, moment: str) -> None:
        if (operation, moment) == ("DescribeClusterSnapshots", "after"):
            read["pages"] += 1
            place.control.delete_snapshot(f"{names[read['pages']]}-final")

    place.on_call = disturb
    found: dict[str, list[str]] = {}

    def look(watcher: Watcher, name: str) -> None:
        if first:
            snapshots, _ = watcher.snapshots_then_cluster(name)
        else:
            watcher.cluster(name)
            snapshots = watcher.snapshots(name)
        found[name] = [snapshot.identifier for snapshot in snapshots]

    _all_at_once(place.watch, names[98:128], look)

    assert read["pages"] > 1
    assert found == {name: [f"{name}-final"] for name in names[98:128]}


def test_a_cluster_that_was_made_between_two_readings_is_not_taken_for_gone(place: Place) -> None:
    """Two readings name the same things, of which neither could show it: the first was too early for it, and
    it slipped through the second one. So they are worth what the first is.
    """
    names = place.create(120)
    later = threading.Event()
    read = Counter[str]()
    seen: dict[str, bool] = {}

    def disturb(operation: str, moment: str) -> None:
        if (operation, moment) != ("DescribeClusters", "after"):
            return
        read["pages"] += 1
        if read["pages"] == 2:
            place.create_one("c099x")
            later.set()
            while place.watch.clusters.asking < 5:
                time.sleep(0.01)
        elif read["pages"] == 3:
            place.control.remove_cluster(names[0])

    def look(watcher: Watcher, name: str) -> None:
        if name == "c099x":
            assert later.wait(10)
        seen[name] = watcher.cluster(name) is not None

    place.on_call = disturb
    _all_at_once(place.watch, ["gone1", "gone2", "gone3", "gone4", "c099x"], look)

    assert seen == {"gone1": False, "gone2": False, "gone3": False, "gone4": False, "c099x": True}


@pytest.mark.parametrize(("others", "pages"), [(3, 1), (150, 2)])
def test_a_listing_that_shows_a_cluster_gone_is_not_searched_for_its_new_name(
    place: Place, others: int, pages: int
) -> None:
    """AWS's own copies may differ: what says it is gone is not what says it is nowhere else."""
    place.create(others)
    with join(place.watch, SystemClock()) as watcher, join(place.watch, SystemClock()):
        assert watcher.cluster("gone") is None
        place.control.clear_calls()

        assert len(list(watcher.clusters())) == others

    assert place.asked() == ["all"] * pages


def test_a_listing_that_something_may_have_slipped_through_is_not_searched(place: Place) -> None:
    """It shows whoever is there, maybe of another generation; where the right one went, a new one tells."""
    names = place.create(150)[:4]

    def look(watcher: Watcher, name: str) -> None:
        assert watcher.cluster(name) is not None
        ready.wait()
        if name == "c000":
            assert len(list(watcher.clusters())) == 150

    ready = threading.Barrier(len(names), place.control.clear_calls)
    _all_at_once(place.watch, names, look)

    assert place.asked() == ["all", "all"]


def test_all_clusters_are_listed_anew_for_one_that_was_renamed(place: Place) -> None:
    """Whoever finds its cluster gone gets a listing asked for after that answer."""
    names = place.create(3)

    def look(watcher: Watcher, name: str) -> None:
        place.control.remove_cluster(name)
        assert watcher.cluster(name) is None
        assert name not in {cluster.identifier for cluster in watcher.clusters()}

    _all_at_once(place.watch, names, look)


# --- cheap ---


def test_one_alone_asks_by_name(place: Place) -> None:
    """A watch with one in it asks for that cluster only, and at once."""
    place.create(5)
    with join(place.watch, SystemClock()) as watcher:
        watcher.cluster("c003")
        watcher.snapshots("c003")

    assert place.asked() == ["c003", "c003"]


def test_many_share_one_call(place: Place) -> None:
    """Forty that look at once cost a page or two, not forty calls."""
    names = place.create(40)

    _all_at_once(place.watch, names, _looked)

    asked = place.asked()
    assert set(asked) == {"all"}
    assert len(asked) <= 10


def _looked(watcher: Watcher, name: str) -> None:
    assert watcher.cluster(name) is not None
    assert watcher.snapshots(name) == ()


def test_many_that_come_after_one_alone_keep_the_gap_between_polls(place: Place) -> None:
    """Thirty that join one who was alone, and look without a pause, cost few polls a second."""
    names = place.create(30)
    with join(place.watch, SystemClock()) as watcher:
        watcher.cluster("c000")
    place.control.clear_calls()
    began = time.monotonic()

    def look(watcher: Watcher, name: str) -> None:
        while time.monotonic() < began + 3:
            assert watcher.cluster(name) is not None

    _all_at_once(place.watch, names, look)

    assert len(place.asked()) <= 4 * (time.monotonic() - began) / QUICK.shortest + 6


def test_few_in_a_large_account_ask_by_name(place: Place) -> None:
    """Two among four hundred do not read four pages at every poll: they find out once, then ask by name."""
    names = place.create(400)

    def look(watcher: Watcher, name: str) -> None:
        for _ in range(5):
            assert watcher.cluster(name) is not None
            watcher.pause(longest=0.2)

    _all_at_once(place.watch, names[:2], look)

    asked = Counter(place.asked())
    assert asked["all"] <= 4
    assert asked["c000"] >= 4


def test_one_poll_serves_all_that_wait(place: Place) -> None:
    """What the first of forty asks when its time is over answers the others when theirs is."""
    names = place.create(40)

    _all_sleep(place, names, place.control.clear_calls, longest=1, first=0.5, others=0.8)

    assert place.asked() == ["all"]


def test_whoever_comes_while_a_listing_is_under_way_is_served_by_it(place: Place) -> None:
    """Those whose pause ends a little later than the first one's cost no listing of their own."""
    names = place.create(12)

    def slow(_operation: str, moment: str) -> None:
        if moment == "before":
            time.sleep(0.4)

    def begin() -> None:
        place.control.clear_calls()
        place.on_call = slow

    _all_sleep(place, names, begin, longest=1, first=0.2, others=0.35)

    assert place.asked() == ["all"]


def test_a_listing_wakes_those_of_whom_it_shows_something_else(place: Place) -> None:
    """Whoever's cluster is as it was sleeps on; a changed one, a gone one, and one not seen yet are woken."""
    names = place.create(6)
    slept: dict[str, float] = {}

    def wait(watcher: Watcher, name: str) -> None:
        if name != "c005":
            assert watcher.cluster(name) is not None
        ready.wait()
        began = time.monotonic()
        watcher.pause(longest=3, seconds_left=0.3 if name == "c000" else 3)
        slept[name] = time.monotonic() - began
        assert (watcher.cluster(name) is None) is (name == "c002")

    def change() -> None:
        place.control.set_cluster("c001", status="modifying")
        place.control.remove_cluster("c002")

    ready = threading.Barrier(len(names), change)
    _all_at_once(place.watch, names, wait)

    assert {name for name, seconds in slept.items() if seconds > 2} == {"c003", "c004"}


def test_where_many_change_at_once_the_next_look_comes_soon(place: Place) -> None:
    """What happens to many happens to the rest in a moment, though the estimate of each says a minute."""
    names = place.create(30)
    began = time.monotonic()

    def change() -> None:
        for name in names[:20]:
            place.control.set_cluster(name, status="modifying")

    def change_another(name: str) -> None:
        if name < "c020":
            place.control.set_cluster(f"c0{int(name[1:]) // 2 + 20}", status="modifying")

    _all_sleep(place, names, change, longest=60, first=1, others=60, then=change_another)

    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("clusters", "watched", "slowness", "fewest", "most"),
    [(12, 12, 1.0, 3, 5), (12, 12, 8.0, 1, 1), (250, 4, 1.0, 3, 3)],
    ids=["many", "throttled", "few in a large account"],
)
def test_looks_for_all_end_with_the_changes(
    place: Place, clusters: int, watched: int, slowness: float, fewest: int, most: int
) -> None:
    """A wave of changes costs a few listings; none where AWS throttles, or asking by name is cheaper."""
    names = place.create(clusters)[:watched]

    def change() -> None:
        place.control.clear_calls()
        place.watch.slowness = slowness
        for name in names[1 : watched // 2]:
            place.control.set_cluster(name, status="modifying")

    _all_sleep(place, names, change, longest=4, first=0.3, others=4)

    assert fewest <= place.asked().count("all") <= most


def test_a_look_for_all_that_fails_fails_nobody(place: Place) -> None:
    """It was nobody's own: all sleep on, and each polls when its own time comes."""
    names = place.create(12)

    def change() -> None:
        place.control.clear_calls()
        for name in names[1:8]:
            place.control.set_cluster(name, status="modifying")

    def fail_the_next(name: str) -> None:
        if name == names[0]:
            place.control.add_fault("DescribeClusters", times=1, code="InternalFailure", status=500)

    _all_sleep(place, names, change, longest=3, first=0.3, others=2, then=fail_the_next)

    assert [call.result for call in place.control.calls()][:2] == ["ok", "InternalFailure"]


@of_the_long_ones
def test_nothing_is_asked_at_once_while_aws_throttles(place: Place) -> None:
    """What follows, and what is searched for, waits as long as everything else."""
    names = place.create(4)

    def look(watcher: Watcher, name: str) -> None:
        assert watcher.cluster(name) is not None
        ready.wait()
        if name == "c000":
            assert len(list(watcher.clusters())) == len(names)
        else:
            assert watcher.snapshots_then_cluster(name)[1] is not None

    def throttle() -> None:
        place.control.clear_calls()
        place.watch.slowness = 8
        place.watch.rhythm = Rhythm(shortest=8, gather=0.02, gap=2)

    began = time.monotonic()
    ready = threading.Barrier(len(names), throttle)
    _all_at_once(place.watch, names, look)

    assert time.monotonic() - began > 2


def test_a_search_serves_all_that_wait(place: Place) -> None:
    """It is a listing like any other: it answers whoever waits for the gap to be over, and wakes sleepers."""
    names = place.create(6)

    def look(watcher: Watcher, name: str) -> None:
        assert watcher.cluster(name) is not None
        ready.wait()
        if name == "c000":
            assert len(list(watcher.clusters())) == len(names)
        elif name < "c003":
            assert watcher.cluster(name) is not None
        else:
            watcher.pause(longest=30, seconds_left=30)

    def change() -> None:
        place.control.clear_calls()
        # The gap is not over yet.
        place.watch.rhythm = Rhythm(shortest=8, gather=0.02, gap=1)
        for name in names:
            place.control.set_cluster(name, status="modifying")

    began = time.monotonic()
    ready = threading.Barrier(len(names), change)
    _all_at_once(place.watch, names, look)

    assert place.asked() == ["all"]
    assert 1 < time.monotonic() - began < 8


def test_one_search_serves_whoever_comes_while_it_is_under_way(place: Place) -> None:
    """Of two that search, one a little later, both are answered by one listing."""
    names = place.create(4)

    def search(watcher: Watcher, name: str) -> None:
        assert watcher.cluster(name) is not None
        ready.wait()
        time.sleep(0.2 if name == "c001" else 0)
        assert len(list(watcher.clusters())) == len(names)

    def begin() -> None:
        place.control.clear_calls()
        place.on_call = lambda _operation, moment: time.sleep(0.4 if moment == "before" else 0)

    ready = threading.Barrier(2, begin)
    _all_at_once(place.watch, names[:2], search)

    assert place.asked() == ["all"]


# --- nobody is left waiting, and nobody fails for another ---


def test_searches_do_not_put_a_round_off(place: Place) -> None:
    """One that waits for the gap to be over gets its answer then, though others search all the time."""
    place.create(2)
    served = threading.Event()

    def look(watcher: Watcher, name: str) -> None:
        if name == "c001":
            assert watcher.cluster(name) is not None
            ready.wait()
            assert watcher.cluster(name) is not None
            served.set()
            return
        ready.wait()
        for _ in range(40):
            assert len(list(watcher.clusters())) == 2
            if served.wait(0.3):
                break
        assert served.is_set()

    def begin() -> None:
        place.watch.rhythm = Rhythm(shortest=8, gather=0.02, gap=0.5)

    ready = threading.Barrier(2, begin)
    _all_at_once(place.watch, ["c000", "c001"], look)


def test_a_failing_poll_fails_nobody(place: Place) -> None:
    """Throttled, each is told that AWS does not answer, asks again, and gets its answer in the end."""
    names = place.create(20)
    place.control.add_fault("*", occurrence=1, times=3, code="Throttling")
    told = Counter[str]()

    def look(watcher: Watcher, name: str) -> None:
        while not _answered(watcher, name, told):
            watcher.pause(longest=0.2)

    _all_at_once(place.watch, names, look)

    assert set(told) == set(names)


HALF_DONE: tuple[tuple[str, Callable[[Watcher], object]], ...] = (
    ("DescribeClusterSnapshots", lambda watcher: watcher.cluster("c000") and watcher.snapshots("c000")),
    ("DescribeClusters", lambda watcher: watcher.snapshots_then_cluster("c000")[1]),
    ("DescribeClusters", lambda watcher: watcher.clusters()),
)


@pytest.mark.parametrize(("operation", "look"), HALF_DONE, ids=["snapshots", "cluster", "search"])
def test_a_look_that_is_half_done_asks_again_what_was_throttled(
    place: Place, operation: str, look: Callable[[Watcher], object]
) -> None:
    """Of what AWS has answered nothing is asked again; what stays throttled, or is lost, is told."""
    place.create(2)
    place.control.put_snapshot("kept", "c000")

    def calls(times: int, code: str) -> int:
        place.control.clear_calls()
        place.control.clear_faults()
        with join(place.watch, SystemClock()) as watcher:
            place.control.add_fault(operation, times=times, code=code)
            assert look(watcher)
        return len(place.asked())

    usual = calls(0, "Throttling")
    began = time.monotonic()
    assert calls(3, "Throttling") == usual + 3
    # It rests longer each time: one, two and four shortest intervals, less the jitter.
    assert time.monotonic() - began > 6 * QUICK.shortest
    with pytest.raises(UnreachableError):
        calls(4, "Throttling")
    with pytest.raises(UnreachableError):
        calls(1, "InternalFailure")


def test_a_look_is_sent_once_only_while_aws_throttles(place: Place) -> None:
    """Sent again and again, the polls of those that wait would keep the account throttled."""
    place.create(1)
    calls = RedshiftCalls(_Aws(place.client, place.client_that_asks_again()), SystemClock().now)  # type: ignore[arg-type]

    def throttled() -> int:
        place.control.clear_calls()
        place.control.add_fault("*", occurrence="every", code="Throttling")
        with pytest.raises(UnreachableError):
            calls.describe("c000")
        place.control.clear_faults()
        return len(place.asked())

    assert [throttled(), throttled()] == [3, 1]
    assert calls.describe("c000") is not None
    assert throttled() == 3


def _answered(watcher: Watcher, name: str, told: Counter[str]) -> bool:
    try:
        return watcher.cluster(name) is not None
    except UnreachableError as error:
        told[name] += error.throttled
        return False


def test_throttling_slows_the_watch_down_and_answers_speed_it_up(place: Place) -> None:
    """The interval grows while AWS throttles, up to a limit, and shrinks again."""
    place.create(1)
    place.control.add_fault("DescribeClusters", times=10, code="Throttling")
    slow = []
    with join(place.watch, SystemClock()) as watcher:
        for _ in range(10):
            with pytest.raises(UnreachableError):
                watcher.cluster("c000")
            slow.append(place.watch.slowness)
        for _ in range(5):
            assert watcher.cluster("c000") is not None

    assert slow == sorted(slow)
    assert slow[-1] == QUICK.slowest / QUICK.shortest
    assert place.watch.slowness == 1


def test_where_listing_is_denied_each_is_asked_for_by_name(place: Place) -> None:
    """Credentials that may see only some clusters still work, for any number of them."""
    names = place.create(10)

    def deny(params: dict[str, Any], **_: Any) -> None:
        if "ClusterIdentifier" not in params:
            details = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError({**details, "ResponseMetadata": {"HTTPStatusCode": 403}}, "DescribeClusters")  # type: ignore[typeddict-item]

    place.client.meta.events.register("provide-client-params.redshift.*", deny)

    _all_at_once(place.watch, names, _looked)

    assert sorted(place.asked()) == sorted(names * 2)


def test_whoever_dies_at_aws_leaves_nobody_waiting(place: Place) -> None:
    """The thread that asks for all is killed in the midst of it, and the others go on."""
    names = place.create(12)
    once = threading.Lock()

    def die(_operation: str, moment: str) -> None:
        if moment == "after" and once.acquire(blocking=False):
            raise KilledError

    place.on_call = die
    died = []

    def look(watcher: Watcher, name: str) -> None:
        try:
            assert watcher.cluster(name) is not None
        except KilledError:
            died.append(name)

    _all_at_once(place.watch, names, look)

    assert len(died) == 1


def test_whoever_asks_in_the_midst_of_asking_for_all_does_not_wait_for_itself(place: Place) -> None:
    """What runs in a call of AWS may look, too: by name, and at everything."""
    names = place.create(4)
    seen: list[object] = []

    def look_too(_operation: str, moment: str) -> None:
        if moment == "before" and not seen:
            seen.append("begun")
            with join(place.watch, SystemClock()) as another:
                seen.append(another.cluster("c001") is not None)
                seen.append(len(list(another.clusters())))

    place.on_call = look_too
    _all_at_once(place.watch, names, _looked)

    assert seen == ["begun", True, 4]


def test_nobody_starves(place: Place) -> None:
    """Among forty that look without pause, each gets its turn."""
    names = place.create(40)
    looks = Counter[str]()
    until = time.monotonic() + 4

    def look(watcher: Watcher, name: str) -> None:
        while time.monotonic() < until:
            watcher.cluster(name)
            looks[name] += 1

    _all_at_once(place.watch, names, look)

    assert set(looks) == set(names)
    assert min(looks.values()) * 3 >= max(looks.values())


def test_watches_of_other_credentials_and_regions_are_others() -> None:
    """What one set of credentials sees is never served to another."""
    made = [
        Aws(Settings(access_key=key, secret_key="secret", region=region), region)
        for key in ("A", "B")
        for region in ("eu-central-1", "eu-west-1")
    ]
    watches = [watch_for(each) for each in made]

    assert len({id(watch) for watch in watches}) == 4
    assert [watch_for(each) for each in made] == watches


def test_whoever_leaves_is_no_longer_counted(place: Place) -> None:
    """The crowd is those that wait now, also after one of them failed."""
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(join(place.watch, SystemClock()))
        assert place.watch.crowd == 3
        with pytest.raises(KilledError), join(place.watch, SystemClock()):
            raise KilledError
        assert place.watch.crowd == 3
    assert place.watch.crowd == 0
