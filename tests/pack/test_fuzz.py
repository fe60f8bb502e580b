"""Configurations of any kind: the pack takes them or says what is wrong, and never fails in another way."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from redshift_pack import RULES, state
from redshift_pack.settings import COMMON, PackSettings, SettingsError, problems_of
from tests.long import ALL

POLICIES = {rule.about.name: rule.about.settings for rule in RULES}
KEYS = [*COMMON, "minimumDays", "environmentTags", "enforcementLevel"]
LEAVES = (
    some.none()
    | some.booleans()
    | some.floats()
    | some.integers()
    | some.text(max_size=300)
    | some.sampled_from(["mandatory", "disabled", "[^p]*", "prod", "111122223333", "acme/x", "a" * 5000])
)
VALUES = some.recursive(
    LEAVES,
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = VALUES | some.dictionaries(
    some.sampled_from([*POLICIES, "all", "environments"]) | some.text(max_size=40), VALUES, max_size=4
)
EXAMPLES = 3000 if ALL else 200


@settings(max_examples=EXAMPLES, deadline=None)
@given(DOCUMENTS)
def test_any_document_is_taken_or_refused(document: Any) -> None:
    """What has no problem can be read by every policy that it is for; what has one is told in short lines."""
    problems = list(problems_of(document, POLICIES))

    assert [problem for problem in problems if len(problem) > 2000 or "\n" in problem] == []
    if not problems:
        for name, own in POLICIES.items():
            given_ = document.get(name)
            config = given_ if isinstance(given_, dict) else {}
            PackSettings.read({key: config[key] for key in config if key != "enforcementLevel"}, own=own)


@settings(max_examples=EXAMPLES, deadline=None)
@given(some.dictionaries(some.sampled_from(KEYS) | some.text(max_size=20), VALUES, max_size=3))
def test_any_settings_are_taken_or_refused(config: dict[str, Any]) -> None:
    """A policy never fails on what the engine hands over: it reads it, or says what is wrong."""
    said = "the pack's configuration has "
    try:
        read = PackSettings.read(config, own=POLICIES["redshift-final-snapshot-retention"])
        stacks: tuple[object, ...] = read.production_stacks
    except SettingsError as error:
        said, stacks = str(error), ()

    assert said.startswith("the pack's configuration has ")
    assert [stack for stack in stacks if not isinstance(stack, str)] == []


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "", "nul", '"' + "x" * 100_000, "NaN", "1e999"]
)
def test_a_file_of_any_text_is_refused(text: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """No text makes a traceback, and none is taken for a configuration that says nothing."""
    file = tmp_path / "pack.json"
    file.write_text(text)

    assert state.main(["--config", str(file)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("item", ["x" * 50, "[", "[^a]", "{a,b}", "é"])
def test_work_is_linear_in_the_size(item: str) -> None:
    """Ten times the patterns, or one ten times as long, take about ten times as long."""

    def seconds(value: object) -> float:
        document = json.loads(json.dumps({"redshift-environment-honest": {"productionStacks": value}}))
        begin = time.process_time()
        list(problems_of(document, POLICIES))
        return time.process_time() - begin

    for make in (lambda size: [item] * (size // len(item)), lambda size: [item * (size // len(item))]):
        small, large = seconds(make(10_000)), seconds(make(100_000))
        assert large < 1 or large < 40 * small
