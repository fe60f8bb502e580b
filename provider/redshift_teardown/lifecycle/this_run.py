"""What is known of this run: which resources the program of this run has, and which clusters they own.

Renaming a resource without an alias makes the engine create the new name and then delete the old one: the
same cluster. So a generation that a resource of the program owns is never deleted by another resource. A
replacement is a delete and a create of one resource in one process: what is restored there must be what was
just deleted, and no older snapshot. What must be known in later runs stands in AWS (see `teardown.claim`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.errors import FinalRefusalError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import SnapshotView

DELETE_FIRST = (
    "have it deleted first, with its final snapshot: opts=pulumi.ResourceOptions(delete_before_replace=True)"
)
"""What to do where `--replace` or a taint asks to replace a cluster: the engine would create first."""


@dataclass(frozen=True)
class Owner:
    """A resource of this run, and the state of it that owns a generation.

    Attributes:
        identity: The generation.
        now: Its URN of now.
        urns: That, and the recorded one.
        claim: The claim in that state; empty for none.
        settled: Whether this run created, adopted or changed it: it replaces it by nothing, then.

    """

    identity: Identity
    now: str
    urns: frozenset[str]
    claim: str
    settled: bool = False


@dataclass(frozen=True)
class Deleted:
    """A generation that this process deleted.

    Attributes:
        urns: The resource's, as its state recorded it, and as this run has it.
        identity: Which one.
        snapshot: Its final snapshot; None where the policy decided to skip it.

    """

    urns: frozenset[str]
    identity: Identity
    snapshot: SnapshotView | None


GenerationKey = tuple[str, str, str]


def _key(identity: Identity) -> GenerationKey:
    return (identity.account_id, identity.region, identity.generation())


# --- the program of this run ---


def note_program(urn: str, inputs: Mapping[str, Any]) -> None:
    """Note that the program of this run has a resource, and what it says of it.

    Only ``check`` may tell: a refresh calls ``diff`` for resources that no program has, and a forced
    replacement calls none.
    """
    with process.run_lock:
        process.program[urn] = inputs


def is_in_program(urn: str) -> bool:
    """Return whether the program of this run has a resource.

    A destroy and a refresh run no program, and a resource that was taken out is not checked; a delete of one
    that was is one half of a replacement.
    """
    with process.run_lock:
        return urn in process.program


def checked_before(urn: str) -> Mapping[str, Any]:
    """Return the inputs of a resource that this run has checked already; nothing where it has not."""
    with process.run_lock:
        return process.program.get(urn, {})


def program_of(urn: str, means: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any] | None:
    """Return what the program of this run says of a resource; None where it does not have it.

    Args:
        urn: The recorded one.
        means: Returns whether inputs mean the recorded cluster: a resource that gets another name in the
            same step is known by that.

    """
    with process.run_lock:
        if urn in process.program:
            return process.program[urn]
        return next((each for each in process.program.values() if means(each)), None)


def note_protection(urn: str, protection: Mapping[str, Any]) -> None:
    """Note the output ``protection`` that a resource keeps in this run, whatever cluster replaces its own."""
    with process.run_lock:
        process.protections[urn] = protection


def protection_of(urn: str) -> Mapping[str, Any] | None:
    """Return the output ``protection`` that a resource keeps in this run; None where nobody judged it."""
    with process.run_lock:
        return process.protections.get(urn)


def note_reviewed(urn: str) -> None:
    """Note that a replacement of a resource was judged by ``diff``: it was not merely asked for."""
    with process.run_lock:
        process.reviewed.add(urn)


def was_reviewed(urn: str) -> bool:
    """Return whether a replacement of a resource was judged by ``diff`` in this run."""
    with process.run_lock:
        return urn in process.reviewed


# --- who owns what ---


def claim(
    identity: Identity, urn: str, recorded: str = "", *, claim: str = "", settled: bool = False
) -> None:
    """Note that a resource of this run owns a generation, under its URN of now and the recorded one."""
    with process.run_lock:
        urns = frozenset({urn, recorded or urn})
        process.owners[_key(identity)] = Owner(identity, urn, urns, claim, settled)


def note_created(identity: Identity, urn: str, claim: str) -> None:
    """Note that this run created, restored or adopted a generation for a resource."""
    with process.run_lock:
        process.owners[_key(identity)] = Owner(identity, urn, frozenset({urn}), claim, settled=True)
        process.adopting.pop(_key(identity), None)


def reserve(identity: Identity, urn: str) -> str:
    """Reserve a generation for a resource that adopts it, until `note_created` or `keep_out`.

    Returns:
        Another resource of this run's program that owns it, or adopts it now: nothing is reserved then.

    """
    with process.run_lock:
        another = _another(identity, urn)
        if not another:
            process.adopting[_key(identity)] = urn
        return another


def second_of(urn: str, identity: Identity) -> Identity | None:
    """Return another generation than the given one that this run's program has for a resource."""
    with process.run_lock:
        own = process.owners.get(_key(identity))
        now = own.now if own is not None else urn
        others = (each for key, each in process.owners.items() if key != _key(identity))
        return next((each.identity for each in others if each.now == now and now in process.program), None)


def holder(identity: Identity) -> Owner | None:
    """Return the resource of this run's program that owns a generation; None for none."""
    with process.run_lock:
        return _holder(identity)


def _holder(identity: Identity) -> Owner | None:
    found = process.owners.get(_key(identity))
    return found if found is not None and found.urns & process.program.keys() else None


def owner(identity: Identity, urn: str) -> str:
    """Return another resource of this run's program that owns a generation, or adopts it; empty for none."""
    with process.run_lock:
        return _another(identity, urn)


def _another(identity: Identity, urn: str) -> str:
    found, adopting = _holder(identity), process.adopting.get(_key(identity), urn)
    if found is not None and urn not in found.urns:
        return min(found.urns)
    return adopting if adopting != urn else ""


def has_one(urn: str) -> bool:
    """Return whether a resource is known to have a cluster: what is checked anew then is its replacement."""
    with process.run_lock:
        return any(each.now == urn for each in process.owners.values())


def keep_out(identity: Identity, urn: str) -> None:
    """Note that a create for a resource met a generation and was refused: nobody deletes it in this run."""
    with process.run_lock:
        process.kept_out[_key(identity)] = urn
        if process.adopting.get(_key(identity)) == urn:
            del process.adopting[_key(identity)]


def require_not_anothers(identity: Identity, urn: str) -> None:
    """Refuse to delete a generation that another resource of this run owns, or was refused.

    Raises:
        RefusedError: another one does; ``aliases`` are named as the way to rename a resource.

    """
    another = owner(identity, urn)
    with process.run_lock:
        refused = process.kept_out.get(_key(identity), "")
    alias = (
        "to rename a resource, give the new one its old name: "
        f"opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name={urn.rsplit('::', 1)[-1]!r})])"
    )
    if another:
        raise FinalRefusalError(
            f"refused to delete {identity}: resource {another} of this same run owns it now",
            data="the cluster was not touched; nothing is lost",
            next_step=alias,
        )
    if refused:
        raise RefusedError(
            f"refused to delete {identity}: in this same run a create of {refused} met it and was refused",
            data="the cluster was not touched; nothing is lost",
            next_step=f"{alias}; else settle that create first, then run `pulumi up` again",
        )


# --- what was deleted ---


def forget(identity: Identity, urn: str, snapshot: SnapshotView | None) -> None:
    """Note that a resource's generation is gone, and what is left of it."""
    with process.run_lock:
        own = process.owners.pop(_key(identity), None)
        urns = own.urns if own is not None and urn in own.urns else frozenset()
        process.deleted.append(Deleted(urns | {urn}, identity, snapshot))


def just_deleted(urn: str, account_id: str, region: str, identifier: str) -> Deleted | None:
    """Return the last generation that this process deleted of a resource, or under its cluster's identifier.

    A resource that is replaced in the same step as it gets another name is known by its identifier.
    """
    place = (account_id, region, identifier)
    with process.run_lock:
        for each in reversed(process.deleted):
            of = each.identity
            if urn in each.urns or (of.account_id, of.region, of.cluster_identifier) == place:
                return each
    return None


def is_news(urn: str, text: str) -> bool:
    """Return whether this process tells something of a resource for the first time."""
    with process.run_lock:
        told = (urn, text) in process.told
        process.told.add((urn, text))
        return not told
