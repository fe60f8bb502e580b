"""Changing named settings of a living cluster: the needed calls, one after another, and no other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.views import Answer
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.changes.modify_calls import NeededCall, missing, needed_calls
from redshift_teardown.lifecycle.changes.wait import wait_until_available
from redshift_teardown.lifecycle.outputs import identity_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redshift_teardown.aws.views import Attempt
    from redshift_teardown.deletion_policy import Environment
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.lifecycle.desired import Desired
    from redshift_teardown.lifecycle.ownership.generation import ExpectedGeneration

_PATIENCE = timedelta(minutes=15)
"""For so long AWS may answer that an operation is running on a cluster it shows as available; Terraform's
experience with Redshift."""
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2.0, 30.0


def converge(
    session: Session,
    desired: Desired,
    cluster: Mapping[str, Any],
    rules: Environment,
    meant: ExpectedGeneration,
    *,
    proven: bool = True,
) -> Mapping[str, Any]:
    """Make every call by which the named settings of a cluster become what they are to be.

    After each call the cluster is waited for and looked at anew, so a call whose answer was lost is made
    again only where it did not take effect.

    Args:
        session: The operation's surroundings.
        desired: What is to change.
        cluster: The cluster as DescribeClusters shows it, free for changes.
        rules: The recorded rules: how long to wait.
        meant: The generation that is changed.
        proven: Whether every named setting must be seen as it is to be; else the next preview names it.

    Returns:
        The cluster as it is then.

    Raises:
        RefusedError: AWS refused a call, or accepted it and does not show its effect; those before it have
            taken effect and stay. Or the name belongs to another generation now, of which nothing is changed.

    """
    made: set[str] = set()
    trouble = _Trouble(session.clock.now)
    while True:
        # A call that was accepted and changed nothing that AWS shows is not made again and again.
        call = next((each for each in needed_calls(desired, cluster) if each.name not in made), None)
        identifier = str(cluster["ClusterIdentifier"])
        if call is None:
            lacking = missing(desired, cluster) if proven else ()
            if not lacking:
                break
            session.clock.sleep(trouble.pause_until_shown(lacking, identifier))
            cluster = wait_until_available(
                session, identifier, rules, f"{', '.join(lacking)} of cluster {identifier} to change", meant
            )
            continue
        session.reporter.progress(f"changing {call.words}")
        attempt = session.change(call.operation, _sender(session, call, cluster), finishes=call.finishes)
        if attempt.answer is Answer.ACCEPTED:
            made.add(call.name)
            trouble.is_over()
        else:
            session.clock.sleep(trouble.pause_after(attempt, identifier, call))
        new_name = str(call.parameters.get("NewClusterIdentifier") or identifier).lower()
        renaming = attempt.answer is Answer.ACCEPTED and new_name != identifier
        cluster = wait_until_available(
            session,
            new_name if renaming else identifier,
            rules,
            f"{call.words} of cluster {identifier} to change",
            meant,
            former=identifier if renaming else "",
        )
    _tell_what_waits(session, cluster)
    return cluster


def _sender(session: Session, call: NeededCall, cluster: Mapping[str, Any]) -> Callable[[], Any]:
    redshift: Any = session.aws.redshift
    by_arn = {"ResourceName": identity_of(cluster, session.account_id, session.aws.region).arn()}
    by_name = {"ClusterIdentifier": cluster["ClusterIdentifier"]}
    send, about = {
        "ModifyCluster": (redshift.modify_cluster, by_name),
        "ModifyClusterIamRoles": (redshift.modify_cluster_iam_roles, by_name),
        "CreateTags": (redshift.create_tags, by_arn),
        "DeleteTags": (redshift.delete_tags, by_arn),
    }[call.operation]
    return lambda: send(**about, **call.parameters)


class _Trouble:
    """How long AWS has not taken a call that it may take yet."""

    def __init__(self, now: Callable[[], Any]) -> None:
        self._now = now
        self.is_over()

    def is_over(self) -> None:
        self._since: Any = None
        self._pause = _SHORTEST_PAUSE_SECONDS

    def pause_after(self, attempt: Attempt, identifier: str, call: NeededCall) -> float:
        """Return the seconds to wait before the next poll.

        Raises:
            RefusedError: AWS will not take this call, or has not for too long.

        """
        passing = attempt.answer is not Answer.REFUSED or attempt.code.startswith("InvalidClusterState")
        if not passing or self._lasts_too_long():
            raise RefusedError(
                f"AWS did not change {call.words} of cluster {identifier}: {attempt.words}",
                data="the cluster and its data are untouched by this step; steps before it have taken effect",
                next_step="fix the error above, then run `pulumi up` again: "
                "it does only what is still missing",
            )
        return self._next_pause()

    def pause_until_shown(self, lacking: Sequence[str], identifier: str) -> float:
        """Return the seconds to wait for AWS to show what it accepted.

        Raises:
            RefusedError: it has not for too long: to say that it is done would be wrong.

        """
        if self._lasts_too_long():
            raise RefusedError(
                f"AWS accepted the change of {', '.join(lacking)} of cluster {identifier} and does not show "
                "it",
                data="the cluster's data is untouched; other changes of this `up` have taken effect",
                next_step="run `pulumi refresh` to see what AWS shows, then `pulumi up`: it names and does "
                "what is still missing",
            )
        return self._next_pause()

    def _lasts_too_long(self) -> bool:
        now = self._now()
        self._since = self._since or now
        return bool(now - self._since >= _PATIENCE)

    def _next_pause(self) -> float:
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
        return pause


def _tell_what_waits(session: Session, cluster: Mapping[str, Any]) -> None:
    """Say what AWS has accepted and not applied yet."""
    identifier = cluster["ClusterIdentifier"]
    for group in cluster.get("ClusterParameterGroups") or []:
        if group.get("ParameterApplyStatus") == "pending-reboot":
            session.reporter.keep(
                f"{identifier}: parameter group {group.get('ParameterGroupName')} takes effect at its next "
                "reboot"
            )
    track = (cluster.get("PendingModifiedValues") or {}).get("MaintenanceTrackName")
    if track:
        session.reporter.keep(
            f"{identifier}: maintenance track {track} takes effect in the next maintenance window, "
            f"{cluster.get('PreferredMaintenanceWindow')}"
        )
