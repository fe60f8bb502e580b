"""A cluster whose destroy was begun here, and whose end nobody saw: the next `up` looks what became of it.

An `up` that has nothing to do asks AWS nothing else. AWS may have given the deletion up after its final
snapshot, which is then no proof of what was written since.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from redshift_teardown.lifecycle.operation import look_for, memory_of
from redshift_teardown.lifecycle.planner import Planner, read_recorded
from redshift_teardown.teardown.memory import is_end_unseen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.run import Reporter


def is_unseen(olds: Mapping[str, Any], settings: Settings) -> bool:
    """Return whether a receipt tells of a DeleteCluster after which nobody saw the cluster; AWS is not asked.

    Args:
        olds: The stored outputs.
        settings: The stack's configuration.

    """
    now = datetime.now(timezone.utc)
    return is_end_unseen(memory_of(Planner(read_recorded(olds, settings), now), now))


def has_outlived(olds: Mapping[str, Any], settings: Settings, reporter: Reporter) -> bool:
    """Return whether the cluster lives, and something that is not recorded as void is; nothing is changed.

    Where AWS gives no answer it may be so: `up` asks again.

    Args:
        olds: The stored outputs of a cluster whose end is unseen.
        settings: The stack's configuration.
        reporter: Told what was found.

    """
    begun = "a destroy of it was begun, and nobody saw what came of that"
    found = look_for(olds, settings)
    if found is None:
        reporter.warn(f"{begun}; AWS gives no answer now, and `up` asks again")
        return True
    operation, observation = found
    identity = operation.identity
    if observation.cluster is None:
        reporter.warn(f"{identity} is gone: {begun}. Run `pulumi refresh`, which says what became of it")
        return False
    if not identity.is_alive_in(observation.cluster):
        return False
    void = operation.void_beside(observation)[0]
    if set(void) <= operation.recorded.state.void:
        return False
    reporter.keep(f"{identity} lives on: {begun}. `up` records what is no proof any more: {', '.join(void)}")
    return True
