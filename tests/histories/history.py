"""A history: what happens, in order, and the faults that AWS can have in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.faults import FAULTS as OF_AWS

if TYPE_CHECKING:
    from tests.histories.rules import Action

FAULTS: dict[str, dict[str, Any]] = {
    **OF_AWS,
    "busy": {"code": "InvalidClusterState", "message": "There is an operation running on the Cluster."},
}


@dataclass
class History:
    """What happens.

    Attributes:
        profile: ``honest`` (nothing goes wrong), ``kills`` (only engines and providers end) or ``wild``.
        policy: The policy file it begins with.
        actions: In order.

    """

    profile: str
    policy: str
    actions: list[Action]

    def __str__(self) -> str:
        """Write it so that it can be pasted into a test."""
        lines = "".join(f"    {action!r},\n" for action in self.actions)
        return f"History({self.profile!r}, {self.policy!r}, [\n{lines}])"
