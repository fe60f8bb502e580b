"""The state contract: what a cluster's inputs and outputs hold in a stack's state, versioned.

Pulumi hands everything to a provider through protobuf: every number arrives as a float, an unknown
value as a sentinel. Both are made plain here and nowhere else. Old versions are read forever; a
newer one is refused, since what it says could be misread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown as PulumiUnknown

from redshift_teardown.aws.arguments import ARGUMENTS, Argument, Kind
from redshift_teardown.aws.identity import Identity, parse_time
from redshift_teardown.deletion_policy.facts import PULUMI_UNKNOWN
from redshift_teardown.engine.urn import Urn, UrnError
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.teardown.earlier import strings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

STATE_VERSION = 3
"""1 held the recorded rules as a mapping; 2 holds them as a JSON string; 3 adds the outputs below. All are
read forever."""
CARRIED = ("claim", "overruled", "protection", "data_since", "restored_from", "void")
"""Outputs of version 3 that every update and refresh hands on as they are, unless it knows better.

``claim``: the ownership claim; ``overruled``: what its tag says of protection and could not be rewritten,
once the rules were loosened; ``protection``: the place that a protected environment claimed;
``data_since``: since when the cluster has held data of this resource's line, absent where that is not known;
``restored_from``: the ARN of the snapshot it began with, ``empty`` where it began with none;
``void``: snapshots that are no proof, since the cluster was seen alive after them.
"""
UNWRITTEN = "unwritten"
"""Output ``overruled`` where the cluster could not be reached when its claim was to say something else of
protection: the next `up` writes it."""
GONE = "gone"
"""Output of version 3, in words: a refresh saw the cluster gone, and its data is not proven to be kept."""


class Unknown:
    """A value that preview cannot know yet."""

    def __repr__(self) -> str:
        """Name it in a message."""
        return "unknown"


UNKNOWN = Unknown()


def plain(value: object) -> object:
    """Return a value with ``UNKNOWN`` in place of what Pulumi says is unknown, at any depth.

    On the wire that is a text; a provider's ``check`` and ``diff`` get an object of Pulumi's own.
    """
    return _replaced(value, UNKNOWN)


def for_wire(value: object) -> object:
    """Return a value with what is unknown in it as Pulumi's wire format wants it, at any depth."""
    return _replaced(value, PULUMI_UNKNOWN)


def _replaced(value: object, stand_in: object) -> object:
    if isinstance(value, (Unknown, PulumiUnknown)) or value == PULUMI_UNKNOWN:
        return stand_in
    if isinstance(value, dict):
        return {key: _replaced(item, stand_in) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, stand_in) for item in value]
    return value


@dataclass(frozen=True)
class Misfit:
    """A value that is not of its argument's form, and why."""

    reason: str


def coerce(argument: Argument, value: Any) -> Any:
    """Return a value in its argument's form, or a Misfit; None and UNKNOWN stay what they are."""
    if value is None or value is UNKNOWN:
        return value
    if value == "" and argument.kind is Kind.STRING:
        # As in pulumi-aws, an empty text says nothing.
        return None
    coerced = _coerce(argument.kind, value)
    if coerced is None:
        return Misfit(f"must be {_ARTICLE[argument.kind]}, not {_shown(argument, value)}")
    return coerced


_ARTICLE = {
    Kind.STRING: "text",
    Kind.INTEGER: "a whole number",
    Kind.FLAG: "true or false",
    Kind.FLAG_STRING: '"true" or "false"',
    Kind.STRINGS: "a list of strings",
    Kind.TAGS: "a map of strings",
}


def _coerce(kind: Kind, value: Any) -> Any:  # noqa: PLR0911 - one return a form
    if kind is Kind.STRING:
        return value if isinstance(value, str) else None
    if kind is Kind.INTEGER:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return int(value) if math.isfinite(value) and value == int(value) else None
    if kind is Kind.FLAG:
        return value if isinstance(value, bool) else None
    if kind is Kind.FLAG_STRING:
        text = str(value).lower()
        return text if text in {"true", "false"} else None
    if kind is Kind.STRINGS:
        known = isinstance(value, list) and all(isinstance(item, (str, Unknown)) for item in value)
        if not known:
            return None
        return UNKNOWN if UNKNOWN in value else list(value)
    known = isinstance(value, dict) and all(isinstance(item, (str, Unknown)) for item in value.values())
    return dict(value) if known else None


def _shown(argument: Argument, value: object) -> str:
    return f"a {type(value).__name__}" if argument.secret else repr(value)


class DamagedValueError(TeardownError, ValueError):
    """Inputs or outputs hold a value that no program can have given: check lets none of its form through."""


def arguments_of(props: Mapping[str, Any]) -> dict[str, Any]:
    """Take every argument out of inputs or outputs, coerced; absent ones are None.

    Raises:
        DamagedValueError: a value is of another form than its argument's; the message names it.

    """
    values: dict[str, Any] = {}
    for argument in ARGUMENTS:
        value = coerce(argument, plain(props.get(argument.name)))
        if isinstance(value, Misfit):
            message = f"{argument.name} {value.reason}"
            raise DamagedValueError(message)
        values[argument.name] = value
    return values


@dataclass(frozen=True)
class State:
    """The outputs of a cluster, read.

    Attributes:
        arguments: Every argument, coerced; None where the program said nothing.
        identity: The generation recorded at the last ``up``.
        policy: What was recorded of the deletion policy: digest, source, environment, rules.
        urn: The resource's URN at the last ``up``.
        void: Snapshots of this generation that are no proof: the cluster was seen alive after them.
        gone: What a refresh found when the cluster was gone and could not leave the state; else empty.
        claim: The ownership claim; empty for none.
        overruled: The value of the claim tag that says ``protected`` by rules of before; empty for none.
        data_since: Since when the cluster has held data of this resource's line; None where not known.
        tags_all: All tags of the cluster, as they were seen last; None where that is not known.

    """

    arguments: Mapping[str, Any]
    identity: Identity
    policy: Mapping[str, Any]
    urn: Urn
    void: frozenset[str] = frozenset()
    gone: str = ""
    claim: str = ""
    overruled: str = ""
    data_since: datetime | None = None
    tags_all: Mapping[str, str] | None = None

    @classmethod
    def read(cls, outputs: Mapping[str, Any]) -> State:
        """Read outputs of this version or an older one.

        Raises:
            RefusedError: a newer version wrote them, they are not a cluster's, or damaged.

        """
        version = outputs.get("state_version")
        if not isinstance(version, (int, float)) or isinstance(version, bool) or version < 1:
            raise RefusedError(
                "this resource's state holds no state_version: redshift-teardown did not write it, or it is "
                "damaged",
                data="nothing was touched",
                next_step="restore the state from a backup (`pulumi stack import`), or let go of the "
                "resource with `pulumi state delete`",
            )
        if version > STATE_VERSION:
            raise RefusedError(
                f"this state was written by a newer redshift-teardown (state version {int(version)}; this "
                f"one reads up to {STATE_VERSION})",
                data="nothing was touched",
                next_step="install the version that wrote it, or a newer one, and run the command again",
            )
        try:
            arguments, urn = arguments_of(outputs), Urn.parse(str(outputs.get("urn") or ""))
        except (DamagedValueError, UrnError) as error:
            raise RefusedError(
                f"this resource's state is damaged: {error}",
                data="nothing was touched",
                next_step="restore the state from a backup (`pulumi stack import`), then run it again",
            ) from None
        recorded = outputs.get("identity")
        return cls(
            arguments=arguments,
            identity=Identity.from_json(
                recorded if isinstance(recorded, dict) else {},
                str(arguments.get("cluster_identifier") or ""),
            ),
            policy=outputs["policy"] if isinstance(outputs.get("policy"), dict) else {},
            urn=urn,
            void=frozenset(strings(outputs.get("void"))),
            gone=str(outputs.get(GONE) or ""),
            claim=str(outputs.get("claim") or ""),
            overruled=str(outputs.get("overruled") or ""),
            data_since=parse_time(outputs.get("data_since")),
            tags_all=_texts(outputs.get("tags_all")),
        )


def _texts(value: object) -> dict[str, str] | None:
    """Return a map of strings; None for anything else, and for what holds something encrypted or unknown."""
    plain_value = plain(value)
    if not isinstance(plain_value, dict) or not all(isinstance(item, str) for item in plain_value.values()):
        return None
    return plain_value


def carried(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what outputs hold of ``CARRIED``."""
    return {name: outputs[name] for name in CARRIED if outputs.get(name) is not None}
