"""Delete: the teardown of what the state records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.errors import FinalRefusalError, RefusedError, TeardownError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.data.replaced import judge
from redshift_teardown.lifecycle.operation import Operation, memory_of, open_operation
from redshift_teardown.lifecycle.ownership.let_go import let_go, spared
from redshift_teardown.teardown.run import Teardown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings


def delete(props: Mapping[str, Any], settings: Settings) -> None:
    """Tear a cluster down as its policies say, and return when that is proven.

    A cluster that another state owns by now is let go of: it lives on. So is a generation that the operator
    names, where no teardown of it can end well.

    Args:
        props: The stored outputs.
        settings: The stack's configuration of this operation.

    Raises:
        TeardownError: it was refused, or could not be proven; the message says which.

    """
    operation = _open(props, settings)
    try:
        _tear_down(props, operation)
    except FinalRefusalError as refusal:
        let_go(refusal, operation.recorded, operation.session)


def _tear_down(props: Mapping[str, Any], operation: Operation) -> None:
    session, identity, recorded = operation.session, operation.identity, operation.recorded
    try:
        judged = judge(props, recorded.state, session, recorded.claimant)
    except TeardownError:
        # The teardown puts down what is void at its first poll; here it comes to none.
        operation.voided()
        raise
    if judged.let_go:
        session.reporter.warn(judged.let_go)
        return
    if recorded.policies.warning:
        session.reporter.warn(recorded.policies.warning)
    planner = operation.planner(renewal_is_ours=judged.renewal_is_ours, left_by=judged.left_by)
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
            spared=spared(identity),
        ).run()
    if not outcome.let_go:
        urns = (str(recorded.state.urn), recorded.claimant)
        this_run.forget(identity, judged.now, urns, outcome.snapshot)


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
            next_step=error.next_step or "fix the error above, then run `pulumi destroy` again",
        ) from None
