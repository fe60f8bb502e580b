"""What a program wants of a living cluster. Diff, converge and outputs all ask here: they cannot differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.parameters import ARGUMENTS, BY_NAME, Argument, Change, Kind, read_arguments, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redshift_teardown.settings import Settings

INHERITED = "inherited"
"""The output that names what a cluster has from its snapshot, had when it was adopted, or has from config."""


@dataclass(frozen=True)
class Wanted:
    """The arguments of a program, and what their absence means.

    An argument that is left out has pulumi-aws's default, where there is one, else whatever is there. A
    cluster that was restored or adopted keeps what its program leaves out, so that to bring one back or to
    take one over never resizes it, until the program says something and takes it away again.

    Attributes:
        arguments: Coerced values by name; None where the program says nothing.
        inherited: Names of arguments that are left as they are while the program leaves them out.
        default_tags: The stack's own tags.

    """

    arguments: Mapping[str, Any]
    inherited: frozenset[str] = frozenset()
    default_tags: Mapping[str, str] = field(default_factory=dict)

    def value(self, argument: Argument) -> Any:
        """Give the value that is wanted; None where anything is fine."""
        given = self.arguments.get(argument.name)
        if given is None or (argument.name == "vpc_security_group_ids" and given == []):
            # A cluster has at least one security group: to name none leaves it AWS's choice.
            return None if argument.name in self.inherited else argument.default
        return given

    def is_met(self, argument: Argument, present: Any) -> bool:
        """Tell whether what is there will do."""
        return same(argument, self.value(argument), present)

    def tags(self, present: Mapping[str, str]) -> dict[str, str]:
        """Give the tags that the cluster is to carry: the stack's default ones, overridden by its own."""
        own = self.arguments.get("tags")
        if own is None and "tags" in self.inherited:
            own = present
        return {**self.default_tags, **(own if isinstance(own, dict) else {})}


def wanted_by(arguments: Mapping[str, Any], settings: Settings, inherited: Iterable[str] = ()) -> Wanted:
    """Give what a program wants.

    Args:
        arguments: Its arguments, coerced.
        settings: The stack's configuration.
        inherited: What the outputs name as inherited; what the program gives now is no longer.

    """
    return Wanted(
        arguments,
        frozenset(name for name in inherited if name in BY_NAME and arguments.get(name) is None),
        dict(settings.default_tags),
    )


def inherited_from(
    arguments: Mapping[str, Any], cluster: Mapping[str, Any], tags: Mapping[str, str] | None = None
) -> list[str]:
    """Name what a restored or adopted cluster has otherwise than the defaults, and its program leaves out.

    Args:
        arguments: The program's arguments, coerced.
        cluster: An entry of DescribeClusters.
        tags: The tags of a cluster that is adopted; a restored one has its snapshot's, which are not its.

    """
    shown = read_arguments(cluster)
    names = [
        argument.name
        for argument in ARGUMENTS
        if argument.kind is not Kind.TAGS
        and argument.change is not Change.LOCAL
        and arguments.get(argument.name) is None
        and argument.default is not None
        and not same(argument, argument.default, shown.get(argument.name))
    ]
    return sorted([*names, "tags"] if tags and arguments.get("tags") is None else names)


def own_region(outputs: Mapping[str, Any]) -> object:
    """Give the region that the program named for the cluster; None where it has the configuration's."""
    return None if "region" in recorded_inherited(outputs) else outputs.get("region")


def recorded_inherited(outputs: Mapping[str, Any]) -> list[str]:
    """Give the names that outputs record as inherited."""
    recorded = outputs.get(INHERITED)
    return [name for name in recorded if isinstance(name, str)] if isinstance(recorded, list) else []
