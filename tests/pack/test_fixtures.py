"""Every policy against stacks it must object to and stacks it must leave alone, over the engine's wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_pack import RULES
from tests.pack import fixtures

if TYPE_CHECKING:
    from tests.pack.fixtures import Fixture
    from tests.pack.wire import Pack

pytestmark = pytest.mark.contract

ALL = fixtures.load()
FAILING = [fixture for fixture in ALL if fixture.expected]


def spoken(pack: Pack, fixture: Fixture, *, fixed: bool = False) -> str:
    """What the policy of a fixture says about its stack, with its description taken off."""
    pack.configure({fixture.policy: fixture.config})
    rule = next(rule.about for rule in RULES if rule.about.name == fixture.policy)
    said = [one for one in pack.judge(*fixture.stack(fixed=fixed)) if one.policy == fixture.policy]
    for one in said:
        assert one.enforcement == rule.enforcement.value, one.message
        assert one.severity == rule.severity.value, one.message
    lines = [one.message.removeprefix(f"{rule.description}\n") for one in said]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("fixture", ALL, ids=lambda fixture: fixture.name)
def test_stack_gets_exactly_the_findings_it_deserves(running_pack: Pack, fixture: Fixture) -> None:
    """A policy says word for word what stands beside the fixture, and nothing where nothing stands there."""
    assert spoken(running_pack, fixture) == fixture.expected


@pytest.mark.parametrize("fixture", FAILING, ids=lambda fixture: fixture.name)
def test_fix_named_by_the_finding_heals_the_stack(running_pack: Pack, fixture: Fixture) -> None:
    """The change that a message asks for leaves the policy with nothing to say."""
    assert fixture.fix, "a failing fixture shows its fix"
    assert spoken(running_pack, fixture, fixed=True) == ""


@pytest.mark.parametrize("name", [rule.about.name for rule in RULES])
def test_every_policy_is_shown_failing_and_passing(name: str) -> None:
    """No policy goes without a stack it objects to, and one it leaves alone."""
    verdicts = {bool(fixture.expected) for fixture in ALL if fixture.policy == name}

    assert verdicts == {True, False}
