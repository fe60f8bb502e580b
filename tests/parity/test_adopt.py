"""Taking over a cluster that runs, and never one that is somebody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import read_arguments
from tests.parity.bench import Invalid, changing, did
from tests.teardown.stage import URN, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench

ADOPT: dict[str, Any] = {"adopt_existing": True}
CLAIMED = ["CreateTags Tags", "CreateTags Tags"]
"""All that an adoption changes: the ownership claim is written on the cluster."""


def run_one(stack: Bench, **arguments: Any) -> None:
    """Have somebody else create a cluster, as pulumi-aws would."""
    stack.outsider.create_cluster(
        **{
            "ClusterIdentifier": "warehouse",
            "NodeType": "ra3.4xlarge",
            "NumberOfNodes": 3,
            "MasterUsername": "admin",
            "MasterUserPassword": "Correct-Horse-1",
            "Port": 5440,
            "Tags": [{"Key": "team", "Value": "data"}],
            **arguments,
        }
    )
    stack.time.advance(600)
    stack.control.set_marker("warehouse", "precious")


SAME: dict[str, Any] = {
    "node_type": "ra3.4xlarge",
    "number_of_nodes": 3,
    "port": 5440,
    "tags": {"team": "data"},
}


def test_adoption_changes_nothing(stack: Bench) -> None:
    """No call but for the ownership claim; identity and values are AWS's own, and nothing is left to do."""
    run_one(stack)
    before = stack.cluster()

    adopted = stack.apply(**SAME, **ADOPT)

    assert (adopted.said, did(adopted), changing(adopted)) == ("", "create", CLAIMED)
    assert any(line.startswith("adopted cluster warehouse as it is") for line in adopted.kept)
    assert stack.state is not None
    assert stack.state["identity"]["cluster_namespace_arn"] == before["ClusterNamespaceArn"]
    assert "final snapshot" in stack.state["on_destroy"]
    assert stack.preview(**SAME, **ADOPT) == "same"
    moving = ("NextMaintenanceWindowStartTime", "Tags")
    assert {key: value for key, value in stack.cluster().items() if key not in moving} == {
        key: value for key, value in before.items() if key not in moving
    }


@pytest.mark.parametrize(("number", "moment"), [(1, "after"), (2, "before")])
def test_an_adoption_under_way_is_not_said_to_be_done(stack: Bench, number: int, moment: str) -> None:
    """Killed while its claim says that it takes over, nobody was told that it had."""
    run_one(stack)

    killed = stack.apply(Interruption(number, moment, kill, "CreateTags"), **SAME, **ADOPT)

    assert killed.how == "killed"
    assert [line for line in killed.kept if "adopted" in line] == []


def test_what_differs_is_an_ordinary_difference(stack: Bench) -> None:
    """The next preview shows it, and the next `up` makes it so."""
    run_one(stack)
    wanted = {**SAME, "number_of_nodes": 4, "tags": {"team": "sales"}}
    adopted = stack.apply(**wanted, **ADOPT)
    assert changing(adopted) == CLAIMED

    assert stack.preview(**wanted, **ADOPT) == "update"
    changed = stack.apply(**wanted, **ADOPT)

    assert changing(changed) == ["ModifyCluster ClusterType,NodeType,NumberOfNodes", "CreateTags Tags"]
    assert stack.preview(**wanted, **ADOPT) == "same"


def test_what_the_program_leaves_out_stays(stack: Bench) -> None:
    """A program with nothing but the name takes over any cluster, and no later `up` resizes or untags it."""
    run_one(stack)
    bare = {"node_type": None, "number_of_nodes": None, "master_username": None, "master_password": None}
    stack.apply(**bare, **ADOPT)

    assert stack.preview(**bare, **ADOPT) == "same"
    changed = stack.apply(**bare, **ADOPT, allow_version_upgrade=False)

    assert changing(changed) == ["ModifyCluster AllowVersionUpgrade"]
    shown = read_arguments(stack.cluster())
    assert (shown["number_of_nodes"], shown["port"], shown["tags"]) == (3, 5440, {"team": "data"})


def test_the_request_may_be_taken_away_afterwards(stack: Bench) -> None:
    """Without adopt_existing the program goes on as it was: nothing falls back to a default."""
    run_one(stack)
    program = {"node_type": "ra3.4xlarge", "number_of_nodes": 3}
    stack.apply(**program, **ADOPT)

    changed = stack.apply(**program)

    assert (did(changed), changing(changed)) == ("update", [])
    assert stack.preview(**program) == "same"
    assert read_arguments(stack.cluster())["port"] == 5440
    # What the program says once and takes away again has its default then.
    stack.apply(**program, port=5441)
    stack.apply(**program)
    assert read_arguments(stack.cluster())["port"] == 5439


def test_the_password_is_taken_for_the_programs_and_not_set(stack: Bench) -> None:
    """AWS does not tell it: adoption sets none, and what the program says next is set."""
    run_one(stack)
    said = {**SAME, "master_password": "Another-One-2"}
    assert changing(stack.apply(**said, **ADOPT)) == CLAIMED
    assert stack.preview(**said, **ADOPT) == "same"
    assert stack.password_is("Correct-Horse-1")

    changed = stack.apply(**{**said, "master_password": "Third-One-3"}, **ADOPT)

    assert changing(changed) == ["ModifyCluster MasterUserPassword"]
    assert stack.password_is("Third-One-3")


@pytest.mark.parametrize("missing", ["node_type", "master_username", "master_password"])
def test_without_the_request_the_program_says_what_a_cluster_needs(stack: Bench, missing: str) -> None:
    """With it they may be left out; to take it away they are asked for, and nothing is changed."""
    run_one(stack)
    left_out = {**SAME, missing: None}
    assert stack.apply(**left_out, **ADOPT).said == ""

    with pytest.raises(Invalid, match=missing):
        stack.apply(**left_out)

    assert stack.apply(**SAME).said == ""


def test_a_paused_cluster_is_adopted(stack: Bench) -> None:
    """To take over needs no call that AWS would refuse, so nothing is waited for."""
    run_one(stack)
    stack.control.set_cluster("warehouse", status="paused")

    adopted = stack.apply(**SAME, **ADOPT)

    assert (adopted.said, changing(adopted)) == ("", CLAIMED)


def test_a_cluster_being_created_is_waited_for(stack: Bench) -> None:
    """Its identity is not complete before."""
    stack.outsider.create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.4xlarge",
        NumberOfNodes=3,
        MasterUsername="admin",
        MasterUserPassword="Correct-Horse-1",
    )

    adopted = stack.apply(**{**SAME, **ADOPT, "port": None, "tags": None})

    assert (adopted.said, changing(adopted)) == ("", CLAIMED)
    assert stack.state is not None
    assert stack.state["identity"]["cluster_create_time"] != ""


def test_a_cluster_being_deleted_is_not_adopted(stack: Bench) -> None:
    """It is going: refused at once."""
    run_one(stack)
    stack.control.set_cluster("warehouse", status="deleting")

    assert "is being deleted (deleting), so it cannot be adopted" in stack.apply(**SAME, **ADOPT).said


@pytest.mark.parametrize(
    ("key", "value"), [("pulumi:stack", "other"), ("pulumi:project", "other")], ids=["stack", "project"]
)
def test_another_stacks_cluster_is_not_adopted(stack: Bench, key: str, value: str) -> None:
    """Its tags name another stack: refused, with the tag, and nothing is touched."""
    run_one(stack, Tags=[{"Key": key, "Value": value}])

    refused = stack.apply(**SAME, **ADOPT)

    assert f"carries the tag {key}={value}: it is another stack's" in refused.said
    assert changing(refused) == []
    assert stack.state is None


def test_without_such_a_cluster_one_is_created(stack: Bench) -> None:
    """The request adopts what is there; where nothing is, it is an ordinary create."""
    created = stack.apply(**SAME, **ADOPT)

    assert (created.said, changing(created)[0].split()[0]) == ("", "CreateCluster")
    assert stack.preview(**SAME, **ADOPT) == "same"


def test_one_cluster_is_not_adopted_by_two_resources(stack: Bench) -> None:
    """A second resource of the same run that adopts it too is refused, and ``aliases`` are named."""
    from redshift_teardown.lifecycle.create import create  # noqa: PLC0415

    run_one(stack)
    first = stack.checked(**SAME, **ADOPT)
    second = stack.checked(**SAME, **ADOPT, urn=URN.replace("::warehouse", "::lake"))

    result = stack.run(
        lambda: (create(first, stack.settings), create(second, stack.settings))  # one process
    )

    assert f"is owned by {URN} in this same stack" in result.said
    assert f'aliases=["{URN}"]' in result.said
    assert changing(result) == CLAIMED


def test_a_destroy_of_an_adopted_cluster_keeps_its_data(stack: Bench) -> None:
    """From adoption on, the policy holds."""
    run_one(stack)
    stack.apply(**SAME, **ADOPT)

    assert stack.destroy().said == ""

    [proof] = stack.proofs()
    assert proof["marker"] == "precious"
