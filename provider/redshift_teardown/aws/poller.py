"""One watch for all that wait in this process: what one of them asks of AWS serves every other.

A hundred teardowns that poll alone are two hundred calls every few seconds, and a throttled account. So
whoever wants to look asks here. Asks that come together are answered together: one by one while few
wait, by the page while many do, whichever costs fewer calls. There is no thread behind it: one of those
that wait goes to AWS for all of them, so nothing runs when nobody waits, and nobody depends on a thread
that may have died.

What the answers are worth is the first concern; ``next_step`` relies on it:

* An answer was asked of AWS after whoever gets it last did anything: every call gets a number when it
  begins and when it is answered, and only numbers above the asker's own are served to it.
* Snapshots are asked for after the answer about their cluster came, or the cluster after that about its
  snapshots: whichever of the two a look begins with.
* That something is *absent* is believed of a call about that one thing, of a listing that fits on one
  page, or of two listings in a row that name the same things. Between two pages a deletion may shift what
  follows, and a cluster that slipped through would look like one that is gone.

Those that wait sleep until their own interval is over, or a listing that was made for somebody else shows
something new about their cluster. While many change, somebody looks for all of them before that.

A failing poll fails nobody: whoever was to be served by it is told ``UnreachableError``, and asks again.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from redshift_teardown import process
from redshift_teardown.aws.clock import SystemClock
from redshift_teardown.aws.provisioned import RedshiftCalls, UnreachableError
from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.aws.views import view_cluster
from redshift_teardown.engine import interrupt
from redshift_teardown.errors import TeardownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from redshift_teardown.aws.clock import Clock
    from redshift_teardown.aws.session import Aws
    from redshift_teardown.aws.views import ClusterView, SnapshotView

SOME = 2
"""Poll early once this many changes are expected: what many were asked for at once,
many reach at once."""

HALF_DONE_RESTS = (1, 2, 4)
"""What a look that is half done rests before it asks again what AWS throttled, in shortest intervals: begun
anew, it would need several answers in a row of an account that gives every other one."""

EASED = 4.0
"""By how much AWS is still asked less often when it has begun to answer again."""

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Rhythm:
    """How often AWS is asked, in seconds.

    Attributes:
        shortest: The first interval of each that waits. A quarter of it for every page, and all of it at
            most, lies between two polls, where many wait: those for whoever has just come, or has just done
            something, fall between the others.
        growth: By which an interval grows while nothing changes.
        gather: For which asks that come together are gathered.
        first_gap: Between the first polls after a calm: those of a hundred that begin at once.
        slowest: The longest interval under throttling.
        jitter: By which part an interval is longer or shorter, at random.

    """

    shortest: float = 2.0
    growth: float = 1.5
    gather: float = 0.05
    first_gap: float = 0.25
    slowest: float = 30.0
    jitter: float = 0.1


class Pace(Protocol):
    """What a teardown waits by between two polls."""

    def pause(self, longest: float, seconds_left: float = 0) -> None:
        """Wait for the next poll; see `Watcher.pause`."""

    def hurry(self) -> None:
        """Begin with the shortest interval again: something happened."""


class Intervals:
    """How long one that waits lets pass until its next poll: short at first, longer later."""

    def __init__(self, rhythm: Rhythm) -> None:
        """Begin with the shortest."""
        self._rhythm = rhythm
        self._next = rhythm.shortest

    def hurry(self) -> None:
        """Begin with the shortest again."""
        self._next = self._rhythm.shortest

    def following(self, longest: float, seconds_left: float = 0, slowness: float = 1) -> float:
        """Return the next one.

        Args:
            longest: The policy's ``poll_seconds``.
            seconds_left: AWS's estimate of what is being waited for; 0 where there is none.
            slowness: By how much AWS is to be asked less often than it could.

        """
        longest = max(longest, self._rhythm.shortest)
        seconds = min(self._next, longest)
        if seconds_left > 0:
            seconds = min(longest, max(self._rhythm.shortest, seconds_left))
        self._next = min(self._next * self._rhythm.growth, longest)
        return min(seconds * slowness, max(self._rhythm.slowest, longest)) if slowness > 1 else seconds


# --- one kind of question -----------------------------------------------------------------------


@dataclass(frozen=True)
class Row(Generic[Item]):
    """One entry of a listing: what it is about, what it is called, and what AWS shows of it."""

    key: str
    name: str
    item: Item


@dataclass(frozen=True)
class _Answer(Generic[Value]):
    """What AWS said of one key, and the number the call ended with."""

    value: Value
    ended: int


@dataclass(frozen=True)
class _Listing(Generic[Item]):
    """What AWS said of everything; ``whole`` where what is not in it is not there."""

    rows: Mapping[str, Sequence[Item]]
    names: frozenset[str]
    begun: int
    ended: int
    whole: bool


class Turn(Enum):
    """When AWS is asked, where many wait.

    Attributes:
        ROUND: With all others, when the gap since the last poll is over.
        FOLLOWING: At once, and with all others: it follows a round of the other desk.
        APART: At once, and not for those that wait for a round. What they learn makes the next of them ask
            like this: ever more clusters are gone, each of which is searched for; without a gap anywhere
            one poll would follow the other.

    """

    ROUND = auto()
    FOLLOWING = auto()
    APART = auto()


@dataclass(eq=False)
class _Ask(Generic[Value]):
    """One question of one watcher. An empty key asks for everything.

    Attributes:
        key: What it is about.
        whole: Whether what is absent must be absent.
        routine: Whether all that wait will want to look now, too.
        turn: When AWS is asked it.

    """

    key: str
    whole: bool
    routine: bool
    turn: Turn
    answer: _Answer[Value] | None = None
    error: TeardownError | None = None
    everything: _Listing[Any] | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None or self.error is not None or self.everything is not None


@dataclass(eq=False)
class _Sleeper(Generic[Value]):
    """One that waits for news of a key: what it saw of it, and whether a listing shows something else."""

    key: str
    seen: _Answer[Value] | None
    news: bool = False


class Changes:
    """How fast those that are waited for change.

    Args:
        memory: Seconds in which a change loses most of its weight: it is not the number of looks since that
            counts, as several in a moment may show nothing new.

    """

    def __init__(self, memory: float) -> None:
        """Begin without any."""
        self._memory = memory
        self._looked = 0.0
        self._rate = 0.0

    def noted(self, changed: int, now: float) -> float:
        """Return the changes a second, after a look that showed so many."""
        self._rate *= math.exp((self._looked - now) / self._memory)
        self._rate += changed / self._memory
        self._looked = now
        return self._rate


class Desk(Generic[Item, Value]):
    """Answers one kind of question about many keys, with as few calls as can be.

    Attributes:
        pages: How many pages a listing takes, as far as is known.

    Args:
        watch: Whose desk it is.
        one: Asks AWS about one key.
        page: Asks AWS for one page of everything, from a marker on; gives the next marker too.
        fold: Makes the answer about one key of the entries that are there; of none, too.
        present_suffices: Whether an entry that is there answers, whatever else might be.

    """

    def __init__(
        self,
        watch: Watch,
        *,
        one: Callable[[str], Value],
        page: Callable[[str], tuple[Sequence[Row[Item]], str]],
        fold: Callable[[Sequence[Item]], Value],
        present_suffices: bool,
    ) -> None:
        """See the class for the arguments."""
        self._watch = watch
        self._one = one
        self._page = page
        self._fold = fold
        self._present_suffices = present_suffices
        self._lock = threading.Lock()
        self._answered = threading.Condition(self._lock)
        self._arrived = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._asks: list[_Ask[Value]] = []
        self._sleepers: list[_Sleeper[Value]] = []
        self._changes = Changes(watch.rhythm.shortest / 2)
        self._due = float("inf")
        self._leader: int | None = None
        self._listing: _Listing[Item] | None = None
        self._apart: _Listing[Item] | None = None
        self.pages = 1
        self._by_page_allowed = True
        self._gap = 0.0
        self._polled = float("-inf")

    def about(
        self, key: str, *, since: int, whole: bool, routine: bool, timed: bool, turn: Turn
    ) -> _Answer[Value]:
        """Answer about one key.

        Args:
            key: Which one.
            since: Serve nothing that was asked of AWS before this number.
            whole: Whether what is absent must be absent.
            routine: Whether all that wait will want to look now, too.
            timed: Whether to wait for others to ask; not on a clock that a test moves.
            turn: When to ask.

        Raises:
            UnreachableError: AWS gave no answer.
            TeardownError: AWS answered that it will not.

        """
        ask = self._asked(_Ask(key, whole, routine, turn), since, timed=timed)
        if ask.answer is None:
            raise ask.error or RuntimeError("an ask ended without an answer")
        return ask.answer

    def everything(self, *, since: int, timed: bool) -> Iterator[Item]:
        """Return every entry there is.

        Raises:
            UnreachableError: AWS gave no answer.
            TeardownError: AWS answered that it will not.

        """
        ask = self._asked_for_all(since, Turn.APART, timed=timed)
        if ask.everything is None:
            raise ask.error or RuntimeError("an ask ended without an answer")
        return itertools.chain.from_iterable(ask.everything.rows.values())

    def wait_for_news(self, key: str, seen: _Answer[Value] | None, seconds: float) -> None:
        """Wait until a listing shows something else of a key than was seen, or so many seconds.

        Others' listings wake nobody whose cluster they show as it was: a hundred that think their teardowns
        through at every poll of one of them would be busier than AWS.

        Args:
            key: Which one.
            seen: The last answer about it; None where there was none.
            seconds: The longest wait.

        """
        sleeper = _Sleeper(key, seen)
        limit = time.monotonic() + seconds
        with self._lock:
            self._sleepers.append(sleeper)
        try:
            while self._sleep(sleeper, limit):
                self._poll_all()
        finally:
            with self._lock:
                self._sleepers.remove(sleeper)

    def _sleep(self, sleeper: _Sleeper[Value], limit: float) -> bool:
        """Sleep until there is news, or the time is over; or, giving True, until all are to be looked at."""
        with self._lock:
            while not sleeper.news:
                now = time.monotonic()
                if now >= limit:
                    break
                soonest = min(limit, self._due)
                if now >= soonest:
                    self._due = float("inf")
                    return True
                self._news.wait(min(soonest - now, interrupt.LATELY_SECONDS))
                if interrupt.is_news():
                    break
        return False

    def _poll_all(self) -> None:
        """Ask AWS for everything, for the sleepers; a listing that is under way will do."""
        # Where that fails, each of them asks for itself when its own time comes, and is told then.
        self._asked_for_all(self._listing.begun if self._listing else 0, Turn.ROUND, timed=True)

    def _tell_sleepers(self, listing: _Listing[Item]) -> None:
        """Wake those of whom a listing shows something else, and say when to look next."""
        changed, gone = 0, False
        for sleeper in self._sleepers:
            if sleeper.news:
                continue
            # Who is missing may have slipped through the listing: woken, it asks.
            shown = self._fold(listing.rows.get(sleeper.key, ()))
            sleeper.news = sleeper.seen is None or shown != sleeper.seen.value
            changed += sleeper.news and sleeper.seen is not None
            gone = gone or sleeper.key not in listing.rows
        asleep = sum(not sleeper.news for sleeper in self._sleepers)
        rate = self._changes.noted(changed, time.monotonic())
        self._due = float("inf")
        if rate and asleep >= self.pages and self._watch.slowness == 1:
            # A teardown ends with a cluster that is gone; what comes before that has time.
            gap = self._watch.longest_gap * (1 if gone else 2)
            self._due = time.monotonic() + max(SOME / rate, gap)
        self._news.notify_all()

    # --- who asks, and who goes ---

    def _asked_for_all(self, since: int, turn: Turn, *, timed: bool) -> _Ask[Value]:
        return self._asked(_Ask("", whole=False, routine=False, turn=turn), since, timed=timed)

    def _asked(self, ask: _Ask[Value], since: int, *, timed: bool) -> _Ask[Value]:
        with self._lock:
            if self._listed_since(since, ask):
                return ask
            if self._leader == threading.get_ident():
                # Whoever is at AWS for all asks again, in the midst of it: it must not wait for itself.
                return self._alone(ask)
            self._asks.append(ask)
            self._arrived.notify()
            try:
                # Whoever came while a listing was under way is served by it where it is new enough: left
                # for the next one, the few that always come late would double the calls.
                while not (ask.done or self._listed_since(since, ask)):
                    if self._leader is None:
                        self._lead(timed=timed)
                    else:
                        self._answered.wait()
            finally:
                if ask in self._asks:
                    self._asks.remove(ask)
        return ask

    def _listed_since(self, since: int, ask: _Ask[Value]) -> bool:
        """Serve an ask by the last listing, where AWS was asked for it late enough."""
        listings = (self._listing, self._apart if ask.turn is Turn.APART else None)
        return any(each is not None and each.begun > since and self._serve(each, ask) for each in listings)

    def _lead(self, *, timed: bool) -> None:
        """Go to AWS for all that have asked. The lock is held before and after, and not meanwhile."""
        self._leader = threading.get_ident()
        batch: list[_Ask[Value]] = []
        together = True
        try:
            if timed:
                together = self._gather()
            waiting = [] if together else [ask for ask in self._asks if ask.turn is not Turn.APART]
            batch, self._asks = [ask for ask in self._asks if ask not in waiting], waiting
            demand = len(batch) + (len(self._sleepers) if any(ask.routine for ask in batch) else 0)
            self._lock.release()
            try:
                self._answer(batch, demand, together=together)
            finally:
                self._lock.acquire()
        finally:
            if together:
                self._polled = time.monotonic()
            self._leader = None
            # Where the leader was killed, the next one takes over what it owed.
            self._asks[:0] = [ask for ask in batch if not ask.done]
            self._answered.notify_all()

    def _gather(self) -> bool:
        """Wait for others to ask, and for the gap between polls; one that waits alone waits for nobody.

        Returns:
            Whether all that have asked are to be answered, or only those that are asked for apart.

        """
        if self._watch.crowd < 2:  # noqa: PLR2004
            return True
        rhythm, slowness = self._watch.rhythm, self._watch.slowness
        began = time.monotonic()
        calm = began - self._polled > 2 * rhythm.shortest
        longer = (
            rhythm.first_gap if calm else min(max(2 * self._gap, rhythm.first_gap), self._watch.longest_gap)
        )
        due = self._polled + min(longer * slowness, rhythm.slowest)
        while True:
            turns = {ask.turn for ask in self._asks}
            at_once = slowness == 1 and turns != {Turn.ROUND}
            left = max(began + rhythm.gather, 0 if at_once else due) - time.monotonic()
            if left <= 0:
                break
            self._arrived.wait(left)
        if not at_once:
            self._gap = longer
        return not at_once or Turn.FOLLOWING in turns

    def _alone(self, ask: _Ask[Value]) -> _Ask[Value]:
        self._lock.release()
        try:
            self._answer([ask], 0, together=False)
        finally:
            self._lock.acquire()
        return ask

    # --- at AWS ---

    def _answer(self, batch: Sequence[_Ask[Value]], demand: int, *, together: bool) -> None:
        """Answer every ask of a batch, or give it the error."""
        try:
            rest = self._by_page(batch, demand, together=together)
        except UnreachableError as error:
            self._watch.note(error)
            self._give([ask for ask in batch if not ask.done], error)
            return
        for ask in rest:
            try:
                value = self._one(ask.key)
            except TeardownError as error:
                self._watch.note(error)
                self._give([ask], error)
                continue
            self._watch.note(None)
            with self._lock:
                ask.answer = _Answer(value, next(self._watch.numbers))
                self._answered.notify_all()

    def _give(self, asks: Sequence[_Ask[Value]], error: TeardownError) -> None:
        with self._lock:
            for ask in asks:
                ask.error = error
            self._answered.notify_all()

    def _by_page(self, batch: Sequence[_Ask[Value]], demand: int, *, together: bool) -> Sequence[_Ask[Value]]:
        """Answer what listings can, where that costs fewer calls; give what is left."""
        for_all = [ask for ask in batch if not ask.key]
        cheaper = self._by_page_allowed and self._watch.crowd > 1 and self.pages <= demand
        if not for_all and not cheaper:
            return batch
        try:
            listing = self._listed(None, limit=None if for_all else max(1, demand))
        except UnreachableError:
            raise
        except TeardownError as error:
            # To list everything may be denied where asking by name is allowed.
            self._by_page_allowed = False
            self._give(for_all, error)
            return [ask for ask in batch if ask.key]
        rest = self._spread(listing, batch, together=together)
        if listing is not None and len(rest) > self.pages:
            again = self._listed(listing, limit=2 * self.pages)
            rest = self._spread(again, rest, together=together)
        return rest

    def _listed(self, before: _Listing[Item] | None, limit: int | None) -> _Listing[Item] | None:
        """List everything; None where that takes more pages than ``limit``."""
        begun = next(self._watch.numbers)
        rows: dict[str, list[Item]] = defaultdict(list)
        names: set[str] = set()
        marker, pages = "", 0
        while True:
            found, marker = self._page(marker)
            self._watch.note(None)
            pages += 1
            for row in found:
                if row.name not in names:
                    names.add(row.name)
                    rows[row.key].append(row.item)
            if not marker:
                break
            if limit is not None and pages >= limit:
                # Twice as many, so that a growing crowd finds out in few attempts.
                self.pages = 2 * limit + 1
                return None
        self.pages = pages
        whole = pages == 1 or (before is not None and before.names == names)
        return _Listing(dict(rows), frozenset(names), begun, next(self._watch.numbers), whole)

    def _spread(
        self, listing: _Listing[Item] | None, asks: Sequence[_Ask[Value]], *, together: bool
    ) -> list[_Ask[Value]]:
        """Serve what a listing answers, wake all that wait, and give the asks it leaves open."""
        if listing is None:
            return [ask for ask in asks if not ask.done]
        with self._lock:
            rest = [ask for ask in asks if not self._serve(listing, ask)]
            self._answered.notify_all()
            if together:
                self._listing = listing
                self._tell_sleepers(listing)
            else:
                self._apart = listing
        return rest

    def _serve(self, listing: _Listing[Item], ask: _Ask[Value]) -> bool:
        if not ask.key:
            ask.everything = listing
            return True
        found = listing.rows.get(ask.key, ())
        if not (listing.whole or (found and self._present_suffices) or not ask.whole):
            return False
        ask.answer = _Answer(self._fold(found), listing.ended)
        return True


# --- the watch ---------------------------------------------------------------------------------


class Watch:
    """All that wait for clusters of one account and region, with one set of credentials.

    Args:
        calls: Who asks AWS.
        rhythm: How often.

    Attributes:
        crowd: How many wait now.
        slowness: By how much AWS is asked less often than it could be, because it throttles.

    """

    def __init__(self, calls: RedshiftCalls, rhythm: Rhythm | None = None) -> None:
        """See the class for the arguments; nothing is asked of AWS yet."""
        self.rhythm = rhythm or Rhythm()
        self.numbers = itertools.count(1)
        self.crowd = 0
        self.slowness = 1.0
        self._lock = threading.Lock()
        self._resent = 0
        calls.on_resend = self._note_resend
        self.clusters: Desk[Mapping[str, Any], Mapping[str, Any] | None] = Desk(
            self,
            one=calls.describe,
            page=lambda marker: _cluster_rows(calls, marker),
            fold=lambda found: found[0] if found else None,
            present_suffices=True,
        )
        self.snapshots: Desk[SnapshotView, tuple[SnapshotView, ...]] = Desk(
            self,
            one=calls.snapshots,
            page=lambda marker: _snapshot_rows(calls, marker),
            fold=tuple,
            present_suffices=False,
        )

    @property
    def longest_gap(self) -> float:
        """The seconds between two polls for many, of either desk; the more pages of clusters, the longer.

        Of either the same, so that they stay in step: with gaps of its own the one would wait anew for what
        the other has waited for.
        """
        return self.rhythm.shortest / 4 * min(self.clusters.pages, 4)

    @contextmanager
    def join(self, clock: Clock) -> Iterator[Watcher]:
        """Wait together with all others, until the block ends."""
        with self._lock:
            self.crowd += 1
        try:
            yield Watcher(self, clock)
        finally:
            with self._lock:
                self.crowd -= 1

    def note(self, error: TeardownError | None) -> None:
        """Remember how AWS took a call: it is asked less often while it throttles."""
        with self._lock:
            resent, self._resent = self._resent, 0
            if error is None:
                # Answered, if at the second or third time: what was no answer at all is over.
                eased = min(self.slowness, EASED)
                self.slowness = max(eased, EASED / 2) if resent else max(1.0, eased / 2)
            elif isinstance(error, UnreachableError) and error.throttled:
                self.slowness = min(2 * self.slowness, self.rhythm.slowest / self.rhythm.shortest)

    def _note_resend(self, times: int) -> None:
        with self._lock:
            self._resent += times


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
        self._cluster: _Answer[Mapping[str, Any] | None] | None = None
        self._identifier = self._status = ""

    def describe(self, identifier: str) -> Mapping[str, Any] | None:
        """Return one cluster as DescribeClusters shows it; None where there is none."""
        since, routine = self._from_now()
        return self._describe(identifier, since, Turn.ROUND, routine=routine)

    def _from_now(self) -> tuple[int, bool]:
        """Return the number since which an answer is new enough to begin a look, and whether all may look."""
        paused_at, self._paused_at = self._paused_at, None
        return (next(self._watch.numbers), False) if paused_at is None else (paused_at, True)

    def _describe(
        self, identifier: str, since: int, turn: Turn, *, routine: bool
    ) -> Mapping[str, Any] | None:
        self._cluster = None
        self._identifier = identifier.lower()
        self._cluster = self._watch.clusters.about(
            self._identifier, since=since, whole=True, routine=routine, timed=self._timed, turn=turn
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
        since = next(self._watch.numbers) if self._cluster is None else self._cluster.ended
        found = self._patiently(lambda: self._watch.clusters.everything(since=since, timed=self._timed))
        return map(view_cluster, found)

    def snapshots(self, cluster_identifier: str) -> tuple[SnapshotView, ...]:
        """Look at the manual snapshots under a cluster identifier, of any generation."""
        since = next(self._watch.numbers) if self._cluster is None else self._cluster.ended
        # Nothing is decided by a snapshot that is missing while the cluster is still ending.
        whole = phase(self._status) is not Phase.ENDING
        turn = Turn.ROUND if self._status else Turn.FOLLOWING
        return self._patiently(lambda: self._snapshots(cluster_identifier, since, turn, whole=whole)).value

    def snapshots_then_cluster(self, identifier: str) -> tuple[tuple[SnapshotView, ...], ClusterView | None]:
        """Look at the manual snapshots under a cluster identifier, and after that at its cluster."""
        since, routine = self._from_now()
        snapshots = self._snapshots(identifier, since, Turn.ROUND, whole=True)
        found = self._patiently(
            lambda: self._describe(identifier, snapshots.ended, Turn.FOLLOWING, routine=routine)
        )
        return snapshots.value, view_cluster(found) if found else None

    def _snapshots(
        self, identifier: str, since: int, turn: Turn, *, whole: bool
    ) -> _Answer[tuple[SnapshotView, ...]]:
        return self._watch.snapshots.about(
            identifier.lower(), since=since, whole=whole, routine=True, timed=self._timed, turn=turn
        )

    def _patiently(self, ask: Callable[[], Value]) -> Value:
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
        self._paused_at = next(self._watch.numbers)
        if not self._timed:
            self._clock.sleep(seconds)
            return
        self._watch.clusters.wait_for_news(self._identifier, self._cluster, self._jittered(seconds))


def watch_for(aws: Aws) -> Watch:
    """Return the watch of one set of credentials in one region; the same one for the same clients."""
    with process.pollers_lock:
        watch = process.pollers.get(aws)
        if watch is None:
            watch = process.pollers[aws] = Watch(RedshiftCalls(aws, SystemClock().now))
        return watch


def _cluster_rows(calls: RedshiftCalls, marker: str) -> tuple[list[Row[Mapping[str, Any]]], str]:
    found, following = calls.cluster_page(marker)
    rows = [Row(each["ClusterIdentifier"], each["ClusterIdentifier"], each) for each in found]
    return rows, following


def _snapshot_rows(calls: RedshiftCalls, marker: str) -> tuple[list[Row[SnapshotView]], str]:
    found, following = calls.snapshot_page({}, marker)
    return [Row(each.cluster_identifier, each.identifier, each) for each in found], following
