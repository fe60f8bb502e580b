"""Nodes to the deletion policy they mean, with every problem told at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import model
from redshift_teardown.deletion_policy.matching import is_glob
from redshift_teardown.deletion_policy.model import (
    FOREVER,
    Environment,
    FinalSnapshot,
    Policy,
    SkipRule,
    Wait,
    When,
)
from redshift_teardown.deletion_policy.naming import (
    LONGEST_TAG_KEY,
    LONGEST_TAG_VALUE,
    MOST_POLICY_TAGS,
    RESERVED_TAG_PREFIX,
    placeholder_problem,
    tag_text_problem,
    template_problem,
)
from redshift_teardown.deletion_policy.nodes import ListNode, MapNode, Mark, ScalarNode
from redshift_teardown.deletion_policy.problems import listed, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redshift_teardown.deletion_policy.nodes import Node, Report

LONGEST_RETENTION_DAYS = 3653
"""AWS's own limit (DeleteCluster, API 2012-12-01); beyond it only -1, for ever."""
LONGEST_TIMEOUT_HOURS = 8760
SHORTEST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 3600
LONGEST_AGE_HOURS = 87600
MOST_NODES = 1000
LONGEST_REASON = 500
LONGEST_ENVIRONMENT_NAME = 64

POLICY_KEYS = ("version", "defaults", "receipts", "environments")
DEFAULTS_KEYS = ("final_snapshot", "wait")
ENVIRONMENT_KEYS = ("stacks", "accounts", "skip", "final_snapshot", "wait")
RULE_KEYS = ("when", "because")
SNAPSHOT_KEYS = ("name", "retention_days", "tags")
WAIT_KEYS = ("timeout_hours", "poll_seconds")
CONDITIONS = (
    "always",
    "requested",
    "tags",
    "identifier",
    "node_type",
    "max_nodes",
    "younger_than_hours",
    "restored_from_snapshot",
)
_HOMES = {
    **dict.fromkeys(POLICY_KEYS, "at the top of the file"),
    **dict.fromkeys(("stacks", "accounts", "skip"), "under an environment"),
    **dict.fromkeys(CONDITIONS, "under the when of a skip rule"),
    **dict.fromkeys(RULE_KEYS, "in a rule under skip"),
    **dict.fromkeys(SNAPSHOT_KEYS, "under final_snapshot"),
    **dict.fromkeys(WAIT_KEYS, "under wait"),
    **dict.fromkeys(DEFAULTS_KEYS, "under defaults or an environment"),
}

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_ACCOUNT = re.compile(r"[0-9]{12}")
# Pulumi's own rule for stack names, and the signs of a glob.
_STACK = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_STACK_GLOB = re.compile(r"[A-Za-z0-9_.*?\[\]!-]{1,200}")
_IDENTIFIER_GLOB = re.compile(r"[a-z0-9*?\[\]!-]{1,200}")
_NODE_TYPE_GLOB = re.compile(r"[a-z0-9.*?\[\]!-]{1,200}")


@dataclass(frozen=True)
class SnapshotPart:
    """What one `final_snapshot` says itself; None for what it leaves to others."""

    name: str | None = None
    retention: tuple[int, Mark] | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class WaitPart:
    """What one `wait` says itself; None for what it leaves to others."""

    timeout_hours: float | None = None
    poll_seconds: float | None = None


@dataclass(frozen=True)
class Defaults:
    """What environments inherit."""

    final_snapshot: SnapshotPart = SnapshotPart()
    wait: WaitPart = WaitPart()
    receipts: str = model.DEFAULT_RECEIPTS


class Decoder:
    """Decodes nodes; what is wrong goes to the report, and whoever asked for it goes on without."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def policy(self, root: Node) -> Policy:
        """Decode a whole document.

        Args:
            root: The document.

        Returns:
            The policy.

        Raises:
            PolicyError: Anything is wrong; all of it is told.
        """
        source = root.mark.source
        fields = self._fields(root, "the policy", POLICY_KEYS, example="version: 1")
        self._version(root, fields)
        defaults_mark = fields["defaults"][0].mark if "defaults" in fields else root.mark
        defaults = self._defaults(fields)
        environments: list[Environment] = []
        if "environments" in fields:
            environments = self._environments(fields["environments"][1], defaults)
        unmatched = self._inherit(
            "",
            defaults,
            SnapshotPart(),
            WaitPart(),
            place=defaults_mark,
            stacks=(),
            accounts=(),
            skip=(),
            skip_mark=None,
        )
        self._report.raise_if_any()
        return Policy(source, model.VERSION, defaults.receipts, tuple(environments), unmatched)

    def environment(self, name: str, mark: Mark, node: Node, defaults: Defaults) -> Environment:
        """Decode one environment.

        Args:
            name: Its name.
            mark: Where it begins.
            node: What it says.
            defaults: What it inherits.

        Returns:
            The environment, without what was wrong in it.
        """
        what = f"environment {name}" if name else "the environment"
        fields = self._fields(node, what, ENVIRONMENT_KEYS, example='stacks: ["dev-*"]')
        stacks: tuple[str, ...] = ()
        accounts: tuple[str, ...] = ()
        skip: tuple[SkipRule, ...] = ()
        skip_mark = None
        if "stacks" in fields:
            stacks = self._texts(
                fields["stacks"][1], "stacks", '["dev-*"]', self._stack_problem, may_be_empty=True
            )
        if "accounts" in fields:
            accounts = self._texts(
                fields["accounts"][1], "accounts", '["111122223333"]', _account_problem, may_be_empty=True
            )
        if "skip" in fields:
            skip_mark = fields["skip"][0].mark
            skip = self._skip(fields["skip"][1])
        snapshot = (
            self._snapshot(fields["final_snapshot"][1]) if "final_snapshot" in fields else SnapshotPart()
        )
        wait = self._wait(fields["wait"][1]) if "wait" in fields else WaitPart()
        tags_mark = fields["final_snapshot"][0].mark if "final_snapshot" in fields else mark
        united = {**dict(defaults.final_snapshot.tags), **dict(snapshot.tags)}
        if len(united) > MOST_POLICY_TAGS:
            self._report.add(
                tags_mark,
                f"{what} has {len(united)} tags with those of the defaults, more than {MOST_POLICY_TAGS}; "
                "AWS allows 50 on a snapshot, and a teardown writes some itself",
                "fewer tags",
            )
        return self._inherit(
            name,
            defaults,
            snapshot,
            wait,
            place=mark,
            stacks=stacks,
            accounts=accounts,
            skip=skip,
            skip_mark=skip_mark,
        )

    # --- the parts of a document ------------------------------------------------------------------

    def _version(self, root: Node, fields: dict[str, tuple[ScalarNode, Node]]) -> None:
        if not isinstance(root, MapNode):
            return
        if "version" not in fields:
            self._report.add(
                root.mark, "the version is missing", f"version: {model.VERSION}, as the first line"
            )
            return
        node = fields["version"][1]
        value = self._whole(node, "version", str(model.VERSION))
        if value is not None and value != model.VERSION:
            self._report.add(
                node.mark,
                f"version {value} of the language is not known to this release, which reads version {model.VERSION}",
                f"version: {model.VERSION}, or use a release that reads version {value}",
            )
            # What the rest means in another version is anybody's guess.
            raise self._report.error()

    def _defaults(self, fields: dict[str, tuple[ScalarNode, Node]]) -> Defaults:
        receipts = model.DEFAULT_RECEIPTS
        if "receipts" in fields:
            receipts = self._receipts(fields["receipts"][1])
        if "defaults" not in fields:
            return Defaults(receipts=receipts)
        found = self._fields(
            fields["defaults"][1], "defaults", DEFAULTS_KEYS, example="wait: {timeout_hours: 24}"
        )
        snapshot, wait = SnapshotPart(), WaitPart()
        if "final_snapshot" in found:
            snapshot = self._snapshot(found["final_snapshot"][1])
            if len(snapshot.tags) > MOST_POLICY_TAGS:
                self._report.add(
                    found["final_snapshot"][0].mark,
                    f"the defaults have {len(snapshot.tags)} tags, more than {MOST_POLICY_TAGS}; "
                    "AWS allows 50 on a snapshot, and a teardown writes some itself",
                    "fewer tags",
                )
        if "wait" in found:
            wait = self._wait(found["wait"][1])
        return Defaults(snapshot, wait, receipts)

    def _environments(self, node: Node, defaults: Defaults) -> list[Environment]:
        if not isinstance(node, MapNode):
            self._wrong(
                node, "environments", "a mapping of names to rules", "environments:, and under it dev:"
            )
            return []
        environments = []
        stacks: dict[str, tuple[str, Mark]] = {}
        accounts: dict[str, tuple[str, Mark]] = {}
        for key, value in node.entries:
            self._environment_name(key)
            environments.append(self.environment(key.text, key.mark, value, defaults))
            self._claims(key.text, value, "stacks", stacks)
            self._claims(key.text, value, "accounts", accounts)
        return environments

    def _environment_name(self, key: ScalarNode) -> None:
        if not is_environment_name(key.text):
            self._report.add(
                key.mark,
                f"{shown(key.text)} is no name for an environment",
                f"a letter, then letters, digits and - _ . (at most {LONGEST_ENVIRONMENT_NAME} characters)",
            )

    def _claims(self, name: str, node: Node, key: str, claimed: dict[str, tuple[str, Mark]]) -> None:
        """Refuse a stack or an account that two environments list, since only one of them could have it."""
        if not isinstance(node, MapNode):
            return
        lists = [value for field, value in node.entries if field.text == key and isinstance(value, ListNode)]
        for item in (item for found in lists for item in found.items):
            if not isinstance(item, ScalarNode) or item.kind != "text":
                continue
            owner, mark = claimed.setdefault(item.text, (name, item.mark))
            if owner != name:
                word = "account" if key == "accounts" else "stack"
                self._report.add(
                    item.mark,
                    f"{word} {shown(item.text)} belongs to environment {owner} already, in line {mark.line}",
                    f"the {word} in one environment only",
                )

    def _skip(self, node: Node) -> tuple[SkipRule, ...]:
        if isinstance(node, ScalarNode) and node.kind == "text" and node.text == "never":
            return ()
        if not isinstance(node, ListNode):
            self._wrong(node, "skip", "the word never or a list of rules", "skip: never")
            return ()
        rules: list[SkipRule] = []
        for item in node.items:
            if rules and rules[-1].when.always:
                line = rules[-1].place.line
                self._report.add(
                    item.mark,
                    f"this rule is never reached, since the one in line {line} always holds",
                    "no rule here",
                )
                break
            rule = self._rule(item)
            if rule:
                rules.append(rule)
        return tuple(rules)

    def _rule(self, node: Node) -> SkipRule | None:
        fields = self._fields(node, "a skip rule", RULE_KEYS, example="{when: {requested: true}, because: …}")
        if not isinstance(node, MapNode):
            return None
        when = self._when(fields["when"][1]) if "when" in fields else None
        if "when" not in fields:
            self._report.add(node.mark, "the skip rule says not when it holds", "when: {requested: true}")
        because = self._because(fields["because"][1]) if "because" in fields else None
        if "because" not in fields:
            self._report.add(
                node.mark,
                "the skip rule says not why data may be lost",
                'because: "ephemeral clusters hold no data of record"',
            )
        return SkipRule(when, because, node.mark.place) if when and because else None

    def _because(self, node: Node) -> str | None:
        text = self._text(node, "because", '"nothing lives a day in staging"')
        if text is None:
            return None
        reason = " ".join(text.split())
        if not reason or len(reason) > LONGEST_REASON:
            problem = "is empty" if not reason else f"is longer than {LONGEST_REASON} characters"
            self._report.add(node.mark, f"because {problem}", "the reason, in one sentence")
            return None
        return reason

    def _when(self, node: Node) -> When | None:
        fields = self._fields(node, "when", CONDITIONS, example="{requested: true}")
        if not isinstance(node, MapNode):
            return None
        if not node.entries:
            self._report.add(
                node.mark, "when is empty, so the rule would never hold", "{always: true}, if it always shall"
            )
            return None
        values = {key: field[1] for key, field in fields.items()}
        always = self._always(values["always"], alone=len(node.entries) == 1) if "always" in values else False
        return When(
            always=always,
            requested=self._truth(values.get("requested"), "requested"),
            tags=self._tag_conditions(values["tags"]) if "tags" in values else (),
            identifier=self._globs(values.get("identifier"), "identifier", '["etl-*"]', _identifier_problem),
            node_type=self._globs(values.get("node_type"), "node_type", '["dc2.*"]', _node_type_problem),
            max_nodes=self._within(values.get("max_nodes"), "max_nodes", 1, MOST_NODES, "2"),
            younger_than_hours=self._hours(
                values.get("younger_than_hours"), "younger_than_hours", 0, LONGEST_AGE_HOURS, "24"
            ),
            restored_from_snapshot=self._truth(
                values.get("restored_from_snapshot"), "restored_from_snapshot"
            ),
        )

    def _always(self, node: Node, *, alone: bool) -> bool:
        value = self._truth(node, "always")
        if value is False:
            self._report.add(node.mark, "a rule that never holds says nothing", "skip: never, or no rule")
        elif value and not alone:
            self._report.add(
                node.mark, "always leaves nothing to the other conditions", "always: true alone, or no always"
            )
        return bool(value)

    def _tag_conditions(self, node: Node) -> tuple[tuple[str, str], ...]:
        conditions = self._tag_entries(node, "tags", 'ephemeral: "true"')
        if isinstance(node, MapNode) and not node.entries:
            self._report.add(node.mark, "tags is empty, so it asks for nothing", '{ephemeral: "true"}')
        found = []
        for key, value in conditions:
            text = self._text(value, f"tag {shown(key)}", '"true"')
            if text is None:
                continue
            problem = _glob_problem(text)
            if problem or len(text) > LONGEST_TAG_VALUE:
                self._report.add(
                    value.mark,
                    problem or f"tag {shown(key)} is longer than any tag",
                    'a glob such as "tmp-*"',
                )
            else:
                found.append((key, text))
        return tuple(sorted(found))

    def _snapshot(self, node: Node) -> SnapshotPart:
        fields = self._fields(node, "final_snapshot", SNAPSHOT_KEYS, example="{retention_days: 35}")
        name, retention = None, None
        if "name" in fields:
            value = fields["name"][1]
            name = self._text(value, "name", f'"{model.DEFAULT_NAME}"')
            problem = None if name is None else template_problem(name)
            if problem:
                self._report.add(value.mark, *problem)
                name = None
        if "retention_days" in fields:
            key, value = fields["retention_days"]
            days = self._retention(value)
            # The line of the key, where a person looks for it.
            retention = None if days is None else (days, value.mark if key.mark.path else key.mark)
        tags = self._snapshot_tags(fields["tags"][1]) if "tags" in fields else ()
        return SnapshotPart(name, retention, tags)

    def _retention(self, node: Node) -> int | None:
        if isinstance(node, ScalarNode):
            if node.kind == "text" and node.text == "forever":
                return FOREVER
            if isinstance(node.value, int) and node.kind == "whole":
                if node.value == FOREVER or 1 <= node.value <= LONGEST_RETENTION_DAYS:
                    return node.value
                self._report.add(
                    node.mark,
                    f"AWS keeps a manual snapshot 1 to {LONGEST_RETENTION_DAYS} days or forever, not {node.value}",
                    f"retention_days: 35, retention_days: {LONGEST_RETENTION_DAYS} or retention_days: forever",
                )
                return None
        self._wrong(
            node, "retention_days", "a whole number of days or the word forever", "retention_days: 35"
        )
        return None

    def _snapshot_tags(self, node: Node) -> tuple[tuple[str, str], ...]:
        found = []
        for key, value in self._tag_entries(node, "tags", "team: data"):
            if key.startswith(RESERVED_TAG_PREFIX):
                self._report.add(
                    value.mark,
                    f"tags that begin with {RESERVED_TAG_PREFIX} are written by the teardown itself",
                    "another key",
                )
                continue
            text = self._text(value, f"tag {shown(key)}", '"true"')
            if text is None:
                continue
            problem = self._tag_value_problem(text)
            if problem:
                self._report.add(value.mark, *problem)
            else:
                found.append((key, text))
        return tuple(sorted(found))

    def _tag_value_problem(self, text: str) -> tuple[str, str] | None:
        problem = placeholder_problem(text)
        if problem:
            return problem
        refused = tag_text_problem(re.sub(r"\{[a-z]*\}", "", text))
        if refused:
            return refused, "only those characters, and placeholders such as {stack}"
        if len(text) > LONGEST_TAG_VALUE:
            return (
                f"a tag's value has at most {LONGEST_TAG_VALUE} characters, not {len(text)}",
                "a shorter value",
            )
        return None

    def _wait(self, node: Node) -> WaitPart:
        found = self._fields(node, "wait", WAIT_KEYS, example="{timeout_hours: 24, poll_seconds: 15}")
        values = {key: field[1] for key, field in found.items()}
        return WaitPart(
            self._hours(values.get("timeout_hours"), "timeout_hours", 0, LONGEST_TIMEOUT_HOURS, "24"),
            self._hours(
                values.get("poll_seconds"), "poll_seconds", SHORTEST_POLL_SECONDS, LONGEST_POLL_SECONDS, "15"
            ),
        )

    def _receipts(self, node: Node) -> str:
        text = self._text(node, "receipts", model.DEFAULT_RECEIPTS)
        if text is None:
            return model.DEFAULT_RECEIPTS
        problem = receipts_problem(text)
        if problem:
            self._report.add(node.mark, problem, f"receipts: {model.DEFAULT_RECEIPTS}")
        return text

    def _inherit(
        self,
        name: str,
        defaults: Defaults,
        snapshot: SnapshotPart,
        wait: WaitPart,
        *,
        place: Mark,
        stacks: tuple[str, ...],
        accounts: tuple[str, ...],
        skip: tuple[SkipRule, ...],
        skip_mark: Mark | None,
    ) -> Environment:
        inherited = defaults.final_snapshot
        days, mark = snapshot.retention or inherited.retention or (model.DEFAULT_RETENTION_DAYS, place)
        return Environment(
            name=name,
            stacks=stacks,
            accounts=accounts,
            skip=skip,
            final_snapshot=FinalSnapshot(
                name=snapshot.name or inherited.name or model.DEFAULT_NAME,
                retention_days=days,
                tags=tuple(sorted({**dict(inherited.tags), **dict(snapshot.tags)}.items())),
                place=mark.place,
            ),
            wait=Wait(
                wait.timeout_hours or defaults.wait.timeout_hours or model.DEFAULT_TIMEOUT_HOURS,
                wait.poll_seconds or defaults.wait.poll_seconds or model.DEFAULT_POLL_SECONDS,
            ),
            receipts=defaults.receipts,
            place=place.place,
            skip_place=skip_mark.place if skip_mark else None,
        )

    # --- single values ----------------------------------------------------------------------------

    def _fields(
        self, node: Node, what: str, known: tuple[str, ...], *, example: str
    ) -> dict[str, tuple[ScalarNode, Node]]:
        """Take a mapping apart by key, telling of keys that do not belong there."""
        if not isinstance(node, MapNode):
            self._wrong(node, what, "a mapping of keys to values", example)
            return {}
        fields = {}
        for key, value in node.entries:
            if key.text in known:
                fields[key.text] = (key, value)
                continue
            self._report.add(key.mark, *_unknown_key(key.text, what, known))
        return fields

    def _wrong(self, node: Node, what: str, wanted: str, example: str) -> None:
        """Tell that a value is of the wrong kind."""
        if isinstance(node, ScalarNode) and node.kind == "trap":
            found = f"{node.text}, which YAML reads as {node.reading}"
        else:
            found = _kind(node)
        self._report.add(node.mark, f"{what} must be {wanted}, not {found}", example)

    def _text(self, node: Node, what: str, example: str) -> str | None:
        if isinstance(node, ScalarNode):
            if node.kind == "text":
                return node.text
            if node.kind != "nothing":
                self._report.add(
                    node.mark,
                    f"{what} must be text, but YAML reads {node.text} as {node.reading}",
                    json.dumps(node.text, ensure_ascii=False),
                )
                return None
        self._wrong(node, what, "text", example)
        return None

    def _truth(self, node: Node | None, what: str) -> bool | None:
        if node is None:
            return None
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        self._wrong(node, what, "true or false", f"{what}: true")
        return None

    def _whole(self, node: Node, what: str, example: str) -> int | None:
        if isinstance(node, ScalarNode) and node.kind == "whole" and isinstance(node.value, int):
            return node.value
        self._wrong(node, what, "a whole number", f"{what}: {example}")
        return None

    def _within(self, node: Node | None, what: str, low: int, high: int, example: str) -> int | None:
        value = None if node is None else self._whole(node, what, example)
        if node is None or value is None or low <= value <= high:
            return value
        self._report.add(node.mark, f"{what} must be from {low} to {high}, not {value}", f"{what}: {example}")
        return None

    def _hours(self, node: Node | None, what: str, low: float, high: float, example: str) -> float | None:
        """Decode a positive number, whole or decimal."""
        if node is None:
            return None
        if (
            not isinstance(node, ScalarNode)
            or node.kind not in ("whole", "decimal")
            or not isinstance(node.value, (int, float))
        ):
            self._wrong(node, what, "a number", f"{what}: {example}")
            return None
        if not (0 < node.value and low <= node.value <= high):
            bounds = f"more than 0 and at most {high}" if low == 0 else f"from {low} to {high}"
            self._report.add(node.mark, f"{what} must be {bounds}, not {node.text}", f"{what}: {example}")
            return None
        return float(node.value)

    def _texts(
        self,
        node: Node,
        what: str,
        example: str,
        problem_of: Callable[[str], tuple[str, str] | None],
        *,
        may_be_empty: bool,
    ) -> tuple[str, ...]:
        if not isinstance(node, ListNode):
            if isinstance(node, ScalarNode) and node.kind == "text":
                example = f"[{json.dumps(node.text, ensure_ascii=False)}]"
            self._wrong(node, what, "a list", f"{what}: {example}")
            return ()
        if not node.items and not may_be_empty:
            self._report.add(node.mark, f"{what} is empty, so it asks for nothing", f"{what}: {example}")
        texts: dict[str, Mark] = {}
        for item in node.items:
            text = self._text(item, f"an entry of {what}", f"{what}: {example}")
            if text is None:
                continue
            problem = problem_of(text)
            if problem:
                self._report.add(item.mark, *problem)
            elif text in texts:
                self._report.add(
                    item.mark,
                    f"{shown(text)} stands in {what} a second time; the first is in line {texts[text].line}",
                    "each entry once",
                )
            else:
                texts[text] = item.mark
        return tuple(texts)

    def _globs(
        self, node: Node | None, what: str, example: str, problem_of: Callable[[str], tuple[str, str] | None]
    ) -> tuple[str, ...]:
        if node is None:
            return ()
        return tuple(sorted(self._texts(node, what, example, problem_of, may_be_empty=False)))

    def _tag_entries(self, node: Node, what: str, example: str) -> Iterator[tuple[str, Node]]:
        """Give the tags of a mapping whose keys AWS accepts."""
        if not isinstance(node, MapNode):
            self._wrong(node, what, "a mapping of tag keys to values", f"{what}: {{{example}}}")
            return
        for key, value in node.entries:
            problem = _tag_key_problem(key.text)
            if problem:
                self._report.add(key.mark, problem, f"{example}, with a key that AWS accepts")
            else:
                yield key.text, value

    def _stack_problem(self, text: str) -> tuple[str, str] | None:
        if "/" in text:
            last = text.rpartition("/")[2]
            return "stacks are named without organisation and project", json.dumps(last, ensure_ascii=False)
        if is_glob(text):
            if not _STACK_GLOB.fullmatch(text):
                return (
                    f"the pattern {shown(text)} can match no stack; their names hold letters, digits and - _ . only",
                    'a pattern such as "dev-*"',
                )
            problem = _glob_problem(text)
            return (problem, 'a pattern such as "dev-*"') if problem else None
        if not _STACK.fullmatch(text):
            return (
                f"no stack can be called {shown(text)}; names hold 1 to 100 letters, digits and - _ .",
                'a name such as "dev", or a pattern such as "dev-*"',
            )
        return None


def is_environment_name(text: str) -> bool:
    """Tell whether an environment can be called so."""
    return len(text) <= LONGEST_ENVIRONMENT_NAME and bool(_ENVIRONMENT_NAME.fullmatch(text))


def receipts_problem(text: str) -> str | None:
    """Tell why a folder cannot hold receipts: it must lie inside the project, on every system."""
    parts = re.split(r"[/\\]", text)
    if not text.strip() or text != text.strip():
        return "the folder's name is empty or has spaces around it"
    if parts[0] in ("", "~") or ":" in text or ".." in parts or "\\" in text:
        return f"the folder {shown(text)} must lie inside the project, written with / and relative to it"
    return None


def _unknown_key(key: str, what: str, known: tuple[str, ...]) -> tuple[str, str]:
    message = f"{what} knows no key {shown(key)}"
    if key == "skip" and what == "defaults":
        return (
            "skip is not inherited: which clusters may lose their data is said for each environment",
            "skip under an environment",
        )
    near = nearest(key, known)
    if near:
        return message, f"{near}: … (did you mean that?)"
    home = _HOMES.get(key)
    if home:
        return message, f"{key} {home}"
    return message, f"one of {listed(known, 'or')}"


def _kind(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    return {
        "text": f"the text {shown(node.text)}",
        "whole": f"the number {node.text}",
        "decimal": f"the number {node.text}",
        "truth": node.text,
        "nothing": "nothing",
    }[node.kind]


def _glob_problem(text: str) -> str | None:
    """Tell why a glob could never match what its author means."""
    if not text:
        return "the pattern is empty and would match nothing"
    # A bracket that is not closed is an ordinary character to fnmatch, and no name holds one.
    rest = re.sub(r"\[!?\]?[^\]]*\]", "", text)
    return f'the pattern {shown(text)} opens a "[" that it does not close' if "[" in rest else None


def _account_problem(text: str) -> tuple[str, str] | None:
    if _ACCOUNT.fullmatch(text):
        return None
    return f"{shown(text)} is no AWS account; an account has 12 digits", '"111122223333"'


def _identifier_problem(text: str) -> tuple[str, str] | None:
    if not _IDENTIFIER_GLOB.fullmatch(text):
        return (
            f"the pattern {shown(text)} can match no cluster; identifiers hold a to z, digits and hyphens",
            'a pattern such as "etl-*"',
        )
    problem = _glob_problem(text)
    return (problem, 'a pattern such as "etl-*"') if problem else None


def _node_type_problem(text: str) -> tuple[str, str] | None:
    if not _NODE_TYPE_GLOB.fullmatch(text):
        return (
            f"the pattern {shown(text)} can match no node type; they look like ra3.xlplus",
            'a pattern such as "dc2.*"',
        )
    problem = _glob_problem(text)
    return (problem, 'a pattern such as "dc2.*"') if problem else None


def _tag_key_problem(key: str) -> str | None:
    if not key:
        return "a tag's key cannot be empty"
    if len(key) > LONGEST_TAG_KEY:
        return f"a tag's key has at most {LONGEST_TAG_KEY} characters, not {len(key)}"
    if key.lower().startswith("aws:"):
        return "tags that begin with aws: are AWS's own"
    return tag_text_problem(key)
