"""The deletion policy of one stack: read, resolved, recorded at ``up``, and both asked at destroy.

``check`` resolves it, ``create`` and ``update`` where it could not, and here alone is it said what is
recorded. The decision itself is ``deletion_policy.decide``, the same one that the policy pack calls.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.deletion_policy import (
    Decision,
    Environment,
    Match,
    Policy,
    PolicyError,
    decide,
    digest,
    facts_of,
    load,
    match,
    to_text,
    with_doubt,
)
from redshift_teardown.errors import ConfigError, RefusedError
from redshift_teardown.lifecycle.state import for_wire
from redshift_teardown.settings import ENVIRONMENT_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.settings import Settings


BYPASSES = ("retain_on_delete", "deleted_with")
"""Options of a resource that keep the engine from calling its delete."""

PLACE_UNKNOWN = "the engine does not say which stack this is, so it counts as protected, with the defaults"

FACTS = (
    "cluster_identifier",
    "node_type",
    "number_of_nodes",
    "tags",
    "skip_final_snapshot",
    "final_snapshot_identifier",
    "snapshot_identifier",
    "snapshot_arn",
    "restore_final_snapshot",
    "adopt_existing",
)
"""The arguments that a decision looks at. They are recorded beside the rules, as the program gave them: a
refresh writes what AWS shows into the outputs, and a tag set by hand must not loosen a decision."""

_SETTLED_NANOSECONDS = 2 * 10**9
"""A file that was written a moment ago may be written again without a trace in its times."""

_PLACE = re.compile(r" \([^()]*:\d+\)")


@dataclass(frozen=True)
class Resolved:
    """What the policy comes to for one cluster, as far as it is known.

    Attributes:
        match: Which environment the stack is, and why.
        decision: What destroying the cluster would do.
        account: The account it was resolved for; None where it was not known.
        facts: The arguments it was resolved by (see ``FACTS``), the stack's default tags among them.

    """

    match: Match
    decision: Decision
    account: str | None
    facts: Mapping[str, object]

    def record(self) -> dict[str, Any]:
        """Return what inputs and outputs record of it: the rules, and the facts they were asked about."""
        known = {name: value for name, value in self.facts.items() if value is not None}
        environment = self.match.environment
        return {
            "digest": digest(environment),
            "source": environment.place.source,
            "environment": environment.name,
            "protected": environment.protected,
            "matched_by": self.match.how,
            "account": self.account or "",
            "rules": to_text(environment),
            "facts": for_wire(known),
        }

    def inputs(self) -> dict[str, Any]:
        """Return the inputs that say it."""
        return {"policy": self.record(), "on_destroy": self.on_destroy}

    @property
    def on_destroy(self) -> str:
        """Return in one line what destroying the cluster would do."""
        return self.decision.describe()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what an operator may not expect of it, in words; none while the account could change it."""
        if self.match.undecided:
            return ()
        found = []
        if self.decision.request_refused:
            found.append(
                "skip_final_snapshot is asked for and the deletion policy does not grant it: "
                f"{self.on_destroy}"
            )
        if self.match.how == "unmatched":
            found.append(f"{self.match.note}\n(or name one with `pulumi config set {ENVIRONMENT_KEY} NAME`)")
        return tuple(found)


def read_policy(settings: Settings) -> Policy:
    """Load the stack's policy file, relative to the project's folder.

    Raises:
        PolicyError: it is missing, unreadable or wrong; every problem at once.

    """
    path = Path(settings.policy_file)
    stamp = _stamp(path)
    if stamp is not None and (known := process.policies.get(path)) and known[0] == stamp:
        return known[1]
    policy = load(path, source=settings.policy_file)
    if stamp is not None and stamp == _stamp(path):
        process.policies[path] = stamp, policy
    return policy


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file does; None where that cannot be told, or it was written just now."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        # ValueError: the setting is no path at all (a NUL, half of a surrogate pair); loading it says so.
        return None
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < _SETTLED_NANOSECONDS:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def wants_account(policy: Policy) -> bool:
    """Return whether the account can change which environment a stack is."""
    return any(environment.accounts for environment in policy.environments)


def resolve(
    policy: Policy,
    settings: Settings,
    inputs: Mapping[str, object],
    urn: Urn,
    *,
    account: str | None,
    region: str | None,
    create_time: datetime | None = None,
) -> Resolved:
    """Resolve the policy for one cluster, without the clock.

    Args:
        policy: The policy file, read.
        settings: The stack's configuration; a cluster's own ``environment`` argument goes before it.
        inputs: The cluster's inputs; unknown values may be in them.
        urn: The resource's URN, which names stack, project and resource.
        account: The AWS account, where it is known.
        region: The AWS region, where it is known.
        create_time: When AWS created the cluster, where it exists.

    Raises:
        PolicyError: the configured environment contradicts a protected one, or does not exist.

    """
    own = inputs.get("environment")
    requested = own if isinstance(own, str) and own else settings.environment
    found = match(policy, stack=urn.stack, account=account, requested=requested)
    if settings.place is not None and not settings.place.known and not found.environment.protected:
        # A program may have written which stack this is, and nobody else says it.
        found = Match(policy.unmatched, "unmatched", "", None, None, PLACE_UNKNOWN)
    looked_at = _facts_among(inputs, settings)
    facts = facts_of(
        looked_at,
        project=urn.project,
        stack=urn.stack,
        resource=urn.name,
        account=account,
        region=region,
        create_time=create_time,
    )
    decision = with_doubt(decide(found.environment, facts), found.undecided)
    return Resolved(found, decision, account, looked_at)


def for_account(
    inputs: Mapping[str, Any], settings: Settings, urn: Urn, *, account: str, region: str, data: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return checked inputs whose policy holds in the account that the operation works in.

    The check has resolved it. It is resolved again only where the policy goes by accounts and the check knew
    another one, or none.

    Args:
        inputs: The checked inputs.
        settings: The stack's configuration.
        urn: The resource's URN.
        account: The AWS account.
        region: The AWS region.
        data: What state the data is in where that fails.

    Returns:
        The inputs, and what an operator may not expect and the check could not say.

    Raises:
        RefusedError: the policy does not hold for this cluster.
        ConfigError: options would make the engine skip the delete, in a protected environment.

    """
    checked = inputs["policy"]
    if checked["account"] == account:
        return dict(inputs), ()
    try:
        policy = read_policy(settings)
        if not wants_account(policy):
            return {**inputs, "policy": {**checked, "account": account}}, ()
        resolved = resolve(policy, settings, inputs, urn, account=account, region=region)
    except PolicyError as error:
        raise RefusedError(
            f"the deletion policy does not hold for this cluster:\n{error}",
            data=data,
            next_step="fix the policy or the configuration, then run `pulumi up` again",
        ) from None
    refuse_bypass(resolved.match.environment, list(inputs.get("bypass") or []), urn.name)
    return {**inputs, **resolved.inputs()}, resolved.warnings


def _facts_among(inputs: Mapping[str, object], settings: Settings) -> dict[str, object]:
    """Take out of a cluster's inputs what decisions look at; default tags are the cluster's tags too."""
    found = {name: inputs.get(name) for name in FACTS}
    tags = found["tags"]
    if settings.default_tags and (tags is None or isinstance(tags, dict)):
        found["tags"] = {**dict(settings.default_tags), **(tags or {})}
    return found


def is_protected(props: Mapping[str, Any]) -> bool:
    """Return whether what inputs or outputs record says that the environment never skips."""
    policy = props.get("policy")
    return isinstance(policy, dict) and policy.get("protected") is True


def differs(recorded: Mapping[str, Any], desired: Mapping[str, Any]) -> bool:
    """Return whether what is recorded says something else than what is wanted, lines and comments aside.

    Args:
        recorded: Old outputs.
        desired: New inputs.

    """
    return _essence(recorded) != _essence(desired)


def _essence(props: Mapping[str, Any]) -> tuple[object, ...]:
    policy = props.get("policy")
    policy = policy if isinstance(policy, dict) else {}
    says = props.get("on_destroy")
    return (
        policy.get("digest"),
        policy.get("environment"),
        _PLACE.sub("", says) if isinstance(says, str) else says,
    )


def refuse_bypass(environment: Environment, bypass: list[str], resource: str) -> None:
    """Refuse options that make the engine skip the delete, where the environment is protected.

    Raises:
        ConfigError: the options are set and the environment never skips.

    """
    if not bypass or not environment.protected:
        return
    options = " and ".join(bypass)
    message = (
        f"{resource}: {options} would make `pulumi destroy` drop this cluster without its final snapshot, "
        f"and environment {environment.name or '(no environment claims this stack)'} is protected "
        f"({environment.place}). Remove {options} from the resource's options; to keep a cluster from being "
        "destroyed, use protect=True"
    )
    raise ConfigError(message)
