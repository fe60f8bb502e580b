"""Whether a stack is production, by the pack's own policy file and configuration.

What the stack itself says it is (its `redshift-teardown:environment`, the policy it recorded) is not
asked: a stack cannot vote on the rules it is judged by.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import Environment, Match, Policy, load, match, matches

if TYPE_CHECKING:
    from pathlib import Path

    from redshift_pack.settings import PackSettings


@dataclass(frozen=True)
class Standing:
    """What the pack makes of the stack and account of one cluster.

    Attributes:
        production: True, False, or None where it hangs on an account that is not known.
        environment: The environment of the pack's file that the stack belongs to.
        rule: Why, beginning with the `file:line` that says so.
        doubt: What is not known; empty where `production` is decided.
        claim: How the file could be made to say otherwise; empty where an environment claims the stack.
    """

    production: bool | None
    environment: Environment
    rule: str
    doubt: str = ""
    claim: str = ""

    @property
    def may_be_production(self) -> bool:
        """Whether a mandatory policy applies: in doubt it does."""
        return self.production is not False

    @property
    def called(self) -> str:
        """The environment in words."""
        return f"environment {self.environment.name}" if self.environment.name else "the defaults"


def policy_of(settings: PackSettings) -> Policy:
    """Load the pack's deletion policy.

    The file is read again when it changes: `pulumi watch` keeps a pack running.

    Args:
        settings: The configuration, which names the file.

    Raises:
        PolicyError: The file is missing, unreadable or wrong; the text is the loader's whole report.
    """
    path = settings.policy_file
    try:
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
    except OSError:
        return load(path, source=settings.source)
    return _loaded(path, settings.source, stamp)


@lru_cache(maxsize=32)
def _loaded(path: Path, source: str, stamp: tuple[int, int]) -> Policy:  # noqa: ARG001 - part of the key
    return load(path, source=source)


def standing_of(policy: Policy, settings: PackSettings, *, stack: str, account: str | None) -> Standing:
    """Decide whether a stack is production.

    Args:
        policy: The pack's deletion policy.
        settings: The pack's configuration, which may declare more stacks and accounts production.
        stack: The stack's name.
        account: The AWS account of the cluster; None if unknown.

    Returns:
        The verdict. Without an account it is undecided only where an account could make the stack production.
    """
    found = match(policy, stack=stack, account=account)
    environment = found.environment
    for pattern in settings.production_stacks:
        # Whoever writes "Prod-*" means a stack that is called prod-eu, too: in doubt it is production.
        if matches(stack.casefold(), pattern.casefold()):
            rule = (
                f"the pack's configuration: productionStacks has {pattern!r}, which the stack {stack} matches"
            )
            return Standing(production=True, environment=environment, rule=rule)
    if account is not None and account in settings.production_accounts:
        rule = f"the pack's configuration: productionAccounts has {account}, the account of this cluster"
        return Standing(production=True, environment=environment, rule=rule)
    place = environment.skip_place or environment.place
    if environment.protected:
        claimed = _claimed(found, stack)
        rule = f"{place}: {claimed} never goes without a final snapshot"
        return Standing(
            production=True, environment=environment, rule=rule, claim="" if environment.name else found.note
        )
    doubt = found.undecided or ("account unknown" if account is None and settings.production_accounts else "")
    rule = f"{place}: {_claimed(found, stack)} may go without a final snapshot"
    if doubt:
        return Standing(
            production=None,
            environment=environment,
            rule=f"{rule}, unless its account is production",
            doubt=doubt,
        )
    return Standing(production=False, environment=environment, rule=rule)


def _claimed(found: Match, stack: str) -> str:
    name = found.environment.name
    if found.how == "unmatched":
        doubt = f" by its name ({found.undecided})" if found.undecided else ""
        return f'no environment claims stack "{stack}"{doubt}, so by the defaults it'
    if found.how == "account":
        return f"environment {name} (account {found.evidence})"
    if found.how == "pattern":
        return f'environment {name} (stack "{stack}" matches "{found.evidence}")'
    return f'environment {name} (stack "{stack}")'
