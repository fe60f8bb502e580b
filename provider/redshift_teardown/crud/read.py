"""Read: what a refresh sees. It never changes account, region or generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.crud.outputs import outputs
from redshift_teardown.crud.session import open_session, require_same_place
from redshift_teardown.crud.wanted import own_region, recorded_inherited
from redshift_teardown.errors import RefusedError
from redshift_teardown.state import State, carried
from redshift_teardown.teardown.calls import UnreachableError, view_cluster
from redshift_teardown.teardown.model import Memory
from redshift_teardown.teardown.observe import look
from redshift_teardown.teardown.plan import of_generation
from redshift_teardown.teardown.statuses import ENDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from redshift_teardown.crud.session import Session
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.model import SnapshotView


def read(id_: str, props: Mapping[str, Any], settings: Settings) -> tuple[str, dict[str, Any]]:
    """Read a cluster as AWS shows it now.

    Args:
        id_: The resource's id.
        props: The stored outputs.
        settings: The stack's configuration.

    Returns:
        The id and the outputs; an empty id where the cluster is gone.

    Raises:
        TeardownError: these are credentials for another place, or another generation has the name now.

    """
    state = State.read(props)
    identity = state.identity
    session = open_session(settings, own_region(props), str(state.urn), state.urn.name)
    require_same_place(session, identity, f"refresh {identity}")
    try:
        observation = look(session.calls, identity, session.clock.now())
        cluster = session.calls.describe(identity.cluster_identifier) if observation.cluster else None
    except UnreachableError as error:
        raise RefusedError(
            f"AWS gave no answer about {identity}: {error.words}",
            data="nothing was touched; the state is as it was",
            next_step="run the command again",
        ) from None
    if cluster is None:
        if observation.renamed_to:
            raise RefusedError(
                f"{identity} was renamed to {observation.renamed_to} outside of Pulumi",
                data="the cluster lives on under its new name and was not touched; nothing is lost",
                next_step="if a `pulumi up` that renames it was interrupted, run that again; else rename it "
                f"back; or let go of it with `pulumi state delete '{state.urn}'`, set cluster_identifier to "
                f"{observation.renamed_to!r} and adopt it with adopt_existing=True",
            )
        _warn_gone(session, state, observation.snapshots)
        return "", {}
    view = view_cluster(cluster)
    if not identity.is_generation_of(view):
        raise RefusedError(
            f"{identity} is another generation now than the one this stack created",
            data="that cluster was not touched, and the state is as it was",
            next_step=f"let go of the recorded one with `pulumi state delete '{state.urn}'`, then adopt the "
            "new one with adopt_existing=True",
        )
    if view.status in ENDING:
        session.reporter.warn(f"{identity} is being deleted ({view.status})")
    found = outputs(
        props,
        {**state.arguments, "region": own_region(props)},
        cluster,
        identity.seen_as(view),
        settings,
        inherited=recorded_inherited(props),
        carried=carried(props),
    )
    return id_, found


def _warn_gone(session: Session, state: State, snapshots: Iterable[SnapshotView]) -> None:
    memory = Memory(started=session.clock.now())
    left = sorted(
        (snapshot for snapshot in snapshots if of_generation(snapshot, state.identity, memory)),
        key=lambda snapshot: snapshot.create_time or session.clock.now(),
    )
    what = "no final snapshot of it exists, nor any other manual one: its data is gone"
    if left:
        names = ", ".join(f"{snapshot.identifier} ({snapshot.status})" for snapshot in left)
        what = (
            f"manual snapshots of it: {names}. To bring it back: "
            f"snapshot_identifier={left[-1].identifier!r}, then `pulumi up`"
        )
    session.reporter.warn(f"{state.identity} was deleted outside of Pulumi and leaves the state; {what}")
