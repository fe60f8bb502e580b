"""The deletion policy at destroy: the recorded rules and the file as it is now; the strictest holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy import (
    Decision,
    Environment,
    Facts,
    Policy,
    PolicyError,
    decide,
    facts_of,
    from_json,
    match,
    stricter,
)
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.policy.resolve import read_policy
from redshift_teardown.teardown.claim import without_claim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.engine.urn import Urn
    from redshift_teardown.settings import Settings

RECORDED, CURRENT = 0, 1
"""Precedence of the two policies at destroy: for names and clashing tag values the current file wins."""


@dataclass(frozen=True)
class BothPolicies:
    """The recorded rules and the current file's, each with what it is called by; one may be missing.

    Attributes:
        recorded: The rules of the last ``up``.
        current: The rules of the file as it is now.
        here: The rules of the file for the stack that the cluster is in now, where that is called otherwise
            than when it was brought up.
        warning: Why one of them is not asked, in words; empty where both are.
        read_again: Reads them once more.

    """

    recorded: Environment | None
    current: Environment | None
    warning: str = ""
    here: Environment | None = None
    read_again: Callable[[], BothPolicies] | None = field(default=None, compare=False)

    def as_of_now(self) -> BothPolicies:
        """Return the same with the file as it is now: a teardown waits for hours, and rules are tightened."""
        return self.read_again() if self.read_again is not None else self

    def environments(self) -> tuple[tuple[Environment, int], ...]:
        """Return those there are, with their precedence."""
        every = ((self.recorded, RECORDED), (self.current, CURRENT), (self.here, CURRENT))
        return tuple((environment, rank) for environment, rank in every if environment is not None)

    def templates(self) -> tuple[tuple[str, str], ...]:
        """Return every name template in force, each with its environment's name."""
        return tuple(
            (environment.final_snapshot.name, environment.name) for environment, _ in self.environments()
        )

    def receipts(self) -> tuple[Path, ...]:
        """Return the receipts folders: the one in force, then that of the other policy, where it is another.

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
    warnings: tuple[str, ...] = ()
    rules: Environment | None = None
    try:
        rules = from_json(recorded.get("rules"), recorded.get("digest"))
    except PolicyError as error:
        unread = (
            f"the policy recorded in the state cannot be read ({error}), so it counts as protected; the next "
            "`pulumi up` records it anew"
        )
        warnings = (unread,)
    return _with_file(rules, warnings, settings, urn, account, own)


def _with_file(
    rules: Environment | None,
    warnings: tuple[str, ...],
    settings: Settings,
    urn: Urn,
    account: str,
    own: object,
) -> BothPolicies:
    """Return the recorded rules with those of the file as it is now; see `both_policies`."""
    again = partial(_with_file, rules, warnings, settings, urn, account, own)
    current: Environment | None = None
    here: Environment | None = None
    try:
        policy = read_policy(settings)
    except PolicyError as error:
        warnings += (
            f"the policy file cannot be read, so the policy recorded at the last `up` decides:\n{error}",
        )
    else:
        if rules is None:
            rules = policy.unmatched
        requested = own if isinstance(own, str) and own else settings.environment
        try:
            current = match(policy, stack=urn.stack, account=account, requested=requested).environment
        except PolicyError as error:
            current = policy.unmatched
            warnings += (f"this counts as a stack that no environment claims (protected):\n{error}",)
        here = _here(policy, settings, urn, account, requested)
    if rules is None and current is None:
        raise RefusedError(
            "there is no deletion policy to go by:\n" + "\n".join(warnings),
            data="nothing was touched",
            next_step=f"put {settings.policy_file} right (`redshift-teardown check {settings.policy_file}`), "
            "then run `pulumi destroy` again",
        )
    return BothPolicies(rules, current, "\n".join(warnings), here, again)


def _here(
    policy: Policy, settings: Settings, urn: Urn, account: str, requested: str | None
) -> Environment | None:
    """Return the rules for where the cluster is now, by the engine; None where that is as it is recorded.

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
    """Return the facts as the last ``up`` recorded them.

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
    """Return the facts as AWS shows them now; what AWS cannot know stays as recorded."""
    tags = without_claim(dict(cluster.tags))
    return _as_shown(recorded, cluster.node_type, cluster.number_of_nodes, tags)


def last_seen_facts(recorded: Facts, outputs: Mapping[str, Any], tags: Mapping[str, str] | None) -> Facts:
    """Return the facts as AWS showed them last: what a cluster had become is asked of one that is gone, too.

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
