"""What AWS said of everything of a kind, what that is worth, and who waits for it. Nothing here asks AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from redshift_teardown.errors import TeardownError

AFTER_CHANGES, AFTER_NONE = 2, 4
"""So many gaps after a listing that showed changes of theirs the sleepers look again; after one that shows
none, so many times later than the last time."""

NEVER = float("inf")

Item = TypeVar("Item")
Value = TypeVar("Value")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Row(Generic[Item]):
    """One entry of a listing: what it is about, what it is called, and what AWS shows of it."""

    key: str
    name: str
    item: Item


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """What AWS said of one key, and the number the call ended with."""

    value: Value
    ended: int


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """What AWS said of everything of a kind; ``whole`` where what is not in it is not there."""

    rows: Mapping[str, Sequence[Item]]
    names: frozenset[str]
    pages: int
    begun: int
    ended: int
    whole: bool


@dataclass(eq=False)
class Ask(Generic[Item, Found]):
    """What one waits to be told.

    Attributes:
        since: Nothing that was asked of AWS before this number answers it.
        serve: Gives the answer where a listing has it.
        by_name: Whether AWS can be asked about this alone.
        arrived: The number it began to wait with.
        came: When that was, on the monotonic clock; None where it waits for nobody else to come.
        found: The answer.

    """

    since: int
    serve: Callable[[Listing[Item]], Found | None]
    by_name: bool
    arrived: int
    came: float | None
    found: Found | None = None


@dataclass(frozen=True, eq=False)
class Sleeper(Generic[Value]):
    """One that waits for news of a key: what it saw of it, and since when it sleeps."""

    key: str
    seen: Answer[Value] | None
    since: int


class Kind(Generic[Item, Value]):
    """Clusters, or snapshots: how AWS is asked for them, what it said last, and who waits.

    The lock of its watch guards all that changes here.

    Args:
        one: Asks AWS about one key.
        pages: Asks AWS for everything, page by page.
        fold: Makes the answer about one key of the entries that are there; of none, too.
        present_suffices: Whether an entry that is there answers, whatever else might be.

    Attributes:
        listing: The last listing.
        page_count: How many pages a listing takes, as far as is known.
        listable: Whether these credentials may list everything.
        poller: The thread that lists for all now.
        polled: When the last listing ended, on the monotonic clock.
        early: When the sleepers are to look before their time; ``rest`` after the last listing.
        failed: The number and the error of the last listing that failed.
        asking: How many wait for an answer.
        sleepers: Those that wait for news.

    """

    def __init__(
        self,
        *,
        one: Callable[[str], Value],
        pages: Callable[[], Iterable[Sequence[Row[Item]]]],
        fold: Callable[[Sequence[Item]], Value],
        present_suffices: bool,
    ) -> None:
        """See the class for the arguments."""
        self.one, self.pages, self._fold = one, pages, fold
        self._present_suffices = present_suffices
        self.listing: Listing[Item] | None = None
        self.page_count = 1
        self.listable = True
        self.poller: int | None = None
        self.polled = -NEVER
        self.early = self._rest = NEVER
        self.failed: tuple[int, TeardownError | None] = (0, None)
        self.asking = 0
        self.sleepers: list[Sleeper[Value]] = []

    def answer(self, listing: Listing[Item], key: str, *, whole: bool) -> Answer[Value] | None:
        """Return what a listing says of a key; None where something may have slipped through it, and matters.

        Args:
            listing: What AWS said.
            key: What is asked about.
            whole: Whether what is absent must be absent.

        """
        found = listing.rows.get(key, ())
        if whole and not listing.whole and not (found and self._present_suffices):
            return None
        return Answer(self._fold(found), listing.ended)

    def serves(self, ask: Ask[Item, Found]) -> bool:
        """Serve an ask by the last listing; True, too, where that leaves it open, and only its name will do.

        Raises:
            TeardownError: the listing that it waited for failed.

        """
        if self.listing is not None and self.listing.begun > ask.since:
            ask.found = ask.serve(self.listing)
            return True
        number, error = self.failed
        if error is not None and number > ask.arrived and (self.listable or not ask.by_name):
            raise error
        return False

    def has_news(self, sleeper: Sleeper[Value]) -> bool:
        """Return whether the last listing shows something else of a key than was seen.

        Whoever's cluster is as it was sleeps on: a hundred that think their teardowns through at every poll
        of one of them would be busier than AWS. Who is missing may have slipped through: woken, it asks.
        """
        listing, seen = self.listing, sleeper.seen
        if listing is None or listing.begun <= sleeper.since:
            return False
        return seen is None or self._fold(listing.rows.get(sleeper.key, ())) != seen.value

    def is_cheaper(self) -> bool:
        """Return whether a listing costs no more calls than asking by name for all that wait."""
        return self.listable and self.page_count <= self.asking + len(self.sleepers)

    def take(self, listing: Listing[Item], gap: float, *, patient: bool) -> None:
        """Keep a new listing, and say when the sleepers look again: what many do at once, they end at once.

        Args:
            listing: What AWS said.
            gap: The seconds between two listings.
            patient: Whether all are to wait until their own time comes.

        """
        self.listing, self.page_count = listing, listing.pages
        news = [self.has_news(each) and each.seen is not None for each in self.sleepers]
        self._rest = AFTER_CHANGES * gap if any(news) else AFTER_NONE * self._rest
        if not patient and news.count(False) >= self.page_count:
            self.early = self.polled + self._rest
