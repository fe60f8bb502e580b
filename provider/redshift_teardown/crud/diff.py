"""Diff: which arguments changed, and which of them AWS cannot change on a living cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws import resolve_region
from redshift_teardown.crud import gone, owned, protection, replacement
from redshift_teardown.crud.origin import NAMES, Named, began_with, named_by
from redshift_teardown.crud.session import reporter_for
from redshift_teardown.crud.wanted import recorded_inherited, wanted_by
from redshift_teardown.errors import RefusedError
from redshift_teardown.parameters import ARGUMENTS, BY_NAME, Argument, Change
from redshift_teardown.stack_policy import differs
from redshift_teardown.state import GONE, UNKNOWN, State, arguments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.crud.wanted import Wanted
    from redshift_teardown.settings import Settings


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
    """Compare old outputs with new inputs, and refuse what would come to no good.

    Args:
        olds: The stored outputs.
        news: The checked inputs; unknown values may be in them.
        settings: The stack's configuration.

    Raises:
        RefusedError: the cluster lives in another region than the configuration is for; a zone is changed
            without relocation; or a replacement would leave the new cluster without the data of the old one,
            where that must not be. All of it known in preview.

    """
    state = State.read(olds)
    found = compare(olds, news, settings)
    wanted = arguments_of(news)
    urn = str(news.get("urn") or state.urn)
    # Where the program has it, which only check tells, nobody else may delete its cluster in this run.
    owned.claim(state.identity, urn, str(state.urn), claim=state.claim)
    protection.require_kept(olds, state, news, settings)
    if state.gone and owned.is_in_program(urn):
        # A refresh asks for a diff, too, and is to fail nobody: there the mark alone is the change.
        if gone.is_replaced(olds, settings, urn):
            owned.note_reviewed(str(state.urn))
            return replace(found, calls=(*found.calls, GONE), replaces=(*found.replaces, GONE))
        return replace(found, recorded=True)
    _require_region(state, wanted, settings)
    _require_relocation(found, wanted, state)
    if found.replaces:
        replacement.review(olds, news, found.replaces, settings, reporter_for(urn, state.urn.name))
        owned.note_reviewed(str(state.urn))
    return found


def compare(olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings) -> Difference:
    """Compare old outputs with new inputs, AWS's normalisations absorbed.

    Args:
        olds: The stored outputs.
        news: The checked inputs; unknown values may be in them.
        settings: The stack's configuration: its default tags count.

    """
    present, arguments = arguments_of(olds), arguments_of(news)
    wanted = wanted_by(arguments, settings, recorded_inherited(olds))
    named = _names_its_own_snapshot(arguments, present, olds)
    calls = [
        argument.name
        for argument in ARGUMENTS
        if argument.change is not Change.LOCAL
        and not (named and argument.name in NAMES)
        and _changed(argument, wanted, present, olds)
    ]
    replaces = [
        name for name in calls if BY_NAME[name].change is Change.REPLACE and arguments[name] is not UNKNOWN
    ]
    local = any(
        (arguments[argument.name] or None) != (present[argument.name] or None)
        for argument in ARGUMENTS
        if argument.change is Change.LOCAL and not argument.secret
    )
    return Difference(
        calls=tuple(calls),
        replaces=tuple(replaces),
        recorded=local
        or (arguments["region"] is not None and "region" in recorded_inherited(olds))
        or differs(olds, news)
        or olds.get("urn") != news.get("urn")
        or list(olds.get("bypass") or []) != list(news.get("bypass") or []),
    )


def _changed(argument: Argument, wanted: Wanted, present: Mapping[str, Any], olds: Mapping[str, Any]) -> bool:
    want, have = wanted.arguments[argument.name], present[argument.name]
    if want is UNKNOWN:
        return True
    if argument.change is Change.TAGS:
        shown = dict(olds.get("tags_all") or {})
        return wanted.tags(shown) != shown
    if argument.name == "region":
        return want is not None and want != (have or _recorded_region(olds))
    if argument.name == "cluster_type":
        return _type_changed(want, have, wanted.arguments)
    if want is None and argument.name in NAMES:
        # To let go of the snapshot a cluster was restored from changes nothing about it.
        return False
    return not wanted.is_met(argument, have)


def _names_its_own_snapshot(
    arguments: Mapping[str, Any], present: Mapping[str, Any], olds: Mapping[str, Any]
) -> bool:
    """Return whether a program names the snapshot that the cluster began with, in whatever words."""
    identity = olds.get("identity")
    account = str(identity.get("account_id") or "") if isinstance(identity, dict) else ""
    named, began = named_by(arguments, account), began_with(olds, present, account)
    return isinstance(began, Named) and named is not None and began.is_the_same(named)


def _type_changed(want: Any, have: Any, wanted: Mapping[str, Any]) -> bool:
    """cluster_type follows number_of_nodes; alone it says nothing new."""
    if want is None or wanted.get("number_of_nodes") is not None:
        return False
    return bool(want != have)


def _recorded_region(olds: Mapping[str, Any]) -> Any:
    identity = olds.get("identity")
    return identity.get("region") if isinstance(identity, dict) else None


def _require_region(state: State, wanted: Mapping[str, Any], settings: Settings) -> None:
    """Refuse another region's configuration: what the program says is not about that cluster."""
    if wanted.get("region") is not None:
        return
    configured, recorded = resolve_region(settings), state.identity.region
    if recorded and configured != recorded:
        raise RefusedError(
            f"{state.identity} lives in {recorded}, and this configuration is for {configured}",
            data="nothing was touched",
            next_step=f"run `pulumi config set aws:region {recorded}`, or give the cluster "
            f"region={recorded!r}",
        )


def _require_relocation(found: Difference, wanted: Mapping[str, Any], state: State) -> None:
    """Refuse another Availability Zone where relocation is off, as AWS would once `up` has begun."""
    zone = wanted.get("availability_zone")
    if "availability_zone" not in found.calls or zone is UNKNOWN:
        return
    if not wanted.get("availability_zone_relocation_enabled"):
        raise RefusedError(
            f"{state.identity} is in {state.arguments.get('availability_zone')} and cannot be relocated to "
            f"{zone} while availability_zone_relocation_enabled is not True",
            data="nothing was touched",
            next_step="set availability_zone_relocation_enabled=True, or the zone as it is",
        )
