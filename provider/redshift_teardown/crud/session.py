"""What one operation works with: the stack's settings, AWS, a clock and a reporter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redshift_teardown.aws import Aws, connect, resolve_region
from redshift_teardown.crud.calls import ClusterCalls
from redshift_teardown.errors import RefusedError
from redshift_teardown.progress import EngineReporter, engine_gone
from redshift_teardown.teardown.clock import Clock, SystemClock
from redshift_teardown.teardown.watch import Watcher, watch_for

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.identity import Identity


CONFIGURATION_NOTE = (
    "(Pulumi's destroy and refresh take configuration as it was at the last `pulumi up`; with --run-program, "
    "as it is)"
)


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
    calls: ClusterCalls
    clock: Clock
    reporter: EngineReporter

    def watching(self) -> AbstractContextManager[Watcher]:
        """Wait together with all others of this process that wait in the same account and region."""
        return watch_for(self.aws).join(self.clock)

    def require_asked_for(self) -> None:
        """Change nothing more for an engine that was killed: a new one may be at work already.

        Raises:
            RefusedError: the engine that started this process is gone.

        """
        if engine_gone():
            raise RefusedError(
                "the Pulumi engine that asked for this is gone",
                data="what was done until now has taken effect; nothing more is done",
                next_step="run `pulumi up` again: it goes on where this stopped",
            )


def reporter_for(urn: str, label: str) -> EngineReporter:
    """Give the reporter of an operation that asks nothing of AWS: a diff."""
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
        calls=ClusterCalls(aws, clock.now),
        clock=clock,
        reporter=EngineReporter(urn, label),
    )


def require_same_place(session: Session, identity: Identity, intent: str) -> None:
    """Refuse to act in another account or region than the recorded one.

    Args:
        session: The operation's surroundings.
        identity: What the state records.
        intent: What was about to be done, as a verb phrase.

    Raises:
        RefusedError: they differ; the message names both.

    """
    for word, recorded, present in (
        ("account", identity.account_id, session.account_id),
        ("region", identity.region, session.aws.region),
    ):
        if recorded == present:
            continue
        fix = (
            "use credentials of that account (AWS_PROFILE, or aws:profile)"
            if word == "account"
            else f"set AWS_REGION={recorded}, or run `pulumi config set aws:region {recorded}`"
        )
        raise RefusedError(
            f"refused to {intent}: it was created in {word} {recorded or '(not recorded)'}, and this "
            f"configuration is for {word} {present}",
            data="nothing was touched; in that other place AWS says nothing about this cluster",
            next_step=f"{fix}, then run the command again. {CONFIGURATION_NOTE}",
        )
