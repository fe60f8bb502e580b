"""Policies configured to `remediate`: what they set, and what they leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import json_format

from tests.pack.clusters import AWS, OWNED, recorded
from tests.pack.fixtures import POLICY_FILE
from tests.pack.wire import UNKNOWN, Wired, secret

if TYPE_CHECKING:
    from tests.pack.wire import Pack

pytestmark = pytest.mark.contract

FINAL = "redshift-final-snapshot-in-production"
AWS_FINAL = "redshift-aws-cluster-final-snapshot"


@pytest.fixture
def remediating(running_pack: Pack) -> Pack:
    """The pack with both skip policies set to remediate."""
    config = {"policyFile": POLICY_FILE, "enforcementLevel": "remediate"}
    running_pack.configure({FINAL: config, AWS_FINAL: config})
    return running_pack


def owned(stack: str = "prod", **props: Any) -> Wired:
    """An owned cluster."""
    given = {
        "state_version": 2,
        "on_destroy": "see the policy",
        "policy": recorded(stack),
        "cluster_identifier": "analytics",
        **props,
    }
    return Wired(type=OWNED, name="warehouse", stack=stack, props=given)


def remedied(pack: Pack, resource: Wired) -> dict[str, Any] | None:
    """The properties after remediation; None where the pack left them alone."""
    done = pack.remediate(resource)
    assert all(not one.diagnostic for one in done)
    assert len(done) <= 1
    return json_format.MessageToDict(done[0].properties) if done else None


def test_request_to_skip_is_turned_off_and_nothing_else_is_touched(remediating: Pack) -> None:
    """The request goes; a secret stays one, an unknown value stays unknown."""
    password = secret("Correct-Horse-1")
    cluster = owned(skip_final_snapshot=True, master_password=password, kms_key_id=UNKNOWN)

    changed = remedied(remediating, cluster)

    assert changed == {**cluster.props, "skip_final_snapshot": False}


@pytest.mark.parametrize("request_to_skip", [UNKNOWN, "yes", secret(value=True)])
def test_request_that_is_unknown_or_no_truth_value_is_turned_off(
    remediating: Pack, request_to_skip: object
) -> None:
    """What may be a request counts as one."""
    changed = remedied(remediating, owned(skip_final_snapshot=request_to_skip))

    assert changed is not None
    assert changed["skip_final_snapshot"] in (False, secret(value=False))


def test_remediated_cluster_passes(remediating: Pack) -> None:
    """After the remedy the policy has nothing to say."""
    changed = remedied(remediating, owned(skip_final_snapshot=True))
    assert changed is not None

    said = remediating.judge(Wired(type=OWNED, name="warehouse", props=changed))

    assert [one for one in said if one.policy == FINAL] == []


def test_rules_recorded_by_the_stack_cannot_be_remedied_and_block(remediating: Pack) -> None:
    """The pack does not rewrite a stack's rules; `remediate` then counts as mandatory."""
    cluster = owned(policy=recorded("prod", file="loose.yaml"))

    assert remedied(remediating, cluster) is None
    assert [one.enforcement for one in remediating.judge(cluster) if one.policy == FINAL] == ["mandatory"]


def test_nothing_is_remedied_outside_of_production(remediating: Pack) -> None:
    """A dev stack of a known account keeps its request."""
    cluster = owned("dev", skip_final_snapshot=True, policy=recorded("dev", account="444455556666"))

    assert remedied(remediating, cluster) is None


def test_nothing_is_remedied_without_readable_rules(running_pack: Pack) -> None:
    """A broken policy file is reported, not acted upon."""
    running_pack.configure({FINAL: {"policyFile": "nowhere.yaml", "enforcementLevel": "remediate"}})
    cluster = owned(skip_final_snapshot=True)

    assert remedied(running_pack, cluster) is None
    assert [one.enforcement for one in running_pack.judge(cluster) if one.policy == FINAL] == ["mandatory"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "warehouse-prod-analytics-final"),
        ({"finalSnapshotIdentifier": "last-words"}, "last-words"),
        ({"finalSnapshotIdentifier": UNKNOWN}, UNKNOWN),
    ],
)
def test_cluster_of_the_aws_provider_gets_a_snapshot_and_a_name(
    remediating: Pack, given: dict[str, object], named: str
) -> None:
    """Skipping goes off, and the snapshot gets a name where it has none, since destroy would fail without."""
    props = {"clusterIdentifier": "analytics", "skipFinalSnapshot": True, **given}
    cluster = Wired(type=AWS, name="warehouse", props=props)

    changed = remedied(remediating, cluster)

    assert changed == {**props, "skipFinalSnapshot": False, "finalSnapshotIdentifier": named}
    said = remediating.judge(Wired(type=AWS, name="warehouse", props=changed))
    assert [one for one in said if one.policy == AWS_FINAL] == []


def test_nothing_is_remedied_unless_configured(pack: Pack) -> None:
    """By default the policies block, and change nothing."""
    assert remedied(pack, owned(skip_final_snapshot=True)) is None
