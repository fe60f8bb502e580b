"""A command that runs: who asked for it, and what its provider was shown until now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.histories.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.histories.engine import Run
    from tests.histories.ledger import Deletion, Life
    from tests.histories.owners import Owner
    from tests.histories.process import Engine, Process
    from tests.histories.stacks import Options, Resource
    from tests.teardown.stage import Interruption


@dataclass
class Request:
    """A call of the product's, from when it decided to make it."""

    operation: str
    parameters: dict[str, str]
    gone: bool
    cancelled: bool


@dataclass
class Command:
    """A command that runs.

    Attributes:
        owner: Whose it is.
        engine: Its engine.
        interruptions: What happens meanwhile.
        process: Its provider.
        run: What the engine does; None for a command line.
        options: Its flags.
        partial: Resources stay: it is an ``up``, or has a target.
        file: The policy file when the provider was asked what it is at now.
        polled: The policy file when AWS was asked last what there is.
        resource: What the provider is asked about now.
        urn: The URN of that, also where it does not exist yet.
        goals: What its program declares, by URN.
        seen: What its provider saw of a name: the life it had, and the tags.
        ending: Lives that it was shown while they were being deleted.
        wrote: The claim that it wrote last.
        back: Since when it was shown such a one alive again.
        alive: Lives that an answer showed alive, though a deletion of theirs was accepted, and to which verb.
        refused: Lives that a create of this run was refused for.
        ended: Lives that this run deleted.
        sent: Deletions that it sent and AWS accepted.
        replaced: Those of them that it deleted to replace them, each with the rules it went by.
        disturbed: Somebody else did something while it ran.

    """

    owner: Owner
    engine: Engine
    interruptions: Sequence[Interruption]
    process: Process
    run: Run | None = None
    options: Options | None = None
    file: Rules = field(default_factory=lambda: Rules(None))
    polled: Rules | None = None
    resource: Resource | None = None
    urn: str = ""
    goals: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, tuple[Life | None, dict[str, str]]] = field(default_factory=dict)
    ending: set[Life] = field(default_factory=set)
    wrote: str = ""
    back: dict[Life, float] = field(default_factory=dict)
    alive: dict[Life, str] = field(default_factory=dict)
    refused: set[Life] = field(default_factory=set)
    ended: set[Life] = field(default_factory=set)
    sent: list[Deletion] = field(default_factory=list)
    replaced: dict[Life, list[Rules]] = field(default_factory=dict)
    request: Request | None = None
    disturbed: bool = False
    partial: bool = False
    right_place: bool = True
    file_at_start: Rules = field(default_factory=lambda: Rules(None))
