"""Delete: the teardown of what the state records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.crud import owned
from redshift_teardown.crud.operation import Operation, memory_of, open_operation
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.teardown.run import Teardown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings


def delete(props: Mapping[str, Any], settings: Settings) -> None:
    """Tear a cluster down as its policies say, and return when that is proven.

    The one generation that is let go of without a teardown is one that this same resource took over in this
    same run: the resource still owns it.

    Args:
        props: The stored outputs.
        settings: The stack's configuration of this operation.

    Raises:
        TeardownError: it was refused, or could not be proven; the message says which.

    """
    operation = _open(props, settings)
    session, identity, urn = operation.session, operation.identity, operation.recorded.state.urn
    owned.require_not_anothers(identity, str(urn))
    if owned.was_adopted(identity, str(urn)):
        session.reporter.warn(
            f"{identity.cluster_identifier} was adopted again by this same run, so it lives on and nothing "
            f"was deleted. To replace it on purpose, {owned.DELETE_FIRST}"
        )
        return
    if operation.recorded.policies.warning:
        session.reporter.warn(operation.recorded.policies.warning)
    planner = operation.planner()
    plan = planner.plan(None)
    session.reporter.keep(f"{identity.cluster_identifier}: {plan.decision.describe()}")
    if plan.wants_snapshot and plan.crowded:
        session.reporter.warn(plan.crowded)
    with session.watching() as watcher:
        outcome = Teardown(
            identity=identity,
            plan_for=planner.plan,
            recall=lambda started: memory_of(planner, started),
            source=watcher,
            pace=watcher,
            actions=session.calls,
            clock=session.clock,
            reporter=session.reporter,
            receipts=planner.receipts[0],
            context=planner.context,
        ).run()
    owned.forget(identity, str(urn), outcome.snapshot)


def _open(props: Mapping[str, Any], settings: Settings) -> Operation:
    """Open the operation; where that fails, say that the data is as it was."""
    try:
        return open_operation(props, settings, "delete")
    except RefusedError:
        raise
    except TeardownError as error:
        raise RefusedError(
            error.what,
            data="nothing was touched",
            next_step=error.next_step or "mend the cause, then run `pulumi destroy` again",
        ) from None
