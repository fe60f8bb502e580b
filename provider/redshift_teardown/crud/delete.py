"""Delete: the teardown of what the state records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.crud import owned
from redshift_teardown.crud.planner import Planner, read_recorded
from redshift_teardown.crud.session import open_session, require_same_place
from redshift_teardown.crud.wanted import own_region
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.teardown.run import Teardown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.crud.session import Session
    from redshift_teardown.settings import Settings
    from redshift_teardown.urn import Urn


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
    recorded = read_recorded(props, settings)
    identity, urn = recorded.state.identity, recorded.state.urn
    session = _open(settings, own_region(props), urn)
    require_same_place(session, identity, f"delete {identity}")
    owned.require_not_anothers(identity, str(urn))
    if owned.was_adopted(identity, str(urn)):
        session.reporter.warn(
            f"{identity.cluster_identifier} was adopted again by this same run, so it lives on and nothing "
            f"was deleted. To replace it on purpose, {owned.DELETE_FIRST}"
        )
        return
    if recorded.policies.warning:
        session.reporter.warn(recorded.policies.warning)
    planner = Planner(recorded, session.clock.now())
    plan = planner.plan(None)
    session.reporter.keep(f"{identity.cluster_identifier}: {plan.decision.describe()}")
    with session.watching() as watcher:
        outcome = Teardown(
            identity=identity,
            plan_for=planner.plan,
            source=watcher,
            pace=watcher,
            actions=session.calls,
            clock=session.clock,
            reporter=session.reporter,
            receipts=planner.receipts,
            context=planner.context,
        ).run()
    owned.forget(identity, str(urn), outcome.snapshot)


def _open(settings: Settings, region: object, urn: Urn) -> Session:
    """Connect; where that fails, say that the data is as it was."""
    try:
        return open_session(settings, region, str(urn), urn.name)
    except RefusedError:
        raise
    except TeardownError as error:
        raise RefusedError(
            error.what,
            data="nothing was touched",
            next_step=error.next_step or "mend the cause, then run `pulumi destroy` again",
        ) from None
