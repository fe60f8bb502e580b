"""Which snapshot a cluster began with, and whether a program names that very one. Pure.

AWS takes a snapshot by its identifier, in any case of letters, or by its ARN, with or without the cluster it
was taken of and the account that owns it. All of them in other words are the same snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("snapshot_identifier", "snapshot_arn", "snapshot_cluster_identifier", "owner_account")
"""The arguments that name a snapshot to restore from."""
BEGAN_EMPTY = "empty"
"""Recorded of a cluster that was created without a snapshot."""
_ARN_PARTS = 7


@dataclass(frozen=True)
class Named:
    """A snapshot as it was named.

    Attributes:
        name: The snapshot's identifier, in lower case, as AWS holds it.
        owner: The account that owns it.
        cluster: The cluster it was taken of, in lower case; empty where that was not said.

    """

    name: str
    owner: str
    cluster: str = ""

    def is_the_same(self, other: Named) -> bool:
        """Return whether both are one snapshot; its name is unique in an account and region."""
        return (self.name, self.owner) == (other.name, other.owner) and (
            not self.cluster or not other.cluster or self.cluster == other.cluster
        )


def named_by(arguments: Mapping[str, Any], account_id: str) -> Named | None:
    """Return the snapshot that arguments name; None where they name none, or not a known one.

    Args:
        arguments: Coerced values by name.
        account_id: The account that is meant where none is named.

    """
    name, arn, cluster, owner = (arguments.get(argument) for argument in NAMES)
    if isinstance(arn, str):
        found = of_arn(arn)
        if found is not None and isinstance(cluster, str) and cluster.lower() != found.cluster:
            return Named(found.name, found.owner, cluster.lower())
        return found
    if not isinstance(name, str):
        return None
    said = cluster.lower() if isinstance(cluster, str) else ""
    return Named(name.lower(), owner if isinstance(owner, str) else account_id, said)


def of_arn(arn: str) -> Named | None:
    """Return the snapshot of an ARN ``arn:aws:redshift:REGION:ACCOUNT:snapshot:CLUSTER/NAME``."""
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or parts[5] != "snapshot" or "/" not in parts[6]:
        return None
    cluster, _, name = parts[6].partition("/")
    return Named(name.lower(), parts[4], cluster.lower())


def began_with(
    outputs: Mapping[str, Any], arguments: Mapping[str, Any], account_id: str
) -> Named | str | None:
    """Return the snapshot that a recorded cluster began with.

    Args:
        outputs: The stored outputs.
        arguments: The arguments in them, coerced.
        account_id: The recorded account.

    Returns:
        The snapshot; ``BEGAN_EMPTY`` for a cluster that was created without one; None where it is not known,
        as in a state of an older version whose program names no snapshot.

    """
    recorded = outputs.get("restored_from")
    if recorded == BEGAN_EMPTY:
        return BEGAN_EMPTY
    if isinstance(recorded, str):
        return of_arn(recorded)
    return named_by(arguments, account_id)
