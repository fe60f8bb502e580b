"""Clusters that a create meets besides the one it is to make: living ones of its resource, and begun ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.identity import Identity
from redshift_teardown.aws.statuses import ENDING
from redshift_teardown.aws.views import view_cluster
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.outputs import CREATING_TAG
from redshift_teardown.lifecycle.ownership.adopt import exists
from redshift_teardown.lifecycle.ownership.create_record import (
    CreateKey,
    begun_elsewhere,
    find_unanswered,
    made_it,
)
from redshift_teardown.teardown.claim import TAG_CLAIM, Claim, mark_of
from redshift_teardown.teardown.plan import TAG_GENERATION
from redshift_teardown.teardown.resource_tag import says

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session


def require_no_living_one(
    session: Session, urn: Urn, identifier: str, replaced: Identity | None = None
) -> None:
    """Refuse to begin a second cluster of a resource whose first one lives under another identifier.

    The engine creates before it deletes where `--replace`, a taint or a trigger asks for it.

    Args:
        session: The operation's surroundings.
        urn: The resource; a claim of what it was called before counts, too.
        identifier: Of the cluster that is about to be created.
        replaced: The generation in whose place it is to be, and which is deleted first; None for none.

    Raises:
        RefusedError: a cluster that carries this resource's claim is there.

    """
    marks = {mark_of(name) for name in this_run.names_of(str(urn))}
    for view in _living(session, patiently=replaced is None):
        if not _is_claimed(view, marks) or _is_a_copy(session, view):
            continue
        identity = Identity.shown_by(view, session.account_id, session.aws.region)
        holder = this_run.holder(identity)
        if holder is not None and (holder.now != str(urn) or replaced is not None):
            # Claimed under a name that this resource got from another one: an alias moved that on. Or it is
            # in this resource's place already, and what is replaced is an older one.
            continue
        if replaced is not None and replaced.is_generation_of(view):
            continue
        this_run.keep_out(identity, str(urn))
        raise RefusedError(
            f"cluster {view.identifier} carries the claim of this very resource and lives on, so "
            f"{identifier} would be a second one, without its data",
            data=f"nothing was created; {view.identifier} was not touched",
            next_step=f"if that cluster is not this resource's, as a copy that has its tags, remove its tag "
            f"{TAG_CLAIM} (`aws redshift delete-tags`), then run `pulumi up` again"
            if replaced is not None
            else f"where `--replace`, a taint or a trigger asks for this, {this_run.DELETE_FIRST}; a "
            "changed cluster_identifier alone renames the cluster: run `pulumi up` without them. If that "
            f"cluster is no longer this resource's, remove its tag {TAG_CLAIM} (`aws redshift "
            "delete-tags`)",
        )


def _living(session: Session, *, patiently: bool) -> Iterator[ClusterView]:
    """Yield every cluster there is; a preview does not wait until AWS answers.

    Raises:
        UnreachableError: AWS gives no answer, and none is waited for.

    """
    if not patiently:
        yield from session.calls.clusters()
        return
    with session.watching() as watcher:
        yield from list(watcher.clusters())


def require_free(session: Session, urn: Urn, arguments: Mapping[str, Any], identity: Identity) -> None:
    """Refuse to replace a generation where what comes after its delete would be refused.

    Args:
        session: The operation's surroundings; AWS is asked once, and not waited for.
        urn: The resource.
        arguments: The program's arguments, coerced: what it adopts may have the identifier.
        identity: The generation that is replaced.

    Raises:
        RefusedError: another cluster has the identifier, or carries this resource's claim.
        TeardownError: AWS gives no answer.

    """
    identifier = str(arguments["cluster_identifier"]).lower()
    taken = session.calls.cluster(identifier) if identifier != identity.cluster_identifier else None
    if taken is None or identity.is_generation_of(taken):
        require_no_living_one(session, urn, identifier, replaced=identity)
        return
    holder = this_run.holder(Identity.shown_by(taken, session.account_id, session.aws.region))
    begun = says(dict(taken.tags).get(CREATING_TAG), str(urn))
    if arguments.get("adopt_existing") or begun or (holder is not None and holder.now == str(urn)):
        return
    raise RefusedError(
        f"a cluster called {identifier} exists already in {session.account_id}, {session.aws.region}, "
        f"created {taken.create_time or 'just now'}",
        data="nothing was touched; both clusters live on as they are",
        next_step="choose another cluster_identifier; where that cluster is about to go or to be renamed, do "
        "that in an `up` of its own first",
    )


def _is_claimed(view: ClusterView, marks: Collection[str]) -> bool:
    """Return whether a cluster carries one of a resource's claims, and is not being deleted."""
    claim = Claim.of_tags(dict(view.tags))
    return claim is not None and claim.resource in marks and view.status not in ENDING


def _is_a_copy(session: Session, view: ClusterView) -> bool:
    """Return whether a cluster has its claim from a snapshot: somebody restored that by hand.

    It has the snapshot's generation tag from there, too. So does one that was adopted since, whose claim is
    its own, then.
    """
    tags = dict(view.tags)
    generation = tags.get(TAG_GENERATION)
    return generation is not None and any(
        dict(snapshot.tags).get(TAG_CLAIM) == tags[TAG_CLAIM]
        for snapshot in session.calls.tagged_snapshots(TAG_GENERATION, generation)
    )


def tell_of_others(session: Session, receipts: Path, place: CreateKey, urn: Urn) -> None:
    """Warn of a cluster that an earlier create of this resource began under another identifier.

    A restored one carries no mark before AWS answers, and no state has it.

    Args:
        session: The operation's surroundings.
        receipts: The receipts folder.
        place: What is about to be created.
        urn: The resource.

    """
    for name, document in begun_elsewhere(receipts, place):
        view = session.calls.cluster(name)
        if view is None or view.status in ENDING:
            continue
        surely = CREATING_TAG in dict(view.tags) or made_it(document, replace(place, cluster=name), view)
        session.reporter.warn(
            f"cluster {name} {'was' if surely else 'may have been'} begun by an earlier `pulumi up` of "
            f"{urn.name} ({document.get('operation')}, {document.get('started')}) that did not end. No state "
            f"has it, and it runs on beside {place.cluster}: set cluster_identifier={name!r} again to go on "
            "with it, or delete it"
        )


def not_ours(
    session: Session, receipts: Path, place: CreateKey, cluster: Mapping[str, Any], urn: Urn
) -> RefusedError:
    """Return the refusal of a create that met a cluster; it tells where a restore of ours may have made it.

    Args:
        session: The operation's surroundings.
        receipts: The receipts folder.
        place: What was to be created.
        cluster: The cluster, an entry of DescribeClusters.
        urn: The resource.

    """
    refused, document = exists(session, cluster, urn), find_unanswered(receipts, place, cluster)
    before = _outside_of_its_component(cluster, urn)
    if before:
        return RefusedError(
            f"{refused.what}. It is {before}, which is this resource before it got a parent",
            data=refused.data,
            next_step=f"tell Pulumi so: {this_run.alias_of(before)}; else {refused.next_step}",
        )
    if document is None:
        return refused
    view = view_cluster(cluster)
    generation = Identity.shown_by(view, place.account_id, place.region).generation()
    return RefusedError(
        f"{refused.what}. It may be what this resource's RestoreFromClusterSnapshot of "
        f"{document.get('started')} made, whose answer never came; or somebody restored it by hand, which "
        "looks the same",
        data=refused.data,
        next_step="where nobody else restored it, set adopt_existing=True, which takes over this very "
        f"cluster as it is (generation {generation}, {view.node_type}, {view.number_of_nodes} nodes); else "
        "choose another cluster_identifier",
    )


def _outside_of_its_component(cluster: Mapping[str, Any], urn: Urn) -> str:
    """Return the URN of a resource outside of components, where a cluster carries its claim; else nothing.

    A claim names a resource by a hash, so the old URN is known only where it can be guessed.
    """
    before = f"urn:pulumi:{urn.stack}::{urn.project}::{urn.type}::{urn.name}"
    claim = Claim.of_tags(dict(view_cluster(cluster).tags))
    return before if claim is not None and claim.resource == mark_of(before) and before != str(urn) else ""
