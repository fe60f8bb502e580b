"""The generation that a create or an update means: every poll of theirs is checked against it.

Between two calls the name may get another owner: the cluster is deleted, and somebody else's is created or
renamed to the same identifier. What is changed or recorded then would be a stranger's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.views import view_cluster
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.outputs import identity_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redshift_teardown.aws.identity import Identity


class AnotherGenerationError(RefusedError):
    """The name belongs to another generation than the one that was meant."""


@dataclass
class ExpectedGeneration:
    """One generation; the first one that fits, where it is not known beforehand.

    Attributes:
        account_id: The account that is worked in.
        region: The region that is worked in.
        is_ours: Returns whether an entry of DescribeClusters is what was just begun; asked until one is.
        identity: The generation; None until it is known.

    """

    account_id: str
    region: str
    is_ours: Callable[[Mapping[str, Any]], bool] = field(default=lambda _cluster: False)
    identity: Identity | None = None

    @classmethod
    def known(cls, identity: Identity) -> ExpectedGeneration:
        """Return the generation that a state records."""
        return cls(identity.account_id, identity.region, identity=identity)

    def require(self, cluster: Mapping[str, Any]) -> None:
        """Refuse a cluster that AWS shows to be of another generation.

        A cluster whose namespace and create time AWS does not show yet is no mismatch.

        Args:
            cluster: An entry of DescribeClusters.

        Raises:
            AnotherGenerationError: it is not the one that was meant.

        """
        view = view_cluster(cluster)
        if self.identity is None and self.is_ours(cluster):
            if view.namespace_arn or view.create_time:
                self.identity = identity_of(cluster, self.account_id, self.region)
            return
        if self.identity is not None and not self.identity.is_contradicted_by(view):
            # A resize or resume may change the create time; the namespace may be shown only later.
            self.identity = self.identity.seen_as(view)
            return
        raise AnotherGenerationError(
            f"cluster {view.identifier} ({self.account_id}, {self.region}) is not the one that this `up` "
            f"works on: {_shown(self.identity, view.namespace_arn, view.create_time)}",
            data="nothing more was changed, and that cluster is not recorded; what became of the one that "
            "was meant AWS does not show under this name",
            next_step="look in CloudTrail for who deleted or renamed it (DeleteCluster, ModifyCluster); then "
            "choose another cluster_identifier, or remove the other cluster, and run `pulumi up` again",
        )


def _shown(meant: Identity | None, namespace_arn: str | None, create_time: object) -> str:
    now = namespace_arn or f"created {create_time}"
    if meant is None:
        return f"it is not the one that was just begun (it is {now})"
    return f"generation {meant.generation()} was meant, and this one is {now}"
