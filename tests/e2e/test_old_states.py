"""States that earlier commits wrote, on the real engine: refreshed, updated and torn down by this one.

What stands in `old_states` and how it came there: its README.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import dill
import pytest

from redshift_pack.recorded import recorded_in
from redshift_pack.subject import OwningProvider, Subject
from redshift_teardown.engine.urn import Urn
from redshift_teardown.lifecycle.state import STATE_VERSION
from redshift_teardown.provider import ClusterProvider
from tests.e2e.harness import TYPE, Stack
from tests.e2e.old_states.shapes import MARKER, NAME, SECRETS, SHAPES, OldState, all_old_states, recreate
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness import Project

STATES = all_old_states()
SECRET = "4dabf18193072939515e22adb298388d"
"""What Pulumi marks a secret with in a state."""
OURS = {"claim", "data_since", "inherited", "protection", "restored_from", "said", "secrets", "state_version"}
"""Outputs that a refresh brings to the present version: no argument, and nothing that AWS shows."""
UNKNOWN_TO_THE_FIRST = {"default_iam_role_arn", "master_password_secret_kms_key_id", "region"}
"""Arguments that the first commit did not record where the program says nothing of them."""

e2e = pytest.mark.e2e


def cases(test: str, states: list[OldState], *, always: set[str]) -> pytest.MarkDecorator:
    """One case a state; `make test` runs only those that are named."""
    return pytest.mark.parametrize(
        "old",
        [
            pytest.param(
                state,
                id=str(state),
                marks=[
                    pytest.mark.xdist_group(f"e2e-old-{test}-{state}"),
                    *([] if str(state) in always else [of_the_long_ones]),
                ],
            )
            for state in states
        ],
    )


def imported(project: Project, old: OldState) -> Stack:
    """Import an old state, in an AWS that shows what it showed then."""
    stack = SHAPES[old.shape].prepare(project)
    recreate(project, old.aws())
    stack.take_state(old.file)
    project.control.clear_calls()
    return stack


def without_ciphers(value: Any) -> Any:
    """Return a value of a state with one word for every secret: a cipher is another at each encryption."""
    if isinstance(value, dict):
        return "secret" if SECRET in value else {key: without_ciphers(item) for key, item in value.items()}
    return [without_ciphers(item) for item in value] if isinstance(value, list) else value


def providers(exported: dict[str, Any]) -> Iterator[str]:
    """Every pickled provider of a state."""
    for resource in exported["deployment"]["resources"]:
        if resource["type"] == TYPE:
            yield from (resource[of]["__provider"] for of in ("inputs", "outputs"))


def destroy_as_planned(project: Project, stack: Stack, old: OldState) -> None:
    """Destroy it: `plan` says beforehand what happens, and exactly that happens."""
    aws, known = old.aws(), {each["SnapshotIdentifier"] for each in project.snapshots(NAME)}
    wants_snapshot = old.shape != "dev"
    planned = project.command("plan", "--stack", stack.name, "--format", "json")
    assert planned.returncode == (0 if wants_snapshot else 2), planned.stdout + planned.stderr
    [forecast] = json.loads(planned.stdout)["clusters"]
    project.control.clear_calls()

    assert stack.destroy().ok().steps == {NAME: "delete"}

    [sent] = [call for call in project.control.calls() if call.operation == "DeleteCluster"]
    left = [each for each in project.snapshots(NAME) if each["SnapshotIdentifier"] not in known]
    assert (project.clusters(), stack.state()) == (set(), {})
    assert (sent.parameters["SkipFinalClusterSnapshot"] == "false", len(left)) == (
        wants_snapshot,
        wants_snapshot,
    )
    assert forecast["outcome"] == ("snapshot" if wants_snapshot else "skip")
    if not wants_snapshot:
        return
    [snapshot] = left
    name, tags = snapshot["SnapshotIdentifier"], {tag["Key"]: tag["Value"] for tag in snapshot["Tags"]}
    cluster = aws["clusters"][NAME]
    assert sent.parameters["FinalClusterSnapshotIdentifier"] == name
    assert re.fullmatch(r"warehouse-prod-lake-final-\d{8}t\d{6}z", name)
    assert snapshot["Status"] == "available"
    assert snapshot["ManualSnapshotRetentionPeriod"] == forecast["retention_days"] == -1
    assert abs(snapshot["ClusterCreateTime"].timestamp() - cluster["create_time"]) < 0.002
    assert project.control.snapshot_marker(name) == MARKER
    assert tags == forecast["tags"]
    assert tags["kept-for"] == "auditors"
    assert tags["redshift-teardown:generation"] == cluster["namespace"]
    assert (tags["redshift-teardown:cluster"], tags["pulumi:stack"]) == (NAME, "prod")


def test_every_version_stands_here() -> None:
    """Each state version there has ever been has its states here; the newest of them is the present one."""
    assert {old.version for old in STATES} == set(range(1, STATE_VERSION + 1))


@pytest.mark.parametrize("old", STATES, ids=str)
def test_the_providers_path_holds(old: OldState) -> None:
    """The provider that a state holds is found by the dotted path that was written with it."""
    pickled = set(providers(old.exported()))

    assert [type(dill.loads(base64.b64decode(each))) for each in pickled] == [ClusterProvider]  # noqa: S301


@pytest.mark.parametrize("old", STATES, ids=str)
def test_a_fixture_says_nothing_of_its_machine(old: OldState) -> None:
    """No absolute path and no address: neither in the state nor in the pickled provider."""
    exported = old.exported()
    text = f"{json.dumps(exported)}{json.dumps(old.aws())}"
    pickled = b"".join(base64.b64decode(each) for each in providers(exported)).decode("latin-1")

    assert (
        re.findall(r"(?:/home|/root|/tmp|/work|/srv|/usr|site-packages|https?:|localhost)[^\"]*", text) == []
    )
    assert "/" not in pickled


@pytest.mark.parametrize("old", STATES, ids=str)
def test_the_pack_reads_the_recorded_policy(old: OldState) -> None:
    """What the policy pack judges an existing stack by is read of every version."""
    [outputs] = [
        each["outputs"] for each in old.exported()["deployment"]["resources"] if each["type"] == TYPE
    ]
    subject = Subject(OwningProvider.OWNED, Urn.parse(outputs["urn"]), outputs, protect=False, provider={})

    assert recorded_in(subject).problem == ""


@e2e
@cases("life", STATES, always={"v1-f01a8ef-secrets", "v2-6301614-component"})
def test_an_old_state_is_lived_on(project: Project, old: OldState) -> None:
    """Refreshed without a loss, previewed without a replacement, changed, and destroyed by its policy."""
    stack = imported(project, old)
    before = stack.state()[NAME]["outputs"]

    stack.refresh().ok()
    refreshed = stack.state()[NAME]["outputs"]
    assert set(refreshed) - set(before) <= OURS | UNKNOWN_TO_THE_FIRST
    assert without_ciphers({key: refreshed.get(key) for key in set(before) - OURS}) == (
        without_ciphers({key: before[key] for key in set(before) - OURS})
    )
    assert project.changing_calls() == []

    # Which arguments are secret is recorded since; where it is not, the next `up` adds it.
    names_secrets = old.shape != "secrets" or "secrets" in before
    assert stack.preview().ok().steps == {NAME: "same" if names_secrets else "update"}
    project.program(SHAPES[old.shape].program(number_of_nodes=3))
    assert stack.up().ok().steps == {NAME: "update"}
    [shown] = project.redshift().describe_clusters()["Clusters"]
    assert shown["NumberOfNodes"] == 3
    assert shown["ClusterNamespaceArn"].endswith(old.aws()["clusters"][NAME]["namespace"])
    after = stack.state()[NAME]["outputs"]
    assert (after["state_version"], after["number_of_nodes"]) == (STATE_VERSION, 3)
    assert after["identity"] == before["identity"]
    tags = {tag["Key"]: tag["Value"] for tag in shown["Tags"]}
    assert tags["redshift-teardown:claim"].split()[0] == after["claim"]
    # The tag stood there in clear, before version 3 knew better.
    assert [value for value in SECRETS.values() if value in json.dumps(after)] == []
    assert stack.preview().ok().steps == {NAME: "same"}

    destroy_as_planned(project, stack, old)


@e2e
@cases("end", [old for old in STATES if old.shape in {"prod", "dev"}], always={"v1-35469b8-prod"})
def test_an_old_state_is_destroyed_at_once(project: Project, old: OldState) -> None:
    """Straight after the import, before anything wrote it anew: what it records of the policy is in force,
    whatever the file has been loosened to since.
    """
    stack = imported(project, old)
    project.edit_policy("skip: never", "skip: [{when: {always: true}, because: nobody needs it}]")
    project.edit_policy("retention_days: forever", "retention_days: 1")

    destroy_as_planned(project, stack, old)
