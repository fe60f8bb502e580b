"""Two stacks of one name, in two backends, create one cluster: one of them has it, and the other fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_teardown.lifecycle.outputs import CREATING_TAG
from redshift_teardown.teardown.claim import Claim, mark_of
from tests.parity.bench import changing
from tests.parity.test_adopt import ADOPT
from tests.parity.test_claims import DENIED, OTHER_STACK, adopted, label, strip
from tests.teardown.stage import CLUSTER, URN, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench

CONTESTED = "is created by another `pulumi up` as well, whose resource is called"
OTHER = "0123456789abcdef"


def begun(stack: Bench) -> Claim:
    """An `up` somewhere else has begun the cluster: nothing but its mark and its claim tells of it here."""
    killed = stack.apply(Interruption(1, "after", kill, "CreateCluster"))
    assert killed.how == "killed"
    stack.drop_receipts()
    return claim(stack)


def claim(stack: Bench) -> Claim:
    """The claim on the cluster."""
    found = Claim.of_tags({each["Key"]: each["Value"] for each in stack.cluster()["Tags"]})
    assert found is not None
    return found


def taken_over(stack: Bench) -> None:
    """The other one goes on with what this one has begun."""
    label(stack, f"{OTHER} of {mark_of(URN)} protected after {claim(stack).name}")


@pytest.mark.parametrize("number", [1, 2])
def test_who_is_taken_over_while_it_creates_fails(stack: Bench, number: int) -> None:
    """Nothing is recorded, and the claim of the other one stays."""
    refused = stack.apply(Interruption(number, "wait", lambda: taken_over(stack)))

    assert CONTESTED in refused.said
    assert stack.state is None
    assert claim(stack).name == OTHER
    assert CREATING_TAG in {each["Key"] for each in stack.cluster()["Tags"]}


def test_who_is_taken_over_at_the_last_moment_fails(stack: Bench) -> None:
    """Also where the cluster is available, and only its mark was to be taken off."""
    refused = stack.apply(Interruption(1, "before", lambda: taken_over(stack), "DeleteTags"))

    assert CONTESTED in refused.said
    assert stack.state is None
    assert claim(stack).name == OTHER


def test_a_create_whose_receipts_are_lost_is_gone_on_with(stack: Bench) -> None:
    """A machine that forgets takes the claim over, and has the cluster then."""
    before = begun(stack)

    assert stack.apply().said == ""

    assert stack.state is not None
    assert claim(stack).superseded == (before.name,)
    assert claim(stack).name == stack.state["claim"]


@pytest.mark.parametrize("number", [1, 2])
def test_nor_is_one_gone_on_with_that_its_owner_ends_meanwhile(stack: Bench, number: int) -> None:
    """The mark went while it was waited for: whoever took it off has the cluster."""
    begun(stack)

    refused = stack.apply(Interruption(number, "wait", lambda: strip(stack, CREATING_TAG)))

    assert CONTESTED in refused.said
    assert stack.state is None


def test_nor_one_whose_claim_cannot_be_written(stack: Bench) -> None:
    """The role may not tag, so nothing could tell the two apart: only an adoption takes it."""
    before = begun(stack)
    stack.control.add_fault("CreateTags", occurrence="every", **DENIED)

    refused = stack.apply()

    assert CONTESTED in refused.said
    assert stack.state is None
    assert claim(stack) == before
    assert set(changing(refused)) <= {"CreateTags Tags"}
    stack.control.clear_faults()
    assert stack.apply(**ADOPT).said == ""
    assert stack.cluster(CLUSTER)["ClusterStatus"] == "available"


@pytest.mark.parametrize("receipts", ["kept", "lost"])
def test_what_another_stack_adopted_after_a_killed_create_is_its_own(stack: Bench, receipts: str) -> None:
    """The creating mark was taken off as its refusal says: the create that was killed does not go on."""
    stack.write_policy(stack.policy.replace("[live]", "[live, second]"))
    assert stack.apply(Interruption(1, "after", kill, "CreateCluster")).how == "killed"
    stack.time.advance(3600)
    strip(stack, CREATING_TAG)
    adopted(stack, OTHER_STACK)
    theirs = claim(stack)
    if receipts == "lost":
        stack.drop_receipts()

    refused = stack.apply(port=5441)

    assert "exists already" in refused.said
    assert changing(refused) == []
    assert claim(stack) == theirs
