"""What destroying one cluster will do: a final snapshot, none, or not known yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy.model import FOREVER, WaitRules
from redshift_teardown.deletion_policy.naming import name_problem
from redshift_teardown.deletion_policy.patterns import matches, misread
from redshift_teardown.deletion_policy.problems import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redshift_teardown.deletion_policy.facts import Facts
    from redshift_teardown.deletion_policy.model import Environment, When
    from redshift_teardown.deletion_policy.problems import Position

# Two clocks differ by seconds; a creation further in the future than this gives no age to trust.
_CLOCK_SKEW = timedelta(minutes=5)


class Outcome(str, Enum):
    """What happens to the data when the cluster is destroyed."""

    SNAPSHOT = "snapshot"
    """A final snapshot is taken."""
    UNDECIDED = "undecided"
    """A rule could skip it, but a fact it asks for is not known yet."""
    SKIP = "skip"
    """No final snapshot is taken."""


_STRICTNESS = {Outcome.SKIP: 0, Outcome.UNDECIDED: 1, Outcome.SNAPSHOT: 2}


@dataclass(frozen=True)
class Voices:
    """Which side of a combined decision said what, so that combining more sides gives the same in any order.

    Attributes:
        reason: The precedence of the side that gives outcome, `because` and `place`.
        retention: The precedence of the side that gives the retention.
        tags: The precedence of each tag that comes from a side below the decision's own precedence, by key.
    """

    reason: int
    retention: int
    tags: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Decision:
    """What destroying one cluster will do, and which line of which policy says so.

    Attributes:
        outcome: Final snapshot, none, or undecided.
        environment: The environment whose rules gave the outcome; empty for the unmatched one.
        protected: Whether that environment is protected.
        because: Why, in words.
        place: The line that says so: the rule's, or that of the environment's `skip`.
        retention_days: How many days AWS keeps the snapshot; -1 until somebody deletes it.
        retention_place: The line that gives the retention.
        name_template: The template of the snapshot's name, with `{environment}` filled in.
        tags: The snapshot's tags, sorted by key; values may hold placeholders (see `expand_tags`).
        wait: How long a teardown waits, and how often it looks.
        receipts: The folder of the receipts, relative to the project.
        requested_name: The snapshot name the program asked for, in lower case, if AWS accepts it.
        request_refused: Whether the program asked to skip the snapshot and does not get its way.
        undecided: What is not known yet: what makes the outcome undecided, or could change a final snapshot.
        precedence: 0 for recorded rules, 1 for the current file: whose template, receipts, requested name and
            clashing tag values win.
        voices: Which side of a combined decision said what.
    """

    outcome: Outcome
    environment: str
    protected: bool
    because: str
    place: Position | None
    retention_days: int
    retention_place: Position | None
    name_template: str
    tags: tuple[tuple[str, str], ...]
    wait: WaitRules
    receipts: str
    requested_name: str | None
    request_refused: bool
    undecided: tuple[str, ...]
    precedence: int
    voices: Voices

    def describe(self) -> str:
        """Return in one line what will happen, and which line of the policy says so."""
        if self.outcome is Outcome.SKIP:
            return f"no final snapshot: {self.because}{_cited(self.place)}"
        snapshot = f"final snapshot, {describe_retention(self.retention_days)}{_cited(self.retention_place)}"
        if self.outcome is Outcome.UNDECIDED:
            doubts = "; ".join(self.undecided)
            return f'undecided: {doubts}; {snapshot} unless "{self.because}"{_cited(self.place)} holds'
        if self.undecided:
            return f"{snapshot}; {'; '.join(self.undecided)}, which could change that"
        return snapshot


def describe_retention(days: int) -> str:
    """Say in words how long a snapshot is kept."""
    if days == FOREVER:
        return "kept forever"
    return "kept 1 day" if days == 1 else f"kept {days} days"


def decide(
    environment: Environment, facts: Facts, *, at_destroy: bool = False, precedence: int = 1
) -> Decision:
    """Decide what destroying a cluster does.

    Rules are tried in order, and the first that holds decides. A fact that is unknown makes a rule undecided,
    and the decision with it, unless a later rule holds anyway. A protected environment never decides to skip.

    Args:
        environment: The rules.
        facts: What is known about the cluster.
        at_destroy: Whether this is the delete itself, where a rule that asks for an unknown fact does not
            hold.
        precedence: 0 for recorded rules, 1 for the current file; see `stricter`.

    Returns:
        The decision.
    """
    outcome = Outcome.SNAPSHOT
    because = _why_snapshot(environment)
    place = environment.skip_place or environment.place
    undecided: tuple[str, ...] = ()
    for rule in environment.skip:
        doubts = doubts_of(rule.when, facts)
        if doubts is None or (doubts and at_destroy):
            continue
        if not doubts:
            outcome, because, place, undecided = Outcome.SKIP, rule.because, rule.place, ()
            break
        if outcome is Outcome.SNAPSHOT:
            outcome, because, place = Outcome.UNDECIDED, rule.because, rule.place
        undecided = _union(undecided, doubts)
    snapshot = environment.final_snapshot
    requested = facts.requested_name
    return Decision(
        outcome=outcome,
        environment=environment.name,
        protected=environment.protected,
        because=because,
        place=place,
        retention_days=snapshot.retention_days,
        retention_place=snapshot.place,
        name_template=snapshot.name.replace("{environment}", environment.name),
        tags=tuple((key, value.replace("{environment}", environment.name)) for key, value in snapshot.tags),
        wait=environment.wait,
        receipts=environment.receipts,
        requested_name=requested.lower() if requested and not name_problem(requested) else None,
        request_refused=bool(facts.skip_requested) and outcome is Outcome.SNAPSHOT,
        undecided=undecided,
        precedence=precedence,
        voices=Voices(reason=precedence, retention=precedence),
    )


def with_doubt(decision: Decision, doubt: str | None) -> Decision:
    """Add a doubt from outside, such as an unknown account: what would skip is undecided then.

    A final snapshot stays one, and is not said without the doubt: by another environment there may be none.

    Args:
        decision: A decision.
        doubt: What is not known, in words; None where nothing is in doubt.

    Returns:
        The decision with the doubt.
    """
    if doubt is None:
        return decision
    outcome = Outcome.SNAPSHOT if decision.outcome is Outcome.SNAPSHOT else Outcome.UNDECIDED
    return replace(decision, outcome=outcome, undecided=_union(decision.undecided, (doubt,)))


def stricter(a: Decision, b: Decision) -> Decision:
    """Combine two decisions about one cluster into one that yields to neither.

    A snapshot beats undecided, and that beats skip; the longer retention, the longer timeout and the shorter
    poll win; tags are united. Name template, requested name, receipts folder and clashing tag values come
    from the side of higher precedence. `because`, `place` and `environment` are those of the side that gave
    the outcome, `retention_place` is that of the side that gave the retention. The order does not matter, nor
    does repetition.

    Args:
        a: One decision.
        b: Another.

    Returns:
        The strictest of the two.
    """
    reason = max(a, b, key=_reason_order)
    retention = max(a, b, key=_retention_order)
    tags = _united_tags(a, b)
    precedence = max(a.precedence, b.precedence)
    outcome = reason.outcome
    return replace(
        reason,
        retention_days=retention.retention_days,
        retention_place=retention.retention_place,
        name_template=max((side.precedence, side.name_template) for side in (a, b))[1],
        tags=tuple((key, value) for key, (_, value) in tags),
        wait=WaitRules(
            timeout_hours=max(a.wait.timeout_hours, b.wait.timeout_hours),
            poll_seconds=min(a.wait.poll_seconds, b.wait.poll_seconds),
        ),
        receipts=max((side.precedence, side.receipts) for side in (a, b))[1],
        # No name sorts before every name.
        requested_name=max((side.precedence, side.requested_name or "") for side in (a, b))[1] or None,
        request_refused=a.request_refused or b.request_refused,
        undecided=_union(a.undecided, b.undecided) if outcome is Outcome.UNDECIDED else (),
        precedence=precedence,
        voices=Voices(
            reason=reason.voices.reason,
            retention=retention.voices.retention,
            tags=tuple((key, voice) for key, (voice, _) in tags if voice < precedence),
        ),
    )


def doubts_of(when: When, facts: Facts) -> tuple[str, ...] | None:
    """Ask the conditions of a rule.

    Args:
        when: The conditions.
        facts: What is known about the cluster.

    Returns:
        Nothing (an empty tuple) if the rule holds, None if it does not, else what would have to be known.
    """
    doubts: tuple[str, ...] = ()
    asked = False
    for verdict in _verdicts(when, facts):
        asked = True
        if verdict is False:
            return None
        if verdict is not True:
            doubts = _union(doubts, (verdict,))
    return doubts if asked else None


def _why_snapshot(environment: Environment) -> str:
    if environment.skip:
        return f"no skip rule of environment {environment.name} holds"
    if environment.name:
        return f"environment {environment.name} is protected"
    return "no environment claims the stack, so it is protected"


def _verdicts(when: When, facts: Facts) -> Iterable[bool | str]:
    """Judge each condition: True and False for what is known, else the words for what is not."""
    if when.always:
        yield True
    if when.requested is not None:
        skip = facts.skip_requested
        yield "whether the program asks to skip is unknown" if skip is None else skip is when.requested
    for key, pattern in when.tags:
        yield _tag_verdict(facts, key, pattern)
    if when.identifier:
        yield _glob_verdict(facts.identifier, when.identifier, "identifier")
    if when.node_type:
        yield _glob_verdict(facts.node_type, when.node_type, "node type")
    if when.max_nodes is not None:
        nodes = facts.number_of_nodes
        yield "number of nodes unknown" if nodes is None else nodes <= when.max_nodes
    if when.younger_than_hours is not None:
        yield _age_verdict(facts, when.younger_than_hours)
    if when.restored_from_snapshot is not None:
        restored = facts.restored_from_snapshot
        yield (
            "whether it was restored from a snapshot is unknown"
            if restored is None
            else restored is when.restored_from_snapshot
        )


def _tag_verdict(facts: Facts, key: str, pattern: str) -> bool | str:
    if facts.tags is None:
        return "tags unknown"
    if key not in facts.tags:
        return False
    value = facts.tags[key]
    return f"tag {key} unknown" if value is None else _matched(value, (pattern,))


def _glob_verdict(text: str | None, patterns: tuple[str, ...], what: str) -> bool | str:
    return f"{what} unknown" if text is None else _matched(text, patterns)


def _matched(text: str, patterns: tuple[str, ...]) -> bool | str:
    """Match; a recorded pattern that reads two ways, which no file may have today, leaves it in doubt."""
    if any(matches(text, pattern) for pattern in patterns if not misread(pattern)):
        return True
    doubtful = next((pattern for pattern in patterns if misread(pattern)), None)
    return f"pattern {shown(doubtful)} reads two ways" if doubtful is not None else False


def _age_verdict(facts: Facts, hours: float) -> bool | str:
    # A preview asks without a clock, whether or not the cluster exists, so that its text does not change with
    # time.
    if facts.now is None:
        return "age known only at destroy"
    if facts.create_time is None:
        return "age unknown until the cluster exists"
    age = facts.now - facts.create_time
    return age < timedelta(hours=hours) if age >= -_CLOCK_SKEW else "creation time lies in the future"


def _union(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*a, *b}))


def _cited(place: Position | None) -> str:
    return f" ({place})" if place else ""


def _place_order(place: Position | None) -> tuple[str, int]:
    return (place.source, place.line) if place else ("", 0)


def _reason_order(side: Decision) -> tuple[object, ...]:
    return (
        _STRICTNESS[side.outcome],
        # Before the precedence: whoever asks a combined decision whether it is protected must not hear less.
        side.protected,
        side.voices.reason,
        side.environment,
        side.because,
        _place_order(side.place),
    )


def _retention_order(side: Decision) -> tuple[object, ...]:
    days = side.retention_days
    return (days == FOREVER, days, side.voices.retention, _place_order(side.retention_place))


def _united_tags(a: Decision, b: Decision) -> list[tuple[str, tuple[int, str]]]:
    """Unite the tags of two sides, each with the precedence of the side that said it; the higher one wins."""
    united: dict[str, tuple[int, str]] = {}
    for side in (a, b):
        voices = dict(side.voices.tags)
        for key, value in side.tags:
            said = (voices.get(key, side.precedence), value)
            united[key] = max(united.get(key, said), said)
    return sorted(united.items())
