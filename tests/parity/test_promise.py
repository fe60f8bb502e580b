"""An `up` changes what its preview named, and nothing else: inherited, drifted, ignored, tagged by others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import BY_NAME, read_arguments, same
from redshift_teardown.lifecycle.outputs import user_tags
from tests.parity.bench import changing, did
from tests.parity.test_update import KEY_1

if TYPE_CHECKING:
    from tests.parity.bench import Bench

ROLE_1, ROLE_2 = (f"arn:aws:iam::111122223333:role/{name}" for name in ("load", "unload"))
SILENT: dict[str, Any] = {"node_type": None, "number_of_nodes": None}
"""A program that says no size."""


def outside(stack: Bench, **settings: Any) -> None:
    """Change the cluster behind everybody's back."""
    stack.control.set_cluster("warehouse", settings=settings)


def tag(stack: Bench, **tags: str) -> None:
    """Tag the cluster, as a tag bot does."""
    assert stack.state is not None
    stack.outsider.create_tags(
        ResourceName=stack.state["arn"], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )


def tags_of(stack: Bench) -> dict[str, str]:
    """The tags of the cluster, but for the ownership claim."""
    return user_tags(stack.cluster())


def shown(stack: Bench, *names: str) -> tuple[Any, ...]:
    """What AWS shows of arguments."""
    found = read_arguments(stack.cluster())
    return tuple(found[name] for name in names)


@pytest.mark.parametrize("refreshes", [0, 1, 2])
def test_a_restored_cluster_keeps_what_its_program_leaves_out(stack: Bench, refreshes: int) -> None:
    """Four nodes and the port of the snapshot stay, however often it is refreshed before the next `up`."""
    stack.apply(number_of_nodes=4, port=5431, allow_version_upgrade=False)
    stack.destroy()
    program = {**SILENT, "restore_final_snapshot": True}
    assert stack.apply(**program).said == ""
    for _ in range(refreshes):
        stack.refresh()

    assert stack.preview(**program) == "same"
    changed = stack.apply(**program, enhanced_vpc_routing=True)

    assert changing(changed) == ["ModifyCluster EnhancedVpcRouting"]
    assert shown(stack, "number_of_nodes", "port") == (4, 5431)
    assert stack.preview(**program, enhanced_vpc_routing=True) == "same"


@pytest.mark.parametrize("refreshes", [0, 1, 2])
def test_an_adopted_cluster_keeps_what_its_program_leaves_out(stack: Bench, refreshes: int) -> None:
    """A public cluster of four stays so, and keeps its tags and the days of its automated snapshots."""
    stack.created_by_hand(
        NumberOfNodes=4,
        PubliclyAccessible=True,
        AutomatedSnapshotRetentionPeriod=9,
        Tags=[{"Key": "team", "Value": "data"}],
    )
    stack.time.advance(600)
    program = {**SILENT, "adopt_existing": True, "master_password": None}
    stack.apply(**program)
    for _ in range(refreshes):
        stack.refresh()

    assert stack.preview(**program) == "same"
    assert changing(stack.apply(**program, port=5440)) == ["ModifyCluster Port"]

    names = ("number_of_nodes", "publicly_accessible", "automated_snapshot_retention_period", "tags")
    assert shown(stack, *names) == (4, True, 9, {"team": "data"})


@pytest.mark.parametrize("refreshed", [False, True])
def test_what_was_changed_outside_is_not_changed_beside_something_else(stack: Bench, refreshed: bool) -> None:
    """Only what preview names is sent: not the size, not public access, unless a refresh has found them."""
    stack.apply(publicly_accessible=False)
    outside(stack, NumberOfNodes=4, PubliclyAccessible=True)
    if refreshed:
        stack.refresh()

    changed = stack.apply(publicly_accessible=False, enhanced_vpc_routing=True)

    if refreshed:
        assert stack.inputs["number_of_nodes"] == 2
        assert changing(changed) == [
            "ModifyCluster EnhancedVpcRouting,PubliclyAccessible",
            "ModifyCluster ClusterType,NodeType,NumberOfNodes",
        ]
    else:
        assert changing(changed) == ["ModifyCluster EnhancedVpcRouting"]
        assert shown(stack, "number_of_nodes", "publicly_accessible") == (4, True)
    assert stack.preview(publicly_accessible=False, enhanced_vpc_routing=True) == "same"


def test_what_aws_wants_for_company_has_the_live_value(stack: Bench) -> None:
    """Another node type is sent with the nodes there are, not with those the program said once."""
    stack.apply()
    outside(stack, NumberOfNodes=4)

    stack.apply(node_type="ra3.4xlarge")

    assert shown(stack, "node_type", "number_of_nodes") == ("ra3.4xlarge", 4)


@pytest.mark.parametrize("own", [None, {}, {"team": "data"}])
@pytest.mark.parametrize("refreshed", [False, True])
def test_tags_of_others_stay(stack: Bench, own: Any, refreshed: bool) -> None:
    """A tag bot's tags stay beside the program's, without any, and whoever refreshed meanwhile."""
    stack.apply(tags=own)
    tag(stack, scanned="yes", **{"cost-center": "7"})
    if refreshed:
        stack.refresh()
        assert stack.preview(tags=own) == "same"

    changed = stack.apply(tags=own, port=5440)

    assert changing(changed) == ["ModifyCluster Port"]
    assert tags_of(stack) == {**(own or {}), "scanned": "yes", "cost-center": "7"}
    stack.apply(tags={"kind": "x"}, port=5440)
    assert tags_of(stack) == {"kind": "x", "scanned": "yes", "cost-center": "7"}


def test_a_tag_of_the_program_that_a_bot_changed_is_named_after_a_refresh(stack: Bench) -> None:
    """By key: the program's own is set back, once preview could name it; not before."""
    stack.apply(tags={"team": "data", "kind": "x"})
    tag(stack, team="bot")
    assert changing(stack.apply(tags={"team": "data", "kind": "y"})) == ["CreateTags Tags"]
    assert tags_of(stack) == {"team": "bot", "kind": "y"}

    stack.refresh()
    assert stack.inputs["tags"] == {"team": "bot", "kind": "y"}
    assert stack.preview(tags={"team": "data", "kind": "y"}) == "update"
    stack.apply(tags={"team": "data", "kind": "y"})

    assert tags_of(stack) == {"team": "data", "kind": "y"}


def test_a_refresh_gives_inputs(stack: Bench) -> None:
    """What the program said, as it was found; what it left out is no input; secrets are kept."""
    program = {
        "master_password": None,
        "master_password_wo": "Write-Only-1",
        "master_password_wo_version": 1,
        "encrypted": True,
        "node_type": "RA3.XLPlus",
    }
    stack.apply(**program)
    before = dict(stack.inputs)
    outside(stack, NumberOfNodes=4, Port=5440)

    stack.refresh()

    assert stack.inputs == {**before, "number_of_nodes": 4, "policy": stack.inputs["policy"]}
    assert stack.state is not None
    assert (stack.state["number_of_nodes"], stack.state["port"]) == (4, 5440)


@pytest.mark.parametrize("path", ["number_of_nodes", "numberOfNodes"])
@pytest.mark.parametrize("refreshed", [False, True])
def test_ignored_changes_are_not_made(stack: Bench, path: str, refreshed: bool) -> None:
    """The size that somebody else gave the cluster stays, refreshed or not; also by its camelCase."""
    stack.apply()
    stack.ignoring = (path,)
    outside(stack, NumberOfNodes=4)
    if refreshed:
        stack.refresh()
        assert stack.preview() == "same"

    changed = stack.apply(port=5440)

    assert changing(changed) == ["ModifyCluster Port"]
    assert shown(stack, "number_of_nodes") == (4,)
    assert stack.preview(port=5440) == "same"


def test_an_adopted_cluster_ignores_what_it_is_to_ignore(stack: Bench) -> None:
    """The inputs of the first `up` are the program's, and the cluster's size is another: it stays."""
    stack.apply(number_of_nodes=4)
    stack.state = None
    stack.ignoring = ("number_of_nodes",)
    stack.apply(number_of_nodes=2, adopt_existing=True)

    assert stack.preview(number_of_nodes=2, adopt_existing=True) == "same"
    assert changing(stack.apply(number_of_nodes=2, adopt_existing=True, port=5440)) == ["ModifyCluster Port"]

    stack.ignoring = ()
    assert stack.preview(number_of_nodes=2, adopt_existing=True, port=5440) == "update"


def test_an_ignored_track_stays_as_aws_made_it(stack: Bench) -> None:
    """AWS takes a cluster off a track that it retires: that is no change to undo where it is ignored."""
    stack.apply(maintenance_track_name="trailing")
    stack.time.advance(8 * 86_400)
    outside(stack, MaintenanceTrackName="current")
    stack.refresh()
    stack.ignoring = ("maintenance_track_name",)

    assert stack.preview(maintenance_track_name="trailing") == "same"
    assert changing(stack.apply(maintenance_track_name="trailing", port=5440)) == ["ModifyCluster Port"]


@pytest.mark.parametrize("path", ["master_password", "masterPassword"])
def test_an_ignored_password_stays(stack: Bench, path: str) -> None:
    """As programs of pulumi-aws have it: the password in the program is another one by now."""
    stack.apply()
    stack.ignoring = (path,)

    assert stack.preview(master_password="Another-One-2") == "same"
    changed = stack.apply(master_password="Another-One-2", port=5440)

    assert changing(changed) == ["ModifyCluster Port"]
    assert stack.password_is("Correct-Horse-1")
    stack.ignoring = ()
    stack.apply(master_password="Another-One-2", port=5440)
    assert stack.password_is("Another-One-2")


@pytest.mark.parametrize("path", ["tags", "tags.team", 'tags["team"]'])
def test_ignored_tags_stay(stack: Bench, path: str) -> None:
    """All of them, or one by its key."""
    stack.apply(tags={"team": "data"})
    stack.ignoring = (path,)
    tag(stack, team="bot")
    stack.refresh()

    assert stack.preview(tags={"team": "data"}) == "same"
    assert changing(stack.apply(tags={"team": "data"}, port=5440)) == ["ModifyCluster Port"]
    assert tags_of(stack) == {"team": "bot"}


def test_preview_names_what_adoption_found_otherwise(stack: Bench) -> None:
    """The engine compares inputs, which are equal here: so the difference is told in words."""
    stack.apply(number_of_nodes=4, tags={"team": "sales"})
    stack.state = None
    program = {"number_of_nodes": 2, "tags": {"team": "data"}, "adopt_existing": True}
    stack.apply(**program)

    previewed = stack.previewed(**program)

    assert did(previewed) == "update"
    [line] = previewed.kept
    assert "was found otherwise than the program says; `up` changes" in line
    assert "number_of_nodes from 4 to 2" in line
    assert "tag team set to 'data'" in line
    assert stack.apply(**program).said == ""
    assert stack.previewed(**program).kept == []


def test_preview_names_what_the_engine_shows_as_secret_both_times(stack: Bench) -> None:
    """Two secret values look the same: a setting, and a tag, that a refresh found otherwise; without them."""
    window = "preferred_maintenance_window"
    program: dict[str, Any] = {
        "tags": {"key": "hidden-7", "team": "data"},
        window: "sat:05:00-sat:05:30",
        "secrets": ["tags.key", window],
    }
    stack.apply(**program)
    tag(stack, key="drifted", team="data")
    stack.outsider.modify_cluster(
        ClusterIdentifier="warehouse", PreferredMaintenanceWindow="sun:05:00-sun:05:30"
    )
    stack.refresh()
    program["tags"] = {"key": "hidden-7", "team": "sales"}

    previewed = stack.previewed(**program)

    [line] = previewed.kept
    assert f"`up` changes {window} to another value; tag key, where" in line
    assert not any(value in line for value in ("hidden-7", "drifted", "sat:05:00", "sun:05:00"))
    assert stack.apply(**program).said == ""
    assert stack.previewed(**program).kept == []


@pytest.mark.parametrize("refreshed", [False, True])
def test_what_was_never_in_force_is_left_when_it_is_taken_away(stack: Bench, refreshed: bool) -> None:
    """Preview would shrink an adopted cluster; who takes the argument away keeps the cluster as it is."""
    stack.apply(number_of_nodes=4, tags={"team": "sales", "kind": "x"})
    stack.state = None
    program: dict[str, Any] = {"adopt_existing": True, "tags": {"team": "data", "kind": "x"}}
    stack.apply(number_of_nodes=1, **program)
    if refreshed:
        stack.refresh()
        assert "number_of_nodes" not in stack.inputs
    assert stack.preview(number_of_nodes=1, **program) == "update"

    stack.apply(number_of_nodes=None, adopt_existing=True)

    assert shown(stack, "number_of_nodes") == (4,)
    assert tags_of(stack) == {"team": "sales"}


def test_preview_names_the_default_that_takes_the_place_of_what_is_dropped(stack: Bench) -> None:
    """That the argument is gone from the program does not show what the cluster becomes: it is told."""
    stack.apply(number_of_nodes=4)

    [line] = stack.previewed(number_of_nodes=None).kept

    assert line.endswith("what the program says no more gets its default: number_of_nodes from 4 to 1")


def test_a_public_cluster_may_be_relocated(stack: Bench) -> None:
    """AWS has taken both since 2023."""
    both = {"publicly_accessible": True, "availability_zone_relocation_enabled": True}

    assert stack.apply(**both).said == ""

    assert shown(stack, *both) == (True, True)
    assert stack.preview(**both) == "same"


def test_an_unencrypted_cluster_is_awss_to_judge(stack: Bench) -> None:
    """`encrypted=False` is sent: whether there is such a cluster is said by AWS, in its words."""
    refused = stack.apply(encrypted=False)
    assert "Encrypted cannot be false" in refused.said
    stack.control.set_behaviour(allow_unencrypted=True)

    assert stack.apply(encrypted=False).said == ""

    assert shown(stack, "encrypted") == ("false",)
    assert stack.preview(encrypted=False) == "same"


def test_a_restored_multi_az_cluster_is_encrypted(stack: Bench) -> None:
    """There is no other: a snapshot that is not encrypted is restored encrypted, without being told to."""
    stack.control.set_behaviour(allow_unencrypted=True)
    stack.apply(encrypted=False)
    stack.destroy()
    program = {"restore_final_snapshot": True, "multi_az": True}

    assert stack.apply(**program).said == ""

    assert shown(stack, "encrypted", "multi_az") == ("true", True)
    assert stack.preview(**program) == "same"


def test_one_node_is_sent_without_a_number(stack: Bench) -> None:
    """ClusterType=single-node says it all, to a new cluster and to one that is resized."""
    created = stack.apply(number_of_nodes=1)
    stack.apply(number_of_nodes=2)
    changed = stack.apply(number_of_nodes=1)

    [begun] = [call for call in created.calls if call.operation == "CreateCluster"]
    assert begun.parameters["ClusterType"] == "single-node"
    assert "NumberOfNodes" not in begun.parameters
    [call] = [call for call in changed.calls if call.operation == "ModifyCluster"]
    assert dict(call.parameters) == {
        "ClusterIdentifier": "warehouse",
        "ClusterType": "single-node",
        "NodeType": "ra3.xlplus",
    }


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_states_first_up_changes_what_is_recorded(stack: Bench, version: int) -> None:
    """It does not tell what was said: nothing is set back, no tag is taken away, and then it tells."""
    program = {"tags": {"team": "data"}}
    stack.apply(**program, number_of_nodes=4, port=5431)
    tag(stack, scanned="yes")
    stack.refresh()
    assert stack.state is not None
    old = {key: value for key, value in stack.state.items() if key not in {"said", "default_tags"}}
    stack.state = {**old, "state_version": version, "tags": {"team": "data", "scanned": "yes"}}
    silent = {**program, "number_of_nodes": None}

    first = stack.apply(**silent)

    assert (did(first), first.said, changing(first)) == ("update", "", [])
    assert stack.state["state_version"] == 3
    assert shown(stack, "number_of_nodes", "port") == (4, 5431)
    assert stack.preview(**silent) == "same"
    assert "number_of_nodes" not in stack.state["said"]


def test_an_older_state_learns_from_a_refresh_what_was_said(stack: Bench) -> None:
    """The old inputs tell: what the program says there is said, and what else there is stays as it is."""
    stack.apply(tags={"team": "data"}, port=5440)
    assert stack.state is not None
    stack.state = {key: value for key, value in stack.state.items() if key != "said"}
    tag(stack, scanned="yes")

    stack.refresh()

    assert stack.inputs["port"] == 5440
    assert stack.state["tags"] == {"team": "data"}
    # What is said no more has its default again.
    assert changing(stack.apply()) == ["ModifyCluster Port", "DeleteTags TagKeys"]
    assert tags_of(stack) == {"scanned": "yes"}


def test_what_aws_accepts_and_does_not_do_is_no_success(
    stack: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named setting that never becomes what it was to be fails the `up`, and the next one names it."""
    from redshift_teardown.emulator.redshift import births  # noqa: PLC0415

    stack.apply(port=5439)
    monkeypatch.setattr(births, "GIVEN", births.GIVEN - {"Port"})

    changed = stack.apply(port=5440)

    assert "AWS accepted the change of port of cluster warehouse and does not show it" in changed.said
    assert stack.preview(port=5440) == "update"
    monkeypatch.undo()
    assert stack.apply(port=5440).said == ""
    assert shown(stack, "port") == (5440,)


def test_what_a_program_says_for_the_first_time_is_made_so(stack: Bench) -> None:
    """The record is of the last `up`, and has one node; meanwhile there are two: named, it is one again."""
    stack.apply(number_of_nodes=None)
    outside(stack, NumberOfNodes=2)

    changed = stack.apply(number_of_nodes=1)

    assert changing(changed) == ["ModifyCluster ClusterType,NodeType"]
    assert shown(stack, "number_of_nodes") == (1,)


def test_what_a_program_says_for_the_first_time_needs_no_call_where_it_is_so(stack: Bench) -> None:
    """It is recorded as said: from then on it counts."""
    stack.apply()

    assert changing(stack.apply(port=5439)) == []

    assert stack.state is not None
    assert "port" in stack.state["said"]
    outside(stack, Port=5440)
    stack.refresh()
    assert stack.preview(port=5439) == "update"


@pytest.mark.parametrize("refreshed", [False, True])
@pytest.mark.parametrize("beside", [{}, {"master_password_secret_kms_key_id": KEY_1}], ids=["alone", "key"])
def test_a_password_is_not_said_to_be_set_where_aws_keeps_it(
    stack: Bench, beside: dict[str, Any], refreshed: bool
) -> None:
    """Somebody gave it to Secrets Manager: the change of the password fails, in AWS's words."""
    program = {"adopt_existing": True, **beside}
    stack.apply()
    outside(stack, ManageMasterPassword=True)
    if refreshed:
        stack.refresh()

    changed = stack.apply(master_password="Another-One-2", **program)

    assert "You can't use MasterUserPassword if ManageMasterPassword is true" in changed.said
    assert shown(stack, "manage_master_password") == (True,)


def test_roles_become_what_the_program_says(stack: Bench) -> None:
    """A list is one setting: named, it ends as the program has it; not named, nobody's role is touched."""
    stack.apply(iam_roles=[ROLE_1])
    stack.outsider.modify_cluster_iam_roles(ClusterIdentifier="warehouse", AddIamRoles=[ROLE_2])
    stack.time.advance(60)
    assert changing(stack.apply(iam_roles=[ROLE_1], port=5440)) == ["ModifyCluster Port"]
    assert shown(stack, "iam_roles") == ([ROLE_1, ROLE_2],)

    stack.apply(iam_roles=[], port=5440)

    assert shown(stack, "iam_roles") == ([],)


@pytest.mark.parametrize("beside", [{"port": 5440}, {"skip_final_snapshot": True}], ids=["a call", "no call"])
@pytest.mark.parametrize(
    ("before", "after", "settings"),
    [
        ({"node_type": "RA3.XLPlus"}, {"node_type": "ra3.xlplus"}, {"NodeType": "ra3.4xlarge"}),
        ({"iam_roles": [ROLE_1, ROLE_2]}, {"iam_roles": [ROLE_2, ROLE_1]}, {}),
        (
            {"preferred_maintenance_window": "Sun:03:00-Sun:04:00"},
            {"preferred_maintenance_window": "sun:03:00-sun:04:00"},
            {"PreferredMaintenanceWindow": "mon:03:00-mon:04:00"},
        ),
    ],
    ids=["node_type", "iam_roles", "window"],
)
def test_what_preview_shows_in_another_form_ends_so(
    stack: Bench,
    before: dict[str, Any],
    after: dict[str, Any],
    settings: dict[str, Any],
    beside: dict[str, Any],
) -> None:
    """The same in other words is no change by itself; shown beside one, it is what AWS has afterwards."""
    stack.apply(**before)
    outside(stack, **settings)
    if "iam_roles" in before:
        stack.outsider.modify_cluster_iam_roles(ClusterIdentifier="warehouse", RemoveIamRoles=[ROLE_1])
        stack.time.advance(60)
    assert stack.preview(**after) == "same"

    assert stack.apply(**after, **beside).said == ""

    found = read_arguments(stack.cluster())
    [(name, value)] = after.items()
    assert same(BY_NAME[name], value, found[name])
    assert stack.preview(**after, **beside) == "same"


def test_a_tag_that_preview_shows_ends_so(stack: Bench) -> None:
    """Adoption found it as the program has it now; that the program said another first, preview shows."""
    stack.apply(tags={"team": "sales"})
    stack.state = None
    stack.apply(tags={"team": "data"}, adopt_existing=True)
    tag(stack, team="bot", kind="y")

    changed = stack.apply(tags={"team": "sales"}, port=5440, adopt_existing=True)

    assert changing(changed) == ["ModifyCluster Port", "CreateTags Tags"]
    assert tags_of(stack) == {"team": "sales", "kind": "y"}


def test_a_setting_that_adoption_found_as_the_program_has_it_later_ends_so(stack: Bench) -> None:
    """The inputs say another value, and preview shows that it changes: so it is seen to."""
    stack.apply(number_of_nodes=4)
    stack.state = None
    stack.apply(number_of_nodes=2, adopt_existing=True)
    outside(stack, NumberOfNodes=3)

    stack.apply(number_of_nodes=4, port=5440, adopt_existing=True)

    assert shown(stack, "number_of_nodes") == (4,)
