"""The pack on the real engine: a table of stacks, judged at preview and as state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from redshift_pack import RULES
from redshift_teardown.emulator import Emulator
from tests.long import ALL
from tests.pack import rows
from tests.pack.engine import Finding, Project, Result
from tests.pack.fixtures import POLICY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ENFORCEMENT = {rule.about.name: rule.about.enforcement.value for rule in RULES}
MANDATORY = {name for name, level in ENFORCEMENT.items() if level == "mandatory"}

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@dataclass(frozen=True)
class Story:
    """What became of one stack: previewed, brought up, previewed and brought up again, analyzed."""

    new: Result
    first: Result
    again: Result
    second: Result
    state: Result
    export: str


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An AWS whose clusters are there at once."""
    with Emulator(speed=10000) as running:
        yield running


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack's configuration: every policy judges by the policy file of these tests."""
    file = tmp_path_factory.mktemp("pack") / "pack.json"
    file.write_text(json.dumps({name: {"policyFile": POLICY_FILE} for name in ENFORCEMENT}))
    return file


@pytest.fixture(scope="module")
def story(
    emulator: Emulator, config: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Story]:
    """Tells the story of a stack, once."""

    @cache
    def tell(name: str) -> Story:
        stack = rows.STACKS[name]
        project = Project(tmp_path_factory.mktemp(name), emulator.url)
        project.init(
            name,
            account=stack.account,
            config={
                "aws:region": "eu-central-1",
                "redshift-teardown:policyFile": "three.yaml",
                **stack.config,
            },
        )
        return Story(
            new=project.preview(name, account=stack.account, pack=config),
            first=project.up(name, account=stack.account),
            again=project.preview(name, account=stack.account, pack=config, phase=2),
            second=project.up(name, account=stack.account, phase=2),
            state=project.analyze(name, account=stack.account, pack=config),
            export=project.pulumi("stack", "export", "--stack", name, account=stack.account),
        )

    return tell


def on(stack: str) -> pytest.MarkDecorator:
    """Keep the tests of a stack on one worker, which has its story."""
    return pytest.mark.xdist_group(f"pack-{stack}")


def skipped(stack: str) -> pytest.MarkDecorator:
    """Leave most stacks to the full run."""
    slow = rows.STACKS[stack].slow and not ALL
    return pytest.mark.skipif(slow, reason="the full table runs with REDSHIFT_TEARDOWN_TEST_ALL=1")


TABLE = [
    pytest.param(row, id=f"{row.stack}-{row.name}", marks=[on(row.stack), skipped(row.stack)])
    for row in rows.ROWS
]
STACKS = [pytest.param(stack, id=stack, marks=[on(stack), skipped(stack)]) for stack in rows.STACKS]


def of(row: rows.Row, result: Result) -> list[Finding]:
    """What was said of a row's resources, and of no other's."""
    others = {other.name for other in rows.ROWS if other.stack == row.stack and other is not row}
    longer = tuple(other for other in others if other.startswith(f"{row.name}-"))
    return [
        finding
        for finding in result.findings
        if (finding.resource == row.name or finding.resource.startswith(f"{row.name}-"))
        and not finding.resource.startswith(longer)
    ]


def expected(said: rows.Expected) -> list[Finding]:
    """The findings a row should have."""
    return sorted(
        Finding(policy, resource, ENFORCEMENT[policy])
        for policy, resources in said.items()
        for resource in resources
    )


@pytest.mark.parametrize("row", TABLE)
def test_row_is_judged_as_it_should_be(row: rows.Row, story: Callable[[str], Story]) -> None:
    """Exactly the expected policies object to exactly the expected resources: new, changed, and as state."""
    told = story(row.stack)

    assert of(row, told.new) == expected(row.new), "at the preview of a new stack"
    assert of(row, told.again) == expected(row.again), "at the preview of a change"
    assert of(row, told.state) == expected(row.state), "as state"


@pytest.mark.parametrize("stack", STACKS)
def test_mandatory_finding_makes_the_command_fail(stack: str, story: Callable[[str], Story]) -> None:
    """Preview and analyze exit non-zero exactly where something mandatory was found."""
    told = story(stack)

    assert (told.first.code, told.second.code) == (0, 0), told.first.output + told.second.output
    for result in (told.new, told.again, told.state):
        blocked = any(finding.enforcement == "mandatory" for finding in result.findings)
        assert (result.code != 0) == blocked, result.output


@pytest.mark.parametrize("stack", STACKS)
def test_no_policy_gives_up_on_a_value_it_cannot_know(stack: str, story: Callable[[str], Story]) -> None:
    """The SDK's "can't run policy … during preview" is an advisory, and would be a pass; it never comes."""
    told = story(stack)

    for result in (told.new, told.again, told.state):
        assert "can't run policy" not in result.output
        assert not [message for message in result.messages.values() if "can't run policy" in message]


@pytest.mark.parametrize("stack", STACKS)
def test_every_finding_belongs_to_a_row(stack: str, story: Callable[[str], Story]) -> None:
    """Nothing is said about providers, components, keys or the stack itself."""
    told = story(stack)
    mine = [row for row in rows.ROWS if row.stack == stack]

    for result in (told.new, told.again, told.state):
        assert sorted(finding for row in mine for finding in of(row, result)) == sorted(result.findings)
