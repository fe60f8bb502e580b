"""Delete: the teardown of what the state records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.crud import owned
from redshift_teardown.crud.session import open_session, require_same_place
from redshift_teardown.deletion_policy import stricter
from redshift_teardown.errors import RefusedError
from redshift_teardown.stack_policy import (
    BothPolicies,
    both_policies,
    live_facts,
    recorded_facts,
)
from redshift_teardown.state import State
from redshift_teardown.teardown.plan import Plan, make_plan
from redshift_teardown.teardown.run import Teardown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.deletion_policy import Decision
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.model import ClusterView


def delete(props: Mapping[str, Any], settings: Settings) -> None:
    """Tear a cluster down as its policies say, and return when that is proven.

    Args:
        props: The stored outputs.
        settings: The stack's configuration of this operation.

    Raises:
        TeardownError: it was refused, or could not be proven; the message says which.

    """
    try:
        state = State.read(props)
    except ValueError as error:
        raise RefusedError(
            f"this resource's state is damaged: {error}",
            data="nothing was touched",
            next_step="restore the state from a backup, then run `pulumi destroy` again",
        ) from None
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
    region = state.arguments.get("region")
    session = open_session(settings, region, str(urn), urn.name)
    require_same_place(session, identity, f"delete {identity}")
    owned.require_not_anothers(identity, str(urn))
    if policies.warning:
        session.reporter.warn(policies.warning)
    planner = _Planner(state, policies, session.clock.now())
    plan = planner.plan(None)
    session.reporter.keep(f"{identity.cluster_identifier}: {plan.decision.describe()}")
    teardown = Teardown(
        identity=identity,
        plan_for=planner.plan,
        source=session.calls,
        actions=session.calls,
        clock=session.clock,
        reporter=session.reporter,
        receipts=Path(plan.decision.receipts),
        context=planner.context,
    )
    teardown.run()
    owned.forget(identity)


class _Planner:
    """Makes the plan of one teardown, ever the strictest of all that was decided in it."""

    def __init__(self, state: State, policies: BothPolicies, started: datetime) -> None:
        self._state = state
        self._policies = policies
        self._started = started
        self._facts = recorded_facts(state.policy, state.identity, state.urn, started)
        self._decision: Decision | None = None
        self.context: dict[str, Any] = {
            "project": state.urn.project,
            "stack": state.urn.stack,
            "resource": state.urn.name,
            "recorded_policy": {
                "digest": state.policy.get("digest", ""),
                "source": state.policy.get("source", ""),
            },
            "said": {},
        }

    def plan(self, cluster: ClusterView | None) -> Plan:
        """Decide by the recorded facts and, where the cluster is there, by the live ones too."""
        live = live_facts(self._facts, cluster) if cluster is not None else None
        decision, said = self._policies.decide(self._facts, live)
        self.context["said"].update({who: decided.describe() for who, decided in said})
        self._decision = decision if self._decision is None else stricter(self._decision, decision)
        return make_plan(
            self._decision,
            self._facts,
            self._state.identity,
            urn=str(self._state.urn),
            templates=self._policies.templates(),
            at=self._started,
        )
