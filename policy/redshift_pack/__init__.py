"""The policies of the pack, importable without an engine: `PolicyPack(...)` itself is in `__main__.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from redshift_pack import (
    automated,
    aws_cluster,
    bypass,
    currency,
    final_snapshot,
    honest,
    native_cluster,
    protection,
    retention,
    snapshot_key,
)

if TYPE_CHECKING:
    from pulumi_policy import Policy

    from redshift_pack.rule import Rule, StackRule

NAME: Final = "redshift-teardown"
DESCRIPTION: Final = (
    "Redshift clusters of production leave a final snapshot when they are destroyed, whoever owns them."
)

RULES: Final[tuple[Rule | StackRule, ...]] = (
    final_snapshot.RULE,
    aws_cluster.RULE,
    aws_cluster.NAME_RULE,
    native_cluster.RULE,
    bypass.RULE,
    snapshot_key.RULE,
    honest.RULE,
    retention.RULE,
    currency.RULE,
    protection.RULE,
    automated.RULE,
)


def policies() -> list[Policy]:
    """Make the SDK's policies, in the order in which they are reported."""
    return [rule.policy() for rule in RULES]


__all__ = ["DESCRIPTION", "NAME", "RULES", "policies"]
