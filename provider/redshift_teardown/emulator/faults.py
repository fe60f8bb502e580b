"""Scripted faults: what goes wrong, at which call, and whether the call had taken effect by then."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from redshift_teardown.emulator.door import check_number
from redshift_teardown.emulator.errors import ControlError

__all__ = ["UNENDING", "Fault"]

UNENDING = ("every", "probability")
"""Occurrences that have no end unless `times` is given."""
_LONGEST_DELAY = 86_400.0
"""Seconds: no client waits for an answer for more than a day."""


@dataclass
class Fault:
    """One scripted fault, and what it has seen so far.

    Args:
        operation: the operation it strikes, ``*`` for all.
        occurrence: the first matching call it strikes, counted from when it was added, from 1; ``every``
            strikes all of them; ``probability`` strikes by chance.
        times: how many calls it strikes in a row; None for no end. ``every`` and ``probability`` have no
            end unless this is given.
        when: ``before`` the operation takes effect, or ``after``: it has taken effect and the caller does
            not learn of it.
        kind: ``error``, ``drop`` (the connection closes without an answer) or ``delay``.
        code: the error's wire code.
        status: its HTTP status; None takes the service model's, 400 where there is none.
        message: its text; the usual one when empty.
        seconds: how long a delay is: real seconds, or on a virtual clock its own.
        cluster_identifier: strike only calls about this cluster, those about its tags among them.
        account: strike only calls of this account; None for any.
        region: strike only calls in this region; None for any.
        chance: how likely ``probability`` is, 0 to 1.
        during: how long the fault is in force, in seconds of the emulator's clock; None forever.
        seed: of the chance; the same seed strikes the same calls.

    Raises:
        ControlError: for an occurrence or a delay that makes no sense.
    """

    operation: str
    occurrence: int | str = 1
    times: int | None = 1
    when: str = "before"
    kind: str = "error"
    code: str = "InternalFailure"
    status: int | None = None
    message: str = ""
    seconds: float = 0.0
    cluster_identifier: str | None = None
    account: str | None = None
    region: str | None = None
    chance: float = 0.5
    during: float | None = None
    seed: int = 0
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if isinstance(self.occurrence, str) and self.occurrence not in UNENDING:
            raise ControlError(
                f'occurrence must be a number from 1 on, "every" or "probability", not {self.occurrence!r}'
            )
        check_number("seconds", self.seconds, (0, _LONGEST_DELAY))
        self.since = 0.0
        self._random = random.Random(self.seed)  # noqa: S311  # chance that can be repeated, no secret

    def describe(self) -> str:
        """What it does, in a word or two, for the call log."""
        what = {"error": self.code, "drop": "drop", "delay": f"delay {self.seconds:g}s"}[self.kind]
        return f"{what} {self.when}"

    def strikes(self, operation: str, cluster: str | None, account: str, region: str, now: float) -> bool:
        """Whether it strikes this call, which is counted where it matches."""
        if (
            self.operation not in ("*", operation)
            or (self.during is not None and now - self.since >= self.during)
            or self.cluster_identifier not in (None, cluster)
            or self.account not in (None, account)
            or self.region not in (None, region)
        ):
            return False
        self.seen += 1
        if self.times is not None and self.struck >= self.times:
            return False
        if self.occurrence == "probability":
            hit = self._random.random() < self.chance
        else:
            hit = self.occurrence == "every" or self.seen >= int(self.occurrence)
        self.struck += hit
        return hit
