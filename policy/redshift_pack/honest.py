"""redshift-environment-honest: a stack that claims to be something else than the pack's file says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.recorded import recorded_in
from redshift_pack.rule import About, Case, Rule
from redshift_pack.standing import standing_of
from redshift_pack.subject import OwningProvider
from redshift_pack.values import mapping, text
from redshift_pack.words import capital, doubted
from redshift_teardown.engine.urn import Urn, UrnError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RECORD: Final = "run `pulumi up`, so that the rules of this stack are recorded"
DEFAULT_TAGS: Final = ("environment", "env", "stage")

ABOUT: Final = About(
    name="redshift-environment-honest",
    title="A stack is the environment it claims to be",
    description=(
        "The environment that a stack claims is the one that the pack's deletion policy gives to its name, "
        "its account and its tags."
    ),
    severity=Severity.HIGH,
    enforcement=EnforcementLevel.MANDATORY,
    control="CM-3",
    specification="Configuration change control: rules are changed where they are reviewed.",
    remediation=(
        "Let the stack's deletion policy and configuration say what the pack's file says, or change the "
        "pack's file; run `pulumi up` after a stack was renamed."
    ),
    settings={
        "environmentTags": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "default": list(DEFAULT_TAGS),
            "description": "Keys of tags that name an environment, in any case, on clusters and stacks.",
        }
    },
)

_TAGS: Final = {OwningProvider.OWNED: "tags", OwningProvider.AWS: "tags", OwningProvider.NATIVE: "tags"}


def judge(case: Case) -> Iterable[Finding]:
    """Object to a recorded URN, environment or tag that contradicts the pack's own verdict.

    Only contradictions that could cost data are findings: a stack that claims to be stricter than it must be
    is left alone.

    Args:
        case: A cluster.

    Returns:
        At most one finding for each kind of claim.
    """
    yield from _recorded_urn(case)
    yield from _recorded_environment(case)
    yield from _tags(case)


def _recorded_urn(case: Case) -> Iterable[Finding]:
    subject = case.subject
    claimed = text(subject.props.get("urn"))
    if subject.kind is not OwningProvider.OWNED or claimed is None or claimed == subject.urn.text:
        return
    try:
        old = Urn.parse(claimed)
    except UrnError:
        stack, production, fled = claimed, True, False
    else:
        stack = old.stack
        # The rules recorded are those of the old name; either name may be production's.
        was = standing_of(case.policy, case.settings, stack=old.stack, account=case.account)
        production = was.may_be_production or case.standing.may_be_production
        fled = was.may_be_production and not case.standing.may_be_production
    if production:
        yield Finding(
            what=(
                f"{capital(subject.called)} is in stack {subject.urn.stack}, but its rules were recorded "
                f"under another URN: {claimed}."
            ),
            rule=case.standing.rule,
            destroy=f"goes by the rules that were recorded for stack {stack}",
            fix=(
                f"`pulumi stack rename {stack}`; if its data may go, change the policy under that name, run "
                "`pulumi up`, and rename then"
                if fled
                else _RECORD
            ),
        )


def _recorded_environment(case: Case) -> Iterable[Finding]:
    recorded, standing = recorded_in(case.subject), case.standing
    rules = recorded.environment
    if (
        case.subject.kind is not OwningProvider.OWNED
        or standing.production is not True
        or rules is None
        or rules.protected
        or recorded.name == standing.environment.name
    ):
        return
    verdict = standing.environment.name or "production by the defaults"
    yield Finding(
        what=f"{capital(case.subject.called)} claims environment {recorded.name}, but is {verdict}.",
        rule=standing.rule,
        destroy=f"goes by the rules recorded for {recorded.name} ({rules.place})",
        fix=(
            f"make {recorded.source or 'the deletion policy of the stack'} and redshift-teardown:environment "
            f"agree with the pack's file,\nthen run `pulumi up`; or, if this is not production, {_say(case)}"
        ),
    )


def _tags(case: Case) -> Iterable[Finding]:
    if case.standing.production is True:
        return
    for source, key, value in _tags_of(case):
        protected = next(
            (
                environment
                for environment in case.policy.environments
                if environment.protected
                and value.casefold()
                in {environment.name.casefold(), *(stack.casefold() for stack in environment.stacks)}
            ),
            None,
        )
        if protected is not None:
            yield Finding(
                what=(
                    f"{capital(case.subject.called)} is tagged {key}={value}{source}, but its stack is "
                    f"{case.standing.environment.name}{doubted(case.standing)}."
                ),
                rule=f"{protected.place}: environment {protected.name} is protected",
                destroy=f"goes by the rules of {case.standing.environment.name}, which may skip",
                fix=(
                    f"correct the tag if this is {case.standing.environment.name}; else claim stack "
                    f"{case.subject.urn.stack} for {protected.name} at {protected.place}"
                ),
            )
            return


def _tags_of(case: Case) -> Iterable[tuple[str, str, str]]:
    """Return the tags that name an environment, those of the cluster first."""
    wanted = case.settings.own.get("environmentTags", DEFAULT_TAGS)
    keys = {str(key).casefold() for key in wanted} if isinstance(wanted, list | tuple) else set()
    for source, tags in (("", _cluster_tags(case)), (" (a tag of the stack)", case.stack_tags)):
        for key, value in tags.items():
            if key.casefold() in keys and isinstance(value, str):
                yield source, key, value


def _cluster_tags(case: Case) -> Mapping[str, object]:
    props = case.subject.props
    tags = props.get("tags")
    if isinstance(tags, list):
        # aws-native has CloudFormation's form: a list of keys and values.
        pairs = [mapping(tag) for tag in tags]
        return {str(pair.get("key")): pair.get("value") for pair in pairs}
    # AWS's own, the stack's default tags and the cluster's: whoever adopts a cluster takes its tags along.
    everything = mapping(props.get("tags_all")), mapping(props.get("tagsAll"))
    return {
        key: value
        for each in (*everything, mapping(case.recorded_facts.get("tags")), mapping(tags))
        for key, value in each.items()
    }


def _say(case: Case) -> str:
    if case.standing.claim:
        return f"say so there:\n{case.standing.claim}"
    return f"take it out of environment {case.standing.environment.name} there"


RULE: Final = Rule(about=ABOUT, kinds=frozenset(OwningProvider), judge=judge)
