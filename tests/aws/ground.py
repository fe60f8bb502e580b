"""Where a question is asked: the real service, or the emulator in its place; with the product on both."""

from __future__ import annotations

import json
import secrets
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from redshift_teardown.aws.session import connect
from redshift_teardown.lifecycle.check import check
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.settings import Settings
from tests.teardown.stage import REGION, Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFIX = "rt-facts"
"""Begins the name of every cluster and snapshot that is made here, and of nothing else."""
NODE = "ra3.large"
PASSWORD = "Only-For-A-While-1"
PATIENCE = timedelta(hours=3)
_POLL_SECONDS = 10.0


class Ground(Protocol):
    """Where questions are asked.

    Attributes:
        name: ``aws`` or ``emulator``.
        client: A plain boto3 client, with no retries of its own.
        region: Where.

    """

    name: str
    client: Any
    region: str

    def now(self) -> datetime:
        """Return the time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def up(self, identifier: str, **arguments: Any) -> dict[str, Any]:
        """Create a cluster by the product; gives its outputs."""

    def destroy(self, outputs: dict[str, Any]) -> None:
        """Tear a cluster down by the product."""


def new_name(word: str) -> str:
    """Return a name nobody has used."""
    return f"{PREFIX}-{word}-{secrets.token_hex(3)}"


def inputs_of(identifier: str, settings: Settings, **arguments: Any) -> dict[str, Any]:
    """Return the checked inputs of a small cluster."""
    program = {
        "cluster_identifier": identifier,
        "node_type": NODE,
        "number_of_nodes": 1.0,
        "master_username": "admin",
        "master_password": PASSWORD,
        "urn": f"urn:pulumi:facts::facts::pulumi-python:dynamic/redshift:Cluster::{identifier}",
        **arguments,
    }
    checked, failures = check({}, program, settings)
    assert failures == []
    return checked


class EmulatorGround:
    """The emulator, on a clock that does not make anybody wait."""

    name = "emulator"
    region = REGION

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.client = stage.outsider

    def now(self) -> datetime:
        """Return the time."""
        return self.stage.now()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.stage.time.advance(seconds)

    def up(self, identifier: str, **arguments: Any) -> dict[str, Any]:
        """Create a cluster by the product; gives its outputs."""
        inputs = inputs_of(identifier, self.stage.settings, **arguments)
        ended = self.stage.run(lambda: create(inputs, self.stage.settings)[1])
        assert ended.how == "done", ended.said
        outputs: dict[str, Any] = ended.value
        return outputs

    def destroy(self, outputs: dict[str, Any]) -> None:
        """Tear a cluster down by the product."""
        ended = self.stage.run(lambda: delete(outputs, self.stage.settings))
        assert ended.how == "done", ended.said


class AwsGround:
    """The real service, with the credentials of the environment."""

    name = "aws"

    def __init__(self, folder: Path, region: str) -> None:
        policy = folder / "deletion-policy.yaml"
        policy.write_text(
            f"version: 1\nreceipts: {folder / 'receipts'}\nenvironments:\n  facts:\n    stacks: [facts]\n"
            "    skip: never\n    final_snapshot: {retention_days: 1}\n",
            encoding="utf-8",
        )
        self.region = region
        self.settings = Settings(policy_file=str(policy), region=region)
        self.client = connect(self.settings, region).redshift_once

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(timezone.utc)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def up(self, identifier: str, **arguments: Any) -> dict[str, Any]:
        """Create a cluster by the product; gives its outputs."""
        return create(inputs_of(identifier, self.settings, **arguments), self.settings)[1]

    def destroy(self, outputs: dict[str, Any]) -> None:
        """Tear a cluster down by the product."""
        delete(outputs, self.settings)


# --- asking ---


def cluster(ground: Ground, identifier: str) -> dict[str, Any] | None:
    """Look at a cluster; None where there is none."""
    try:
        found = ground.client.describe_clusters(ClusterIdentifier=identifier)["Clusters"]
    except ClientError as error:
        if code_of(error).startswith("ClusterNotFound"):
            return None
        raise
    return dict(found[0])


def snapshot(ground: Ground, name: str) -> dict[str, Any] | None:
    """Look at a snapshot; None where there is none."""
    try:
        found = ground.client.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"]
    except ClientError as error:
        if code_of(error).startswith("ClusterSnapshotNotFound"):
            return None
        raise
    return dict(found[0]) if found else None


def wait_for(ground: Ground, met: Callable[[], bool], what: str) -> None:
    """Wait until a condition is met; fails when that takes too long."""
    limit = ground.now() + PATIENCE
    while not met():
        assert ground.now() < limit, f"{what}: not within {PATIENCE}"
        ground.sleep(_POLL_SECONDS)


def wait_until_available(ground: Ground, identifier: str) -> dict[str, Any]:
    """Wait until a cluster is available and nothing is pending."""

    def ready() -> bool:
        found = cluster(ground, identifier) or {}
        return found.get("ClusterStatus") == "available" and not found.get("PendingModifiedValues")

    wait_for(ground, ready, f"{identifier} to be available")
    found = cluster(ground, identifier)
    assert found is not None
    return found


def error_of(call: Callable[[], Any]) -> str:
    """Make a call that must be refused; gives code and text, as AWS said them."""
    try:
        call()
    except ClientError as error:
        return f"{code_of(error)}: {error.response['Error']['Message']}"
    return "accepted"


def code_of(error: ClientError) -> str:
    """Return an error's wire code."""
    return str(error.response["Error"]["Code"])


# --- answers ---


@dataclass
class Answers:
    """What was answered, for the record."""

    ground: str
    said: dict[str, Any] = field(default_factory=dict)

    def note(self, question: str, answer: Any) -> None:
        """Write an answer down, and say it at once: the next question may take an hour."""
        self.said[question] = answer
        if self.ground == "aws":
            sys.stderr.write(f"  {question}: {json.dumps(answer, default=str)}\n")


# --- cleaning up ---


def clean_up(ground: Ground) -> list[str]:
    """Delete everything that was made here, by its names; gives what could not be deleted."""
    for found in ground.client.get_paginator("describe_clusters").paginate().search("Clusters[]"):
        if found and found["ClusterIdentifier"].startswith(PREFIX):
            _delete_cluster(ground, found["ClusterIdentifier"])
    left = []
    pages = ground.client.get_paginator("describe_cluster_snapshots").paginate(SnapshotType="manual")
    for found in pages.search("Snapshots[]"):
        if found and found["SnapshotIdentifier"].startswith((PREFIX, f"facts-facts-{PREFIX}")):
            name = found["SnapshotIdentifier"]
            answer = error_of(partial(ground.client.delete_cluster_snapshot, SnapshotIdentifier=name))
            if answer != "accepted":
                left.append(f"snapshot {name}: {answer}")
    return left


def _delete_cluster(ground: Ground, identifier: str) -> None:
    def gone() -> bool:
        found = cluster(ground, identifier)
        if found and found["ClusterStatus"] not in ("deleting", "final-snapshot"):
            error_of(
                lambda: ground.client.delete_cluster(
                    ClusterIdentifier=identifier, SkipFinalClusterSnapshot=True
                )
            )
        return found is None

    wait_for(ground, gone, f"{identifier} to be gone")
