"""redshift-automated-snapshots: a production cluster of which AWS takes no snapshots while it lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.rule import About, Case, Rule
from redshift_pack.subject import OwningProvider
from redshift_pack.words import capital

if TYPE_CHECKING:
    from collections.abc import Iterable

ABOUT: Final = About(
    name="redshift-automated-snapshots",
    title="A production cluster has automated snapshots",
    description="A Redshift cluster of a production stack keeps automated snapshots for at least a day.",
    severity=Severity.MEDIUM,
    enforcement=EnforcementLevel.ADVISORY,
    control="CP-9",
    specification=(
        "System backup. AWS Security Hub Redshift.3: Redshift clusters have automatic snapshots enabled."
    ),
    remediation="Set automated_snapshot_retention_period to 7 (Security Hub asks for that), or leave it out.",
)

_PROPERTY: Final = {
    OwningProvider.OWNED: "automated_snapshot_retention_period",
    OwningProvider.AWS: "automatedSnapshotRetentionPeriod",
    OwningProvider.NATIVE: "automatedSnapshotRetentionPeriod",
}


def judge(case: Case) -> Iterable[Finding]:
    """Advise automated snapshots where they are turned off.

    Args:
        case: A cluster.

    Returns:
        One finding where the retention is zero.
    """
    days = case.subject.props.get(_PROPERTY[case.subject.kind])
    if case.standing.production is True and isinstance(days, int | float) and days == 0:
        yield Finding(
            what=f"{capital(case.subject.called)} has automated snapshots turned off: their retention is 0.",
            rule=case.standing.rule,
            destroy="has only the final snapshot to keep; nothing helps if the cluster is lost before",
            fix="set automated_snapshot_retention_period=7, or leave it out (AWS then keeps them one day)",
        )


RULE: Final = Rule(about=ABOUT, kinds=frozenset(OwningProvider), judge=judge)
