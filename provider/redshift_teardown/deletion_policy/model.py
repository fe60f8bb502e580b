"""The deletion policy as values: what a YAML document means once everything is inherited and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redshift_teardown.deletion_policy.problems import Position, Problem

FOREVER = -1
"""AWS's own number for a manual snapshot that is kept until somebody deletes it."""

VERSION = 1
"""The version of the language that this release reads."""

DEFAULT_NAME = "{project}-{stack}-{cluster}-final-{timestamp}"
DEFAULT_RETENTION_DAYS = FOREVER
DEFAULT_TIMEOUT_HOURS = 24.0
DEFAULT_POLL_SECONDS = 15.0
DEFAULT_RECEIPTS = ".redshift-teardown/receipts"


@dataclass(frozen=True)
class When:
    """The conditions of one skip rule; all that are given must hold.

    Attributes:
        always: Holds for every cluster.
        requested: Holds if the program asked to skip (True), or did not (False).
        tags: Tags a cluster must carry, each with a glob for its value, sorted by key.
        identifier: Globs, one of which the cluster identifier must match.
        node_type: Globs, one of which the node type must match.
        max_nodes: The most nodes the cluster may have.
        younger_than_hours: The age, in hours, that the cluster must not have reached.
        restored_from_snapshot: Holds if the cluster was restored from a snapshot (True), or was not (False).
    """

    always: bool = False
    requested: bool | None = None
    tags: tuple[tuple[str, str], ...] = ()
    identifier: tuple[str, ...] = ()
    node_type: tuple[str, ...] = ()
    max_nodes: int | None = None
    younger_than_hours: float | None = None
    restored_from_snapshot: bool | None = None


@dataclass(frozen=True)
class SkipRule:
    """When a cluster may be deleted without a final snapshot, and why.

    Attributes:
        when: The conditions.
        because: The reason, in the words of the policy's author.
        place: Where the rule begins.
    """

    when: When
    because: str
    place: Position


@dataclass(frozen=True)
class FinalSnapshot:
    """How a final snapshot is named, tagged and kept.

    Attributes:
        name: The template of its name.
        retention_days: How many days AWS keeps it; `FOREVER` (-1) until somebody deletes it.
        tags: Its tags, whose values may hold placeholders, sorted by key.
        place: Where the retention is said.
    """

    name: str
    retention_days: int
    tags: tuple[tuple[str, str], ...]
    place: Position


@dataclass(frozen=True)
class WaitRules:
    """How long a teardown waits, and how often it looks.

    Attributes:
        timeout_hours: Hours until a teardown gives up waiting.
        poll_seconds: Seconds between two polls of AWS.
    """

    timeout_hours: float
    poll_seconds: float


@dataclass(frozen=True)
class Environment:
    """The rules for a class of stacks, with everything inherited from the defaults.

    Attributes:
        name: Its name; empty for the rules of stacks that no environment claims.
        stacks: Exact stack names and globs that it claims, in the order of the file.
        accounts: AWS accounts that it claims, in the order of the file.
        skip: The rules that let a cluster go without a final snapshot; none means protected.
        final_snapshot: How final snapshots are named, tagged and kept.
        wait: How long a teardown waits.
        receipts: The folder of the receipts, relative to the project.
        place: Where the environment begins.
        skip_place: Where its `skip` stands; None where it has none.
    """

    name: str
    stacks: tuple[str, ...]
    accounts: tuple[str, ...]
    skip: tuple[SkipRule, ...]
    final_snapshot: FinalSnapshot
    wait: WaitRules
    receipts: str
    place: Position
    skip_place: Position | None = None

    @property
    def protected(self) -> bool:
        """Whether no cluster of it is ever deleted without a final snapshot."""
        return not self.skip


@dataclass(frozen=True)
class Release:
    """A place whose cluster is no longer held to the protection it once had, and why.

    Attributes:
        project: The Pulumi project that was recorded.
        stack: The stack that was recorded, without organisation and project.
        resource: The Pulumi resource's name that was recorded.
        because: The reason, in the words of the policy's author.
        place: Where the entry begins.
    """

    project: str
    stack: str
    resource: str
    because: str
    place: Position


@dataclass(frozen=True)
class Policy:
    """A whole deletion policy.

    Attributes:
        source: The file as it is displayed.
        version: The version of the language it is written in.
        receipts: The folder of the receipts, relative to the project.
        environments: Its environments, in the order of the file.
        unmatched: The rules of a stack that no environment claims: protected, with the defaults.
        released: Places that are released from the protection that sticks to a cluster.
        warnings: What is right in it, and may mean something else than its author thinks.
    """

    source: str
    version: int
    receipts: str
    environments: tuple[Environment, ...]
    unmatched: Environment
    released: tuple[Release, ...] = ()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    def environment(self, name: str) -> Environment | None:
        """Return the environment of that name; the empty name is the unmatched one."""
        if not name:
            return self.unmatched
        return next((environment for environment in self.environments if environment.name == name), None)
