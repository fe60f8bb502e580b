"""Which generations this provider process created, adopted or still owns, and for which resource.

Renaming a resource without an alias makes the engine create the new name and then delete the old
one: the same cluster. A generation that another resource of this process owns is never deleted.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from redshift_teardown.errors import RefusedError

if TYPE_CHECKING:
    from redshift_teardown.teardown.identity import Identity

_LOCK = threading.Lock()
_OWNERS: dict[tuple[str, str, str], str] = {}


def _key(identity: Identity) -> tuple[str, str, str]:
    return (identity.account_id, identity.region, identity.generation())


def claim(identity: Identity, urn: str) -> None:
    """Note that a resource owns a generation now."""
    with _LOCK:
        _OWNERS[_key(identity)] = urn


def forget(identity: Identity) -> None:
    """Note that a generation is gone."""
    with _LOCK:
        _OWNERS.pop(_key(identity), None)


def require_not_anothers(identity: Identity, urn: str) -> None:
    """Refuse to delete a generation that another resource of this process owns.

    Raises:
        RefusedError: another one does; ``aliases`` are named as the way to rename a resource.

    """
    with _LOCK:
        owner = _OWNERS.get(_key(identity))
    if owner is None or owner == urn:
        return
    raise RefusedError(
        f"refused to delete {identity}: resource {owner} of this same run owns it now",
        data="the cluster was not touched; nothing is lost",
        next_step="to rename a resource, give the new one its old name: "
        f"opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name={urn.rsplit('::', 1)[-1]!r})]); to let go "
        f"of the old one, run `pulumi state delete '{urn}'`",
    )
