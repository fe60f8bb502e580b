"""Which environment a stack is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from redshift_teardown.deletion_policy.patterns import is_glob, matches
from redshift_teardown.deletion_policy.problems import PolicyError, Problem, listed, nearest, quoted, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redshift_teardown.deletion_policy.model import Environment, Policy
    from redshift_teardown.deletion_policy.problems import Position

How = Literal["account", "stack", "pattern", "config", "unmatched"]

ACCOUNT_UNKNOWN = "account unknown"


@dataclass(frozen=True)
class Match:
    """The environment of a stack, and why it is that one.

    Attributes:
        environment: The environment; the policy's unmatched one where none claims the stack.
        how: What claimed it: its account, exact name or a pattern, the configuration, or nothing.
        evidence: The account, name, pattern or configured environment; empty where nothing claimed it.
        place: Where the environment begins; None where nothing claimed the stack.
        undecided: "account unknown" where the account is unknown and could still change the answer; else
            None.
        note: The same in words for a person.
    """

    environment: Environment
    how: How
    evidence: str
    place: Position | None
    undecided: str | None
    note: str


@dataclass(frozen=True)
class _Claim:
    environment: Environment
    how: How
    evidence: str


def match(policy: Policy, *, stack: str, account: str | None, requested: str | None = None) -> Match:
    """Find the environment of a stack.

    Protected environments come first, then the others. Within each an account beats an exact stack name, and
    that beats a pattern; the order of the file breaks ties. What nothing claims is protected, with the
    defaults.

    Args:
        policy: The deletion policy.
        stack: The stack's name, without organisation and project.
        account: The AWS account, or None while it is unknown.
        requested: The environment that the configuration or the program names, if it names one.

    Returns:
        The environment and why it is that one.

    Raises:
        PolicyError: `requested` names no environment, or another one than the protected environment that
            claims the stack or its account.
    """
    claim = _claim(policy.environments, stack, account)
    if requested is not None:
        wanted = _named(policy, requested)
        if claim and claim.environment.protected and claim.environment is not wanted:
            raise PolicyError([_contradiction(claim, wanted, stack)])
        if claim is None or claim.environment is not wanted:
            # What the file claims for it by itself is claimed, whether or not it is asked for as well.
            claim = _Claim(wanted, "config", requested)
    undecided = None
    if account is None and _account_matters(policy, claim, by_request=requested is not None):
        undecided = ACCOUNT_UNKNOWN
    if claim is None:
        return Match(
            policy.unmatched, "unmatched", "", None, undecided, _unmatched_note(policy, stack, undecided)
        )
    return Match(
        claim.environment,
        claim.how,
        claim.evidence,
        claim.environment.place,
        undecided,
        _note(claim, stack, undecided),
    )


def _claim(environments: Sequence[Environment], stack: str, account: str | None) -> _Claim | None:
    for protected in (True, False):
        rank = [environment for environment in environments if environment.protected is protected]
        for environment in rank:
            if account is not None and account in environment.accounts:
                return _Claim(environment, "account", account)
        for environment in rank:
            if stack in environment.stacks and not is_glob(stack):
                return _Claim(environment, "stack", stack)
        for environment in rank:
            for pattern in environment.stacks:
                if is_glob(pattern) and matches(stack, pattern):
                    return _Claim(environment, "pattern", pattern)
    return None


def _named(policy: Policy, requested: str) -> Environment:
    names = [environment.name for environment in policy.environments]
    if requested in names:
        return policy.environments[names.index(requested)]
    near = nearest(requested, names)
    if near:
        hint = f"{near} (did you mean that?)"
    else:
        hint = f"one of {listed(names, 'or')}" if names else "no environment; the policy has none"
    message = f"the configuration asks for environment {shown(requested)}, which this policy does not have"
    raise PolicyError([Problem(policy.source, 0, 0, message, hint)])


def _contradiction(claim: _Claim, wanted: Environment, stack: str) -> Problem:
    owner = claim.environment
    what = f"account {claim.evidence}" if claim.how == "account" else f"stack {shown(stack)}"
    message = (
        f"the configuration asks for environment {wanted.name} ({wanted.place}), "
        f"but {what} belongs to the protected environment {owner.name} ({owner.place})"
    )
    return Problem(
        owner.place.source,
        owner.place.line,
        0,
        message,
        f"{owner.name}, or no environment in the configuration",
    )


def _account_matters(policy: Policy, claim: _Claim | None, *, by_request: bool) -> bool:
    """Return whether some account would give another environment, or a contradiction, than none does."""
    for rival in policy.environments:
        if not rival.accounts or (claim and rival is claim.environment):
            continue
        if rival.protected or claim is None or not (by_request or claim.environment.protected):
            return True
    return False


def _note(claim: _Claim, stack: str, undecided: str | None) -> str:
    name = claim.environment.name
    words = {
        "account": f"account {claim.evidence} belongs to environment {name}",
        "stack": f"stack {shown(stack)} belongs to environment {name}",
        "pattern": f"stack {shown(stack)} matches {shown(claim.evidence)} of environment {name}",
        "config": f"the configuration asks for environment {name}",
    }[claim.how]
    kind = ", which is protected" if claim.environment.protected else ""
    return f"{words} ({claim.environment.place}){kind}" + _doubt(undecided)


def _unmatched_note(policy: Policy, stack: str, undecided: str | None) -> str:
    host = next((environment for environment in policy.environments if not environment.protected), None)
    host = host or policy.environment("dev")
    name, stacks = (host.name, [*host.stacks, stack]) if host else ("dev", [stack])
    # Quoted, since a stack may be called `no` or begin with a star.
    written = [quoted(text) for text in stacks]
    so = ", so"
    if undecided:
        so = f" by its name; {undecided}, and one lists accounts. Unless that claims it,"
    return (
        f"no environment of {policy.source} claims stack {shown(stack)}{so} it is protected, with the "
        "defaults. To claim it, write under environments:\n"
        f"  {name}:\n"
        f"    stacks: [{', '.join(written)}]"
    )


def _doubt(undecided: str | None) -> str:
    return f"; {undecided}, and another environment lists accounts" if undecided else ""
