"""The snapshot that a program names: looked up, and held against what the program says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.lifecycle.context import Session


FIXED_BY_SNAPSHOT = {"database_name": "DBName", "master_username": "MasterUsername"}
"""What a restored cluster has from its snapshot: the argument, and the member that shows it."""


def find_named(session: Session, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Look for the snapshot that the program names; None where it names none.

    Raises:
        RefusedError: it is not there, or its cluster would not be what the program says.

    """
    named = named_parameters(arguments, LOOKED_UP)
    if "SnapshotIdentifier" not in named and "SnapshotArn" not in named:
        return None
    name = named.get("SnapshotIdentifier") or named["SnapshotArn"]
    found = session.calls.describe_snapshot(**named)
    if found is None:
        raise RefusedError(
            f"there is no snapshot {name} in {session.aws.region}"
            + (f" shared by account {named['OwnerAccount']}" if "OwnerAccount" in named else ""),
            data="nothing was created",
            next_step="name one that is there: `aws redshift describe-cluster-snapshots`",
        )
    require_usable(found, arguments)
    return found


LOOKED_UP = (
    ("snapshot_identifier", "SnapshotIdentifier"),
    ("snapshot_arn", "SnapshotArn"),
    ("owner_account", "OwnerAccount"),
)


_RESTORED = (*LOOKED_UP, ("snapshot_cluster_identifier", "SnapshotClusterIdentifier"))


def named_parameters(
    arguments: Mapping[str, Any], among: tuple[tuple[str, str], ...] = _RESTORED
) -> dict[str, str]:
    """Return what AWS is told of the snapshot that a program names; nothing where it names none."""
    return {parameter: str(arguments[name]) for name, parameter in among if arguments.get(name) is not None}


def require_usable(found: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Refuse a snapshot whose cluster would not be what the program says: the next `up` would replace it."""
    for name, member in FIXED_BY_SNAPSHOT.items():
        given, kept = arguments.get(name), found.get(member)
        if given is None or kept is None or str(given).lower() == str(kept).lower():
            continue
        raise RefusedError(
            f"snapshot {found['SnapshotIdentifier']} has {name} {kept!r}, which no restore can change to "
            f"{given!r}",
            data="nothing was created; that snapshot was not touched",
            next_step=f"set {name}={kept!r}, or leave it out",
        )
