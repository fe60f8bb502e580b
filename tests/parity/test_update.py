"""Every argument, changed: what is called, what the cluster is then, and that nothing is left to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.output import Unknown

from redshift_teardown.aws.arguments import ARGUMENTS, Change, Kind, read_arguments
from redshift_teardown.deletion_policy.facts import PULUMI_UNKNOWN
from redshift_teardown.engine.secret_values import DEFAULTS
from tests.parity.bench import changing, did

if TYPE_CHECKING:
    from redshift_teardown.aws.arguments import Argument
    from tests.parity.bench import Bench

ROLE_1, ROLE_2 = (f"arn:aws:iam::111122223333:role/{name}" for name in ("load", "unload"))
KEY_1, KEY_2 = (
    f"arn:aws:kms:us-east-1:111122223333:key/{digit * 8}-1111-1111-1111-{digit * 12}" for digit in "12"
)
MANAGED = {"master_password": None, "manage_master_password": True}
CREATED = ["CreateCluster", "DeleteTags"]


@dataclass(frozen=True)
class Case:
    """One change of a program.

    Attributes:
        name: The argument it is about.
        before: What the program said.
        after: What it says then.
        calls: The calls that change something, in order, with what each names.
        shown: What AWS shows then, by argument; what the program says, where that is not told here.

    """

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    calls: tuple[str, ...]
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def identifier(self) -> str:
        """What the cluster is called after the change, on the bench."""
        return str(self.after.get("cluster_identifier", "warehouse"))


def unlike(case: Case, shown: dict[str, Any]) -> dict[str, Any]:
    """What AWS shows otherwise than the change was to make it; the identifier is left to the caller."""
    found = {}
    for name, value in {**case.after, **case.shown}.items():
        if value is None or name not in shown or name == "cluster_identifier":
            continue
        wanted = value.lower() if isinstance(value, str) else value
        wanted = sorted(wanted) if isinstance(wanted, list) else wanted
        # AWS shows the key behind an alias, of which only the beginning is known.
        same = shown[name].startswith(wanted) if str(wanted).endswith(":key/") else shown[name] == wanted
        if not same:
            found[name] = shown[name]
    return found


def modify(*parameters: str) -> str:
    """One ModifyCluster."""
    return f"ModifyCluster {','.join(sorted(parameters))}"


SIZE = modify("ClusterType", "NodeType", "NumberOfNodes")
ONE_NODE = modify("ClusterType", "NodeType")
"""AWS wants no NumberOfNodes for a single node."""
SIMPLE: dict[str, tuple[Any, Any, str]] = {
    "allow_version_upgrade": (None, False, "AllowVersionUpgrade"),
    "automated_snapshot_retention_period": (None, 7, "AutomatedSnapshotRetentionPeriod"),
    "manual_snapshot_retention_period": (None, 30, "ManualSnapshotRetentionPeriod"),
    "availability_zone_relocation_enabled": (None, True, "AvailabilityZoneRelocation"),
    "cluster_parameter_group_name": (None, "tuned", "ClusterParameterGroupName"),
    "enhanced_vpc_routing": (None, True, "EnhancedVpcRouting"),
    "maintenance_track_name": (None, "trailing", "MaintenanceTrackName"),
    "port": (None, 5440, "Port"),
    "preferred_maintenance_window": (None, "Sat:03:00-Sat:04:00", "PreferredMaintenanceWindow"),
    "publicly_accessible": (None, True, "PubliclyAccessible"),
    "vpc_security_group_ids": (["sg-1"], ["sg-3", "sg-2"], "VpcSecurityGroupIds"),
    "multi_az": (None, True, "MultiAZ"),
    "kms_key_id": (KEY_1, KEY_2, "KmsKeyId"),
}
RESETS = {
    # Left out, these have pulumi-aws's default again.
    "allow_version_upgrade": (False, True, "AllowVersionUpgrade"),
    "automated_snapshot_retention_period": (7, 1, "AutomatedSnapshotRetentionPeriod"),
    "manual_snapshot_retention_period": (30, -1, "ManualSnapshotRetentionPeriod"),
    "availability_zone_relocation_enabled": (True, False, "AvailabilityZoneRelocation"),
    "maintenance_track_name": ("trailing", "current", "MaintenanceTrackName"),
    "multi_az": (True, False, "MultiAZ"),
    "port": (5440, 5439, "Port"),
    "publicly_accessible": (True, False, "PubliclyAccessible"),
}
KEPT = {
    # Left out, these stay as they are, as they do in pulumi-aws, to which they are Computed.
    "cluster_parameter_group_name": "tuned",
    "cluster_subnet_group_name": "elsewhere",
    "database_name": "sales",
    "default_iam_role_arn": ROLE_1,
    "elastic_ip": "52.1.2.3",
    "enhanced_vpc_routing": True,
    "iam_roles": [ROLE_1],
    "kms_key_id": KEY_1,
    "preferred_maintenance_window": "sat:03:00-sat:04:00",
    "vpc_security_group_ids": ["sg-1"],
    "availability_zone": "us-east-1b",
    "region": "us-east-1",
}
ALSO: dict[str, dict[str, Any]] = {
    "elastic_ip": {"publicly_accessible": True},
    "default_iam_role_arn": {"iam_roles": [ROLE_1]},
}

CASES = [
    *(Case(name, {name: old}, {name: new}, (modify(call),)) for name, (old, new, call) in SIMPLE.items()),
    Case("number_of_nodes", {}, {"number_of_nodes": 4}, (SIZE,)),
    Case("number_of_nodes", {}, {"number_of_nodes": 1}, (ONE_NODE,), {"cluster_type": "single-node"}),
    Case("number_of_nodes", {}, {"number_of_nodes": None}, (ONE_NODE,), {"number_of_nodes": 1}),
    Case("number_of_nodes", {"number_of_nodes": 1}, {}, (SIZE,), {"cluster_type": "multi-node"}),
    Case("node_type", {}, {"node_type": "ra3.4xlarge"}, (SIZE,)),
    Case(
        "cluster_type",
        {"cluster_type": "multi-node"},
        {"cluster_type": "single-node", "number_of_nodes": 1},
        (ONE_NODE,),
    ),
    Case(
        "node_type",
        {"node_type": "dc2.large", "port": 5500, "automated_snapshot_retention_period": 0},
        {"node_type": "ra3.xlplus"},
        (modify("AutomatedSnapshotRetentionPeriod", "Port"), SIZE),
    ),
    Case(
        "node_type",
        {},
        {"node_type": "dc2.large", "port": 5500, "automated_snapshot_retention_period": 0},
        (SIZE, modify("AutomatedSnapshotRetentionPeriod", "Port")),
    ),
    Case(
        "availability_zone",
        {"availability_zone_relocation_enabled": True},
        {"availability_zone_relocation_enabled": True, "availability_zone": "us-east-1b"},
        (modify("AvailabilityZone"),),
    ),
    Case(
        "availability_zone",
        {},
        {"availability_zone_relocation_enabled": True, "availability_zone": "us-east-1b"},
        (modify("AvailabilityZoneRelocation"), modify("AvailabilityZone")),
    ),
    Case(
        "multi_az",
        {"availability_zone_relocation_enabled": True},
        {"multi_az": True},
        (modify("AvailabilityZoneRelocation"), modify("MultiAZ")),
    ),
    Case(
        "multi_az",
        {"multi_az": True},
        {"availability_zone_relocation_enabled": True},
        (modify("MultiAZ"), modify("AvailabilityZoneRelocation")),
    ),
    Case("multi_az", {"number_of_nodes": 1}, {"multi_az": True}, (SIZE, modify("MultiAZ"))),
    Case("multi_az", {"multi_az": True}, {"number_of_nodes": 1}, (modify("MultiAZ"), ONE_NODE)),
    Case(
        "elastic_ip",
        {},
        {"elastic_ip": "52.1.2.3", "publicly_accessible": True},
        (modify("ElasticIp", "PubliclyAccessible"),),
    ),
    Case(
        "elastic_ip",
        {"elastic_ip": "52.1.2.3", "publicly_accessible": True},
        {"elastic_ip": "52.9.9.9", "publicly_accessible": True},
        (modify("ElasticIp"),),
    ),
    Case(
        "kms_key_id",
        {"kms_key_id": "alias/one"},
        {"kms_key_id": "alias/two"},
        (modify("KmsKeyId"),),
        {"kms_key_id": "arn:aws:kms:us-east-1:111122223333:key/"},
    ),
    Case("iam_roles", {}, {"iam_roles": [ROLE_1]}, ("ModifyClusterIamRoles AddIamRoles",)),
    Case(
        "iam_roles",
        {"iam_roles": [ROLE_1]},
        {"iam_roles": [ROLE_2]},
        ("ModifyClusterIamRoles AddIamRoles,RemoveIamRoles",),
    ),
    Case("iam_roles", {"iam_roles": [ROLE_1]}, {"iam_roles": []}, ("ModifyClusterIamRoles RemoveIamRoles",)),
    Case(
        "default_iam_role_arn",
        {"iam_roles": [ROLE_1, ROLE_2], "default_iam_role_arn": ROLE_1},
        {"iam_roles": [ROLE_1, ROLE_2], "default_iam_role_arn": ROLE_2},
        ("ModifyClusterIamRoles DefaultIamRoleArn",),
    ),
    Case("tags", {}, {"tags": {"team": "data"}}, ("CreateTags Tags",)),
    Case(
        "tags",
        {"tags": {"team": "data", "cost": "1"}},
        {"tags": {"team": "sales", "x": ""}},
        ("DeleteTags TagKeys", "CreateTags Tags"),
    ),
    Case("tags", {"tags": {"team": "data"}}, {}, ("DeleteTags TagKeys",), {"tags": {}}),
    Case("cluster_identifier", {}, {"cluster_identifier": "lake"}, (modify("NewClusterIdentifier"),)),
    Case("master_password", {}, {"master_password": "Another-One-2"}, (modify("MasterUserPassword"),)),
    Case("manage_master_password", {}, MANAGED, (modify("ManageMasterPassword"),)),
    Case(
        "manage_master_password",
        MANAGED,
        {"master_password": "Another-One-2"},
        (modify("ManageMasterPassword", "MasterUserPassword"),),
        {"manage_master_password": False},
    ),
    Case(
        "master_password_secret_kms_key_id",
        MANAGED,
        {**MANAGED, "master_password_secret_kms_key_id": KEY_1},
        (modify("ManageMasterPassword", "MasterPasswordSecretKmsKeyId"),),
    ),
    Case(
        "master_password_wo_version",
        {"master_password": None, "master_password_wo": "Write-Only-1", "master_password_wo_version": 1},
        {"master_password": None, "master_password_wo": "Write-Only-2", "master_password_wo_version": 2},
        (modify("MasterUserPassword"),),
    ),
    Case(
        "master_password_wo_version",
        {},
        {"master_password": None, "master_password_wo": "Write-Only-2", "master_password_wo_version": 1},
        (modify("MasterUserPassword"),),
    ),
]
"""Everything that AWS changes on a living cluster."""

OF_SHARED = {"master_username": "awsuser"}
SHARED = {**OF_SHARED, "snapshot_identifier": "shared"}
REPLACING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "cluster_subnet_group_name": ({}, {"cluster_subnet_group_name": "elsewhere"}),
    "database_name": ({}, {"database_name": "sales"}),
    "master_username": ({}, {"master_username": "boss"}),
    "snapshot_identifier": (OF_SHARED, SHARED),
    "snapshot_arn": (
        OF_SHARED,
        {**OF_SHARED, "snapshot_arn": "arn:aws:redshift:us-east-1:111122223333:snapshot:old/shared"},
    ),
}
ELSEWHERE = ("region", "encrypted", "cluster_version", "snapshot_cluster_identifier", "owner_account")
"""Tested on their own: they take another place, a cluster that AWS creates no more, a version AWS has not.
The last two say more about a snapshot that another argument names (`test_replacement.py`)."""


def identifiers(case: Case) -> str:
    """Name a case."""
    return f"{case.name}-{'-'.join(call.split()[1][:20] for call in case.calls)}"


def test_every_argument_is_in_these_tests() -> None:
    """No argument that reaches AWS is left out below."""
    tested = {case.name for case in CASES} | set(REPLACING) | set(ELSEWHERE)
    assert tested == {argument.name for argument in ARGUMENTS if argument.change is not Change.LOCAL}


@pytest.mark.parametrize("case", CASES, ids=identifiers)
def test_update_makes_exactly_the_needed_calls(groups: Bench, case: Case) -> None:
    """`up` with a changed value ends with the cluster so, by these calls, and a second one finds nothing."""
    created = groups.apply(**case.before)
    assert created.said == ""
    assert [call.split()[0] for call in changing(created)] == CREATED

    changed = groups.apply(**case.after)

    assert changed.said == ""
    assert did(changed) == "update"
    assert tuple(changing(changed)) == case.calls
    assert unlike(case, read_arguments(groups.cluster(case.identifier))) == {}
    assert groups.preview(**case.after) == "same"
    assert groups.refresh().said == ""
    assert groups.preview(**case.after) == "same"
    assert changing(groups.apply(**case.after)) == []


@pytest.mark.parametrize("argument", ARGUMENTS, ids=lambda argument: argument.name)
def test_a_value_that_preview_cannot_know_passes(groups: Bench, argument: Argument) -> None:
    """Unknown as a whole or in part, with a known value or none before, and whatever tags are secret."""
    name, said = argument.name, next((case.after for case in CASES if case.name == argument.name), {})
    unknown: list[Any] = [PULUMI_UNKNOWN, Unknown()]  # type: ignore[no-untyped-call]
    if argument.kind in (Kind.STRINGS, Kind.TAGS):
        unknown += [[each] if argument.kind is Kind.STRINGS else {"team": each} for each in unknown]
    with groups.configured(default_tags=(("owner", "us"), ("team", "all"))):
        for before in ({}, said):
            groups.apply(**before)
            for value in unknown:
                for secrets in (None, ["tags"], ["tags.team", DEFAULTS]):
                    previewed = groups.previewed(**{**before, name: value, "secrets": secrets})
                    assert (previewed.said, previewed.how) == ("", "done")
                    assert [line for line in previewed.shown if "`up` changes tag ," in line] == []


@pytest.mark.parametrize("name", RESETS)
def test_left_out_again_it_has_its_default(groups: Bench, name: str) -> None:
    """An argument that has a default in pulumi-aws is set back to it when the program drops it."""
    value, default, parameter = RESETS[name]
    groups.apply(**{name: value})

    dropped = groups.apply()

    assert changing(dropped) == [modify(parameter)]
    assert read_arguments(groups.cluster())[name] == default
    assert groups.preview() == "same"


@pytest.mark.parametrize("name", KEPT)
def test_left_out_again_it_stays(groups: Bench, name: str) -> None:
    """An argument that is Computed in pulumi-aws stays as it is when the program drops it."""
    also = ALSO.get(name, {})
    groups.apply(**also, **{name: KEPT[name]})

    dropped = groups.apply(**also)

    assert (dropped.said, changing(dropped)) == ("", [])
    assert groups.preview(**also) == "same"
    groups.refresh()
    assert groups.preview(**also) == "same"


@pytest.mark.parametrize("name", REPLACING)
def test_replacing_arguments_replace(groups: Bench, name: str) -> None:
    """What AWS cannot change replaces the cluster: its final snapshot is taken, then another is created."""
    groups.write_policy(groups.rules("skip: [{when: {node_type: [dc2.large]}, because: of nothing}]"))
    before, after = REPLACING[name]
    created = groups.apply(**before)
    old = groups.cluster()["ClusterNamespaceArn"]

    assert groups.preview(**after) == "replace"
    replaced = groups.apply(**after)

    assert (created.said, replaced.said, did(replaced)) == ("", "", "replace")
    assert changing(replaced)[0].split()[0] == "DeleteCluster"
    assert groups.cluster()["ClusterNamespaceArn"] != old
    [snapshot] = groups.outsider.describe_cluster_snapshots(
        ClusterIdentifier="warehouse", SnapshotType="manual"
    )["Snapshots"]
    assert snapshot["Status"] == "available"
    assert groups.preview(**after) == "same"


def test_another_password_is_set(stack: Bench) -> None:
    """The admin user has the new password after `up`: AWS shows none, the emulator knows its digest."""
    stack.apply()
    assert stack.password_is("Correct-Horse-1")

    stack.apply(master_password="Another-One-2")

    assert stack.password_is("Another-One-2")


def test_a_write_only_password_is_sent_by_its_version(stack: Bench) -> None:
    """Another write-only password alone is no difference; with another version it is set."""
    stack.apply(master_password=None, master_password_wo="Write-Only-1", master_password_wo_version=1)
    assert stack.password_is("Write-Only-1")
    quiet = {"master_password": None, "master_password_wo": "Write-Only-2", "master_password_wo_version": 1}
    assert stack.preview(**quiet) == "same"

    stack.apply(**{**quiet, "master_password_wo_version": 2})

    assert stack.password_is("Write-Only-2")
    assert stack.state is not None
    assert "master_password_wo" not in stack.state


def test_all_at_once_is_one_call_a_group(groups: Bench) -> None:
    """Many changes are as few calls as AWS's groupings allow, each once."""
    groups.apply()

    changed = groups.apply(
        number_of_nodes=4,
        port=5440,
        allow_version_upgrade=False,
        manual_snapshot_retention_period=3,
        kms_key_id=KEY_1,
        multi_az=True,
        iam_roles=[ROLE_1],
        tags={"team": "data"},
        master_password="Another-One-2",
        cluster_identifier="lake",
    )

    assert changed.said == ""
    assert changing(changed) == [
        modify("AllowVersionUpgrade", "ManualSnapshotRetentionPeriod", "Port"),
        SIZE,
        modify("KmsKeyId"),
        modify("MultiAZ"),
        modify("MasterUserPassword"),
        modify("NewClusterIdentifier"),
        "ModifyClusterIamRoles AddIamRoles",
        "CreateTags Tags",
    ]


def test_encryption_is_turned_on(stack: Bench) -> None:
    """An old unencrypted cluster is adopted as it is, and encrypted by an ordinary change."""
    stack.control.set_behaviour(allow_unencrypted=True)
    stack.created_by_hand(Encrypted=False)
    stack.time.advance(600)
    stack.apply(adopt_existing=True, encrypted=False)
    assert stack.preview(adopt_existing=True, encrypted="false") == "same"

    changed = stack.apply(adopt_existing=True, encrypted=True, kms_key_id=KEY_1)

    assert changing(changed) == [modify("Encrypted", "KmsKeyId")]
    assert stack.cluster()["KmsKeyId"] == KEY_1
    assert stack.preview(adopt_existing=True, encrypted=True, kms_key_id=KEY_1) == "same"


def test_a_maintenance_track_is_not_waited_for(stack: Bench) -> None:
    """It is pending until the maintenance window: `up` ends, says so, and the next preview shows nothing."""
    stack.apply()
    before = stack.time.now()

    changed = stack.apply(maintenance_track_name="trailing")

    assert (stack.time.now() - before).total_seconds() < 600
    assert any(
        "maintenance track trailing takes effect in the next maintenance window" in line
        for line in changed.kept
    )
    assert stack.cluster()["MaintenanceTrackName"] == "current"
    assert stack.preview(maintenance_track_name="trailing") == "same"
    stack.refresh()
    assert stack.preview(maintenance_track_name="trailing") == "same"
    stack.time.advance(8 * 86_400)
    assert stack.cluster()["MaintenanceTrackName"] == "trailing"
    stack.refresh()
    assert stack.preview(maintenance_track_name="trailing") == "same"


def test_a_parameter_group_waits_for_a_reboot_and_says_so(groups: Bench) -> None:
    """AWS applies it at the next reboot, which is nobody's to do unasked."""
    groups.apply()

    changed = groups.apply(cluster_parameter_group_name="tuned")

    assert "warehouse: parameter group tuned takes effect at its next reboot" in changed.kept
    assert "RebootCluster" not in [call.split()[0] for call in changing(changed)]


def test_changes_of_the_policy_alone_call_nothing(stack: Bench) -> None:
    """An `up` that changes only policy or requests rewrites the state, whatever the cluster's status."""
    stack.apply()
    stack.control.set_cluster("warehouse", status="modifying")
    stack.write_policy(stack.rules("skip: never", retention_days="retention_days").replace("35", "40"))

    changed = stack.apply(final_snapshot_identifier="named")

    assert (changed.said, did(changed), changed.calls) == ("", "update", [])
    assert stack.state is not None
    assert "kept 40 days" in stack.state["on_destroy"]
    assert stack.state["final_snapshot_identifier"] == "named"


AWKWARD = {
    "node_type": "RA3.XLPlus",
    "database_name": "Sales",
    "preferred_maintenance_window": "Sat:03:00-SAT:04:00",
    "cluster_parameter_group_name": "Tuned",
    "cluster_subnet_group_name": "Elsewhere",
    "maintenance_track_name": "current",
    "availability_zone": "us-east-1a",
    "encrypted": True,
    "kms_key_id": "11111111-1111-1111-1111-111111111111",
    "vpc_security_group_ids": ["sg-3", "sg-1", "sg-2", "sg-1"],
    "iam_roles": [ROLE_2, ROLE_1, ROLE_2],
    "default_iam_role_arn": ROLE_2,
    "number_of_nodes": 2.0,
    "port": 5439.0,
    "manual_snapshot_retention_period": -1.0,
    "automated_snapshot_retention_period": 1.0,
    "cluster_type": "multi-node",
    "cluster_version": "1.0",
    "tags": {"Team": "Data", "empty": ""},
    "elastic_ip": "",
    "apply_immediately": False,
    "aqua_configuration_status": "auto",
    "skip_final_snapshot": False,
    "final_snapshot_identifier": "Named-By-Hand",
    "region": "us-east-1",
}


@pytest.mark.parametrize("name", [*AWKWARD, "all of them"])
def test_awkward_forms_are_no_difference(groups: Bench, name: str) -> None:
    """Upper case, another order, floats, AWS's own defaults: a second `up` and a refresh find nothing."""
    arguments = AWKWARD if name == "all of them" else {name: AWKWARD[name]}
    if name == "default_iam_role_arn":
        arguments = {**arguments, "iam_roles": [ROLE_2]}
    created = groups.apply(**arguments)
    assert created.said == ""
    assert [call.split()[0] for call in changing(created)] == CREATED

    assert groups.preview(**arguments) == "same"
    assert changing(groups.apply(**arguments)) == []
    assert groups.refresh().said == ""
    assert groups.preview(**arguments) == "same"


def test_default_tags_are_told_apart(stack: Bench) -> None:
    """The stack's own tags are on the cluster and in tags_all, not in tags; changing them is an update."""
    with stack.configured(default_tags=(("owner", "platform"), ("team", "none"))):
        stack.apply(tags={"team": "data"})
        assert stack.state is not None
        assert stack.state["tags"] == {"team": "data"}
        assert stack.state["tags_all"] == {"owner": "platform", "team": "data"}
        assert stack.preview(tags={"team": "data"}) == "same"
        stack.refresh()
        assert stack.preview(tags={"team": "data"}) == "same"
    assert stack.preview(tags={"team": "data"}) == "update"
