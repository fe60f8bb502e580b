"""What was secret in a program stays so in the state, while its value lives on in AWS. Over gRPC."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.engine.secret_values import SECRETS, seal
from tests.contract.inside import Engine, inside, is_marked, without_marked
from tests.contract.test_named import KEYS, PROGRAM, ROLES, begin_anew
from tests.parity.bench import Bench, bench, did

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.contract

LIVES_ON: dict[str, Any] = {
    "database_name": "hidden_db",
    "kms_key_id": KEYS[1],
    "cluster_subnet_group_name": "hidden-net",
    "availability_zone": "us-east-1b",
    "cluster_parameter_group_name": "tuned",
    "elastic_ip": "52.1.2.4",
    "iam_roles": [ROLES[1]],
    "preferred_maintenance_window": "Sun:03:00-Sun:04:00",
    "vpc_security_group_ids": ["sg-77"],
}
"""Arguments whose value AWS keeps when a program says them no more."""
BESIDE: dict[str, Any] = {"elastic_ip": {"publicly_accessible": True}}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for all of them."""
    with bench(tmp_path_factory.mktemp("secrets")) as made:
        yield made


def hide_a_subnet_group(stack: Bench) -> None:
    """Make a subnet group whose name nobody is to know."""
    [default] = stack.outsider.describe_cluster_subnet_groups()["ClusterSubnetGroups"]
    stack.outsider.create_cluster_subnet_group(
        ClusterSubnetGroupName="hidden-net",
        Description="x",
        SubnetIds=[subnet["SubnetIdentifier"] for subnet in default["Subnets"]],
    )


def in_clear(engine: Engine, value: Any) -> bool:
    """Whether a value stands outside of every mark in what the provider gave last."""
    [text] = value if isinstance(value, list) else [value]
    return str(text).lower() in json.dumps(without_marked(list(engine.marked))).lower()


def ups(engine: Engine, program: dict[str, Any]) -> str:
    """Preview and `up`; gives what the preview showed."""
    shown = engine.preview(program)
    assert shown.operation in {"create", "same", "update"}, shown
    assert engine.up(shown) == ""
    return shown.operation


@pytest.mark.parametrize("name", LIVES_ON)
def test_a_secret_that_is_taken_out_of_the_program_stays_one(opened: Bench, name: str) -> None:
    """Its value lives on: after the `up` that drops it, a refresh, and an `up` for something else."""
    begin_anew(opened)
    hide_a_subnet_group(opened)
    value = LIVES_ON[name]
    program = {**PROGRAM, **BESIDE.get(name, {})}
    without = {key: said for key, said in program.items() if key != name}
    with inside(opened) as provider:
        engine = Engine(opened, provider)
        ups(engine, {**program, name: value, SECRETS: [name]})
        assert not in_clear(engine, value)

        assert ups(engine, without) == "update"
        assert not in_clear(engine, value)

        engine.refresh()
        assert not in_clear(engine, value)
        assert engine.preview(without).operation == "same"

        assert ups(engine, {**without, "enhanced_vpc_routing": True}) == "update"
        assert not in_clear(engine, value)
        assert engine.outputs[name] is not None


def test_the_snapshot_a_cluster_began_with_stays_secret(opened: Bench) -> None:
    """No output has the argument's name any more, and `restored_from` still says it."""
    begin_anew(opened)
    with inside(opened) as provider:
        first = Engine(opened, provider)
        ups(first, PROGRAM)
        opened.outsider.create_cluster_snapshot(
            SnapshotIdentifier="hidden-seed", ClusterIdentifier="warehouse"
        )
        opened.run(lambda: provider.delete("warehouse", first.outputs))
        engine = Engine(opened, provider)
        ups(engine, {**PROGRAM, "snapshot_identifier": "hidden-seed", SECRETS: ["snapshot_identifier"]})
        assert not in_clear(engine, "hidden-seed")

        for program in (PROGRAM, {**PROGRAM, "enhanced_vpc_routing": True}):
            ups(engine, program)
            assert not in_clear(engine, "hidden-seed")
            engine.refresh()
            assert not in_clear(engine, "hidden-seed")


def test_another_value_that_a_program_says_in_clear_is_none(opened: Bench) -> None:
    """Nor is one it says anew, long after the secret was dropped; one that it never called secret is none."""
    begin_anew(opened)
    window = "preferred_maintenance_window"
    with inside(opened) as provider:
        engine = Engine(opened, provider)
        ups(engine, {**PROGRAM, window: "sat:03:00-sat:04:00", SECRETS: [window]})
        ups(engine, {**PROGRAM, window: "sun:03:00-sun:04:00"})
        assert in_clear(engine, "sun:03:00-sun:04:00")

        ups(engine, {**PROGRAM, window: "sat:03:00-sat:04:00", SECRETS: [window]})
        ups(engine, PROGRAM)
        ups(engine, {**PROGRAM, window: "mon:03:00-mon:04:00"})
        assert in_clear(engine, "mon:03:00-mon:04:00")


def test_the_cluster_that_replaces_one_keeps_its_secrets(opened: Bench) -> None:
    """It is restored with the key of the old one, which no program names any more."""
    begin_anew(opened)
    hide_a_subnet_group(opened)
    opened.apply(kms_key_id=KEYS[1], secrets=["kms_key_id"])
    opened.apply()

    replaced = opened.apply(cluster_subnet_group_name="hidden-net", restore_final_snapshot=True)

    assert (did(replaced), replaced.said) == ("replace", "")
    assert opened.state is not None
    assert opened.state["kms_key_id"] == KEYS[1]
    assert is_marked(seal(opened.state)["kms_key_id"])


@pytest.mark.parametrize("said", [True, False])
def test_a_destroy_forgets_what_was_secret(opened: Bench, *, said: bool) -> None:
    """A program that restores says it once more; what it leaves out comes back from the snapshot in clear."""
    begin_anew(opened)
    opened.apply(kms_key_id=KEYS[1], secrets=["kms_key_id"])
    assert opened.destroy().said == ""
    again: dict[str, Any] = {"kms_key_id": KEYS[1], "secrets": ["kms_key_id"]} if said else {}

    assert opened.apply(restore_final_snapshot=True, **again).said == ""

    assert opened.state is not None
    assert opened.state["kms_key_id"] == KEYS[1]
    assert is_marked(seal(opened.state)["kms_key_id"]) is said
