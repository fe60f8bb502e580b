"""What is known of this run: which resources the program of this run has, and which clusters they own.

A resource has several names in one run: its URN of now, the one that it had at the last ``up``, and that in
the state, which a renaming of the stack rewrites. They are one resource's here, wherever it is asked for.

Renaming a resource without an alias makes the engine create the new name and then delete the old one: the
same cluster. So a generation that a resource of the program owns is never deleted by another resource. A
replacement is a delete and a create of one resource in one process: what is restored there must be what was
just deleted, and no older snapshot. What must be known in later runs stands in AWS (see `teardown.claim`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.engine.urn import Urn, UrnError
from redshift_teardown.errors import FinalRefusalError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
        now: The resource of the program that it is replaced for; empty where none was known when it was
            deleted.
        urns: The resource's, as its state recorded it and as the engine named it.
        identity: Which one.
        snapshot: Its final snapshot; None where the policy decided to skip it.

    """

    now: str
    urns: frozenset[str]
    identity: Identity
    snapshot: SnapshotView | None

    @property
    def left(self) -> str:
        """Where its data is, in words."""
        if self.snapshot is None:
            return "there is no final snapshot of it, as its policy says"
        return f"its data is in final snapshot {self.snapshot.identifier}"


GenerationKey = tuple[str, str, str]


def _key(identity: Identity) -> GenerationKey:
    return (identity.account_id, identity.region, identity.generation())


# --- the program of this run ---


def note_program(urn: str, inputs: Mapping[str, Any], former: str = "") -> None:
    """Note that the program of this run has a resource, and what it says of it.

    Only ``check`` may tell: a refresh calls ``diff`` for resources that no program has, and a forced
    replacement calls none.

    Args:
        urn: Its URN of now.
        inputs: The checked inputs.
        former: What it was called at the last ``up``; empty where the engine gives no old inputs.

    """
    with process.run_lock:
        process.program[urn] = inputs
    note_former(urn, former)


def note_former(urn: str, former: str) -> None:
    """Note what a resource of this run was called before: in its stack of then, and in the one of now."""
    if not former:
        return
    with process.run_lock:
        before = process.former.get(urn, ())
        process.former[urn] = tuple(dict.fromkeys((*before, former, _moved(former, urn))))


def _moved(former: str, urn: str) -> str:
    """Return a former URN as a state has it whose stack was renamed since: in the stack of now."""
    try:
        was, now = Urn.parse(former), Urn.parse(urn)
    except UrnError:
        return former
    return former.replace(
        f"urn:pulumi:{was.stack}::{was.project}::", f"urn:pulumi:{now.stack}::{now.project}::", 1
    )


def names_of(urn: str) -> frozenset[str]:
    """Return every URN that a resource of this run is known to have, or to have had."""
    with process.run_lock:
        return frozenset({urn, *process.former.get(urn, ())})


def in_state(urn: str, recorded: str) -> str:
    """Return the URN by which the engine finds a resource in the state until this `up` is done.

    Args:
        urn: Its URN of now.
        recorded: The one in the outputs.

    """
    with process.run_lock:
        former = process.former.get(urn, ())
    return _moved(former[0] if former else recorded, urn)


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


def resource_of(urn: str, means: Callable[[Mapping[str, Any]], bool]) -> str:
    """Return the resource of this run's program that a state is of; empty where the program has none.

    Args:
        urn: The state's: the engine's word for it, or the recorded one where the engine says nothing.
        means: Returns whether inputs mean the recorded cluster: asked where no name tells.

    """
    with process.run_lock:
        if urn in process.program and urn in process.former.get(urn, (urn,)):
            return urn
        known = (each for each in process.program if urn in process.former.get(each, ()))
        meant = (each for each, inputs in process.program.items() if means(inputs))
        return next(known, "") or (urn if urn in process.program else next(meant, ""))


def note_protection(urn: str, protection: Mapping[str, Any]) -> None:
    """Note the output ``protection`` that a resource keeps in this run, whatever cluster replaces its own."""
    with process.run_lock:
        process.protections[urn] = protection


def protection_of(urn: str) -> Mapping[str, Any] | None:
    """Return the output ``protection`` that a resource keeps in this run; None where nobody judged it."""
    with process.run_lock:
        return process.protections.get(urn)


def note_reviewed(urn: str, identity: Identity) -> None:
    """Note that ``diff`` judged the replacement of a resource's generation: it was not merely asked for."""
    with process.run_lock:
        process.reviewed[urn] = identity


def was_reviewed(identity: Identity) -> bool:
    """Return whether the replacement of a generation was judged by ``diff`` in this run."""
    with process.run_lock:
        return any(_key(each) == _key(identity) for each in process.reviewed.values())


def reviewed(urn: str) -> Identity | None:
    """Return the generation of a resource whose replacement was judged in this run; None for none."""
    with process.run_lock:
        return process.reviewed.get(urn)


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
    """Return another generation than the given one that this run has for a resource of its program."""
    with process.run_lock:
        others = (each for key, each in process.owners.items() if key != _key(identity))
        return next((each.identity for each in others if each.now == urn), None)


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


def alias_of(urn: str) -> str:
    """Return how a program says that a resource is an old one: by its whole URN, parents included."""
    return f'opts=pulumi.ResourceOptions(aliases=["{urn}"])'


def require_not_anothers(identity: Identity, urn: str, in_state: str = "") -> None:
    """Refuse to delete a generation that another resource of this run owns, or was refused.

    Args:
        identity: The generation.
        urn: The resource's, as its state recorded it.
        in_state: The same, as the engine names it; empty where that is not known.

    Raises:
        RefusedError: another one does; ``aliases`` are named as the way to rename a resource.

    """
    another = owner(identity, urn)
    with process.run_lock:
        refused = process.kept_out.get(_key(identity), "")
    alias = f"to rename or move a resource, give the new one its old URN: {alias_of(in_state or urn)}"
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


def forget(identity: Identity, now: str, urns: Iterable[str], snapshot: SnapshotView | None) -> None:
    """Note that a resource's generation is gone, and what is left of it; see `Deleted`."""
    with process.run_lock:
        own, names = process.owners.pop(_key(identity), None), frozenset(urns) - {""}
        known = own.urns if own is not None and own.urns & names else frozenset()
        process.deleted.append(Deleted(now, names | known, identity, snapshot))


def deletion_of(identity: Identity) -> Deleted | None:
    """Return what this process deleted of exactly this generation; None for nothing."""
    with process.run_lock:
        return next((each for each in process.deleted if _key(each.identity) == _key(identity)), None)


def just_deleted(urn: str, account_id: str, region: str, identifier: str) -> Deleted | None:
    """Return the last generation that this process deleted of a resource, by whatever name of it.

    What was deleted before its program was known is told by the names that it was deleted under, or by its
    cluster's identifier.
    """
    place, names = (account_id, region, identifier), names_of(urn)
    with process.run_lock:
        last = process.deleted[::-1]
    nobodys = [each for each in last if not each.now]
    by_name = [each for each in last if each.now == urn] or [each for each in nobodys if each.urns & names]
    by_place = [
        each
        for each in nobodys
        if (each.identity.account_id, each.identity.region, each.identity.cluster_identifier) == place
    ]
    return next(iter(by_name or by_place), None)


def deleted_for_nobody() -> Deleted | None:
    """Return the last generation that this process deleted, of which no resource of its program is known.

    The engine deletes what the program no longer has after all creates. So before one it may be the old half
    of what is created, under a name that nobody tells the provider: of what is tainted and has an alias.
    """
    with process.run_lock:
        known = {*process.program, *(name for names in process.former.values() for name in names)}
        return next((each for each in reversed(process.deleted) if not (each.now or each.urns & known)), None)


def is_news(urn: str, text: str) -> bool:
    """Return whether this process tells something of a resource for the first time."""
    with process.run_lock:
        told = (urn, text) in process.told
        process.told.add((urn, text))
        return not told
