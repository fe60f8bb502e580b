"""A stack as the engine has it: what its program declares, its state, and how a command on it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TYPE = "pulumi-python:dynamic/redshift:Cluster"


@dataclass
class Stack:
    """How a stack is called."""

    name: str = "live"
    project: str = "shop"

    def urn(self, resource: str) -> str:
        """Return the URN of a cluster of this stack."""
        return f"urn:pulumi:{self.name}::{self.project}::{TYPE}::{resource}"


@dataclass
class Goal:
    """A resource as the program has it."""

    name: str
    inputs: dict[str, Any]
    aliases: tuple[str, ...] = ()
    delete_before_replace: bool = False


@dataclass
class Resource:
    """A resource as the state has it.

    Attributes:
        urn: Its URN.
        inputs: Its inputs.
        outputs: Its outputs.
        twin: ``delete: true``: it was replaced, and is still to be deleted.
        note: Whatever the test remembers of it; handed on while it is the same resource.

    """

    urn: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    twin: bool = False
    note: Any = None


@dataclass
class Backend:
    """A stack's state.

    Attributes:
        resources: What it holds.
        config: The configuration of the last ``up``, kept with the default provider also where it failed.
        pending: Operations that were begun and not ended: verb and URN.

    """

    resources: list[Resource] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    pending: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Options:
    """The flags of a command."""

    refresh: bool = False
    replace: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    continue_on_error: bool = False
    neighbour: str = ""
    """Where another resource of the same run fails: ``first``, or ``last``, after everything was created."""


@dataclass
class Told:
    """How a run ended.

    Attributes:
        how: ``done``, ``failed``, ``died`` (the provider did) or ``gone`` (the engine did).
        errors: What failed, in words.
        did: The steps that ended well: ``create``, ``update``, ``replace``, ``delete``, ``drop``, ``same``.

    """

    how: str = "done"
    errors: list[str] = field(default_factory=list)
    did: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        """All that it said."""
        return "\n".join(self.errors)
