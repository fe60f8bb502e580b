"""redshift-production-protected: a production cluster that one `pulumi destroy` takes away."""

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
    name="redshift-production-protected",
    title="A production cluster is protected",
    description="A Redshift cluster of a production stack has the resource option `protect`.",
    severity=Severity.MEDIUM,
    enforcement=EnforcementLevel.ADVISORY,
    control="CM-5",
    specification="Access restrictions for change: destroying production takes a deliberate step.",
    remediation="Give the cluster ResourceOptions(protect=True).",
)


def judge(case: Case) -> Iterable[Finding]:
    """Advise `protect` where it is certain that the stack is production.

    Args:
        case: A cluster.

    Returns:
        One finding where `protect` is not set.
    """
    if case.standing.production is True and not case.subject.protect:
        yield Finding(
            what=f"{capital(case.subject.called)} is not protected.",
            rule=case.standing.rule,
            destroy="deletes it under the rules in force then",
            fix="give it `opts=pulumi.ResourceOptions(protect=True)`; `pulumi state unprotect` undoes it",
        )


RULE: Final = Rule(about=ABOUT, kinds=frozenset(OwningProvider), judge=judge)
