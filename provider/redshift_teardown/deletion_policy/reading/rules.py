"""The rules under `skip`, and the patterns and tags in them: nodes to what they mean."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from redshift_teardown.deletion_policy.model import (
    SkipRule,
    When,
)
from redshift_teardown.deletion_policy.patterns import is_glob, reading
from redshift_teardown.deletion_policy.problems import Objection, shown
from redshift_teardown.deletion_policy.reading import checks
from redshift_teardown.deletion_policy.reading.nodes import ListNode, MapNode, ScalarNode
from redshift_teardown.deletion_policy.reading.reach import Reach, no_identifier, no_stack
from redshift_teardown.deletion_policy.reading.reader import (
    CONDITIONS,
    RULE_KEYS,
    NodeReader,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.deletion_policy.reading.nodes import Mark, Node, Report

LONGEST_AGE_HOURS = 87600
MOST_CLUSTER_NODES = 1000


_NO_NAMES = {"identifier": no_identifier, "stacks": no_stack}


def _anything(_text: str) -> Objection | None:
    return None


def _unless_glob(objection: Callable[[str], Objection | None], text: str) -> Objection | None:
    return None if is_glob(text) else objection(text)


class RuleDecoder(NodeReader):
    """Decodes skip rules; what is wrong goes to the report.

    Args:
        report: Where what is wrong goes.
        recorded: Whether the rules are those of a state. Their patterns were right for the release that wrote
            them, and stay readable; one that reads two ways lets nothing go (see `decide`).
    """

    def __init__(self, report: Report, *, recorded: bool = False) -> None:
        super().__init__(report)
        self._recorded = recorded
        self._reach = Reach()

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
        found = self.strings(node, what, example, objection)
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
