"""Many clusters destroyed at once on the real engine: side by side, with few calls, each exactly once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bench.stage import Aws, Run, Stack
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from redshift_teardown.emulator import Control

POLL_SECONDS = 2.0

# What is set up once for all tests of this module must not be set up by two processes.
pytestmark = pytest.mark.xdist_group("many-clusters-destroyed")


@dataclass(frozen=True)
class Destroyed:
    """One cluster destroyed alone, then many at once, in one run.

    Attributes:
        count: How many at once.
        alone: The destroy of the one.
        together: The destroy of the many.
        left: What the emulator holds afterwards.

    """

    count: int
    alone: Run
    together: Run
    left: Mapping[str, Any]


@pytest.fixture(scope="module")
def destroyed(whole: bool, tmp_path_factory: pytest.TempPathFactory) -> Destroyed:
    """A slice of twenty clusters with short phases; the whole is a hundred with 20 s and 5 s."""
    count = 100 if whole else 20
    with Aws(final_snapshot=20 if whole else 4, deleting=5 if whole else 1) as aws:
        stack = Stack(aws, tmp_path_factory.mktemp("scale"), poll_seconds=POLL_SECONDS)
        stack.up(1)
        alone = stack.destroy()
        for identifier in aws.control.state()["snapshots"]:
            aws.control.delete_snapshot(identifier)
        stack.up(count)
        together = stack.destroy()
        return Destroyed(count, alone, together, aws.control.state())


def test_many_take_little_longer_than_one(destroyed: Destroyed, whole: bool) -> None:
    """Deletions run side by side however many they are, so AWS's own time is what counts.

    Whoever waits for a thread waits for another's whole deletion: that would be twice as long. `make bench`
    measures how little longer it is; here the machine may be busy with other tests.
    """
    assert destroyed.together.seconds < destroyed.alone.seconds * (1.9 if whole else 3)


def test_the_calls_that_look_are_shared(destroyed: Destroyed, whole: bool) -> None:
    """A hundred polled alone would make two calls each at every poll; the watch makes a fortieth of that."""
    run = destroyed.together
    polled_alone = destroyed.count * 2 * run.seconds / POLL_SECONDS

    assert run.describes <= polled_alone / (40 if whole else 5)


def test_the_first_look_and_the_proof_are_shared_too(destroyed: Destroyed) -> None:
    """Hardly a call asks for one cluster alone: those of whoever came first, or left last."""
    looks = [call for call in destroyed.together.calls if call.operation.startswith("Describe")]
    alone = [call for call in looks if "ClusterIdentifier" in call.parameters]

    assert len(alone) <= 6


def test_each_is_deleted_once_and_its_snapshot_tagged_once(destroyed: Destroyed) -> None:
    """The calls that change something: one DeleteCluster and one CreateTags a cluster, and no other."""
    changing = [
        call
        for call in destroyed.together.calls
        if call.service == "redshift" and not call.operation.startswith("Describe")
    ]
    deleted = Counter(
        call.parameters["ClusterIdentifier"] for call in changing if call.operation == "DeleteCluster"
    )

    assert Counter(call.operation for call in changing) == {
        "DeleteCluster": destroyed.count,
        "CreateTags": destroyed.count,
    }
    assert set(deleted.values()) == {1}


def test_each_leaves_its_proof(destroyed: Destroyed) -> None:
    """No cluster is left, and of each an available snapshot with its tags and retention."""
    names = {f"c{number:03}" for number in range(destroyed.count)}

    _require_proofs(destroyed.left, names)


def _require_proofs(left: Mapping[str, Any], names: set[str]) -> None:
    assert left["clusters"] == {}
    manual = [snapshot for snapshot in left["snapshots"].values() if snapshot["kind"] == "manual"]
    assert {snapshot["cluster"] for snapshot in manual} == names
    assert len(manual) == len(names)
    for snapshot in manual:
        assert snapshot["status"] == "available"
        assert snapshot["retention"] == 35
        assert snapshot["tags"]["redshift-teardown:cluster"] == snapshot["cluster"]


@of_the_long_ones
@pytest.mark.timeout(1800)
def test_a_throttled_account_loses_nobody(whole: bool, tmp_path: Path) -> None:
    """AWS throttles half of all calls, and for a while every one: all finish, and calls become fewer."""
    count = 100 if whole else 6
    outage = 60.0 if whole else 2.0
    with Aws(final_snapshot=3, deleting=1) as aws:
        stack = Stack(aws, tmp_path, poll_seconds=POLL_SECONDS)
        stack.up(count)
        _throttle(aws.control, outage, half_for=None if whole else 8.0)

        run = stack.destroy()

        _require_proofs(aws.control.state(), {f"c{number:03}" for number in range(count)})
    accepted = [call for call in run.calls if call.operation == "DeleteCluster" and call.took_effect]
    assert len(accepted) == count
    if whole:
        began = min(call.time for call in run.calls)
        looks = [call.time - began for call in run.calls if call.operation.startswith("Describe")]
        # A look that fails is five tries within some seconds, so the late rate needs more than one look.
        early = sum(moment < outage / 4 for moment in looks) / (outage / 4)
        late = sum(outage / 2 <= moment < outage for moment in looks) / (outage / 2)
        assert late <= early / 2, (early, late)


def _throttle(control: Control, outage: float, half_for: float | None) -> None:
    for operation in ("DescribeClusters", "DescribeClusterSnapshots", "DeleteCluster", "CreateTags"):
        control.add_fault(operation, occurrence="every", code="Throttling", during=outage)
    control.add_fault("*", occurrence="probability", chance=0.5, code="Throttling", during=half_for, seed=7)
