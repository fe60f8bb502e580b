"""What one operation works with: the stack's settings, AWS, a clock and a reporter."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.clock import Clock, SystemClock
from redshift_teardown.aws.poller import Watcher, watch_for
from redshift_teardown.aws.provisioned import RedshiftCalls
from redshift_teardown.aws.session import Aws, connect, resolve_region
from redshift_teardown.engine import interrupt
from redshift_teardown.engine.interrupt import StoppedError
from redshift_teardown.engine.progress import EngineReporter
from redshift_teardown.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.views import Attempt
    from redshift_teardown.settings import Settings


@dataclass(frozen=True)
class Session:
    """One operation's surroundings.

    Attributes:
        settings: The stack's configuration of this operation.
        aws: Clients of the credentials in force, in the cluster's region.
        account_id: Whose credentials these are, asked of STS.
        calls: The calls of this operation, counted.
        clock: What is waited by.
        reporter: What the operator reads.

    """

    settings: Settings
    aws: Aws
    account_id: str
    calls: RedshiftCalls
    clock: Clock
    reporter: EngineReporter

    def watching(self) -> AbstractContextManager[Watcher]:
        """Wait together with all others of this process that wait in the same account and region."""
        return watch_for(self.aws).join(self.clock)

    def change(self, operation: str, call: Callable[[], Any], *, finishes: bool = False) -> Attempt:
        """Make a call of an `up` that changes something, while somebody still asks for it.

        Args:
            operation: AWS's name of it.
            call: Sends it.
            finishes: Whether it ends what was begun, which a cancel does not stop.

        Raises:
            RefusedError: the engine is gone, or the operation was cancelled.

        """
        with stopped("pulumi up"):
            (interrupt.require_engine if finishes else interrupt.require_wanted)()
        return self.calls.change(operation, call)


@contextmanager
def stopped(command: str) -> Iterator[None]:
    """Say of an operation that is stopped, since nobody asks for it any more, how it is taken up again."""
    try:
        yield
    except StoppedError as error:
        raise RefusedError(
            error.what,
            data="what was done until now has taken effect, and AWS goes on with it; nothing more is done",
            next_step=f"run `{command}` again: it goes on where this stopped",
        ) from None


def reporter_for(urn: str, label: str) -> EngineReporter:
    """Return the reporter of an operation that may ask nothing of AWS: a check, a diff."""
    return EngineReporter(urn, label)


def open_session(settings: Settings, region: object, urn: str, label: str) -> Session:
    """Connect, and ask whose credentials these are.

    Args:
        settings: The stack's configuration.
        region: The cluster's own ``region``, where it has one.
        urn: The resource's URN, for its row in the display.
        label: The resource's name, for plain lines.

    Raises:
        ConfigError: no region, no credentials, no answer, or an account that is not let through.

    """
    clock = SystemClock()
    aws = connect(settings, resolve_region(settings, region))
    return Session(
        settings=settings,
        aws=aws,
        account_id=aws.account_id(),
        calls=RedshiftCalls(aws, clock.now),
        clock=clock,
        reporter=EngineReporter(urn, label),
    )


def require_same_place(session: Session, identity: Identity, intent: str) -> None:
    """Refuse to act in another account or region than the recorded one.

    Args:
        session: The operation's surroundings.
        identity: What the state records.
        intent: What is about to be done, as a verb: ``delete``.

    Raises:
        RefusedError: they differ; the message names both.

    """
    for word, recorded, present in (
        ("account", identity.account_id, session.account_id),
        ("region", identity.region, session.aws.region),
    ):
        if recorded == present:
            continue
        cure = _cure_of_account(session.settings) if word == "account" else _cure_of_region(session, recorded)
        raise RefusedError(
            f"refused to {intent} {identity}: it was created in {word} {recorded or '(not recorded)'}, and "
            f"this configuration is for {word} {present}",
            data="nothing was touched; in that other place AWS says nothing about this cluster",
            next_step=cure,
        )


_RUN_PROGRAM = (
    "then run the command again with --run-program: a plain `pulumi destroy` or `pulumi refresh` takes the "
    "configuration of the last `pulumi up`, also of one that failed"
)


def _cure_of_region(session: Session, recorded: str) -> str:
    """Return in words what makes the recorded region the one in force; that of config goes first."""
    if session.settings.region is None:
        return f"set AWS_REGION={recorded}, then run the command again"
    return f"run `pulumi config set aws:region {recorded}`, {_RUN_PROGRAM}"


def _cure_of_account(settings: Settings) -> str:
    """Return in words what makes the recorded account the one that is worked in."""
    configured = settings.profile or settings.access_key or settings.assume_roles
    if not configured:
        return "use credentials of that account (AWS_PROFILE), then run the command again"
    return f"configure credentials of that account (aws:profile, aws:assumeRoles), {_RUN_PROGRAM}"
