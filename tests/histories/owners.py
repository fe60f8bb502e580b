"""The stacks of one account: what the program of each says, and what its state holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.histories.rules import CLUSTER, SEED
from tests.histories.stacks import Backend, Goal, Resource, Stack

if TYPE_CHECKING:
    from tests.histories.ledger import Life
    from tests.histories.rules import Rules

PASSWORD = "Correct-Horse-1"
_SAYS_HOW = ("name", "aliased", "absent", "annex", "delete_first")


@dataclass
class Note:
    """What is known of a resource in the state.

    Attributes:
        life: The life it stands for.
        recorded: What the policy file came to at its last successful ``up``.
        held: The place by which a protected environment holds it; empty for none.
        source: The snapshot that its program named then, however it was written; empty for none.
        database: The name of the database, where its program asked for one then.
        since: Since when that is recorded of the policy, in seconds since the epoch.

    """

    life: Life
    recorded: Rules
    held: str = ""
    source: str = ""
    database: str = ""
    since: float = 0.0


@dataclass(eq=False)
class Owner:
    """One stack: its program, its configuration and its state.

    Attributes:
        stack: How it is called.
        program: The arguments of its cluster; and under the names in `_SAYS_HOW`, how it is declared.
        environment: The environment that its configuration names.
        former: The name that the cluster's resource had before, where the program tells of it.

    """

    stack: Stack
    program: dict[str, Any]
    environment: str = ""
    backend: Backend = field(default_factory=Backend)
    former: str = ""

    @staticmethod
    def first() -> Owner:
        """The stack of every history."""
        return Owner(Stack("live"), _program())

    @staticmethod
    def second() -> Owner:
        """Another stack, whose program takes over the very cluster of the first."""
        return Owner(Stack("second"), {**_program(), "adopt_existing": True})

    def goals(self) -> list[Goal]:
        """What the program declares."""
        found = [] if self.program.get("absent") else [self._goal(str(self.program["name"]), {})]
        if self.program.get("annex"):
            own = {"cluster_identifier": "annex", "restore_final_snapshot": None, "snapshot_identifier": None}
            found.append(self._goal("annex", {**own, "snapshot_arn": None}))
        return found

    def _goal(self, name: str, own: dict[str, Any]) -> Goal:
        said = {key: value for key, value in {**self.program, **own}.items() if key not in _SAYS_HOW}
        inputs = {
            "node_type": "ra3.xlplus",
            "master_username": "admin",
            "master_password": PASSWORD,
            **{key: value for key, value in said.items() if value is not None},
            "urn": self.stack.urn(name),
        }
        aliases = (self.former,) if self.former and self.program.get("aliased") and not own else ()
        return Goal(name, inputs, aliases, bool(self.program.get("delete_first")))

    def rename(self, to: str) -> None:
        """``pulumi stack rename``: the URNs of the state change, and nothing else in it."""
        old = self.stack
        self.stack = Stack(to, old.project)
        for resource in self.backend.resources:
            self.take(resource, old)

    def take(self, resource: Resource, of: Stack) -> None:
        """Give a resource of another stack's a URN of this one."""
        resource.urn = resource.urn.replace(f"urn:pulumi:{of.name}::", f"urn:pulumi:{self.stack.name}::", 1)


def source_of(inputs: dict[str, Any], restored: str) -> str:
    """The snapshot that inputs name, however they write it; ``restored`` is what a restore began with."""
    if inputs.get("restore_final_snapshot"):
        return restored
    arn, name = str(inputs.get("snapshot_arn") or ""), str(inputs.get("snapshot_identifier") or "")
    return (arn.rpartition("/")[2] or name).lower()


def _program() -> dict[str, Any]:
    return {
        "name": CLUSTER,
        "cluster_identifier": CLUSTER,
        "number_of_nodes": 2.0,
        "tags": {"ephemeral": "true"},
    }


__all__ = ["PASSWORD", "SEED", "Note", "Owner", "source_of"]
