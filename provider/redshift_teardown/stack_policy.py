"""The deletion policy of one stack: read, resolved, recorded at ``up``, and both asked at destroy.

Program, ``check``, ``create``, ``update`` and ``delete`` all come here, and here alone is it said what
is recorded. The decision itself is ``deletion_policy.decide``, the same one that the policy pack calls.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy import (
    Decision,
    Environment,
    Facts,
    Match,
    Policy,
    PolicyError,
    decide,
    digest,
    facts_of,
    from_json,
    load,
    match,
    stricter,
    to_text,
    with_doubt,
)
from redshift_teardown.errors import ConfigError, RefusedError
from redshift_teardown.settings import ENVIRONMENT_KEY
from redshift_teardown.state import for_wire
from redshift_teardown.teardown.claim import without_claim

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.identity import Identity
    from redshift_teardown.teardown.model import ClusterView
    from redshift_teardown.urn import Urn

RECORDED, CURRENT = 0, 1
"""Precedence of the two policies at destroy: for names and clashing tag values the current file wins."""

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
        """Give what inputs and outputs record of it: the rules, and the facts they were asked about."""
        known = {name: value for name, value in self.facts.items() if value is not None}
        return {**self.record_rules(), "facts": for_wire(known)}

    def record_rules(self) -> dict[str, Any]:
        """Give what is recorded of the rules alone: plain values, whatever is not known yet."""
        environment = self.match.environment
        return {
            "digest": digest(environment),
            "source": environment.place.source,
            "environment": environment.name,
            "protected": environment.protected,
            "matched_by": self.match.how,
            "account": self.account or "",
            "rules": to_text(environment),
        }

    @property
    def on_destroy(self) -> str:
        """Say in one line what destroying the cluster would do."""
        return self.decision.describe()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say what an operator may not expect of it; nothing while the account could change it.

        For whoever records it: while a program runs the account is not known yet.
        """
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
    return load(Path(settings.policy_file), source=settings.policy_file)


def wants_account(policy: Policy) -> bool:
    """Tell whether the account can change which environment a stack is."""
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


def _facts_among(inputs: Mapping[str, object], settings: Settings) -> dict[str, object]:
    """Take out of a cluster's inputs what decisions look at; default tags are the cluster's tags too."""
    found = {name: inputs.get(name) for name in FACTS}
    tags = found["tags"]
    if settings.default_tags and (tags is None or isinstance(tags, dict)):
        found["tags"] = {**dict(settings.default_tags), **(tags or {})}
    return found


def differs(recorded: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether what is recorded says something else than what is wanted, lines and comments aside.

    Args:
        recorded: Old outputs.
        wanted: New inputs.

    """
    return _essence(recorded) != _essence(wanted)


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


# --- at destroy ------------------------------------------------------------------------------


@dataclass(frozen=True)
class BothPolicies:
    """The recorded rules and the current file's, each with what it is called by; one may be missing.

    Attributes:
        recorded: The rules of the last ``up``.
        current: The rules of the file as it is now.
        here: The rules of the file for the stack that the cluster is in now, where that is called otherwise
            than when it was brought up.
        warning: Why one of them is not asked, in words; empty where both are.

    """

    recorded: Environment | None
    current: Environment | None
    warning: str = ""
    here: Environment | None = None

    def environments(self) -> tuple[tuple[Environment, int], ...]:
        """Give those there are, with their precedence."""
        every = ((self.recorded, RECORDED), (self.current, CURRENT), (self.here, CURRENT))
        return tuple((environment, rank) for environment, rank in every if environment is not None)

    def templates(self) -> tuple[tuple[str, str], ...]:
        """Give every name template in force, each with its environment's name."""
        return tuple(
            (environment.final_snapshot.name, environment.name) for environment, _ in self.environments()
        )

    def receipts(self) -> tuple[Path, ...]:
        """Give the receipts folders: the one in force, then that of the other policy, where it is another.

        A teardown that a kill ended may have written its receipt before the policy named a new folder.
        """
        ranked = sorted(self.environments(), key=lambda each: -each[1])
        return tuple(dict.fromkeys(Path(environment.receipts) for environment, _ in ranked))

    def decide(
        self, recorded: Facts, seen: Facts, how: str
    ) -> tuple[Decision, tuple[tuple[str, Decision], ...]]:
        """Ask both policies, by the recorded facts and by those that AWS shows; the strictest answer holds.

        Args:
            recorded: As the program gave them.
            seen: As AWS shows them, or showed them last.
            how: Which of the two, as an adjective.

        Returns:
            The decision, and what each was asked and said, for the receipt.

        """
        said = tuple(
            (f"{'current' if rank else 'recorded'} policy, {of} facts", decision)
            for environment, rank in self.environments()
            for of, facts in (("recorded", recorded), (how, seen))
            for decision in (decide(environment, facts, at_destroy=True, precedence=rank),)
        )
        strictest = said[0][1]
        for _, decision in said[1:]:
            strictest = stricter(strictest, decision)
        return strictest, said


def both_policies(
    recorded: Mapping[str, Any], settings: Settings, urn: Urn, *, account: str, own: object
) -> BothPolicies:
    """Read the recorded rules and the file as it is now.

    A file that is missing or broken leaves the recorded policy in force; a recorded policy that cannot be
    read counts as protected, with the file's defaults. An environment that the
    current file no longer knows, or a configuration that contradicts it, counts as unmatched:
    protected, with the defaults.

    Args:
        recorded: ``policy`` of the outputs.
        settings: The stack's configuration of this operation.
        urn: The recorded URN: a renamed stack is judged by the name it was brought up under, and by the one
            it has now, where the engine tells it.
        account: The recorded account.
        own: The cluster's own ``environment`` argument, as recorded.

    Raises:
        RefusedError: neither of the two can be read.

    """
    warnings = []
    rules: Environment | None = None
    try:
        rules = from_json(recorded.get("rules"), recorded.get("digest"))
    except (PolicyError, ValueError, TypeError, KeyError) as error:
        warnings.append(
            f"the policy recorded in the state cannot be read ({error}), so it counts as protected; the next "
            "`pulumi up` records it anew"
        )
    current: Environment | None = None
    here: Environment | None = None
    try:
        policy = read_policy(settings)
    except PolicyError as error:
        warnings.append(
            f"the policy file cannot be read, so the policy recorded at the last `up` decides:\n{error}"
        )
    else:
        if rules is None:
            rules = policy.unmatched
        requested = own if isinstance(own, str) and own else settings.environment
        try:
            current = match(policy, stack=urn.stack, account=account, requested=requested).environment
        except PolicyError as error:
            current = policy.unmatched
            warnings.append(f"this counts as a stack that no environment claims (protected):\n{error}")
        here = _here(policy, settings, urn, account, requested)
    if rules is None and current is None:
        raise RefusedError(
            "there is no deletion policy to go by:\n" + "\n".join(warnings),
            data="nothing was touched",
            next_step=f"put {settings.policy_file} right (`redshift-teardown check {settings.policy_file}`), "
            "then run `pulumi destroy` again",
        )
    return BothPolicies(rules, current, "\n".join(warnings), here)


def _here(
    policy: Policy, settings: Settings, urn: Urn, account: str, requested: str | None
) -> Environment | None:
    """Give the rules for where the cluster is now, by the engine; None where that is as it is recorded.

    A stack is renamed; or an earlier release believed what a program wrote of it.
    """
    place = settings.place
    if place is None or not place.known or (place.stack, place.project) == (urn.stack, urn.project):
        return None
    try:
        return match(policy, stack=place.stack, account=account, requested=requested).environment
    except PolicyError:
        return policy.unmatched


def recorded_facts(
    policy: Mapping[str, Any], identity: Identity, urn: Urn, now: datetime, data_since: datetime | None
) -> Facts:
    """Give the facts as the last ``up`` recorded them.

    Args:
        policy: ``policy`` of the outputs.
        identity: The recorded generation.
        urn: The recorded URN.
        now: The time of the decision.
        data_since: Since when the cluster has held data: its age is the data's, whatever AWS shows. A
            restore, a resize or a resume begins a new ClusterCreateTime and no new data.

    """
    facts = policy.get("facts")
    return facts_of(
        {
            **(facts if isinstance(facts, dict) else {}),
            "cluster_identifier": identity.cluster_identifier,
        },
        project=urn.project,
        stack=urn.stack,
        resource=urn.name,
        account=identity.account_id,
        region=identity.region,
        create_time=data_since,
        now=now,
    )


def live_facts(recorded: Facts, cluster: ClusterView) -> Facts:
    """Give the facts as AWS shows them now; what AWS cannot know stays as recorded."""
    tags = without_claim(dict(cluster.tags))
    return _as_shown(recorded, cluster.node_type, cluster.number_of_nodes, tags)


def last_seen_facts(recorded: Facts, outputs: Mapping[str, Any], tags: Mapping[str, str] | None) -> Facts:
    """Give the facts as AWS showed them last: what a cluster had become is asked of one that is gone, too.

    Args:
        recorded: The recorded facts.
        outputs: The recorded arguments; a refresh writes what AWS shows into them.
        tags: All tags of the cluster, as they were recorded; None where they are not known.

    """
    shown = recorded.tags if tags is None else tags
    return _as_shown(recorded, outputs.get("node_type"), outputs.get("number_of_nodes"), shown)


def _as_shown(
    recorded: Facts, node_type: str | None, number_of_nodes: int | None, tags: Mapping[str, str | None] | None
) -> Facts:
    return replace(
        recorded,
        node_type=node_type or recorded.node_type,
        number_of_nodes=number_of_nodes or recorded.number_of_nodes,
        tags=tags,
    )
