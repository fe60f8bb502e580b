"""The ownership claim: which resource a cluster belongs to, written on the cluster itself. Pure.

A claim is random. It stands in the outputs of the resource that owns the cluster and in a tag of the cluster,
so that two states that record one cluster can be told apart in any later run, whatever their names are. The
tag's value is the claim, a mark of the resource that wrote it, whether its environment is protected, and the
claims it superseded, newest first: ``0123456789abcdef of 89abcdef0123 protected after fedcba9876543210``.
While an adoption is under way it says so as well (``taking over``): nobody lets go of a cluster for that.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from redshift_teardown.aws.arguments import CLAIM_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG_CLAIM = CLAIM_TAG
"""Carried by every cluster that was created, restored or adopted; hidden from tags, facts and previews."""

UNCLAIMED = "0" * 16
"""In the place of a superseded claim: the cluster that was taken over carried none."""

_MOST_SUPERSEDED = 11
"""So many fit into a tag's value of 256 characters."""
_FORM = re.compile(
    r"([0-9a-f]{16}) of ([0-9a-f]{12})( protected)?( taking over)?"
    r"(?: after ([0-9a-f]{16}(?: [0-9a-f]{16})*))?"
)


class Whose(Enum):
    """Whose a cluster is, to a state that records it."""

    OURS = "ours"
    """It carries our claim, or none: a tag may be stripped, and older states have no claim."""
    RENEWED = "renewed"
    """It carries another claim of this very resource: of a state that is newer, or was never written."""
    SUPERSEDED = "superseded"
    """It carries a claim that was written after ours, by another resource that took the cluster over."""
    TAKING_OVER = "taking over"
    """As superseded, but nothing shows that the adoption which wrote it ended, and that a state has it."""
    ANOTHERS = "another's"


@dataclass(frozen=True)
class Claim:
    """What a claim tag says.

    Attributes:
        name: The claim; empty for a value that no version of this package wrote.
        resource: The mark of the resource that wrote it (see `mark_of`).
        protected: Whether the environment of that resource never skips a final snapshot.
        superseded: The claims it superseded, newest first.
        taking_over: Whether it was written by an adoption that has not ended.

    """

    name: str
    resource: str
    protected: bool = False
    superseded: tuple[str, ...] = ()
    taking_over: bool = False

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> Claim | None:
        """Return the claim that tags hold; None where they hold none."""
        if TAG_CLAIM not in tags:
            return None
        found = _FORM.fullmatch(tags[TAG_CLAIM])
        if found is None:
            return cls("", "")
        return cls(found[1], found[2], bool(found[3]), tuple((found[5] or "").split()), bool(found[4]))

    @property
    def value(self) -> str:
        """The tag's value."""
        after = f" after {' '.join(self.superseded)}" if self.superseded else ""
        said = f"{' protected' if self.protected else ''}{' taking over' if self.taking_over else ''}"
        return f"{self.name} of {self.resource}{said}{after}"


def new_claim(urn: str, *, protected: bool, name: str = "") -> Claim:
    """Return a claim of a resource; ``name`` is the claim, where the resource has one already."""
    return Claim(name or secrets.token_hex(8), mark_of(urn), protected)


def superseding(claim: Claim, before: Claim | None) -> Claim:
    """Return a claim that supersedes the one a cluster carries; None where it carries none."""
    older = (UNCLAIMED,) if before is None else (before.name, *before.superseded)
    kept = tuple(each for each in dict.fromkeys(older) if each not in {"", claim.name})
    return replace(claim, superseded=kept[:_MOST_SUPERSEDED])


def mark_of(urn: str) -> str:
    """Return the mark by which a claim names a resource; a URN itself may be too long for a tag."""
    return hashlib.sha256(urn.encode()).hexdigest()[:12]


def whose(tags: Mapping[str, str], recorded: str, urn: str) -> Whose:
    """Return whose a cluster is, to a state that records a claim.

    Args:
        tags: The cluster's, as AWS shows them now.
        recorded: The claim in the outputs; empty where there is none.
        urn: The URN in the outputs.

    """
    live = Claim.of_tags(tags)
    if live is None or (recorded and live.name == recorded):
        return Whose.OURS
    if live.name and live.resource == mark_of(urn):
        return Whose.RENEWED
    if (recorded or UNCLAIMED) not in live.superseded:
        return Whose.ANOTHERS
    return Whose.TAKING_OVER if live.taking_over else Whose.SUPERSEDED


def without_claim(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags without the claim: no decision is made by it."""
    return {key: value for key, value in tags.items() if key != TAG_CLAIM}
