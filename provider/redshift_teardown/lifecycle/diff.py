"""Diff: which arguments changed, and which of them AWS cannot change on a living cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import BY_NAME, same
from redshift_teardown.aws.session import resolve_region
from redshift_teardown.engine.request import Asked
from redshift_teardown.engine.secret_values import is_secret_tag, names_in
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle import this_run, unseen_end
from redshift_teardown.lifecycle.changes.compare import Difference, compare
from redshift_teardown.lifecycle.context import reporter_for
from redshift_teardown.lifecycle.data import replacement
from redshift_teardown.lifecycle.policy import protection
from redshift_teardown.lifecycle.state import GONE, UNKNOWN, UNWRITTEN, State, arguments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.interfaces import Reporter


def diff(
    olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings, asked: Asked | None = None
) -> Difference:
    """Compare old outputs with new inputs, and refuse what would come to no good.

    Args:
        olds: The stored outputs.
        news: The checked inputs; unknown values may be in them.
        settings: The stack's configuration.
        asked: What the engine said besides.

    Raises:
        RefusedError: the cluster lives in another region than the configuration is for; a zone is changed
            without relocation; or a replacement would leave the new cluster without the data of the old one,
            where that must not be. All of it known in preview.

    """
    asked = asked or Asked()
    state = State.read(olds)
    _require_not_deleted(state)
    found = compare(olds, news, settings, asked)
    urn = str(news.get("urn") or state.urn)
    # Where the program has it, which only check tells, nobody else may delete its cluster in this run.
    this_run.claim(state.identity, urn, str(state.urn), claim=state.claim)
    this_run.note_former(urn, str(state.urn))
    # A refresh asks for a diff, too, with the inputs of the last `up`, and is to fail nobody.
    in_program = this_run.is_in_program(urn)
    if in_program:
        kept = protection.require_kept(olds, state, news, settings)
        this_run.note_protection(urn, kept)
    if state.gone and in_program:
        why = unseen_end.why_replaced(olds, settings, urn)
        if why:
            reporter = reporter_for(urn, state.urn.name)
            replacement.review(olds, news, found.replaces, settings, reporter)
            reporter.warn(why)
            this_run.note_reviewed(urn, state.identity)
            return replace(found, calls=(*found.calls, GONE), replaces=(*found.replaces, GONE))
        return replace(found, recorded=True)
    _require_region(state, found.arguments, settings)
    _require_relocation(found, state)
    reporter = reporter_for(urn, state.urn.name)
    if in_program:
        # Without a program nobody knows what `up` changes: a refresh's inputs are those of the state.
        _tell_what_inputs_do_not(found, state, asked, names_in(olds, news), reporter)
    if found.replaces:
        replacement.review(olds, news, found.replaces, settings, reporter)
        this_run.note_reviewed(urn, state.identity)
    if in_program and not found.any and state.overruled == UNWRITTEN:
        reporter.keep(f"{state.identity}: `up` writes on the cluster by which rules it is owned now")
        return replace(found, recorded=True)
    if in_program and not found.any and unseen_end.is_unseen(olds, settings):
        return replace(found, recorded=unseen_end.has_outlived(olds, settings, reporter))
    return found


def _require_not_deleted(state: State) -> None:
    """Refuse to change what this run has deleted.

    By ``replaceWith`` in a state the engine calls delete first, as a destroy does; where the program has the
    option no more, an update follows.
    """
    identity = state.identity
    deleted = this_run.deletion_of(identity)
    if deleted is None:
        return
    raise RefusedError(
        f"{identity} was deleted in this run, beside another resource that is replaced: the option "
        "replace_with, which the state has, makes the engine do so before it asks for more",
        data=f"{deleted.left}; no new cluster was created",
        next_step="run `pulumi up` again, which creates it anew"
        + ("; with restore_final_snapshot=True the data comes back" if deleted.snapshot is not None else ""),
    )


def _tell_what_inputs_do_not(
    found: Difference, state: State, asked: Asked, secrets: frozenset[str], reporter: Reporter
) -> None:
    """Name the changes that the engine, which compares inputs, shows nothing of.

    A cluster that was adopted, or whose drift an older version refreshed, differs from inputs that are what
    the program says now. And that an argument is gone from the inputs does not show what it becomes.
    """
    changed = [name for name in found.calls if name in found.desired.values]
    dropped = [_from_to(name, found, state) for name in changed if found.arguments[name] is None]
    if dropped:
        reporter.keep(
            f"{state.identity}: what the program says no more gets its default: {'; '.join(dropped)}"
        )
    if asked.old_inputs is None:
        return
    before = arguments_of(asked.old_inputs)
    own, tags = found.arguments["tags"] or {}, found.desired.tags
    if own is UNKNOWN:
        # The engine shows the change of all of them, and none by its key.
        own, tags = {}, {}
    tags_before = {**(asked.old_inputs.get("default_tags") or {}), **(before["tags"] or {})}
    told = [
        *(
            f"{name} to another value" if BY_NAME[name].secret else _from_to(name, found, state)
            for name in changed
            if before[name] == found.arguments[name]
        ),
        *(
            f"tag {key} {'taken away' if value is None else f'set to {value!r}'}"
            for key, value in tags.items()
            if tags_before.get(key) == value
        ),
    ]
    if told:
        text = f"{state.identity} was found otherwise than the program says; `up` changes {'; '.join(told)}"
        reporter.keep(text)
    secret = [
        *(
            f"{name} to another value"
            for name in changed
            if before[name] != found.arguments[name] and name in secrets
        ),
        *(
            f"tag {key}"
            for key, value in tags.items()
            if tags_before.get(key) != value and is_secret_tag(key, secrets, own)
        ),
    ]
    if secret:
        reporter.keep(
            f"{state.identity}: `up` changes {'; '.join(secret)}, where the engine marks no change between "
            "two secret values"
        )


def _from_to(name: str, found: Difference, state: State) -> str:
    value = found.desired.values[name]
    return f"{name} from {state.arguments[name]!r} to {value!r}"


def _require_region(state: State, arguments: Mapping[str, Any], settings: Settings) -> None:
    """Refuse another region's configuration: what the program says is not about that cluster."""
    if arguments.get("region") is not None:
        return
    configured, recorded = resolve_region(settings), state.identity.region
    if recorded and configured != recorded:
        raise RefusedError(
            f"{state.identity} lives in {recorded}, and this configuration is for {configured}",
            data="nothing was touched",
            next_step=f"run `pulumi config set aws:region {recorded}`, or give the cluster "
            f"region={recorded!r}",
        )


def _require_relocation(found: Difference, state: State) -> None:
    """Refuse another Availability Zone where relocation is off, as AWS would once `up` has begun."""
    zone = found.desired.values.get("availability_zone")
    known = state.arguments.get("availability_zone")
    if zone is None or zone is UNKNOWN or same(BY_NAME["availability_zone"], zone, known):
        return
    relocation = "availability_zone_relocation_enabled"
    said = found.arguments[relocation]
    if not found.desired.values.get(relocation, state.arguments[relocation] if said is None else said):
        raise RefusedError(
            f"{state.identity} is in {known} and cannot be relocated to {zone} while "
            "availability_zone_relocation_enabled is not True",
            data="nothing was touched",
            next_step="set availability_zone_relocation_enabled=True, or the zone as it is",
        )
