"""The provider over gRPC: what Pulumi's serialisation does to it, and what it makes of that."""

from __future__ import annotations

import base64
import json
import pickletools
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import dill
import pytest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime import rpc

from redshift_teardown.aws.arguments import ARGUMENTS
from redshift_teardown.provider import ClusterProvider
from tests.contract import wire
from tests.contract.sdk import oldest_sdk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from redshift_teardown.emulator import Control, Emulator

pytestmark = pytest.mark.contract

MANY = 12
"""More clusters than the four that the SDK's server works on at a time."""


def _inputs(name: str, **changes: Any) -> dict[str, Any]:
    """What the program would send of a cluster."""
    return {
        "cluster_identifier": name,
        "node_type": "ra3.xlplus",
        "number_of_nodes": 2,
        "master_username": "admin",
        "master_password": "Correct-Horse-1",
        "urn": wire.urn(name),
        "state_version": 3,
        **changes,
    }


def _up(provider: wire.Provider, name: str, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Bring a cluster up; gives its checked inputs and its outputs."""
    inputs, failures = provider.check(_inputs(name, **changes))
    assert failures == []
    id_, outputs = provider.create(inputs)
    assert id_ == name
    return inputs, outputs


def _snapshots(emulator: Emulator, name: str) -> list[Any]:
    client = boto3.client(
        "redshift",
        region_name=wire.REGION,
        endpoint_url=emulator.url,
        aws_access_key_id="AKIA123456789012TEST",
        aws_secret_access_key="secret",
    )
    found = client.describe_cluster_snapshots(ClusterIdentifier=name, SnapshotType="manual")
    return list(found["Snapshots"])


def _parameters(emulator: Emulator, operation: str) -> Mapping[str, Any]:
    """The parameters of the one call of an operation."""
    (call,) = emulator.control.calls(operation)
    return call.parameters


# --- the pickled provider ---


def test_the_provider_is_pickled_by_reference() -> None:
    """What goes into a state is a module's path and a class's name: no code, and no attributes."""
    pickled = base64.b64decode(serialize_provider(ClusterProvider()))

    strings = [argument for _, argument, _ in pickletools.genops(pickled) if isinstance(argument, str)]
    assert strings == ["redshift_teardown.provider", "ClusterProvider"]
    assert len(pickled) < 100


def test_the_provider_of_existing_states_is_understood() -> None:
    """The provider of every state that exists still names a class: its dotted path is frozen."""
    provider = dill.loads(base64.b64decode(wire.PROVIDER))  # noqa: S301

    assert type(provider) is ClusterProvider
    assert vars(provider) == {}


# --- outputs ---


def test_delete_needs_nothing_but_outputs(
    folder: Path, emulator: Emulator, engine: tuple[wire.Engine, str]
) -> None:
    """A new process deletes by the outputs of create, of update and of read alike, each with its snapshot."""
    with wire.running(folder, emulator.url, engine[1]) as provider:
        outputs = {name: _up(provider, name) for name in ("created", "updated", "refreshed")}
        inputs, created = outputs["updated"]
        news, _ = provider.check({**inputs, "number_of_nodes": 3}, inputs)
        stored = {
            "created": outputs["created"][1],
            "updated": provider.update("updated", created, news),
            "refreshed": provider.read("refreshed", outputs["refreshed"][1])[1],
        }

    with wire.running(folder, emulator.url, engine[1]) as provider:
        for name, outs in stored.items():
            provider.delete(name, outs)

    assert emulator.control.at(region=wire.REGION).state()["clusters"] == {}
    for name in stored:
        (snapshot,) = _snapshots(emulator, name)
        tags = {tag["Key"]: tag["Value"] for tag in snapshot["Tags"]}
        assert (snapshot["SnapshotIdentifier"], snapshot["Status"]) == (f"{name}-final", "available")
        assert snapshot["ManualSnapshotRetentionPeriod"] == 35
        assert (tags["kept"], tags["redshift-teardown:cluster"]) == ("yes", name)


def test_outputs_hold_the_state_contract(provider: wire.Provider) -> None:
    """Create, read and a policy-only update give the same outputs: contract, arguments and read-only ones."""
    inputs, created = _up(provider, "whole", tags={"team": "data"})

    assert created["state_version"] == 3
    assert set(created["identity"]) == {
        "account_id",
        "region",
        "cluster_namespace_arn",
        "cluster_create_time",
    }
    # Preview needs no account where no environment lists any; create knows it.
    assert created["policy"] == {**inputs["policy"], "account": "123456789012"}
    assert created["on_destroy"] == inputs["on_destroy"]
    assert created["urn"] == wire.urn("whole")
    assert created["master_password"] == "Correct-Horse-1"
    assert created["arn"].endswith(":cluster:whole")
    assert provider.read("whole", created) == ("whole", created)
    assert provider.update("whole", created, inputs) == created


def test_nothing_changed_is_no_diff(provider: wire.Provider) -> None:
    """Outputs of create and of read, against the same inputs, are no diff, floats and all."""
    inputs, created = _up(provider, "same", port=5439, encrypted=True)
    _, refreshed = provider.read("same", created)

    assert provider.diff("same", created, inputs) == (False, [])
    assert provider.diff("same", refreshed, inputs) == (False, [])
    assert provider.diff("same", created, {**inputs, "number_of_nodes": 3}) == (True, [])
    replaced = {**inputs, "cluster_subnet_group_name": "other", "restore_final_snapshot": True}
    assert provider.diff("same", created, replaced) == (True, ["cluster_subnet_group_name"])


# --- numbers ---


def test_floats_reach_aws_as_whole_numbers(provider: wire.Provider, emulator: Emulator) -> None:
    """Every number arrives as a float; AWS is sent whole ones, at create and, days later, at delete."""
    _, outputs = _up(provider, "floats", port=5440, automated_snapshot_retention_period=7)
    assert isinstance(outputs["number_of_nodes"], float)

    provider.delete("floats", outputs)

    created, deleted = _parameters(emulator, "CreateCluster"), _parameters(emulator, "DeleteCluster")
    assert [created[key] for key in ("NumberOfNodes", "Port", "AutomatedSnapshotRetentionPeriod")] == [
        "2",
        "5440",
        "7",
    ]
    assert deleted["FinalClusterSnapshotRetentionPeriod"] == "35"


def test_a_fraction_is_no_number_of_nodes(provider: wire.Provider) -> None:
    """What is no whole number is refused by check, on its property."""
    _, failures = provider.check(_inputs("half", number_of_nodes=2.5))

    assert failures == [("number_of_nodes", "must be a whole number, not 2.5")]


# --- what preview cannot know ---


@pytest.fixture(scope="module")
def lone_provider(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A provider that can reach no AWS."""
    folder = tmp_path_factory.mktemp("lone")
    (folder / "policy").mkdir()
    (folder / "policy" / "deletion-policy.yaml").write_text("version: 1\n")
    with wire.listening() as (_, engine), wire.running(folder, "http://127.0.0.1:9", engine) as running:
        yield running


@pytest.mark.parametrize("name", [argument.name for argument in ARGUMENTS])
def test_an_unknown_value_is_no_failure(lone_provider: wire.Provider, name: str) -> None:
    """Whichever argument preview cannot know yet, check lets it through, unchanged."""
    needed: dict[str, dict[str, Any]] = {
        "elastic_ip": {"publicly_accessible": True, "manage_master_password": True},
        "manage_master_password": {},
        "master_password": {},
        "master_password_wo": {"master_password_wo_version": 1},
        "master_password_wo_version": {"master_password_wo": "Correct-Horse-1"},
    }
    news = {**_inputs("u"), **needed.get(name, {"manage_master_password": True}), name: rpc.UNKNOWN}
    if name != "master_password":
        del news["master_password"]

    inputs, failures = lone_provider.check(news)

    assert failures == []
    assert inputs[name] == rpc.UNKNOWN


def test_tags_known_in_part(lone_provider: wire.Provider) -> None:
    """A map with one unknown value passes check as it is."""
    tags = {"team": "data", "owner": rpc.UNKNOWN}

    inputs, failures = lone_provider.check(_inputs("u", tags=tags))

    assert failures == []
    assert inputs["tags"] == tags


# --- older states ---


def test_a_state_of_version_1_is_read(provider: wire.Provider, folder: Path, emulator: Emulator) -> None:
    """Version 1 held the recorded rules as a mapping: they still decide, and are no change by themselves."""
    inputs, outputs = _up(provider, "older")
    older = _of_version_1(outputs)
    assert provider.diff("older", older, inputs) == (False, [])
    assert provider.update("older", older, {**inputs, "number_of_nodes": 3})["state_version"] == 3
    (folder / "policy" / "deletion-policy.yaml").unlink()

    provider.delete("older", older)

    assert _parameters(emulator, "DeleteCluster")["FinalClusterSnapshotRetentionPeriod"] == "35"


def _of_version_1(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return outputs as they were recorded then, and as the engine hands them over: every number a float."""
    rules = json.loads(outputs["policy"]["rules"], parse_int=float)
    return {**outputs, "state_version": 1.0, "policy": {**outputs["policy"], "rules": rules}}


# --- errors ---


def _refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(wire.RefusedByProviderError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "Traceback" not in message
    assert "Correct-Horse-1" not in message
    return message


def test_an_error_is_its_message_alone(provider: wire.Provider) -> None:
    """What reaches the engine of a refusal is the message: what, the data's state, what to do next."""
    message = _refusal(provider.delete, "new", {**_inputs("new"), "state_version": 99})

    assert message == (
        "this state was written by a newer redshift-teardown (state version 99; this one reads up to 3)\n"
        "  data: nothing was touched\n"
        "  next: install the version that wrote it, or a newer one, and run the command again"
    )


def test_an_error_in_the_configuration_is_its_message_alone(provider: wire.Provider) -> None:
    """Configuration of a wrong form is read at destroy, too, where no program refused it before."""
    provider.configure({"aws:region": wire.REGION, "aws:defaultTags": '["team"]'})

    message = _refusal(provider.delete, "new", _inputs("new"))

    assert message == (
        'config aws:defaultTags must be an object with tags; write it as {"tags": {"team": "data"}}'
    )


def test_a_key_that_is_not_supported_is_refused_by_name(provider: wire.Provider) -> None:
    """Nothing is done in the place or with the tags that the configuration did not mean."""
    provider.configure({"aws:region": wire.REGION, "aws:ignoreTags": '{"keys": ["cost"]}'})

    assert _refusal(provider.create, _inputs("new")).startswith("config aws:ignoreTags is not supported: ")


def test_a_key_that_nobody_knows_is_refused(provider: wire.Provider) -> None:
    """Misspelt, it would leave the cluster to whoever is in the environment."""
    provider.configure({"aws:region": wire.REGION, "aws:profil": "prod"})

    assert "did you mean aws:profile?" in _refusal(provider.create, _inputs("new"))


def test_every_verb_plains_its_errors(provider: wire.Provider, folder: Path) -> None:
    """No verb shows a traceback: of a damaged state, of a broken policy, of a cluster that is not ours."""
    inputs, outputs = _up(provider, "taken")
    damaged = {**outputs, "number_of_nodes": "two"}

    assert "state is damaged: number_of_nodes" in _refusal(provider.delete, "taken", damaged)
    assert "number_of_nodes" in _refusal(provider.read, "taken", damaged)
    assert "number_of_nodes" in _refusal(provider.update, "taken", damaged, inputs)
    assert "number_of_nodes" in _refusal(provider.diff, "taken", damaged, inputs)
    assert "exists already" in _refusal(provider.create, inputs)
    for broken in ({"urn": "nonsense"}, {"identity": None}, {"policy": None, "identity": "none"}):
        _refusal(provider.delete, "taken", {**outputs, **broken})
    (folder / "policy" / "deletion-policy.yaml").write_text("version: 2\n")
    assert "policy/deletion-policy.yaml:1:10" in _refusal(provider.create, inputs)
    assert "policy/deletion-policy.yaml:1:10" in _refusal(provider.update, "taken", outputs, inputs)
    assert "there is no deletion policy to go by" in _refusal(
        provider.delete, "taken", {**outputs, "policy": {"rules": "lost"}}
    )


def test_a_refused_password_is_not_sent_back(provider: wire.Provider) -> None:
    """The engine prints the value of a property it is told, so a password's failure names none."""
    _, failures = provider.check(_inputs("weak", master_password="Tooweak"))

    assert [name for name, _ in failures] == ["", ""]
    assert all(reason.startswith("master_password must ") for _, reason in failures)


# --- a cluster that is gone ---


@pytest.mark.parametrize("program", [True, False], ids=["the program's", "nothing"])
def test_a_read_without_recorded_outputs_is_told_what_asks_for_it(
    provider: wire.Provider, *, program: bool
) -> None:
    """The option `id` has the engine hand over the program's inputs: that is the mistake, not the state."""
    _up(provider, "looked-up")
    given = provider.check(_inputs("looked-up"))[0] if program else {"urn": wire.urn("looked-up")}

    with pytest.raises(wire.RefusedByProviderError) as caught:
        provider.read("looked-up", given)

    said = str(caught.value)
    assert "`id` among the resource's options" in said
    assert "adopt_existing=True" in said
    assert "state delete" not in said


def test_a_gone_cluster_reads_as_nothing(
    provider: wire.Provider, emulator: Emulator, engine: tuple[wire.Engine, str]
) -> None:
    """Refresh of a cluster whose destroy was through gives an empty id and no outputs: it leaves the state.
    One that was deleted outside stays in it, marked.
    """
    for name, delete in (("torn-down", True), ("gone", False)):
        _, outputs = _up(provider, name)
        if delete:
            provider.delete(name, outputs)
        else:
            emulator.control.at(region=wire.REGION).remove_cluster(name)
        found, read = provider.read(name, outputs)
        assert (found, read == {}) == (("", True) if delete else (name, False))
        assert ("gone" in read) is not delete
        words = "is gone and leaves the state" if delete else "stays in the state"
        assert any(words in line for line in engine[0].kept(name))


# --- workers and progress ---


def test_more_than_four_at_once(folder: Path, emulator: Emulator, engine: tuple[wire.Engine, str]) -> None:
    """The server's four threads are widened: many creations, then many deletions, are all under way at once.

    The deletions come in a burst to a new process, as at destroy: most are queued before the first of them
    can widen anything.
    """
    control = emulator.control.at(region=wire.REGION)
    names = [f"many-{number}" for number in range(MANY)]
    outputs: dict[str, dict[str, Any]] = {}

    def up(provider: wire.Provider, name: str) -> None:
        outputs[name] = _up(provider, name)[1]

    # Phases longer than the test may take: what is under way stays so until all are.
    control.set_lifecycle(creating=600 * 60, final_snapshot=600 * 60)
    with wire.running(folder, emulator.url, engine[1]) as provider:
        creations = wire.all_at_once([partial(up, provider, name) for name in names])
        _await_calls(control, "CreateCluster", MANY)
        control.advance(600 * 60)
        for thread in creations:
            thread.join(timeout=30)
    with wire.running(folder, emulator.url, engine[1]) as provider:
        deletions = wire.all_at_once([partial(provider.delete, name, outputs[name]) for name in names])
        _await_calls(control, "DeleteCluster", MANY)
        assert {each["shown_status"] for each in control.state()["clusters"].values()} == {"final-snapshot"}
        control.advance(600 * 60)
        for thread in deletions:
            thread.join(timeout=30)
    assert [len(_snapshots(emulator, name)) for name in names] == [1] * MANY


def _await_line(engine: wire.Engine, words: str) -> None:
    limit = time.monotonic() + 30
    while not any(words in line.message for line in engine.lines):
        assert time.monotonic() < limit, engine.lines
        time.sleep(0.05)


def _await_calls(control: Control, operation: str, count: int) -> None:
    limit = time.monotonic() + 20
    while len(control.calls(operation)) < count:
        assert time.monotonic() < limit, f"{len(control.calls(operation))} of {count} {operation}"
        time.sleep(0.05)


def test_progress_reaches_the_resource_s_row(
    provider: wire.Provider, emulator: Emulator, engine: tuple[wire.Engine, str]
) -> None:
    """The engine is told, by URN, how the final snapshot goes, and what came of it for good."""
    _, outputs = _up(provider, "shown")
    said = engine[0]
    said.lines.clear()

    provider.delete("shown", outputs)

    assert {line.urn for line in said.lines} == {wire.urn("shown")}
    assert {line.severity for line in said.lines} == {"INFO"}
    assert any(line.ephemeral and line.message.startswith("final snapshot ") for line in said.lines)
    kept = said.kept("shown")
    assert kept[0] == "shown: final snapshot, kept 35 days (policy/deletion-policy.yaml:3)"
    assert kept[-1].startswith("shown is gone; final snapshot shown-final is available in eu-central-1")
    assert emulator.control.calls("DeleteCluster")[0].result == "ok"


def test_without_its_engine_a_provider_changes_nothing(
    provider: wire.Provider, folder: Path, emulator: Emulator
) -> None:
    """Where no engine answers any more, nobody records what is done: nothing is deleted, and that is said."""
    _, outputs = _up(provider, "alone")

    with wire.running(folder, emulator.url, "127.0.0.1:9") as lonely:
        message = _refusal(lonely.delete, "alone", outputs)

    assert message.startswith("the Pulumi engine that asked for this is gone")
    assert emulator.control.calls("DeleteCluster") == []


@pytest.mark.parametrize("sdk", ["oldest", "installed"])
def test_cancel_reaches_what_is_under_way(
    sdk: str, provider: wire.Provider, folder: Path, emulator: Emulator, engine: tuple[wire.Engine, str]
) -> None:
    """One Ctrl-C: the engine calls Cancel, and a destroy that waits for a busy cluster ends, nothing sent.
    The SDK's own Cancel does nothing; that ours takes its place is asked of the oldest SDK and of this one.
    """
    _, outputs = _up(provider, "waiting")
    emulator.control.at(region=wire.REGION).set_cluster("waiting", status="resizing")
    path = str(oldest_sdk()) if sdk == "oldest" else ""
    with wire.running(folder, emulator.url, engine[1], PYTHONPATH=path) as other:
        said: list[str] = []
        delete = partial(_refusal, other.delete, "waiting", outputs)
        [waiting] = wire.all_at_once([lambda: said.append(delete())])
        _await_line(engine[0], "cluster is resizing")
        other.cancel()
        waiting.join(timeout=20)

    assert len(said) == 1
    # An older SDK says before it that the application failed.
    assert "it was cancelled (Ctrl-C), so nothing more is begun\n  data: this destroy has not" in said[0]
    assert emulator.control.calls("DeleteCluster") == []
