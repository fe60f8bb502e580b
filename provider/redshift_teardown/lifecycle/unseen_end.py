"""What the next `up` does about a cluster whose end nobody saw.

A refresh found it gone and could not let go of it; or its destroy was begun here and not finished.

An `up` that has nothing to do asks AWS nothing else. AWS may have given the deletion up after its final
snapshot, which is then no proof of what was written since.
"""

from __future__ import annotations

import shlex
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.provisioned import UnreachableError
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.changes.wait import WHILE_ENDING
from redshift_teardown.lifecycle.operation import memory_of, open_and_observe
from redshift_teardown.lifecycle.ownership.let_go import with_way_out
from redshift_teardown.lifecycle.policy.planner import Planner, read_recorded
from redshift_teardown.lifecycle.state import GONE, State
from redshift_teardown.teardown.memory import is_end_unseen
from redshift_teardown.teardown.model import Refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.interfaces import Reporter


def why_replaced(olds: Mapping[str, Any], settings: Settings, urn: str) -> str:
    """Return why a cluster marked as gone is to be replaced: its delete finishes what is missing first.

    It is for who reviews the replacement to say so: what is then refused is not foretold.

    Args:
        olds: The stored outputs, with the mark in them.
        settings: The stack's configuration.
        urn: The resource's URN now.

    Returns:
        The words; empty where AWS shows that very cluster again: then only the mark is taken away.

    Raises:
        RefusedError: nothing proves that its data is kept, or another cluster has its name; the message says
            what to do. It fails this resource alone.

    """
    identity = State.read(olds).identity
    found = open_and_observe(olds, settings)
    if found is None:
        # `up` asks again before anything is done.
        return f"{identity}: a refresh found it gone, and AWS gives no answer now. {olds[GONE]}"
    operation, observation = found
    if observation.cluster is not None and identity.is_generation_of(observation.cluster):
        return ""
    _, step = operation.what_delete_would_do(observation)
    if isinstance(step, Refuse):
        next_step = step.next_step
        if step.final:
            next_step = with_way_out(next_step, identity, urn)
        raise RefusedError(step.what, data=step.data, next_step=next_step)
    return (
        f"{identity} is gone, and its data is kept: `up` finishes what its final snapshot lacks, then "
        "creates the cluster as the program says"
    )


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
    found = open_and_observe(olds, settings)
    if found is None:
        reporter.warn(f"{begun}; AWS gives no answer now, and `up` asks again")
        return True
    operation, observation = found
    identity = operation.identity
    if observation.cluster is None:
        reporter.warn(f"{identity} is gone: {begun}. Run `pulumi refresh`, which says what became of it")
        return False
    if not identity.is_alive_in(observation.cluster):
        if identity.is_generation_of(observation.cluster):
            urn = str(operation.recorded.urn)
            reporter.warn(
                f"{identity} is being deleted ({observation.cluster.status}): {begun}. AWS goes on with it, "
                f"and this changes nothing. To end it, run `pulumi destroy --target {shlex.quote(urn)}`; to "
                f"have the cluster back, {WHILE_ENDING}"
            )
        return False
    try:
        observation = operation.observe_surely()
    except UnreachableError:
        return True
    void = sorted(set(operation.void_beside(observation)[0]) - operation.recorded.state.void)
    if identity.is_alive_in(observation.cluster) and not void and not operation.ends_doubt(observation):
        return False
    lost = f" what is no proof any more: {', '.join(void)}" if void else " that"
    reporter.keep(f"{identity} lives on: {begun}. `up` records{lost}")
    return True
