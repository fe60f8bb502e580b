"""Killed or cut off at every point of create, restore and update: the next `up` goes on, with one cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.arguments import ARGUMENTS, Change, read_arguments
from redshift_teardown.lifecycle.outputs import CREATING_TAG, user_tags
from tests.long import ALL
from tests.parity.bench import changing, did
from tests.parity.test_update import CASES, KEY_1, MANAGED, ROLE_1, SIZE, Case, identifiers, modify, unlike
from tests.teardown.stage import URN, Interruption, kill

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_redshift.type_defs import TagTypeDef

    from tests.parity.bench import Bench

PROGRAM: dict[str, Any] = {"tags": {"team": "data"}, "port": 5440}
SHORT = dict.fromkeys(
    ("creating", "restoring", "modifying", "resizing", "renaming", "final_snapshot", "deleting"), 3.0
)
"""Phases of one look, so that a run has few points to be killed at."""
STRIDE = 1 if ALL else 4
"""Every fourth point, where not all are wanted; that goes through the three kinds in turn."""
OUTSIDE = {"AllowVersionUpgrade": False, "ManualSnapshotRetentionPeriod": 9, "PubliclyAccessible": True}
"""What somebody else set, and no program says anything about."""
BOTS_TAG: TagTypeDef = {"Key": "bot", "Value": "yes"}


def interruptions() -> Iterator[Interruption]:
    """A kill before and after every call, and in every wait, each further on; endless."""
    number = 0
    while True:
        number += 1
        for moment in ("before", "after", "wait"):
            yield Interruption(number, moment, kill)


def killed_everywhere(stack: Bench, prepare: Any, up: Any) -> Iterator[int]:
    """Kill an ``up`` at each point in turn, each time from the beginning; ends where no point is reached."""
    missed = 0
    for count, interruption in enumerate(interruptions()):
        if count % STRIDE:
            continue
        stack.reset()
        stack.control.set_lifecycle(None, **SHORT)
        prepare()
        result = up(interruption)
        missed = 0 if result.how == "killed" else missed + 1
        if missed == 3:
            return
        if result.how == "killed":
            yield count


def alive(stack: Bench) -> list[str]:
    """The identifiers of all clusters."""
    return sorted(stack.ledger()["clusters"])


def tags_of(stack: Bench, identifier: str = "warehouse") -> dict[str, str]:
    """The tags of a cluster, but for the ownership claim."""
    return user_tags(stack.cluster(identifier)) | {
        tag["Key"]: tag["Value"] for tag in stack.cluster(identifier)["Tags"] if tag["Key"] == CREATING_TAG
    }


def go_on(stack: Bench, program: dict[str, Any]) -> dict[str, Any]:
    """Run ``up`` again after a create was killed; gives the program that it came up by."""
    again = stack.apply(**program)
    assert (again.said, did(again)) == ("", "create")
    return program


def test_a_create_killed_anywhere_goes_on(stack: Bench) -> None:
    """One generation was ever made, it ends as the program says, and nothing is left to do."""
    points = 0
    for _ in killed_everywhere(stack, lambda: None, lambda at: stack.apply(at, **PROGRAM)):
        points += 1
        used = go_on(stack, PROGRAM) if stack.state is None else PROGRAM
        assert len(stack.ledger()["generations"]) == 1
        assert tags_of(stack) == {"team": "data"}
        assert stack.preview(**used) == "same"
    assert points * STRIDE > 8


def test_a_restore_killed_anywhere_goes_on(stack: Bench) -> None:
    """Also between RestoreFromClusterSnapshot and the tag that says whose it is."""
    program = {**PROGRAM, "restore_final_snapshot": True, "master_password": "Another-One-2"}

    def prepare() -> None:
        stack.apply(**PROGRAM)
        stack.control.set_marker("warehouse", "precious")
        stack.destroy()

    points = 0
    for _ in killed_everywhere(stack, prepare, lambda at: stack.apply(at, **program)):
        points += 1
        again = stack.apply(**program)
        adopts = "whose answer never came" in again.said
        used = {**program, "adopt_existing": True} if adopts else program
        if adopts:
            # Killed before AWS's answer came: nobody can tell whose it is, and the operator takes it over.
            assert did(stack.apply(**used)) == "create"
            assert stack.apply(**used).said == ""
        assert (stack.state is not None, len(stack.ledger()["generations"])) == (True, 2)
        assert stack.control.marker("warehouse") == "precious"
        assert adopts or stack.password_is("Another-One-2")
        assert adopts or tags_of(stack) == {"team": "data"}
        assert stack.preview(**used) == "same"
    assert points * STRIDE > 8


OF_SEVERAL_CALLS = [
    *(case for case in CASES if len(case.calls) > 1),
    Case(
        "five kinds",
        PROGRAM,
        {
            "tags": {"team": "sales"},
            "port": 5441,
            "number_of_nodes": 4,
            "master_password": "Another-One-2",
            "cluster_identifier": "lake",
        },
        (
            modify("Port"),
            SIZE,
            modify("MasterUserPassword"),
            modify("NewClusterIdentifier"),
            "CreateTags Tags",
        ),
    ),
    Case(
        "roles and key",
        {**PROGRAM, "iam_roles": [ROLE_1]},
        {"iam_roles": [], "kms_key_id": KEY_1, "tags": {"team": "sales", "kind": "x"}},
        (
            modify("Port"),
            modify("KmsKeyId"),
            "ModifyClusterIamRoles RemoveIamRoles",
            "CreateTags Tags",
        ),
    ),
    Case(
        "away from two zones",
        {"multi_az": True, "tags": {"team": "data", "kind": "x"}},
        {"number_of_nodes": 3, "availability_zone_relocation_enabled": True, "tags": {"team": "data"}},
        (modify("MultiAZ"), modify("AvailabilityZoneRelocation"), SIZE, "DeleteTags TagKeys"),
    ),
    Case(
        "password of its own",
        MANAGED,
        {"master_password": "Another-One-2", "node_type": "ra3.4xlarge"},
        (SIZE, modify("ManageMasterPassword", "MasterUserPassword")),
    ),
]
"""Changes that AWS wants in several calls."""
CHANGED: dict[str, Any] = next(case for case in OF_SEVERAL_CALLS if case.name == "five kinds").after


WRITTEN: dict[str, Any] = {
    "master_password": None,
    "master_password_wo": "Correct-Horse-1",
    "master_password_wo_version": 1,
}
"""A password that is in no output."""


def test_every_kind_of_call_is_among_those_of_several() -> None:
    """Each has one before it or after it, so that an update can be killed between the two."""
    calls = {call for case in OF_SEVERAL_CALLS for call in case.calls}
    named = {parameter for call in calls for parameter in call.split()[1].split(",")}
    kinds = {argument.change for argument in ARGUMENTS if argument.parameter in named}

    # AWS has other names for a new identifier; roles and tags have calls of their own.
    of_others = {Change.LOCAL, Change.REPLACE, Change.RENAME, Change.IAM_ROLES, Change.TAGS}
    assert set(Change) - kinds == of_others
    assert "NewClusterIdentifier" in named
    assert {call.split()[0] for call in calls} == {
        "ModifyCluster",
        "ModifyClusterIamRoles",
        "CreateTags",
        "DeleteTags",
    }


@pytest.mark.parametrize("case", OF_SEVERAL_CALLS, ids=identifiers)
def test_an_update_killed_anywhere_goes_on(stack: Bench, case: Case) -> None:
    """What was done stays done, the next `up` does the rest, and nothing that was not named is touched."""

    def prepare() -> None:
        stack.apply(**case.before)
        assert stack.state is not None
        stack.control.set_cluster("warehouse", settings=OUTSIDE)
        stack.outsider.create_tags(ResourceName=stack.state["arn"], Tags=[BOTS_TAG])

    points = 0
    for _ in killed_everywhere(stack, prepare, lambda at: stack.apply(at, **case.after)):
        points += 1
        again = stack.apply(**case.after)
        assert (again.said, did(again)) == ("", "update")
        assert alive(stack) == [case.identifier]
        assert len(stack.ledger()["generations"]) == 1
        assert_only_that_changed(case, stack.cluster(case.identifier))
        assert "master_password" not in case.after or stack.password_is(case.after["master_password"])
        assert stack.preview(**case.after) == "same"
    assert points * STRIDE > 8


@pytest.mark.parametrize(
    ("former", "meanwhile", "cure"),
    [
        ({}, {"master_password": "Another-One-2"}, {"master_password": "Third-One-3"}),
        (WRITTEN, {**WRITTEN, "master_password_wo": "Another-One-2", "master_password_wo_version": 2}, None),
    ],
    ids=["in the program", "write-only"],
)
def test_a_killed_change_of_a_password_that_is_taken_back_is_cured_by_another(
    stack: Bench, former: dict[str, Any], meanwhile: dict[str, Any], cure: dict[str, Any] | None
) -> None:
    """AWS shows no password, so no preview names it, as the documentation says, whose way out is one."""
    stack.apply(**former)
    stack.apply(Interruption(1, "after", kill, "ModifyCluster"), **meanwhile)
    stack.time.advance(600)
    stack.refresh()
    assert stack.password_is("Another-One-2")
    assert stack.preview(**former) == "same"
    cure = cure or {**WRITTEN, "master_password_wo": "Third-One-3", "master_password_wo_version": 3}

    assert changing(stack.apply(**cure)) == [modify("MasterUserPassword")]
    assert stack.password_is("Third-One-3")
    assert changing(stack.apply(**former)) == [modify("MasterUserPassword")]
    assert stack.password_is("Correct-Horse-1")
    for page in ("what-it-cannot-stop.md", "migrate-from-pulumi-aws.md"):
        text = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8")
        assert "once more, or to another value and back" in text


def assert_only_that_changed(case: Case, cluster: Mapping[str, Any]) -> None:
    """The cluster is as the change was to make it, and has what others gave it."""
    assert {setting: cluster[setting] for setting in OUTSIDE} == OUTSIDE
    shown = read_arguments(cluster)
    assert shown["tags"].pop(BOTS_TAG["Key"]) == BOTS_TAG["Value"]
    assert unlike(case, shown) == {}


def test_a_killed_change_that_is_taken_back_is_found_by_a_refresh_alone(stack: Bench) -> None:
    """State and program are equal: without a refresh AWS is asked nothing about it, and keeps the change."""
    stack.apply(port=5440)
    assert stack.apply(Interruption(1, "after", kill, "ModifyCluster"), port=5450).how == "killed"
    stack.time.advance(600)

    unrefreshed = stack.apply(port=5440)

    assert (did(unrefreshed), unrefreshed.calls) == ("same", [])
    assert read_arguments(stack.cluster())["port"] == 5450
    stack.refresh()
    assert stack.preview(port=5440) == "update"
    assert stack.apply(port=5440).said == ""
    assert read_arguments(stack.cluster())["port"] == 5440


@pytest.mark.parametrize("before", [None, 5440])
def test_what_a_killed_change_left_and_the_program_says_no_more(stack: Bench, before: int | None) -> None:
    """A line that was new is found by no refresh once it is out; the value before takes the change back."""
    stack.apply(port=before)
    assert stack.apply(Interruption(1, "after", kill, "ModifyCluster"), port=5450).how == "killed"
    stack.time.advance(600)
    stack.refresh()

    assert stack.preview() == ("same" if before is None else "update")
    assert stack.preview(port=before or 5439) == "update"
    assert stack.apply(port=before or 5439).said == ""
    assert read_arguments(stack.cluster())["port"] == (before or 5439)


def test_a_lost_answer_to_create_is_no_second_cluster(stack: Bench) -> None:
    """The connection breaks after AWS accepted: one cluster, and `up` itself goes on with it."""
    stack.control.add_fault("CreateCluster", when="after", kind="drop")

    created = stack.apply(**PROGRAM)

    assert created.said == ""
    assert alive(stack) == ["warehouse"]
    assert stack.preview(**PROGRAM) == "same"


@pytest.mark.parametrize("operation", ["ModifyCluster", "CreateTags", "DeleteTags", "ModifyClusterIamRoles"])
@pytest.mark.parametrize(
    "fault",
    [
        {"when": "after", "kind": "drop"},
        {"when": "before", "kind": "drop"},
        {
            "code": "InvalidClusterState",
            "message": "There is an operation running.",
            "times": 3,
        },
        {"code": "Throttling", "times": 8},
        {"code": "InternalFailure", "times": 8},
    ],
    ids=lambda fault: fault.get("code") or f"drop-{fault['when']}",
)
def test_a_call_that_aws_does_not_take_at_once_is_made_again(
    stack: Bench, operation: str, fault: dict[str, Any]
) -> None:
    """Dropped, throttled, or an operation running on a cluster that is shown as available: `up` goes on."""
    role = {"iam_roles": ["arn:aws:iam::111122223333:role/load"]}
    stack.apply(**PROGRAM)
    stack.control.add_fault(operation, **fault)

    changed = stack.apply(**{**CHANGED, "tags": {"another": "one"}}, **role)

    assert changed.said == ""
    assert stack.preview(**{**CHANGED, "tags": {"another": "one"}}, **role) == "same"


def test_a_state_that_never_ends_is_told_in_awss_words(stack: Bench) -> None:
    """After a quarter of an hour AWS's own message is the error; what was done until then stays."""
    stack.apply(**PROGRAM)
    stack.control.add_fault(
        "CreateTags", occurrence="every", code="InvalidClusterState", message="There is an operation running."
    )

    changed = stack.apply(**CHANGED)

    assert changed.how == "refused"
    assert "InvalidClusterState: There is an operation running." in changed.said
    assert "steps before it have taken effect" in changed.said
    stack.emulator.control.clear_faults()
    again = stack.apply(**CHANGED)
    assert changing(again) == ["ModifyCluster MasterUserPassword", "CreateTags Tags"]


def test_what_aws_refuses_is_told_at_once(stack: Bench) -> None:
    """A refusal that waiting does not fix is the error, with AWS's words, and the state stays as it was."""
    stack.apply()
    before = stack.state

    changed = stack.apply(cluster_parameter_group_name="unheard-of")

    assert changed.how == "refused"
    assert "ClusterParameterGroupNotFound: ParameterGroup not found: unheard-of" in changed.said
    assert stack.state == before


def test_a_create_that_fails_later_says_which_cluster_it_left(stack: Bench) -> None:
    """The cluster is there and not in the state: the error names it, and the next `up` goes on with it, and
    with its claim, which was sent with CreateCluster.
    """
    stack.control.add_fault(
        "DescribeClusters", occurrence=4, code="AccessDenied", message="Not you.", times=1
    )

    failed = stack.apply(**PROGRAM)

    assert failed.how == "refused"
    assert "AccessDenied: Not you." in failed.said
    assert "cluster warehouse exists in 111122223333, us-east-1, and is not in this" in failed.said
    assert stack.state is None
    again = stack.apply(**PROGRAM)
    assert again.said == ""
    assert [call.split()[0] for call in changing(again)] == ["DeleteTags"]
    assert len(stack.ledger()["generations"]) == 1


def test_create_refuses_a_cluster_of_that_name(stack: Bench) -> None:
    """It is not ours: nothing is called that changes it, and the message says how to own it, or to rename."""
    stack.apply()
    stack.state = None

    refused = stack.apply()

    assert refused.how == "refused"
    assert "a cluster called warehouse exists already in 111122223333, us-east-1" in refused.said
    assert "adopt_existing=True" in refused.said
    assert "aliases" in refused.said
    assert changing(refused) == []


def test_create_refuses_what_another_create_began(stack: Bench) -> None:
    """The tag of a create under way names another resource: not continued, and not adopted either."""
    stack.apply(Interruption(1, "after", kill, "CreateCluster"), urn=URN.replace("live", "other"))
    assert "redshift-teardown:creating" in tags_of(stack)

    refused = stack.apply()
    not_adopted = stack.apply(adopt_existing=True)

    assert "exists already" in refused.said
    assert "carries the tag redshift-teardown:creating" in not_adopted.said
    assert changing(refused) == changing(not_adopted) == []


def test_somebody_creates_it_at_the_same_moment(stack: Bench) -> None:
    """Between our look and our CreateCluster another one appears under the name: refused, not owned."""

    def rival() -> None:
        stack.created_by_hand()

    refused = stack.apply(Interruption(1, "before", rival, "CreateCluster"))

    assert refused.how == "refused"
    assert "a cluster called warehouse exists already" in refused.said
    assert tags_of(stack) == {}


def test_a_provider_whose_engine_is_gone_stops(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed engine leaves its provider running: that changes nothing more, and leaves the create's tag
    for the next `up`.
    """

    def killed() -> None:
        monkeypatch.setattr("redshift_teardown.engine.progress.engine_gone", lambda **_: True)

    orphaned = stack.apply(Interruption(1, "after", killed, "CreateCluster"), **PROGRAM)
    assert "the Pulumi engine that asked for this is gone" in orphaned.said
    assert changing(orphaned)[1:] == []
    assert "redshift-teardown:creating" in tags_of(stack)
    assert changing(stack.apply(**PROGRAM)) == []
    monkeypatch.undo()

    again = stack.apply(**PROGRAM)

    assert again.said == ""
    assert tags_of(stack) == {"team": "data"}
    assert len(stack.ledger()["generations"]) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [("paused", "resume it (`aws redshift resume-cluster"), ("deleting", "wait until it is gone")],
)
def test_an_update_does_not_wait_for_what_never_comes(stack: Bench, status: str, words: str) -> None:
    """A paused cluster stays paused and one that is being deleted is: said at once, with what to do."""
    stack.apply()
    stack.control.set_cluster("warehouse", status=status)
    before = stack.time.now()

    changed = stack.apply(port=5440)

    assert changed.how == "refused"
    assert words in changed.said
    assert stack.time.now() == before


def test_waiting_says_that_interrupting_is_safe(stack: Bench) -> None:
    """The first line that stays in the output of a long wait says so, and how it is taken up again."""
    created = stack.apply()
    assert created.kept[0] == (
        "interrupting is safe: AWS goes on with what it has begun, and running `pulumi up` again resumes"
    )


def test_waiting_ends_when_the_policy_says(stack: Bench) -> None:
    """The policy's wait is the limit, and the message names it."""
    stack.write_policy(stack.rules("skip: never").replace("timeout_hours: 24", "timeout_hours: 1"))
    stack.control.set_lifecycle("warehouse", creating=10**6)

    created = stack.apply()

    assert "was still 'creating' after 1:00:00 (wait.timeout_hours of the policy)" in created.said
    assert "cluster warehouse exists in" in created.said
