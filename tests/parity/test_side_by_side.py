"""A team with old and new versions: who writes a state locks older versions out, who only looks does not.

An older version reads ``state_version`` before anything else, and refuses what is greater than it knows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from redshift_teardown.engine.secret_values import SECRETS
from redshift_teardown.lifecycle.desired import DEFAULT_TAGS, SAID
from redshift_teardown.lifecycle.state import CARRIED, GONE, STATE_VERSION
from tests.cli.test_plan_agrees import foresee
from tests.parity.bench import changing, did

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

NEWER = (
    f"this state was written by a newer redshift-teardown (state version {STATE_VERSION + 1}; this one "
    f"reads up to {STATE_VERSION})"
)
ADDED = (*CARRIED, GONE, SAID, DEFAULT_TAGS, SECRETS)
"""What version 3 added."""
VERBS: dict[str, Callable[[Bench], Result]] = {
    "preview": lambda stack: stack.previewed(),
    "preview of a change": lambda stack: stack.previewed(port=5440),
    "up": lambda stack: stack.apply(),
    "up with a change": lambda stack: stack.apply(port=5440),
    "up that replaces": lambda stack: stack.apply(database_name="other"),
    "refresh": lambda stack: stack.refresh(),
    "destroy": lambda stack: stack.destroy(),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_newer_state_is_refused_by(stack: Bench, verb: str) -> None:
    """In words that say what to do; AWS is asked nothing, and the state stays as it is."""
    stack.apply()
    newer = stack.state = {**(stack.state or {}), "state_version": STATE_VERSION + 1}

    refused = VERBS[verb](stack)

    assert (refused.how, NEWER in refused.said) == ("refused", True)
    assert "nothing was touched" in refused.said
    assert "install the version that wrote it, or a newer one" in refused.said
    assert refused.calls == []
    assert stack.state == newer


def test_plan_calls_a_newer_state_blocked(stack: Bench) -> None:
    """In the words of the destroy that would refuse it."""
    stack.apply()
    stack.state = {**(stack.state or {}), "state_version": STATE_VERSION + 1}

    [finding] = foresee(stack).findings

    assert (finding.verdict.value, finding.text.startswith(NEWER)) == ("blocked", True)


def older(stack: Bench, version: int) -> None:
    """Make the state one of an earlier version."""
    for of in (stack.state or {}), stack.inputs:
        for name in ADDED:
            of.pop(name, None)
        of["state_version"] = version
        rules = of["policy"]["rules"]
        of["policy"] = {**of["policy"], "rules": json.loads(rules) if version == 1 else rules}


WRITES: dict[str, Callable[[Bench], Result]] = {
    "up": lambda stack: stack.apply(),
    "up with a change": lambda stack: stack.apply(port=5440),
    "refresh": lambda stack: stack.refresh(),
}


@pytest.mark.parametrize("version", range(1, STATE_VERSION))
@pytest.mark.parametrize("verb", WRITES)
def test_whoever_writes_a_state_locks_older_versions_out(stack: Bench, verb: str, version: int) -> None:
    """Up and refresh alike, though AWS is told nothing for it."""
    stack.apply()
    older(stack, version)

    written = WRITES[verb](stack)

    assert written.how == "done", written.said
    assert changing(written) == (["ModifyCluster Port", "CreateTags Tags"] if "change" in verb else [])
    assert stack.state is not None
    assert (stack.state["state_version"], stack.inputs["state_version"]) == (STATE_VERSION, STATE_VERSION)


@pytest.mark.parametrize("version", range(1, STATE_VERSION))
def test_whoever_only_looks_locks_nobody_out(stack: Bench, version: int) -> None:
    """Preview says that `up` will, plan says nothing; and a destroy leaves no state at all."""
    stack.apply()
    older(stack, version)
    before = json.dumps(stack.state)

    previewed = stack.previewed()
    foreseen = foresee(stack)

    assert (did(previewed), changing(previewed)) == ("update", [])
    assert foreseen.verdict.value == "safe"
    assert json.dumps(stack.state) == before
    assert stack.destroy().how == "done"
    assert stack.ledger()["clusters"] == {}
