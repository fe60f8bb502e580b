"""redshift-aws-cluster-final-snapshot: a aws.redshift.Cluster without a final snapshot, or a name for it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.rule import About, Case, Member, Rule, StackRule
from redshift_pack.subject import AWS_TYPE, TERRAFORM_TYPE, OwningProvider
from redshift_pack.values import UNKNOWN, plain_properties, text
from redshift_pack.words import capital, doubted, settle
from redshift_teardown.deletion_policy import Facts, snapshot_name
from redshift_teardown.engine.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pulumi_policy import PolicyResource

ABOUT: Final = About(
    name="redshift-aws-cluster-final-snapshot",
    title="A production cluster of the aws provider leaves a final snapshot",
    description=(
        "An aws.redshift.Cluster of a production stack has skip_final_snapshot false and a "
        "final_snapshot_identifier."
    ),
    severity=Severity.CRITICAL,
    enforcement=EnforcementLevel.MANDATORY,
    control="CP-9",
    specification="System backup: the last state of user-level information is kept.",
    remediation=(
        "Set skip_final_snapshot to False and give a final_snapshot_identifier, or let the deletion policy "
        "do both: redshift_teardown.Cluster takes the same arguments."
    ),
)

NAME_ABOUT: Final = About(
    name="redshift-aws-final-snapshot-name-free",
    title="The final snapshot's name is free",
    description=(
        "The final_snapshot_identifier of a production aws.redshift.Cluster is used by nothing else in its "
        "stack."
    ),
    severity=Severity.HIGH,
    enforcement=EnforcementLevel.MANDATORY,
    control="CP-9",
    specification="System backup: the backup can be taken when it is due.",
    remediation=(
        "Give each cluster a final_snapshot_identifier of its own, or use redshift_teardown.Cluster, which "
        "takes the next free name."
    ),
)

_SNAPSHOT_TYPES: Final = frozenset(
    {
        "aws:redshift/clusterSnapshot:ClusterSnapshot",
        "aws:index/redshiftClusterSnapshot:RedshiftClusterSnapshot",
    }
)
_HALF: Final = "; the cluster stays, but others of the stack may be gone by then"
_FINAL: Final = "leaves its final snapshot under that name, too"
_TEMPLATE: Final = "{project}-{stack}-{cluster}-final"
_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)

# The engine deletes by the state, which holds what the last `up` recorded.
_ALONE: Final = (
    ",\nand run `pulumi up` with that alone first: what it also replaces or removes goes by the old value"
)
_MOVE: Final = (
    "or move to redshift_teardown.Cluster (same arguments), which leaves its snapshot by the policy, under\n"
    "a name that is free: `pulumi state delete` the old resource first, then declare the new one with\n"
    "`adopt_existing=True`"
)


def judge(case: Case) -> Iterable[Finding]:
    """Object to a skipped final snapshot, and to one that has no name and so cannot be taken.

    Args:
        case: A cluster of the aws provider.

    Returns:
        At most one finding: a name is asked for only once a snapshot is.
    """
    if not case.standing.may_be_production:
        return
    props = case.subject.props
    skip, identifier = props.get("skipFinalSnapshot"), props.get("finalSnapshotIdentifier")
    named = identifier is UNKNOWN or text(identifier) is not None
    name = "" if named else f' and final_snapshot_identifier="{_suggested(case)}"'
    called = capital(case.subject.called)
    if skip is not None and skip is not False:
        if skip is True:
            what = "has skip_final_snapshot true"
            destroy = "deletes the cluster and its automated snapshots, and leaves no final snapshot"
        elif skip is UNKNOWN:
            what = "may have skip_final_snapshot true: its value is not known yet"
            destroy = "deletes the cluster without a final snapshot, should the value turn out true"
        else:
            what = f"has a skip_final_snapshot that is neither true nor false: {skip!r}"
            destroy = "does what the provider makes of that value"
        yield Finding(
            what=f"{called} {what}{doubted(case.standing)}.",
            rule=case.standing.rule,
            destroy=destroy,
            fix=settle(f"set skip_final_snapshot=False{name}{_ALONE};\n{_MOVE}", case.standing),
        )
    elif not named:
        yield Finding(
            what=f"{called} is to leave a final snapshot, but has no final_snapshot_identifier.",
            rule=case.standing.rule,
            destroy=f"fails, since AWS takes no final snapshot without a name{_HALF}",
            fix=settle(f'set final_snapshot_identifier="{_suggested(case)}",\n{_MOVE}', case.standing),
        )


def remedy(case: Case) -> Mapping[str, object]:
    """Turn skipping off, and give the snapshot a name where it has none, since destroy would fail without.

    Args:
        case: A cluster of the aws provider.

    Returns:
        The properties to set.
    """
    props = case.subject.props
    if not case.standing.may_be_production or props.get("skipFinalSnapshot") in (None, False):
        return {}
    changes: dict[str, object] = {"skipFinalSnapshot": False}
    identifier = props.get("finalSnapshotIdentifier")
    if identifier is not UNKNOWN and text(identifier) is None:
        changes["finalSnapshotIdentifier"] = _suggested(case)
    return changes


def judge_names(
    members: Sequence[Member], stack: Sequence[PolicyResource]
) -> Iterable[tuple[Member, Finding]]:
    """Object to a final snapshot whose name something else in the stack has, or will have.

    Args:
        members: The clusters of the aws provider.
        stack: All resources of the stack.

    Returns:
        One finding for each cluster whose name is not its own.
    """
    uses: dict[str, list[tuple[str, str]]] = {}
    for resource in stack:
        for name, use in _uses(resource):
            # AWS does not tell upper from lower case in a snapshot identifier.
            uses.setdefault(name.lower(), []).append((use, resource.urn))
    for member in members:
        case = member.case
        wanted = text(case.subject.props.get("finalSnapshotIdentifier"))
        if wanted is None or not case.standing.may_be_production:
            continue
        own = (_FINAL, case.subject.urn.text)
        others = [use for use in uses[wanted.lower()] if use != own]
        if case.subject.props.get("skipFinalSnapshot") is True or not others:
            continue
        use, urn = others[0]
        whose = "it" if urn == case.subject.urn.text else Urn.parse(urn).name
        yield (
            member,
            Finding(
                what=(
                    f'{capital(case.subject.called)} is to leave the final snapshot "{wanted}", '
                    f"but {whose} {use}{doubted(case.standing)}."
                ),
                rule=case.standing.rule,
                destroy=f"fails with ClusterSnapshotAlreadyExists{_HALF}",
                fix=settle(
                    f'set another name, such as final_snapshot_identifier="{_suggested(case)}",\n{_MOVE}',
                    case.standing,
                ),
            ),
        )


def _uses(resource: PolicyResource) -> Iterable[tuple[str, str]]:
    """Return the snapshot identifiers that a resource names, each with the words for how."""
    if resource.resource_type not in {AWS_TYPE, TERRAFORM_TYPE, *_SNAPSHOT_TYPES}:
        return
    props = plain_properties(resource.props)
    made = "makes a snapshot of that name" if resource.resource_type in _SNAPSHOT_TYPES else "comes from it"
    for key, use in (("snapshotIdentifier", made), ("finalSnapshotIdentifier", _FINAL)):
        name = text(props.get(key))
        if name is not None:
            yield name, use


def _suggested(case: Case) -> str:
    """Return a name that is valid, tells where it comes from, and is the same at every preview."""
    props, urn = case.subject.props, case.subject.urn
    facts = Facts(
        project=urn.project,
        stack=urn.stack,
        resource=urn.name,
        identifier=text(props.get("clusterIdentifier")) or urn.name,
    )
    return snapshot_name(_TEMPLATE, facts, environment=case.standing.environment.name, at=_NO_TIME)


RULE: Final = Rule(
    about=ABOUT, kinds=frozenset({OwningProvider.AWS}), judge=judge, remedy=remedy, reports_file=True
)
NAME_RULE: Final = StackRule(about=NAME_ABOUT, kinds=frozenset({OwningProvider.AWS}), judge=judge_names)
