"""What can never apply, and what `check` says of it: behind what takes it all, or a name that nothing has."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.deletion_policy import loads
from redshift_teardown.deletion_policy.reading.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Callable


def warned(text: str) -> list[str]:
    """Return what is warned of, each with its line."""
    return [f"{each.line}: {each.message}" for each in loads(f"version: 1\n{text}", source="p").warnings]


def rules(*conditions: str) -> list[str]:
    """Return what is warned of in an environment with these rules, which begin in line 5."""
    lines = "".join(f"      - {{when: {each}, because: x}}\n" for each in conditions)
    return warned(f"environments:\n  dev:\n    skip:\n{lines}")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("{requested: true}", "{requested: true}"),
        ("{requested: true}", "{requested: true, max_nodes: 2}"),
        ("{tags: {tier: '*'}}", "{tags: {tier: tmp-*, team: data}}"),
        ("{identifier: [etl-*, tmp-*]}", "{identifier: [etl-a-*, tmp-1]}"),
        ("{node_type: ['dc2.*']}", "{node_type: ['dc2.large']}"),
        ("{max_nodes: 4}", "{max_nodes: 2}"),
        ("{younger_than_hours: 24}", "{younger_than_hours: 24}"),
        ("{restored_from_snapshot: true}", "{restored_from_snapshot: true, requested: false}"),
    ],
)
def test_a_rule_behind_one_that_takes_all(first: str, then: str) -> None:
    """It is named with the line of the one in front of it; the other way round each lets something go."""
    assert rules("{max_nodes: 1, younger_than_hours: 1}", first, then) == [
        "7: this rule never decides anything: whatever it would let go, the rule in line 6 lets go before it"
    ]
    if first != then:
        assert rules(then, first) == []


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("{requested: true}", "{requested: false}"),
        ("{requested: true}", "{always: true}"),
        ("{tags: {tier: tmp}}", "{tags: {team: tmp}}"),
        ("{identifier: [etl-*]}", "{identifier: [etl-a, tmp]}"),
        ("{identifier: [etl-*]}", "{node_type: ['dc2.*']}"),
        ("{max_nodes: 2}", "{max_nodes: 3}"),
        ("{younger_than_hours: 1}", "{younger_than_hours: 2}"),
    ],
)
def test_rules_that_both_apply(first: str, then: str) -> None:
    """Where the later one lets something go that the earlier one does not, nothing is said."""
    assert rules(first, then) == []


FREE = "skip: [{when: {always: true}, because: x}]"


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        ("stacks: [dev-*]", f"stacks: [dev-a-*], {FREE}", True),
        (f"stacks: [dev-*], {FREE}", f"stacks: [dev-a-*], {FREE}", True),
        ("stacks: ['*prod*']", f"stacks: [preprod], {FREE}", True),
        (f"stacks: [dev-*], {FREE}", f"stacks: [dev-a], {FREE}", False),
        ("stacks: [dev-*]", "stacks: [dev-a]", False),
        (f"stacks: [dev-*], {FREE}", "stacks: [dev-a-*]", False),
        ("stacks: [dev-a-*]", "stacks: [dev-*]", False),
        (f"accounts: ['111122223333'], {FREE}", f"stacks: [dev-*], {FREE}", False),
    ],
)
def test_a_claim_behind_one_that_takes_all(first: str, then: str, *, said: bool) -> None:
    """Protected ones come first, exact names before patterns, then the order of the file, as in `match`."""
    found = warned(f"environments:\n  one: {{{first}}}\n  two: {{{then}}}\n")

    assert len(found) == said
    assert not said or (found[0].startswith("4: ") and "of environment one, in line 3" in found[0])


def test_a_protected_environment_further_down_takes_it_too() -> None:
    """The order of the file is not what decides there."""
    (found,) = warned(f"environments:\n  one: {{stacks: [a-b], {FREE}}}\n  two: {{stacks: ['a-*']}}\n")

    assert found == (
        '3: "a-b" claims no stack here: "a-*" of environment two, in line 4, which is protected, '
        "takes whatever it would"
    )


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("1*", "begins with a letter"),
        ("-x*", "begins with a letter"),
        ("[0-9]a", "begins with a letter"),
        ("etl-", "never ends with a hyphen"),
        ("a--*", "never has two hyphens in a row"),
        ("a" * 64, "has at most 63 characters"),
        ("*", ""),
        ("?-*-a", ""),
        ("*-", "never ends with a hyphen"),
        ("[a0]b", ""),
        ("a" * 63 + "*", ""),
    ],
)
def test_an_identifier_that_no_cluster_has(pattern: str, said: str) -> None:
    """It is of the right letters, and still no cluster is called so."""
    found = rules(f"{{identifier: ['{pattern}']}}")

    assert len(found) == bool(said)
    assert not said or said in found[0]


def test_a_name_that_no_stack_has() -> None:
    """A pattern that asks for more characters than a stack's name may have."""
    (found,) = warned(f"environments: {{dev: {{stacks: ['{'a' * 101}*']}}}}")
    assert "has at most 100 characters" in found


def test_covering_is_never_said_wrongly() -> None:
    """Whatever the narrower pattern matches, the wider one does: all patterns and strings of three signs."""
    signs = ("a", "b", "*", "?", "[ab]", "[!a]")
    every = ["".join(each) for length in (1, 2, 3) for each in product(signs, repeat=length)]
    patterns = [each for each in every if "**" not in each][::2]
    strings = ["".join(each) for length in range(5) for each in product("abc", repeat=length)]
    matched = {each: {text for text in strings if fnmatchcase(text, each)} for each in patterns}

    said = [(wide, narrow) for wide in patterns for narrow in patterns if Reach(1000).covers(wide, narrow)]

    assert len(said) > len(patterns)
    assert [(wide, narrow) for wide, narrow in said if not matched[narrow] <= matched[wide]] == []


HARD = "*a" * 40


@pytest.mark.parametrize(
    "text",
    [
        "environments:\n  dev:\n    skip:\n"
        + "".join(f"      - {{when: {{identifier: ['{HARD}{n}']}}, because: x}}\n" for n in range(3000)),
        f"environments: {{dev: {{stacks: [{', '.join(f'd{n}' for n in range(20000))}]}}}}",
    ],
    ids=["rules", "claims"],
)
def test_looking_takes_no_longer_than_reading(text: str) -> None:
    """A file of thousands is looked through as far as that is quick, and it is said where that ends."""
    reader = Reach.rule_in_front, Reach.claim_in_front
    spent: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        for look in reader:
            patch.setattr(Reach, look.__name__, timed(look, spent))
        found = warned(text)

    assert sum(spent) < 2
    assert found == ["1: the policy is too long to be looked through for rules and claims that never apply"]


def timed(look: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    """Return a look that notes how many seconds of this process it takes."""

    def looked(*arguments: Any) -> Any:
        started = time.process_time()
        found = look(*arguments)
        spent.append(time.process_time() - started)
        return found

    return looked
