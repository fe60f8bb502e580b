"""Words of the histories: an action, a name, and policy files with what each of them comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redshift_teardown.deletion_policy import FOREVER

Action = tuple[str, dict[str, Any]]
"""What happens, and how; the names are those of the methods ``do_…`` of `Player`."""
CLUSTER = "warehouse"
STATIC = f"{CLUSTER}-last"
"""The name that a template without a time gives."""


@dataclass(frozen=True)
class Rules:
    """A policy file, and what it comes to for a cluster that carries ``ephemeral=true`` or no longer does."""

    text: str | None
    retention: int = 0
    skips: bool = False
    skips_ephemeral: bool = False
    timeless: bool = False
    """Its snapshots have a name without a time: a machine without receipts cannot tell them."""

    @property
    def readable(self) -> bool:
        """Whether there is a policy in it."""
        return self.retention != 0

    def due(self, *, ephemeral: bool) -> bool:
        """Whether it wants a final snapshot, of a cluster with or without that tag."""
        return self.readable and not self.skips and not (self.skips_ephemeral and ephemeral)


def _rules(skip: str, retention: str, name: str = "", tags: str = "") -> str:
    return f"""\
version: 1
receipts: receipts
environments:
  ours:
    stacks: [live]
    {skip}
    final_snapshot: {{retention_days: {retention}{name}{tags}}}
    wait: {{timeout_hours: 0.25, poll_seconds: 15}}
"""


POLICIES = {
    "kept for 7 days": Rules(_rules("skip: never", "7"), 7),
    "kept for 35 days": Rules(
        _rules("skip: never", "35", tags=', tags: {at: "{timestamp}", team: data}'),
        35,
    ),
    "kept for ever under one name": Rules(
        _rules("skip: never", "forever", name=', name: "{cluster}-last"'), FOREVER, timeless=True
    ),
    "skipped": Rules(_rules("skip: [{when: {always: true}, because: gone}]", "1"), 1, skips=True),
    "skipped while ephemeral": Rules(
        _rules('skip: [{when: {tags: {ephemeral: "true"}}, because: scratch}]', "3"), 3, skips_ephemeral=True
    ),
    "of others": Rules(
        "version: 1\nreceipts: receipts\n"
        "defaults: {final_snapshot: {retention_days: 10}, wait: {timeout_hours: 0.25, poll_seconds: 15}}\n"
        "environments: {theirs: {stacks: [other], skip: [{when: {always: true}, because: theirs}]}}\n",
        10,
    ),
    "broken": Rules("version: 1\nenvironments: [oops"),
    "missing": Rules(None),
}
READABLE = [name for name, rules in POLICIES.items() if rules.readable]
