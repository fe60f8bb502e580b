"""What `plan` says, destroy does: both are run over the same situations and compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.cli.exported import Stack
from redshift_teardown.cli.plan import forecast_all
from redshift_teardown.errors import RefusedError
from redshift_teardown.reports.observed import StackCluster, Verdict
from tests.teardown.stage import (
    CLUSTER,
    OTHER_ACCOUNT,
    PROTECTED,
    SKIPPING,
    URN,
    Interruption,
    Result,
    Stage,
    kill,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.reports.forecast import Forecast

YOUNG = "skip: [{when: {younger_than_hours: 24}, because: nothing lives a day}]"
EPHEMERAL = "skip: [{when: {tags: {ephemeral: yes please}}, because: nothing of record}]"
READS = {"DescribeClusters", "DescribeClusterSnapshots", "GetCallerIdentity"}


def foresee(stage: Stage, *, quota: int | None = None) -> Forecast:
    """Run `plan` on the stage's stack; it must change nothing."""
    assert stage.state is not None
    stack = Stack("live", (StackCluster(urn=URN, outputs=stage.state),), stage.settings)
    before = stage.ledger()
    result = stage.run(lambda: forecast_all(stack, ask_aws=True, quota=quota))
    assert result.how == "done", result.said
    assert {call.operation for call in result.calls} <= READS
    assert stage.ledger() == before
    found: list[Forecast] = result.value
    assert len(found) == 1
    return found[0]


def agree(stage: Stage, forecast: Forecast, destroyed: Result) -> None:
    """Compare what was said with what came."""
    if destroyed.how == "refused":
        assert isinstance(destroyed.error, RefusedError)
        refusals = [f.text for f in forecast.findings if f.verdict is Verdict.BLOCKED]
        assert forecast.verdict is Verdict.BLOCKED
        assert any(text.startswith(first_clause(destroyed.error)) for text in refusals), (
            refusals,
            destroyed.said,
        )
        return
    assert destroyed.how == "done", destroyed.said
    assert forecast.verdict is not Verdict.BLOCKED, forecast.findings
    ours = {snapshot["identifier"]: snapshot for snapshot in stage.proofs()}
    assert forecast.plan is not None
    if not forecast.snapshot_name:
        assert ours == {}
        assert not forecast.plan.wants_snapshot or forecast.status == "gone"
        return
    kept = ours[forecast.snapshot_name]
    assert forecast.verdict is Verdict.SAFE
    assert kept["retention"] == forecast.plan.retention_days
    assert dict(kept["tags"]).items() >= dict(forecast.plan.tags).items()


def first_clause(error: RefusedError) -> str:
    """Return a refusal up to what AWS itself adds: that nobody can foresee."""
    return error.what.partition(": ")[0]


# --- situations: each brings the stage to where a destroy is about to be run -------------------


def as_created(stage: Stage) -> None:
    """Nothing has happened since `up`."""
    stage.up()


def with_a_static_name_that_is_taken(stage: Stage) -> None:
    """The program names the snapshot, and somebody has taken that name."""
    stage.up(final_snapshot_identifier="the-last")
    stage.control.put_snapshot("the-last", "some-other")


def skipping(stage: Stage) -> None:
    """A rule lets the cluster go without a snapshot."""
    stage.write_policy(stage.rules(SKIPPING))
    stage.up()


def young(stage: Stage) -> None:
    """A rule lets young clusters go, and this one is."""
    stage.write_policy(stage.rules(YOUNG))
    stage.up()


def grown_old(stage: Stage) -> None:
    """A rule lets young clusters go, and this one no longer is."""
    young(stage)
    stage.time.advance(25 * 3600)


def loosened(stage: Stage) -> None:
    """The file has been loosened since `up`, which does not count."""
    stage.up()
    stage.write_policy(stage.rules(SKIPPING))


def tightened(stage: Stage) -> None:
    """The file has been tightened since `up`, which counts at once."""
    skipping(stage)
    stage.write_policy(stage.rules(PROTECTED, **{"retention_days: 35": "retention_days: 90"}))


def tags_drifted(stage: Stage) -> None:
    """A tag that a rule asks for was set by hand: the recorded facts do not have it."""
    stage.write_policy(stage.rules(EPHEMERAL))
    stage.up()
    stage.control.set_cluster(CLUSTER, tags={"ephemeral": "yes please"})


def policy_missing(stage: Stage) -> None:
    """The policy file is gone; what is recorded holds."""
    stage.up()
    stage.write_policy(None)


def policy_broken(stage: Stage) -> None:
    """The policy file cannot be read; what is recorded holds."""
    stage.up()
    stage.write_policy("version: [1\n")


def no_policy_at_all(stage: Stage) -> None:
    """Neither a recorded policy nor a file."""
    stage.up()
    assert stage.state is not None
    stage.state = {**stage.state, "policy": {}}
    stage.write_policy(None)


def state_of_a_newer_version(stage: Stage) -> None:
    """A newer version wrote the state."""
    stage.up()
    assert stage.state is not None
    stage.state = {**stage.state, "state_version": 99.0}


def other_account(stage: Stage) -> None:
    """Credentials of another account."""
    stage.up()
    stage.account = OTHER_ACCOUNT


def other_generation(stage: Stage) -> None:
    """Deleted by hand, and made again under the same name."""
    stage.up()
    stage.control.remove_cluster(CLUSTER)
    stage.outsider.create_cluster(
        ClusterIdentifier=CLUSTER,
        NodeType="ra3.large",
        ClusterType="single-node",
        MasterUsername="admin",
        MasterUserPassword="Somebody-Elses-1",
    )
    stage.time.advance(3600)


def renamed(stage: Stage) -> None:
    """Renamed outside of Pulumi."""
    stage.up()
    stage.outsider.modify_cluster(ClusterIdentifier=CLUSTER, NewClusterIdentifier="elsewhere")
    stage.time.advance(3600)


def busy(stage: Stage) -> None:
    """A resize is running."""
    stage.up()
    stage.outsider.resize_cluster(ClusterIdentifier=CLUSTER, NumberOfNodes=4, NodeType="ra3.xlplus")


def busy_and_name_taken(stage: Stage) -> None:
    """A resize is running, and the snapshot's name is taken."""
    stage.up(final_snapshot_identifier="the-last")
    stage.control.put_snapshot("the-last", CLUSTER)
    stage.outsider.reboot_cluster(ClusterIdentifier=CLUSTER)


def paused(stage: Stage) -> None:
    """The cluster is paused."""
    stage.up()
    stage.outsider.pause_cluster(ClusterIdentifier=CLUSTER)
    stage.time.advance(3600)


def strange_status(stage: Stage) -> None:
    """AWS shows a status nobody has heard of; DeleteCluster is tried."""
    stage.up()
    stage.control.set_cluster(CLUSTER, status="contemplating", seconds=60)


def lakehouse(stage: Stage) -> None:
    """A Lakehouse registration keeps the cluster from being deleted."""
    stage.up()
    stage.control.set_cluster(CLUSTER, lakehouse_registration_status="Registered")


def deregistered(stage: Stage) -> None:
    """A Lakehouse registration that has ended keeps nothing from anything."""
    stage.up()
    stage.control.set_cluster(CLUSTER, lakehouse_registration_status="Deregistered")


def quota_full(stage: Stage) -> None:
    """The quota of manual snapshots is used up."""
    stage.up()
    stage.control.put_snapshot("somebody-elses", "some-other")
    stage.control.set_snapshot_quota(1)


def hand_made_snapshot(stage: Stage) -> None:
    """Somebody has taken a snapshot of this generation; it lacks the writes since."""
    stage.up()
    stage.outsider.create_cluster_snapshot(SnapshotIdentifier="by-hand", ClusterIdentifier=CLUSTER)
    stage.time.advance(3600)


def being_deleted_by_hand_with_a_snapshot(stage: Stage) -> None:
    """Somebody deletes it in the console, with a final snapshot of their own name."""
    stage.up()
    stage.outsider.delete_cluster(ClusterIdentifier=CLUSTER, FinalClusterSnapshotIdentifier="by-hand")


def being_deleted_by_hand_without(stage: Stage) -> None:
    """Somebody deletes it in the console, without a snapshot."""
    stage.up()
    stage.outsider.delete_cluster(ClusterIdentifier=CLUSTER, SkipFinalClusterSnapshot=True)


def deleted_by_hand(stage: Stage) -> None:
    """It is gone, and nothing is left."""
    stage.up()
    stage.control.remove_cluster(CLUSTER)


def deleted_by_hand_and_nothing_is_due(stage: Stage) -> None:
    """It is gone, and no snapshot was due."""
    skipping(stage)
    stage.control.remove_cluster(CLUSTER)


def snapshot_failed_and_cluster_gone(stage: Stage) -> None:
    """The last destroy lost it: AWS's snapshot failed and the cluster went."""
    stage.up()
    stage.control.fail_next_snapshot(CLUSTER, "cluster-gone")
    assert stage.destroy().how == "refused"


def snapshot_failed_and_cluster_back(stage: Stage) -> None:
    """The last destroy was given up by AWS; the cluster is alive again."""
    stage.up()
    stage.control.fail_next_snapshot(CLUSTER, "cluster-returns")
    assert stage.destroy().how == "refused"


def finished_but_untagged(stage: Stage) -> None:
    """The last destroy could not tag; permission is there again."""
    stage.up()
    stage.control.add_fault("CreateTags", occurrence="every", code="AccessDenied", status=403)
    assert stage.destroy().how == "refused"
    stage.control.clear_faults()


def retention_decided_later(stage: Stage) -> None:
    """The last destroy was killed when the snapshot was asked for; now the policy wants it kept longer."""
    stage.up()
    assert stage.destroy(Interruption(1, "after", kill, operation="DeleteCluster")).how == "killed"
    stage.write_policy(stage.rules(PROTECTED, **{"retention_days: 35": "retention_days: forever"}))


SITUATIONS: list[Callable[[Stage], None]] = [
    as_created,
    with_a_static_name_that_is_taken,
    skipping,
    young,
    grown_old,
    loosened,
    tightened,
    tags_drifted,
    policy_missing,
    policy_broken,
    no_policy_at_all,
    state_of_a_newer_version,
    other_account,
    other_generation,
    renamed,
    busy,
    busy_and_name_taken,
    paused,
    strange_status,
    lakehouse,
    deregistered,
    quota_full,
    hand_made_snapshot,
    being_deleted_by_hand_with_a_snapshot,
    being_deleted_by_hand_without,
    deleted_by_hand,
    deleted_by_hand_and_nothing_is_due,
    snapshot_failed_and_cluster_gone,
    snapshot_failed_and_cluster_back,
    finished_but_untagged,
    retention_decided_later,
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_plan_says_what_destroy_does(situation: Callable[[Stage], None], stage: Stage) -> None:
    """In every situation, destroy ends as plan said: the same snapshot, the same refusal, the same loss."""
    situation(stage)
    forecast = foresee(stage, quota=1 if situation is quota_full else None)

    destroyed = stage.destroy()

    agree(stage, forecast, destroyed)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 10))
def test_plan_is_right_after_a_kill(number: int, moment: str, stage: Stage) -> None:
    """Killed at any call of a destroy, the stack is planned and then destroyed as planned."""
    stage.up()
    first = stage.destroy(Interruption(number, moment, kill))
    if first.how == "done":
        pytest.skip(f"a destroy makes fewer than {number} calls")
    forecast = foresee(stage)

    agree(stage, forecast, stage.destroy())


FAULTS: list[dict[str, Any]] = [
    {"code": "Throttling", "status": 400},
    {"code": "InternalFailure", "status": 500},
    {"code": "ServiceUnavailable", "status": 503},
    {"kind": "drop", "when": "before"},
    {"kind": "drop", "when": "after"},
]


@pytest.mark.parametrize(
    "operation", ["DescribeClusters", "DescribeClusterSnapshots", "DeleteCluster", "CreateTags"]
)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: " ".join(map(str, fault.values())))
def test_faults_change_nothing_of_what_was_planned(
    operation: str, fault: dict[str, Any], stage: Stage
) -> None:
    """Whatever goes wrong on the way, the destroy ends where plan said it would."""
    stage.up()
    forecast = foresee(stage)
    stage.control.add_fault(operation, times=3, **fault)

    destroyed = stage.destroy()
    assert destroyed.how == "done", destroyed.said

    (kept,) = stage.proofs()
    assert forecast.verdict is Verdict.SAFE
    assert forecast.plan is not None
    assert kept["identifier"].startswith(forecast.snapshot_name)
    assert kept["retention"] == forecast.plan.retention_days


@pytest.mark.parametrize("option", ["protect", "retain_on_delete", "deleted_with"])
def test_options_that_keep_delete_from_being_called(option: str, stage: Stage) -> None:
    """What the engine does around a delete is told too: such a cluster is not torn down."""
    stage.up()
    assert stage.state is not None
    value: Any = URN if option == "deleted_with" else True
    cluster = replace(StackCluster(urn=URN, outputs=stage.state), **{option: value})
    stack = Stack("live", (cluster,), stage.settings)

    (forecast,) = stage.run(lambda: forecast_all(stack, ask_aws=True, quota=None)).value

    assert forecast.verdict is Verdict.BLOCKED


def test_a_key_that_goes_with_the_stack_loses_data(stage: Stage) -> None:
    """A final snapshot that nobody will be able to read keeps no data."""
    stage.up()
    assert stage.state is not None
    key = "urn:pulumi:live::shop::aws:kms/key:Key::key"
    cluster = StackCluster(urn=URN, outputs=stage.state, key_of_the_stack=key)
    stack = Stack("live", (cluster,), stage.settings)

    (forecast,) = stage.run(lambda: forecast_all(stack, ask_aws=True, quota=None)).value

    assert forecast.verdict is Verdict.LOSES_DATA
    assert key in forecast.findings[0].text


def test_room_is_counted_down(stage: Stage) -> None:
    """Two clusters and room for one snapshot: the second is blocked."""
    stage.up()
    assert stage.state is not None
    cluster = StackCluster(urn=URN, outputs=stage.state)
    stack = Stack("live", (cluster, cluster), stage.settings)

    forecasts = stage.run(lambda: forecast_all(stack, ask_aws=True, quota=1)).value

    assert [forecast.verdict for forecast in forecasts] == [Verdict.SAFE, Verdict.BLOCKED]


def test_offline_judges_by_state_and_policy(stage: Stage) -> None:
    """Without AWS the decision is told all the same, and what is not known is said."""
    stage.up()
    stage.emulator.reachable = False
    assert stage.state is not None
    stack = Stack("live", (StackCluster(urn=URN, outputs=stage.state),), stage.settings)

    (offline,) = stage.run(lambda: forecast_all(stack, ask_aws=False, quota=None)).value
    (online,) = stage.run(lambda: forecast_all(stack, ask_aws=True, quota=None)).value

    assert (offline.verdict, online.verdict) == (Verdict.SAFE, Verdict.BLOCKED)
    assert "what AWS shows now" in offline.unknown[0]
    assert offline.snapshot_name.startswith("shop-live-warehouse-final-")
