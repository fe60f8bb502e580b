"""The tag that says of which resource a snapshot or a cluster is: written, compared and read back. Pure.

Its value is the resource's URN in AWS's alphabet (`fit_tag_value`): where something was replaced or cut, a
hash of the URN ends it, so that ``wh#1`` and ``wh!1`` differ. Releases before state version 3 wrote no hash,
unless they cut. What they wrote counts where it can stand for one resource only: where nothing was replaced
but the ``$`` between a type and its parents, and there is one place for each.
"""

from __future__ import annotations

import hashlib
import math
import re
from itertools import combinations
from typing import TYPE_CHECKING, Final

from redshift_teardown.deletion_policy import fit_tag_value, once_fitted
from redshift_teardown.engine.urn import CLUSTER_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = "urn:pulumi:"
_PARTS: Final = 4
_COLONS: Final = 2
"""A regular type is ``package:module:name``; that of a component may have another form."""
_MOST_HYPHENS: Final = 12
_HASHED: Final = re.compile(r"(.*)-([0-9a-f]{8})", re.DOTALL)


def says(value: str | None, urn: str) -> bool:
    """Return whether a tag's value says that what carries it is of this resource.

    Args:
        value: The value; None where there is no such tag.
        urn: The resource's URN.

    """
    if value is None:
        return False
    return value == fit_tag_value(urn) or (value == once_fitted(urn) and _stood_for_one(urn))


def is_named(value: str | None, name: str) -> bool:
    """Return whether a tag's value says that what carries it is of a resource of this name, of any parent."""
    return value is not None and once_fitted(name) == name and decoded(value).endswith(f"::{name}")


def decoded(value: str) -> str:
    """Return the URN that a tag's value stands for; the value as it is where that cannot be told.

    The hash proves which hyphens were a ``$``; without one, the form of types does where it leaves one way.
    """
    found = _HASHED.fullmatch(value)
    hashed = _parts(found[1]) if found else None
    for chain in _chains(hashed[2]) if hashed else ():
        text = _joined(hashed or [], chain)
        if found and hashlib.sha256(text.encode()).hexdigest()[:8] == found[2]:
            return text
    parts = _parts(value)
    if parts and parts[2].endswith(f"-{CLUSTER_TYPE}"):
        parents = parts[2].removesuffix(f"-{CLUSTER_TYPE}")
        if _ways(parents) == 1:
            return _joined(parts, f"{_apart(parents)}${CLUSTER_TYPE}")
    return value


def _stood_for_one(urn: str) -> bool:
    """Return whether the value that earlier releases wrote for a URN stood for no other one."""
    parts = _parts(urn)
    if parts is None or any(once_fitted(part) != part for part in (parts[0], parts[1], parts[3])):
        return False
    *parents, own = parts[2].split("$")
    if any(once_fitted(part) != part for part in (*parents, own)):
        return False
    regular = all(parent.count(":") == _COLONS for parent in parents)
    return not parents or _ways("-".join(parents)) == int(regular)


def _parts(urn: str) -> list[str] | None:
    """Take a URN apart into stack, project, chain of types and name; None where it is none."""
    parts = urn.removeprefix(_PREFIX).split("::", _PARTS - 1)
    return parts if urn.startswith(_PREFIX) and len(parts) == _PARTS else None


def _joined(parts: list[str], chain: str) -> str:
    return _PREFIX + "::".join((*parts[:2], chain, parts[3]))


def _ways(parents: str) -> int:
    """Count the ways to take a chain of regular types apart at hyphens."""
    pieces = parents.split(":")
    if len(pieces) % _COLONS != 1 or len(pieces) == 1:
        return 0
    return math.prod(piece.count("-") for piece in pieces[2:-1:2])


def _apart(parents: str) -> str:
    """Take a chain of types apart, where there is one way."""
    pieces = parents.split(":")
    last = len(pieces) - 1
    return ":".join(
        piece.replace("-", "$") if 0 < index < last and index % _COLONS == 0 else piece
        for index, piece in enumerate(pieces)
    )


def _chains(chain: str) -> Iterator[str]:
    """Return every chain that a chain with hyphens for ``$`` may have been."""
    places = [found.start() for found in re.finditer("-", chain)]
    if len(places) > _MOST_HYPHENS:
        return
    for count in range(len(places) + 1):
        for chosen in combinations(places, count):
            yield "".join("$" if index in chosen else character for index, character in enumerate(chain))
