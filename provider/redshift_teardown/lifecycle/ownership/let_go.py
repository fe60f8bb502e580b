"""The way out of a refusal that is final, with a trace: the operator names the generation to let go of.

Nothing is changed in AWS by it: the resource leaves the state, and a receipt says who let go of what, when
and why.
"""

from __future__ import annotations

import getpass
import os
import shlex
import socket
from typing import TYPE_CHECKING, Any

from redshift_teardown.atomic_file import write_problem
from redshift_teardown.errors import FinalRefusalError, RefusedError
from redshift_teardown.teardown.model import LetGo, Refuse
from redshift_teardown.teardown.receipt import LET_GO, ReceiptFile, heading, not_written, write_document

if TYPE_CHECKING:
    from pathlib import Path

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.policy.planner import Recorded

LET_GO_VARIABLE = "REDSHIFT_TEARDOWN_LET_GO"
_UNKNOWN = "unknown"


def is_asked_for(identity: Identity) -> bool:
    """Return whether the operator asks to let go of exactly this generation."""
    return identity.generation() != _UNKNOWN and os.environ.get(LET_GO_VARIABLE) == identity.generation()


def spared(identity: Identity) -> str:
    """Return why a generation is not to be deleted in this run: the operator names it to let go of it."""
    if not is_asked_for(identity):
        return ""
    return (
        f"{LET_GO_VARIABLE} names its generation, which lets go of what cannot be torn down, and this one can"
    )


def with_way_out(next_step: str, identity: Identity, urn: str) -> str:
    """Return what to do about a final refusal, with the way to let go of the generation behind it.

    There is one such way, that which leaves a trace; only a generation without a name has none but Pulumi's.

    Args:
        next_step: The cures that keep the data or the cluster.
        identity: The generation.
        urn: The resource's, as the engine has it now. An `up` is refused, too, so only it is named: the other
            resources of the stack are to stay.

    """
    if identity.generation() == _UNKNOWN:
        return (
            f"{next_step}; or, when nothing more can be done, let go of the resource with "
            f"`pulumi state delete {shlex.quote(urn)}`"
        )
    return (
        f"{next_step}; or, when nothing more can be done, let go of exactly this generation, which changes "
        f"nothing in AWS and leaves a receipt: `{LET_GO_VARIABLE}={identity.generation()} "
        f"pulumi destroy --target {shlex.quote(urn)}`"
    )


def foretell(refusal: Refuse, recorded: Recorded) -> LetGo | Refuse:
    """Return what comes of a final refusal of a generation that the operator asks to let go of.

    Args:
        refusal: Why its teardown cannot end well.
        recorded: What the state records.

    """
    folder = recorded.policies.receipts()[0]
    problem = write_problem(folder)
    if problem:
        return _untraced(recorded.state.identity, folder, problem, refusal.data)
    return LetGo(f"as {LET_GO_VARIABLE} asks: {refusal.what}")


def _untraced(identity: Identity, folder: Path, problem: str, data: str) -> Refuse:
    return Refuse(
        f"{identity} is not let go of: {not_written(folder, problem)}",
        data=data,
        next_step=f"make {folder} a folder that can be written to, or have the policy name one, "
        "then run the command again; without a receipt there would be no trace",
    )


def let_go(refusal: FinalRefusalError, recorded: Recorded, session: Session) -> None:
    """Let go of a generation, where the operator asks for it.

    Args:
        refusal: Why its teardown cannot end well.
        recorded: What the state records.
        session: The operation's surroundings.

    Raises:
        FinalRefusalError: nobody asks to let go of this generation; the way to do so is added.
        RefusedError: the receipt cannot be written, so there would be no trace.

    """
    identity = recorded.state.identity
    if not is_asked_for(identity):
        next_step = with_way_out(refusal.next_step, identity, str(recorded.urn))
        raise FinalRefusalError(refusal.what, data=refusal.data, next_step=next_step)
    folder = recorded.policies.receipts()[0]
    path = ReceiptFile(folder, identity, session.clock.now(), session.reporter.warn).path
    try:
        write_document(path, _document(refusal, recorded, session))
    except OSError as error:
        untraced = _untraced(identity, folder, error.strerror or str(error), refusal.data)
        raise RefusedError(untraced.what, data=untraced.data, next_step=untraced.next_step) from None
    session.reporter.warn(
        f"let go of {identity} (generation {identity.generation()}), as {LET_GO_VARIABLE} asks: nothing was "
        f"changed in AWS. Why its teardown was refused: {refusal.what}; data: {refusal.data}. Receipt: {path}"
    )


def _document(refusal: FinalRefusalError, recorded: Recorded, session: Session) -> dict[str, Any]:
    identity, urn, now = recorded.state.identity, recorded.state.urn, session.clock.now()
    created = identity.cluster_create_time
    return {
        **heading(identity, state=LET_GO, started=now, written=now, created=created, urn=str(urn)),
        "generation": identity.generation(),
        "project": urn.project,
        "stack": urn.stack,
        "resource": urn.name,
        "who": {"user": _user(), "host": socket.gethostname(), "account_id": session.account_id},
        "because": f"{LET_GO_VARIABLE} names this generation",
        "refused": refusal.what,
        "data": refusal.data,
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else _UNKNOWN
