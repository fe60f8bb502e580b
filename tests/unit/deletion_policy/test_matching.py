"""Which environment a stack is."""

from __future__ import annotations

import pytest

from redshift_teardown.deletion_policy import Match, PolicyError, loads, match

RULE = "skip: [{when: {always: true}, because: x}]"
POLICY = loads(
    f"""version: 1
environments:
  dev:
    stacks: [dev, "*", shared]
    accounts: ["222222222222"]
    {RULE}
  staging:
    stacks: [staging, "dev-*"]
    accounts: ["333333333333"]
    {RULE}
  production:
    stacks: ["prod-*", prod, "*-prod"]
    accounts: ["111111111111"]
  audit:
    stacks: [audit, prod-audit]
    accounts: ["444444444444"]
    skip: never
""",
    source="p.yaml",
)


def found(stack: str, account: str | None = "999999999999", requested: str | None = None) -> Match:
    """Match against the policy above."""
    return match(POLICY, stack=stack, account=account, requested=requested)


@pytest.mark.parametrize(
    ("stack", "account", "environment", "how", "evidence"),
    [
        # protected first, whatever the order of the file
        ("eu-prod", "222222222222", "production", "pattern", "*-prod"),
        ("dev", "111111111111", "production", "account", "111111111111"),
        ("dev", "444444444444", "audit", "account", "444444444444"),
        # among the protected: account, then exact name, then pattern
        ("prod", "444444444444", "audit", "account", "444444444444"),
        ("prod-audit", "999999999999", "audit", "stack", "prod-audit"),
        ("prod-x", "999999999999", "production", "pattern", "prod-*"),
        # among the others too
        ("staging", "222222222222", "dev", "account", "222222222222"),
        ("staging", "999999999999", "staging", "stack", "staging"),
        # the order of the file between two patterns
        ("dev-1", "999999999999", "dev", "pattern", "*"),
        # case matters
        ("PROD", "999999999999", "dev", "pattern", "*"),
        # a stack called as a pattern is no exact match of it
        ("prod-*", "999999999999", "production", "pattern", "prod-*"),
    ],
)
def test_the_order_of_claims(stack: str, account: str, environment: str, how: str, evidence: str) -> None:
    """Protected beats not protected; then account beats name beats pattern; then the order of the file."""
    result = found(stack, account)

    assert (result.environment.name, result.how, result.evidence) == (environment, how, evidence)
    assert result.place == result.environment.place
    assert result.undecided is None


def test_notes() -> None:
    """Each way to match has its words, with the line of the environment."""
    assert found("x", "111111111111").note == (
        "account 111111111111 belongs to environment production (p.yaml:11), which is protected"
    )
    assert found("staging").note == 'stack "staging" belongs to environment staging (p.yaml:7)'
    assert found("x").note == 'stack "x" matches "*" of environment dev (p.yaml:3)'
    assert found("x", None).note == (
        'stack "x" matches "*" of environment dev (p.yaml:3); '
        "account unknown, and another environment lists accounts"
    )
    assert found("x", requested="staging").note == (
        "the configuration asks for environment staging (p.yaml:7)"
    )


@pytest.mark.parametrize(
    ("stack", "requested", "undecided"),
    [
        ("prod", None, "account unknown"),  # audit's account would come first
        ("dev", None, "account unknown"),
        ("dev", "staging", "account unknown"),  # a protected account would contradict
        ("dev", "audit", "account unknown"),
    ],
)
def test_an_unknown_account_that_matters(stack: str, requested: str | None, undecided: str | None) -> None:
    """While the account is unknown and could change the environment, that is said."""
    assert found(stack, None, requested).undecided == undecided
    assert found(stack, "999999999999", requested).undecided is None


@pytest.mark.parametrize(
    ("dev_accounts", "prod_accounts", "stack", "requested", "matters"),
    [
        ("", "", "dev", None, False),
        ("", "1", "dev", None, True),
        ("", "1", "dev", "dev", True),
        ("", "1", "prod", None, False),  # its own account gives the same environment
        ("", "1", "x", None, True),
        ("2", "", "dev", None, False),
        ("2", "", "prod", None, False),  # protected comes first anyway
        ("2", "", "x", None, True),
        (
            "2",
            "",
            "x",
            "prod",
            False,
        ),  # the configuration decides, and no protected account stands against it
        ("2", "", "staging", None, True),
        ("2", "", "staging", "staging", False),
    ],
)
def test_when_an_unknown_account_matters(
    dev_accounts: str, prod_accounts: str, stack: str, requested: str | None, matters: bool
) -> None:
    """Only an account that would give another environment, or a contradiction, leaves the answer open."""
    policy = loads(
        f"""version: 1
environments:
  dev: {{stacks: [dev], accounts: [{f'"{dev_accounts * 12}"' if dev_accounts else ""}], {RULE}}}
  staging: {{stacks: [staging], {RULE}}}
  prod: {{stacks: [prod], accounts: [{f'"{prod_accounts * 12}"' if prod_accounts else ""}]}}
""",
        source="p.yaml",
    )
    result = match(policy, stack=stack, account=None, requested=requested)

    assert (result.undecided == "account unknown") is matters


def test_a_configured_environment() -> None:
    """The configuration may choose for a stack that no protected environment claims, also a stricter one."""
    assert found("dev", requested="staging").environment.name == "staging"
    assert found("dev", requested="production").environment.name == "production"
    assert found("prod", requested="production") == found("prod")
    result = found("dev", requested="staging")
    assert (result.how, result.evidence, str(result.place)) == ("config", "staging", "p.yaml:7")


@pytest.mark.parametrize(
    ("stack", "account", "requested", "text"),
    [
        (
            "prod",
            None,
            "dev",
            (
                "p.yaml:11: the configuration asks for environment dev (p.yaml:3), but "
                'stack "prod" belongs to the protected environment production (p.yaml:11)\n'
                "      write instead: production, or no environment in the configuration"
            ),
        ),
        (
            "dev",
            "444444444444",
            "production",
            (
                "p.yaml:14: the configuration asks for environment production (p.yaml:11), but "
                "account 444444444444 belongs to the protected environment audit (p.yaml:14)\n"
                "      write instead: audit, or no environment in the configuration"
            ),
        ),
        (
            "dev",
            None,
            "produktion",
            (
                'p.yaml: the configuration asks for environment "produktion", '
                "which this policy does not have\n"
                "      write instead: production (did you mean that?)"
            ),
        ),
        (
            "dev",
            None,
            "",
            (
                'p.yaml: the configuration asks for environment "", which this policy does not have\n'
                "      write instead: one of dev, staging, production or audit"
            ),
        ),
    ],
)
def test_a_configuration_that_is_refused(stack: str, account: str | None, requested: str, text: str) -> None:
    """It cannot turn what is protected into something else, nor name what does not exist."""
    with pytest.raises(PolicyError) as caught:
        found(stack, account, requested)

    assert str(caught.value) == text


def test_a_configured_environment_where_there_is_none() -> None:
    """A policy without environments has none to choose."""
    with pytest.raises(PolicyError, match="no environment; the policy has none"):
        match(loads("version: 1\n", source="p.yaml"), stack="dev", account=None, requested="dev")


@pytest.mark.parametrize(
    ("environments", "lines"),
    [
        ("{}", '  dev:\n    stacks: ["new"]'),
        ("{prod: {stacks: [prod]}}", '  dev:\n    stacks: ["new"]'),
        ("{dev: {stacks: [dev]}}", '  dev:\n    stacks: ["dev", "new"]'),
        (
            f"{{prod: {{stacks: [prod]}}, sand: {{stacks: [s, 'p*'], {RULE}}}}}",
            '  sand:\n    stacks: ["s", "p*", "new"]',
        ),
    ],
)
def test_an_unmatched_stack(environments: str, lines: str) -> None:
    """Nothing claims it: protected, with the defaults, and with the lines that would claim it."""
    policy = loads(f"version: 1\nenvironments: {environments}\n", source="p.yaml")
    result = match(policy, stack="new", account="999999999999")

    assert result == Match(
        environment=policy.unmatched,
        how="unmatched",
        evidence="",
        place=None,
        undecided=None,
        note='no environment of p.yaml claims stack "new", so it is protected, with the defaults. '
        f"To claim it, write under environments:\n{lines}",
    )
    assert result.environment.protected
    claimed = loads(f"version: 1\nenvironments:\n{lines}\n", source="p.yaml")
    assert match(claimed, stack="new", account=None).how == "stack"


def test_an_unmatched_stack_of_an_unknown_account() -> None:
    """It is not called protected: its account may be claimed, as far as is known."""
    policy = loads('version: 1\nenvironments: {prod: {accounts: ["111111111111"]}}\n', source="p.yaml")
    result = match(policy, stack="new", account=None)

    assert result.undecided == "account unknown"
    assert result.note.startswith(
        'no environment of p.yaml claims stack "new" by its name; account unknown, and one lists accounts. '
        "Unless that claims it, it is protected, with the defaults. To claim it, write"
    )
