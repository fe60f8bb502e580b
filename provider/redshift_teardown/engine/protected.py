"""What the engine does not come to, since it refuses to delete protected resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LINKS = ("parent", "deletedWith")
_LISTS = ("dependencies", "replaceWith")
_LEFT_OVER = ("delete", "pendingReplacement")
"""Of what a replacement left over the engine asks no `protect`."""


def protected(resources: Sequence[Mapping[str, Any]]) -> list[tuple[str, frozenset[str]]]:
    """Return the protected resources of a state, each with the URNs of what stays because it does.

    The engine deletes what depends on a resource before it, so it never comes to what a protected one
    depends on, directly or over others; `pulumi destroy --exclude-protected` leaves out the same. Any of
    them fails the preview of a plain destroy, which goes no further then.

    Args:
        resources: The resources as `resources_of` gives them, which is in the order of their dependencies.

    """
    graph: dict[str, set[str]] = {}
    children: dict[str, set[str]] = {}
    components = {each["urn"] for each in resources if not each.get("custom")}
    found = []
    for resource in resources:
        urn, parent = resource["urn"], resource.get("parent")
        needed = set(_needed_by(resource))
        # What depends on a component depends on its children so far, too.
        within = {
            child for each in needed - {parent} if each in components for child in children.get(each, ())
        }
        graph.setdefault(urn, set()).update(needed, within)
        if isinstance(parent, str):
            children.setdefault(parent, set()).update({urn}, children.get(urn, ()))
        if resource.get("protect") and not any(resource.get(mark) for mark in _LEFT_OVER):
            found.append(urn)
    return [(urn, frozenset(_closure(graph, urn) - {urn})) for urn in found]


def _needed_by(resource: Mapping[str, Any]) -> Iterator[str]:
    """Return the URNs that a resource depends on directly."""
    provider = resource.get("provider")
    if provider:
        yield provider.rpartition("::")[0]
    values = [resource.get(link) for link in _LINKS]
    lists = [resource.get(name) or () for name in _LISTS]
    lists += [
        each for each in (resource.get("propertyDependencies") or {}).values() if isinstance(each, list)
    ]
    for value in (*values, *(each for urns in lists for each in urns)):
        if isinstance(value, str) and value:
            yield value


def _closure(graph: Mapping[str, set[str]], urn: str) -> set[str]:
    reached, ahead = {urn}, [urn]
    while ahead:
        new = graph.get(ahead.pop(), set()) - reached
        reached |= new
        ahead += new
    return reached
