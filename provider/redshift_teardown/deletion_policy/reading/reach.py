"""What of a policy can never apply, since it stands behind what takes all of it.

Only what is plain is said. A pattern that covers another in a way that is hard to see is not found, and none
is ever named that could apply.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from redshift_teardown.deletion_policy.patterns import is_glob, pieces
from redshift_teardown.deletion_policy.problems import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redshift_teardown.deletion_policy.model import Environment, SkipRule, When
    from redshift_teardown.deletion_policy.reading.nodes import Mark

MOST_STEPS = 300_000
"""About half a second; every pair of a policy of a few hundred rules."""


class StackClaim(NamedTuple):
    """An entry of `stacks` of an environment, and where it stands."""

    environment: Environment
    text: str
    mark: Mark


def warn_of_what_never_applies(
    policy: Mark, *, rules: Iterable[Sequence[tuple[SkipRule, Mark]]], claims: Sequence[StackClaim]
) -> None:
    """Warn of rules, and of entries of `stacks`, that stand behind what takes all of theirs.

    Args:
        policy: Where the policy begins.
        rules: The rules of each environment.
        claims: What all environments claim, in the order of the file.
    """
    reach = Reach()
    for each in rules:
        for index, (rule, mark) in enumerate(each):
            taken = reach.rule_in_front((before for before, _ in each[:index]), rule)
            if taken:
                mark.warn(
                    "this rule never decides anything: whatever it would let go, the rule in line "
                    f"{taken.place.line} lets go before it",
                    "conditions that let go something else, or no rule",
                )
    for index, claim in enumerate(claims):
        first = reach.claim_in_front(claims, index)
        if first:
            protected = ", which is protected," if first.environment.protected else ","
            claim.mark.warn(
                f"{shown(claim.text)} claims no stack here: {shown(first.text)} of environment "
                f"{first.environment.name}, in line {first.mark.line}{protected} takes whatever it would",
                "a name or pattern that is not taken before it, or none",
            )
    if reach.steps <= 0:
        message = "the policy is too long to be looked through for rules and claims that never apply"
        policy.warn(message)


class Reach:
    """Looks for what stands behind something that takes all of it, for so many steps.

    Attributes:
        steps: How many steps are left; with none, nothing more is found.
    """

    def __init__(self, steps: int = MOST_STEPS) -> None:
        """See the class for the argument."""
        self.steps = steps

    def rule_in_front(self, earlier: Iterable[SkipRule], rule: SkipRule) -> SkipRule | None:
        """Return the first rule that lets go whatever a later one of its environment would."""
        if self.steps <= 0:
            return None
        return next((first for first in earlier if self._takes_all(first.when, rule.when)), None)

    def claim_in_front(self, claims: Sequence[StackClaim], index: int) -> StackClaim | None:
        """Return the claim of another environment that takes every stack that the one at `index` would.

        Protected environments go first, and in each rank exact names before patterns, then the order of the
        file, as `match` has it.
        """
        if self.steps <= 0:
            return None
        self.steps -= len(claims)
        behind = claims[index]
        protected, exact = behind.environment.protected, not is_glob(behind.text)
        for place, claim in enumerate(claims):
            if claim.environment is behind.environment or (protected and not claim.environment.protected):
                continue
            same_rank = claim.environment.protected is protected
            if same_rank and (exact or (place > index and is_glob(claim.text))):
                continue
            if self.covers(claim.text, behind.text):
                return claim
        return None

    def covers(self, wide: str, narrow: str) -> bool:
        """Return whether a pattern surely matches whatever another one does."""
        if self.steps <= 0:
            return False
        own = pieces(wide)
        places = _behind_stars({0}, own)
        self.steps -= 1
        for piece in pieces(narrow):
            self.steps -= len(places)
            taken = {
                place if own[place] == "*" else place + 1
                for place in places
                if place < len(own) and _takes(own[place], piece)
            }
            if not taken:
                return False
            places = _behind_stars(taken, own)
        return len(own) in places

    def _takes_all(self, first: When, then: When) -> bool:
        """Return whether one condition surely holds wherever another one does."""
        self.steps -= 1
        tags = dict(then.tags)
        return (
            self.steps > 0
            and (not then.always or first.always)
            and first.requested in (None, then.requested)
            and first.restored_from_snapshot in (None, then.restored_from_snapshot)
            and _at_most(first.max_nodes, then.max_nodes)
            and _at_most(first.younger_than_hours, then.younger_than_hours)
            and self._all_covered(first.identifier, then.identifier)
            and self._all_covered(first.node_type, then.node_type)
            and all(key in tags and self.covers(pattern, tags[key]) for key, pattern in first.tags)
        )

    def _all_covered(self, wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
        if not wide:
            return True
        return bool(narrow) and all(any(self.covers(one, each) for one in wide) for each in narrow)


def _at_most(first: float | None, then: float | None) -> bool:
    return first is None or (then is not None and then <= first)


def _takes(piece: str, other: str) -> bool:
    """Return whether a piece of a pattern matches whatever a piece of another one does."""
    if piece in ("*", other):
        return True
    if other == "*":
        return False
    return piece == "?" or (len(piece) > 1 and len(other) == 1 and other != "?" and fnmatchcase(other, piece))


def _behind_stars(places: set[int], parts: Sequence[str]) -> set[int]:
    """Add the places that are reached without a character, since a star may match none."""
    reached = set(places)
    for place in places:
        at = place
        while at < len(parts) and parts[at] == "*":
            at += 1
            reached.add(at)
    return reached
