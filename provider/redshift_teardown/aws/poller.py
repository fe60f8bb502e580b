"""One watch for all that wait in this process: what one of them asks of AWS serves every other.

A hundred teardowns that poll alone are two hundred calls every few seconds, and a throttled account. So
whoever wants to look asks here. Where many wait, one of them lists everything for all; where a listing would
cost more calls, each asks by name. There is no thread behind it: nothing runs when nobody waits, and nobody
depends on a thread that may have died.

What the answers are worth is the first concern; ``next_step`` relies on it:

* An answer was asked of AWS after whoever gets it last did anything: every listing gets a number when it
  begins and when it has ended, and only what began above the asker's own number is served to it. So snapshots
  are asked for after the answer about their cluster came, or the cluster after that about its snapshots:
  whichever of the two a look begins with.
* That something is *absent* is believed of a call about that one thing, or of a whole listing: one that fits
  on one page, or names the same things when it is read twice. Between two pages a deletion may shift what
  follows, and a cluster that slipped through would look like one that is gone.

Between two listings of a kind lies a gap. Those that wait sleep until their own interval is over, or a
listing that was made for somebody else shows something new about their cluster. While listings show changes,
one of the sleepers lists for all before that.

A failing poll fails nobody: whoever waits for it is told ``UnreachableError``, and asks again.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.intervals import Rhythm
from redshift_teardown.aws.listings import NEVER, Answer, Ask, Kind, Listing, Row, Sleeper
from redshift_teardown.aws.provisioned import RedshiftCalls, UnreachableError
from redshift_teardown.engine import interrupt
from redshift_teardown.errors import TeardownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from redshift_teardown.aws.listings import Found, Item, Value
    from redshift_teardown.aws.views import SnapshotView

EASED = 4.0
"""By how much AWS is still asked less often when it has begun to answer again."""

MOST_PAGES = 4
"""The gap between two listings grows with their pages up to so many."""


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
        self._changed = threading.Condition()
        self._resent = 0
        calls.on_resend = self._note_resend
        self.clusters: Kind[Mapping[str, Any], Mapping[str, Any] | None] = Kind(
            one=calls.describe,
            pages=lambda: map(_cluster_rows, calls.cluster_pages()),
            fold=lambda found: found[0] if found else None,
            present_suffices=True,
        )
        self.snapshots: Kind[SnapshotView, tuple[SnapshotView, ...]] = Kind(
            one=calls.snapshots,
            pages=lambda: map(_snapshot_rows, calls.snapshot_pages()),
            fold=tuple,
            present_suffices=False,
        )

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count one more that waits, until the block ends."""
        with self._changed:
            self.crowd += 1
        try:
            yield
        finally:
            with self._changed:
                self.crowd -= 1

    # --- what is asked ---

    def about(
        self, kind: Kind[Item, Value], key: str, *, since: int, whole: bool, timed: bool
    ) -> Answer[Value]:
        """Answer about one key.

        Args:
            kind: What kind of thing.
            key: Which one.
            since: Serve nothing that was asked of AWS before this number.
            whole: Whether what is absent must be absent.
            timed: Whether to wait for others to ask; not on a clock that a test moves.

        Raises:
            UnreachableError: AWS gave no answer.
            TeardownError: AWS answered that it will not.

        """

        def serve(listing: Listing[Item]) -> Answer[Value] | None:
            return kind.answer(listing, key, whole=whole)

        found = self._listed(kind, since, serve, timed=timed, by_name=True)
        if found is not None:
            return found
        try:
            value = kind.one(key)
        except TeardownError as error:
            self._note(error)
            raise
        self._note(None)
        return Answer(value, next(self.numbers))

    def everything(self, kind: Kind[Item, Value], *, since: int, timed: bool) -> Iterator[Item]:
        """Return every entry there is; see `about` for the arguments and errors."""
        listing = self._listed(kind, since, lambda listing: listing, timed=timed, by_name=False)
        return itertools.chain.from_iterable((listing or self._read(kind)).rows.values())

    def _listed(
        self,
        kind: Kind[Item, Value],
        since: int,
        serve: Callable[[Listing[Item]], Found | None],
        *,
        timed: bool,
        by_name: bool,
    ) -> Found | None:
        """Serve by a listing, made by this one where nobody else makes it; None where it is to ask alone."""
        ask = Ask(since, serve, by_name, next(self.numbers), time.monotonic() if timed else None)
        with self._changed:
            kind.asking += 1
        try:
            while self._is_to_list(kind, ask):
                self._poll(kind, serve)
        finally:
            with self._changed:
                kind.asking -= 1
        return ask.found

    def wait_for_news(
        self, kind: Kind[Item, Value], key: str, seen: Answer[Value] | None, *, since: int, seconds: float
    ) -> None:
        """Wait until a listing shows something else of a key than was seen, or so many seconds.

        Args:
            kind: What kind of thing.
            key: Which one.
            seen: The last answer about it; None where there was none.
            since: Heed no listing that began before this number.
            seconds: The longest wait.

        """
        sleeper = Sleeper(key, seen, since)
        limit = time.monotonic() + seconds
        with self._changed:
            kind.sleepers.append(sleeper)
        try:
            while self._is_to_look_early(kind, sleeper, limit):
                # Where that fails, each of them asks for itself when its own time comes, and is told then.
                self._poll(kind, lambda listing: listing)
        finally:
            with self._changed:
                kind.sleepers.remove(sleeper)

    # --- who waits, and who goes ---

    def _is_to_list(self, kind: Kind[Item, Value], ask: Ask[Item, Found]) -> bool:
        """Wait until it is this one's turn to list for all; False where it is served, or is to ask alone."""
        me = threading.get_ident()
        with self._changed:
            # Whoever lists for all may ask in the midst of it: it must not wait for itself.
            while kind.poller != me and not kind.serves(ask):
                if kind.poller is not None:
                    self._changed.wait()
                elif (left := self._left(kind, ask)) > 0:
                    self._changed.wait(left)
                elif ask.by_name and not self._is_shared(kind):
                    return False
                else:
                    kind.poller = me
                    return True
        return False

    def _is_shared(self, kind: Kind[Item, Value]) -> bool:
        return self.crowd > 1 and kind.is_cheaper()

    def _left(self, kind: Kind[Item, Value], ask: Ask[Item, Found]) -> float:
        """Return the seconds until an ask may go to AWS; where one waits alone, it waits for nobody."""
        if ask.came is None or self.crowd == 1:
            return 0
        soonest = ask.came + self.rhythm.gather
        if self._is_shared(kind) or not ask.by_name:
            soonest = max(soonest, kind.polled + min(self._gap * self.slowness, self.rhythm.slowest))
        return soonest - time.monotonic()

    @property
    def _gap(self) -> float:
        """The seconds between two listings: of both kinds the same, so that a look's halves stay together."""
        return self.rhythm.gap * min(self.clusters.page_count, MOST_PAGES)

    def _is_to_look_early(self, kind: Kind[Item, Value], sleeper: Sleeper[Value], limit: float) -> bool:
        """Sleep until there is news or the time is over; or, giving True, until this one lists for all."""
        look_up = time.monotonic() + interrupt.LATELY_SECONDS
        with self._changed:
            while not kind.has_news(sleeper):
                now = time.monotonic()
                if now >= limit or (now >= look_up and interrupt.is_news()):
                    break
                if now >= look_up:
                    look_up = now + interrupt.LATELY_SECONDS
                early = kind.early if kind.poller is None else NEVER
                if now >= early:
                    kind.poller = threading.get_ident()
                    return True
                self._changed.wait(min(limit, look_up, early) - now)
        return False

    # --- at AWS ---

    def _poll(self, kind: Kind[Item, Value], serve: Callable[[Listing[Item]], object]) -> None:
        """List for all that wait, and tell them; the caller has become the kind's poller."""
        listing: Listing[Item] | None = None
        failure: TeardownError | None = None
        try:
            listing = self._read(kind)
            if serve(listing) is None and kind.asking > listing.pages:
                listing = self._read(kind, listing)
        except TeardownError as error:
            self._note(error)
            failure = error
        finally:
            # Where this one was killed at AWS, another takes over.
            with self._changed:
                kind.poller, kind.polled, kind.early = None, time.monotonic(), NEVER
                if failure is not None:
                    # To list everything may be denied where asking by name is allowed.
                    kind.listable = kind.listable and isinstance(failure, UnreachableError)
                    kind.failed = next(self.numbers), failure
                elif listing is not None:
                    kind.take(listing, self._gap, patient=self.slowness > 1)
                self._changed.notify_all()

    def _read(self, kind: Kind[Item, Value], before: Listing[Item] | None = None) -> Listing[Item]:
        """List everything; ``before`` is the same, read just now: what is missing in both is not there."""
        begun = before.begun if before is not None else next(self.numbers)
        rows: dict[str, list[Item]] = defaultdict(list)
        names: set[str] = set()
        pages = 0
        for page in kind.pages():
            self._note(None)
            pages += 1
            for row in page:
                if row.name not in names:
                    names.add(row.name)
                    rows[row.key].append(row.item)
        whole = pages == 1 or (before is not None and before.names == names)
        return Listing(rows, frozenset(names), pages, begun, next(self.numbers), whole)

    def _note(self, error: TeardownError | None) -> None:
        """Remember how AWS took a call: it is asked less often while it throttles."""
        with self._changed:
            resent, self._resent = self._resent, 0
            if error is None:
                # Answered, if at the second or third time: what was no answer at all is over.
                eased = min(self.slowness, EASED)
                self.slowness = max(eased, EASED / 2) if resent else max(1.0, eased / 2)
            elif isinstance(error, UnreachableError) and error.throttled:
                self.slowness = min(2 * self.slowness, self.rhythm.slowest / self.rhythm.shortest)

    def _note_resend(self, times: int) -> None:
        with self._changed:
            self._resent += times


def _cluster_rows(page: Sequence[Mapping[str, Any]]) -> list[Row[Mapping[str, Any]]]:
    return [Row(each["ClusterIdentifier"], each["ClusterIdentifier"], each) for each in page]


def _snapshot_rows(page: Sequence[SnapshotView]) -> list[Row[SnapshotView]]:
    return [Row(each.cluster_identifier, each.identifier, each) for each in page]
