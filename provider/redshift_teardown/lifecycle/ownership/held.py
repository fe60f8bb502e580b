"""What an adoption reads again: the cluster it means lives on, and carries the claim that it wrote.

AWS writes a tag whatever stood there, so two adoptions of one cluster tell each other by what they read
afterwards; and a deletion that began meanwhile stops no tag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.statuses import ENDING
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.ownership.claims import claim_on
from redshift_teardown.teardown.backoff import LAG, LEAST_LAG
from redshift_teardown.teardown.claim import TAG_CLAIM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.ownership.generation import ExpectedGeneration
    from redshift_teardown.teardown.claim import Claim


def require_held(session: Session, identifier: str, meant: ExpectedGeneration, claim: Claim) -> None:
    """Refuse to go on with an adoption whose cluster is another's by now, or is ending.

    What AWS shows late is read again for a while; a cancel does not stop that, since it ends what was begun.

    Args:
        session: The operation's surroundings.
        identifier: The cluster.
        meant: The generation that is adopted.
        claim: What `claimed_by_adoption` gave. Where it could not be written, no claim may be there.

    Raises:
        RefusedError: it is gone, is being deleted, is another generation, or carries another claim.

    """
    name = claim.name if claim.taking_over else ""
    earlier = {"", *claim.superseded[:1]}
    deadline = session.clock.now() + LAG
    while True:
        cluster = living(session, identifier, meant)
        live = claim_on(cluster)
        shown = live.name if live is not None else ""
        if shown == name:
            return
        if live is not None and shown not in earlier:
            raise RefusedError(
                f"cluster {identifier} was taken over by another resource while it was being adopted (tag "
                f"{TAG_CLAIM}={live.value})",
                data="it lives on as that one's; nothing of it is recorded here",
                next_step="one resource is to own it: take adopt_existing out of the other program, in this "
                "stack or in another one, then run `pulumi up` again",
            )
        if session.clock.now() >= deadline:
            raise RefusedError(
                f"the ownership claim that was written on cluster {identifier} is not there (tag "
                f"{TAG_CLAIM}): something took it away, or wrote the former one again",
                data="but for that tag the cluster was not touched; nothing of it is recorded here",
                next_step="have that tag left alone, then run `pulumi up` again: it begins the adoption anew",
            )
        session.reporter.progress(f"AWS does not show the ownership claim of {identifier} yet")
        session.clock.sleep(LEAST_LAG.total_seconds())


def living(session: Session, identifier: str, meant: ExpectedGeneration) -> Mapping[str, Any]:
    """Read a cluster that is adopted again.

    Args:
        session: The operation's surroundings.
        identifier: The cluster.
        meant: The generation that is adopted.

    Returns:
        An entry of DescribeClusters.

    Raises:
        RefusedError: it is gone, is being deleted, or is another generation.

    """
    deadline = session.clock.now() + LAG
    cluster = session.calls.describe(identifier)
    while cluster is None and session.clock.now() < deadline:
        session.reporter.progress(f"AWS does not show cluster {identifier}; looking again")
        session.clock.sleep(LEAST_LAG.total_seconds())
        cluster = session.calls.describe(identifier)
    if cluster is not None:
        meant.require(cluster)
    status = str(cluster.get("ClusterStatus") or "") if cluster is not None else ""
    if cluster is None or status in ENDING:
        raise RefusedError(
            f"cluster {identifier} {f'is being deleted ({status})' if status else 'is gone'}: that began "
            "while it was being adopted",
            data="nothing of it is recorded here; whoever deletes it decides what is left of it: "
            "`redshift-teardown snapshots` lists its final snapshot, where there is one",
            next_step="when the cluster is gone, run `pulumi up` again: it is created anew then, with that "
            "data where snapshot_identifier names the snapshot",
        )
    return cluster
