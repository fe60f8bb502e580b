"""The resources of what `pulumi stack export` writes, each checked to be of the form that it has there."""

from __future__ import annotations

from typing import Any

from redshift_teardown.errors import TeardownError

_FORMS = {
    "type": str,
    "id": str,
    "provider": str,
    "deletedWith": str,
    "replaceWith": list,
    "inputs": dict,
    "outputs": dict,
    "protect": bool,
    "retainOnDelete": bool,
    "external": bool,
}
_FORM_WORDS = {str: "string", dict: "object", list: "list", bool: "true or false"}


class SourceError(TeardownError):
    """A stack cannot be read; the message says why, and what to do."""


def resources_of(document: Any) -> list[dict[str, Any]]:
    """Take the resources out of what `pulumi stack export` writes, each of the form that it has there.

    Raises:
        SourceError: it is no such document; the message says where.

    """
    deployment = document.get("deployment") if isinstance(document, dict) else None
    if not isinstance(deployment, dict):
        raise SourceError("this is no exported state: it has no deployment (see `pulumi stack export`)")
    resources = deployment.get("resources")
    if resources is None:
        # A stack that was never up has none.
        resources = []
    if not isinstance(resources, list):
        raise SourceError("this is no exported state: deployment.resources is no list")
    for number, resource in enumerate(resources):
        place = f"deployment.resources[{number}]"
        if not isinstance(resource, dict) or not isinstance(resource.get("urn"), str):
            raise SourceError(f"this is no exported state: it has a resource without a URN ({place})")
        for key, form in _FORMS.items():
            if not isinstance(resource.get(key), (form, type(None))):
                raise SourceError(f"this is no exported state: {place}.{key} is no {_FORM_WORDS[form]}")
    return resources
