"""redshift-deletion-policy-current: recorded rules that are not the pack's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.recorded import recorded_in
from redshift_pack.rule import About, Case, Rule
from redshift_pack.subject import OwningProvider
from redshift_pack.words import capital
from redshift_teardown.deletion_policy import FOREVER, Environment, describe_retention, digest

if TYPE_CHECKING:
    from collections.abc import Iterable

ABOUT: Final = About(
    name="redshift-deletion-policy-current",
    title="The recorded deletion policy is the pack's",
    description="The rules recorded with a cluster are those of the pack's deletion policy for its stack.",
    severity=Severity.MEDIUM,
    enforcement=EnforcementLevel.ADVISORY,
    control="CM-2",
    specification="Baseline configuration: what is in force is what was agreed on.",
    remediation="Bring the stack's deletion policy up to date with the pack's, then run `pulumi up`.",
)


@dataclass
class Changes:
    """How recorded rules differ from the pack's."""

    looser: list[str] = field(default_factory=list)
    stricter: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = (("looser", self.looser), ("stricter", self.stricter), ("different", self.other))
        return "; ".join(f"{word}: {', '.join(changes)}" for word, changes in parts if changes)


def judge(case: Case) -> Iterable[Finding]:
    """Tell in what the recorded rules differ.

    Args:
        case: An owned cluster.

    Returns:
        At most one finding. Rules that cannot be read are another policy's to report.
    """
    recorded = recorded_in(case.subject)
    ours = case.standing.environment
    if recorded.environment is None or digest(recorded.environment) == digest(ours):
        return
    place = ours.skip_place or ours.place
    yield Finding(
        what=(
            f"{capital(case.subject.called)} has other rules recorded than the pack has for "
            f"{case.standing.called}: {compare(recorded.environment, ours)}."
        ),
        rule=f"{place}: what the pack has for {case.standing.called}",
        destroy=(
            f"goes by the recorded rules ({recorded.environment.place}), or stricter ones that the stack's "
            "file has by then"
        ),
        fix=(
            f"bring {recorded.source or 'the deletion policy of the stack'} up to date with {place.source}, "
            "then run `pulumi up`"
        ),
    )


def compare(recorded: Environment, ours: Environment) -> Changes:
    """Say in what rules differ.

    Args:
        recorded: The rules of the stack.
        ours: The rules of the pack.

    Returns:
        What is looser, what is stricter, and what is neither.
    """
    changes = Changes()
    if recorded.name != ours.name:
        changes.other.append(f"environment {recorded.name or 'unmatched'}, not {ours.name or 'unmatched'}")
    _compare_skip(recorded, ours, changes)
    kept, due = recorded.final_snapshot.retention_days, ours.final_snapshot.retention_days
    if kept != due:
        shorter = kept != FOREVER and (due == FOREVER or kept < due)
        text = f"final snapshot {describe_retention(kept)}, not {describe_retention(due)}"
        (changes.looser if shorter else changes.stricter).append(text)
    if recorded.wait.timeout_hours != ours.wait.timeout_hours:
        text = f"waits {recorded.wait.timeout_hours:g} hours, not {ours.wait.timeout_hours:g}"
        shorter = recorded.wait.timeout_hours < ours.wait.timeout_hours
        (changes.looser if shorter else changes.stricter).append(text)
    if recorded.wait.poll_seconds != ours.wait.poll_seconds:
        changes.other.append(f"polls every {recorded.wait.poll_seconds:g} s, not {ours.wait.poll_seconds:g}")
    if recorded.final_snapshot.name != ours.final_snapshot.name:
        changes.other.append(f"name {recorded.final_snapshot.name}, not {ours.final_snapshot.name}")
    if recorded.final_snapshot.tags != ours.final_snapshot.tags:
        mine, theirs = dict(recorded.final_snapshot.tags), dict(ours.final_snapshot.tags)
        keys = sorted(key for key in {*mine, *theirs} if mine.get(key) != theirs.get(key))
        changes.other.append(f"snapshot tags {', '.join(keys)}")
    if recorded.receipts != ours.receipts:
        changes.other.append(f"receipts in {recorded.receipts}, not {ours.receipts}")
    return changes


def _compare_skip(recorded: Environment, ours: Environment, changes: Changes) -> None:
    mine = {(rule.when, rule.because) for rule in recorded.skip}
    theirs = {(rule.when, rule.because) for rule in ours.skip}
    changes.looser.extend(
        f'may skip, "{rule.because}" ({rule.place})'
        for rule in recorded.skip
        if (rule.when, rule.because) not in theirs
    )
    changes.stricter.extend(
        f'does not skip, "{rule.because}" ({rule.place})'
        for rule in ours.skip
        if (rule.when, rule.because) not in mine
    )
    if mine == theirs and [rule.when for rule in recorded.skip] != [rule.when for rule in ours.skip]:
        changes.other.append("skip rules in another order")


RULE: Final = Rule(about=ABOUT, kinds=frozenset({OwningProvider.OWNED}), judge=judge)
