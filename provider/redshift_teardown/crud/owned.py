"""What this provider process knows of generations: who owns one, and which one was just deleted.

Renaming a resource without an alias makes the engine create the new name and then delete the old
one: the same cluster. So a generation that a resource of the program owns is never deleted by another
resource. And a replacement is a delete and then a create of one resource in one process: what is
restored there must be what was just deleted, and no older snapshot.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_teardown.errors import RefusedError

if TYPE_CHECKING:
    from redshift_teardown.teardown.identity import Identity
    from redshift_teardown.teardown.model import SnapshotView

DELETE_FIRST = (
    "have it deleted first, with its final snapshot: opts=pulumi.ResourceOptions(delete_before_replace=True)"
)
"""What to do where `--replace` or a taint asks to replace a cluster: the engine would create first."""

_LOCK = threading.Lock()
_OWNERS: dict[tuple[str, str, str], frozenset[str]] = {}
_DELETED: list[Deleted] = []
_PROGRAM: set[str] = set()
_ADOPTED: set[tuple[tuple[str, str, str], str]] = set()


@dataclass(frozen=True)
class Deleted:
    """A generation that this process deleted.

    Attributes:
        urn: The resource's, as its state recorded it.
        identity: Which one.
        snapshot: Its final snapshot; None where the policy decided to skip it.

    """

    urn: str
    identity: Identity
    snapshot: SnapshotView | None


def note_in_program(urn: str) -> None:
    """Note that the program of this run has a resource: the engine checks those, and no others."""
    with _LOCK:
        _PROGRAM.add(urn)


def is_in_program(urn: str) -> bool:
    """Return whether the program of this run has a resource.

    A destroy and a refresh run no program, and a resource that was taken out is not checked; a delete of one
    that was is one half of a replacement.
    """
    with _LOCK:
        return urn in _PROGRAM


def _key(identity: Identity) -> tuple[str, str, str]:
    return (identity.account_id, identity.region, identity.generation())


def claim(identity: Identity, *urns: str) -> None:
    """Note that a resource of the program owns a generation, under its URN of now and the recorded one."""
    with _LOCK:
        _OWNERS[_key(identity)] = frozenset(urns)


def owner(identity: Identity, urn: str) -> str:
    """Give another resource of this process that owns a generation; empty where there is none."""
    with _LOCK:
        owners = _OWNERS.get(_key(identity), frozenset())
    return "" if urn in owners else min(owners, default="")


def forget(identity: Identity, urn: str, snapshot: SnapshotView | None) -> None:
    """Note that a resource's generation is gone, and what is left of it."""
    with _LOCK:
        _OWNERS.pop(_key(identity), None)
        _DELETED.append(Deleted(urn, identity, snapshot))


def just_deleted(urn: str, account_id: str, region: str, identifier: str) -> Deleted | None:
    """Give the last generation that this process deleted of a resource, or under its cluster's identifier.

    A resource that is replaced in the same step as it gets another name is known by its identifier.
    """
    place = (account_id, region, identifier)
    with _LOCK:
        for each in reversed(_DELETED):
            of = each.identity
            if each.urn == urn or (of.account_id, of.region, of.cluster_identifier) == place:
                return each
    return None


def note_adopted(identity: Identity, urn: str) -> None:
    """Note that a resource took over a generation that was there."""
    with _LOCK:
        _ADOPTED.add((_key(identity), urn))


def was_adopted(identity: Identity, urn: str) -> bool:
    """Tell whether a resource took over this very generation in this run.

    A delete of it can then only be the second half of a replacement that the engine was told to make
    (`--replace`, a taint): it creates before it deletes, and what it created is what was there.
    """
    with _LOCK:
        return (_key(identity), urn) in _ADOPTED


def require_not_anothers(identity: Identity, urn: str) -> None:
    """Refuse to delete a generation that another resource of this process owns.

    Raises:
        RefusedError: another one does; ``aliases`` are named as the way to rename a resource.

    """
    another = owner(identity, urn)
    if not another:
        return
    raise RefusedError(
        f"refused to delete {identity}: resource {another} of this same run owns it now",
        data="the cluster was not touched; nothing is lost",
        next_step="to rename a resource, give the new one its old name: "
        f"opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name={urn.rsplit('::', 1)[-1]!r})]); to let go "
        f"of the old one, run `pulumi state delete '{urn}'`",
    )
