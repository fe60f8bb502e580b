"""Refresh: drift is seen, what is gone leaves with a warning, and nothing is taken for what it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import ARGUMENTS, Change
from tests.parity.bench import changing, did
from tests.teardown.stage import Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench

ROLE = "arn:aws:iam::111122223333:role/load"
DRIFT: dict[str, tuple[dict[str, Any], Any]] = {
    # What somebody changed behind our back, by AWS's name, and what a refresh records then.
    "node_type": ({"NodeType": "ra3.4xlarge"}, "ra3.4xlarge"),
    "number_of_nodes": ({"NumberOfNodes": 5}, 5),
    "cluster_type": ({"NumberOfNodes": 1}, "single-node"),
    "database_name": ({"DBName": "sales"}, "sales"),
    "master_username": ({"MasterUsername": "boss"}, "boss"),
    "manage_master_password": ({"ManageMasterPassword": True}, True),
    "encrypted": ({"Encrypted": False}, "false"),
    "kms_key_id": ({"KmsKeyId": "arn:aws:kms:us-east-1:1:key/2"}, "arn:aws:kms:us-east-1:1:key/2"),
    "multi_az": ({"MultiAZ": True}, True),
    "availability_zone": ({"AvailabilityZone": "us-east-1b"}, "us-east-1b"),
    "availability_zone_relocation_enabled": ({"AvailabilityZoneRelocation": True}, True),
    "allow_version_upgrade": ({"AllowVersionUpgrade": False}, False),
    "automated_snapshot_retention_period": ({"AutomatedSnapshotRetentionPeriod": 9}, 9),
    "manual_snapshot_retention_period": ({"ManualSnapshotRetentionPeriod": 9}, 9),
    "cluster_parameter_group_name": ({"ClusterParameterGroupName": "tuned"}, "tuned"),
    "cluster_version": ({"ClusterVersion": "1.1"}, "1.1"),
    "elastic_ip": ({"ElasticIp": "52.1.2.3"}, "52.1.2.3"),
    "enhanced_vpc_routing": ({"EnhancedVpcRouting": True}, True),
    "maintenance_track_name": ({"MaintenanceTrackName": "trailing"}, "trailing"),
    "port": ({"Port": 5440}, 5440),
    "preferred_maintenance_window": (
        {"PreferredMaintenanceWindow": "fri:03:00-fri:04:00"},
        "fri:03:00-fri:04:00",
    ),
    "publicly_accessible": ({"PubliclyAccessible": True}, True),
    "vpc_security_group_ids": ({"VpcSecurityGroupIds": ["sg-9", "sg-8"]}, ["sg-8", "sg-9"]),
    "cluster_subnet_group_name": ({"ClusterSubnetGroupName": "elsewhere"}, "elsewhere"),
    "default_iam_role_arn": ({"DefaultIamRoleArn": ROLE}, ROLE),
}
GIVEN: dict[str, Any] = {
    # Said by the program: only so is drift a difference.
    "manage_master_password": False,
    "encrypted": "true",
    "multi_az": False,
    "allow_version_upgrade": True,
    "automated_snapshot_retention_period": 1,
    "manual_snapshot_retention_period": -1,
    "cluster_version": "1.0",
    "maintenance_track_name": "current",
    "port": 5439,
    "publicly_accessible": False,
    "default_iam_role_arn": "",
    "elastic_ip": "",
    "database_name": "dev",
    "kms_key_id": "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111",
    "availability_zone": "us-east-1a",
    "availability_zone_relocation_enabled": False,
    "cluster_parameter_group_name": "default.redshift-1.0",
    "enhanced_vpc_routing": False,
    "preferred_maintenance_window": "sat:03:00-sat:04:00",
    "vpc_security_group_ids": ["sg-1"],
    "cluster_subnet_group_name": "default",
}
NOT_HERE = {
    "cluster_identifier": "a rename is refused, see below",
    "iam_roles": "below, through AWS's own call",
    "tags": "below, through AWS's own call",
    "master_password_secret_kms_key_id": "AWS shows it for a managed password only",
    "master_password": "AWS shows no password",
    "master_password_wo_version": "the program's own",
    "snapshot_identifier": "AWS does not tell",
    "snapshot_arn": "AWS does not tell",
    "snapshot_cluster_identifier": "AWS does not tell",
    "owner_account": "AWS does not tell",
    "region": "part of the identity: another one is refused",
}


def test_every_argument_is_in_these_tests() -> None:
    """No argument that AWS shows is left out."""
    known = {argument.name for argument in ARGUMENTS if argument.change is not Change.LOCAL}
    assert set(DRIFT) | set(NOT_HERE) == known


@pytest.mark.parametrize("name", DRIFT)
def test_drift_is_seen(groups: Bench, name: str) -> None:
    """A refresh records what AWS shows, by no changing call, and the next preview shows the difference."""
    also = {"availability_zone_relocation_enabled": True} if name == "availability_zone" else {}
    given = {**also, name: GIVEN[name]} if name in GIVEN else {}
    groups.write_policy(groups.rules("skip: [{when: {node_type: [dc2.large]}, because: of nothing}]"))
    groups.apply(**given)
    settings, recorded = DRIFT[name]
    groups.control.set_cluster("warehouse", settings=settings)

    refreshed = groups.refresh()

    assert (refreshed.said, changing(refreshed)) == ("", [])
    assert groups.state is not None
    assert groups.state[name] == recorded
    quiet = {"default_iam_role_arn", "elastic_ip", "cluster_type"}
    if name not in quiet:
        assert groups.inputs[name] == recorded
        assert groups.preview(**given) in {"update", "replace"}


@pytest.mark.parametrize("name", sorted(set(DRIFT) & set(GIVEN)))
def test_drift_of_what_the_program_never_said_is_left(groups: Bench, name: str) -> None:
    """A refresh shows it in the outputs and makes no input of it; no later `up` changes it back."""
    also = {"availability_zone_relocation_enabled": True} if name == "availability_zone" else {}
    groups.apply(**also)
    settings, recorded = DRIFT[name]
    groups.control.set_cluster("warehouse", settings=settings)

    assert groups.refresh().said == ""

    assert groups.state is not None
    assert groups.state[name] == recorded
    assert name not in groups.inputs
    assert groups.preview(**also) == "same"
    assert changing(groups.apply(**also, tags={"team": "data"})) == ["CreateTags Tags"]


def test_drift_of_tags_and_roles_is_seen_and_undone(stack: Bench) -> None:
    """What somebody took of the program's comes back; a tag that somebody added is nobody's here."""
    program = {"tags": {"team": "data"}, "iam_roles": [ROLE]}
    stack.apply(**program)
    assert stack.state is not None
    arn = stack.state["arn"]
    stack.outsider.create_tags(ResourceName=arn, Tags=[{"Key": "x", "Value": "y"}])
    stack.outsider.delete_tags(ResourceName=arn, TagKeys=["team"])
    stack.outsider.modify_cluster_iam_roles(ClusterIdentifier="warehouse", RemoveIamRoles=[ROLE])

    stack.refresh()
    assert stack.state is not None
    assert (stack.state["tags"], stack.state["tags_all"]) == ({}, {"x": "y"})
    assert stack.state["iam_roles"] == []
    healed = stack.apply(**program)

    assert changing(healed) == ["ModifyClusterIamRoles AddIamRoles", "CreateTags Tags"]
    assert stack.preview(**program) == "same"


def test_one_that_was_deleted_elsewhere_stays_and_is_named(stack: Bench) -> None:
    """A snapshot that somebody else's delete left is no proof: the cluster stays in the state, marked, and
    the next preview fails with the way out; so does destroy. The mark is no new change at the next refresh.
    """
    stack.apply()
    stack.outsider.delete_cluster(ClusterIdentifier="warehouse", FinalClusterSnapshotIdentifier="their-last")
    stack.time.advance(600)

    refreshed = stack.refresh()

    assert changing(refreshed) == []
    assert stack.state is not None
    [warning] = refreshed.warned
    assert "stays in the state" in warning
    assert "snapshots of it that can still be restored: their-last" in stack.state["gone"]
    marked = stack.state
    stack.refresh()
    assert stack.state == marked
    with pytest.raises(AssertionError, match="can still be restored: their-last"):
        stack.preview()
    assert "can still be restored: their-last" in stack.destroy().said


def test_one_that_a_destroy_proved_leaves(stack: Bench) -> None:
    """The engine was killed when the teardown was through but for the state: a refresh lets go of it."""
    stack.apply()
    before = stack.state
    assert stack.destroy().how == "done"
    stack.state = before

    refreshed = stack.refresh()

    assert stack.state is None
    [warning] = refreshed.warned
    assert "is gone and leaves the state; its final snapshot" in warning


def test_one_that_came_back_loses_its_mark(stack: Bench) -> None:
    """AWS showed a cluster as gone that is there: the mark goes with the next refresh, or the next `up`."""
    for way in ("refresh", "up"):
        stack.reset()
        stack.apply()
        assert stack.state is not None
        before = dict(stack.state)
        stack.state["gone"] = "a refresh saw it gone"
        if way == "refresh":
            assert stack.refresh().warned == []
        else:
            assert (stack.preview(), did(stack.apply())) == ("update", "update")
        assert stack.state == before
        assert stack.preview() == "same"


def test_one_whose_proof_is_not_finished_is_finished_by_up(stack: Bench) -> None:
    """Untagged after an interrupted destroy: a refresh keeps it, the next `up` finishes it and restores."""
    stack.apply()
    stack.control.add_fault("CreateTags", occurrence="every", code="AccessDenied", status=403)
    assert stack.destroy().how == "refused"
    stack.control.clear_faults()
    stack.time.advance(600)

    assert changing(stack.refresh()) == []
    assert stack.state is not None
    assert "is not finished" in stack.state["gone"]
    assert stack.preview(restore_final_snapshot=True) == "replace"
    restored = stack.apply(restore_final_snapshot=True)

    assert (restored.said, did(restored)) == ("", "replace")
    assert [name.split()[0] for name in changing(restored)][:2] == [
        "CreateTags",
        "RestoreFromClusterSnapshot",
    ]
    [snapshot] = [each for each in stack.ledger()["snapshots"].values() if each["final"]]
    assert snapshot["tags"]["redshift-teardown:cluster"] == "warehouse"


def test_one_that_is_gone_without_a_snapshot_says_so(stack: Bench) -> None:
    """Nothing is left of it, and that is said; a snapshot of an older one does not count."""
    stack.apply()
    stack.destroy()
    stack.apply()
    stack.outsider.delete_cluster(ClusterIdentifier="warehouse", SkipFinalClusterSnapshot=True)
    stack.time.advance(600)

    [warning] = stack.refresh().warned

    assert "no manual snapshot of this generation is available" in warning
    assert stack.state is not None


def test_another_account_is_an_error(stack: Bench) -> None:
    """Wrong credentials see no such cluster: refused, and the state is as it was."""
    stack.apply()
    before = stack.state
    stack.account = "444455556666"

    refreshed = stack.refresh()

    assert "it was created in account 111122223333, and this configuration is for account 444455556666" in (
        refreshed.said
    )
    assert stack.state == before


def test_another_generation_is_named(stack: Bench) -> None:
    """A cluster that somebody made anew under the name is not adopted by a refresh, nor dropped, and fails no
    other resource's refresh; the next `up` fails.
    """
    stack.apply()
    stack.control.remove_cluster("warehouse")
    stack.created_by_hand()
    stack.time.advance(600)

    refreshed = stack.refresh()
    changed = stack.apply(port=5440)

    assert stack.state is not None
    for result, said in ((refreshed, refreshed.warned[0]), (changed, changed.said)):
        assert "is not the cluster this stack created: one of another generation" in said
        assert changing(result) == []
    assert "one of another generation" in stack.state["gone"]


def renamed(stack: Bench, to: str = "lake", **program: Any) -> None:
    """Bring a cluster up, rename it behind everybody's back, and refresh."""
    stack.apply(**program)
    before = stack.state
    stack.outsider.modify_cluster(ClusterIdentifier="warehouse", NewClusterIdentifier=to)
    stack.time.advance(600)

    refreshed = stack.refresh()

    [warning] = refreshed.warned
    assert f"has the name {to} in AWS" in warning
    # Neither dropped nor followed: what is to be deleted is still what the last `up` recorded.
    assert stack.state == before
    assert stack.inputs["cluster_identifier"] == to


def test_a_renamed_cluster_is_named(stack: Bench) -> None:
    """It lives under another name: said, with that name; a program that takes it calls nothing."""
    renamed(stack)

    previewed = stack.previewed(cluster_identifier="lake")
    assert did(previewed) == "update"
    assert "`up` changes cluster_identifier from 'warehouse' to 'lake'" in previewed.kept[0]
    followed = stack.apply(cluster_identifier="lake")
    assert (followed.said, changing(followed)) == ("", [])
    assert stack.preview(cluster_identifier="lake") == "same"
    assert stack.destroy().how == "done"


@pytest.mark.parametrize("beside", [{}, {"port": 5440}])
@pytest.mark.parametrize("refreshes", [1, 2])
def test_a_renamed_cluster_gets_the_name_that_the_program_says(
    stack: Bench, beside: dict[str, Any], refreshes: int
) -> None:
    """The next preview names it, as it does with everything else that was changed outside."""
    renamed(stack)
    for _ in range(refreshes - 1):
        stack.refresh()

    assert stack.preview(**beside) == "update"
    fixed = stack.apply(**beside)

    named = [f"ModifyCluster {name}" for name in ("NewClusterIdentifier", *(["Port"] if beside else []))]
    assert (fixed.said, sorted(changing(fixed))) == ("", named)
    assert stack.cluster()["ClusterStatus"] == "available"
    assert stack.preview(**beside) == "same"
    stack.refresh()
    assert stack.preview(**beside) == "same"


def test_a_rename_that_was_killed_and_taken_back_is_taken_back_in_aws(stack: Bench) -> None:
    """AWS took it, the provider was killed, the commit reverted: `up --refresh` has the old name again."""
    stack.apply()
    killed = stack.apply(Interruption(1, "after", kill, "ModifyCluster"), cluster_identifier="lake")
    assert killed.how == "killed"
    stack.time.advance(3600)
    assert stack.cluster("lake")

    stack.refresh()
    assert stack.preview() == "update"
    assert stack.apply().said == ""

    assert stack.cluster()["ClusterStatus"] == "available"
    assert stack.preview() == "same"


def test_the_name_is_not_taken_from_somebody_else(stack: Bench) -> None:
    """Another cluster has it by now: refresh says so, `up` refuses, and the other is not touched."""
    renamed(stack)
    stack.outsider.create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.xlplus",
        ClusterType="single-node",
        MasterUsername="admin",
        MasterUserPassword="Correct-Horse-1",
    )
    stack.time.advance(3600)
    theirs = stack.ledger()["clusters"]["warehouse"]
    told = "".join(stack.refresh().warned)
    assert "is another cluster's now, so no `pulumi up` can give it back" in told
    assert "REDSHIFT_TEARDOWN_LET_GO=" in told

    assert stack.preview() == "update"
    refused = stack.apply()

    assert refused.how == "refused"
    assert "warehouse is another cluster's name now" in refused.said
    assert "REDSHIFT_TEARDOWN_LET_GO=" in refused.said
    assert changing(refused) == []
    assert stack.ledger()["clusters"]["warehouse"] == theirs
    assert stack.cluster("lake")


@pytest.mark.parametrize("path", ["cluster_identifier", "clusterIdentifier", "*"])
def test_a_name_that_is_ignored_is_left_as_it_is(stack: Bench, path: str) -> None:
    """Nothing is renamed back, and another change reaches the cluster under its new name."""
    renamed(stack)
    stack.ignoring = (path,)

    assert stack.preview() == "same"
    if path != "*":
        changed = stack.apply(port=5440)
        assert (changed.said, changing(changed)) == ("", ["ModifyCluster Port"])
    assert stack.cluster("lake")


def test_no_answer_is_no_news(stack: Bench) -> None:
    """AWS does not answer: an error, the state stays."""
    stack.apply()
    before = stack.state
    stack.control.add_fault("DescribeClusters", occurrence="every", code="InternalFailure")

    refreshed = stack.refresh()

    assert "AWS gave no answer" in refreshed.said
    assert stack.state == before


def test_another_regions_configuration_is_refused(stack: Bench) -> None:
    """The program says nothing of a region, and the configuration another one: refused in preview."""
    import dataclasses  # noqa: PLC0415

    from redshift_teardown import process  # noqa: PLC0415
    from redshift_teardown.aws.session import Aws  # noqa: PLC0415

    stack.apply()
    settings, made = stack._aws[stack.account]
    elsewhere = dataclasses.replace(settings, region="eu-west-1")
    stack._aws[stack.account] = (elsewhere, made)
    for region in ("us-east-1", "eu-west-1"):
        stack._patch.setitem(process.clients, (elsewhere, region), Aws(elsewhere, region))
        stack.emulator.attach(process.clients[elsewhere, region].redshift)
        stack.emulator.attach(process.clients[elsewhere, region]._sts)
    try:
        with pytest.raises(
            AssertionError, match="lives in us-east-1, and this configuration is for eu-west-1"
        ):
            stack.preview()
        assert "refused to refresh" in stack.refresh().said
        # A program that names the region is not touched by the configuration.
        assert stack.apply(region="us-east-1").said == ""
        assert stack.refresh().said == ""
        assert stack.preview(region="us-east-1") == "same"
    finally:
        stack._aws[stack.account] = (settings, made)
