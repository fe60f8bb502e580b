"""Nodes to the deletion policy they mean, with every problem told at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy import model
from redshift_teardown.deletion_policy.model import (
    FOREVER,
    Environment,
    FinalSnapshot,
    Policy,
    Release,
    SkipRule,
    WaitRules,
)
from redshift_teardown.deletion_policy.naming import MOST_POLICY_TAGS, template_problem
from redshift_teardown.deletion_policy.problems import shown
from redshift_teardown.deletion_policy.reading import checks
from redshift_teardown.deletion_policy.reading.nodes import ListNode, MapNode, ScalarNode
from redshift_teardown.deletion_policy.reading.reach import StackClaim
from redshift_teardown.deletion_policy.reading.reader import (
    DEFAULTS_KEYS,
    ENVIRONMENT_KEYS,
    POLICY_KEYS,
    RELEASE_KEYS,
    SNAPSHOT_KEYS,
    WAIT_KEYS,
    plain_number,
)
from redshift_teardown.deletion_policy.reading.rules import RuleDecoder

if TYPE_CHECKING:
    from redshift_teardown.deletion_policy.problems import Position
    from redshift_teardown.deletion_policy.reading.nodes import Mark, Node
    from redshift_teardown.deletion_policy.reading.reader import Fields

LONGEST_RETENTION_DAYS = 3653
"""AWS's own limit (DeleteCluster, API 2012-12-01); beyond it only -1, forever."""
LONGEST_TIMEOUT_HOURS = 8760
SHORTEST_POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 3600


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


class Decoder(RuleDecoder):
    """Decodes nodes; what is wrong goes to the report, and whoever asked for it goes on without.

    Args:
        report: Where what is wrong goes.
        recorded: Whether the rules are those of a state. Their patterns were right for the release that wrote
            them, and stay readable; one that reads two ways lets nothing go (see `decide`).
    """

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
            accounts = self.strings(fields["accounts"].value, "accounts", '["111122223333"]', checks.account)
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
        self._warn_of_claims([StackClaim(by_name[name], text, mark) for text, (name, mark) in stacks.items()])
        return tuple(environments)

    def _warn_of_claims(self, claims: list[StackClaim]) -> None:
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


def _inherited_snapshot(own: SnapshotPart, inherited: SnapshotPart, place: Position) -> FinalSnapshot:
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


def _inherited_wait(own: WaitPart, inherited: WaitPart) -> WaitRules:
    return WaitRules(
        timeout_hours=own.timeout_hours or inherited.timeout_hours or model.DEFAULT_TIMEOUT_HOURS,
        poll_seconds=own.poll_seconds or inherited.poll_seconds or model.DEFAULT_POLL_SECONDS,
    )
