"""redshift-final-snapshot-in-production: an owned cluster of production that could go without a snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pulumi_policy import EnforcementLevel, Severity

from redshift_pack.finding import Finding
from redshift_pack.recorded import RecordedPolicy, recorded_in
from redshift_pack.rule import About, Case, Rule
from redshift_pack.subject import OwningProvider
from redshift_pack.values import UNKNOWN
from redshift_pack.words import capital, doubted, settle
from redshift_teardown.deletion_policy import Outcome, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ABOUT: Final = About(
    name="redshift-final-snapshot-in-production",
    title="A production cluster leaves a final snapshot",
    description="A Redshift cluster of a production stack leaves a final snapshot when it is destroyed.",
    severity=Severity.CRITICAL,
    enforcement=EnforcementLevel.MANDATORY,
    control="CP-9",
    specification="System backup: the last state of user-level information is kept.",
    remediation=(
        "Remove skip_final_snapshot from the program, and keep the stack's deletion policy as strict as "
        "the pack's; then run `pulumi up`. If the stack is not production, claim it for another environment "
        "in the pack's deletion policy."
    ),
)


def judge(case: Case) -> Iterable[Finding]:
    """Object to a request to skip, and to recorded rules by which destroy would skip.

    What destroy does is decided by the rules recorded in the stack; a policy file read at destroy can only
    tighten them. So those are asked, and the pack's own file says whether the stack is production at all.

    Args:
        case: An owned cluster.

    Returns:
        At most two findings: the request, and the rules.
    """
    if not case.standing.may_be_production:
        return []
    recorded = recorded_in(case.subject)
    return [*_request(case, recorded), *_rules(case, recorded)]


def remedy(case: Case) -> Mapping[str, object]:
    """Turn the request off. Recorded rules are the stack's to change, not the pack's.

    Args:
        case: An owned cluster.

    Returns:
        The property to set, or nothing.
    """
    if case.standing.may_be_production and case.subject.props.get("skip_final_snapshot") not in (None, False):
        return {"skip_final_snapshot": False}
    return {}


def _request(case: Case, recorded: RecordedPolicy) -> Iterable[Finding]:
    request = case.subject.props.get("skip_final_snapshot")
    if request is None or request is False:
        return
    if request is True:
        what = "asks to be destroyed without a final snapshot: skip_final_snapshot is true"
        fix = "remove `skip_final_snapshot=True` from the program, or set it to False"
    elif request is UNKNOWN:
        what = "may ask to be destroyed without a final snapshot: skip_final_snapshot is not known yet"
        fix = "give skip_final_snapshot a plain value (False), not an output of another resource or a secret"
    else:
        what = f"has a skip_final_snapshot that is neither true nor false: {request!r}"
        fix = "set skip_final_snapshot to False, or remove it"
    yield Finding(
        what=f"{capital(case.subject.called)} {what}{doubted(case.standing)}.",
        rule=case.standing.rule,
        destroy=_under(case, recorded, requested=request is True),
        fix=settle(fix, case.standing),
    )


def _rules(case: Case, recorded: RecordedPolicy) -> Iterable[Finding]:
    called = capital(case.subject.called)
    if recorded.environment is None:
        yield Finding(
            what=f"{called} {recorded.problem}{doubted(case.standing)}.",
            rule=case.standing.rule,
            destroy="has no recorded rules to go by, and depends on whatever policy file it finds then",
            fix="run `pulumi up` with redshift-teardown installed, so that the rules are recorded again",
        )
        return
    # Without the request, which has its own finding: what is left is what the rules do by themselves.
    decision = decide(recorded.environment, replace(case.facts, skip_requested=False), precedence=0)
    if decision.outcome is Outcome.SNAPSHOT:
        return
    certain = decision.outcome is Outcome.SKIP
    yield Finding(
        what=(
            f"{called} {'would' if certain else 'could'} be destroyed without a final snapshot by the rules "
            f"recorded in its stack{doubted(case.standing)}."
        ),
        rule=case.standing.rule,
        destroy=decision.describe(),
        fix=settle(
            f"remove the skip rule at {decision.place} from the stack's deletion policy, or make its "
            "environment `skip: never`; then run `pulumi up`",
            case.standing,
        ),
    )


def _under(case: Case, recorded: RecordedPolicy, *, requested: bool) -> str:
    """Return in words what destroy does as things stand, a request included."""
    if recorded.environment is None:
        return "has no recorded rules to go by"
    facts = replace(case.facts, skip_requested=True if requested else None)
    decision = decide(recorded.environment, facts, precedence=0)
    return f"refuses the request: {decision.describe()}" if decision.request_refused else decision.describe()


RULE: Final = Rule(
    about=ABOUT, kinds=frozenset({OwningProvider.OWNED}), judge=judge, remedy=remedy, reports_file=True
)
