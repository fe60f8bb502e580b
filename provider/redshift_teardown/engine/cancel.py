"""Cancel, which the engine calls at one Ctrl-C. Semi-private to Pulumi's SDK, and in this module alone.

The SDK's dynamic provider answers ``Cancel`` and does nothing, and gRPC bound that method when the server
started, before our code was loaded: to replace the attribute changes nothing, but the code of the function
can be replaced. Without it a cancelled operation goes on until it is done or its engine is gone; the rest
still holds.
The engine calls Cancel at the normal end of every run, too, when nothing is under way any more.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from redshift_teardown import process

if TYPE_CHECKING:
    from types import FunctionType

_SERVER = "pulumi.dynamic.__main__"


def cancelled() -> bool:
    """Return whether the operator cancelled what this process is at."""
    return process.cancelled.is_set()


def note() -> None:
    """Note that the operator cancelled."""
    process.cancelled.set()


def listen() -> bool:
    """Have ``Cancel`` of the SDK's server noted here; to be called in the server's own process.

    Returns:
        Whether it is; False where the SDK is not as it is known.

    """
    server = sys.modules.get("__main__")
    spec = getattr(server, "__spec__", None)
    if spec is None or spec.name != _SERVER:
        return False
    return replace_cancel(getattr(server, "DynamicResourceProviderServicer", None))


def replace_cancel(servicer: Any) -> bool:
    """Replace the code of a servicer's ``Cancel``; return whether that could be done."""
    method: FunctionType | None = getattr(servicer, "Cancel", None)
    code = getattr(method, "__code__", None)
    if method is None or code is None or code.co_freevars or code.co_argcount != _cancel.__code__.co_argcount:
        return False
    if "empty_pb2" not in method.__globals__:
        return False
    method.__code__ = _cancel.__code__
    return True


def _cancel(self: Any, request: Any, context: Any) -> Any:  # noqa: ARG001 - a servicer's method
    """Note it, and answer as the SDK does. It runs among the SDK's globals, so it imports what it needs."""
    from redshift_teardown.engine import cancel  # noqa: PLC0415, PLW0406 - see above

    cancel.note()
    return empty_pb2.Empty()  # type: ignore[name-defined]  # noqa: F821 - a global of the SDK's module
