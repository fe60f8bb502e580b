"""redshift-snapshot-key-outlives-stack: a KMS key that is destroyed with the cluster it encrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.rule import About, Member, StackRule
from redshift_pack.subject import OwningProvider
from redshift_pack.values import plain_properties, text
from redshift_pack.words import capital, doubted, settle
from redshift_teardown.engine.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pulumi_policy import PolicyResource

ABOUT: Final = About(
    name="redshift-snapshot-key-outlives-stack",
    title="The key of a production snapshot outlives its stack",
    description="The KMS key of a production cluster is not destroyed together with the cluster.",
    severity=Severity.CRITICAL,
    enforcement=EnforcementLevel.MANDATORY,
    control="SC-12",
    specification=(
        "Cryptographic key establishment and management: information stays available when keys are lost. "
        "AWS Security Hub KMS.3: keys are not deleted unintentionally."
    ),
    remediation=(
        "Protect the key with ResourceOptions(protect=True, retain_on_delete=True), or keep it in a stack "
        "that is not destroyed with the cluster."
    ),
)

_KEY_TYPES: Final = frozenset(
    {
        "aws:kms/key:Key",
        "aws:kms/externalKey:ExternalKey",
        "aws:kms/replicaKey:ReplicaKey",
        "aws:index/kmsKey:KmsKey",
        "aws:index/kmsExternalKey:KmsExternalKey",
        "aws:index/kmsReplicaKey:KmsReplicaKey",
        "aws-native:kms:Key",
    }
)
_KMS: Final = ("aws:kms/", "aws:index/kms", "aws-native:kms:")
_PROPERTY: Final = {
    OwningProvider.OWNED: "kms_key_id",
    OwningProvider.AWS: "kmsKeyId",
    OwningProvider.NATIVE: "kmsKeyId",
}
# A key is named by its ARN or its id; an id at preview is not known, and then the dependency tells.
_NAMES: Final = ("arn", "keyId")


def judge(members: Sequence[Member], stack: Sequence[PolicyResource]) -> Iterable[tuple[Member, Finding]]:
    """Object to a cluster encrypted with a key of its own stack that is not protected.

    Whether a key has `retain_on_delete` is not shown to policies; `protect` is, and it alone keeps the key.

    Args:
        members: The clusters.
        stack: All resources of the stack.

    Returns:
        One finding for each such key.
    """
    by_name: dict[str, PolicyResource] = {}
    for resource in stack:
        if resource.resource_type in _KEY_TYPES:
            props = plain_properties(resource.props)
            by_name.update({name: resource for key in _NAMES if (name := text(props.get(key)))})
    for member in members:
        if member.case.standing.may_be_production:
            for key in _keys_of(member, by_name):
                if not key.opts.protect:
                    yield member, _finding(member, key)


def _keys_of(member: Member, by_name: dict[str, PolicyResource]) -> list[PolicyResource]:
    """Find the keys of the stack that a cluster is encrypted with: by what it depends on, and by name."""
    prop = _PROPERTY[member.case.subject.kind]
    found: dict[str, PolicyResource] = {}
    named = by_name.get(text(member.case.subject.props.get(prop)) or "")
    if named is not None:
        found[named.urn] = named
    # The property may hang on an alias, which hangs on its key.
    waiting = list(member.resource.property_dependencies.get(prop, []))
    seen: set[str] = set()
    while waiting:
        resource = waiting.pop()
        if resource.urn in seen or not resource.resource_type.startswith(_KMS):
            continue
        seen.add(resource.urn)
        if resource.resource_type in _KEY_TYPES:
            found[resource.urn] = resource
        else:
            waiting.extend(resource.dependencies)
            waiting.extend(other for others in resource.property_dependencies.values() for other in others)
    return [found[urn] for urn in sorted(found)]


def _finding(member: Member, key: PolicyResource) -> Finding:
    subject, standing = member.case.subject, member.case.standing
    name = Urn.parse(key.urn).name
    return Finding(
        what=(
            f'{capital(subject.called)} is encrypted with the KMS key "{name}" of the same stack, which '
            f"is not protected{doubted(standing)}."
        ),
        rule=standing.rule,
        destroy=(
            "schedules the key for deletion after the cluster; once it is gone, nobody can read the final "
            "snapshot, AWS included"
        ),
        fix=settle(
            f"give {name} `opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True)`, and destroy\n"
            "the stack with `pulumi destroy --exclude-protected`",
            standing,
        ),
    )


RULE: Final = StackRule(about=ABOUT, kinds=frozenset(OwningProvider), judge=judge)
