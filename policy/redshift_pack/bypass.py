"""redshift-teardown-not-bypassed: resource options that keep the engine from calling delete at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.rule import About, Case, Rule
from redshift_pack.subject import Kind
from redshift_pack.words import capital, doubted, settle

if TYPE_CHECKING:
    from collections.abc import Iterable

ABOUT: Final = About(
    name="redshift-teardown-not-bypassed",
    title="The teardown of a production cluster is not bypassed",
    description="Nothing keeps `pulumi destroy` from running the teardown of a production cluster.",
    severity=Severity.CRITICAL,
    enforcement=EnforcementLevel.MANDATORY,
    control="CP-9",
    specification="System backup: the backup is taken by the process that is meant to take it.",
    remediation="Remove retain_on_delete and deleted_with from the cluster's options, then run `pulumi up`.",
)

_ANY: Final = "retain_on_delete or deleted_with (which one is not known yet)"
_DESTROY: Final = {
    "retain_on_delete": (
        "forgets the cluster and leaves it running: no final snapshot, no owner, and a bill that goes on"
    ),
    "deleted_with": (
        "forgets the cluster, taking it to go with another resource: no final snapshot is taken"
    ),
}


def judge(case: Case) -> Iterable[Finding]:
    """Object to each recorded option that makes the engine skip delete.

    The SDK shows a policy neither option, so the cluster records them in its inputs.

    Args:
        case: An owned cluster.

    Returns:
        One finding for each option.
    """
    recorded = case.subject.props.get("bypass")
    if not case.standing.may_be_production or recorded is None:
        return
    options = recorded if isinstance(recorded, list) else [recorded]
    for option in options:
        name = option if isinstance(option, str) else _ANY
        yield Finding(
            what=(
                f"{capital(case.subject.called)} has the resource option {name}, with which Pulumi never "
                f"calls its delete{doubted(case.standing)}."
            ),
            rule=case.standing.rule,
            destroy=_DESTROY.get(str(option), "does not run the teardown"),
            fix=settle(
                f"remove {name} from the cluster's ResourceOptions, and from transformations that set it;\n"
                "then run `pulumi up`",
                case.standing,
            ),
        )


RULE: Final = Rule(about=ABOUT, kinds=frozenset({Kind.OWNED}), judge=judge)
