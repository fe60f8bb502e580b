"""The way out of a refusal that is final: exactly the named generation leaves the state, with a receipt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.aws.identity import Identity
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.ownership.let_go import with_way_out
from redshift_teardown.reports.observed import Verdict
from redshift_teardown.teardown.messages import describe_step
from tests.around.world import busy, paused
from tests.parity.bench import changing
from tests.parity.test_claims import foretold, label
from tests.parity.test_receipts_folder import point_at
from tests.teardown.stage import CLUSTER, SKIPPING, URN, Interruption, kill

if TYPE_CHECKING:
    from redshift_teardown.reports.forecast import Forecast
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

VARIABLE = "REDSHIFT_TEARDOWN_LET_GO"


def lost(stack: Bench) -> None:
    """The cluster is gone, without a snapshot that was due."""
    stack.control.remove_cluster(CLUSTER)


def swapped(stack: Bench) -> None:
    """Another generation has the name."""
    stack.control.remove_cluster(CLUSTER)
    stack.created_by_hand()
    stack.time.advance(3600)


def claimed(stack: Bench) -> None:
    """It carries another resource's claim."""
    label(stack, "0123456789abcdef of 0123456789ab")


FINAL = pytest.mark.parametrize("cause", [lost, swapped, claimed])


def generation(stack: Bench) -> str:
    """The recorded one, as it is printed."""
    assert stack.state is not None
    return str(stack.state["identity"]["cluster_namespace_arn"]).rsplit(":", 1)[-1]


def receipts(stack: Bench) -> list[dict[str, Any]]:
    """Those that let go."""
    found = [json.loads(path.read_text("utf-8")) for path in stack.receipts.glob("*.json")]
    return [each for each in found if each["state"] == "let go"]


def agrees(forecast: Forecast, refused: Result) -> None:
    """What destroy refuses, `plan` calls blocked, in the same words but for what AWS or the system adds."""
    assert isinstance(refused.error, RefusedError)
    assert forecast.verdict is Verdict.BLOCKED
    [said] = [each for each in forecast.findings if each.verdict is Verdict.BLOCKED]
    assert said.text.startswith(refused.error.what.partition(": ")[0])
    assert (refused.error.data in said.text, said.next_step) == (True, refused.error.next_step)
    assert forecast.snapshot_name == ""


@FINAL
def test_a_final_refusal_prints_the_line_and_the_line_works(
    stack: Bench, cause: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Destroy ends well for that generation, changes nothing in AWS, and says who, when and why."""
    stack.apply()
    cause(stack)
    before = stack.ledger()

    refused = stack.destroy()
    line = f"{VARIABLE}={generation(stack)} pulumi destroy --target '{URN}'"
    assert f"`{line}`" in refused.said
    assert "state delete" not in refused.said
    forecast = foretold(stack, dict(stack.state or {}))
    assert line in forecast.findings[0].next_step
    assert "state delete" not in forecast.findings[0].next_step
    assert receipts(stack) == []

    monkeypatch.setenv(VARIABLE, generation(stack))
    foreseen = foretold(stack, dict(stack.state or {}))
    assert foreseen.verdict is Verdict.LET_GO
    assert foreseen.decision.startswith("nothing: destroy lets go of the resource, deletes nothing")
    assert foreseen.findings[0].text.startswith(
        f"destroy lets go of it and deletes nothing: as {VARIABLE} asks: "
    )
    assert foreseen.foreseen is not None
    assert describe_step(foreseen.foreseen.end).startswith(f"let go: as {VARIABLE} asks: ")
    assert foreseen.snapshot_name == ""
    gone = stack.destroy()

    assert (gone.said, changing(gone), stack.state) == ("", [], None)
    assert [text for text in gone.warned if "let go of cluster warehouse" in text]
    after = stack.ledger()
    assert (after["clusters"].keys(), after["snapshots"].keys()) == (
        before["clusters"].keys(),
        before["snapshots"].keys(),
    )
    [receipt] = receipts(stack)
    assert receipt["urn"] == URN
    assert receipt["who"]["account_id"] == "111122223333"
    assert receipt["who"]["user"]
    assert receipt["written"]
    assert receipt["refused"] in refused.said
    assert receipt["generation"] in line


@FINAL
@pytest.mark.parametrize("named", ["another", "all", "unknown", ""])
def test_no_other_generation_is_let_go_of(
    stack: Bench, cause: Any, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the exact name of the generation counts."""
    stack.apply()
    cause(stack)
    monkeypatch.setenv(VARIABLE, named or f"{generation(stack)} ")

    assert stack.destroy().how == "refused"

    assert receipts(stack) == []


def as_created(_: Bench) -> None:
    """Nothing has happened since `up`."""


def skipped(stack: Bench) -> None:
    """Its policy lets it go without a snapshot, since an `up`."""
    stack.write_policy(stack.rules(SKIPPING))
    assert stack.apply().said == ""


@pytest.mark.parametrize("healthy", [as_created, skipped, paused, busy], ids=lambda each: each.__name__)
def test_what_can_be_torn_down_is_left(stack: Bench, healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable deletes nothing: a cluster whose teardown can end well is not touched, and stays ours; and
    `plan` says so.
    """
    stack.apply()
    healthy(stack)
    monkeypatch.setenv(VARIABLE, generation(stack))
    forecast = foretold(stack, dict(stack.state or {}))

    refused = stack.destroy()

    assert "names its generation" in refused.said
    assert changing(refused) == []
    assert receipts(stack) == []
    agrees(forecast, refused)
    monkeypatch.delenv(VARIABLE)
    assert foretold(stack, dict(stack.state or {})).verdict is not Verdict.BLOCKED
    assert stack.destroy().said == ""
    assert len(stack.proofs()) == (0 if healthy is skipped else 1)


def test_what_was_deleted_is_ended_all_the_same(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its deletion goes on, and its final snapshot proves it: nothing is left to let go of."""
    stack.apply()
    assert stack.destroy(Interruption(1, "after", kill, "DeleteCluster")).how == "killed"
    monkeypatch.setenv(VARIABLE, generation(stack))

    assert stack.destroy().said == ""

    assert len(stack.proofs()) == 1


def test_what_passes_is_no_reason_to_let_go(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quota that is used up, a permission that is missing: refused as ever."""
    stack.apply()
    monkeypatch.setenv(VARIABLE, generation(stack))
    stack.control.add_fault("DeleteCluster", occurrence="every", code="AccessDenied", status=403)

    refused = stack.destroy()

    assert refused.how == "refused"
    assert receipts(stack) == []


@pytest.mark.parametrize("name", ["notes.txt", "notes.txt/receipts", "gone.txt"])
@FINAL
def test_without_a_receipt_nothing_is_let_go_of(
    stack: Bench, name: str, cause: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that cannot be written to: there would be no trace. `plan` says so, and nothing goes on."""
    stack.apply()
    cause(stack)
    point_at(stack, name)
    monkeypatch.setenv(VARIABLE, generation(stack))
    forecast = foretold(stack, dict(stack.state or {}))

    refused = stack.destroy()

    assert "is not let go of" in refused.said
    assert f"make {name} a folder that can be written to" in refused.said
    assert "without a receipt there would be no trace" in refused.said
    assert "goes on" not in refused.said
    agrees(forecast, refused)


def test_a_generation_without_a_name_has_pulumis_way_alone() -> None:
    """What has no name cannot be named; there is no line then that could not work."""
    nameless = Identity("111122223333", "us-east-1", CLUSTER, None, None)
    said = with_way_out("look", nameless, URN)
    assert (VARIABLE in said, f"`pulumi state delete '{URN}'`" in said) == (False, True)


def test_an_update_that_meets_another_generation_prints_the_line_for_it_alone(stack: Bench) -> None:
    """The stack's other resources are to stay, where no destroy was asked for."""
    stack.apply()
    swapped(stack)

    refused = stack.apply(number_of_nodes=4)

    assert f"`{VARIABLE}={generation(stack)} pulumi destroy --target '{URN}'`" in refused.said
    assert "state delete" not in refused.said
