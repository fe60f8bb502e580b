"""The stacks whose states stand here: programs, deletion policy, and what AWS showed of them.

The programs and the policy are what the fixtures were written by, so they are never edited: a preview of
the imported state would show the difference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.harness import SECRET_PASSWORD, Code, Project, Stack, cluster, program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.emulator import Control

FOLDER = Path(__file__).parent
NAME = "lake"
"""The cluster's identifier, and the resource's name, in every stack."""
MARKER = "everything we have"
"""Stands for the data of every cluster."""

POLICY = """\
version: 1
defaults:
  final_snapshot:
    name: "{project}-{stack}-{cluster}-final-{timestamp}"
    retention_days: 35
    tags: {kept-for: auditors}
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
    final_snapshot: {retention_days: forever}
  development:
    stacks: [dev]
    skip: [{when: {tags: {ephemeral: "true"}}, because: ephemeral clusters hold no data of record}]
"""
SECRETS = {"password": SECRET_PASSWORD, "window": "tue:03:00-tue:04:00", "cost": "4711-of-finance"}
"""Secret configuration of the stack with secrets, by key."""

_COMPONENT = "team = pulumi.ComponentResource('my:Team', 'team')\n"
_TAGS = {"team": "data"}
_CHILD = "    opts=pulumi.ResourceOptions(parent=team),\n"


@dataclass(frozen=True)
class Shape:
    """One kind of stack: a program with one cluster.

    Attributes:
        arguments: What the program says of the cluster, beside what `harness.cluster` says of each.
        stack: The stack's name, by which the policy tells its environment.
        component: Whether the cluster is a component's child.
        secrets: Secret configuration, by key.
    """

    arguments: Mapping[str, Any] = field(default_factory=lambda: {"tags": _TAGS})
    stack: str = "prod"
    component: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)

    def program(self, **changed: Any) -> str:
        """Write the program, with other arguments on top."""
        written = cluster(NAME, **{**self.arguments, **changed})
        if not self.component:
            return program(written)
        return program(_COMPONENT, written.removesuffix(")\n") + _CHILD + ")\n")

    def prepare(self, project: Project) -> Stack:
        """Make the stack, which has no resources yet, with the policy and the program."""
        project.policy(POLICY)
        project.program(self.program())
        stack = project.stack(self.stack)
        for key, value in self.secrets.items():
            stack.secret(key, value)
        return stack


SHAPES: Mapping[str, Shape] = {
    "dev": Shape({"tags": {"ephemeral": "true"}}, stack="dev"),
    "prod": Shape(),
    "component": Shape(component=True),
    "secrets": Shape(
        {
            "tags": {**_TAGS, "cost-centre": Code("config.require_secret('cost')")},
            "master_password": Code("config.require_secret('password')"),
            "preferred_maintenance_window": Code("config.require_secret('window')"),
        },
        secrets=SECRETS,
    ),
    "restored": Shape({"tags": _TAGS, "restore_final_snapshot": True}),
    "adopted": Shape({"tags": _TAGS, "adopt_existing": True}),
}


@dataclass(frozen=True)
class OldState:
    """A state that an earlier commit wrote.

    Attributes:
        version: Its `state_version`.
        commit: The commit that wrote it, abbreviated.
        shape: The stack's kind, a key of `SHAPES`.
    """

    version: int
    commit: str
    shape: str

    def __str__(self) -> str:
        return f"v{self.version}-{self.commit}-{self.shape}"

    @property
    def file(self) -> Path:
        """What `pulumi stack export` wrote."""
        return FOLDER / f"v{self.version}-{self.commit}" / f"{self.shape}.json"

    @property
    def aws_file(self) -> Path:
        """What AWS showed then, as `remember` gives it."""
        return self.file.with_suffix(".aws.json")

    def exported(self) -> dict[str, Any]:
        """The exported state."""
        read: dict[str, Any] = json.loads(self.file.read_text("utf-8"))
        return read

    def aws(self) -> dict[str, Any]:
        """What AWS showed then."""
        read: dict[str, Any] = json.loads(self.aws_file.read_text("utf-8"))
        return read


def all_old_states() -> list[OldState]:
    """Every state that stands here, the oldest version first."""
    found = []
    for file in sorted(FOLDER.glob("v*-*/*.aws.json")):
        version, commit = file.parent.name.removeprefix("v").split("-")
        found.append(OldState(int(version), commit, file.name.removesuffix(".aws.json")))
    return found


def remember(control: Control) -> dict[str, Any]:
    """Return what an account's region holds, in the words of the emulator's control port.

    Returns:
        ``clusters`` and ``snapshots`` (manual ones) by identifier, as `recreate` takes them.
    """
    state = control.state()
    return {
        "clusters": {
            identifier: {
                "create_time": each["created"],
                "namespace": each["namespace"],
                "tags": each["tags"],
                "settings": each["settings"],
                "marker": each["marker"],
            }
            for identifier, each in state["clusters"].items()
        },
        "snapshots": {
            identifier: {
                "cluster_identifier": each["cluster"],
                "create_time": each["created"],
                "cluster_create_time": each["cluster_created"],
                "namespace": each["namespace"],
                "retention": each["retention"],
                "marker": each["marker"],
                "tags": each["tags"],
            }
            for identifier, each in state["snapshots"].items()
            if each["kind"] == "manual"
        },
    }


def create_by_hand(project: Project, identifier: str) -> None:
    """Make a cluster that no stack has made yet; it is available at once."""
    project.control.set_lifecycle(identifier, creating=0)
    project.redshift().create_cluster(
        ClusterIdentifier=identifier,
        NodeType="ra3.xlplus",
        NumberOfNodes=2,
        MasterUsername="admin",
        ManageMasterPassword=True,
        Tags=[{"Key": key, "Value": value} for key, value in _TAGS.items()],
    )


def recreate(project: Project, remembered: Mapping[str, Any]) -> None:
    """Make clusters and snapshots with exactly the identity that was remembered.

    Args:
        project: Whose AWS it is; it must be empty.
        remembered: What `remember` gave.
    """
    control = project.control
    control.set_behaviour(automated_snapshots=False)
    for identifier, cluster_ in remembered["clusters"].items():
        create_by_hand(project, identifier)
        described = {key: value for key, value in cluster_.items() if key != "marker"}
        control.set_cluster(identifier, **described)
        control.set_marker(identifier, cluster_["marker"])
    for identifier, snapshot in remembered["snapshots"].items():
        control.put_snapshot(identifier, **snapshot)
