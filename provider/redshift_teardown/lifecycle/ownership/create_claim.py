"""The claim of a create that is under way, and who else may be creating the same cluster.

The creating mark names a URN, and stacks of two backends or organizations may share one. So a create that
nothing but the mark tells of takes the claim over, and must find the mark beside its own claim after that;
and no create ends well whose cluster carries a claim that somebody else wrote meanwhile. One of two has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from redshift_teardown.errors import RefusedError
from redshift_teardown.teardown.claim import TAG_CLAIM, Claim, superseding


class ContestedError(RefusedError):
    """Another run of a resource with this very URN creates the cluster, or has created it."""


@dataclass
class CreateClaim:
    """The claim of one create.

    Attributes:
        own: What the cluster is to carry.
        identifier: The cluster.
        urn: The resource's.
        superseded: The claims that this create may supersede: what it met when it began to go on, or what a
            restored cluster has from its snapshot.
        by_mark: Whether nothing but the mark tells that an earlier create of this resource began it.

    """

    own: Claim
    identifier: str
    urn: str
    superseded: set[str] = field(default_factory=set)
    by_mark: bool = False

    def known_as(self, name: str) -> None:
        """Take the claim that an earlier process of this create wrote down."""
        self.own = replace(self.own, name=name)

    def meet(self, live: Claim | None, *, by_mark: bool = False) -> None:
        """Let the claim that a cluster carries be superseded.

        Args:
            live: That claim; None for none.
            by_mark: Whether nothing but the mark tells whose the create is.

        """
        if live is not None:
            self.superseded.add(live.name)
            self.by_mark = self.by_mark or by_mark

    def is_to_write(self, live: Claim | None) -> bool:
        """Return whether a cluster carries a claim that is to be superseded."""
        return live is not None and live.name != self.own.name and live.name in self.superseded

    def over(self, live: Claim | None) -> Claim:
        """Return what to write on a cluster that carries a claim, or none."""
        return self.own if live is None else superseding(self.own, live)

    def require_uncontested(self, live: Claim | None, *, marked: bool = True) -> None:
        """Refuse to go on with a cluster that somebody else has claimed, or whose create they have ended.

        Args:
            live: The claim on the cluster; None for none.
            marked: Whether the creating mark is on it, where this create has not taken it off.

        Raises:
            ContestedError: somebody has.

        """
        foreign = live is not None and live.name not in {"", self.own.name} | self.superseded
        if foreign or (self.by_mark and not marked):
            raise self._contested(live)

    def require_held(self, live: Claim | None, *, marked: bool) -> None:
        """Refuse to end a create that only its mark told of where its claim does not stand beside that mark.

        Raises:
            ContestedError: the claim could not be written, or somebody has ended the create.

        """
        self.require_uncontested(live, marked=marked)
        if self.by_mark and (live is None or live.name != self.own.name):
            raise self._contested(live)

    def _contested(self, live: Claim | None) -> ContestedError:
        found = f"{TAG_CLAIM}={live.value}" if live else f"no {TAG_CLAIM}"
        return ContestedError(
            f"cluster {self.identifier} is created by another `pulumi up` as well, whose resource is called "
            f"{self.urn}, too: the cluster carries {found}",
            data="the cluster is the other one's; it is in no state of this stack",
            next_step="give this stack, or this cluster_identifier, another name: stacks of two backends or "
            "organizations that share an account must not be called the same. Where there is no other "
            "stack, set adopt_existing=True and run `pulumi up` again",
        )
