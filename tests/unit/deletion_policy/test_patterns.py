"""What a pattern matches, and what is refused because its reader takes it for something else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from redshift_teardown.deletion_policy import (
    Environment,
    Facts,
    Outcome,
    PolicyError,
    When,
    decide,
    from_json,
    loads,
    match,
    to_json,
)
from redshift_teardown.deletion_policy.patterns import objection, reading

PAGE = (Path(__file__).parents[3] / "docs" / "deletion-policy.md").read_text(encoding="utf-8")
TABLE = [
    [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.split("| `stacks:` has |")[1].split("\n\n")[0].splitlines()[2:]
]
ROWS = {row[0].strip("`"): row[2] for row in TABLE}


def environment(when: str) -> Environment:
    """An environment with one skip rule."""
    text = f"version: 1\nenvironments: {{dev: {{stacks: [dev], skip: [{{when: {when}, because: x}}]}}}}"
    return loads(text, source="p").environments[0]


def words(cell: str, word: str) -> list[str]:
    """The names behind a word of a cell of the table."""
    found = re.search(rf"{word} ((?:`[^`]*`(?:, )?)+)", cell)
    return re.findall(r"`([^`]*)`", found[1]) if found else []


def claims(pattern: str, stack: str) -> bool:
    """Whether an environment with this entry claims a stack."""
    text = f"version: 1\nenvironments: {{dev: {{stacks: ['{pattern}'], skip: []}}}}"
    return match(loads(text, source="p"), stack=stack, account=None).environment.name == "dev"


def test_the_table_is_long_enough() -> None:
    """The page has a row for each sign of patterns, and for those of shells and regular expressions."""
    assert len(ROWS) >= 28
    assert {"[^p]*", "{dev,test}-*", "^dev.*$", "**", "!prod", "dev.*"} <= set(ROWS)


@pytest.mark.parametrize("pattern", [row for row, cell in ROWS.items() if "refused" in cell])
def test_a_refused_pattern_of_the_table(pattern: str) -> None:
    """It is refused where the page says so, with what the page says to write instead."""
    with pytest.raises(PolicyError) as caught:
        claims(pattern, "dev")

    problem = caught.value.problems[0]
    instead = words(ROWS[pattern], "write")
    assert re.findall(r'"([^"]*)"', problem.hint)[: len(instead)] == instead
    assert problem.hint


@pytest.mark.parametrize("pattern", [row for row, cell in ROWS.items() if "matches" in cell])
def test_a_legal_pattern_of_the_table(pattern: str) -> None:
    """It matches the names of the page, not the others, and is warned of where the page says so."""
    cell = ROWS[pattern]
    policy = loads(f"version: 1\nenvironments: {{dev: {{stacks: ['{pattern}']}}}}", source="p")

    assert [name for name in words(cell, "matches") if not claims(pattern, name)] == []
    assert [name for name in words(cell, "not") if claims(pattern, name)] == []
    assert bool(policy.warnings) is ("a warning" in cell)
    assert [f'"{each}", if those are meant' for each in words(cell, "perhaps")] == [
        warning.hint for warning in policy.warnings if warning.hint
    ]


@pytest.mark.parametrize("key", ["tags: {tier: PATTERN}", "identifier: [PATTERN]", "node_type: [PATTERN]"])
@pytest.mark.parametrize(
    "pattern", ["[^p]*", "x[^a-c]", "^dev", "a|b", "(a|b)", "{a,b}", "**", "!p*", "[a|b]*"]
)
def test_conditions_refuse_what_reads_two_ways(key: str, pattern: str) -> None:
    """Every place of a pattern has the same rules: a skip rule is where a misreading loses data."""
    with pytest.raises(PolicyError):
        environment("{" + key.replace("PATTERN", f"'{pattern}'") + "}")


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        (When(tags=(("tier", "[^p]*"),)), Facts(tags={"tier": "prod"})),
        (When(identifier=("[^x]*",)), Facts(identifier="x-1")),
        (When(node_type=("[r|d]*",)), Facts(node_type="ra3.large")),
    ],
    ids=["tags", "identifier", "node type"],
)
def test_a_recorded_pattern_that_reads_two_ways_lets_nothing_go(when: When, facts: Facts) -> None:
    """Rules that an older release recorded stay readable; at destroy their doubtful rule does not hold."""
    written = environment("{always: true}")
    old = replace(written, skip=(replace(written.skip[0], when=when),))

    recorded = from_json(to_json(old))

    assert recorded == old
    assert decide(recorded, facts, at_destroy=True).outcome is Outcome.SNAPSHOT
    assert "reads two ways" in decide(recorded, facts).undecided[0]


def test_a_pattern_beside_a_doubtful_one_still_counts() -> None:
    """One pattern of a list that matches is enough; only what hangs on the doubtful one is in doubt."""
    written = environment("{identifier: [etl-*]}")
    rule = replace(written.skip[0], when=When(identifier=("[^x]*", "etl-*")))

    decided = decide(replace(written, skip=(rule,)), Facts(identifier="etl-1"), at_destroy=True)

    assert decided.outcome is Outcome.SKIP


@pytest.mark.parametrize("pattern", ["dc2.*", "ra3.*large", "[!p]*", "dev-?", "x.y", "*"])
def test_what_reads_one_way_is_not_warned_of(pattern: str) -> None:
    """A node type has a dot of its own, and what every shell reads so is not doubted."""
    assert reading(pattern, dots=pattern[:2] not in ("dc", "ra")) is None


@pytest.mark.parametrize("size", [1_000, 10_000, 100_000])
@pytest.mark.parametrize("piece", ["[", "(", "{a,", "|", "[^", "*", ".*", "]", "[a", "\\d"])
def test_no_pattern_takes_long(piece: str, size: int) -> None:
    """A pattern of any length is judged in time that grows no faster than it does."""
    assert objection(piece * (size // len(piece)), str.isalnum, "stack", "dev-*") is not None
