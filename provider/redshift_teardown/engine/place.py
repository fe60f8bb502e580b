"""Where a resource is, as the engine says it. Semi-private to Pulumi, so one module, and never a failure.

The SDK hands a dynamic provider the inputs alone, and whatever is in them a program can have written: a
transform may say that a cluster of ``prod`` is one of ``dev``. The engine itself names the resource in each
of its requests, and the stack when it is asked for its root. That goes before what inputs say.

``PULUMI_STACK`` of this process is no such word: it is the operator's own variable, and ``--stack`` beats it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.engine.progress import root_resource
from redshift_teardown.engine.urn import Urn, UrnError
from redshift_teardown.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType


@dataclass(frozen=True)
class Place:
    """What the engine says of the resource at hand.

    Attributes:
        stack: The stack; empty where the engine does not say.
        project: The project; likewise.
        urn: The resource's URN; empty where only the stack is known.
    """

    stack: str = ""
    project: str = ""
    urn: str = ""

    @classmethod
    def of(cls, urn: str) -> Place:
        """Return the place of a resource that the engine's own state names so."""
        named = _parsed(urn)
        return cls(named.stack, named.project, named.text) if named is not None else cls()

    @property
    def known(self) -> bool:
        """Whether the engine says which stack this is."""
        return bool(self.stack)


def told() -> Place:
    """Return what the engine says of the resource whose request this thread answers."""
    requested = _requested()
    if _parsed(requested) is not None:
        return Place.of(str(requested))
    root = _parsed(root_resource())
    return Place(root.stack, root.project) if root is not None else Place()


def in_place(inputs: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return inputs with the URN that the engine says is the resource's.

    Args:
        inputs: What the program gave.
        place: What the engine says.

    Raises:
        RefusedError: The inputs say that it is in another stack or project.

    """
    claimed = _parsed(inputs.get("urn"))
    if (
        place.known
        and claimed is not None
        and (claimed.stack, claimed.project) != (place.stack, place.project)
    ):
        raise RefusedError(
            f"the program says that this resource is in stack {claimed.stack} of project {claimed.project} "
            f"({claimed}), and the engine says it is in stack {place.stack} of {place.project}",
            data="nothing was touched",
            next_step="look for what sets `urn` among this resource's properties, such as a transform, and "
            "take it out: a resource goes by the policy of its own stack",
        )
    return {**inputs, "urn": place.urn} if place.urn else dict(inputs)


def _parsed(text: object) -> Urn | None:
    if not isinstance(text, str):
        return None
    try:
        return Urn.parse(text)
    except UrnError:
        return None


def _requested() -> object:
    """Find the request that the SDK's server answers in this very thread, and the URN in it."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - there is no public way to it
    while frame is not None:
        if "context" in frame.f_locals:
            urn = getattr(frame.f_locals.get("request"), "urn", None)
            if urn:
                return urn
        frame = frame.f_back
    return None
