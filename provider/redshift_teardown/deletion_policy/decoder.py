"""Nodes to the deletion policy they mean, with every problem told at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import checks, model
from redshift_teardown.deletion_policy.model import (
    FOREVER,
    Environment,
    FinalSnapshot,
    Policy,
    Release,
    SkipRule,
    Wait,
    When,
)
from redshift_teardown.deletion_policy.naming import MOST_POLICY_TAGS, template_problem
from redshift_teardown.deletion_policy.nodes import ListNode, MapNode, ScalarNode
from redshift_teardown.deletion_policy.patterns import is_glob, reading
from redshift_teardown.deletion_policy.problems import Objection, shown
from redshift_teardown.deletion_policy.reach import Claim, Reach, no_identifier, no_stack
from redshift_teardown.deletion_policy.reader import (
    CONDITIONS,
    DEFAULTS_KEYS,
    ENVIRONMENT_KEYS,
    POLICY_KEYS,
    RELEASE_KEYS,
    RULE_KEYS,
    SNAPSHOT_KEYS,
    WAIT_KEYS,
    NodeReader,
    plain_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.deletion_policy.nodes import Mark, Node, Report
    from redshift_teardown.deletion_policy.problems import Place
    from redshift_teardown.deletion_policy.reader import Fields

LONGEST_RETENTION_DAYS = 3653
"""AWS's own limit (DeleteCluster, API 2012-12-01); beyond it only -1, for ever."""
LONGEST_TIMEOUT_HOURS = 8760
SHORTEST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 3600
LONGEST_AGE_HOURS = 87600
MOST_CLUSTER_NODES = 1000


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


class Decoder(NodeReader):
    """Decodes nodes; what is wrong goes to the report, and whoever asked for it goes on without.

    Args:
        report: Where what is wrong goes.
        recorded: Whether the rules are those of a state. Their patterns were right for the release that wrote
            them, and stay readable; one that reads two ways lets nothing go (see `decide`).
    """

    def __init__(self, report: Report, *, recorded: bool = False) -> None:
        super().__init__(report)
        self._recorded = recorded
        self._reach = Reach()

    def policy(self, root: Node) -> Policy:
        """Decode a whole document.

        Args:
            root: The document.

        Returns:
            The policy.

        Raises:
            PolicyError: Anything is wrong; all of it is told.
        """
        fields = self.fields(root, "the policy", POLICY_KEYS, example="version: 1")
        if not isinstance(root, MapNode):
            raise self.report.error()
        self._version(root, fields)
        defaults = self._defaults(fields)
        environments: tuple[Environment, ...] = ()
        if "environments" in fields:
            environments = self._environments(fields["environments"].value, defaults)
        released: tuple[Release, ...] = ()
        if "released" in fields:
            released = self._released(fields["released"].value)
        place = (fields["defaults"].key if "defaults" in fields else root).mark.place
        self.report.raise_if_any()
        if self._reach.steps <= 0:
            self.report.warn(
                root.mark, "the policy is too long to be looked through for rules and claims that never apply"
            )
        return Policy(
            source=root.mark.source,
            version=model.VERSION,
            receipts=defaults.receipts,
            environments=environments,
            released=released,
            unmatched=Environment(
                name="",
                stacks=(),
                accounts=(),
                skip=(),
                final_snapshot=_inherited_snapshot(SnapshotPart(), defaults.final_snapshot, place),
                wait=_inherited_wait(WaitPart(), defaults.wait),
                receipts=defaults.receipts,
                place=place,
            ),
            warnings=self.report.warnings(),
        )

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
        fields = self.fields(node, what, ENVIRONMENT_KEYS, example='stacks: ["dev-*"]')
        stacks: tuple[str, ...] = ()
        accounts: tuple[str, ...] = ()
        skip: tuple[SkipRule, ...] = ()
        snapshot, wait = SnapshotPart(), WaitPart()
        if "stacks" in fields:
            stacks = self._patterns(fields["stacks"].value, "stacks", '["dev-*"]', checks.stack)
        if "accounts" in fields:
            accounts = self.texts(fields["accounts"].value, "accounts", '["111122223333"]', checks.account)
        if "skip" in fields:
            skip = self._skip(fields["skip"].value)
        if "final_snapshot" in fields:
            snapshot = self._snapshot(fields["final_snapshot"].value)
        if "wait" in fields:
            wait = self._wait(fields["wait"].value)
        environment = Environment(
            name=name,
            stacks=stacks,
            accounts=accounts,
            skip=skip,
            final_snapshot=_inherited_snapshot(snapshot, defaults.final_snapshot, mark.place),
            wait=_inherited_wait(wait, defaults.wait),
            receipts=defaults.receipts,
            place=mark.place,
            skip_place=fields["skip"].key.mark.place if "skip" in fields else None,
        )
        if snapshot.tags:
            self._count_tags(
                fields["final_snapshot"].key.mark,
                f"{what} has too many tags with those of the defaults",
                environment.final_snapshot.tags,
            )
        return environment

    def _version(self, root: MapNode, fields: Fields) -> None:
        if "version" not in fields:
            self.report.add(
                root.mark, "the version is missing", f"version: {model.VERSION}, as the first line"
            )
            return
        node = fields["version"].value
        value = self.whole(node, "version", str(model.VERSION))
        if value is not None and value != model.VERSION:
            self.report.add(
                node.mark,
                f"this release reads version {model.VERSION} of the language, not version {value}",
                f"version: {model.VERSION}, or use a release that reads version {value}",
            )
            # What the rest means in another version is anybody's guess.
            raise self.report.error()

    def _defaults(self, fields: Fields) -> Defaults:
        receipts = model.DEFAULT_RECEIPTS
        if "receipts" in fields:
            receipts = (
                self.checked_text(fields["receipts"].value, "receipts", receipts, checks.receipts) or receipts
            )
        if "defaults" not in fields:
            return Defaults(receipts=receipts)
        found = self.fields(
            fields["defaults"].value, "defaults", DEFAULTS_KEYS, example="wait: {timeout_hours: 24}"
        )
        snapshot, wait = SnapshotPart(), WaitPart()
        if "final_snapshot" in found:
            snapshot = self._snapshot(found["final_snapshot"].value)
            self._count_tags(found["final_snapshot"].key.mark, "defaults has too many tags", snapshot.tags)
        if "wait" in found:
            wait = self._wait(found["wait"].value)
        return Defaults(snapshot, wait, receipts)

    def _count_tags(self, mark: Mark, who: str, tags: tuple[tuple[str, str], ...]) -> None:
        if len(tags) > MOST_POLICY_TAGS:
            self.report.add(
                mark,
                f"{who}: {len(tags)}; at most {MOST_POLICY_TAGS} fit, "
                "since AWS takes 50 and a teardown writes some itself",
                "fewer tags",
            )

    def _environments(self, node: Node, defaults: Defaults) -> tuple[Environment, ...]:
        if not isinstance(node, MapNode):
            self.wrong(
                node, "environments", "a mapping of names to rules", "environments: {dev: {stacks: [dev]}}"
            )
            return ()
        environments = []
        stacks: dict[str, tuple[str, Mark]] = {}
        accounts: dict[str, tuple[str, Mark]] = {}
        for key, value in node.entries:
            self.object_to(key.mark, checks.environment_name(key.text))
            environments.append(self.environment(key.text, key.mark, value, defaults))
            self._claim(key.text, value, "stacks", stacks)
            self._claim(key.text, value, "accounts", accounts)
        by_name = {environment.name: environment for environment in environments}
        self._warn_of_claims([Claim(by_name[name], text, mark) for text, (name, mark) in stacks.items()])
        return tuple(environments)

    def _warn_of_claims(self, claims: list[Claim]) -> None:
        """Warn of entries of `stacks` that claim no stack, since another environment takes all of them."""
        for index, claim in enumerate(claims):
            first = self._reach.claim_in_front(claims, index)
            if first is None:
                continue
            owner = first.environment
            protected = ", which is protected," if owner.protected else ""
            self.report.warn(
                claim.mark,
                f"{shown(claim.text)} claims no stack here: {shown(first.text)} of environment {owner.name}, "
                f"in line {first.mark.line}{protected or ','} takes whatever it would",
                "a name or pattern that is not taken before it, or none",
            )

    def _released(self, node: Node) -> tuple[Release, ...]:
        example = 'released: [{project: shop, stack: prod, resource: warehouse, because: "sold in May"}]'
        if not isinstance(node, ListNode):
            self.wrong(node, "released", "a list of places", example)
            return ()
        found: dict[tuple[str, str, str], Release] = {}
        for item in node.items:
            release = self._release(item)
            if release is None:
                continue
            key = (release.project, release.stack, release.resource)
            if key in found:
                message = f"this place is released already, in line {found[key].place.line}"
                self.report.add(item.mark, message, "each place once")
            found.setdefault(key, release)
        return tuple(found.values())

    def _release(self, node: Node) -> Release | None:
        fields = self.fields(
            node,
            "an entry of released",
            RELEASE_KEYS,
            example="{project: shop, stack: prod, resource: warehouse}",
        )
        if not isinstance(node, MapNode):
            return None
        values: dict[str, str | None] = {}
        for key, example, objection in _RELEASED:
            if key not in fields:
                self.report.add(node.mark, f"the released place does not name its {key}", f"{key}: {example}")
                continue
            values[key] = self.checked_text(fields[key].value, key, example, objection)
        because = None
        if "because" in fields:
            because = self._because(fields["because"].value)
        else:
            self.report.add(
                node.mark, "the released place does not say why", 'because: "the warehouse was sold in May"'
            )
        project, stack, resource = (values.get(key) for key, _, _ in _RELEASED)
        if not (project and stack and resource and because):
            return None
        return Release(project, stack, resource, because, node.mark.place)

    def _claim(self, name: str, node: Node, key: str, claimed: dict[str, tuple[str, Mark]]) -> None:
        """Refuse a stack or an account that two environments list, since only one of them could have it."""
        lists = (
            [value for field, value in node.entries if field.text == key] if isinstance(node, MapNode) else []
        )
        for entries in lists:
            for item in entries.items if isinstance(entries, ListNode) else ():
                if not isinstance(item, ScalarNode) or item.kind != "text":
                    continue
                owner, mark = claimed.setdefault(item.text, (name, item.mark))
                if owner != name:
                    what = key.removesuffix("s")
                    message = f"{what} {shown(item.text)} belongs to environment {owner}, in line {mark.line}"
                    self.report.add(item.mark, message, f"the {what} in one environment only")

    def _skip(self, node: Node) -> tuple[SkipRule, ...]:
        if isinstance(node, ScalarNode) and node.kind == "text" and node.text == "never":
            return ()
        if not isinstance(node, ListNode):
            self.wrong(node, "skip", "the word never or a list of rules", "skip: never")
            return ()
        rules: list[SkipRule] = []
        for item in node.items:
            if rules and rules[-1].when.always:
                self.report.add(
                    item.mark,
                    f"this rule is never reached, since the one in line {rules[-1].place.line} always holds",
                    "no rule here, or conditions there",
                )
                break
            rule = self._rule(item)
            if rule:
                self._warn_of_rule(rules, rule, item.mark)
                rules.append(rule)
        return tuple(rules)

    def _warn_of_rule(self, earlier: list[SkipRule], rule: SkipRule, mark: Mark) -> None:
        first = None if self._recorded else self._reach.rule_in_front(earlier, rule)
        if first is not None:
            self.report.warn(
                mark,
                "this rule never decides anything: whatever it would let go, the rule in line "
                f"{first.place.line} lets go before it",
                "conditions that let go something else, or no rule",
            )

    def _rule(self, node: Node) -> SkipRule | None:
        fields = self.fields(
            node, "a skip rule", RULE_KEYS, example='{when: {requested: true}, because: "the program asked"}'
        )
        if not isinstance(node, MapNode):
            return None
        when, because = None, None
        if "when" in fields:
            when = self._when(fields["when"].value)
        else:
            self.report.add(node.mark, "the skip rule does not say when it holds", "when: {requested: true}")
        if "because" in fields:
            because = self._because(fields["because"].value)
        else:
            self.report.add(
                node.mark,
                "the skip rule does not say why data may be lost",
                'because: "ephemeral clusters hold no data of record"',
            )
        return SkipRule(when, because, node.mark.place) if when and because else None

    def _because(self, node: Node) -> str | None:
        text = self.text(node, "because", '"nothing lives a day in staging"')
        if text is None:
            return None
        sentence = " ".join(text.split())
        return None if self.object_to(node.mark, checks.reason(sentence)) else sentence

    def _when(self, node: Node) -> When | None:
        fields = self.fields(node, "when", CONDITIONS, example="{requested: true}")
        if not isinstance(node, MapNode):
            return None
        if not node.entries:
            self.report.add(
                node.mark,
                "when is empty, so the rule would never hold",
                "when: {always: true}, if it always shall",
            )
            return None
        values = {key: field.value for key, field in fields.items()}
        return When(
            always=self._always(values.get("always"), alone=len(node.entries) == 1),
            requested=self.truth(values.get("requested"), "requested"),
            tags=self._tag_conditions(values.get("tags")),
            identifier=self._globs(values.get("identifier"), "identifier", '["etl-*"]', checks.identifier),
            node_type=self._globs(values.get("node_type"), "node_type", '["dc2.*"]', checks.node_type),
            max_nodes=self._max_nodes(values.get("max_nodes")),
            younger_than_hours=self.number(
                values.get("younger_than_hours"), "younger_than_hours", 0, LONGEST_AGE_HOURS, "24"
            ),
            restored_from_snapshot=self.truth(values.get("restored_from_snapshot"), "restored_from_snapshot"),
        )

    def _always(self, node: Node | None, *, alone: bool) -> bool:
        value = self.truth(node, "always")
        if node is None or value is None:
            return False
        if not value:
            self.report.add(node.mark, "a rule that never holds says nothing", "skip: never, or no rule")
        elif not alone:
            self.report.add(
                node.mark, "always leaves nothing to the other conditions", "always: true alone, or no always"
            )
        return value

    def _tag_conditions(self, node: Node | None) -> tuple[tuple[str, str], ...]:
        if isinstance(node, MapNode) and not node.entries:
            self.report.add(node.mark, "tags is empty, so it asks for nothing", 'tags: {ephemeral: "true"}')
        found = self._tags(node, checks.tag_key, _anything if self._recorded else checks.tag_pattern)
        patterns = dict(found)
        for key, value in node.entries if isinstance(node, MapNode) else ():
            if key.text in patterns:
                self._warn(value.mark, patterns[key.text])
        return found

    def _tags(
        self,
        node: Node | None,
        key_objection: Callable[[str], Objection | None],
        value_objection: Callable[[str], Objection | None],
    ) -> tuple[tuple[str, str], ...]:
        if node is None:
            return ()
        if not isinstance(node, MapNode):
            self.wrong(node, "tags", "a mapping of tag keys to values", "tags: {team: data}")
            return ()
        found = []
        for key, value in node.entries:
            refused = self.object_to(key.mark, key_objection(key.text))
            text = self.checked_text(value, f"tag {shown(key.text)}", '"true"', value_objection)
            if text is not None and not refused:
                found.append((key.text, text))
        return tuple(sorted(found))

    def _globs(
        self, node: Node | None, what: str, example: str, objection: Callable[[str], Objection | None]
    ) -> tuple[str, ...]:
        if node is None:
            return ()
        if isinstance(node, ListNode) and not node.items:
            self.report.add(node.mark, f"{what} is empty, so it asks for nothing", f"{what}: {example}")
        return tuple(sorted(self._patterns(node, what, example, objection)))

    def _patterns(
        self, node: Node, what: str, example: str, objection: Callable[[str], Objection | None]
    ) -> tuple[str, ...]:
        if self._recorded:
            objection = partial(_unless_glob, objection)
        found = self.texts(node, what, example, objection)
        right = frozenset(found)
        for item in node.items if isinstance(node, ListNode) else ():
            if isinstance(item, ScalarNode) and item.text in right:
                self._warn(item.mark, item.text, dots=what != "node_type")
                why = _NO_NAMES[what](item.text) if what in _NO_NAMES else ""
                if why:
                    message = f"the pattern {shown(item.text)} matches none: {why}"
                    self.report.warn(item.mark, message, f"a pattern such as {example}")
        return found

    def _warn(self, mark: Mark, pattern: str, *, dots: bool = True) -> None:
        """Warn of a pattern that reads like a regular expression; there is no second reading of a name."""
        if self._recorded or not (found := reading(pattern, dots=dots)):
            return
        message = f"the pattern {shown(pattern)} reads like a regular expression and is none: it {found}"
        self.report.warn(
            mark, message, f"{json.dumps(found.instead)}, if those are meant" if found.instead else ""
        )

    def _max_nodes(self, node: Node | None) -> int | None:
        value = None if node is None else self.whole(node, "max_nodes", "2")
        if node is None or value is None or 1 <= value <= MOST_CLUSTER_NODES:
            return value
        self.report.add(
            node.mark, f"max_nodes must be from 1 to {MOST_CLUSTER_NODES}, not {value}", "max_nodes: 2"
        )
        return None

    def _snapshot(self, node: Node) -> SnapshotPart:
        fields = self.fields(
            node, "final_snapshot", SNAPSHOT_KEYS, example="final_snapshot: {retention_days: 35}"
        )
        name, retention = None, None
        tags: tuple[tuple[str, str], ...] = ()
        if "name" in fields:
            name = self.checked_text(
                fields["name"].value, "name", f'"{model.DEFAULT_NAME}"', template_problem
            )
            if name is not None and "{timestamp}" not in name:
                self.report.warn(
                    fields["name"].value.mark,
                    f"the name {shown(name)} does not say when it was given, so it proves nothing by itself: "
                    "a machine that has lost its receipts cannot prove an untagged snapshot of that name",
                    f'"{name}-{{timestamp}}"',
                )
        if "retention_days" in fields:
            key, value = fields["retention_days"]
            days = self._retention(value)
            retention = None if days is None else (days, key.mark)
        if "tags" in fields:
            tags = self._tags(fields["tags"].value, checks.own_tag_key, checks.tag_value)
        return SnapshotPart(name, retention, tags)

    def _retention(self, node: Node) -> int | None:
        if isinstance(node, ScalarNode) and node.kind == "text" and node.text == "forever":
            return FOREVER
        if not isinstance(node, ScalarNode) or node.kind != "whole":
            example = f"retention_days: {plain_number(node, '35')}"
            self.wrong(node, "retention_days", "a whole number of days or the word forever", example)
            return None
        days = self.whole(node, "retention_days", "35")
        if days is None or days == FOREVER or 1 <= days <= LONGEST_RETENTION_DAYS:
            return days
        self.report.add(
            node.mark,
            f"AWS keeps a manual snapshot 1 to {LONGEST_RETENTION_DAYS} days or forever, not {days}",
            f"retention_days: {1 if days < 1 else LONGEST_RETENTION_DAYS}, or retention_days: forever",
        )
        return None

    def _wait(self, node: Node) -> WaitPart:
        fields = self.fields(node, "wait", WAIT_KEYS, example="wait: {timeout_hours: 24, poll_seconds: 15}")
        values = {key: field.value for key, field in fields.items()}
        return WaitPart(
            self.number(values.get("timeout_hours"), "timeout_hours", 0, LONGEST_TIMEOUT_HOURS, "24"),
            self.number(
                values.get("poll_seconds"), "poll_seconds", SHORTEST_POLL_SECONDS, LONGEST_POLL_SECONDS, "15"
            ),
        )


_RELEASED = (
    ("project", "shop", checks.project),
    ("stack", "prod", checks.exact_stack),
    ("resource", "warehouse", checks.resource),
)


_NO_NAMES = {"identifier": no_identifier, "stacks": no_stack}


def _anything(_text: str) -> Objection | None:
    return None


def _unless_glob(objection: Callable[[str], Objection | None], text: str) -> Objection | None:
    return None if is_glob(text) else objection(text)


def _inherited_snapshot(own: SnapshotPart, inherited: SnapshotPart, place: Place) -> FinalSnapshot:
    days, said = model.DEFAULT_RETENTION_DAYS, place
    for part in (inherited, own):
        if part.retention:
            days, said = part.retention[0], part.retention[1].place
    return FinalSnapshot(
        name=own.name or inherited.name or model.DEFAULT_NAME,
        retention_days=days,
        tags=tuple(sorted({**dict(inherited.tags), **dict(own.tags)}.items())),
        place=said,
    )


def _inherited_wait(own: WaitPart, inherited: WaitPart) -> Wait:
    return Wait(
        timeout_hours=own.timeout_hours or inherited.timeout_hours or model.DEFAULT_TIMEOUT_HOURS,
        poll_seconds=own.poll_seconds or inherited.poll_seconds or model.DEFAULT_POLL_SECONDS,
    )
