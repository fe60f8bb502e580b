"""Protection sticks to a cluster: it is lost by a word of the policy file, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown import process
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.lifecycle.update import update
from tests.parity.bench import changing, wire
from tests.parity.test_adopt import ADOPT, run_one
from tests.teardown.stage import ACCOUNT, CLUSTER, REGION, URN, Interruption, kill

if TYPE_CHECKING:
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result

POLICY = """\
version: 1
receipts: receipts
environments:
  production:
    stacks: [prod, "prod-*"]
    skip: never
  dev:
    stacks: ["dev-*"]
    skip: [{when: {always: true}, because: nobody needs it}]
"""
RELEASED = """\
released:
  - {project: shop, stack: prod, resource: warehouse, because: "the warehouse was sold in May"}
"""


def urn_of(stack_name: str, project: str = "shop", name: str = "warehouse") -> str:
    """The resource in a stack and a project."""
    return URN.replace(":live::shop:", f":{stack_name}::{project}:").replace("::warehouse", f"::{name}")


@pytest.fixture
def stack(stack: Bench) -> Bench:
    """A stack under a policy with production and development."""
    stack.write_policy(POLICY)
    return stack


def up(stack: Bench, urn: str, *, environment: str = "", **program: Any) -> Result:
    """Run `up` in a place, where configuration may name an environment."""

    def run() -> Any:
        settings = replace(stack.settings, environment=environment or None)
        stack._patch.setitem(process.clients, (settings, REGION), process.clients[stack.settings, REGION])
        checked = {**program, "urn": urn, "environment": environment or None}
        if stack.state is None:
            return create(stack.checked(**checked), settings)[1]
        olds = wire(stack.state)
        inputs = stack.checked(olds, **checked)
        assert diff(olds, inputs, settings).replaces == ()
        return update(olds, inputs, settings)

    result = stack.run(run)
    if result.how == "done":
        stack.state = result.value
    return result


def place(stack: Bench) -> Any:
    """What is recorded."""
    assert stack.state is not None
    return stack.state.get("protection")


def loses_nothing(stack: Bench) -> bool:
    """Destroy; whether a final snapshot is left."""
    assert stack.destroy().said == ""
    return len(stack.proofs()) == 1


PROD = {
    "project": "shop",
    "stack": "prod",
    "resource": "warehouse",
    "account": ACCOUNT,
    "environment": "production",
}


def test_the_place_is_recorded(stack: Bench) -> None:
    """Where a protected environment claims the stack; not where the defaults protect, and not in dev."""
    for name, expected in (("prod", PROD), ("elsewhere", None), ("dev-1", None)):
        stack.state = None
        stack.emulator.control.reset()
        assert up(stack, urn_of(name)).said == ""
        assert place(stack) == expected


@pytest.mark.parametrize("version", [3, 2])
@pytest.mark.parametrize("middle", ["renamed first", "at once"])
def test_a_renamed_stack_does_not_lose_it_by_configuration(stack: Bench, version: int, middle: str) -> None:
    """`prod` becomes an unclaimed name, `up`; then the configuration says dev: refused in preview."""
    up(stack, urn_of("prod"))
    if version == 2:
        assert stack.state is not None
        stack.state = {key: value for key, value in stack.state.items() if key != "protection"}
    if middle == "renamed first":
        assert up(stack, urn_of("warehouse-eu")).said == ""
        assert place(stack) == PROD

    refused = up(stack, urn_of("warehouse-eu"), environment="dev")

    assert "warehouse is protected by production, as stack prod of project shop" in refused.said
    assert "released: [{project: shop, stack: prod, resource: warehouse" in refused.said
    assert loses_nothing(stack)


@pytest.mark.parametrize(
    ("urn", "environment"),
    [
        (urn_of("dev-1"), ""),
        (urn_of("prod", "another"), ""),
        (urn_of("dev-1", "another"), ""),
        (urn_of("dev-1", name="lake"), ""),
        (urn_of("x", name="lake"), "dev"),
    ],
    ids=["to dev", "to a project where prod is claimed", "both", "aliased and renamed", "and configured"],
)
def test_it_goes_with_the_cluster_wherever_it_is_moved(stack: Bench, urn: str, environment: str) -> None:
    """Step by step over an unclaimed place, or at once."""
    up(stack, urn_of("prod"))
    claimed = ":prod:" in urn

    for steps in ([urn], [urn_of("in-between"), urn_of("in-between", "other", "lake"), urn]):
        before = stack.state
        results = [up(stack, each, environment=environment if each == urn else "") for each in steps]
        assert [each.how for each in results[:-1]] == ["done"] * (len(steps) - 1)
        assert results[-1].how == ("done" if claimed else "refused")
        stack.state = before if claimed else stack.state
    assert loses_nothing(stack)


def test_a_protected_claim_of_the_new_place_takes_over(stack: Bench) -> None:
    """`prod` to `prod-2`, claimed too: recorded anew, and it is that place that sticks then."""
    up(stack, urn_of("prod"))

    assert up(stack, urn_of("prod-2")).said == ""

    assert place(stack) == {**PROD, "stack": "prod-2"}
    assert "as stack prod-2 of project shop" in up(stack, urn_of("dev-1")).said
    assert loses_nothing(stack)


def test_a_claim_by_account_sticks_too(stack: Bench) -> None:
    """The account is claimed: a policy in which another file lists none does not end it by itself."""
    stack.write_policy(POLICY.replace('stacks: [prod, "prod-*"]', f'accounts: ["{ACCOUNT}"]'))
    up(stack, urn_of("any"))
    assert place(stack) == {**PROD, "stack": "any"}
    stack.write_policy(POLICY)

    assert "as stack any of project shop" in up(stack, urn_of("dev-1")).said
    assert "as stack any of project shop" in up(stack, urn_of("any"), environment="dev").said


def test_what_the_file_claims_now_counts_for_an_older_state(stack: Bench) -> None:
    """Brought up before anybody claimed it, claimed since, and then renamed: the claim holds."""
    up(stack, urn_of("live-eu"))
    stack.write_policy(POLICY.replace("[prod, ", "[live-eu, prod, "))

    assert "is protected by production, as stack live-eu" in up(stack, urn_of("dev-1")).said


@pytest.mark.parametrize("how", ["released", "listed for dev in its own place"])
def test_the_policy_file_gives_it_up(stack: Bench, how: str) -> None:
    """By the name of the recorded place, wherever the cluster is; or that very place is listed for dev."""
    up(stack, urn_of("prod"))
    if how == "released":
        up(stack, urn_of("warehouse-eu"))
        stack.write_policy(POLICY + RELEASED)
        assert up(stack, urn_of("warehouse-eu"), environment="dev").said == ""
    else:
        stack.write_policy(POLICY.replace("[prod, ", "[").replace('["dev-*"]', '["dev-*", prod]'))
        assert up(stack, urn_of("prod")).said == ""

    assert place(stack) is None
    assert not loses_nothing(stack)


@pytest.mark.parametrize(
    "entry",
    [
        RELEASED.replace("shop", "other"),
        RELEASED.replace("stack: prod", "stack: warehouse-eu"),
        RELEASED.replace("resource: warehouse", "resource: lake"),
    ],
    ids=["project", "stack", "resource"],
)
def test_only_the_recorded_place_is_released(stack: Bench, entry: str) -> None:
    """Another project, the place of today, another resource: none of them is what sticks."""
    up(stack, urn_of("prod"))
    up(stack, urn_of("warehouse-eu"))
    stack.write_policy(POLICY + entry)

    assert up(stack, urn_of("warehouse-eu"), environment="dev").how == "refused"


def test_its_own_place_is_given_up_only_while_the_cluster_is_in_it(stack: Bench) -> None:
    """Moved on, then its old place is listed for dev: that says nothing of where it is now."""
    up(stack, urn_of("prod"))
    up(stack, urn_of("warehouse-eu"))
    stack.write_policy(POLICY.replace("[prod, ", "[").replace('["dev-*"]', '["dev-*", prod]'))

    refused = up(stack, urn_of("warehouse-eu"), environment="dev")

    assert "is protected by production, as stack prod" in refused.said
    assert loses_nothing(stack)


def test_a_release_alone_loosens_no_destroy(stack: Bench) -> None:
    """Loosening takes an `up`: until then the recorded rules hold."""
    up(stack, urn_of("prod"))
    stack.write_policy(POLICY + RELEASED)

    assert loses_nothing(stack)


def test_a_stack_that_nobody_ever_claimed_may_be_configured(stack: Bench) -> None:
    """Protected by default, then configured for dev: no place is recorded, and nothing is refused."""
    up(stack, urn_of("mine"))

    assert up(stack, urn_of("mine"), environment="dev").said == ""

    assert not loses_nothing(stack)


def test_but_a_name_alone_ends_no_default_either(stack: Bench) -> None:
    """Protected by default, then renamed to what dev claims: to rename is no review."""
    up(stack, urn_of("mine"))

    assert "protected by the defaults of the deletion policy" in up(stack, urn_of("dev-1")).said


def test_a_forced_replacement_ends_no_protection(stack: Bench) -> None:
    """`--replace` in the new place asks no diff: its delete half is refused before anything is touched."""
    up(stack, urn_of("prod"))
    stack.control.set_marker(CLUSTER, "precious")
    old = wire(stack.state)

    def replaced() -> None:
        stack.checked(urn=urn_of("dev-1"), restore_final_snapshot=True)
        delete(old, stack.settings)

    refused = stack.run(replaced)

    assert "is protected by production, as stack prod" in refused.said
    assert stack.control.marker(CLUSTER) == "precious"


def test_a_policy_that_cannot_be_read_releases_nobody(stack: Bench) -> None:
    """A refresh asks for a diff without a program, and is to fail nobody; a broken file loosens nothing."""
    up(stack, urn_of("prod"))
    olds = wire(stack.state)
    stack.write_policy(None)

    assert stack.run(lambda: diff(olds, {**olds}, stack.settings)).said == ""
    news = {**olds, "urn": urn_of("dev-1"), "policy": {**olds["policy"], "protected": False}}
    assert stack.run(lambda: diff(olds, news, stack.settings)).said == ""

    def up_asks() -> object:
        this_run.note_program(urn_of("dev-1"), news)
        return diff(olds, news, stack.settings)

    assert stack.run(up_asks).how == "refused"


def test_an_honest_replacement_carries_it_on(stack: Bench) -> None:
    """What sticks to a cluster sticks to the one that replaces it with its data: no configuration ends it."""
    up(stack, urn_of("prod"))
    assert up(stack, urn_of("warehouse-eu")).said == ""
    old, urn = wire(stack.state), urn_of("warehouse-eu")

    def replaced() -> Any:
        news = stack.checked(old, urn=urn, restore_final_snapshot=True)
        delete(old, stack.settings)
        return create(news, stack.settings)[1]

    result = stack.run(replaced)
    assert result.said == ""
    stack.state = result.value

    assert place(stack) == PROD
    assert "is protected by production, as stack prod" in up(stack, urn, environment="dev").said


# --- adoption --------------------------------------------------------------------------------------

BEFOREHAND = "no protected environment of the deletion policy claims stack"


@pytest.mark.parametrize(
    ("name", "environment"), [("dev-1", "production"), ("mine", "production"), ("mine", "")]
)
def test_what_is_protected_is_adopted_where_the_file_claims_it_alone(
    stack: Bench, name: str, environment: str
) -> None:
    """To be configured as production, or claimed by nobody, ends with the next word of a configuration."""
    if name == "dev-1":
        stack.write_policy(POLICY.replace('["dev-*"]', "[scratch]"))
    up(stack, urn_of("prod"))
    owned = stack.state
    stack.state = None

    refused = up(stack, urn_of(name), environment=environment, **ADOPT)

    assert "is owned by a resource of a protected environment" in refused.said
    assert f"{BEFOREHAND} {name} here" in refused.said
    assert f"claim {name} for a protected environment in the policy file" in refused.said
    assert changing(refused) == []
    stack.state = owned
    assert loses_nothing(stack)


def test_nor_is_it_by_its_own_resource_in_a_place_that_nobody_claims(stack: Bench) -> None:
    """`prod` renamed, then `up --replace` with adopt_existing: no record of the place is lost by that."""
    up(stack, urn_of("prod"))
    assert up(stack, urn_of("elsewhere")).said == ""
    old = wire(stack.state)

    def replaced() -> None:
        with pytest.raises(RefusedError, match=f"{BEFOREHAND} elsewhere"):
            create(stack.checked(urn=urn_of("elsewhere"), **ADOPT), stack.settings)
        delete(old, stack.settings)

    assert "in this same run a create of" in stack.run(replaced).said
    assert "is protected by production" in up(stack, urn_of("elsewhere"), environment="dev").said
    assert loses_nothing(stack)


def test_the_cure_of_the_refusal_works(stack: Bench) -> None:
    """The file claims the new stack: it adopts, and what sticks from then on is the new place."""
    up(stack, urn_of("prod"))
    stack.state = None
    assert up(stack, urn_of("mine"), **ADOPT).how == "refused"
    stack.write_policy(POLICY.replace('"prod-*"]', '"prod-*", mine]'))

    assert up(stack, urn_of("mine"), **ADOPT).said == ""

    assert place(stack) == {**PROD, "stack": "mine"}


@pytest.mark.parametrize("environment", ["", "production"])
def test_a_place_that_the_file_claims_adopts(stack: Bench, environment: str) -> None:
    """The state was lost, or another claimed stack takes over; that the configuration says it too is none
    the less a claim.
    """
    up(stack, urn_of("prod"), environment=environment)
    for name in ("prod", "prod-2"):
        stack.state = None

        assert up(stack, urn_of(name), environment=environment, **ADOPT).said == ""

        assert place(stack) == {**PROD, "stack": name}
    assert loses_nothing(stack)


@pytest.mark.parametrize("name", ["prod", "mine"])
def test_a_killed_adoption_of_what_nobody_claimed_is_begun_again(stack: Bench, name: str) -> None:
    """Its first call wrote that it is protected; however often it dies, what it meets is its own claim."""
    run_one(stack)

    def adopts() -> Any:
        return create(stack.checked(urn=urn_of(name), **ADOPT), stack.settings)[1]

    for _ in range(3):
        assert stack.run(adopts, Interruption(1, "after", kill, "CreateTags")).how == "killed"

    assert stack.run(adopts).said == ""


def test_a_killed_adoption_of_what_is_protected_is_no_way_round(stack: Bench) -> None:
    """Begun where the file claims the place, ended where it does so no more: what it met was protected."""
    up(stack, urn_of("prod"))
    stack.state = None

    def adopts() -> Any:
        return create(stack.checked(urn=urn_of("prod-2"), **ADOPT), stack.settings)[1]

    assert stack.run(adopts, Interruption(1, "after", kill, "CreateTags")).how == "killed"
    stack.write_policy(POLICY.replace(', "prod-*"', ""))

    assert f"{BEFOREHAND} prod-2" in stack.run(adopts).said
