"""A create that did not end is gone on with where the cluster is surely its own, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.parity.bench import changing, did
from tests.parity.test_adopt import ADOPT, run_one
from tests.parity.test_claims import DENIED, born, label
from tests.teardown.stage import CLUSTER, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench


def by_hand(stack: Bench, snapshot: str = "") -> None:
    """Restore a snapshot by hand, under the cluster's name: the newest one, where none is given."""
    newest = max(stack.ledger()["snapshots"].values(), key=lambda each: each["created"])
    stack.outsider.restore_from_cluster_snapshot(
        ClusterIdentifier=CLUSTER, SnapshotIdentifier=snapshot or newest["identifier"]
    )
    stack.time.advance(3600)


@pytest.mark.parametrize(
    "program", [{"restore_final_snapshot": True}, {}], ids=["a program that restores", "one that does not"]
)
def test_a_cluster_restored_by_hand_is_not_taken_over(stack: Bench, program: dict[str, Any]) -> None:
    """It carries our final snapshot's tags, and is somebody's: `up` refuses, and changes nothing of it."""
    born(stack)
    assert stack.destroy().said == ""
    by_hand(stack)
    password = stack.password_is("Correct-Horse-1")
    before = stack.cluster()["Tags"]

    refused = stack.apply(**program, master_password="Another-One-2")

    assert "exists already" in refused.said
    assert changing(refused) == []
    assert (stack.cluster()["Tags"], stack.password_is("Correct-Horse-1")) == (before, password)
    assert stack.apply(**program, **ADOPT).said == ""


def test_one_restored_by_hand_under_another_name_is_no_living_one_of_ours(stack: Bench) -> None:
    """A copy of the data beside it does not stand in the way of `up`."""
    born(stack)
    assert stack.destroy().said == ""
    newest = max(stack.ledger()["snapshots"].values(), key=lambda each: each["created"])
    stack.outsider.restore_from_cluster_snapshot(
        ClusterIdentifier="copy", SnapshotIdentifier=newest["identifier"]
    )
    stack.time.advance(3600)

    assert stack.apply(restore_final_snapshot=True).said == ""


RESTORES: dict[str, Any] = {"snapshot_identifier": "seed", "master_username": "awsuser"}


def seeded(stack: Bench) -> None:
    """Somebody's snapshot, which brings no tags."""
    stack.control.put_snapshot("seed", "elsewhere", number_of_nodes=2, node_type="ra3.xlplus", marker="seed")


def restored_by_hand(stack: Bench) -> None:
    """Somebody restores that very snapshot under the cluster's name."""
    stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier=CLUSTER, SnapshotIdentifier="seed")


@pytest.mark.parametrize("moment", [("before", "DescribeClusters", 5), ("wait", "", 1)], ids=str)
def test_a_restore_that_aws_answered_goes_on(stack: Bench, moment: tuple[str, str, int]) -> None:
    """It takes no tags, and this role may write none: the generation that AWS answered with tells."""
    seeded(stack)
    stack.control.add_fault("CreateTags", occurrence="every", **DENIED)
    when, operation, number = moment
    killed = stack.apply(Interruption(number, when, kill, operation), **RESTORES)
    assert killed.how == "killed"
    written = stack.receipts / "creates"
    assert len(list(written.iterdir())) == 1
    stack.time.advance(86_400)

    goes_on = stack.apply(**RESTORES)

    assert (goes_on.said, did(goes_on)) == ("", "create")
    assert stack.control.marker(CLUSTER) == "seed"
    assert len(stack.ledger()["generations"]) == 1
    assert list(written.iterdir()) == []
    assert stack.preview(**RESTORES) == "same"


@pytest.mark.parametrize("who", ["ours", "by hand after it", "by hand in its place"])
@pytest.mark.parametrize("dies", ["drop", "kill"])
def test_a_restore_that_aws_did_not_answer_is_nobodys(stack: Bench, dies: str, who: str) -> None:
    """Its own cluster and one that was restored by hand look alike: refused, and adopt_existing takes it."""
    seeded(stack)
    if dies == "drop":
        when = "after" if who == "ours" else "before"
        stack.control.add_fault("RestoreFromClusterSnapshot", when=when, kind="drop", times=9)
        stack.apply(**RESTORES)
        stack.control.clear_faults()
    else:
        when = "after" if who == "ours" else "before"
        dead = stack.apply(Interruption(1, when, kill, "RestoreFromClusterSnapshot"), **RESTORES)
        assert dead.how == "killed"
    if who != "ours":
        stack.time.advance(0 if who == "by hand in its place" else 600)
        restored_by_hand(stack)
    stack.time.advance(3600)
    before = stack.cluster()["Tags"]

    refused = stack.apply(**RESTORES, master_password="Another-One-2")

    assert "exists already" in refused.said
    assert "whose answer never came; or somebody restored it by hand" in refused.said
    generation = stack.cluster()["ClusterNamespaceArn"].rpartition(":")[2].rpartition("/")[2]
    assert (
        f"set adopt_existing=True, which takes over this very cluster as it is (generation {generation}"
        in (refused.said)
    )
    assert changing(refused) == []
    assert stack.cluster()["Tags"] == before
    assert not stack.password_is("Another-One-2")
    assert stack.apply(**RESTORES, **ADOPT).said == ""
    assert stack.control.marker(CLUSTER) == "seed"


def test_what_took_the_place_of_an_answered_restore_is_not_taken(stack: Bench) -> None:
    """Ours was answered and is gone; whoever restored by hand within minutes keeps what is theirs."""
    seeded(stack)
    dead = stack.apply(Interruption(5, "before", kill, "DescribeClusters"), **RESTORES)
    assert dead.how == "killed"
    stack.control.remove_cluster(CLUSTER)
    restored_by_hand(stack)
    stack.time.advance(600)

    refused = stack.apply(**RESTORES, master_password="Another-One-2")

    assert "exists already" in refused.said
    assert changing(refused) == []
    assert not stack.password_is("Another-One-2")


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (("after", "RestoreFromClusterSnapshot", 1), "may have been begun"),
        (("before", "DescribeClusters", 5), "was begun"),
    ],
    ids=["not answered", "answered"],
)
def test_a_cluster_that_was_begun_under_another_name_is_named(
    stack: Bench, point: tuple[str, str, int], words: str
) -> None:
    """Killed before its mark, then another cluster_identifier: a warning names the first cluster."""
    seeded(stack)
    stack.control.add_fault("CreateTags", occurrence="every", **DENIED)
    when, operation, number = point
    assert stack.apply(Interruption(number, when, kill, operation), **RESTORES).how == "killed"
    stack.control.clear_faults()

    other = stack.apply(**RESTORES, cluster_identifier="lake")

    assert other.said == ""
    [warning] = [line for line in other.warned if f"cluster {CLUSTER} {words}" in line]
    assert f"set cluster_identifier='{CLUSTER}' again" in warning


@pytest.mark.parametrize("when", ["too late", "not restored", "claimed"])
def test_what_was_written_down_fits_its_own_cluster_only(stack: Bench, when: str) -> None:
    """A restore of ours never took effect; a stranger's cluster of that name is none of ours."""
    stack.control.put_snapshot("seed", "elsewhere", number_of_nodes=2, node_type="ra3.xlplus")
    program = {"snapshot_identifier": "seed", "master_username": "awsuser"}
    assert (
        stack.apply(Interruption(1, "before", kill, "RestoreFromClusterSnapshot"), **program).how == "killed"
    )
    if when == "too late":
        stack.time.advance(3600)
        stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier=CLUSTER, SnapshotIdentifier="seed")
    elif when == "not restored":
        run_one(stack)
    else:
        stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier=CLUSTER, SnapshotIdentifier="seed")
        label(stack, "0123456789abcdef of 0123456789ab")
    stack.time.advance(600)

    refused = stack.apply(**program)

    assert "exists already" in refused.said
    assert changing(refused) == []


def test_a_create_that_was_killed_at_its_very_end_goes_on(stack: Bench) -> None:
    """Its creating mark is gone and no state was written: its claim, and what was written down, tell."""
    killed = stack.apply(Interruption(1, "after", kill, "DeleteTags"))
    assert killed.how == "killed"

    again = stack.apply()

    assert (again.said, len(stack.ledger()["generations"])) == ("", 1)
    assert stack.preview() == "same"
