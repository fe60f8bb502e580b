"""The facts, read from a cluster's inputs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from redshift_teardown.deletion_policy import Facts, facts_of

AT = datetime(2026, 1, 31, tzinfo=timezone.utc)
# What Pulumi writes where a value is not known before `up`, and how it marks a secret.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "{}"}


def read(**inputs: Any) -> Facts:
    """Read facts from inputs alone."""
    return facts_of(inputs, project=None, stack=None, resource=None)


def test_everything_given() -> None:
    """Each input becomes its fact; numbers come as floats from Pulumi."""
    assert facts_of(
        {
            "cluster_identifier": "etl-1",
            "node_type": "ra3.large",
            "number_of_nodes": 2.0,
            "tags": {"team": "data"},
            "skip_final_snapshot": True,
            "final_snapshot_identifier": "last-one",
            "snapshot_identifier": "old",
            "region": "eu-west-1",
        },
        project="warehouse",
        stack="dev",
        resource="main",
        account="111122223333",
        create_time=AT,
        now=AT,
    ) == Facts(
        project="warehouse",
        stack="dev",
        resource="main",
        identifier="etl-1",
        node_type="ra3.large",
        number_of_nodes=2,
        tags={"team": "data"},
        skip_requested=True,
        requested_name="last-one",
        account="111122223333",
        region="eu-west-1",
        create_time=AT,
        restored_from_snapshot=True,
        now=AT,
    )


def test_nothing_given() -> None:
    """What is absent has AWS's own default where there is one, and is unknown else."""
    assert read() == Facts(number_of_nodes=1, tags={}, skip_requested=False, restored_from_snapshot=False)
    assert read(number_of_nodes=None, tags=None, skip_final_snapshot=None, snapshot_arn=None) == read()


def test_the_region_of_the_call_beats_that_of_the_inputs() -> None:
    """Who knows the region says it."""
    facts = facts_of({"region": "eu-west-1"}, project=None, stack=None, resource=None, region="us-east-1")

    assert facts.region == "us-east-1"


@pytest.mark.parametrize(
    "unknown", [UNKNOWN, object(), 1.5, [], SECRET], ids=lambda each: type(each).__name__
)
def test_what_has_a_wrong_type_is_unknown(unknown: object) -> None:
    """Pulumi's stand-ins and anything else of a wrong type are unknown, never guessed."""
    assert (
        read(
            cluster_identifier=unknown,
            node_type=unknown,
            number_of_nodes=unknown,
            tags=unknown,
            skip_final_snapshot=unknown,
            final_snapshot_identifier=unknown,
            snapshot_identifier=unknown,
            region=unknown,
        )
        == Facts()
    )


@pytest.mark.parametrize("count", [True, "2", float("nan"), float("inf")], ids=repr)
def test_no_number_of_nodes(count: object) -> None:
    """A truth, a text and what is no whole number count no nodes."""
    assert read(number_of_nodes=count).number_of_nodes is None


def test_nodes_as_a_whole_number() -> None:
    """A plain int is taken as it is."""
    assert read(number_of_nodes=3).number_of_nodes == 3


def test_one_unknown_tag() -> None:
    """A tag whose value is unknown is there all the same."""
    assert read(tags={"a": "x", "b": UNKNOWN, "c": None}).tags == {"a": "x", "b": None, "c": None}


@pytest.mark.parametrize(
    ("inputs", "restored"),
    [
        ({"snapshot_identifier": "s"}, True),
        ({"snapshot_arn": "arn"}, True),
        ({"snapshot_identifier": UNKNOWN, "snapshot_arn": "arn"}, True),
        ({"snapshot_identifier": ""}, None),
        ({"snapshot_arn": UNKNOWN}, None),
        ({"restore_final_snapshot": True}, None),
        ({"restore_final_snapshot": False}, False),
        ({"restore_final_snapshot": True, "snapshot_arn": "arn"}, True),
    ],
    ids=repr,
)
def test_restored_from_a_snapshot(inputs: dict[str, object], restored: bool | None) -> None:
    """A named snapshot is restored; whether `restore_final_snapshot` finds one only `up` knows."""
    facts = read(**inputs)

    assert facts.restored_from_snapshot is restored
    # How many nodes a snapshot brings, only AWS knows.
    assert facts.number_of_nodes == (1 if restored is False else None)


def test_nodes_of_an_adopted_cluster_are_unknown() -> None:
    """A cluster that is taken over keeps the nodes it has."""
    assert read(adopt_existing=True).number_of_nodes is None
    assert read(adopt_existing=False).number_of_nodes == 1
    assert read(adopt_existing=True, number_of_nodes=4).number_of_nodes == 4
