"""What a program changes on a recorded cluster: every difference that is one to AWS, and no other. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import ARGUMENTS, BY_NAME, Change
from redshift_teardown.lifecycle.desired import (
    Desired,
    Ignored,
    RecordedArguments,
    differences,
    meant_by,
    said_by,
)
from redshift_teardown.lifecycle.origin import BEGAN_EMPTY, NAMES, Named, began_with, named_by
from redshift_teardown.lifecycle.outputs import RECORDED_INPUTS
from redshift_teardown.lifecycle.policy.resolve import differs
from redshift_teardown.lifecycle.state import UNKNOWN, arguments_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.engine.request import Asked
    from redshift_teardown.settings import Settings


@dataclass(frozen=True)
class Difference:
    """What changed between what a stack recorded and what its program says.

    Attributes:
        calls: Arguments whose change needs a call to AWS, or may need one: an unknown value.
        replaces: Those of them that AWS cannot change on a living cluster.
        recorded: Whether only what is recorded changes: policy, requests, URN, what is said.
        desired: What the changed settings are to become, and those that preview shows though they differ
            in words only.
        arguments: What the program says, with what is recorded in place of what it is to ignore.

    """

    calls: tuple[str, ...]
    replaces: tuple[str, ...]
    recorded: bool
    desired: Desired = field(repr=False)
    arguments: Mapping[str, Any] = field(repr=False)

    @property
    def any(self) -> bool:
        """Whether anything changed."""
        return bool(self.calls) or self.recorded


def compare(
    olds: Mapping[str, Any], news: Mapping[str, Any], settings: Settings, asked: Asked | None = None
) -> Difference:
    """Compare old outputs with new inputs, AWS's normalisations absorbed.

    Args:
        olds: The stored outputs.
        news: The checked inputs; unknown values may be in them.
        settings: The stack's configuration: its default tags count.
        asked: What the engine said besides.

    """
    recorded = RecordedArguments.of(olds)
    ignored = Ignored.of(asked.ignored if asked else ())
    arguments = meant_by(arguments_of(news), recorded, ignored)
    desired = differences(recorded, arguments, dict(settings.default_tags))
    if _names_its_own_snapshot(arguments, recorded.arguments, olds):
        others = {name: value for name, value in desired.values.items() if name not in NAMES}
        desired = replace(desired, values=others)
    if asked and asked.old_inputs is not None:
        desired = desired.and_renamed_back(asked.old_inputs, recorded, ignored)
    calls = desired.names
    local = any(
        (arguments[argument.name] or None) != (recorded.arguments[argument.name] or None)
        for argument in ARGUMENTS
        if argument.change is Change.LOCAL and not argument.secret
    )
    if asked and asked.old_inputs is not None:
        desired = desired.and_shown(asked.old_inputs, news, ignored)
    return Difference(
        calls=calls,
        replaces=tuple(
            name
            for name in calls
            if BY_NAME[name].change is Change.REPLACE and arguments[name] is not UNKNOWN
        ),
        recorded=local
        or recorded.said is None
        # To name the snapshot that it began with otherwise, or no more, says nothing about a cluster.
        or bool((recorded.said ^ said_by(arguments)).difference(NAMES))
        or differs(olds, news)
        or any(_absent(olds.get(key)) != _absent(news.get(key)) for key in _COMPARED),
        desired=desired,
        arguments=arguments,
    )


def _names_its_own_snapshot(
    arguments: Mapping[str, Any], present: Mapping[str, Any], olds: Mapping[str, Any]
) -> bool:
    """Return whether a program names the snapshot that the cluster began with, in whatever words.

    Or the one that it named at the last `up`: a create that was gone on with may have begun without it.
    """
    identity = olds.get("identity")
    account = str(identity.get("account_id") or "") if isinstance(identity, dict) else ""
    named, began = named_by(arguments, account), began_with(olds, present, account)
    if began == BEGAN_EMPTY:
        began = named_by(present, account)
    return isinstance(began, Named) and named is not None and began.is_the_same(named)


_COMPARED = tuple(key for key in RECORDED_INPUTS if key not in {"policy", "on_destroy"})


def _absent(value: Any) -> Any:
    return value or None
