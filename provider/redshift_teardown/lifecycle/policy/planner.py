"""From what the state records to the plan of one teardown. Delete and the forecast of it both start here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy import stricter
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import TO_TAKE_OVER, RefusedError
from redshift_teardown.lifecycle.policy.at_destroy import (
    BothPolicies,
    both_policies,
    last_seen_facts,
    live_facts,
    recorded_facts,
)
from redshift_teardown.lifecycle.state import State
from redshift_teardown.teardown.plan import Plan, is_tagged_as, make_plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.aws.views import ClusterView
    from redshift_teardown.deletion_policy import Decision
    from redshift_teardown.settings import Settings


@dataclass(frozen=True)
class Recorded:
    """What a teardown goes by before AWS is asked.

    Attributes:
        state: The outputs of the last ``up``.
        policies: The rules recorded there and those of the file as it is now.
        claimant: The resource's URN as the engine has it now: a state that was moved to another stack is not
            the resource that it records any more, which may live on there and own the cluster.

    """

    state: State
    policies: BothPolicies
    claimant: str = ""

    @property
    def urn(self) -> Urn:
        """The resource's URN as the engine has it now; the recorded one where that is not known."""
        return Urn.parse(self.claimant) if self.claimant else self.state.urn


def read_recorded(props: Mapping[str, Any], settings: Settings) -> Recorded:
    """Read the outputs of a cluster and both policies.

    Args:
        props: The stored outputs.
        settings: The stack's configuration of this operation.

    Raises:
        RefusedError: the state does not say which cluster is meant, or there is no policy to go by.

    """
    state = State.read(props)
    identity, urn = state.identity, state.urn
    if not (identity.account_id and identity.region and identity.cluster_identifier):
        raise RefusedError(
            f"the state of {urn.name} records no account, region or cluster identifier, so it cannot be "
            "told which cluster is meant",
            data="nothing was touched",
            next_step="restore the state from a backup, or let go of the resource with "
            f"`pulumi state delete '{urn}'`",
        )
    policies = both_policies(
        state.policy,
        settings,
        urn,
        account=identity.account_id,
        own=state.arguments.get("environment"),
    )
    return Recorded(state, policies, settings.place.urn if settings.place is not None else "")


def require_recorded(id_: str, props: Mapping[str, Any]) -> None:
    """Refuse to read what no `up` recorded: the engine asks so where a program gives the option `id`.

    Args:
        id_: What is to be read.
        props: The stored outputs; the program's inputs where the engine has none.

    Raises:
        RefusedError: there is no account in them. What is to be put right is the program, not the state.

    """
    recorded = props.get("identity")
    if isinstance(recorded, dict) and recorded.get("account_id"):
        return
    raise RefusedError(
        f"the engine asks to read {id_!r}, and has no account of it that an `up` recorded: `id` among the "
        "resource's options does that, which a transform may have set",
        data="nothing was touched",
        next_step=f"take that option away. {TO_TAKE_OVER}. Where no such option is set, restore the state "
        "from a backup (`pulumi stack import`)",
    )


def fingerprint(policy: Mapping[str, Any]) -> str:
    """Return a short hash of what a state records of the policy: tells whether another was recorded since."""
    text = json.dumps(policy, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Planner:
    """Makes the plan of one teardown, ever the strictest of all that was decided in it.

    Attributes:
        recorded: What it goes by.
        fingerprint: Of what the state records of the policy.
        receipts: The receipts folders: the first is written to, all are read.
        context: What the receipt says besides: resource, policies, and what each of them said.

    """

    def __init__(
        self, recorded: Recorded, started: datetime, *, renewal_is_ours: bool = True, left_by: str = ""
    ) -> None:
        """Prepare.

        Args:
            recorded: What a teardown goes by.
            started: The time that names and ages go by.
            renewal_is_ours: Whether a newer claim of this very resource on the cluster makes no difference.
            left_by: What the final snapshot's tag says it was left by; empty for a plain destroy.

        """
        state = recorded.state
        self.recorded = recorded
        self.fingerprint = fingerprint(state.policy)
        self._state = state
        self._now = recorded.urn
        self._policies = recorded.policies
        self._started = started
        self._renewal_is_ours = renewal_is_ours
        self._left_by = left_by
        self._facts = recorded_facts(state.policy, state.identity, state.urn, started, state.data_since)
        self._decision: Decision | None = None
        self._names: dict[tuple[str, str], None] = {}
        self._tags_prove = not is_tagged_as(state.tags_all or {}, state.identity)
        self.receipts = recorded.policies.receipts()
        self.context: dict[str, Any] = {
            "project": state.urn.project,
            "stack": state.urn.stack,
            "resource": state.urn.name,
            "claim": state.claim,
            **({"claimant": str(self._now)} if self._now != state.urn else {}),
            "recorded_policy": {
                "digest": state.policy.get("digest", ""),
                "source": state.policy.get("source", ""),
            },
            "recorded": self.fingerprint,
            "said": {},
            **({"left_by": left_by} if left_by else {}),
        }

    def plan(self, cluster: ClusterView | None) -> Plan:
        """Decide by the recorded facts and by the live ones; of a cluster that is gone by the last seen."""
        if cluster is None:
            how = "last seen"
            seen = last_seen_facts(self._facts, self._state.arguments, self._state.tags_all)
        else:
            how = "live"
            seen = live_facts(self._facts, cluster)
            if is_tagged_as(dict(cluster.tags), self._state.identity):
                self._tags_prove = False
        self._policies = self._read_again()
        decision, said = self._policies.decide(self._facts, seen, how)
        self.context["said"].update({who: decided.describe() for who, decided in said})
        self._decision = decision if self._decision is None else stricter(self._decision, decision)
        return make_plan(
            self._decision,
            self._facts,
            self._state.identity,
            urn=str(self._state.urn),
            templates=self._templates(),
            at=self._started,
            claim=self._state.claim,
            overruled=self._state.overruled,
            now=self._now,
            renewal_is_ours=self._renewal_is_ours,
            left_by=self._left_by,
            tags_prove=self._tags_prove,
        )

    def _templates(self) -> tuple[tuple[str, str], ...]:
        """Return every name template in force, those among them that were when DeleteCluster was sent."""
        self._names = dict.fromkeys([*self._policies.templates(), *self._names])
        return tuple(self._names)

    def _read_again(self) -> BothPolicies:
        """Return both policies as they are now; those of before, where there is none to go by any more."""
        try:
            return self._policies.as_of_now()
        except RefusedError:
            return self._policies
