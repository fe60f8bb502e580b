"""What the pack does when its own file or configuration is broken, or a value is not there to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_pack import RULES
from redshift_teardown.deletion_policy import PolicyError, load
from tests.pack.clusters import OWNED, recorded
from tests.pack.wire import POLICIES, UNKNOWN, Wired

if TYPE_CHECKING:
    from tests.pack.wire import Pack

pytestmark = pytest.mark.contract

NAME = "redshift-final-snapshot-in-production"
MANDATORY = {rule.about.name for rule in RULES if rule.about.enforcement.value == "mandatory"}


def owned(**props: object) -> Wired:
    """An owned cluster of prod."""
    wired = Wired(type=OWNED, name="warehouse", protect=True)
    return Wired(
        type=OWNED,
        name="warehouse",
        protect=True,
        props={
            "state_version": 2,
            "urn": wired.urn,
            "on_destroy": "see the policy",
            "policy": recorded("prod"),
            "cluster_identifier": "analytics",
            "node_type": "ra3.xlplus",
            **props,
        },
    )


def configured(pack: Pack, **config: object) -> Pack:
    """Configure every policy alike."""
    pack.configure({"all": config})
    return pack


def test_broken_policy_file_blocks_with_the_loaders_whole_report(running_pack: Pack) -> None:
    """A file with a mistake makes no policy pass: the loader's report is shown, every problem of it."""
    source = "tests/pack/policies/broken.yaml"
    pack = configured(running_pack, policyFile=f"../{source}")
    with pytest.raises(PolicyError) as caught:
        load(POLICIES / "broken.yaml", source=source)
    report = str(caught.value).splitlines()
    assert len(caught.value.problems) == 2

    said = [one for one in pack.judge(owned()) if one.policy == NAME]

    assert [one.enforcement for one in said] == ["mandatory"]
    _, what, *rest = said[0].message.splitlines()
    assert what == 'Cluster "analytics" (warehouse) cannot be judged: the pack\'s deletion policy is broken.'
    assert [line[11:] for line in rest[: len(report)]] == report
    assert rest[-1] == f"  fix:     correct {source}, then run the same command again"


def test_missing_policy_file_blocks_and_is_named(running_pack: Pack) -> None:
    """No file is no permission."""
    pack = configured(running_pack, policyFile="nowhere.yaml")

    said = [one for one in pack.judge(owned()) if one.policy == NAME]

    assert [one.enforcement for one in said] == ["mandatory"]
    assert "policy/nowhere.yaml" in said[0].message


def test_every_mandatory_policy_of_owned_clusters_fails_closed(running_pack: Pack) -> None:
    """Turning one policy off does not turn off the alarm about the file."""
    pack = configured(running_pack, policyFile="nowhere.yaml")

    blocked = {one.policy for one in pack.judge(owned()) if one.enforcement == "mandatory"}

    assert blocked == {name for name in MANDATORY if "aws" not in name and "native" not in name}


def test_unknown_setting_blocks_and_says_what_was_meant(running_pack: Pack) -> None:
    """A misspelt setting would protect nothing in silence; it is a finding instead."""
    pack = configured(running_pack, productionStack=["x"])

    said = [one for one in pack.judge(owned()) if one.policy == NAME]

    assert [one.enforcement for one in said] == ["mandatory"]
    assert said[0].message.splitlines()[1] == (
        'Cluster "analytics" (warehouse) cannot be judged: the pack\'s configuration has an unknown setting '
        "'productionStack'; did you mean 'productionStacks'?"
    )


@pytest.mark.parametrize(
    ("stacks", "said"),
    [
        (["acme/hidden/dev"], "stacks are named without organisation and project"),
        (["[dev"], 'opens a "[" that it does not close'),
        (["[^d]*"], 'would match a "^" here'),
    ],
)
def test_a_setting_that_can_never_match_blocks(running_pack: Pack, stacks: list[str], said: str) -> None:
    """The engine's schema lets it through; it would protect nothing in silence, so it is a finding."""
    pack = configured(running_pack, productionStacks=stacks)

    found = [one for one in pack.judge(owned()) if one.policy == NAME]

    assert [one.enforcement for one in found] == ["mandatory"]
    assert "cannot be judged: the pack's configuration has productionStacks: " in found[0].message
    assert said in found[0].message


def test_settings_for_a_policy_that_there_is_not_block(running_pack: Pack) -> None:
    """The engine says nothing of a misspelt policy, and its settings would be in force nowhere."""
    running_pack.configure({"redshift-final-snapshot-in-prod": {"productionStacks": ["dev"]}})

    found = [one for one in running_pack.judge(owned()) if "cannot be judged" in one.message]

    assert [(one.policy, one.enforcement) for one in found] == [(NAME, "mandatory")]
    assert f"there is no policy 'redshift-final-snapshot-in-prod'; did you mean '{NAME}'?" in found[0].message


@pytest.mark.parametrize("hidden", ["policy", "skip_final_snapshot", "bypass"])
def test_no_unknown_value_turns_a_mandatory_policy_into_a_pass(pack: Pack, hidden: str) -> None:
    """A property that decides, and is not known at preview, is a mandatory finding."""
    said = [one for one in pack.judge(owned(**{hidden: UNKNOWN})) if one.policy in MANDATORY]

    assert said
    assert {one.enforcement for one in said} == {"mandatory"}
    assert not any("can't run policy" in one.message for one in said)


def test_cluster_with_nothing_known_is_still_judged(pack: Pack) -> None:
    """Even if every single value is unknown, no policy gives up with the SDK's advisory."""
    everything = dict.fromkeys(
        [
            *("state_version", "urn", "on_destroy", "policy", "cluster_identifier", "node_type", "tags"),
            *(
                "skip_final_snapshot",
                "bypass",
                "kms_key_id",
                "automated_snapshot_retention_period",
                "identity",
            ),
        ],
        UNKNOWN,
    )

    said = pack.judge(Wired(type=OWNED, name="warehouse", props=everything, protect=True))

    assert NAME in {one.policy for one in said}
    assert not any("can't run policy" in one.message for one in said)


@pytest.mark.parametrize(("value", "found"), [("production", True), ("prod", True), ("dev", False)])
def test_tag_of_the_stack_that_names_production_is_a_contradiction(
    pack: Pack, value: str, *, found: bool
) -> None:
    """A stack whose name says dev and whose own tag says production is not taken for dev in silence."""
    urn = Wired(type=OWNED, name="warehouse", stack="dev").urn
    recorded_there = {"urn": urn, "policy": recorded("dev", account="444455556666")}
    cluster = owned(**recorded_there)
    pack.tag_stack({"Environment": value, "owner": "data"})

    said = [
        one.message.splitlines()[1]
        for one in pack.judge(Wired(type=OWNED, name="warehouse", stack="dev", props=cluster.props))
        if one.policy == "redshift-environment-honest"
    ]
    pack.tag_stack({})

    claim = f"is tagged Environment={value} (a tag of the stack), but its stack is dev."
    assert said == ([f'Cluster "analytics" (warehouse) {claim}'] if found else [])
