"""Clusters that a killed create of a stack left: Pulumi knows of none, so a destroy ends well beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redshift_teardown.aws.session import resolve_region
from redshift_teardown.errors import TeardownError
from redshift_teardown.reports.snapshots import find_unfinished

if TYPE_CHECKING:
    from redshift_teardown.cli.exported import Stack


def leftovers(stack: Stack) -> list[str]:
    """Return a note for each cluster that a create of this stack began and that its state does not hold.

    Args:
        stack: The stack; AWS is asked in the regions of its clusters and of its configuration.

    """
    recorded = {
        (str(each.outputs.get("region") or ""), str(each.outputs.get("cluster_identifier") or "")): each
        for each in stack.clusters
    }
    # Of the new cluster of a pending replacement the state knows nothing.
    known = {place for place, each in recorded.items() if not each.pending_replacement}
    try:
        regions = {region for region, _ in recorded if region} | {resolve_region(stack.settings)}
        found = [each for region in sorted(regions) for each in find_unfinished(stack.settings, region)]
    except TeardownError as error:
        return [f"whether a killed create left a cluster could not be found out: {error}"]
    return [
        f"cluster {each.identifier} in {each.region} ({each.status}) is an unfinished create of {each.urn} "
        "and not in this stack's state: destroy does not know it, and it runs on. `pulumi up` goes on with "
        "it; or delete it by hand"
        for each in found
        if (each.region, each.identifier) not in known
        and (not stack.name or each.urn.startswith(f"urn:pulumi:{stack.name}::"))
    ]
