"""Input that nobody means well by: values, and how work grows with their size."""

from __future__ import annotations

import math
import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

from tests.long import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 60.0 if ALL else 2.0
"""How long each fuzz runs: a slice by default, a minute with REDSHIFT_TEARDOWN_TEST_ALL."""

SEED = 20
"""Where each fuzz begins by default."""

ESCAPES = "\x1b[2Jwiped\x1b]0;title\x07\r\n| <script>alert(1)</script> | `x` \u202egnp"
"""What a terminal, a Markdown table and a browser would each take for a command."""

SCALARS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    5,
    1.5,
    1e308,
    -1e308,
    math.inf,
    math.nan,
    2**63,
    10**400,
    "",
    "x",
    "true",
    "alpha",
    "123456789012",
    "us-east-1",
    "2026-01-01",
    "9999-12-31T23:59:59",
    "\x00",
    "\ud800",
    "é" * 300,
    ESCAPES,
)

T = TypeVar("T")


def chances() -> tuple[int, random.Random]:
    """Return a source of chance and its seed, which a failure tells: the same seed does the same again.

    Another seed each time only where everything is asked for: `make test` says the same of the same commit.
    """
    seed = time.time_ns() % 2**32 if ALL else SEED
    return seed, random.Random(seed)  # noqa: S311 - chance that can be repeated, no secret


def value(chance: random.Random, depth: int = 2) -> Any:
    """Return any value that JSON can hold."""
    kind = chance.random()
    if depth and kind < 0.15:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if depth and kind < 0.3:
        return {str(chance.choice(SCALARS)): value(chance, depth - 1) for _ in range(chance.randrange(4))}
    return chance.choice(SCALARS)


def spoiled(document: T, chance: random.Random) -> T | Any:
    """Return a document with one or two of its parts replaced, taken away or doubled."""
    copy = _copied(document)
    for _ in range(chance.choice((1, 1, 2))):
        places = list(_places(copy))
        if not places:
            return value(chance)
        holder, key = chance.choice(places)
        change = chance.random()
        if change < 0.15:
            del holder[key]
        elif change < 0.25 and isinstance(holder, list):
            holder.append(holder[key])
        else:
            holder[key] = value(chance)
    return copy


def _copied(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _copied(item) for key, item in document.items()}
    return [_copied(item) for item in document] if isinstance(document, list) else document


def _places(document: Any) -> Any:
    items = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, item in items:
        yield document, key
        yield from _places(item)


def ratio(make: Callable[[int], Any], act: Callable[[Any], object]) -> float:
    """Return how many times longer work takes on 100 KB than on 10 KB: processor time, the quickest of three.

    Args:
        make: Gives input of so many bytes.
        act: Does the work; 1 KB first, so that nothing is imported in the measured time.
    """
    act(make(1_000))
    times = []
    for size in (10_000, 100_000):
        given = make(size)
        best = math.inf
        for _ in range(3):
            began = time.process_time()
            act(given)
            best = min(best, time.process_time() - began)
        # What takes less than this is start and noise.
        times.append(max(best, 0.02))
    return times[1] / times[0]


LINEAR = 30.0
"""The ratio that linear work stays below: ten, and room for a busy machine; a square would be a hundred."""
