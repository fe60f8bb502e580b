"""redshift-final-snapshot-retention: a final snapshot that is kept too short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.recorded import recorded_in
from redshift_pack.rule import About, Case, Rule
from redshift_pack.subject import OwningProvider
from redshift_pack.words import capital, doubted, settle
from redshift_teardown.deletion_policy import FOREVER, describe_retention

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_MINIMUM: Final = 35

ABOUT: Final = About(
    name="redshift-final-snapshot-retention",
    title="A production cluster's final snapshot is kept long enough",
    description="The final snapshot of a production cluster is kept at least as long as the pack demands.",
    severity=Severity.HIGH,
    enforcement=EnforcementLevel.MANDATORY,
    control="SI-12",
    specification="Information management and retention: information is kept as long as rules demand.",
    remediation="Raise final_snapshot.retention_days in the stack's deletion policy, then run `pulumi up`.",
    settings={
        "minimumDays": {
            "type": "integer",
            "anyOf": [{"enum": [FOREVER]}, {"minimum": 1, "maximum": 3653}],
            "default": DEFAULT_MINIMUM,
            "description": "The days a final snapshot must be kept at least; -1 forever.",
        }
    },
)


def judge(case: Case) -> Iterable[Finding]:
    """Object to recorded rules that keep the final snapshot shorter than the minimum.

    Args:
        case: An owned cluster.

    Returns:
        At most one finding. Rules that cannot be read are another policy's to report.
    """
    recorded = recorded_in(case.subject).environment
    if not case.standing.may_be_production or recorded is None:
        return
    minimum = int(str(case.settings.own.get("minimumDays", DEFAULT_MINIMUM)).partition(".")[0])
    kept = recorded.final_snapshot.retention_days
    if kept == FOREVER or (minimum != FOREVER and kept >= minimum):
        return
    word = "forever" if minimum == FOREVER else str(minimum)
    demand = "forever" if minimum == FOREVER else f"at least {minimum} days"
    yield Finding(
        what=(
            f"{capital(case.subject.called)} leaves a final snapshot that is "
            f"{describe_retention(kept)}; the pack demands {demand}"
            f"{doubted(case.standing)}."
        ),
        rule=case.standing.rule,
        destroy=f"takes a final snapshot that AWS deletes after {kept} {'day' if kept == 1 else 'days'}",
        fix=settle(
            f"write `retention_days: {word}` at {recorded.final_snapshot.place}, then run `pulumi up`",
            case.standing,
        ),
    )


RULE: Final = Rule(about=ABOUT, kinds=frozenset({OwningProvider.OWNED}), judge=judge)
