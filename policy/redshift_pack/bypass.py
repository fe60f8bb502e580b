"""redshift-teardown-not-bypassed: resource options that go round delete, or round what is asked before it."""

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
    name="redshift-teardown-not-bypassed",
    title="The teardown of a production cluster is not bypassed",
    description="Nothing keeps `pulumi destroy` from running the teardown of a production cluster.",
    severity=Severity.CRITICAL,
    enforcement=EnforcementLevel.MANDATORY,
    control="CP-9",
    specification="System backup: the backup is taken by the process that is meant to take it.",
    remediation=(
        "Remove retain_on_delete, deleted_with and replace_with from the cluster's options, then run "
        "`pulumi up`."
    ),
)

_ANY: Final = "retain_on_delete or deleted_with (which one is not known yet)"
_DESTROY: Final = {
    "retain_on_delete": (
        "forgets the cluster and leaves it running: no final snapshot, no owner, and a bill that goes on"
    ),
    "deleted_with": (
        "forgets the cluster, taking it to go with another resource: no final snapshot is taken"
    ),
    "replace_with": (
        "while another resource is replaced: deletes the cluster before anybody asks whether its data comes "
        "back"
    ),
}
_WITH: Final = {
    "replace_with": "with which Pulumi deletes it together with another resource, and asks nobody before"
}
_ALONE: Final = {"replace_with": "then run an `up` that changes nothing else, since Pulumi goes by the state"}


def judge(case: Case) -> Iterable[Finding]:
    """Object to each recorded option that goes round the teardown, or round what is asked before it.

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
                f"{capital(case.subject.called)} has the resource option {name}, "
                f"{_WITH.get(name, 'with which Pulumi never calls its delete')}{doubted(case.standing)}."
            ),
            rule=case.standing.rule,
            destroy=_DESTROY.get(str(option), "does not run the teardown"),
            fix=settle(
                f"remove {name} from the cluster's ResourceOptions, and from transformations that set it;\n"
                f"{_ALONE.get(name, 'then run `pulumi up`')}",
                case.standing,
            ),
        )


RULE: Final = Rule(about=ABOUT, kinds=frozenset({OwningProvider.OWNED}), judge=judge)
