"""redshift-native-cluster-final-snapshot: a cluster of a provider that cannot take final snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.rule import About, Case, Rule
from redshift_pack.subject import OwningProvider
from redshift_pack.words import capital, doubted, settle

if TYPE_CHECKING:
    from collections.abc import Iterable

ABOUT: Final = About(
    name="redshift-native-cluster-final-snapshot",
    title="A production cluster is not left to aws-native",
    description=(
        "A Redshift cluster of a production stack is no aws_native.redshift.Cluster, which leaves no final "
        "snapshot."
    ),
    severity=Severity.CRITICAL,
    enforcement=EnforcementLevel.MANDATORY,
    control="CP-9",
    specification="System backup: the last state of user-level information is kept.",
    remediation=(
        "Let redshift_teardown.Cluster own the cluster: `pulumi state delete` the old resource, then declare "
        "the new one with adopt_existing=True."
    ),
)


def judge(case: Case) -> Iterable[Finding]:
    """Object to the cluster as such: nothing that can be set on it makes it leave a final snapshot.

    Args:
        case: A cluster of the aws-native provider.

    Returns:
        One finding, in production.
    """
    if case.standing.may_be_production:
        yield Finding(
            what=(
                f"{capital(case.subject.called)} is an aws_native.redshift.Cluster, which has no final "
                f"snapshot to ask for{doubted(case.standing)}."
            ),
            rule=case.standing.rule,
            destroy="deletes the cluster and its automated snapshots, and leaves no final snapshot",
            fix=settle(
                "take it out of the stack without touching it (`pulumi state delete` and the URN), then\n"
                "declare it as redshift_teardown.Cluster with the same cluster_identifier and\n"
                "`adopt_existing=True`",
                case.standing,
            ),
        )


RULE: Final = Rule(about=ABOUT, kinds=frozenset({OwningProvider.NATIVE}), judge=judge, reports_file=True)
