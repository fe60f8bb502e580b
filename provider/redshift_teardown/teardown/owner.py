"""Whose the recorded generation is by the claim on it, under whatever name it lives. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redshift_teardown.aws.statuses import Phase, phase
from redshift_teardown.teardown.claim import TAG_CLAIM, Claim, Whose, whose
from redshift_teardown.teardown.model import LetGo, Refuse, Step

if TYPE_CHECKING:
    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.teardown.model import Memory
    from redshift_teardown.teardown.plan import Plan


def renamed(
    plan: Plan, identity: Identity, cluster: ClusterView, memory: Memory, *, is_name_taken: bool = False
) -> Step:
    """Return the end of a teardown whose generation lives under another name.

    It is another resource's, as under its own name; or it is ours, and not torn down by a name that nobody
    recorded.

    Args:
        plan: What was decided.
        identity: The generation, and its recorded name.
        cluster: The generation as it is now.
        memory: What this teardown did.
        is_name_taken: Whether another cluster has the recorded name.

    """
    end = claim_step(plan, identity, cluster)
    if isinstance(end, LetGo) or (isinstance(end, Refuse) and end.final):
        return end
    name = cluster.identifier
    set_it = f"set cluster_identifier to {name!r} in the program, run `pulumi up`, then destroy"
    taken = f"; {identity.cluster_identifier} is another cluster's name now" if is_name_taken else ""
    if memory.sent is not None:
        taken += "; DeleteCluster was sent by the old name, and may have reached another cluster"
    back = "rename it back, then run `pulumi destroy` again; or "
    drop = f"; or let go of it with `pulumi state delete '{plan.urn}'`"
    return Refuse(
        f"{identity} was renamed to {name} outside of Pulumi{taken}",
        data="the cluster lives on under its new name and was not touched; nothing is lost",
        next_step=set_it if is_name_taken else f"{back}{set_it}{drop}",
        # Whoever wants to own the cluster that has the name now lets go of this one.
        final=is_name_taken,
    )


def claim_step(plan: Plan, identity: Identity, cluster: ClusterView) -> Step | None:
    """Return the end of a teardown whose cluster carries another resource's claim; None where it is ours."""
    found = whose(dict(cluster.tags), plan.claim, plan.claimant)
    live = Claim.of_tags(dict(cluster.tags))
    ending = phase(cluster.status) is Phase.ENDING
    held = live is not None and live.protected and live.value != plan.overruled
    if found is Whose.OURS and live is not None and held and not (plan.wants_snapshot or ending):
        return Refuse(
            f"{identity} is claimed by a protected environment (tag {TAG_CLAIM}={live.value}), and the rules "
            "of this state and policy file would skip its final snapshot",
            data="the cluster was not touched; nothing is lost",
            next_step=_newest_state_advice(identity),
        )
    # A newer state of this resource may hold it to stricter rules: this one's skip is not the last word.
    if found is Whose.OURS or (found is Whose.RENEWED and plan.renewal_is_ours and plan.wants_snapshot):
        return None
    if found is Whose.SUPERSEDED:
        return LetGo(
            f"{identity} was taken over: the tag {TAG_CLAIM} on it is another resource's, which owns it now"
            f"{_name_now(identity, cluster)}. It lives on, and nothing was deleted"
        )
    if found is Whose.TAKING_OVER:
        return Refuse(
            f"{identity} is being taken over: the tag {TAG_CLAIM} on it is another resource's, whose "
            f"adoption has not ended ({dict(cluster.tags)[TAG_CLAIM]})",
            data="the cluster was not touched; nothing is lost",
            next_step="run `pulumi up` where it is adopted, which ends that, and then this again; or, if "
            f"that was given up, {_untag(identity)}",
            final=True,
        )
    if found is Whose.RENEWED:
        return Refuse(
            f"{identity} carries a newer claim of this same resource than its state records "
            f"({TAG_CLAIM}={dict(cluster.tags)[TAG_CLAIM]})",
            data="the cluster was not touched; nothing is lost",
            next_step=_newest_state_advice(identity)
            if plan.renewal_is_ours
            else "fix the other errors of this run, then run `pulumi up` again; or, where no other "
            f"state has this cluster, {_untag(identity)}",
        )
    return Refuse(
        f"{identity} carries the ownership claim of another resource "
        f"({TAG_CLAIM}={dict(cluster.tags)[TAG_CLAIM]}), and this state's is {plan.claim or 'none'}",
        data="the cluster was not touched; nothing is lost",
        next_step=f"destroy it from the stack that owns it; or, if nobody else does, {_untag(identity)}",
        final=True,
    )


def _newest_state_advice(identity: Identity) -> str:
    """Return what to do where a cluster knows of stricter rules: an `up` of an old state does nothing."""
    return (
        "use the newest state and policy file of this stack; where these are the newest, and the cluster's "
        f"data may go, {_untag(identity)}"
    )


def _untag(identity: Identity) -> str:
    return (
        f"take the tag away (`aws redshift delete-tags --resource-name {identity.arn()} --tag-keys "
        f"{TAG_CLAIM} --region {identity.region}`) and run `pulumi destroy` again"
    )


def _name_now(identity: Identity, cluster: ClusterView) -> str:
    """Return in words that a cluster has another name than the recorded one; empty where it has not."""
    return (
        f", under the name {cluster.identifier}" if cluster.identifier != identity.cluster_identifier else ""
    )
