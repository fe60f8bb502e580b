"""Words of the histories: an action, a name, and policy files with what each of them comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from redshift_teardown.deletion_policy import FOREVER

Action = tuple[str, dict[str, Any]]
"""What happens, and how; the names are those of the methods ``do_…`` of `Player`."""
CLUSTER = "warehouse"
STATIC = f"{CLUSTER}-last"
"""The name that a template without a time gives."""
CLAIMED = ("live", "live-2", "second")
"""The stacks that the environment of each file claims."""
PLAY = "play"
"""An environment that claims no stack, and lets everything go; a stack's configuration may name it."""
YOUNG_HOURS = 24
SEED = "seed"
"""A snapshot of somebody's, that a program may begin with."""


TIMED = f"shop-live-{CLUSTER}-final-"
"""How the names begin that the usual template gives the clusters of the first stack."""


def timed(name: str) -> bool:
    """Whether a snapshot has a name that a template with a time in it gives."""
    return name.startswith("shop-") and "-final-" in name


@dataclass(frozen=True)
class Rules:
    """A policy file, and what it comes to for a cluster that carries ``ephemeral=true`` or no longer does."""

    text: str | None
    retention: int = 0
    skips: bool = False
    skips_ephemeral: bool = False
    skips_young: bool = False
    claims: bool = True
    """Whether it claims the stacks of ours."""
    certain: bool = True
    """Whether it is known how long it keeps a snapshot."""

    @property
    def readable(self) -> bool:
        """Whether there is a policy in it."""
        return self.retention != 0

    @property
    def protected(self) -> bool:
        """Whether its environment never skips."""
        return self.readable and not (self.skips or self.skips_ephemeral or self.skips_young)

    def due(self, *, ephemeral: bool, hours: float) -> bool:
        """Whether it wants a final snapshot, of a cluster with or without that tag whose data is so old."""
        excused = (self.skips_ephemeral and ephemeral) or (self.skips_young and hours <= YOUNG_HOURS)
        return self.readable and not self.skips and not excused

    def of(self, stack: str, environment: str, held: str) -> tuple[Rules, str]:
        """What it comes to for a stack, and the place that a protected environment holds from then on.

        Args:
            stack: The stack's name.
            environment: The environment that its configuration names; empty for none.
            held: The place by which a protected environment held the cluster until now; empty for none.

        """
        if not self.readable:
            return self, held
        if self.claims and stack in CLAIMED and not self.protected and environment == PLAY:
            # What claims it may skip, and a stack's configuration may name another one then.
            return replace(self, skips=True, certain=False), ""
        if self.claims and stack in CLAIMED:
            return replace(self, certain=not environment), stack if self.protected else ""
        if self.claims and held and self.protected:
            return replace(self, certain=False), held
        if environment == PLAY:
            return replace(self, skips=True, certain=False), held
        return replace(self, skips=False, skips_ephemeral=False, skips_young=False, certain=False), held


def _rules(skip: str, retention: str, name: str = "", tags: str = "") -> str:
    return f"""\
version: 1
receipts: receipts
defaults: {{wait: {{timeout_hours: 0.25, poll_seconds: 15}}}}
environments:
  ours:
    stacks: [live, live-2, second]
    {skip}
    final_snapshot: {{retention_days: {retention}{name}{tags}}}
    wait: {{timeout_hours: 0.25, poll_seconds: 15}}
  play: {{skip: [{{when: {{always: true}}, because: play}}], wait: {{timeout_hours: 0.25, poll_seconds: 15}}}}
"""


POLICIES = {
    "kept for 7 days": Rules(_rules("skip: never", "7"), 7),
    "kept for 35 days": Rules(
        _rules("skip: never", "35", tags=', tags: {at: "{timestamp}", team: data}'),
        35,
    ),
    "kept forever under one name": Rules(
        _rules("skip: never", "forever", name=', name: "{cluster}-last"'), FOREVER
    ),
    "skipped": Rules(_rules("skip: [{when: {always: true}, because: gone}]", "1"), 1, skips=True),
    "skipped while ephemeral": Rules(
        _rules('skip: [{when: {tags: {ephemeral: "true"}}, because: scratch}]', "3"), 3, skips_ephemeral=True
    ),
    "skipped while young": Rules(
        _rules("skip: [{when: {younger_than_hours: 24}, because: nothing yet}]", "4"), 4, skips_young=True
    ),
    "of others": Rules(
        "version: 1\nreceipts: receipts\n"
        "defaults: {final_snapshot: {retention_days: 10}, wait: {timeout_hours: 0.25, poll_seconds: 15}}\n"
        "environments:\n"
        "  theirs: {stacks: [other], skip: [{when: {always: true}, because: theirs}]}\n"
        "  play: {skip: [{when: {always: true}, because: play}]}\n",
        10,
        claims=False,
    ),
    "broken": Rules("version: 1\nenvironments: [oops"),
    "missing": Rules(None),
}
READABLE = [name for name, rules in POLICIES.items() if rules.readable]
