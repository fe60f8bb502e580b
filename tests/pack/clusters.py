"""What owned clusters record of a deletion policy, and the type tokens of all three kinds."""

from __future__ import annotations

from functools import cache
from typing import Any

from redshift_teardown.deletion_policy import Policy, digest, load, match, to_text
from tests.pack.wire import POLICIES

OWNED = "pulumi-python:dynamic/redshift:Cluster"
AWS = "aws:redshift/cluster:Cluster"
NATIVE = "aws-native:redshift:Cluster"


@cache
def _policy(file: str) -> Policy:
    return load(POLICIES / file, source=f"stack/{file}")


def recorded(
    stack: str, *, account: str | None = None, file: str = "three.yaml", environment: str | None = None
) -> dict[str, Any]:
    """What a stack records of a deletion policy.

    Args:
        stack: The stack's name.
        account: Its account, if known.
        file: The stack's own policy file, among those of these tests.
        environment: The environment it claims by its configuration.
    """
    found = match(_policy(file), stack=stack, account=account, requested=environment)
    return {
        "digest": digest(found.environment),
        "source": f"stack/{file}",
        "environment": found.environment.name,
        "protected": found.environment.protected,
        "matched_by": found.how,
        "account": account or "",
        "rules": to_text(found.environment),
    }
