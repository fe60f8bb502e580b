"""Whose a cluster is stands on the cluster: no state deletes what another one owns by now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.views import view_cluster
from redshift_teardown.cli.snapshots import _notes
from redshift_teardown.deletion_policy import Facts
from redshift_teardown.errors import TeardownError
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.lifecycle.policy.at_destroy import live_facts
from redshift_teardown.lifecycle.update import update
from redshift_teardown.reports.forecast import Room, judge
from redshift_teardown.reports.observed import StackCluster, Verdict, observe
from redshift_teardown.reports.snapshots import report_snapshots, united
from redshift_teardown.teardown.claim import TAG_CLAIM
from tests.around.world import stranger
from tests.parity.bench import changing, wire
from tests.parity.test_adopt import ADOPT, run_one
from tests.teardown.stage import CLUSTER, PROTECTED, REGION, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from redshift_teardown.reports.forecast import Forecast
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

NEW = URN.replace("::warehouse", "::lake")
OTHER_STACK = URN.replace(":live:", ":second:")
SECOND_KEEPS_A_WEEK = "  second: {stacks: [second], skip: never, final_snapshot: {retention_days: 7}}\n"
SECOND_SKIPS = "  scratch: {stacks: [second], skip: [{when: {always: true}, because: nobody needs it}]}\n"
DENIED: dict[str, Any] = {"code": "AccessDenied", "message": "Not you.", "status": 403}
FULL: dict[str, Any] = {"code": "TagLimitExceededFault", "message": "50 tags."}
BUSY: dict[str, Any] = {"code": "InvalidClusterState", "message": "There is an operation running."}


def claim_of(stack: Bench, identifier: str = CLUSTER) -> str:
    """The value of the claim tag; empty where there is none."""
    return str({tag["Key"]: tag["Value"] for tag in stack.cluster(identifier)["Tags"]}.get(TAG_CLAIM, ""))


def strip(stack: Bench, *keys: str) -> None:
    """Have a tag bot take tags away."""
    arn = f"arn:aws:redshift:{REGION}:111122223333:cluster:{CLUSTER}"
    stack.outsider.delete_tags(ResourceName=arn, TagKeys=list(keys) or [TAG_CLAIM])


def label(stack: Bench, value: str) -> None:
    """Have somebody write the claim tag."""
    arn = f"arn:aws:redshift:{REGION}:111122223333:cluster:{CLUSTER}"
    stack.outsider.create_tags(ResourceName=arn, Tags=[{"Key": TAG_CLAIM, "Value": value}])


def untagged_by(stack: Bench, said: str) -> None:
    """Type the line that a refusal prints to take a claim away."""
    line = re.search(
        rf"`aws redshift delete-tags --resource-name (\S+) --tag-keys (\S+) --region {REGION}`", said
    )
    assert line is not None, said
    stack.outsider.delete_tags(ResourceName=line[1], TagKeys=[line[2]])


def born(stack: Bench) -> dict[str, Any]:
    """Bring a cluster with data up; gives its state."""
    assert stack.apply().said == ""
    stack.control.set_marker(CLUSTER, "precious")
    assert stack.state is not None
    return dict(wire(stack.state))


def adopted(stack: Bench, urn: str) -> dict[str, Any]:
    """Have a resource adopt the cluster, in a run of its own."""

    def up() -> dict[str, Any]:
        return create(stack.checked(urn=urn, **ADOPT), stack.settings)[1]

    result = stack.run(up)
    assert result.said == ""
    return dict(wire(result.value))


def later_up(stack: Bench, live: dict[str, Any], old: dict[str, Any]) -> Result:
    """A plain ``up`` in a new process: the live one is compared, the one that is left over is deleted."""

    def up() -> None:
        inputs = stack.checked(live, urn=live["urn"], **ADOPT)
        diff(live, inputs, stack.settings)
        delete(old, stack.settings)

    return stack.run(up)


def foretold(stack: Bench, state: dict[str, Any]) -> Forecast:
    """What `plan` says of a state."""
    cluster = StackCluster(str(state["urn"]), state)
    forecast: Forecast = stack.run(
        lambda: judge(observe(cluster, stack.settings, ask_aws=True), Room(None))
    ).value
    return forecast


def destroyed(stack: Bench, state: dict[str, Any]) -> Result:
    """Delete what a state records, in a run of its own."""
    return stack.run(lambda: delete(state, stack.settings))


def lives(stack: Bench) -> bool:
    """Whether the cluster is there as it was, with its data, and nobody took a snapshot of it."""
    return (
        stack.control.marker(CLUSTER) == "precious"
        and stack.cluster()["ClusterStatus"] == "available"
        and stack.proofs() == []
    )


# --- a state that is left over ---------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["there", "stripped", "never written"])
@pytest.mark.parametrize("version", [3, 2])
def test_the_twin_of_a_forced_replacement_deletes_nothing_later(stack: Bench, tag: str, version: int) -> None:
    """`adopt_existing`, `--replace`, another resource failed: the state keeps a twin, and the next plain `up`
    lets go of it.
    """
    old = born(stack)
    if version == 2:
        old = {key: value for key, value in old.items() if key != "claim"}
        strip(stack)
    if tag == "never written":
        strip(stack)
        stack.control.add_fault("CreateTags", occurrence="every", **DENIED)
    live = adopted(stack, URN)
    if tag == "stripped":
        strip(stack)

    later = later_up(stack, live, old)

    assert later.said == ""
    assert changing(later) == []
    assert any("lives on and nothing was deleted" in line for line in later.warned)
    assert lives(stack)


def test_both_of_a_twin_are_destroyed_by_a_destroy(stack: Bench) -> None:
    """No program runs at a destroy, and both states go: one deletes the cluster, the other has the proof."""
    old = born(stack)
    live = adopted(stack, URN)

    for state in (old, live):
        assert destroyed(stack, state).said == ""

    [proof] = stack.proofs()
    assert proof["marker"] == "precious"


def test_an_adoption_whose_state_was_never_written_is_destroyed_all_the_same(stack: Bench) -> None:
    """Killed between the claim and the state: the recorded claim is an older one of the same resource."""
    born(stack)
    adopted(stack, URN)

    assert stack.destroy().said == ""

    assert len(stack.proofs()) == 1


def test_an_adoption_whose_state_was_never_written_is_begun_again(stack: Bench) -> None:
    """Its last call was made, so its former owner lets go: the same `up` adopts the cluster once more."""
    stack.write_policy(stack.policy.replace("[live]", "[live, second]"))
    old = born(stack)
    adopted(stack, OTHER_STACK)

    assert destroyed(stack, old).said == ""
    assert lives(stack)
    assert "taken over: cluster warehouse" in "".join(
        _notes(united(report_snapshots(stack.settings, [REGION])))
    )

    live = adopted(stack, OTHER_STACK)
    assert destroyed(stack, live).said == ""
    assert [proof["marker"] for proof in stack.proofs()] == ["precious"]


@pytest.mark.parametrize("version", [3, 2])
@pytest.mark.parametrize("urn", [NEW, OTHER_STACK], ids=["renamed without alias", "a second stack"])
def test_a_cluster_that_was_taken_over_is_let_go_of(stack: Bench, urn: str, version: int) -> None:
    """`up --target OLD` after a renaming without an alias, or a destroy of the first of two stacks: the old
    state ends well, says so, and deletes nothing; `plan` and `snapshots` foretell it.
    """
    stack.write_policy(stack.policy.replace("[live]", "[live, second]"))
    old = born(stack)
    if version == 2:
        old = {key: value for key, value in old.items() if key != "claim"}
        strip(stack)
    new = adopted(stack, urn)

    forecast = foretold(stack, old)
    targeted = stack.run(lambda: delete(old, stack.settings))

    assert (targeted.said, changing(targeted)) == ("", [])
    assert any("was taken over" in line and "nothing was deleted" in line for line in targeted.warned)
    assert forecast.verdict is Verdict.LET_GO
    assert forecast.decision.startswith("nothing: destroy lets go of the resource, deletes nothing")
    assert "destroy lets go of it and deletes nothing" in forecast.findings[0].text
    assert forecast.snapshot_name == ""
    notes = "".join(_notes(united(report_snapshots(stack.settings, [REGION]))))
    assert ("taken over: cluster warehouse" in notes) is (version == 3)
    assert lives(stack)
    assert stack.run(lambda: delete(new, stack.settings)).said == ""
    assert len(stack.proofs()) == 1


def test_one_that_its_new_owner_renamed_is_let_go_of_too(stack: Bench) -> None:
    """Refresh and preview do not promise to take the new name away again; destroy and `plan` let go."""
    stack.write_policy(stack.policy.replace("[live]", "[live, second]"))
    born(stack)
    adopted(stack, OTHER_STACK)
    stack.outsider.modify_cluster(ClusterIdentifier=CLUSTER, NewClusterIdentifier="lake")
    stack.time.advance(600)

    told = "".join(stack.refresh().warned)

    assert "was taken over" in told
    assert "under the name lake" in told
    assert "gives it the name" not in told
    assert stack.preview() == "same"
    old = dict(wire(stack.state))
    assert foretold(stack, old).verdict is Verdict.LET_GO
    ended = destroyed(stack, old)
    assert (ended.said, changing(ended)) == ("", [])
    assert stack.cluster("lake")["ClusterStatus"] == "available"


@pytest.mark.parametrize("receipts", ["kept", "lost"])
def test_what_its_new_owner_left_is_not_written_on(stack: Bench, receipts: str) -> None:
    """The data is kept, by the rules of whoever had it last: its tags and its retention stay as they are."""
    stack.write_policy(
        stack.policy.replace("retention_days: 35", "retention_days: forever") + SECOND_KEEPS_A_WEEK
    )
    old = born(stack)
    new = adopted(stack, OTHER_STACK)
    assert destroyed(stack, new).said == ""
    if receipts == "lost":
        stack.drop_receipts()
    before = stack.ledger()["snapshots"]

    forecast = foretold(stack, old)
    ended = destroyed(stack, old)

    assert (ended.said, changing(ended), ended.warned) == ("", [], [])
    assert forecast.verdict is Verdict.SAFE
    [name] = before
    assert f"left by {OTHER_STACK}. To bring it back: snapshot_identifier={name!r}" in ended.kept[-1]
    assert stack.ledger()["snapshots"] == before
    assert stack.refresh().value[0] == ""


def test_a_state_left_over_of_the_same_resource_skips_nothing_that_is_protected(stack: Bench) -> None:
    """Another backend's state of the same project, stack and name adopted the cluster and protects it: the
    older state, by rules that skip, deletes nothing.
    """
    stack.write_policy(stack.rules(SKIPPING))
    left_over = born(stack)
    stack.drop_receipts()
    stack.write_policy(stack.rules(PROTECTED))
    stack.state = None
    assert stack.apply(**ADOPT).said == ""
    assert " protected after " in claim_of(stack)
    stack.write_policy(stack.rules(SKIPPING))
    stack.drop_receipts()
    stack.state = left_over

    destroyed = stack.destroy()

    assert "carries a newer claim of this same resource" in destroyed.said
    assert changing(destroyed) == []


def test_a_chain_of_owners_all_let_go(stack: Bench) -> None:
    """Three resources, one after the other: the first two let go, in whatever order, the last one deletes."""
    first = born(stack)
    second = adopted(stack, NEW)
    third = adopted(stack, URN.replace("::warehouse", "::third"))

    for old in (first, second):
        assert destroyed(stack, old).said == ""
    assert lives(stack)

    assert stack.run(lambda: delete(third, stack.settings)).said == ""
    assert len(stack.proofs()) == 1


@pytest.mark.parametrize("recorded", ["ours", "none"])
@pytest.mark.parametrize("value", ["0123456789abcdef of 0123456789ab", "who knows"])
def test_any_other_claim_is_refused(stack: Bench, recorded: str, value: str) -> None:
    """A claim that does not name ours as superseded says nothing of us: refused, with the way out."""
    old = born(stack)
    if recorded == "none":
        del old["claim"]
    label(stack, value)

    refused = stack.run(lambda: delete(old, stack.settings))
    changed = stack.run(
        lambda: (
            diff(old, stack.checked(old, port=5440), stack.settings),
            update(old, stack.checked(old, port=5440), stack.settings),
        )
    )

    assert "carries the ownership claim of another resource" in refused.said
    assert "REDSHIFT_TEARDOWN_LET_GO=" in refused.said
    assert "carries the ownership claim of another resource" in changed.said
    assert changing(refused) == changing(changed) == []
    assert lives(stack)


def test_a_claim_that_appears_during_a_wait_stops_the_delete(stack: Bench) -> None:
    """The cluster was busy and was taken over meanwhile: every poll is judged, not the first alone."""
    old = born(stack)
    stack.control.set_cluster(CLUSTER, status="modifying")

    def taken_over() -> None:
        stack.control.set_cluster(CLUSTER, status="available")
        adopted(stack, NEW)

    result = stack.run(lambda: delete(old, stack.settings), Interruption(2, "wait", taken_over))

    assert result.said == ""
    assert "DeleteCluster" not in " ".join(changing(result))
    assert lives(stack)


def test_a_dev_stack_does_not_take_over_what_is_protected(stack: Bench) -> None:
    """Whoever adopts a cluster judges its data: an environment that may skip gets none of a protected one."""
    stack.write_policy(stack.policy + SECOND_SKIPS)
    old = born(stack)
    stack.state = None

    refused = stack.apply(urn=OTHER_STACK, **ADOPT)

    assert "is owned by a resource of a protected environment" in refused.said
    assert changing(refused) == []
    assert lives(stack)
    assert destroyed(stack, old).said == ""


@pytest.mark.parametrize("claim", ["taken away", "never written"])
def test_what_nobody_claims_goes_by_the_rules_of_its_adopter(stack: Bench, claim: str) -> None:
    """As the documentation says of what it cannot stop: nothing tells that the cluster was another's."""
    stack.write_policy(stack.policy + SECOND_SKIPS)
    if claim == "taken away":
        born(stack)
        strip(stack)
    else:
        stranger(stack)
    stack.state = None

    assert stack.apply(urn=OTHER_STACK, **ADOPT).said == ""
    assert stack.destroy().said == ""

    assert (stack.ledger()["clusters"], stack.proofs()) == ({}, [])


def test_the_claim_follows_the_environment(stack: Bench) -> None:
    """An `up` that changes the policy alone writes whether the environment is protected, either way, once."""
    stack.write_policy(stack.rules(SKIPPING))
    born(stack)
    assert " protected" not in claim_of(stack)
    for rules, protected in ((PROTECTED, True), (SKIPPING, False), (PROTECTED, True)):
        stack.write_policy(stack.rules(rules))

        assert changing(stack.apply()) == ["CreateTags Tags"]

        assert (" protected" in claim_of(stack)) is protected
        assert changing(stack.apply()) == []
    assert changing(stack.apply(port=5441)) == ["ModifyCluster Port"]


def test_a_role_that_may_not_tag_records_the_policy_all_the_same(stack: Bench) -> None:
    """An `up` that changes the policy alone always works; it says what it could not write."""
    stack.write_policy(stack.rules(SKIPPING))
    born(stack)
    stack.write_policy(stack.rules(PROTECTED))
    stack.control.add_fault("CreateTags", **DENIED)

    result = stack.apply()

    assert result.said == ""
    assert [line for line in result.warned if "ownership claim" in line]
    assert (stack.state or {})["policy"]["protected"] is True


@pytest.mark.parametrize("beside", [{}, {"port": 5440}], ids=["alone", "with a change"])
def test_a_role_that_may_not_tag_loosens_all_the_same(stack: Bench, beside: dict[str, Any]) -> None:
    """The tag says protected still: the state knows that tag for overruled, and an older one does not."""
    old = born(stack)
    stack.write_policy(stack.rules(SKIPPING))
    stack.control.add_fault("CreateTags", occurrence="every", **DENIED)
    assert stack.apply(**beside).said == ""
    assert " protected" in claim_of(stack)

    refused = destroyed(stack, {**old, "policy": (stack.state or {})["policy"]})
    assert "is claimed by a protected environment" in refused.said

    assert stack.destroy().said == ""
    assert stack.proofs() == []


def test_nor_does_one_without_an_answer_fail(stack: Bench) -> None:
    """Nothing answers there, or another account does: the policy is recorded, with a warning."""
    stack.write_policy(stack.rules(SKIPPING))
    born(stack)
    stack.write_policy(stack.rules(PROTECTED))
    stack.control.add_fault("DescribeClusters", occurrence="every", code="InternalFailure", status=500)

    result = stack.apply()

    assert result.said == ""
    said = "whether it is protected could not be written on its cluster"
    assert [line for line in result.warned if said in line]
    assert (stack.state or {})["policy"]["protected"] is True


def test_what_could_not_be_written_is_written_by_the_next_up(stack: Bench) -> None:
    """The rules were loosened while nothing answered: preview names the update that takes the word off."""
    born(stack)
    assert " protected" in claim_of(stack)
    stack.write_policy(stack.rules(SKIPPING))
    stack.control.add_fault("DescribeClusters", occurrence="every", code="InternalFailure", status=500)
    assert stack.apply().said == ""
    stack.control.clear_faults()
    assert "is claimed by a protected environment" in stack.destroy().said

    assert stack.preview() == "update"
    assert stack.apply().said == ""

    assert " protected" not in claim_of(stack)
    assert stack.preview() == "same"
    assert stack.destroy().said == ""


def test_who_was_protected_by_a_policy_alone_is_not_adopted_by_who_may_skip(stack: Bench) -> None:
    """Another stack reads it from the tag: the rules of the first came without any change of the cluster."""
    stack.write_policy(stack.rules(SKIPPING))
    born(stack)
    stack.write_policy(stack.rules(PROTECTED))
    assert stack.apply().said == ""
    stack.write_policy(stack.rules(SKIPPING))

    refused = stack.run(lambda: create(stack.checked(urn=NEW, **ADOPT), stack.settings))

    assert "is owned by a resource of a protected environment" in refused.said
    assert changing(refused) == []


def test_nor_by_the_resource_itself(stack: Bench) -> None:
    """Deleted from the state and adopted anew by rules that may skip: no way to lose what sticks."""
    born(stack)
    stack.write_policy(stack.rules(SKIPPING))

    refused = stack.run(lambda: create(stack.checked(**ADOPT), stack.settings))

    assert "is owned by a resource of a protected environment" in refused.said


def left_behind(stack: Bench, recorded: str) -> dict[str, Any]:
    """A state that may skip, of a cluster that a newer state of the same resource protects by now."""
    stack.write_policy(stack.rules(SKIPPING))
    old = born(stack)
    if recorded == "renewed":
        assert stack.run(lambda: create(stack.checked(**ADOPT), stack.settings)).said == ""
    else:
        stack.write_policy(stack.rules(PROTECTED))
        assert stack.apply().said == ""
        stack.write_policy(stack.rules(SKIPPING))
    return old


@pytest.mark.parametrize("recorded", ["ours", "renewed"])
def test_an_older_state_does_not_skip_what_a_newer_one_protects(stack: Bench, recorded: str) -> None:
    """A backup of the state, in a checkout of the old policy file: the claim on the cluster knows better."""
    old = left_behind(stack, recorded)

    refused = destroyed(stack, old)

    assert refused.how == "refused"
    assert changing(refused) == []


@pytest.mark.parametrize("recorded", ["ours", "renewed"])
def test_what_it_says_to_do_works_when_typed(stack: Bench, recorded: str) -> None:
    """An `up` from that state finds nothing to do, and the next destroy is refused as before: the cure is the
    state that is newest, or to take the tag away, by the very line that is printed.
    """
    old = left_behind(stack, recorded)
    stack.state, stack.inputs = old, stack.checked(old)
    assert stack.preview() == "same"

    said = destroyed(stack, old).said

    assert "use the newest state and policy file of this stack" in said
    assert "pulumi up" not in said
    untagged_by(stack, said)
    assert destroyed(stack, old).said == ""


@pytest.mark.parametrize("value", ["0123456789abcdef of 0123456789ab", "{} taking over after {}"])
def test_the_way_out_of_another_claim_works_when_typed(stack: Bench, value: str) -> None:
    """A stranger's, and one whose adoption was given up: whoever knows better types the printed line."""
    old = born(stack)
    label(stack, value.format("0123456789abcdef of 0123456789ab", old["claim"]))

    untagged_by(stack, destroyed(stack, old).said)

    assert destroyed(stack, old).said == ""
    assert len(stack.proofs()) == 1


def test_a_claim_that_appears_during_a_wait_stops_an_update(stack: Bench) -> None:
    """Nor is a cluster changed that was taken over while an `up` waited for it."""
    old = born(stack)
    stack.control.set_cluster(CLUSTER, status="modifying")

    def taken_over() -> None:
        stack.control.set_cluster(CLUSTER, status="available")
        label(stack, "0123456789abcdef of 0123456789ab")

    result = stack.apply(Interruption(1, "wait", taken_over), port=5440)

    assert "carries the ownership claim of another resource" in result.said
    assert "ModifyCluster" not in " ".join(changing(result))
    assert old["port"] == 5439


def test_blue_and_green_live_side_by_side(stack: Bench) -> None:
    """A second resource begins with the first one's snapshot, then the first is taken out: both as ever."""
    blue = born(stack)
    stack.outsider.create_cluster_snapshot(SnapshotIdentifier="cut-over", ClusterIdentifier=CLUSTER)
    stack.time.advance(3600)
    program: dict[str, Any] = {"urn": NEW, "cluster_identifier": "green", "snapshot_identifier": "cut-over"}
    made = stack.run(lambda: create(stack.checked(**program), stack.settings)[1])
    assert made.said == ""
    green = wire(made.value)

    def cut_over() -> None:
        diff(green, stack.checked(green, **program), stack.settings)
        delete(blue, stack.settings)

    assert stack.run(cut_over).said == ""
    assert stack.control.marker("green") == "precious"
    assert sorted(stack.ledger()["clusters"]) == ["green"]
    assert destroyed(stack, green).said == ""


# --- the same run ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attempt",
    [
        {"urn": NEW},
        {"urn": NEW, **ADOPT, "fault": DENIED},
        {"urn": OTHER_STACK, "mark": "creating"},
    ],
    ids=["exists already", "claim cannot be written", "another's create"],
)
def test_a_refused_create_protects_the_cluster_in_its_run(stack: Bench, attempt: dict[str, Any]) -> None:
    """`--continue-on-error`: the create under the new name is refused, then the old one's delete runs."""
    old = born(stack)
    if "fault" in attempt:
        stack.control.add_fault("CreateTags", occurrence="every", **attempt["fault"])
    program = {key: value for key, value in attempt.items() if key not in {"fault", "mark"}}

    def up() -> None:
        with pytest.raises(TeardownError):
            create(stack.checked(**program), stack.settings)
        delete(old, stack.settings)

    result = stack.run(up)

    assert "in this same run a create of" in result.said
    assert changing(result) == (["CreateTags Tags"] if "fault" in attempt else [])
    assert lives(stack)


def test_a_refresh_before_a_destroy_makes_nobody_an_owner(stack: Bench) -> None:
    """`destroy --refresh` asks for a diff of both names of one cluster: neither stands in the other's way."""
    old = born(stack)
    new = adopted(stack, NEW)

    def destroy() -> None:
        for state in (old, new):
            diff(state, {**state}, stack.settings)
        for state in (old, new):
            delete(state, stack.settings)

    assert stack.run(destroy).said == ""
    assert len(stack.proofs()) == 1


# --- roles and bots --------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [DENIED, FULL, BUSY], ids=["denied", "full", "busy"])
def test_a_claim_that_cannot_be_written_is_a_warning(stack: Bench, fault: dict[str, Any]) -> None:
    """A role without CreateTags, fifty tags, a busy cluster: adopted, warned, and destroyed as ours."""
    run_one(stack)
    stack.control.add_fault("CreateTags", occurrence="every", **fault)

    result = stack.apply(**ADOPT)

    assert result.said == ""
    assert [line for line in result.warned if "ownership claim" in line and fault["code"] in line]
    assert claim_of(stack) == ""
    stack.control.clear_faults()
    assert stack.destroy().said == ""
    assert len(stack.proofs()) == 1


@pytest.mark.parametrize("fault", [DENIED, FULL, BUSY], ids=["denied", "full", "busy"])
def test_but_not_where_another_claim_is_on_the_cluster(stack: Bench, fault: dict[str, Any]) -> None:
    """Who cannot supersede an owner does not take over: the two could not be told apart later."""
    born(stack)
    stack.state = None
    stack.control.add_fault("CreateTags", occurrence="every", **fault)

    result = stack.apply(urn=NEW, **ADOPT)

    assert "carries the ownership claim of another resource" in result.said
    assert stack.state is None


def test_a_role_without_create_tags_goes_through_up_and_destroy(stack: Bench) -> None:
    """The claim goes with CreateCluster, a restore stays without one: both come up and go, data kept."""
    stack.control.add_fault("CreateTags", occurrence="every", **DENIED)
    assert stack.apply().said == ""
    assert claim_of(stack) != ""
    stack.control.set_marker(CLUSTER, "precious")
    stack.control.clear_faults()
    assert stack.destroy().said == ""
    stack.control.add_fault("CreateTags", occurrence="every", **DENIED)

    restored = stack.apply(restore_final_snapshot=True)

    assert restored.said == ""
    assert [line for line in restored.warned if "ownership claim" in line]
    assert stack.control.marker(CLUSTER) == "precious"
    assert stack.preview(restore_final_snapshot=True) == "same"
    stack.control.clear_faults()
    assert stack.destroy().said == ""


def test_a_stripped_tag_is_no_reason_to_refuse(stack: Bench) -> None:
    """A tag bot took all tags away: destroy goes on, and so does the next change, which writes it again."""
    born(stack)
    before = claim_of(stack)
    strip(stack)
    changed = stack.apply(port=5440)
    assert changing(changed) == ["ModifyCluster Port", "CreateTags Tags"]
    assert claim_of(stack) == before
    strip(stack)

    assert stack.destroy().said == ""

    [proof] = stack.proofs()
    assert proof["marker"] == "precious"


def test_the_claim_is_no_tag_of_the_program(stack: Bench) -> None:
    """It stands in the output `claim` alone: not in tags, not in facts, and no preview shows a difference."""
    state = born(stack)

    assert claim_of(stack).startswith(str(state["claim"]))
    hidden = {key: value for key, value in state.items() if key != "claim"}
    assert str(state["claim"]) not in repr(hidden)
    assert TAG_CLAIM not in repr(hidden)
    assert stack.preview() == "same"
    strip(stack)
    assert stack.preview() == "same"
    assert stack.refresh().said == ""
    assert stack.preview() == "same"


def test_no_decision_sees_the_claim(stack: Bench) -> None:
    """What a decision is made from holds the cluster's tags as AWS shows them, without the claim."""
    assert stack.apply(tags={"team": "data"}).said == ""

    live = live_facts(Facts(), view_cluster(stack.cluster()))

    assert live.tags == {"team": "data"}


def test_an_older_state_gets_its_claim_beside_another_change(stack: Bench) -> None:
    """A refresh and an `up` that records only write none; one that changes the cluster does."""
    old = born(stack)
    strip(stack)
    stack.state = {key: value for key, value in old.items() if key not in ("claim", "data_since")}
    stack.state["state_version"] = 2.0

    assert changing(stack.refresh()) == []
    recorded = stack.apply(skip_final_snapshot=True)
    assert (recorded.said, changing(recorded), claim_of(stack)) == ("", [], "")
    changed = stack.apply(port=5440)

    assert changing(changed) == ["ModifyCluster Port", "CreateTags Tags"]
    assert claim_of(stack).startswith(str(stack.state["claim"]))
    assert stack.destroy().said == ""
    assert len(stack.proofs()) == 1


def test_fifty_tags_leave_the_slot_of_the_creating_mark(stack: Bench) -> None:
    """The most tags a program may have: the claim is written when the creating mark is gone."""
    tags = {f"key-{number}": "x" for number in range(49)}

    created = stack.apply(tags=tags)

    assert created.said == ""
    assert claim_of(stack) != ""
    assert stack.preview(tags=tags) == "same"


# --- an adoption that did not end ------------------------------------------------------------------


@pytest.mark.parametrize("version", [3, 2])
def test_a_killed_adoption_makes_nobody_let_go(stack: Bench, version: int) -> None:
    """No state has what it took over: the owner's destroy is refused, with the ways out."""
    stack.write_policy(stack.policy.replace("[live]", "[live, second]"))
    old = born(stack)
    if version == 2:
        old = {key: value for key, value in old.items() if key != "claim"}
        strip(stack)

    def adopts() -> dict[str, Any]:
        return create(stack.checked(urn=OTHER_STACK, **ADOPT), stack.settings)[1]

    assert stack.run(adopts, Interruption(1, "after", kill, "CreateTags")).how == "killed"
    forecast = foretold(stack, old)
    refused = destroyed(stack, old)

    assert "is being taken over" in refused.said
    assert "REDSHIFT_TEARDOWN_LET_GO=" in refused.said
    assert forecast.verdict is Verdict.BLOCKED
    assert "taken over" not in "".join(_notes(united(report_snapshots(stack.settings, [REGION]))))
    assert changing(refused) == []
    assert lives(stack)
    # One way: it is ended where it was begun.
    adopted(stack, OTHER_STACK)
    assert destroyed(stack, old).said == ""
    assert lives(stack)


def test_and_the_owner_goes_on_where_it_was_given_up(stack: Bench) -> None:
    """The other way: the tag is taken away by hand."""
    old = born(stack)

    def adopts() -> dict[str, Any]:
        return create(stack.checked(urn=NEW, **ADOPT), stack.settings)[1]

    assert stack.run(adopts, Interruption(1, "after", kill, "CreateTags")).how == "killed"
    strip(stack)

    assert destroyed(stack, old).said == ""
    assert len(stack.proofs()) == 1


def test_what_could_not_be_ended_is_ended_by_the_next_up(stack: Bench) -> None:
    """The second tag of an adoption was refused: it fails, and the next `up` ends it."""
    old = born(stack)
    stack.control.add_fault("CreateTags", occurrence=2, **DENIED)

    def adopts() -> dict[str, Any]:
        return create(stack.checked(urn=NEW, **ADOPT), stack.settings)[1]

    result = stack.run(adopts)
    assert "is not finished" in result.said
    assert "run `pulumi up` again: it ends the adoption" in result.said
    assert " taking over " in claim_of(stack)
    assert "is being taken over" in destroyed(stack, old).said

    assert stack.run(adopts).said == ""
    assert " taking over " not in claim_of(stack)
    assert destroyed(stack, old).said == ""
