"""The log of calls."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CallLog", "CallRecord", "without_secrets"]

_MOST = 200_000
_SECRET = re.compile(r"password$|secret$|token$", re.IGNORECASE)


@dataclass(frozen=True)
class CallRecord:
    """One call.

    Attributes:
        time: when it came, in the emulator's time, seconds since the epoch.
        account: whose.
        region: where.
        service: ``redshift``, ``sts`` or another.
        operation: its name.
        parameters: as sent, without secrets.
        result: ``ok``, the error code, or ``dropped``.
        status: the HTTP status, 0 for a dropped call.
        fault: the scripted faults that struck it; empty for none.
        took_effect: the operation itself succeeded, whatever the caller was told.
        latency: seconds it took, on the wall.
        agent: the User-Agent it was sent with.
    """

    time: float
    account: str
    region: str
    service: str
    operation: str
    parameters: dict[str, Any]
    result: str
    status: int
    fault: str
    took_effect: bool
    latency: float
    agent: str = ""


class CallLog:
    """The last 200,000 calls. The caller holds the emulator's lock."""

    def __init__(self) -> None:
        self._records: deque[CallRecord] = deque(maxlen=_MOST)

    def add(self, record: CallRecord) -> None:
        """Append a call."""
        self._records.append(record)

    def clear(self) -> None:
        """Forget all calls."""
        self._records.clear()

    def all(self) -> list[CallRecord]:
        """All calls, oldest first."""
        return list(self._records)


def without_secrets(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with every password, secret and token blotted out."""
    return {key: "***" if _SECRET.search(key) else value for key, value in parameters.items()}
