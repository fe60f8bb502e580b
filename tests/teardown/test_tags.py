"""More tags than a snapshot has room for: what goes first, what is left out, and that it is said."""

from __future__ import annotations

import pytest

from redshift_teardown.reports.forecast import Room, judge
from redshift_teardown.reports.observed import StackCluster, observe
from tests.teardown.stage import CLUSTER, PROTECTED, URN, Interruption, Stage

IN_ORDER = (
    "redshift-teardown:urn",
    "pulumi:project",
    "pulumi:stack",
    "redshift-teardown:generation",
    "redshift-teardown:cluster",
    "redshift-teardown:data-since",
    "redshift-teardown:rule",
)
"""What a teardown writes itself: first what a program finds its final snapshot by."""
RESERVED = set(IN_ORDER)


def asking_for(stage: Stage, prefix: str, count: int) -> str:
    """A policy with so many tags."""
    tags = ", ".join(f"{prefix}{number:02}: x" for number in range(count))
    return stage.rules(PROTECTED, **{"managed-by: redshift-teardown": tags})


def test_two_sets_of_tags_that_do_not_fit_together(stage: Stage) -> None:
    """Ours are written, then those of the file, then as many recorded ones as fit; what does not is said."""
    stage.write_policy(asking_for(stage, "recorded", 30))
    stage.up()
    stage.write_policy(asking_for(stage, "current", 30))
    assert stage.state is not None
    cluster = StackCluster(URN, stage.state)
    planned = stage.run(lambda: judge(observe(cluster, stage.settings, ask_aws=True), Room(None))).value

    destroyed = stage.destroy()

    assert destroyed.said == ""
    tags = set(stage.proofs()[0]["tags"])
    kept = {f"current{number:02}" for number in range(30)} | {f"recorded{number:02}" for number in range(10)}
    assert tags == RESERVED | kept
    left_out = ", ".join(f"recorded{number:02}" for number in range(10, 30))
    words = (
        "ask for 20 more tags than the 40 that a final snapshot has room for, so these are left out: "
        f"{left_out}."
    )
    assert [words in warning for warning in destroyed.warned] == [True]
    assert [words in finding.text for finding in planned.findings] == [True]


@pytest.mark.parametrize(("recorded", "current"), [(20, 20), (40, 0), (0, 40)])
def test_tags_that_fit_are_not_spoken_of(stage: Stage, recorded: int, current: int) -> None:
    """Up to forty of both together are written, and nothing is warned of."""
    stage.write_policy(asking_for(stage, "recorded", recorded))
    stage.up()
    stage.write_policy(asking_for(stage, "current", current))

    destroyed = stage.destroy()

    assert (destroyed.said, destroyed.warned) == ("", [])
    assert len(stage.proofs()[0]["tags"]) == len(RESERVED) + recorded + current


@pytest.mark.parametrize("others", [*range(43, 51)])
def test_a_snapshot_that_somebody_else_has_tagged(stage: Stage, others: int) -> None:
    """What an account tags by itself stays; ours go first into the room there is, those first that tell whose
    it is, and the rest is named. What the last line says brings the data back.
    """
    foreign = {f"auto{number:02}": "x" for number in range(others)}
    kept = IN_ORDER[: 50 - others]
    stage.up()
    stage.control.set_marker(CLUSTER, "precious")

    def tagged() -> None:
        for name, snapshot in stage.ledger()["snapshots"].items():
            if snapshot["kind"] == "manual" and snapshot["status"] == "available" and not snapshot["tags"]:
                stage.control.set_snapshot(name, tags=foreign)

    destroyed = stage.destroy(*(Interruption(number, "wait", tagged) for number in range(1, 200)))

    assert destroyed.said == ""
    [proof] = stage.proofs()
    assert set(proof["tags"]) == set(foreign) | set(kept)
    lacking = ", ".join([*IN_ORDER[len(kept) :], "managed-by"])
    assert [f"left no room for {lacking}" in warning for warning in destroyed.warned] == [True]
    assert stage.ledger()["clusters"] == {}
    found = len(kept) >= len(IN_ORDER[:3])
    assert ("restore_final_snapshot=True" in destroyed.kept[-1]) == found
    assert f"snapshot_identifier={proof['identifier']!r}, then `pulumi up`" in destroyed.kept[-1]
    restored = stage.up(
        **({"restore_final_snapshot": True} if found else {"snapshot_identifier": proof["identifier"]})
    )
    assert restored.said == ""
    assert stage.control.marker(CLUSTER) == "precious"
