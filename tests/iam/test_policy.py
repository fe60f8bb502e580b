"""The documented IAM policy allows every call the product makes, and nothing it does not make."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.iam.evaluate import actions, by_product, refused, statements, used
from tests.teardown.stage import CLUSTER, PROTECTED, Interruption, Stage, kill, staged

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parents[2] / "provider" / "redshift_teardown"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stack, whose whole life is lived."""
    with staged(tmp_path_factory.mktemp("iam")) as made:
        yield made


def operations_in_code() -> set[str]:
    """Return every Redshift operation that the product's code names, whether it is ever called or not."""
    client = boto3.client("redshift", region_name="us-east-1")
    by_method = client.meta.method_to_api_mapping
    found = set()
    for file in PACKAGE.rglob("*.py"):
        if "emulator" in file.relative_to(PACKAGE).parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in by_method and _is_client(node.value):
                found.add(by_method[node.attr])
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get_paginator"
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(by_method[str(node.args[0].value)])
    return found


def _is_client(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in ("redshift", "redshift_once")


def test_code_and_policy_name_the_same_operations() -> None:
    """An operation that comes into the code, or leaves it, comes into the policy, or leaves it."""
    assert {f"redshift:{operation}" for operation in operations_in_code()} == actions()


def test_nothing_is_deleted_but_clusters() -> None:
    """No snapshot can be deleted with the policy, and there is no wildcard among its actions."""
    assert {action for action in actions() if "Delete" in action or "*" in action} == {
        "redshift:DeleteCluster",
        "redshift:DeleteTags",
    }
    assert {statement["Effect"] for statement in statements()} == {"Allow"}


def test_a_whole_life_is_allowed_and_uses_everything(stage: Stage) -> None:
    """Created, changed, torn down from paused, its snapshot extended, restored, gone: all of it is used."""
    role = "arn:aws:iam::111122223333:role/loader"
    stage.up(tags={"a": "1", "b": "2"})
    stage.up(tags={"a": "1"}, number_of_nodes=3.0, iam_roles=[role])
    stage.outsider.pause_cluster(ClusterIdentifier=CLUSTER)
    stage.time.advance(3600)
    stage.control.set_behaviour(delete_paused=False)
    assert stage.destroy(Interruption(1, "after", kill, operation="CreateTags")).how == "killed"
    stage.write_policy(stage.rules(PROTECTED, **{"retention_days: 35": "retention_days: forever"}))
    assert stage.destroy().how == "done"
    assert stage.up(restore_final_snapshot=True).how == "done"
    assert stage.refresh().how == "done"
    assert stage.destroy().how == "done"
    calls = stage.control.calls()

    assert refused(calls) == []
    assert used(calls) == actions()
    assert len(by_product(calls)) < len(calls)


def test_the_evaluator_refuses(stage: Stage) -> None:
    """What the policy does not allow is told: the comparison above can fail."""
    stage.reset()
    stage.up()
    (create,) = stage.control.calls("CreateCluster")
    other = replace(create, operation="DeleteClusterSnapshot")
    tags = replace(
        create,
        operation="CreateTags",
        parameters={"ResourceName": "arn:aws:redshift:us-east-1:111122223333:subnetgroup:warehouse"},
    )

    assert refused([create]) == []
    assert refused([other, tags]) == [
        "redshift:DeleteClusterSnapshot on arn:aws:redshift:us-east-1:111122223333:cluster:warehouse",
        "redshift:CreateTags on arn:aws:redshift:us-east-1:111122223333:subnetgroup:warehouse",
    ]
