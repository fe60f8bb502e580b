"""No cluster is taken over in place of data that is to be restored.

The create of a replacement is to bring back what its delete left. A cluster that has the name is another one:
to adopt it would leave the data behind, and preview named no such thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.views import view_cluster
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.data.restore import bring_back
from redshift_teardown.lifecycle.data.restore_words import age_of, not_shown
from redshift_teardown.lifecycle.ownership.final_snapshots import find_final_snapshots
from redshift_teardown.lifecycle.ownership.halves import is_half
from redshift_teardown.teardown.claim import Claim, mark_of
from redshift_teardown.teardown.plan import TAG_GENERATION, TAG_URN
from redshift_teardown.teardown.resource_tag import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.aws.views import SnapshotView
    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.lifecycle.context import Session


def require_nothing_deleted(session: Session, cluster: Mapping[str, Any], urn: Urn) -> None:
    """Refuse to take a cluster over in the run that deleted the resource's own.

    Args:
        session: The operation's surroundings.
        cluster: The cluster, an entry of DescribeClusters.
        urn: The resource that would take it over.

    Raises:
        RefusedError: this run deleted one.

    """
    identifier = str(cluster["ClusterIdentifier"])
    deleted = this_run.just_deleted(str(urn), session.account_id, session.aws.region, identifier.lower())
    if deleted is None:
        return
    left = "there is no final snapshot of the deleted one, as its policy says"
    if deleted.snapshot is not None:
        left = f"the data of the deleted one is in final snapshot {deleted.snapshot.identifier}"
    raise RefusedError(
        f"{deleted.identity} was deleted in this run, to be replaced, and a cluster called {identifier} is "
        f"there already, created {cluster.get('ClusterCreateTime') or 'just now'}: a replacement takes no "
        "other cluster over",
        data=f"that cluster was not touched; {left}",
        next_step="choose another cluster_identifier, or take adopt_existing away and have that cluster "
        "removed, then run `pulumi up` again; or, to take it over on purpose, write "
        "restore_final_snapshot=False beside adopt_existing=True and run `pulumi up` again",
    )


def require_nothing_left(
    session: Session, arguments: Mapping[str, Any], urn: Urn, rules: Environment, cluster: Mapping[str, Any]
) -> None:
    """Refuse to take a cluster over where a replacement left data whose new cluster was never made.

    The cluster that was made of that data is no other one: it may be adopted, whoever made it.

    Args:
        session: The operation's surroundings.
        arguments: The program's arguments, coerced.
        urn: The resource that would take it over.
        rules: The recorded rules: final snapshots are named by their template.
        cluster: The cluster, an entry of DescribeClusters.

    Raises:
        RefusedError: there is such data, and the program does not say that it begins without it.

    """
    if arguments.get("restore_final_snapshot") is False:
        return
    found = find_final_snapshots(session, arguments, urn, rules)
    missing, newest = found.missing, found.newest_left
    if missing is not None and missing.half and not missing.has_expired(session.clock.now()):
        half, which, cure = None, f"{not_shown(urn, missing)}; its new", "restore_final_snapshot=True"
    elif newest is not None and is_half(newest, found.halves):
        which = f"the data of {urn.name} is in final snapshot {newest.identifier}{age_of(session, newest)}; "
        half, which, cure = newest, f"{which}its new", bring_back(newest, found.candidates)
    else:
        return
    if _is_made_of(cluster, half, urn):
        return
    raise RefusedError(
        f"{which} cluster was to be restored from it. A cluster called {cluster['ClusterIdentifier']} is "
        f"there already, created {cluster.get('ClusterCreateTime') or 'just now'}, and to take that over "
        "would leave that data behind",
        data="that cluster was not touched, nor that snapshot",
        next_step="choose another cluster_identifier, or have that cluster removed, and run `pulumi up` "
        f"with {cure}; or, to take it over without the data, write restore_final_snapshot=False",
    )


def _is_made_of(cluster: Mapping[str, Any], half: SnapshotView | None, urn: Urn) -> bool:
    """Return whether a cluster is what a replacement went on with, or was restored by hand from its snapshot.

    The new cluster of a replacement carries the claim of the resource, by its name then or now. A copy by
    hand has the tags of the snapshot it was restored from, its generation among them.

    Args:
        cluster: The cluster, an entry of DescribeClusters.
        half: What the replacement left; None where AWS does not show it.
        urn: The resource.

    """
    tags, left = dict(view_cluster(cluster).tags), dict(half.tags) if half is not None else {}
    if TAG_GENERATION in tags:
        return tags[TAG_GENERATION] == left.get(TAG_GENERATION)
    live = Claim.of_tags(tags)
    resources = {str(urn), *([decoded(left[TAG_URN])] if TAG_URN in left else [])}
    return live is not None and live.resource in map(mark_of, resources)
