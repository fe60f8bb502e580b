"""The options and secrets of a cluster in a program: refused, taken as meant, or told to the provider."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime.config import is_config_secret

from redshift_teardown.aws.arguments import BY_NAME, snake
from redshift_teardown.deletion_policy.problems import nearest
from redshift_teardown.engine.secret_values import DEFAULTS
from redshift_teardown.errors import TO_TAKE_OVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Note = Callable[[pulumi.Resource], None]

_BY_PATH = ("ignore_changes", "replace_on_changes")


def read_options(
    resource_name: str, options: pulumi.ResourceOptions
) -> tuple[pulumi.ResourceOptions, list[Note]]:
    """Return the options as they are meant, and what is to be said of them once the resource is there.

    Args:
        resource_name: The resource's name, for messages.
        options: As the program gives them.

    Raises:
        pulumi.RunError: an option cannot work for a cluster.

    """
    _refuse_provider(resource_name, options)
    _refuse_create_before_delete(resource_name, options)
    _refuse_replace_with(resource_name, options)
    _refuse_lookup(resource_name, options)
    notes: list[Note] = []
    meant = pulumi.ResourceOptions.merge(options, None)
    for option in _BY_PATH:
        paths = getattr(options, option, None)
        if isinstance(paths, list):
            setattr(meant, option, [_meant(option, path, notes) for path in paths])
    if options.custom_timeouts is not None:
        notes.append(
            _warning(
                "custom_timeouts have no effect: Pulumi does not hand them to a dynamic resource. How long "
                "an operation waits is `wait.timeout_hours` of the deletion policy"
            )
        )
    return meant, notes


def _meant(option: str, path: str, notes: list[Note]) -> str:
    first = path.partition(".")[0].partition("[")[0]
    name = snake(first)
    if name in BY_NAME or first == "*":
        if name != first:
            notes.append(_line(f"{option}: {first!r} is taken to mean {name!r}"))
        return name + path[len(first) :]
    near = nearest(name, list(BY_NAME))
    notes.append(
        _warning(
            f"{option}: {first!r} is no argument of a cluster and has no effect"
            + (f"; did you mean {near!r}?" if near else "")
        )
    )
    return path


def _line(text: str) -> Note:
    return lambda resource: pulumi.log.info(text, resource)


def _warning(text: str) -> Note:
    return lambda resource: pulumi.log.warn(text, resource)


def secret_names(arguments: Mapping[str, Any]) -> pulumi.Output[list[str]]:
    """Return which arguments and tags are secret: ``port``, ``tags``, ``tags.team``, ``default_tags``.

    Those that are secret by their nature are not named.

    Args:
        arguments: As the program gives them.

    """
    found = asyncio.ensure_future(_secret_names(arguments))
    return pulumi.Output(set(), found, _settled(True), _settled(False))  # noqa: FBT003 - that is its signature


def _settled(value: bool) -> asyncio.Future[bool]:
    settled: asyncio.Future[bool] = asyncio.get_event_loop().create_future()
    settled.set_result(value)
    return settled


async def _secret_names(arguments: Mapping[str, Any]) -> list[str]:
    names = [DEFAULTS] if is_config_secret("aws:defaultTags") else []
    for name, value in arguments.items():
        if value is None or BY_NAME[name].secret:
            continue
        if name == "tags" and isinstance(value, dict):
            names += [f"tags.{key}" for key, tag in value.items() if await _is_secret(tag)]
        elif await _is_secret(value):
            names.append(name)
    return sorted(names)


async def _is_secret(value: Any) -> bool:
    return await pulumi.Output.from_input(value).is_secret()


def _refuse_provider(resource_name: str, options: pulumi.ResourceOptions) -> None:
    """Refuse an AWS provider, which the engine would drop in silence: the cluster would land elsewhere."""
    own = options.provider
    given = options.providers
    listed = list(given.values()) if isinstance(given, dict) else list(given or [])
    inherited = getattr(options.parent, "_providers", None)
    candidates = [*([own] if own else []), *listed, *(inherited or {}).values()]
    if not any(getattr(candidate, "package", "") == "aws" for candidate in candidates):
        return
    message = (
        f"{resource_name}: an aws provider does not reach this resource. Configure the stack instead: "
        "`pulumi config set aws:region …`, `aws:profile …`, `aws:assumeRoles …`; for another region give the "
        "cluster a region=…; take it out of a component that has an aws provider of its own"
    )
    raise pulumi.RunError(message)


def _refuse_create_before_delete(resource_name: str, options: pulumi.ResourceOptions) -> None:
    """Refuse delete_before_replace=False: a cluster's one identifier would be created, then deleted."""
    if options.delete_before_replace is False:
        message = (
            f"{resource_name}: delete_before_replace=False cannot work for a cluster, which has one "
            "identifier: the engine would create and then delete the same cluster. Leave the option out"
        )
        raise pulumi.RunError(message)


def _refuse_replace_with(resource_name: str, options: pulumi.ResourceOptions) -> None:
    """Refuse replace_with, in every stack: delete is called as by a destroy, before any check or diff.

    The engine goes by what the state has of it: where another release let it in, the program that is refused
    takes it away.
    """
    if getattr(options, "replace_with", None):
        message = (
            f"{resource_name}: replace_with would have the engine delete this cluster while it replaces the "
            "other resource, before it asks what is to become of the data: no preview judges that, and the "
            "new cluster may begin without it. Use replacement_trigger=… in its place, with what changes of "
            "the other resource, which is judged in preview. Where the state has the option already "
            "(`replaceWith`), take it away by an `up` that changes nothing else"
        )
        raise pulumi.RunError(message)


def _refuse_lookup(resource_name: str, options: pulumi.ResourceOptions) -> None:
    """Refuse import_ and id: nobody imports a dynamic resource, or reads one that no `up` recorded."""
    for option in ("import_", "id"):
        if getattr(options, option) is not None:
            message = f"{resource_name}: {option} does not work for this kind of resource. {TO_TAKE_OVER}"
            raise pulumi.RunError(message)
