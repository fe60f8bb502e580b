"""The deletion policy that an owned cluster recorded in its stack: what destroy goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_pack.values import UNKNOWN, mapping, text
from redshift_teardown.deletion_policy import Environment, PolicyError, from_json

if TYPE_CHECKING:
    from redshift_pack.subject import Subject


@dataclass(frozen=True)
class RecordedPolicy:
    """What stands in the state about a cluster's deletion policy.

    Attributes:
        environment: The recorded rules; None where there are none that can be read.
        problem: Why there are none, as the end of a sentence that begins with the cluster; empty otherwise.
        name: The environment the stack says it is; None where it does not say.
        digest: The digest of the rules, as recorded.
        source: The policy file they came from, as displayed then.
    """

    environment: Environment | None
    problem: str
    name: str | None
    digest: str | None
    source: str | None


def recorded_in(subject: Subject) -> RecordedPolicy:
    """Read the recorded policy of an owned cluster.

    Args:
        subject: The cluster.

    Returns:
        What is recorded; with `problem` set where it cannot be used.
    """
    policy = subject.props.get("policy")
    fields = mapping(policy)
    name = fields.get("environment")
    environment, problem = None, ""
    if policy is UNKNOWN or fields.get("rules") is UNKNOWN:
        problem = "has a recorded deletion policy that is not known yet"
    elif not isinstance(fields.get("rules"), (str, dict)):
        problem = "has no deletion policy recorded"
    else:
        try:
            environment = from_json(fields["rules"], fields.get("digest"))
        except PolicyError as error:
            problem = f"has a recorded deletion policy that cannot be read ({error.problems[0].message})"
    return RecordedPolicy(
        environment=environment,
        problem=problem,
        name=name if isinstance(name, str) else None,
        digest=text(fields.get("digest")),
        source=text(fields.get("source")),
    )
