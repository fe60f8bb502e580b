"""Diff: which arguments changed, and which of them AWS cannot change on a living cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.parameters import ARGUMENTS, Argument, Change, same
from redshift_teardown.stack_policy import differs
from redshift_teardown.state import UNKNOWN, arguments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings

_RESTORE_SOURCE = frozenset(
    {"snapshot_identifier", "snapshot_arn", "snapshot_cluster_identifier", "owner_account"}
)


@dataclass(frozen=True)
class Difference:
    """What changed between what a stack recorded and what its program wants.

    Attributes:
        calls: Arguments whose change needs a call to AWS, or may need one: an unknown value.
        replaces: Those of them that AWS cannot change on a living cluster.
        recorded: Whether only what is recorded changes: policy, requests, URN.

    """

    calls: tuple[str, ...]
    replaces: tuple[str, ...]
    recorded: bool

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        return bool(self.calls) or self.recorded


def diff(olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings) -> Difference:
    """Compare old outputs with new inputs, AWS's normalisations absorbed.

    Args:
        olds: The stored outputs.
        news: The checked inputs.
        settings: The stack's configuration: its default tags count.

    """
    present, wanted = arguments_of(olds), arguments_of(news)
    calls = [
        argument.name
        for argument in ARGUMENTS
        if argument.change is not Change.LOCAL and _changed(argument, wanted, present, olds, settings)
    ]
    replaces = [
        name
        for name in calls
        if any(a.name == name and a.change is Change.REPLACE for a in ARGUMENTS)
        and wanted[name] is not UNKNOWN
    ]
    local = any(
        (wanted[argument.name] or None) != (present[argument.name] or None)
        for argument in ARGUMENTS
        if argument.change is Change.LOCAL and not argument.secret
    )
    return Difference(
        calls=tuple(calls),
        replaces=tuple(replaces),
        recorded=local
        or differs(olds, news)
        or olds.get("urn") != news.get("urn")
        or list(olds.get("bypass") or []) != list(news.get("bypass") or []),
    )


def _changed(
    argument: Argument,
    wanted: Mapping[str, Any],
    present: Mapping[str, Any],
    olds: Mapping[str, Any],
    settings: Settings,
) -> bool:
    want, have = wanted[argument.name], present[argument.name]
    if want is UNKNOWN:
        return True
    if argument.change is Change.TAGS:
        return all_tags(want, settings) != dict(olds.get("tags_all") or {})
    if argument.name == "region":
        return want is not None and want != (have or _recorded_region(olds))
    if argument.name == "cluster_type":
        return _type_changed(want, have, wanted)
    if want is None and (argument.name in _RESTORE_SOURCE or _follows_snapshot(wanted)):
        # To let go of the snapshot a cluster was restored from changes nothing about it; and what the
        # program leaves out is as the snapshot, or the adopted cluster, has it.
        return False
    return not same(argument, want, have)


def all_tags(tags: Any, settings: Settings) -> dict[str, str]:
    """Give the tags a cluster is to carry: the stack's default ones, overridden by its own."""
    return {**dict(settings.default_tags), **(tags if isinstance(tags, dict) else {})}


def _follows_snapshot(wanted: Mapping[str, Any]) -> bool:
    return any(
        wanted.get(name)
        for name in ("snapshot_identifier", "snapshot_arn", "restore_final_snapshot", "adopt_existing")
    )


def _type_changed(want: Any, have: Any, wanted: Mapping[str, Any]) -> bool:
    """cluster_type follows number_of_nodes; alone it says nothing new."""
    if want is None or wanted.get("number_of_nodes") is not None:
        return False
    return bool(want != have)


def _recorded_region(olds: Mapping[str, Any]) -> Any:
    identity = olds.get("identity")
    return identity.get("region") if isinstance(identity, dict) else None
