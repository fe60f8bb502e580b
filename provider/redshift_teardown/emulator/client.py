"""A client of the control API, for tests and demonstrations in this process or another."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.accounts import DEFAULT_ACCOUNT
from redshift_teardown.emulator.calls import CallRecord
from redshift_teardown.emulator.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["Control"]


class Control:
    """Steers an emulator.

    Args:
        url: the emulator's address.
        account: the account that `identifier` and `snapshot_id` are looked for in.
        region: the region, likewise.
        send: takes a verb and its JSON body and gives the JSON answer; for an emulator in this process.

    Every method raises `ControlError` with the emulator's own words when it refuses, and `OSError` when it
    cannot be reached.
    """

    def __init__(
        self,
        url: str,
        account: str = DEFAULT_ACCOUNT,
        region: str = "us-east-1",
        *,
        send: Callable[[str, bytes], tuple[int, bytes]] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.account = account
        self.region = region
        self._send = send or self._over_http

    def at(self, account: str | None = None, region: str | None = None) -> Control:
        """The same emulator, seen from another account or region."""
        return Control(self.url, account or self.account, region or self.region, send=self._send)

    def _over_http(self, verb: str, body: bytes) -> tuple[int, bytes]:
        if not self.url.startswith(("http://", "https://")):
            raise ControlError(f"{self.url!r} is no address of an emulator")
        request = urllib.request.Request(  # noqa: S310  # the scheme is checked above
            f"{self.url}/_emulator/{verb}", data=body, headers={"Content-Type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _do(self, verb: str, **data: Any) -> Any:
        status, body = self._send(verb, json.dumps(data).encode())
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ControlError(f"{self.url} does not answer like an emulator: {body[:200]!r}") from error
        ok = 200
        if status != ok:
            raise ControlError(str(answer.get("error", answer)))
        return answer["result"]

    def _here(self, verb: str, **data: Any) -> Any:
        return self._do(verb, account=self.account, region=self.region, **data)

    # --- faults and calls ----------------------------------------------------------------------

    def add_fault(
        self,
        operation: str,
        *,
        occurrence: int | str = 1,
        times: int | None = 1,
        when: str = "before",
        kind: str = "error",
        code: str = "InternalFailure",
        status: int | None = None,
        message: str = "",
        seconds: float = 0.0,
        cluster_identifier: str | None = None,
        account: str | None = None,
        region: str | None = None,
        chance: float = 0.5,
        during: float | None = None,
        seed: int = 0,
    ) -> None:
        """Put a fault in force.

        Args:
            operation: the operation it strikes, ``*`` for all.
            occurrence: the first matching call from now that it strikes, from 1; ``every``; or
                ``probability``.
            times: how many calls it strikes, None for no end; not looked at for ``every`` and
                ``probability`` unless it is greater than 1.
            when: ``before`` or ``after`` the operation took effect.
            kind: ``error``, ``drop`` or ``delay``.
            code: the error's wire code.
            status: its HTTP status, when it is not the usual one.
            message: its text, when it is not the usual one.
            seconds: the length of a delay: real ones, or on a virtual clock its own.
            cluster_identifier: strike only calls about this cluster, those about its tags among them.
            account: strike only calls of this account; None for any.
            region: strike only calls in this region; None for any.
            chance: how likely ``probability`` is.
            during: seconds of the emulator's clock after which the fault is over.
            seed: of the chance.
        """
        if occurrence in ("every", "probability") and times == 1:
            times = None
        self._do(
            "add_fault",
            operation=operation,
            occurrence=occurrence,
            times=times,
            when=when,
            kind=kind,
            code=code,
            status=status,
            message=message,
            seconds=seconds,
            cluster_identifier=cluster_identifier,
            account=account,
            region=region,
            chance=chance,
            during=during,
            seed=seed,
        )

    def clear_faults(self) -> None:
        """Take all faults away."""
        self._do("clear_faults")

    def faults(self) -> list[dict[str, Any]]:
        """All faults, with how many calls each matched (``seen``) and struck (``struck``)."""
        found: list[dict[str, Any]] = self._do("faults")
        return found

    def calls(self, *operations: str) -> list[CallRecord]:
        """The call log of all accounts and regions, oldest first; only these operations, if any are named."""
        return [
            CallRecord(**each)
            for each in self._do("calls")
            if not operations or each["operation"] in operations
        ]

    def clear_calls(self) -> None:
        """Empty the call log."""
        self._do("clear_calls")

    # --- time and habits -----------------------------------------------------------------------

    def now(self) -> float:
        """The emulator's time, in seconds since the epoch."""
        return float(self._do("clock")["now"])

    def advance(self, seconds: float) -> None:
        """Move the emulator's clock forward."""
        self._do("advance", seconds=seconds)

    def set_lifecycle(self, cluster_identifier: str | None = None, **phases: float) -> None:
        """Say how long phases that begin from now on last, in seconds before the speed factor.

        Args:
            cluster_identifier: one cluster, whether it exists yet or not; None for all, everywhere.
            **phases: creating, modifying, resizing, rebooting, renaming, pausing, resuming, final_snapshot,
                manual_snapshot, deleting, restoring; and snapshot_megabytes, the size of its snapshots.
        """
        self._here("set_lifecycle", cluster_identifier=cluster_identifier, **phases)

    def set_behaviour(self, **switches: bool | float | str) -> None:
        """Flip switches of `redshift_teardown.emulator.lifecycle.Behaviour`."""
        self._do("set_behaviour", **switches)

    def set_snapshot_quota(self, quota: int | None) -> None:
        """Say how many manual snapshots there may be in this account and region; None for any number."""
        self._here("set_snapshot_quota", quota=quota)

    def reset(self) -> None:
        """Forget everything but the time: clusters, snapshots, ledger, faults, calls, phases, switches."""
        self._do("reset")

    # --- clusters ------------------------------------------------------------------------------

    def set_cluster(
        self,
        identifier: str,
        *,
        status: str | None = None,
        seconds: float | None = None,
        availability_status: str | None = None,
        lakehouse_registration_status: str | None = None,
        create_time: datetime | float | str | None = None,
        namespace: str | None = None,
        tags: dict[str, str] | None = None,
        settings: dict[str, Any] | None = None,
        delete_error: tuple[str, str] | tuple[()] | None = None,
    ) -> None:
        """Change what AWS shows of a cluster; None leaves a field alone.

        Args:
            identifier: which cluster.
            status: any text, shown instead of the real status; the cluster stands still meanwhile. Empty
                takes it away.
            seconds: how long the status lasts on the emulator's clock; None forever.
            availability_status: shown instead of the real one; empty takes it away.
            lakehouse_registration_status: with an active one (``Registered``) it cannot be deleted.
            create_time: another ClusterCreateTime.
            namespace: another id at the end of ClusterNamespaceArn.
            tags: all its tags from now on.
            settings: arguments by AWS's names, e.g. ``{"NumberOfNodes": 4}``: drift.
            delete_error: code and message that every DeleteCluster gets; ``()`` takes it away.
        """
        self._here(
            "set_cluster",
            identifier=identifier,
            status=status,
            seconds=seconds,
            availability_status=availability_status,
            lakehouse_registration_status=lakehouse_registration_status,
            create_time=_plain(create_time),
            namespace=namespace,
            tags=tags,
            settings=settings,
            delete_error=None if delete_error is None else list(delete_error),
        )

    def remove_cluster(self, identifier: str) -> None:
        """Make a cluster vanish at once, without a snapshot, as if somebody else had deleted it."""
        self._here("remove_cluster", identifier=identifier)

    def fail_next_snapshot(self, identifier: str, outcome: str = "cluster-returns") -> None:
        """Make the next deletion with a final snapshot go wrong.

        Args:
            identifier: which cluster.
            outcome: ``cluster-returns``, ``cluster-returns-after-snapshot``, ``cluster-gone`` or ``stuck``.
        """
        self._here("fail_next_snapshot", identifier=identifier, outcome=outcome)

    def give_up_deletion(self, identifier: str) -> None:
        """Make AWS give up, now, the deletion that is under way: the cluster is ``available`` again."""
        self._here("give_up_deletion", identifier=identifier)

    def marker(self, identifier: str) -> str:
        """The data marker of a cluster."""
        return str(self._here("marker", identifier=identifier))

    def set_marker(self, identifier: str, text: str) -> None:
        """Give a cluster a data marker, which its snapshots and what is restored from them carry on."""
        self._here("set_marker", identifier=identifier, text=text)

    # --- snapshots -----------------------------------------------------------------------------

    def snapshot_marker(self, snapshot_id: str) -> str:
        """The data marker a snapshot carries."""
        return str(self._here("snapshot_marker", snapshot_id=snapshot_id))

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Make a snapshot vanish, whatever its status."""
        self._here("delete_snapshot", snapshot_id=snapshot_id)

    def set_snapshot(
        self,
        snapshot_id: str,
        *,
        status: str | None = None,
        tags: dict[str, str] | None = None,
        retention: int | None = None,
    ) -> None:
        """Change a snapshot's status, all its tags, or its retention in days; None leaves alone."""
        self._here("set_snapshot", snapshot_id=snapshot_id, status=status, tags=tags, retention=retention)

    def put_snapshot(
        self,
        snapshot_id: str,
        cluster_identifier: str,
        *,
        create_time: datetime | float | str | None = None,
        cluster_create_time: datetime | float | str | None = None,
        **fields: Any,
    ) -> None:
        """Put a foreign snapshot there.

        Args:
            snapshot_id: its identifier.
            cluster_identifier: the cluster it says it is of.
            create_time: when it was taken; now when omitted.
            cluster_create_time: the ClusterCreateTime it tells; a day ago when omitted.
            **fields: status, snapshot_type, namespace, megabytes, retention, marker, tags, node_type,
                number_of_nodes, shared_with.
        """
        self._here(
            "put_snapshot",
            snapshot_id=snapshot_id,
            cluster_identifier=cluster_identifier,
            create_time=_plain(create_time),
            cluster_create_time=_plain(cluster_create_time),
            **fields,
        )

    # --- looking -------------------------------------------------------------------------------

    def places(self) -> list[tuple[str, str]]:
        """The accounts and regions anything is known of."""
        return [(account, region) for account, region in self._do("places")]

    def state(self) -> dict[str, Any]:
        """Clusters, snapshots, gone snapshots and the ledger of generations of this account and region.

        ``generations`` is a list of `redshift_teardown.emulator.redshift.state.Generation` as dictionaries,
        oldest first, those that are gone included.
        """
        found: dict[str, Any] = self._here("state")
        return found


def _plain(time: datetime | float | str | None) -> float | str | None:
    return time if time is None or isinstance(time, (int, float, str)) else time.timestamp()
