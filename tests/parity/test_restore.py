"""Bringing a cluster back: from which snapshot, and when nothing is created rather than something empty."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import read_arguments
from redshift_teardown.deletion_policy import fit_tag_value, once_fitted
from redshift_teardown.deletion_policy.facts import PULUMI_UNKNOWN
from redshift_teardown.engine.place import Place
from tests.parity.bench import Invalid, changing, did
from tests.teardown.stage import SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench

RESTORE: dict[str, Any] = {"restore_final_snapshot": True}
DAY = 86_400.0


def lived(stack: Bench, marker: str, **arguments: Any) -> str:
    """Bring a cluster up, load a marker and destroy it; gives the final snapshot's name."""
    before = set(stack.ledger()["snapshots"])
    assert stack.apply(**arguments).said == ""
    stack.control.set_marker("warehouse", marker)
    assert stack.destroy().said == ""
    [name] = set(stack.ledger()["snapshots"]) - before
    return str(name)


def test_up_after_destroy_brings_the_data_back(stack: Bench) -> None:
    """The newest final snapshot is restored, and the output says which it is and how old."""
    lived(stack, "first")
    stack.time.advance(DAY)
    newest = lived(stack, "second")
    stack.time.advance(3 * DAY)

    restored = stack.apply(**RESTORE)

    assert restored.said == ""
    assert stack.control.marker("warehouse") == "second"
    assert f"warehouse is restored from final snapshot {newest}, 3 days old" in restored.kept
    assert restored.warned == []
    assert stack.preview(**RESTORE) == "same"
    assert stack.refresh().said == ""
    assert stack.preview(**RESTORE) == "same"


def test_the_request_does_nothing_to_a_cluster_that_exists(stack: Bench) -> None:
    """However new the final snapshot that there is besides."""
    lived(stack, "old")
    stack.apply()
    stack.control.set_marker("warehouse", "new")
    address = stack.cluster()["Endpoint"]["Address"]

    asked = stack.apply(**RESTORE)

    assert (asked.said, changing(asked), stack.control.marker("warehouse")) == ("", [], "new")
    assert stack.preview(**RESTORE) == "same"
    # Under the same name the endpoint is the same again.
    assert stack.destroy().said == ""
    assert stack.apply(**RESTORE).said == ""
    assert (stack.control.marker("warehouse"), stack.cluster()["Endpoint"]["Address"]) == ("new", address)


def test_a_restore_that_aws_refuses_is_not_said_to_be_one(stack: Bench) -> None:
    """It is said once AWS has accepted it; until then nothing is restored."""
    lived(stack, "first")
    stack.control.add_fault("RestoreFromClusterSnapshot", occurrence="every", code="AccessDenied", status=403)

    refused = stack.apply(**RESTORE)

    assert "AWS did not restore cluster warehouse from final snapshot" in refused.said
    assert [line for line in refused.kept if "restored" in line] == []


def test_after_a_replacement_nothing_is_said_to_be_created_that_aws_refuses(groups: Bench) -> None:
    """Where its data is, is said before; that the new cluster is there, is not."""
    groups.write_policy(groups.rules("skip: [{when: {node_type: [dc2.large]}, because: of nothing}]"))
    groups.apply()
    groups.control.add_fault("CreateCluster", occurrence="every", code="AccessDenied", status=403)

    refused = groups.apply(cluster_subnet_group_name="elsewhere")

    assert "AWS did not create cluster warehouse" in refused.said
    assert "and warehouse is to be created empty; its data is in final snapshot" in refused.warned[-1]


@pytest.mark.parametrize("earlier", [True, False])
def test_a_final_snapshot_that_somebody_deleted_is_missed(stack: Bench, *, earlier: bool) -> None:
    """Receipts tell which one the last teardown left; an older one, or none, does not pass for it."""
    if earlier:
        lived(stack, "first")
        stack.time.advance(DAY)
    newest = lived(stack, "second")
    stack.control.delete_snapshot(newest)
    began = stack.now()

    previewed, restored = stack.previewed(**RESTORE), stack.apply(**RESTORE)

    [warning] = [line for line in previewed.warned if newest in line]
    assert "AWS does not show it" in warning
    assert restored.how == "refused"
    assert f"left final snapshot {newest}, and AWS does not show it" in restored.said
    assert 290 <= (stack.now() - began).total_seconds() <= 330
    assert stack.ledger()["clusters"] == {}
    assert stack.apply(restore_final_snapshot=False).how == "done"


def test_a_final_snapshot_that_has_expired_is_told(stack: Bench) -> None:
    """Its retention is over: there is nothing to wait for."""
    expired = lived(stack, "first")
    stack.time.advance(36 * DAY)

    restored = stack.apply(**RESTORE)

    assert restored.how == "done", restored.said
    [warning] = [line for line in restored.warned if expired in line]
    assert "retention has ended" in warning


@pytest.mark.parametrize("seconds", [5, 120])
def test_a_final_snapshot_that_aws_lists_late_is_waited_for(stack: Bench, seconds: int) -> None:
    """A listing that fell behind makes nothing of the data that a receipt tells of."""
    lived(stack, "the data")
    stack.control.set_behaviour(snapshots_stale_until=stack.control.now() + seconds)

    restored = stack.apply(**RESTORE)

    assert restored.how == "done", restored.said
    assert stack.control.marker("warehouse") == "the data"


@pytest.mark.parametrize("seconds", [5, 29])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_listing_that_falls_behind_begins_nothing_without_a_receipt(
    stack: Bench, seconds: int, *, earlier: bool
) -> None:
    """Another machine destroyed it: neither nothing nor an older one is believed until that has lasted."""
    if earlier:
        lived(stack, "older")
        stack.time.advance(DAY)
    lived(stack, "the data")
    stack.drop_receipts()
    deleted = max(each["deleted"] for each in stack.ledger()["generations"])
    stack.control.set_behaviour(snapshot_listing_lag_seconds=stack.control.now() - deleted + seconds)

    restored = stack.apply(**RESTORE)

    assert restored.how == "done", restored.said
    assert stack.control.marker("warehouse") == "the data"


def test_a_listing_that_falls_behind_at_the_second_look(stack: Bench) -> None:
    """What was there at the first poll is not begun without: `up` refuses, and the next one restores it."""
    lived(stack, "the data")
    stack.drop_receipts()

    def fall_behind() -> None:
        stack.control.set_behaviour(snapshots_stale_until=stack.control.now() + 1)

    refused = stack.apply(Interruption(1, "wait", fall_behind), **RESTORE)

    assert (refused.how, "was there a moment ago" in refused.said) == ("refused", True), refused.said
    assert stack.ledger()["clusters"] == {}
    stack.time.advance(5)
    assert stack.apply(**RESTORE).said == ""
    assert stack.control.marker("warehouse") == "the data"


def test_which_is_the_newest_is_waited_for_once_and_not_where_a_receipt_tells(stack: Bench) -> None:
    """Thirty seconds at most before the first create; none where a receipt tells of what AWS lists."""
    took = []
    for receipts in ("none yet", "kept", "lost"):
        if receipts == "lost":
            stack.drop_receipts()
        began = stack.now()
        assert stack.apply(**RESTORE).how == "done"
        [sent] = [
            call.time
            for call in stack.control.calls()
            if call.operation in ("CreateCluster", "RestoreFromClusterSnapshot")
            and call.time >= began.timestamp()
        ]
        took.append(sent - began.timestamp())
        assert stack.destroy().said == ""

    assert took == pytest.approx([30, 0, 30], abs=2)


def test_a_create_that_is_to_begin_empty_tells_of_it_and_waits_for_nothing(stack: Bench) -> None:
    """The program does not ask for the data: what is not listed is named all the same."""
    newest = lived(stack, "the data")
    stack.control.set_behaviour(snapshots_stale_until=stack.control.now() + 3600)
    began = stack.now()

    created = stack.apply()

    assert created.how == "done", created.said
    assert [line for line in created.warned if newest in line and "AWS does not show it" in line] != []
    assert (stack.now() - began).total_seconds() < 300


def test_a_half_that_aws_does_not_list_is_not_begun_without(groups: Bench) -> None:
    """A replacement was cut between its halves: a receipt tells of the first one."""
    stack = groups
    stack.apply()
    cut = Interruption(1, "before", kill, "RestoreFromClusterSnapshot")
    assert stack.apply(cut, **RESTORE, cluster_subnet_group_name="elsewhere").how == "killed"
    stack.state = None
    stack.control.set_behaviour(snapshots_stale_until=stack.control.now() + 3600)

    with pytest.raises(Invalid, match="AWS does not show it; its new cluster was to be restored from it"):
        stack.apply()

    assert stack.ledger()["clusters"] == {}


def test_the_restored_cluster_is_as_the_program_says(groups: Bench) -> None:
    """What Restore… takes it is told; tags and password, which it does not take, are set afterwards."""
    lived(groups, "data", tags={"old": "tag"})
    program = {
        **RESTORE,
        "number_of_nodes": 4,
        "port": 5440,
        "tags": {"team": "data"},
        "master_password": "Another-One-2",
        "cluster_subnet_group_name": "elsewhere",
        "cluster_parameter_group_name": "tuned",
        "allow_version_upgrade": False,
        "iam_roles": ["arn:aws:iam::111122223333:role/load"],
    }

    restored = groups.apply(**program)

    shown = read_arguments(groups.cluster())
    told = {name: value for name, value in program.items() if name in shown}
    assert {name: shown[name] for name in told} == told
    assert groups.password_is("Another-One-2")
    assert groups.control.marker("warehouse") == "data"
    assert [call.split()[0] for call in changing(restored)] == [
        "RestoreFromClusterSnapshot",
        "CreateTags",
        "ModifyCluster",
        "DeleteTags",
        "CreateTags",
        "DeleteTags",
    ]
    assert groups.preview(**program) == "same"


def test_what_the_program_leaves_out_is_as_the_snapshot_has_it(stack: Bench) -> None:
    """A cluster of four nodes comes back with four, and a later `up` does not make one of it."""
    lived(stack, "data", number_of_nodes=4, port=5440)
    program = {"number_of_nodes": None, **RESTORE}

    restored = stack.apply(**program)

    assert restored.said == ""
    assert read_arguments(stack.cluster())["number_of_nodes"] == 4
    assert stack.preview(**program) == "same"
    tagged = stack.apply(**program, tags={"a": "b"})
    assert changing(tagged) == ["CreateTags Tags"]
    assert read_arguments(stack.cluster())["port"] == 5440
    # Without the request it stays so; said and taken away again, it has its default.
    assert stack.apply(number_of_nodes=None, tags={"a": "b"}).said == ""
    assert read_arguments(stack.cluster())["number_of_nodes"] == 4
    stack.apply(number_of_nodes=None, tags={"a": "b"}, port=5441)
    stack.apply(number_of_nodes=None, tags={"a": "b"})
    shown = read_arguments(stack.cluster())
    assert (shown["number_of_nodes"], shown["port"]) == (4, 5439)


def test_without_a_snapshot_it_is_created_empty_and_said(stack: Bench) -> None:
    """The first `up` with the request creates, and says that there was none."""
    created = stack.apply(**RESTORE)

    assert (created.said, changing(created)[0].split()[0]) == ("", "CreateCluster")
    assert "no final snapshot of warehouse is there: warehouse is created empty" in created.kept
    assert stack.preview(**RESTORE) == "same"


def test_it_is_found_under_another_parent(stack: Bench) -> None:
    """The resource moved into, or out of, a component meanwhile: same name, same cluster, found."""
    lived(stack, "data")
    moved = "urn:pulumi:live::shop::a:Team$b:Group$pulumi-python:dynamic/redshift:Cluster::warehouse"

    stack.apply(**RESTORE, urn=moved)

    assert stack.control.marker("warehouse") == "data"


ELSEWHERE = [URN.replace("live", "other"), URN.replace("shop", "other")]


@pytest.mark.parametrize("urn", ELSEWHERE, ids=["another stack", "another project"])
def test_what_another_stack_left_of_the_same_cluster_is_in_doubt(stack: Bench, urn: str) -> None:
    """It may be this stack under its old name, or the cluster may have been moved from there: neither
    restored nor begun without, in preview as in `up`, and both ways on are told, and work.
    """
    name = lived(stack, "data")
    stack.write_policy(stack.policy.replace("[live]", "[live, other]"))

    refused = stack.refused_from_preview_on(**RESTORE, urn=urn)

    assert f"{name} " in refused
    assert f"was left by {URN}" in refused
    assert f"set snapshot_identifier='{name}' in place of restore_final_snapshot" in refused
    assert "write restore_final_snapshot=False" in refused
    assert stack.apply(snapshot_identifier=name, urn=urn).said == ""
    assert stack.control.marker("warehouse") == "data"
    stack.state = None
    stack.control.remove_cluster("warehouse")
    fresh = stack.apply(restore_final_snapshot=False, urn=urn)
    assert (fresh.said, stack.control.marker("warehouse")) == ("", "")


@pytest.mark.parametrize("urn", ELSEWHERE, ids=["another stack", "another project"])
def test_what_another_stack_left_of_another_cluster_is_anothers(stack: Bench, urn: str) -> None:
    """Its name says nothing, and neither does a cluster that this stack never had."""
    lived(stack, "theirs")
    stack.write_policy(stack.policy.replace("[live]", "[live, other]"))

    created = stack.apply(**RESTORE, urn=urn, cluster_identifier="another")

    assert (created.said, stack.control.marker("another")) == ("", "")


def test_what_is_newer_and_ours_is_restored_whatever_another_stack_left_before(stack: Bench) -> None:
    """Once this stack has left a final snapshot of its own there is no doubt any more."""
    lived(stack, "theirs")
    stack.write_policy(stack.policy.replace("[live]", "[live, other]"))
    stack.time.advance(DAY)
    lived(stack, "ours", urn=ELSEWHERE[0], restore_final_snapshot=False)

    restored = stack.apply(**RESTORE, urn=ELSEWHERE[0])

    assert (restored.said, stack.control.marker("warehouse")) == ("", "ours")


def test_without_the_request_what_another_stack_left_is_no_reason_for_a_word(stack: Bench) -> None:
    """A program that asks for no data begins without."""
    lived(stack, "theirs")
    stack.write_policy(stack.policy.replace("[live]", "[live, other]"))

    created = stack.apply(urn=ELSEWHERE[0])

    assert (created.said, created.warned, stack.control.marker("warehouse")) == ("", [], "")


@pytest.mark.parametrize(
    "now",
    [
        URN,
        URN.replace("my:Group$", ""),
        URN.replace("live", "other"),
        URN.replace("shop", "other"),
        URN.replace("::warehouse", "::lake"),
    ],
    ids=["the same", "another parent", "renamed stack", "another project", "another name"],
)
def test_the_way_back_that_destroy_tells_works(stack: Bench, now: str) -> None:
    """After `stack rename`, `state move` or `state rename` the tags say what the resource is called now."""
    stack.write_policy(stack.policy.replace("[live]", "[live, other]"))
    stack.apply()
    stack.control.set_marker("warehouse", "data")
    with stack.configured(place=Place.of(now)):
        told = stack.destroy().kept[-1]
    [name] = stack.ledger()["snapshots"]

    by_name = f"snapshot_identifier={name!r}"
    assert f"To bring it back: restore_final_snapshot=True, or {by_name}, then `pulumi up`" in told
    for way in (RESTORE, {"snapshot_identifier": name}):
        brought = stack.apply(**way, urn=now)
        assert (brought.said, stack.control.marker("warehouse")) == ("", "data")
        stack.state = None
        stack.control.remove_cluster("warehouse")


@pytest.mark.parametrize("receipts", ["kept", "lost"])
def test_a_new_stack_of_an_old_name_does_not_find_what_the_renamed_one_left(
    stack: Bench, receipts: str
) -> None:
    """The renamed stack had no `up` since, so its state records the name that the new one has now."""
    stack.write_policy(stack.policy.replace("[live]", "[live, other]"))
    stack.apply()
    stack.control.set_marker("warehouse", "data")
    with stack.configured(place=Place.of(URN.replace("live", "other"))):
        assert stack.destroy().said == ""
    stack.state = None
    if receipts == "lost":
        stack.drop_receipts()

    created = stack.apply(**RESTORE, cluster_identifier="lake")

    assert (created.said, stack.control.marker("lake")) == ("", "")


def copied(stack: Bench, name: str, identifier: str) -> None:
    """Somebody restores a copy of a cluster, changes it, and takes a snapshot with the copy's tags."""
    stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier=identifier, SnapshotIdentifier=name)
    stack.time.advance(DAY)
    stack.control.set_marker(identifier, "junk")
    stack.control.set_lifecycle(identifier, manual_snapshot=0)
    stack.outsider.create_cluster_snapshot(
        ClusterIdentifier=identifier, SnapshotIdentifier="of-a-copy", Tags=stack.cluster(identifier)["Tags"]
    )
    stack.control.remove_cluster(identifier)


def test_a_snapshot_of_a_copy_is_not_restored(stack: Bench) -> None:
    """Its tags say that it is of our cluster, and AWS says it is of another one."""
    copied(stack, lived(stack, "data"), "warehouse-test")

    restored = stack.apply(**RESTORE)

    assert (restored.said, stack.control.marker("warehouse")) == ("", "data")


def test_a_snapshot_of_a_copy_that_is_named_holds_no_young_data(stack: Bench) -> None:
    """Nobody knows how old it is, whatever its tags say."""
    copied(stack, lived(stack, "data"), "warehouse-test")

    assert stack.apply(snapshot_identifier="of-a-copy").said == ""

    assert stack.state is not None
    assert "data_since" not in stack.state


def test_a_copy_that_has_our_clusters_name_is_in_doubt(stack: Bench) -> None:
    """The tags are of another cluster of ours, AWS's word is ours: refused, with its name."""
    stack.apply(cluster_identifier="lake")
    assert stack.destroy().said == ""
    [name] = stack.ledger()["snapshots"]
    copied(stack, str(name), "warehouse")

    assert "of-a-copy" in stack.refused_from_preview_on(**RESTORE)


def test_of_another_resource_it_is_in_doubt(stack: Bench) -> None:
    """The same cluster under another resource's name in the same stack: an error, not an empty cluster."""
    name = lived(stack, "data")

    refused = stack.refused_from_preview_on(**RESTORE, urn=URN.replace("::warehouse", "::lake"))

    assert name in refused
    assert f"set snapshot_identifier='{name}'" in refused


@pytest.mark.parametrize(
    ("one", "other"), [("wh#1", "wh!1"), ("wh#1", "wh-1"), ("wh 1", "wh,1"), ("a(b)", "a[b]")]
)
def test_two_resources_never_share_a_snapshot(stack: Bench, one: str, other: str) -> None:
    """Names that AWS's tags cannot hold are told apart all the same: the other's data is not restored."""
    stack.apply(urn=URN.replace("::warehouse", f"::{one}"))
    stack.control.set_marker("warehouse", "the first one's data")
    assert stack.destroy().said == ""
    urn = URN.replace("::warehouse", f"::{other}")

    fresh = stack.apply(**RESTORE, urn=urn, cluster_identifier="another")

    assert (fresh.said, stack.control.marker("another")) == ("", "")
    assert stack.destroy().said == ""
    again = stack.apply(**RESTORE, urn=URN.replace("::warehouse", f"::{one}"))
    assert (again.said, stack.control.marker("warehouse")) == ("", "the first one's data")


@pytest.mark.parametrize(
    "urn", [URN, URN.replace("my:Group$", ""), URN.replace("my:Group", "my-org:index:Team")]
)
def test_a_snapshot_of_an_earlier_release_is_found(stack: Bench, urn: str) -> None:
    """It had no hash in the tag that says whose it is; a nested resource finds its data by it still."""
    name = lived(stack, "data", urn=urn)
    [found] = stack.outsider.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"]
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    stack.control.set_snapshot(name, tags={**tags, "redshift-teardown:urn": once_fitted(urn)})

    restored = stack.apply(**RESTORE, urn=urn)

    assert (restored.said, stack.control.marker("warehouse")) == ("", "data")


def test_an_old_tag_that_two_resources_would_have_is_in_doubt(stack: Bench) -> None:
    """It may be the other one's: nothing is created, and the snapshot is named."""
    urn = URN.replace("::warehouse", "::wh#1")
    name = lived(stack, "data", urn=urn)
    [found] = stack.outsider.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"]
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    stack.control.set_snapshot(name, tags={**tags, "redshift-teardown:urn": once_fitted(urn)})

    assert f"set snapshot_identifier='{name}'" in stack.refused_from_preview_on(**RESTORE, urn=urn)


@pytest.mark.parametrize("lost", ["all", "urn", "stack", "project"])
def test_a_final_snapshot_that_lost_its_tags_is_an_error(stack: Bench, lost: str) -> None:
    """It looks like ours and does not say so: never "fresh", and never an older one in its place."""
    lived(stack, "older")
    stack.time.advance(DAY)
    newest = lived(stack, "newest")
    [found] = stack.outsider.describe_cluster_snapshots(SnapshotIdentifier=newest)["Snapshots"]
    keys = {"urn": "redshift-teardown:urn", "stack": "pulumi:stack", "project": "pulumi:project"}
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    kept = {} if lost == "all" else {key: value for key, value in tags.items() if key != keys[lost]}
    stack.control.set_snapshot(newest, tags=kept)

    refused = stack.refused_from_preview_on(**RESTORE)

    assert newest in refused
    assert "does not carry the tags" in refused


def test_a_snapshot_of_a_granted_name_that_lost_its_tags_is_an_error(stack: Bench) -> None:
    """A requested name fits no template, and is known all the same."""
    lived(stack, "data", final_snapshot_identifier="Last-Words")
    stack.control.set_snapshot("last-words", tags={})

    refused = stack.refused_from_preview_on(**RESTORE, final_snapshot_identifier="Last-Words")

    assert "last-words" in refused


@pytest.mark.parametrize("status", ["creating", "failed"])
def test_an_unfinished_final_snapshot_is_an_error(stack: Bench, status: str) -> None:
    """The newest one is not there yet, or failed: said with its status and age, and nothing is created."""
    lived(stack, "older")
    stack.time.advance(DAY)
    newest = lived(stack, "newest")
    stack.control.set_snapshot(newest, status=status)
    stack.time.advance(7200)

    refused = stack.apply(**RESTORE)

    assert f"the newest final snapshot of warehouse, {newest}, is {status!r}, 2h 6m old" in refused.said
    assert changing(refused) == []


def test_a_hand_made_snapshot_is_none_of_ours(stack: Bench) -> None:
    """A manual snapshot that a person made of the same cluster is no final snapshot, however new."""
    lived(stack, "final")
    stack.time.advance(DAY)
    stack.control.put_snapshot("by-hand", "warehouse", marker="by hand")

    stack.apply(**RESTORE)

    assert stack.control.marker("warehouse") == "final"


@pytest.mark.parametrize("form", ["identifier", "arn", "with its cluster"])
def test_a_named_snapshot_is_restored(stack: Bench, form: str) -> None:
    """By identifier, by ARN, or with the cluster it was taken of."""
    first = lived(stack, "first")
    lived(stack, "second")
    [found] = stack.outsider.describe_cluster_snapshots(SnapshotIdentifier=first)["Snapshots"]
    program = {
        "identifier": {"snapshot_identifier": first},
        "arn": {"snapshot_arn": found["SnapshotArn"]},
        "with its cluster": {"snapshot_identifier": first, "snapshot_cluster_identifier": "warehouse"},
    }[form]

    restored = stack.apply(**program)

    assert restored.said == ""
    assert any(line.startswith(f"warehouse is restored from snapshot {first}, ") for line in restored.kept)
    assert stack.control.marker("warehouse") == "first"
    assert stack.preview(**program) == "same"
    # Letting go of the snapshot changes nothing about the cluster.
    assert changing(stack.apply()) == []
    assert stack.preview() == "same"


def test_another_accounts_snapshot_is_restored(stack: Bench) -> None:
    """A snapshot that another account shares, by its owner."""
    stack.elsewhere.put_snapshot("theirs", "lake", marker="shared", shared_with=["111122223333"])
    program = {
        "snapshot_identifier": "theirs",
        "owner_account": "444455556666",
        "master_username": None,
        "number_of_nodes": None,
    }

    restored = stack.apply(**program)

    assert restored.said == ""
    assert stack.control.marker("warehouse") == "shared"
    assert stack.preview(**program) == "same"


def test_a_named_snapshot_that_is_not_there_is_an_error(stack: Bench) -> None:
    """Said before anything is sent."""
    refused = stack.apply(snapshot_identifier="unheard-of")

    assert "there is no snapshot unheard-of in us-east-1" in refused.said
    assert changing(refused) == []


@pytest.mark.parametrize(
    ("name", "kept"), [("database_name", "dev"), ("master_username", "admin")], ids=["database", "user"]
)
def test_a_snapshot_that_cannot_become_what_the_program_says(stack: Bench, name: str, kept: str) -> None:
    """Database and admin user are the snapshot's: another one would replace the cluster at the next `up`."""
    lived(stack, "data")

    refused = stack.apply(**RESTORE, **{name: "other"})

    assert f"has {name} '{kept}', which no restore can change to 'other'" in refused.said
    assert changing(refused) == []


def test_node_type_and_count_are_the_programs_where_aws_can_restore_into_them(stack: Bench) -> None:
    """Where it cannot, its own words are told, and nothing is there."""
    lived(stack, "data")

    refused = stack.apply(**RESTORE, node_type="dc2.large")
    assert "cannot be restored into dc2.large" in refused.said
    assert stack.ledger()["clusters"] == {}
    grown = {"node_type": "ra3.4xlarge", "number_of_nodes": 4}
    assert stack.apply(**RESTORE, **grown).said == ""

    shown = read_arguments(stack.cluster())
    assert {name: shown[name] for name in grown} == grown
    assert stack.control.marker("warehouse") == "data"


def test_replacement_restores_what_was_just_deleted(groups: Bench) -> None:
    """The subnet group changes: the data moves with it, whatever newer snapshots claim to be ours."""
    lived(groups, "long ago")
    groups.apply(**RESTORE)
    groups.control.set_marker("warehouse", "now")
    tags = {
        "pulumi:project": "shop",
        "pulumi:stack": "live",
        "redshift-teardown:urn": fit_tag_value(URN),
        "redshift-teardown:cluster": "warehouse",
    }
    groups.control.put_snapshot(
        "impostor",
        "warehouse",
        create_time=groups.time.now() + timedelta(days=30),
        tags=tags,
        marker="impostor",
    )
    program = {**RESTORE, "cluster_subnet_group_name": "elsewhere"}
    assert groups.preview(**program) == "replace"

    replaced = groups.apply(**program)

    assert (replaced.said, did(replaced)) == ("", "replace")
    assert groups.control.marker("warehouse") == "now"
    assert groups.cluster()["ClusterSubnetGroupName"] == "elsewhere"
    assert any("and the new one is restored from that very snapshot" in line for line in replaced.warned)
    assert groups.preview(**program) == "same"


def test_replacement_that_ends_between_delete_and_create_goes_on(groups: Bench) -> None:
    """Killed after the delete: the next `up` remembers nothing, and restores the generation just deleted."""
    from tests.teardown.stage import Interruption, kill  # noqa: PLC0415

    groups.apply(**RESTORE)
    groups.control.set_marker("warehouse", "now")
    program = {**RESTORE, "cluster_subnet_group_name": "elsewhere"}
    killed = groups.apply(Interruption(1, "before", kill, "RestoreFromClusterSnapshot"), **program)
    assert (killed.how, groups.state) == ("killed", None)

    groups.apply(**program)

    assert groups.control.marker("warehouse") == "now"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"database_name": "sales"}, "fixes its database_name"),
        ({"master_username": "boss"}, "fixes its master_username"),
        ({"region": "eu-west-1"}, "fixes its region"),
    ],
    ids=["database", "user", "region"],
)
def test_replacement_that_cannot_restore_fails_before_the_delete(
    stack: Bench, change: dict[str, Any], words: str
) -> None:
    """What a snapshot fixes cannot be changed by restoring it: refused in preview, the cluster lives on."""
    stack.apply(**RESTORE)

    with pytest.raises(AssertionError, match=words):
        stack.preview(**RESTORE, **change)
    refused = stack.apply(**RESTORE, **change)

    assert refused.how == "refused"
    assert "the cluster lives on as it is" in refused.said
    assert changing(refused) == []


def test_replacement_without_a_final_snapshot_to_restore_fails_before_the_delete(groups: Bench) -> None:
    """The policy would skip the snapshot, and the program wants it restored: refused in preview."""
    groups.write_policy(groups.rules(SKIPPING))
    program = {**RESTORE, "skip_final_snapshot": True}
    groups.apply(**program)

    refused = groups.apply(**program, cluster_subnet_group_name="elsewhere")

    assert "there would be none: no final snapshot: nobody needs it" in refused.said
    assert changing(refused) == []


def test_an_unrestored_replacement_of_a_protected_cluster_is_refused(groups: Bench) -> None:
    """An empty production cluster in place of a full one is nobody's intention: refused in preview."""
    groups.apply()

    refused = groups.apply(cluster_subnet_group_name="elsewhere")

    assert "and the new cluster would be empty" in refused.said
    assert "restore_final_snapshot=True" in refused.said
    assert changing(refused) == []


def test_what_preview_cannot_know_is_refused_by_up_before_the_delete(groups: Bench) -> None:
    """A subnet group that another resource makes: preview goes on, and `up` compares before it deletes."""
    groups.apply()

    previewed = groups.previewed(cluster_subnet_group_name=PULUMI_UNKNOWN)
    refused = groups.apply(cluster_subnet_group_name="elsewhere")

    assert (previewed.how, did(previewed)) == ("done", "update")
    assert "and the new cluster would be empty" in refused.said
    assert changing(refused) == []


def test_an_old_named_snapshot_does_not_stand_for_the_data(groups: Bench) -> None:
    """A program that still names the snapshot it began with would bring back the past: refused as well."""
    program = {"snapshot_identifier": "shared", "master_username": "awsuser"}
    groups.apply(**program)

    refused = groups.apply(**program, cluster_subnet_group_name="elsewhere")

    assert "without what was written since" in refused.said
    assert changing(refused) == []


def test_a_replacement_by_a_snapshot_that_is_not_there_fails_before_the_delete(groups: Bench) -> None:
    """What create would refuse after the delete is refused before it."""
    groups.apply()

    refused = groups.apply(snapshot_identifier="unheard-of")

    assert "there is no snapshot unheard-of" in refused.said
    assert changing(refused) == []


def test_an_unprotected_replacement_says_what_it_does(groups: Bench) -> None:
    """Where the environment may skip, preview shows the replacement and warns of what comes of the data."""
    groups.write_policy(groups.rules("skip: [{when: {node_type: [dc2.large]}, because: of nothing}]"))
    groups.apply()

    replaced = groups.apply(cluster_subnet_group_name="elsewhere")

    assert replaced.said == ""
    [warning] = [line for line in replaced.warned if "replaces" in line]
    assert (
        "a change of cluster_subnet_group_name replaces warehouse: it is deleted (final snapshot, kept"
        in warning
    )
    assert warning.endswith("and the new one begins empty")
    [snapshot] = [name for name in groups.ledger()["snapshots"] if "-final-" in name]
    assert f"is to be created empty; its data is in final snapshot {snapshot}: to" in replaced.warned[-1]
