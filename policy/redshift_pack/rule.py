"""A policy of the pack: what it says about itself, how it judges, and how the policy SDK gets to run it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pulumi_policy as sdk
from pulumi_policy import PolicyResource

from redshift_pack.finding import Finding
from redshift_pack.settings import COMMON, PackSettings, SettingsError, problems_of
from redshift_pack.standing import Standing, policy_of, standing_of
from redshift_pack.subject import OwningProvider, Subject, subject_of
from redshift_pack.values import mapping
from redshift_teardown.deletion_policy import Facts, Policy, PolicyError, facts_of

if TYPE_CHECKING:
    from types import FrameType

PAGES: Final = "docs/policies"
"""Where the page of each policy is, from the root of the repository."""

NIST: Final = "NIST SP 800-53"
NIST_VERSION: Final = "Rev. 5"


@dataclass(frozen=True)
class Case:
    """One cluster with all that a policy needs to judge it.

    Attributes:
        subject: The cluster.
        standing: Whether it is production.
        policy: The pack's deletion policy.
        settings: The configuration of the policy that judges.
        stack_tags: Tags of the stack, where the backend keeps any.
    """

    subject: Subject
    standing: Standing
    policy: Policy
    settings: PackSettings
    stack_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str | None:
        """The cluster's AWS account, or what the configuration says it is."""
        return self.subject.account or self.settings.account

    @property
    def recorded_facts(self) -> Mapping[str, object]:
        """What an owned cluster records of its arguments, beside the rules."""
        return mapping(mapping(self.subject.props.get("policy")).get("facts"))

    @property
    def facts(self) -> Facts:
        """The facts of an owned cluster, by which its deletion is decided. No clock: a preview has none.

        They are those that the cluster records and a destroy goes by, the stack's default tags among them.
        """
        return facts_of(
            {**self.subject.props, **self.recorded_facts},
            project=self.subject.urn.project,
            stack=self.subject.urn.stack,
            resource=self.subject.urn.name,
            account=self.account,
        )


@dataclass(frozen=True)
class About:
    """What a policy says about itself.

    Attributes:
        name: Its identifier, in kebab case.
        title: Its name for people.
        description: The rule, in one sentence; Pulumi prints it above every finding.
        severity: How bad it is to break it.
        enforcement: What the engine does about a finding unless configured otherwise.
        control: The control of NIST SP 800-53 that it serves.
        specification: What that control asks for, and related controls of AWS Security Hub.
        remediation: What to do about a finding, in general; each finding gives the exact change.
        settings: JSON Schema of the settings that only this policy takes.
    """

    name: str
    title: str
    description: str
    severity: sdk.Severity
    enforcement: sdk.EnforcementLevel
    control: str
    specification: str
    remediation: str
    settings: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Return what the SDK's policy classes take."""
        return {
            "name": self.name,
            "display_name": self.title,
            "description": self.description,
            "severity": self.severity,
            "enforcement_level": self.enforcement,
            "framework": sdk.PolicyComplianceFramework(
                name=NIST, version=NIST_VERSION, reference=self.control, specification=self.specification
            ),
            "remediation_steps": self.remediation,
            "url": f"{PAGES}/{self.name}.md",
            "tags": ["redshift", "data-protection"],
            "config_schema": sdk.PolicyConfigSchema(properties={**COMMON, **self.settings}),
        }


Judge = Callable[[Case], Iterable[Finding]]
"""Judges one cluster: pure, and told everything."""

Remedy = Callable[[Case], Mapping[str, object]]
"""Gives the properties to set on a cluster so that a finding goes away; empty where there is none to set."""


@dataclass(frozen=True)
class Member:
    """One cluster among the resources of its stack.

    Attributes:
        case: The cluster.
        resource: The same as the SDK gives it, with what it depends on.
    """

    case: Case
    resource: PolicyResource


StackJudge = Callable[[Sequence[Member], Sequence[PolicyResource]], Iterable[tuple[Member, Finding]]]
"""Judges the clusters of a stack, given all of its resources."""


@dataclass(frozen=True)
class Rule:
    """A policy that judges clusters one at a time, before anything is done to them.

    Attributes:
        about: What it says about itself.
        kinds: The clusters it judges.
        judge: How.
        remedy: What it sets where it is configured to `remediate`.
        reports_file: Whether it shows the whole report on a deletion policy that cannot be read; the others
            give only the first problem, so that the report is not printed once for each policy.
    """

    about: About
    kinds: frozenset[OwningProvider]
    judge: Judge
    remedy: Remedy | None = None
    reports_file: bool = False

    def policy(self) -> sdk.Policy:
        """Make the SDK's policy of it."""
        return sdk.ResourceValidationPolicy(
            **self.about.arguments(),
            validate=self._validate,
            remediate=self._remediate if self.remedy else None,
        )

    def _validate(self, args: sdk.ResourceValidationArgs, report: sdk.ReportViolation) -> None:
        subject = subject_of(args)
        if subject is None or subject.kind not in self.kinds or subject.only_read:
            return
        for problem in _problems_beside() if self.reports_file else ():
            report(_bad_settings(self.about, subject, SettingsError(problem)).render(), args.urn)
        case = case_or_finding(
            self.about, subject, args.get_config(), args.stack_tags, whole=self.reports_file
        )
        if isinstance(case, Case):
            for finding in self.judge(case):
                report(finding.render(), args.urn)
        elif case is not None:
            report(case.render(), args.urn)

    def _remediate(self, args: sdk.ResourceValidationArgs) -> Any:
        subject = subject_of(args)
        if self.remedy is None or subject is None or subject.kind not in self.kinds or subject.only_read:
            return None
        try:
            case = case_of(self.about, subject, args.get_config(), args.stack_tags)
        except (PolicyError, SettingsError):
            # Nothing is changed by rules that cannot be read; `validate` runs next and reports them.
            return None
        changes = self.remedy(case)
        for key, value in changes.items():
            # Set in place, on the SDK's own mapping: it keeps secrets among the other properties secret.
            args.props[key] = value  # type: ignore[index]
        return args.props if changes else None


@dataclass(frozen=True)
class StackRule:
    """A policy that judges clusters among the other resources of their stack.

    Attributes:
        about: What it says about itself.
        kinds: The clusters it judges.
        judge: How.
    """

    about: About
    kinds: frozenset[OwningProvider]
    judge: StackJudge

    def policy(self) -> sdk.Policy:
        """Make the SDK's policy of it."""
        return sdk.StackValidationPolicy(**self.about.arguments(), validate=self._validate)

    def _validate(self, args: sdk.StackValidationArgs, report: sdk.ReportViolation) -> None:
        members: list[Member] = []
        for resource in args.resources:
            subject = subject_of(resource)
            if subject is None or subject.kind not in self.kinds:
                continue
            case = case_or_finding(self.about, subject, args.get_config(), args.stack_tags)
            if isinstance(case, Case):
                members.append(Member(case, resource))
            elif case is not None:
                report(case.render(), resource.urn)
        for member, finding in self.judge(members, args.resources):
            report(finding.render(), member.resource.urn)


def case_or_finding(
    about: About,
    subject: Subject,
    config: Mapping[str, Any],
    stack_tags: Mapping[str, str],
    *,
    whole: bool = False,
) -> Case | Finding | None:
    """Put a cluster together with the pack's rules, or object that this cannot be done.

    A mandatory policy fails closed: a deletion policy or a configuration that cannot be read is a finding. An
    advisory one stays silent on the deletion policy, since the mandatory ones say it.

    Args:
        about: The policy that judges.
        subject: The cluster.
        config: The policy's configuration, as the engine hands it over.
        stack_tags: Tags of the stack.
        whole: Whether to show the whole report on a broken deletion policy, not only its first problem.

    Returns:
        The case, or what there is to object to, or None where it is another policy's to object.
    """
    try:
        return case_of(about, subject, config, stack_tags)
    except SettingsError as error:
        return _bad_settings(about, subject, error)
    except PolicyError as error:
        if about.enforcement is sdk.EnforcementLevel.ADVISORY:
            return None
        return _bad_file(subject, error, whole=whole)


def case_of(about: About, subject: Subject, config: Mapping[str, Any], stack_tags: Mapping[str, str]) -> Case:
    """Put a cluster together with the pack's rules.

    Raises:
        PolicyError: The deletion policy cannot be read.
        SettingsError: The configuration has an unknown setting.
    """
    settings = PackSettings.read(config, own=about.settings)
    policy = policy_of(settings)
    standing = standing_of(
        policy, settings, stack=subject.urn.stack, account=subject.account or settings.account
    )
    return Case(subject, standing, policy, settings, stack_tags)


def _problems_beside() -> list[str]:
    """Find what is wrong with the rest of the configuration: settings of policies that there are not.

    A policy is told its own settings alone. The SDK's server has all of them; where it is not found, nothing
    is said here, and `python -m redshift_pack.state --config` still does.
    """
    from redshift_pack import RULES  # noqa: PLC0415 - it imports this module

    known = {rule.about.name: rule.about.settings for rule in RULES}
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - there is no public way to it
    while frame is not None:
        server = frame.f_locals.get("self")
        config = getattr(server, f"_{type(server).__name__.lstrip('_')}__policy_pack_config", None)
        if isinstance(config, dict):
            strange = {name: settings for name, settings in config.items() if name not in known and settings}
            return list(problems_of(strange, known))
        frame = frame.f_back
    return []


def _bad_settings(about: About, subject: Subject, error: SettingsError) -> Finding:
    return Finding(
        what=f"{_capital(subject.called)} cannot be judged: {error}",
        rule=f"the configuration of {about.name}",
        destroy="not known to this policy, so it is treated as the loss of the data",
        fix="correct the file given with --policy-pack-config",
    )


def _bad_file(subject: Subject, error: PolicyError, *, whole: bool) -> Finding:
    first = error.problems[0]
    said = str(error) if whole else f"{first.where}: {first.message}"
    return Finding(
        what=f"{_capital(subject.called)} cannot be judged: the pack's deletion policy is broken.",
        rule=said,
        destroy="not known to this policy, so it is treated as the loss of the data",
        fix=f"correct {first.source}, then run the same command again",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
