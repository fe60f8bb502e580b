"""What the engine says with a call and the SDK does not hand on: old inputs and ``ignore_changes``.

Semi-private: the SDK's server holds the request in a local variable of the frame that calls the provider.
Where it does not, nothing is known, and nothing fails.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

_REQUESTS = {"DiffRequest": "old_inputs", "UpdateRequest": "old_inputs", "ReadRequest": "inputs"}
"""The requests that are looked for, and the field of each that holds the old inputs."""
_FRAMES = 12


@dataclass(frozen=True)
class Asked:
    """What one call was asked with.

    Attributes:
        old_inputs: The inputs in the state; None where they are not known.
        ignored: The paths of ``ignore_changes``, those of transformations among them.

    """

    old_inputs: Mapping[str, Any] | None = None
    ignored: tuple[str, ...] = ()


def asked() -> Asked:
    """Return what the call was asked with whose thread this is."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - there is no public way to the request
    for _ in range(_FRAMES):
        if frame is None:
            break
        request = frame.f_locals.get("request")
        field = _REQUESTS.get(str(getattr(getattr(request, "DESCRIPTOR", None), "name", "")))
        if request is not None and field is not None:
            return _of(request, field)
        frame = frame.f_back
    return Asked()


def _of(request: Any, field: str) -> Asked:
    from pulumi.runtime import rpc  # noqa: PLC0415 - loaded by then; here only where a request is

    inputs = None
    if request.HasField(field):
        inputs = rpc.deserialize_properties(getattr(request, field), keep_unknowns=True)
    return Asked(inputs or None, tuple(getattr(request, "ignoreChanges", ())))
