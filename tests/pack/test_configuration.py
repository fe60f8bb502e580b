"""The pack's configuration, remediation and ways around it, on the real engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from redshift_teardown.emulator import Emulator
from tests.long import of_the_long_ones
from tests.pack import rows
from tests.pack.engine import Project
from tests.pack.fixtures import POLICY_FILE
from tests.pack.test_docs import documented_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("pack-configuration")]

STACK = "dev-forgetful"
FORGETFUL = rows.STACKS[STACK]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An AWS whose clusters are there at once."""
    with Emulator(speed=10000) as running:
        yield running


@pytest.fixture
def make(emulator: Emulator, tmp_path: Path) -> Callable[..., Project]:
    """Makes a project with the smallest stack of the table, configured at will."""

    def made(**config: str) -> Project:
        emulator.control.reset()
        project = Project(tmp_path, emulator.url)
        keys = {"aws:region": "eu-central-1", "redshift-teardown:policyFile": "forgetful.yaml", **config}
        project.init(STACK, account=FORGETFUL.account, config=keys)
        return project

    return made


def written(folder: Path, config: object) -> Path:
    """A configuration of the pack, in a file."""
    file = folder / "pack.json"
    file.write_text(json.dumps(config))
    return file


def test_documented_configuration_is_accepted_by_the_engine(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    """The README's configuration is valid as it stands, and in force: ninety days, and no `protect`."""
    project = make()

    result = project.preview(STACK, account=FORGETFUL.account, pack=written(tmp_path, documented_config()))

    assert "validating policy config" not in result.output
    said = {finding.policy for finding in result.findings}
    assert {rows.FINAL, rows.RETENTION} <= said
    assert "at least 90 days" in result.messages[rows.RETENTION, "forgetful-asks"]
    assert rows.PROTECTED not in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"productionStacks": "prod"}, "productionStacks: Invalid type. Expected: array, given: string"),
        pytest.param(
            {"productionAccounts": ["1234"]},
            "productionAccounts.0: Does not match pattern '^[0-9]{12}$'",
            marks=of_the_long_ones,
        ),
        pytest.param(
            {"minimumDays": 0},
            "minimumDays: Must validate at least one schema (anyOf)",
            marks=of_the_long_ones,
        ),
        pytest.param(
            {"minimumDays": "x"},
            "minimumDays: Invalid type. Expected: integer, given: string",
            marks=of_the_long_ones,
        ),
    ],
    ids=["stacks", "accounts", "zero days", "no number"],
)
def test_bad_configuration_is_refused_with_place_and_reason(
    make: Callable[..., Project], tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    """Before anything is judged, the engine names policy, setting and what is wrong with it."""
    project = make()

    config = written(tmp_path, {rows.RETENTION: settings})
    result = project.preview(STACK, account=FORGETFUL.account, pack=config)

    assert result.code != 0
    assert f"{rows.RETENTION}: {said}" in result.output


@of_the_long_ones
def test_up_is_blocked_before_anything_is_made(
    make: Callable[..., Project], emulator: Emulator, tmp_path: Path
) -> None:
    """With the pack, `up` ends at the finding: AWS is never asked for the cluster."""
    project = make()
    config = written(tmp_path, {rows.FINAL: {"policyFile": POLICY_FILE}})

    result = project.up(STACK, account=FORGETFUL.account, pack=config)

    assert result.code != 0
    assert [finding.policy for finding in result.findings if finding.enforcement == "mandatory"] == [
        rows.FINAL
    ]
    assert emulator.control.calls("CreateCluster") == []


@of_the_long_ones
def test_remediation_turns_the_request_off_before_it_is_deployed(
    make: Callable[..., Project], tmp_path: Path
) -> None:
    """With `remediate`, `up` works and what it deploys asks for nothing."""
    project = make()
    config = written(tmp_path, {rows.FINAL: {"policyFile": POLICY_FILE, "enforcementLevel": "remediate"}})

    result = project.up(STACK, account=FORGETFUL.account, pack=config)

    assert result.code == 0, result.output
    state = json.loads(project.pulumi("stack", "export", "--stack", STACK, account=FORGETFUL.account))
    clusters = [
        resource["inputs"]
        for resource in state["deployment"]["resources"]
        if resource["type"].endswith("redshift:Cluster")
    ]
    assert [cluster["skip_final_snapshot"] for cluster in clusters] == [False]


@of_the_long_ones
def test_account_that_the_configuration_lies_about_is_not_deployed_to(make: Callable[..., Project]) -> None:
    """A stack that says it is in dev's account passes the pack; the provider then refuses the real one."""
    project = make(**{"aws:allowedAccountIds": json.dumps([rows.DEV])})

    result = project.up(STACK, account=rows.PRODUCTION)

    assert result.code != 0
    assert rows.PRODUCTION in result.output
    assert "aws:allowedAccountIds does not let through" in result.output


@of_the_long_ones
def test_exported_state_is_judged_without_a_stack(make: Callable[..., Project], tmp_path: Path) -> None:
    """`policy analyze --file` finds the same as `--stack`, with the secrets of the state locked away."""
    project = make()
    assert project.up(STACK, account=FORGETFUL.account).code == 0
    exported = tmp_path / "state.json"
    exported.write_text(project.pulumi("stack", "export", "--stack", STACK, account=FORGETFUL.account))
    config = written(tmp_path, {rows.FINAL: {"policyFile": POLICY_FILE}})

    by_stack = project.analyze(STACK, account=FORGETFUL.account, pack=config)
    by_file = project.analyze_file(exported, pack=config)

    assert by_stack.findings == by_file.findings
    assert rows.FINAL in {finding.policy for finding in by_file.findings}
    assert by_file.code != 0
