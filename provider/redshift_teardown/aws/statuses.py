"""What a cluster's status means for a teardown.

``ClusterStatus`` is an open set: AWS shows statuses that its own documentation does not list
(``pausing``, ``resuming``), and the states in which DeleteCluster is allowed are named after
internal lifecycles, not statuses. So only what is known to be refused is waited for; with
anything else DeleteCluster is tried, and AWS's own answer decides. The try is safe: it always
says what is to become of the final snapshot.
"""

from __future__ import annotations

from enum import Enum

PAUSED = "paused"

ENDING = frozenset({"final-snapshot", "deleting"})
"""A deletion is under way."""

BUSY = frozenset(
    {
        "available, prep-for-resize",
        "available, resize-cleanup",
        "cancelling-resize",
        "creating",
        "modifying",
        "pausing",
        "rebooting",
        "renaming",
        "resizing",
        "restoring",
        "resuming",
        "rotating-keys",
        "updating-hsm",
    }
)
"""An operation is running that ends by itself; DeleteCluster answers InvalidClusterState."""


_ALIVE = BUSY | {"available", PAUSED, "storage-full"}
_TROUBLED = ("hardware-failure", "incompatible-")


class Phase(str, Enum):
    """Where a cluster stands in its life, as far as deleting it goes."""

    ENDING = "ending"
    BUSY = "busy"
    DELETABLE = "deletable"


def phase(status: str) -> Phase:
    """Sort a ClusterStatus, known or not, into what can be done about it."""
    status = status.strip().lower()
    if status in ENDING:
        return Phase.ENDING
    if status in BUSY:
        return Phase.BUSY
    return Phase.DELETABLE


def is_surely_alive(status: str) -> bool:
    """Return whether a ClusterStatus is one that no cluster has while it is being deleted.

    One that nobody knows may be a phase of a deletion: it is tried, but is no sign that the cluster lives on.
    """
    status = status.strip().lower()
    return status in _ALIVE or status.startswith(_TROUBLED)
