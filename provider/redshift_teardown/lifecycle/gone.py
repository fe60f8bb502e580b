"""What the next `up` does about a cluster that a refresh found gone and could not let go of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.context import reporter_for
from redshift_teardown.lifecycle.operation import look_for
from redshift_teardown.lifecycle.ownership.let_go import with_way_out
from redshift_teardown.lifecycle.state import GONE, State
from redshift_teardown.teardown.model import Refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redshift_teardown.settings import Settings


def is_replaced(olds: Mapping[str, Any], settings: Settings, urn: str) -> bool:
    """Return whether a cluster marked as gone is to be replaced: its delete finishes what is missing first.

    Args:
        olds: The stored outputs, with the mark in them.
        settings: The stack's configuration.
        urn: The resource's URN now.

    Returns:
        False where AWS shows that very cluster again: then only the mark is taken away.

    Raises:
        RefusedError: nothing proves that its data is kept, or another cluster has its name; the message says
            what to do. It fails this resource alone.

    """
    state = State.read(olds)
    identity, reporter = state.identity, reporter_for(urn, state.urn.name)
    found = look_for(olds, settings)
    if found is None:
        # `up` asks again before anything is done.
        reporter.warn(f"{identity}: a refresh found it gone, and AWS gives no answer now. {olds[GONE]}")
        return True
    operation, observation = found
    if observation.cluster is not None and identity.is_generation_of(observation.cluster):
        return False
    _, step = operation.what_delete_would_do(observation)
    if isinstance(step, Refuse):
        next_step = step.next_step
        if step.final:
            next_step = with_way_out(next_step, identity, urn, alone=True)
        raise RefusedError(step.what, data=step.data, next_step=next_step)
    reporter.warn(
        f"{identity} is gone, and its data is kept: `up` finishes what its final snapshot lacks, then "
        "creates the cluster as the program says"
    )
    return True
