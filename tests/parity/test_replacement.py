"""A replacement is judged by what it does to the data, whoever asks for it and in whatever words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.teardown.claim import TAG_CLAIM
from tests.parity.bench import Invalid, changing, did, wire
from tests.parity.test_adopt import ADOPT
from tests.parity.test_age import kept
from tests.parity.test_begun import by_hand
from tests.parity.test_claims import DENIED, claim_of, strip
from tests.teardown.stage import CLUSTER, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

RESTORE: dict[str, Any] = {"restore_final_snapshot": True}
EMPTY: dict[str, Any] = {"restore_final_snapshot": False}
SEED: dict[str, Any] = {"snapshot_identifier": "seed", "master_username": "awsuser"}
ARN = "arn:aws:redshift:us-east-1:111122223333:snapshot:old/seed"
MOVED: dict[str, Any] = {"cluster_subnet_group_name": "elsewhere"}


def put(stack: Bench, name: str, **changes: Any) -> None:
    """A snapshot that somebody else's cluster left."""
    stack.control.put_snapshot(
        name, "old", **{"number_of_nodes": 2, "node_type": "ra3.xlplus", "marker": name, **changes}
    )


def production(stack: Bench, **program: Any) -> None:
    """Bring a cluster up and write to it."""
    assert stack.apply(**program).said == ""
    stack.control.set_marker(CLUSTER, "production")


def replaced(stack: Bench, *interruptions: Interruption, first: str = "delete", **program: Any) -> Result:
    """Run `up --replace`: no diff is asked. What is created or deleted first is the engine's choice."""
    assert stack.state is not None
    old = wire(stack.state)

    def up() -> Any:
        inputs = stack.checked(**program)
        if first == "delete":
            delete(old, stack.settings)
            stack.state = None
            return create(inputs, stack.settings)[1]
        made = create(inputs, stack.settings)[1]
        delete(old, stack.settings)
        return made

    result = stack.run(up, *interruptions)
    if result.how == "done":
        stack.state = result.value
    return result


def marker(stack: Bench) -> str:
    """What the cluster holds."""
    return str(stack.control.marker(CLUSTER))


# --- the same snapshot in other words --------------------------------------------------------------


@pytest.mark.parametrize(
    "program",
    [
        {"snapshot_identifier": "SEED"},
        {"snapshot_identifier": None, "snapshot_arn": ARN},
        {"snapshot_cluster_identifier": "OLD"},
        {"owner_account": "111122223333"},
        {"snapshot_identifier": None, "snapshot_arn": ARN, "snapshot_cluster_identifier": "old"},
        {"snapshot_identifier": None},
    ],
    ids=["case", "arn", "with its cluster", "with its owner", "arn and cluster", "let go of"],
)
@pytest.mark.parametrize("version", [3, 2])
def test_the_same_snapshot_in_other_words_is_no_change(
    stack: Bench, program: dict[str, Any], version: int
) -> None:
    """Production lives on as it is, and a refresh between the two makes no difference."""
    put(stack, "seed")
    production(stack, **SEED)
    if version == 2:
        assert stack.state is not None
        stack.state = {key: value for key, value in stack.state.items() if key != "restored_from"}

    assert stack.preview(**{**SEED, **program}) == "same"
    assert stack.refresh().said == ""
    assert stack.preview(**{**SEED, **program}) == "same"
    assert changing(stack.apply(**{**SEED, **program})) == []
    assert marker(stack) == "production"


def test_the_final_snapshot_that_was_restored_named_is_no_change(stack: Bench) -> None:
    """`restore_final_snapshot=True` becomes `snapshot_identifier=` that very snapshot."""
    stack.apply()
    stack.control.set_marker(CLUSTER, "first")
    stack.destroy()
    production(stack, **RESTORE)
    [final] = [
        each["identifier"] for each in stack.ledger()["snapshots"].values() if each["kind"] == "manual"
    ]

    # The request to restore is recorded anew, and that is all.
    for name in (final, final.upper()):
        assert stack.preview(snapshot_identifier=name) == "update"
    assert changing(stack.apply(snapshot_identifier=final)) == []
    assert marker(stack) == "production"


@pytest.mark.parametrize(
    "program",
    [
        {"snapshot_identifier": "other"},
        {"owner_account": "444455556666"},
        {"snapshot_cluster_identifier": "another"},
    ],
    ids=["name", "owner", "cluster"],
)
def test_another_snapshot_is_a_replacement(stack: Bench, program: dict[str, Any]) -> None:
    """Another name, another owner's or another cluster's of that name is another snapshot."""
    put(stack, "seed")
    put(stack, "other")
    stack.write_policy(stack.rules(SKIPPING))
    production(stack, **SEED)
    assert stack.state is not None
    olds = wire(stack.state)

    if "owner_account" in program:
        refused = stack.run(lambda: diff(olds, stack.checked(olds, **SEED, **program), stack.settings))
        assert refused.how == "refused"
    else:
        assert stack.preview(**{**SEED, **program}) == "replace"


def test_another_snapshot_that_is_named_is_let_through_in_production(stack: Bench) -> None:
    """It says where the data comes from; what the old cluster held stays in its final snapshot."""
    put(stack, "seed")
    put(stack, "other")
    production(stack, **SEED)

    moved = stack.apply(**{**SEED, "snapshot_identifier": "other"})

    assert (moved.said, did(moved), marker(stack)) == ("", "replace", "other")
    assert "production" in [each["marker"] for each in stack.ledger()["snapshots"].values()]


@pytest.mark.parametrize("word", ["master_username", "database_name"])
def test_a_snapshot_that_does_not_fit_fails_before_the_delete(stack: Bench, word: str) -> None:
    """What create would refuse after the delete, preview and `up` refuse before it."""
    put(stack, "other")
    user = {"master_username": "awsuser"}
    production(stack, **user)
    program = {**user, word: "boss", "snapshot_identifier": "other"}

    previewed, refused = stack.previewed(**program), stack.apply(**program)

    assert f"has {word} " in refused.said
    assert "which no restore can change to 'boss'" in refused.said
    assert previewed.said == refused.said
    assert changing(refused) == []
    assert marker(stack) == "production"


def test_an_older_state_that_names_no_snapshot_is_refused(stack: Bench) -> None:
    """Which one the cluster began with nobody knows: in a protected environment that is no replacement."""
    put(stack, "seed")
    production(stack, **{**SEED, "snapshot_identifier": None})
    assert stack.state is not None
    stack.state = {key: value for key, value in stack.state.items() if key != "restored_from"}

    refused = stack.apply(**SEED)

    assert "or may be: without what was written since" in refused.said
    assert "restore_final_snapshot=True in place of the named snapshot" in refused.said
    assert changing(refused) == []


# --- asked for: --replace, a taint, a trigger ------------------------------------------------------


def test_a_forced_replacement_of_production_says_what_becomes_of_the_data(stack: Bench) -> None:
    """Nothing said, or the snapshot it began with: refused before anything is touched."""
    put(stack, "seed")
    production(stack, **SEED)

    for program in (SEED, {**SEED, "snapshot_identifier": None, "snapshot_arn": ARN}):
        refused = replaced(stack, **program)
        assert "what was asked for (`--replace`, a taint or a trigger) would replace" in refused.said
        assert changing(refused) == []
    unsaid = replaced(stack, **{**SEED, "snapshot_identifier": None})
    assert "the new cluster would be empty" in unsaid.said
    assert changing(unsaid) == []
    assert marker(stack) == "production"


@pytest.mark.parametrize(
    ("program", "holds"), [(RESTORE, "production"), (EMPTY, ""), ({"snapshot_identifier": "other"}, "other")]
)
def test_and_does_what_was_said(stack: Bench, program: dict[str, Any], holds: str) -> None:
    """Restored, empty by a word written out, or from another snapshot that is named; a snapshot is kept."""
    put(stack, "other")
    production(stack, master_username="awsuser")

    done = replaced(stack, **{"master_username": "awsuser", **program})

    assert (done.said, marker(stack)) == ("", holds)
    assert [each for each in stack.ledger()["snapshots"].values() if each["marker"] == "production"]
    assert stack.preview(**{"master_username": "awsuser", **program}) == "same"


def test_elsewhere_it_is_a_warning(stack: Bench) -> None:
    """Where data may go, what was asked for is done, and said."""
    stack.write_policy(stack.rules(SKIPPING))
    production(stack)

    done = replaced(stack)

    assert (done.said, marker(stack)) == ("", "")
    assert [line for line in done.warned if "and the new one begins empty" in line]


def test_what_a_snapshot_fixes_is_refused_before_the_delete(stack: Bench) -> None:
    """`--replace` with another admin user, to be restored: create would refuse when the cluster is gone."""
    production(stack)

    refused = replaced(stack, master_username="boss", **RESTORE)

    assert "fixes its master_username" in refused.said
    assert changing(refused) == []


@pytest.mark.parametrize("program", [{}, RESTORE], ids=["empty", "restored"])
def test_a_second_cluster_is_not_created_first(stack: Bench, program: dict[str, Any]) -> None:
    """`--replace` together with a new identifier creates before it deletes: refused, nothing is created."""
    stack.apply()
    stack.destroy()
    production(stack, **RESTORE)

    refused = replaced(stack, first="create", cluster_identifier="lake", **program)

    assert "carries the claim of this very resource and lives on" in refused.said
    assert "delete_before_replace=True" in refused.said
    assert changing(refused) == []
    assert marker(stack) == "production"


@pytest.mark.parametrize("who", ["adopted by hand", "restored by ours, its tags kept"])
def test_nor_beside_one_that_carries_its_snapshots_tags(stack: Bench, who: str) -> None:
    """Restored, with its snapshot's generation tag still on it: its claim is its own, and it lives."""
    stack.apply()
    stack.destroy()
    if who == "adopted by hand":
        by_hand(stack)
        assert stack.apply(**ADOPT).said == ""
    else:
        stack.control.add_fault("DeleteTags", occurrence="every", **DENIED)
        stack.apply(**RESTORE)
        stack.control.clear_faults()
    assert "redshift-teardown:generation" in str(stack.cluster()["Tags"])
    old = wire(stack.state)

    refused = stack.run(lambda: create(stack.checked(cluster_identifier="lake", **EMPTY), stack.settings))

    assert "carries the claim of this very resource and lives on" in refused.said
    assert changing(refused) == []
    assert old is None or sorted(stack.ledger()["clusters"]) == [CLUSTER]


def test_a_copy_that_has_the_claim_from_its_snapshot_is_no_living_one(stack: Bench) -> None:
    """Should AWS copy a cluster's tags to its snapshots, a copy made by hand has the claim, too."""
    stack.apply()
    claim = claim_of(stack)
    stack.destroy()
    [final] = kept(stack)
    arn = f"arn:aws:redshift:us-east-1:111122223333:snapshot:{CLUSTER}/{final}"
    stack.outsider.create_tags(ResourceName=arn, Tags=[{"Key": TAG_CLAIM, "Value": claim}])
    stack.outsider.restore_from_cluster_snapshot(ClusterIdentifier="copy", SnapshotIdentifier=final)
    stack.time.advance(3600)

    assert stack.apply(**RESTORE).said == ""


def test_and_where_no_tag_tells_the_old_one_is_not_deleted(stack: Bench) -> None:
    """Its claim was stripped, so the new one is there: then the delete is refused, in this run and later."""
    production(stack)
    strip(stack)
    old = wire(stack.state)

    refused = replaced(stack, first="create", cluster_identifier="lake")

    assert "lake was created in its place before it was deleted" in refused.said
    assert marker(stack) == "production"
    assert "DeleteCluster" not in " ".join(changing(refused))
    program = {"cluster_identifier": "lake", **ADOPT}
    live = wire(stack.run(lambda: create(stack.checked(**program), stack.settings)[1]).value)

    def later() -> None:
        inputs = stack.checked(live, **program)
        diff(live, inputs, stack.settings)
        delete(old, stack.settings)

    again = stack.run(later)
    assert "lake was created in its place" in again.said
    assert "REDSHIFT_TEARDOWN_LET_GO=" in again.said
    assert marker(stack) == "production"


def test_a_claim_of_before_the_stack_was_renamed_keeps_the_old_one_too(stack: Bench) -> None:
    """It names the resource as it was: the new cluster is there, and only the delete is refused."""
    stack.write_policy(stack.policy.replace("[live]", "[live, live-2]"))
    production(stack)
    renamed = {"urn": URN.replace(":live:", ":live-2:"), "cluster_identifier": "lake"}
    assert stack.state is not None
    stack.state["urn"] = renamed["urn"]

    refused = replaced(stack, first="create", **renamed)

    assert "lake was created in its place before it was deleted" in refused.said
    assert sorted(stack.ledger()["clusters"]) == ["lake", CLUSTER]
    assert marker(stack) == "production"


def test_a_renaming_by_an_alias_is_no_second_cluster(stack: Bench) -> None:
    """A new resource under the old name of another one begins its own cluster."""
    production(stack)
    olds = wire(stack.state)
    renamed = URN.replace("::warehouse", "::lake")

    def up() -> None:
        diff(olds, stack.checked(olds, urn=renamed), stack.settings)
        create(stack.checked(cluster_identifier="second"), stack.settings)

    assert stack.run(up).said == ""


# --- a replacement that did not come to its end ----------------------------------------------------


def half_done(stack: Bench) -> None:
    """Replace production, its data to be restored; the engine dies between delete and create."""
    production(stack, master_username="awsuser")
    dies = Interruption(1, "before", kill, "RestoreFromClusterSnapshot")
    killed = replaced(stack, dies, master_username="awsuser", **RESTORE)
    assert killed.how == "killed"
    [left] = [each for each in stack.ledger()["snapshots"].values() if each["cluster"] == CLUSTER]
    assert left["tags"]["redshift-teardown:left-by"] == "replacement"
    stack.state = None


@pytest.mark.parametrize("program", [{}, SEED], ids=["nothing said", "the snapshot it once began with"])
def test_a_reverted_commit_begins_nothing_without_a_word(stack: Bench, program: dict[str, Any]) -> None:
    """The restore failed, the commit is reverted: not empty, and not rolled back, but refused."""
    put(stack, "seed")
    checked_before = stack.checked(**program)
    half_done(stack)

    with pytest.raises(Invalid, match="left by a replacement whose new cluster was to be restored from it"):
        stack.preview(**program)
    refused = stack.run(lambda: create(checked_before, stack.settings))

    assert "left by a replacement whose new cluster was to be restored from it" in refused.said
    assert "restore_final_snapshot=True" in refused.said
    assert changing(refused) == []
    assert stack.apply(**RESTORE, master_username="awsuser").said == ""
    assert marker(stack) == "production"


def test_a_word_begins_it_empty(stack: Bench) -> None:
    """`restore_final_snapshot=False`, written out, is one; so is that very snapshot, named."""
    half_done(stack)
    assert stack.apply(**EMPTY).said == ""
    assert marker(stack) == ""
    stack.reset()
    half_done(stack)
    [left] = kept(stack)

    assert stack.apply(snapshot_identifier=left, master_username="awsuser").said == ""

    assert marker(stack) == "production"


def test_after_a_completed_destroy_a_create_may_begin_empty(stack: Bench) -> None:
    """It says which snapshot it could have begun with; with the word written out it says nothing."""
    production(stack)
    assert stack.destroy().said == ""
    [left] = kept(stack)
    assert "redshift-teardown:left-by" not in stack.ledger()["snapshots"][left]["tags"]

    previewed = stack.previewed()
    empty = stack.apply()

    assert empty.said == ""
    assert previewed.warned == empty.warned
    [warning] = [line for line in empty.warned if "is created empty" in line]
    assert left in warning
    assert "restore_final_snapshot=True" in warning
    assert stack.destroy().said == ""
    assert [line for line in stack.apply(**EMPTY).warned if "empty" in line] == []


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize(
    ("program", "holds"),
    [
        ({}, None),
        ({"restore_final_snapshot": True}, "production"),
        ({"restore_final_snapshot": False}, ""),
    ],
)
def test_what_this_run_has_deleted_unasked_does_not_begin_empty(
    stack: Bench, program: dict[str, Any], holds: str | None, *, protected: bool
) -> None:
    """By `replaceWith` in a state the engine deletes a cluster before it checks it, as a destroy does: nobody
    has judged the replacement when it is created again.
    """
    if not protected:
        stack.write_policy(stack.rules("skip: [{when: {node_type: [dc2.large]}, because: of nothing}]"))
    production(stack)
    old = wire(stack.state)

    def up() -> Any:
        delete(old, stack.settings)
        stack.state = None
        return create(stack.checked(**program), stack.settings)[1]

    result = stack.run(up)

    if protected and holds is None:
        [name] = stack.ledger()["snapshots"]
        assert result.how == "refused"
        assert "was deleted in this run, as the option replace_with" in result.said
        assert f"its data is in final snapshot {name}" in result.said
        assert "set restore_final_snapshot=True" in result.said
        assert "CreateCluster" not in str(changing(result))
        result = stack.apply(restore_final_snapshot=True)
        holds = "production"
    assert result.said == ""
    assert marker(stack) == (holds or "")


@pytest.mark.parametrize("skips", [False, True])
def test_what_this_run_has_deleted_is_not_changed(stack: Bench, *, skips: bool) -> None:
    """By `replaceWith` in a state the engine deletes a cluster beside another resource before it asks for a
    diff: to update it then would record one that is not there.
    """
    if skips:
        stack.write_policy(stack.rules(SKIPPING))
    production(stack)
    old = wire(stack.state)

    def up() -> Any:
        delete(old, stack.settings)
        inputs, asked = stack._asked({"port": 5440})
        return diff(old, inputs, stack.settings, asked)

    refused = stack.run(up)

    assert refused.how == "refused"
    assert "was deleted in this run, beside another resource that is replaced" in refused.said
    assert ("restore_final_snapshot=True" in refused.said) is not skips
    stack.state = None
    if not skips:
        assert stack.apply(restore_final_snapshot=True).said == ""
        assert marker(stack) == "production"


def test_up_and_destroy_again_and_again_in_production(stack: Bench) -> None:
    """Up, destroy, up, destroy with the request to restore: the data is there every time."""
    production(stack, **RESTORE)
    for number in range(3):
        assert stack.destroy().said == ""
        assert stack.apply(**RESTORE).said == ""
        assert marker(stack) == ("production" if number == 0 else str(number))
        stack.control.set_marker(CLUSTER, str(number + 1))


def test_a_replacement_that_diff_finds_has_its_data(stack: Bench) -> None:
    """Reviewed in preview, restored from what was deleted a moment ago, and the next destroy is as ever."""
    [default] = stack.outsider.describe_cluster_subnet_groups()["ClusterSubnetGroups"]
    stack.outsider.create_cluster_subnet_group(
        ClusterSubnetGroupName="elsewhere",
        Description="x",
        SubnetIds=[each["SubnetIdentifier"] for each in default["Subnets"]],
    )
    production(stack)
    moved = stack.apply(**MOVED, **RESTORE)
    assert (moved.said, did(moved), marker(stack)) == ("", "replace", "production")
    assert stack.destroy().said == ""

    # What a plain destroy left is no half of a replacement.
    assert stack.apply(**MOVED).said == ""


def test_a_role_that_cannot_tag_snapshots_leaves_no_half(stack: Bench) -> None:
    """The delete half is not done before its snapshot carries its tags: the `up` fails there."""
    production(stack)
    stack.control.add_fault("CreateTags", occurrence="every", **DENIED)

    refused = replaced(stack, **RESTORE)

    assert "tags of final snapshot" in refused.said
