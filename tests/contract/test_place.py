"""What a program writes about a resource's place is compared with what the engine says, over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import wire

if TYPE_CHECKING:
    from pathlib import Path

    from redshift_teardown.emulator import Emulator

pytestmark = pytest.mark.contract

POLICY = """\
version: 1
environments:
  production: {stacks: [prod], skip: never}
  dev: {stacks: [dev], skip: [{when: {always: true}, because: nobody needs it}]}
"""
PROD, DEV = wire.urn("one"), wire.urn("one", stack="dev")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a project whose dev stacks may skip."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "deletion-policy.yaml").write_text(POLICY)
    return tmp_path


def inputs(urn: str | None, **more: Any) -> dict[str, Any]:
    """What a program sends."""
    return {
        "cluster_identifier": "one",
        "node_type": "ra3.xlplus",
        "number_of_nodes": 2,
        "master_username": "admin",
        "manage_master_password": True,
        "urn": urn,
        **more,
    }


def test_a_lie_about_the_stack_is_refused(provider: wire.Provider, emulator: Emulator) -> None:
    """A cluster of prod that says it is one of dev is neither checked, nor created, nor updated."""
    with pytest.raises(wire.RefusedByProviderError) as caught:
        provider.check(inputs(DEV), told=PROD)

    assert str(caught.value).startswith(
        "the program says that this resource is in stack dev of project warehouse "
        f"({DEV}), and the engine says it is in stack prod of warehouse"
    )
    honest, failures = provider.check(inputs(DEV))
    assert failures == []
    for attempt in (
        lambda: provider.create(honest, told=PROD),
        lambda: provider.update("one", {}, honest, told=PROD),
    ):
        with pytest.raises(wire.RefusedByProviderError, match="the engine says it is in stack prod"):
            attempt()
    assert emulator.control.calls("CreateCluster") == []


@pytest.mark.parametrize(
    "written",
    [None, wire.urn("another"), PROD.replace("::pulumi", "::my:Group$pulumi"), "nonsense"],
    ids=["nothing", "another resource", "another parent", "nonsense"],
)
def test_the_engines_word_is_recorded(provider: wire.Provider, written: str | None) -> None:
    """Whatever the program says of itself in its own stack, inputs hold what the engine says."""
    checked, failures = provider.check(inputs(written), told=PROD)

    assert (failures, checked["urn"], checked["policy"]["protected"]) == ([], PROD, True)


def test_the_stacks_root_is_a_word_too(provider: wire.Provider, engine: tuple[wire.Engine, str]) -> None:
    """Where a request does not name its resource, the engine is asked which stack this is."""
    engine[0].root = "urn:pulumi:prod::warehouse::pulumi:pulumi:Stack::warehouse-prod"

    with pytest.raises(wire.RefusedByProviderError, match="the engine says it is in stack prod"):
        provider.check(inputs(DEV), told="")
    engine[0].root = "urn:pulumi:dev::warehouse::pulumi:pulumi:Stack::warehouse-dev"
    checked, failures = provider.check(inputs(DEV), told="")

    assert (failures, checked["policy"]["environment"]) == ([], "dev")


def test_what_nobody_says_counts_as_protected(provider: wire.Provider) -> None:
    """An engine that names neither resource nor stack leaves the program's word: nothing may be skipped."""
    checked, failures = provider.check(inputs(DEV), told="")

    assert (failures, checked["policy"]["protected"]) == ([], True)
    assert checked["on_destroy"].startswith("final snapshot, kept forever")


@pytest.mark.parametrize(("told", "kept"), [(PROD, 1), (DEV, 0)])
def test_a_delete_goes_by_the_stack_that_the_cluster_is_in(
    provider: wire.Provider, emulator: Emulator, told: str, kept: int
) -> None:
    """What an earlier release recorded of a lie, or a rename left behind, loses nothing that is prod's."""
    dev, _ = provider.check(inputs(DEV))
    id_, outputs = provider.create(dev)

    provider.delete(id_, outputs, told=told)

    found = emulator.control.at(region=wire.REGION).state()
    assert found["clusters"] == {}
    assert len([each for each in found["snapshots"].values() if each["kind"] == "manual"]) == kept


def test_a_delete_asks_the_file_for_the_stack_of_the_last_up_too(
    provider: wire.Provider, folder: Path, emulator: Emulator
) -> None:
    """Production claims since then the stack it was brought up in; the one it is in now may skip."""
    dev, _ = provider.check(inputs(DEV))
    id_, outputs = provider.create(dev)
    claimed = POLICY.replace("[prod]", "[prod, dev]").replace("dev: {stacks: [dev]", "dev: {stacks: [lab]")
    (folder / "policy" / "deletion-policy.yaml").write_text(claimed)

    provider.delete(id_, outputs, told=wire.urn("one", stack="lab"))

    found = emulator.control.at(region=wire.REGION).state()
    assert len([each for each in found["snapshots"].values() if each["kind"] == "manual"]) == 1


def test_the_operators_variable_is_no_word(
    folder: Path, emulator: Emulator, engine: tuple[wire.Engine, str]
) -> None:
    """PULUMI_STACK chooses a stack where no option does; that it says dev makes no cluster one of dev."""
    with wire.running(folder, emulator.url, engine[1], PULUMI_STACK="dev") as provider:
        checked, _ = provider.check(inputs(DEV), told="")

    assert checked["policy"]["protected"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identity", {"account_id": "444455556666"}),
        ("arn", "arn:aws:redshift:eu-central-1:444455556666:cluster:one"),
        ("tags_all", {"environment": "dev"}),
        ("void", ["a-final-snapshot"]),
        ("gone", "a while ago"),
        ("claim", "another's"),
        ("bypass", 5),
        ("bypass", ["nothing"]),
    ],
)
def test_what_is_no_programs_to_say_is_refused(provider: wire.Provider, name: str, value: object) -> None:
    """A policy pack believes what is recorded and what AWS shows; a program that writes it is refused."""
    _, failures = provider.check(inputs(PROD, **{name: value}))

    assert [reason.split()[0] for _, reason in failures] == [name]


def test_a_decision_that_the_program_writes_is_not_looked_at(provider: wire.Provider) -> None:
    """Rules, environment and what a destroy would do are those of the policy, whatever stands there."""
    honest, _ = provider.check(inputs(PROD))
    dev, _ = provider.check(inputs(DEV))

    checked, failures = provider.check(
        inputs(PROD, policy=dev["policy"], on_destroy=dev["on_destroy"], state_version=1)
    )

    assert failures == []
    assert (checked["policy"], checked["on_destroy"]) == (honest["policy"], honest["on_destroy"])
    assert checked["state_version"] == 3
