"""What an `up` changes: what differs between what the last one recorded and what the program says now. Pure.

AWS is not asked here. What was changed outside of Pulumi counts once a refresh has recorded it, and then only
where the program says something about it. Diff, update, create and the outputs all go by this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import ARGUMENTS, BY_NAME, Argument, Change, comparable, same, snake
from redshift_teardown.lifecycle.state import UNKNOWN, arguments_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SAID = "said"
"""The output that names the arguments that the program said at the last ``up``; version 3."""
DEFAULT_TAGS = "default_tags"
"""Input and output: the stack's own tags, as far as the cluster's do not override them; version 3."""
INHERITED = "inherited"
"""What versions 1 and 2 had in place of `SAID`: some of what the program left out."""
IDENTIFIER = "cluster_identifier"
PASSWORDS = frozenset({"master_password", "master_password_wo_version"})
_UNTOUCHED = frozenset({Change.LOCAL, Change.TAGS})
_PATH = re.compile(r"""\[["'](?P<quoted>(?:[^"'\\]|\\.)*)["']\]|\[(?P<index>[^\]]*)\]|(?P<plain>[^.\[\]]+)""")


@dataclass(frozen=True)
class Desired:
    """What settings of a cluster are to become.

    Attributes:
        values: The value each named argument is to have; what is not named is not touched. In preview it may
            be unknown.
        tags: The value each named tag is to have; None removes it.
        program: All that the program says: for what AWS wants only in company, a password's value.

    """

    values: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    program: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def and_shown(
        self, old_inputs: Mapping[str, Any], inputs: Mapping[str, Any], ignored: Ignored
    ) -> Desired:
        """Return the same with what preview shows besides, which is to end as the program has it, too.

        The engine compares inputs, by their text. The same in other words is no change, nor is what adoption
        found to be so already; shown beside a change it must be so all the same, whatever was done outside.

        Args:
            old_inputs: The inputs of the last ``up`` or refresh, as the engine has them.
            inputs: The checked inputs.
            ignored: What the resource's options ignore: a name in camelCase passes the engine by.

        """
        values: dict[str, Any] = {}
        for argument in ARGUMENTS:
            name, value = argument.name, self.program.get(argument.name)
            of_aws = argument.change not in {*_UNTOUCHED, Change.REPLACE} and name != "cluster_type"
            if of_aws and says(argument, value) and not ignored.covers(name):
                before = old_inputs.get(name)
                if before is not None and before != inputs.get(name):
                    values[name] = value
        before, now = old_inputs.get("tags"), inputs.get("tags")
        tags = {}
        # Tags that preview cannot know as a whole are shown as one.
        if isinstance(before, dict) and isinstance(now, dict):
            tags = {
                key: now[key]
                for key in before.keys() & now.keys()
                if before[key] != now[key] and not ignored.covers_tag(key)
            }
        return replace(self, values={**values, **self.values}, tags={**tags, **self.tags})

    def and_renamed_back(
        self, old_inputs: Mapping[str, Any], recorded: RecordedArguments, ignored: Ignored
    ) -> Desired:
        """Return the same with the recorded name, where a refresh found the cluster under another one.

        Args:
            old_inputs: The inputs of the last ``up`` or refresh; the latter records there the name it found.
            recorded: What the state records: the name of the last ``up``.
            ignored: What the resource's options ignore.

        """
        found, name = found_as(old_inputs), recorded.arguments[IDENTIFIER]
        if not found or same(BY_NAME[IDENTIFIER], name, found) or ignored.covers(IDENTIFIER):
            return self
        return replace(self, values={IDENTIFIER: name, **self.values})

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments that are named, in the order of the table."""
        return tuple(
            argument.name
            for argument in ARGUMENTS
            if argument.name in self.values or (argument.change is Change.TAGS and self.tags)
        )


@dataclass(frozen=True)
class RecordedArguments:
    """What a state records of a program.

    Attributes:
        arguments: The recorded values, coerced; those that a refresh found otherwise among them.
        said: The names of what the program said; None where a state of version 1 or 2 does not tell.
        tags: The tags that the program and the stack's configuration said, as far as they were there.

    """

    arguments: Mapping[str, Any]
    said: frozenset[str] | None
    tags: Mapping[str, str]

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> RecordedArguments:
        """Read outputs of any version."""
        arguments, said = arguments_of(outputs), said_in(outputs)
        if said is None:
            return cls(arguments, None, dict(outputs.get("tags_all") or {}))
        own = arguments["tags"] if "tags" in said else None
        return cls(arguments, said, {**dict(outputs.get(DEFAULT_TAGS) or {}), **(own or {})})


@dataclass(frozen=True)
class Ignored:
    """The property paths of ``ignore_changes``; an argument's camelCase is taken as meant."""

    paths: frozenset[tuple[str, ...]] = frozenset()

    @classmethod
    def of(cls, paths: Iterable[str]) -> Ignored:
        """Read paths as the engine hands them over: ``port``, ``tags.team``, ``tags["team"]``, ``*``."""
        return cls(frozenset(_parsed(path) for path in paths))

    def covers(self, name: str) -> bool:
        """Return whether changes of a whole argument are ignored."""
        return not self.paths.isdisjoint({("*",), (name,)})

    def covers_tag(self, key: str) -> bool:
        """Return whether changes of one tag are ignored."""
        return self.covers("tags") or not self.paths.isdisjoint({("tags", "*"), ("tags", key)})


def _parsed(path: str) -> tuple[str, ...]:
    parts = tuple(
        next(text for text in match.group("quoted", "index", "plain") if text is not None)
        for match in _PATH.finditer(path)
    )
    return (snake(parts[0]), *parts[1:]) if parts else ()


def found_as(old_inputs: Mapping[str, Any]) -> str:
    """Return the name that the last refresh, or `up`, knew a cluster by."""
    return str(old_inputs.get(IDENTIFIER) or "").lower()


def says(argument: Argument, value: Any) -> bool:
    """Return whether a program's value says something: no security groups leave them AWS's choice."""
    return value is not None and not (argument.name == "vpc_security_group_ids" and value == [])


def said_by(arguments: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the arguments that a program says."""
    return frozenset(argument.name for argument in ARGUMENTS if says(argument, arguments.get(argument.name)))


def said_in(outputs: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the names that outputs record as said; None where they are of version 1 or 2."""
    recorded = outputs.get(SAID)
    return frozenset(map(str, recorded)) if isinstance(recorded, list) else None


def own_region(outputs: Mapping[str, Any]) -> object:
    """Return the region that the program named for the cluster; None where it has the configuration's."""
    said, inherited = said_in(outputs), outputs.get(INHERITED)
    if said is not None:
        return outputs.get("region") if "region" in said else None
    named = not (isinstance(inherited, list) and "region" in inherited)
    return outputs.get("region") if named else None


def meant_by(arguments: Mapping[str, Any], recorded: RecordedArguments, ignored: Ignored) -> dict[str, Any]:
    """Return what a program says, with what is recorded in place of what it is to ignore.

    The engine does so with the recorded *inputs*. An adopted cluster may differ from those, and a name in
    camelCase passes the engine by.

    Args:
        arguments: The program's arguments, coerced.
        recorded: What the state records.
        ignored: What the resource's options ignore.

    """
    meant = dict(arguments)
    for argument in ARGUMENTS:
        name, value = argument.name, arguments.get(argument.name)
        if argument.change is Change.TAGS:
            meant[name] = _tags_meant(value, recorded, ignored)
        elif ignored.covers(name) and not (argument.secret and argument.change is Change.LOCAL):
            was_said = name in recorded.said if recorded.said is not None else value is not None
            meant[name] = recorded.arguments[name] if was_said else None
    return meant


def _tags_meant(value: Any, recorded: RecordedArguments, ignored: Ignored) -> Any:
    said = "tags" in recorded.said if recorded.said is not None else value is not None
    known = (recorded.arguments["tags"] if said else None) or {}
    if ignored.covers("tags"):
        return known if said else None
    if not isinstance(value, dict):
        return value
    kept = {key: tag for key, tag in known.items() if ignored.covers_tag(key)}
    return {**{key: tag for key, tag in value.items() if not ignored.covers_tag(key)}, **kept}


def differences(
    recorded: RecordedArguments, arguments: Mapping[str, Any], default_tags: Mapping[str, str]
) -> Desired:
    """Return what differs between what is recorded and what a program says.

    What the program never said is left as it is. What it said and says no more has pulumi-aws's default
    again, where there is one; else it, too, is left.

    Args:
        recorded: What the state records.
        arguments: The program's arguments, coerced; unknown values may be in them.
        default_tags: The stack's own tags.

    """
    values: dict[str, Any] = {}
    for argument in ARGUMENTS:
        if argument.change not in _UNTOUCHED:
            target = _target(argument, recorded, arguments)
            if target is not None:
                values[argument.name] = target
    return Desired(_with_size(values, arguments), _tag_changes(recorded, arguments, default_tags), arguments)


def _target(argument: Argument, recorded: RecordedArguments, arguments: Mapping[str, Any]) -> Any:
    """Return the value that an argument is to have; None where it is not to change."""
    want, have = arguments.get(argument.name), recorded.arguments[argument.name]
    if argument.name == "cluster_type" and arguments.get("number_of_nodes") is not None:
        # It follows number_of_nodes; beside that it says nothing new.
        return None
    if want is UNKNOWN:
        return want
    if says(argument, want) and _is_new(argument, recorded):
        # The record is what AWS showed once; what it shows now decides whether a call is needed.
        return want
    if not says(argument, want):
        dropped = recorded.said is not None and argument.name in recorded.said
        want = argument.default if dropped and argument.name != "region" else None
    return None if want is None or same(argument, want, have) else want


def _is_new(argument: Argument, recorded: RecordedArguments) -> bool:
    """Return whether an argument is said for the first time; what replaces the cluster must differ, too."""
    unsaid = recorded.said is not None and argument.name not in recorded.said
    return unsaid and argument.change is not Change.REPLACE


def _with_size(values: dict[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Add the one node that a cluster_type of its own means."""
    if values.get("cluster_type") == "single-node" and arguments.get("number_of_nodes") is None:
        values.setdefault("number_of_nodes", 1)
    return values


def _tag_changes(
    recorded: RecordedArguments, arguments: Mapping[str, Any], default_tags: Mapping[str, str]
) -> dict[str, Any]:
    own = arguments.get("tags")
    if own is UNKNOWN:
        return {"": UNKNOWN}
    desired = {**default_tags, **(own or {})}
    # A state that does not tell what was said tells not whose a tag is either: none is removed by it.
    dropped = recorded.tags.keys() - desired.keys() if recorded.said is not None else ()
    changed = {key: value for key, value in desired.items() if recorded.tags.get(key) != value}
    return {**changed, **dict.fromkeys(dropped)}


def everything(
    arguments: Mapping[str, Any], default_tags: Mapping[str, str], surplus: Iterable[str] | None = None
) -> Desired:
    """Return all that a program says of a cluster that it just created or restored.

    Args:
        arguments: The program's arguments, coerced.
        default_tags: The stack's own tags.
        surplus: The keys of the tags that a restored cluster has from its snapshot; None for a new one, of
            which everything that is left out has its default.

    """
    restored = surplus is not None
    values: dict[str, Any] = {}
    for argument in ARGUMENTS:
        if argument.change in _UNTOUCHED or argument.change is Change.REPLACE:
            continue
        value = arguments.get(argument.name)
        if not says(argument, value):
            value = None if restored else argument.default
        # A restored cluster has the password of its snapshot, which may be another one.
        told = not comparable(argument, value) and not (restored and argument.name in PASSWORDS)
        if value is not None and not told:
            values[argument.name] = value
    tags = {**dict.fromkeys(surplus or ()), **default_tags, **(arguments.get("tags") or {})}
    return Desired(_with_size(values, arguments), tags, arguments)


def in_force(arguments: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a program says of a cluster that it adopts, as far as the cluster is so.

    The rest was never in force: taken away again it is left as it is, and no default takes its place.

    Args:
        arguments: The program's arguments, coerced.
        shown: What AWS shows of them.

    """
    kept = {
        argument.name: arguments[argument.name]
        for argument in ARGUMENTS
        if argument.read is None
        or argument.change in {Change.TAGS, Change.REPLACE}
        or same(argument, arguments[argument.name], shown[argument.name])
    }
    return {argument.name: kept.get(argument.name) for argument in ARGUMENTS}


def equal_in(tags: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return those of the given tags that a cluster carries just so."""
    return {key: tag for key, tag in given.items() if tags.get(key) == tag}


def shown_in(tags: Mapping[str, str], given: Iterable[str]) -> dict[str, str]:
    """Return those of a cluster's tags whose keys are given."""
    return {key: tags[key] for key in given if key in tags}
