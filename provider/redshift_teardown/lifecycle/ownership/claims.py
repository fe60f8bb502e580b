"""Writing the ownership claim on a cluster: at create, restore and adoption, else beside another change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.views import Answer, view_cluster
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.outputs import identity_of
from redshift_teardown.teardown.claim import (
    TAG_CLAIM,
    UNCLAIMED,
    Claim,
    Whose,
    mark_of,
    new_claim,
    superseding,
    whose,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.aws.views import Attempt
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.state import State


def claim_on(cluster: Mapping[str, Any]) -> Claim | None:
    """Return the claim that an entry of DescribeClusters carries; None for none."""
    return Claim.of_tags(dict(view_cluster(cluster).tags))


def written_claim(
    session: Session, cluster: Mapping[str, Any], claim: Claim, *, takes_on: bool = False
) -> dict[str, str]:
    """Write the claim of a cluster that was created or changed in this operation, where it lacks it.

    Args:
        session: The operation's surroundings.
        cluster: The cluster as it is after its changes.
        claim: What is to stand on it.
        takes_on: Whether the one on it is recorded where it cannot be rewritten: a cluster that was restored
            has it from its snapshot.

    Returns:
        The outputs ``claim`` and ``overruled``: what the tag says still of protection, where it could not be
        rewritten.

    """
    live = claim_on(cluster)
    if live is not None and replace(live, superseded=()) == claim:
        return {"claim": claim.name, "overruled": ""}
    problem = _write(session, cluster, claim if live is None else superseding(claim, live))
    if not problem:
        return {"claim": claim.name, "overruled": ""}
    _warn(session, cluster, problem)
    if live is None:
        return {"claim": claim.name, "overruled": ""}
    stale = live.protected and not claim.protected
    return {
        "claim": live.name if takes_on and live.name else claim.name,
        "overruled": live.value if stale else "",
    }


def claimed_by_adoption(
    session: Session, cluster: Mapping[str, Any], urn: Urn, *, protected: bool, by_file: bool
) -> Claim:
    """Write the claim of an adoption that begins, which supersedes the one there is.

    It says that it is under way until `end_adoption`: killed in between, no state has the cluster, and
    whoever owned it before is not to let go of it.

    Args:
        session: The operation's surroundings.
        cluster: The cluster.
        urn: The resource that adopts it.
        protected: Whether its environment is.
        by_file: Whether a protected environment of the policy file claims its place. To be configured, or
            claimed by nobody, ends with the next word of a configuration, and with it what was protected.

    Returns:
        The claim; its name is what is recorded.

    Raises:
        RefusedError: it cannot be written, and the cluster carries another resource's; or that one says
            *protected*, and the policy file does not say so of this place.

    """
    live = claim_on(cluster)
    again = live is not None and _is_begun_over(live, urn)
    if live is not None and live.protected and not by_file and not again:
        raise RefusedError(
            f"cluster {cluster['ClusterIdentifier']} is owned by a resource of a protected environment (tag "
            f"{TAG_CLAIM}={live.value}), and no protected environment of the deletion policy claims stack "
            f"{urn.stack} here, or its account: what configuration or the defaults protect, configuration "
            "may end",
            data="that cluster was not touched",
            next_step=f"claim {urn.stack} for a protected environment in the policy file, then run `pulumi "
            "up` again; or, where its data may go, have the policy of its owner say so, whose next `pulumi "
            "up` takes that word off the tag; or, where it has no owner any more, remove the tag (`aws "
            "redshift delete-tags`)",
        )
    claim = new_claim(str(urn), protected=protected)
    # No state has what an adoption that did not end wrote.
    older = live.superseded if live is not None and again else superseding(claim, live).superseded
    claim = replace(claim, superseded=older, taking_over=True)
    problem = _write(session, cluster, claim)
    if problem and live is not None:
        raise RefusedError(
            f"cluster {cluster['ClusterIdentifier']} carries the ownership claim of another resource "
            f"({TAG_CLAIM}), and this one's cannot be written: {problem}",
            data="that cluster was not touched",
            next_step="allow redshift:CreateTags on it, or wait until it is free for changes; then run "
            "`pulumi up` again",
        )
    if not problem:
        return claim
    _warn(session, cluster, problem)
    return replace(claim, taking_over=False)


def end_adoption(session: Session, cluster: Mapping[str, Any], claim: Claim) -> None:
    """Write down on the cluster that its adoption ended: the last call of it.

    Args:
        session: The operation's surroundings.
        cluster: The cluster.
        claim: What `claimed_by_adoption` gave.

    Raises:
        RefusedError: it cannot be written. Recorded all the same, no later `up` would have a reason to write
            it, and whoever owned the cluster could neither let go of it nor keep it.

    """
    problem = _write(session, cluster, replace(claim, taking_over=False)) if claim.taking_over else ""
    if problem:
        raise RefusedError(
            f"the adoption of {cluster['ClusterIdentifier']} is not finished: its ownership claim (tag "
            f"{TAG_CLAIM}) says that it is under way, and could not be written again: {problem}",
            data="but for that tag the cluster was not touched",
            next_step="allow redshift:CreateTags on it, then run `pulumi up` again: it ends the adoption",
        )


def _is_begun_over(live: Claim, urn: Urn) -> bool:
    """Return whether a claim is that of this resource's own adoption, unfinished, of what nobody claimed."""
    return live.taking_over and live.resource == mark_of(str(urn)) and live.superseded == (UNCLAIMED,)


def require_ours(cluster: Mapping[str, Any], state: State, claimant: str = "") -> None:
    """Refuse to change a cluster that another resource owns.

    Args:
        cluster: An entry of DescribeClusters.
        state: What is recorded of it.
        claimant: The resource's URN as the engine has it now; empty where that is not known.

    Raises:
        RefusedError: it carries another resource's claim.

    """
    tags = dict(view_cluster(cluster).tags)
    if whose(tags, state.claim, claimant or str(state.urn)) in {Whose.OURS, Whose.RENEWED}:
        return
    raise RefusedError(
        f"{state.identity} carries the ownership claim of another resource ({TAG_CLAIM}={tags[TAG_CLAIM]}), "
        f"and this state's is {state.claim or 'none'}",
        data="that cluster was not touched",
        next_step="change it where it is owned now, and take it out of this program: where it was taken "
        "over, `pulumi up` then lets go of it; or, if nobody else owns it, remove that tag from the cluster "
        "(`aws redshift delete-tags`) and run `pulumi up` again",
    )


def write_tags(session: Session, cluster: Mapping[str, Any], tags: Mapping[str, str]) -> Attempt:
    """Write tags on a cluster; that ends what was begun, so a cancel does not stop it."""
    redshift: Any = session.aws.redshift
    arn = identity_of(cluster, session.account_id, session.aws.region).arn()
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return session.change(
        "CreateTags", lambda: redshift.create_tags(ResourceName=arn, Tags=listed), finishes=True
    )


def _write(session: Session, cluster: Mapping[str, Any], claim: Claim) -> str:
    """Write a claim; returns why that was not possible, in AWS's words, or an empty string."""
    attempt = write_tags(session, cluster, {TAG_CLAIM: claim.value})
    return "" if attempt.answer is Answer.ACCEPTED else attempt.words


def _warn(session: Session, cluster: Mapping[str, Any], problem: str) -> None:
    session.reporter.warn(
        f"the ownership claim (tag {TAG_CLAIM}) could not be written on {cluster['ClusterIdentifier']}: "
        f"{problem}. Should another resource take this cluster over, only a claim tells the two apart in "
        "later runs; allow redshift:CreateTags, and the next change of the cluster writes it"
    )
