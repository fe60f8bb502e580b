"""What one operation works with: the stack's settings, AWS, a clock and a reporter."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.watcher import Watcher, watching
from redshift_teardown.engine import interrupt
from redshift_teardown.engine.interrupt import StoppedError
from redshift_teardown.engine.progress import EngineReporter
from redshift_teardown.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from redshift_teardown.aws.clock import Clock
    from redshift_teardown.aws.provisioned import RedshiftCalls
    from redshift_teardown.aws.session import Aws
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
        return watching(self.aws, self.clock)

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
    """Return what an operation on one resource reports by."""
    return EngineReporter(urn, label)
