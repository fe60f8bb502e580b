"""Scripted faults: what goes wrong, at which call, and whether the call had taken effect by then."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, fields
from typing import Any

from redshift_teardown.emulator.door import check_value
from redshift_teardown.emulator.errors import ControlError

__all__ = ["ANY", "Fault", "FaultBook"]

ANY = "*"
LONGEST_DELAY = 86_400.0
"""Seconds: no client waits for an answer for more than a day."""
_KINDS = ("error", "drop", "delay")
_MOMENTS = ("before", "after")


@dataclass
class Fault:
    """One scripted fault.

    Attributes:
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
        message: its text.
        seconds: how long a delay is.
        cluster_identifier, account, region: strike only calls that have these.
        chance: how likely ``probability`` is, 0 to 1.
        during: how long the fault is in force, in seconds of the emulator's clock; None forever.
        seed: of the chance; the same seed strikes the same calls.
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

    @staticmethod
    def new(data: dict[str, Any]) -> Fault:
        """A fault from the fields of a request.

        Raises:
            ControlError: for an unknown field or a value that makes no sense.
        """
        known = {each.name for each in fields(Fault)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ControlError(f"a fault has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        if not isinstance(data.get("operation"), str):
            raise ControlError('a fault needs an operation, for example "DeleteCluster", or "*" for all')
        occurrence = data.get("occurrence", 1)
        if occurrence in ("every", "probability"):
            data = {"times": None, **data}
        elif isinstance(occurrence, str):
            raise ControlError(
                f'occurrence must be a number from 1 on, "every" or "probability", not {occurrence!r}'
            )
        else:
            check_value("occurrence", occurrence, "int")
        for each in fields(Fault):
            if each.name in data and each.name != "occurrence":
                limits = (0, LONGEST_DELAY) if each.name == "seconds" else None
                check_value(each.name, data[each.name], str(each.type), limits)
        fault = Fault(**data)
        for name, value, allowed in (("kind", fault.kind, _KINDS), ("when", fault.when, _MOMENTS)):
            if value not in allowed:
                raise ControlError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
        if not fault.code:
            raise ControlError("a fault needs a code")
        return fault

    def describe(self) -> str:
        """What it does, in a word or two, for the call log."""
        what = {"error": self.code, "drop": "drop", "delay": f"delay {self.seconds:g}s"}[self.kind]
        return f"{what} {self.when}"


class _Armed:
    """A fault with what it has seen so far."""

    def __init__(self, fault: Fault, now: float) -> None:
        self.fault = fault
        self.since = now
        self.seen = 0
        self.struck = 0
        self._random = random.Random(fault.seed)  # noqa: S311  # chance that can be repeated, no secret

    def strikes(self, operation: str, cluster: str | None, account: str, region: str, now: float) -> bool:
        fault = self.fault
        if fault.operation not in (ANY, operation):
            return False
        if fault.during is not None and now - self.since >= fault.during:
            return False
        for wanted, actual in (
            (fault.cluster_identifier, cluster),
            (fault.account, account),
            (fault.region, region),
        ):
            if wanted is not None and wanted != actual:
                return False
        self.seen += 1
        if fault.times is not None and self.struck >= fault.times:
            return False
        if fault.occurrence == "probability":
            hit = self._random.random() < fault.chance
        else:
            hit = fault.occurrence == "every" or self.seen >= int(fault.occurrence)
        self.struck += hit
        return hit


class FaultBook:
    """All faults of one emulator. The caller holds the emulator's lock."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def add(self, fault: Fault, now: float) -> None:
        """Put a fault in force."""
        self._armed.append(_Armed(fault, now))

    def clear(self) -> None:
        """Take them all away."""
        self._armed.clear()

    def striking(
        self, operation: str, cluster: str | None, account: str, region: str, now: float
    ) -> list[Fault]:
        """The faults that strike this call, in the order they were added. Each counts the call once."""
        return [each.fault for each in self._armed if each.strikes(operation, cluster, account, region, now)]

    def listing(self) -> list[dict[str, Any]]:
        """All faults, with how many calls each matched and struck."""
        return [{**asdict(each.fault), "seen": each.seen, "struck": each.struck} for each in self._armed]
