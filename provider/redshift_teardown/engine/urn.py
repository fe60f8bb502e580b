"""The name Pulumi gives a resource, taken apart.

``urn:pulumi:STACK::PROJECT::TYPE::NAME``, where TYPE may be a chain ``parent$child`` and NAME is
whatever the program wrote, even with colons in it
(https://www.pulumi.com/docs/iac/concepts/resources/names/#urns).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from redshift_teardown.errors import TeardownError

CLUSTER_TYPE: Final = "pulumi-python:dynamic/redshift:Cluster"
"""The type token of this package's clusters, to which existing stacks refer."""

_PREFIX: Final = "urn:pulumi:"
_PARTS: Final = ("stack", "project", "type", "name")


class UrnError(TeardownError, ValueError):
    """A text that should be a Pulumi URN is none."""


@dataclass(frozen=True)
class Urn:
    """A resource's URN.

    Attributes:
        stack: The stack's name, as the user gave it.
        project: The project's name.
        type: The resource's own type, without its parents: ``pulumi-python:dynamic/redshift:Cluster``.
        name: The resource's name in the program.
        text: The URN as it stands in the state.
    """

    stack: str
    project: str
    type: str
    name: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Urn:
        """Take a URN apart.

        Args:
            text: The URN, as Pulumi writes it.

        Raises:
            UrnError: It is not of the form ``urn:pulumi:STACK::PROJECT::TYPE::NAME``, or a part is empty.
        """
        form = f"{_PREFIX}STACK::PROJECT::TYPE::NAME"
        if not text.startswith(_PREFIX):
            raise UrnError(f"not a Pulumi URN: {text!r} (expected {form})")
        parts = text[len(_PREFIX) :].split("::", len(_PARTS) - 1)
        for part, value in zip(_PARTS, [*parts, *[""] * (len(_PARTS) - len(parts))], strict=True):
            if not value:
                raise UrnError(f"not a Pulumi URN: {text!r} has no {part} (expected {form})")
        stack, project, chain, name = parts
        own = chain.rpartition("$")[2]
        if not own:
            raise UrnError(f"not a Pulumi URN: {text!r} has no type after {chain!r} (expected {form})")
        return cls(stack=stack, project=project, type=own, name=name, text=text)

    def __str__(self) -> str:
        return self.text
