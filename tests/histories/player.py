"""Plays a history: a list of actions, each a name and its arguments, in a `World`.

An action that cannot happen as things stand is passed over, so any part of a history is a history too: that
is what makes a failing one small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.crud.forecast import Verdict
from tests.histories.engine import Options, Told
from tests.histories.ledger import ENDING
from tests.histories.rules import CLUSTER, STATIC, Action
from tests.histories.world import OTHER_REGION, TIMED, BrokenPromiseError, Note, World
from tests.teardown.stage import ACCOUNT, OTHER_ACCOUNT, REGION, Interruption, KilledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.histories.ledger import Life

FAULTS: dict[str, dict[str, Any]] = {
    "throttle": {"code": "Throttling"},
    "500": {"code": "InternalFailure"},
    "500 after": {"code": "InternalFailure", "when": "after"},
    "503": {"code": "ServiceUnavailable"},
    "drop before": {"kind": "drop"},
    "drop after": {"kind": "drop", "when": "after"},
    "access denied": {"code": "AccessDenied"},
    "expired token": {"code": "ExpiredToken"},
    "busy": {"code": "InvalidClusterState", "message": "There is an operation running on the Cluster."},
}
LONGEST_LAG = 10.0
NEW_CLUSTER = {
    "NodeType": "ra3.xlplus",
    "NumberOfNodes": 2,
    "ClusterType": "multi-node",
    "MasterUsername": "admin",
    "MasterUserPassword": "Somebody-Elses-1",
}


@dataclass
class History:
    """What happens.

    Attributes:
        profile: ``honest`` (nothing goes wrong), ``kills`` (only engines and providers end) or ``wild``.
        policy: The policy file it begins with.
        actions: In order.

    """

    profile: str
    policy: str
    actions: list[Action]

    def __str__(self) -> str:
        """Write it so that it can be pasted into a test."""
        lines = "".join(f"    {action!r},\n" for action in self.actions)
        return f"History({self.profile!r}, {self.policy!r}, [\n{lines}])"


@dataclass
class Player:
    """Plays histories in one world."""

    world: World
    told: list[str] = field(default_factory=list)
    """What happened, for people."""

    def play(self, history: History) -> None:
        """Play a history to its end.

        Raises:
            BrokenPromiseError: something happened that must never happen.

        """
        self.profile = history.profile
        self.told.clear()
        self.world.begin()
        self.world.edit(history.policy)
        for action in history.actions:
            self.act(action)
        self._finish()

    def act(self, action: Action) -> None:
        """Let one thing happen."""
        name, arguments = action
        depth = "  " * len(self.world._running)
        self.told.append(f"{depth}{name} {arguments or ''}".rstrip())
        getattr(self, f"do_{name}")(**arguments)

    # --- commands -------------------------------------------------------------------------------------

    def _meanwhile(self, plan: list[tuple[str, int, str, list[Action]]]) -> list[Interruption]:
        return [
            Interruption(number, moment, lambda actions=actions: self._several(actions), operation)  # type: ignore[misc]
            for moment, number, operation, actions in plan
        ]

    def _several(self, actions: list[Action]) -> None:
        for action in actions:
            self.act(action)

    def _command(self, run: Callable[[], Told], meanwhile: list[Any], faults: list[Any]) -> Told | None:
        world = self.world
        if not world._may_run():
            return None
        for operation, kind, occurrence, times in faults:
            world.emulator.control.add_fault(operation, occurrence=occurrence, times=times, **FAULTS[kind])
        result = run()
        if faults:
            world.emulator.control.clear_faults()
        world.connected = True
        depth = "  " * len(world._running)
        self.told.append(f"{depth}  -> {result.how} {','.join(result.did)} {result.said}".rstrip())
        if self.profile == "honest":
            self._must(result, "a history without a fault")
        elif self.profile == "kills" and not meanwhile:
            self._must_after_kills(result)
        return result

    def _must(self, result: Told, why: str) -> None:
        if result.how != "done":
            raise BrokenPromiseError(f"refused in {why}: {result.said}")

    def _must_after_kills(self, result: Told) -> None:
        """Whatever was interrupted goes on, unless what the state records is being deleted or renamed."""
        world = self.world
        place = world.place
        for resource in world.backend.resources:
            life: Life = resource.note.life
            if life.ended or life.ending or world.lives.named(place, resource.id) is not life:
                return
        self._must(result, "a history of kills alone")

    def do_up(
        self,
        *,
        refresh: bool = False,
        meanwhile: list[Any] | None = None,
        faults: list[Any] | None = None,
    ) -> None:
        """Run ``pulumi up``."""
        world, plan = self.world, meanwhile or []
        if not world.file.readable or (not world.backend.resources and not world.right_place):
            return
        options = Options(refresh=refresh)
        self._command(lambda: world.run_up(options, self._meanwhile(plan)), plan, faults or [])

    def do_preview(self, *, refresh: bool = False, meanwhile: list[Any] | None = None) -> None:
        """Run ``pulumi preview``."""
        world, plan = self.world, meanwhile or []
        if world.file.readable:
            options = Options(refresh=refresh)
            self._command(lambda: world.run_preview(options, self._meanwhile(plan)), plan, [])

    def do_refresh(self, *, meanwhile: list[Any] | None = None, faults: list[Any] | None = None) -> None:
        """Run ``pulumi refresh``."""
        world, plan = self.world, meanwhile or []
        self._command(lambda: world.run_refresh(self._meanwhile(plan)), plan, faults or [])

    def do_destroy(
        self,
        *,
        refresh: bool = False,
        run_program: bool = False,
        meanwhile: list[Any] | None = None,
        faults: list[Any] | None = None,
    ) -> None:
        """Run ``pulumi destroy``; one that nothing disturbs ends as ``plan`` said."""
        world, plan, faults = self.world, meanwhile or [], faults or []
        options = Options(refresh=refresh)
        foreseen = None
        if not (plan or faults or refresh or run_program) and world._may_run() and self._foreseeable():
            foreseen = world.plan()
        before = list(world.backend.resources)
        result = self._command(
            lambda: world.run_destroy(options, self._meanwhile(plan), run_program=run_program), plan, faults
        )
        if foreseen is not None and result is not None:
            self._agree(foreseen, before, result)

    def _foreseeable(self) -> bool:
        """Whether AWS does what its documentation says: `plan` cannot foresee more."""
        world = self.world
        behaviour = world.emulator._application.world.behaviour
        usual = behaviour.delete_paused and behaviour.tag_unfinished_snapshots
        return usual and all(
            not each.next_final and each.overlay is None and self._moves(each.activity)
            for each in world.place.clusters.values()
        )

    @staticmethod
    def _moves(activity: Any) -> bool:
        return activity is None or activity.outcome == "available"

    def _agree(self, foreseen: list[Any], before: list[Any], result: Told) -> None:
        """Compare what `plan` said with what came."""
        if len(before) != 1 or result.how not in ("done", "failed"):
            return
        (forecast,) = foreseen
        blocked = forecast.verdict is Verdict.BLOCKED
        said = [finding.text for finding in forecast.findings]
        if result.how == "failed":
            if not blocked:
                raise BrokenPromiseError(
                    f"plan said {forecast.verdict} {said}, destroy refused: {result.said}"
                )
            return
        if blocked:
            raise BrokenPromiseError(f"plan said {said}, and destroy ended well")
        life: Life = before[0].note.life
        name = forecast.snapshot_name
        proof = self.world.lives.proof(self.world.place, life)
        believed = name.startswith(TIMED) and proof is None
        if name and not believed and (proof is None or proof.identifier != name):
            raise BrokenPromiseError(f"plan promised snapshot {name}, destroy left {proof}")

    def do_plan(self) -> None:
        """Run ``redshift-teardown plan``, whatever the situation."""
        if self.world._may_run():
            self.world.plan()

    # --- engines and providers that end ---------------------------------------------------------------

    def do_kill_provider(self) -> None:
        """The provider dies; its engine tells so."""
        if self.world._running:
            self.world._running[-1].process.dead = True
            raise KilledError

    def do_kill_all(self) -> None:
        """Engine and provider die together."""
        if self.world._running:
            self.world._running[-1].engine.gone = True
            self.do_kill_provider()

    def do_kill_engine(self) -> None:
        """The engine dies or is hung up, and its provider lives on."""
        if self.world._running:
            self.world._running[-1].engine.gone = True

    def do_ctrl_c(self) -> None:
        """One Ctrl-C: the engine has the provider told, and begins nothing more."""
        if not self.world._running:
            return
        command = self.world._running[-1]
        if command.run is None or command.engine.gone or command.run.interrupted:
            return
        command.run.cancel()
        command.process.cancelled = True

    def do_destroy_beside(self) -> None:
        """Somebody removes the lock and destroys too, while the first engine lives."""
        world = self.world
        if world._running and len(world._running) == 1 and world._running[-1].run is not None:
            result = world.run_destroy()
            self.told.append(f"    -> {result.how} {result.said}")

    # --- the stack's owners ---------------------------------------------------------------------------

    def do_edit(self, *, policy: str) -> None:
        """Edit the policy file."""
        self.world.edit(policy)

    def do_program(self, **changes: Any) -> None:
        """Edit the program."""
        self.world.program_.update(changes)

    def do_restore(self) -> None:
        """Have the program begin with the last final snapshot, where one stands ready."""
        world = self.world
        if world.backend.resources:
            return
        place = world.place
        done = [life for life in world.lives.all if life.owned and life.ended]
        alive = any(life.owned and not life.ended for life in world.lives.all)
        proven = bool(done) and world.lives.proof(place, done[-1]) is not None
        world.program_["restore_final_snapshot"] = True if proven and not alive else None

    def do_credentials(self, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """Log in somewhere, or configure another region."""
        self.world.account, self.world.region = account, region

    def do_receipts(self, *, how: str) -> None:
        """The receipts are of another machine, cannot be written, or cannot be read."""
        world = self.world
        world.receipts_lost = True
        world.disturb()
        if how == "garbled" and world.receipts.is_dir():
            for path in world.receipts.glob("*.json"):
                path.write_text('{"receipt_version": 1, "names": 7', encoding="utf-8")
            return
        world.drop_receipts()
        if how == "shut":
            world.receipts.touch()

    # --- time and AWS ---------------------------------------------------------------------------------

    def do_pass_time(self, *, seconds: float) -> None:
        """Time passes."""
        self.world.time.advance(seconds)

    def do_write(self, *, name: str = CLUSTER) -> None:
        """Somebody writes data; only a cluster that is available takes any."""
        world = self.world
        life = world.lives.named(world.place, name)
        if life is not None and life.cluster.shown_status == "available":
            world.written += 1
            world.lives.write(world.place, life, f"written {world.written}")

    def do_fail_the_snapshot(self, *, outcome: str, name: str = CLUSTER) -> None:
        """The next final snapshot fails."""
        if name in self.world.place.clusters:
            self.world.control.fail_next_snapshot(name, outcome)

    def do_quota(self, *, quota: int | None) -> None:
        """The account may hold no more snapshots, or may again."""
        self.world.control.set_snapshot_quota(quota)

    def do_habits(self, **switches: Any) -> None:
        """AWS does what its documentation leaves open; what it has shown by now, no lag hides again."""
        self.world.time.advance(LONGEST_LAG)
        self.world.emulator.control.set_behaviour(**switches)

    def do_lose_connection(self) -> None:
        """AWS is out of reach until the command ends."""
        if self.world._running:
            self.world.connected = False

    def do_lakehouse(self, *, status: str) -> None:
        """Somebody registers the cluster, which then cannot be deleted."""
        if CLUSTER in self.world.place.clusters:
            self.world.control.set_cluster(CLUSTER, lakehouse_registration_status=status)

    def do_give_up(self, *, name: str = CLUSTER) -> None:
        """AWS gives a deletion up that is under way: the cluster lives on."""
        life = self.world.lives.named(self.world.place, name)
        if life is not None and life.ending:
            self.world.control.give_up_deletion(name)
            self.world.disturb()

    # --- neighbours -----------------------------------------------------------------------------------

    def _touchable(self, name: str) -> Life | None:
        """A cluster that somebody could change or delete now: AWS refuses that while it is being deleted."""
        life = self.world.lives.named(self.world.place, name)
        return life if life is not None and life.cluster.status not in ENDING else None

    def do_vanish(self, *, name: str = CLUSTER) -> None:
        """Somebody deletes the cluster without a snapshot."""
        if self._touchable(name) is not None:
            self.world.disturb()
            self.world.control.remove_cluster(name)

    def do_end_by_hand(self, *, name: str = CLUSTER, snapshot: str = "") -> None:
        """Somebody deletes the cluster with a final snapshot, or by the console without."""
        world = self.world
        life = self._touchable(name)
        if life is None:
            return
        said = {"FinalClusterSnapshotIdentifier": self._name(snapshot)} if snapshot else {}
        skip = not snapshot
        if world.by_hand("delete_cluster", ClusterIdentifier=name, SkipFinalClusterSnapshot=skip, **said):
            world.accepted(world.place, life, {"SkipFinalClusterSnapshot": skip, **said}, ours=False)

    def _name(self, snapshot: str) -> str:
        """A name for a snapshot by hand: one that fits the templates, or another."""
        stamp = f"{self.world.now():%Y%m%dt%H%M%Sz}"
        fitting = {
            "fits": f"{TIMED}{stamp}",
            "static": STATIC,
            "requested": "the-last",
        }
        return fitting.get(snapshot, f"{snapshot}-{stamp}")

    def do_begin_again(self, *, name: str = CLUSTER) -> None:
        """Somebody creates another cluster under a name, in place of the one there."""
        self.do_vanish(name=name)
        world = self.world
        if world.by_hand("create_cluster", ClusterIdentifier=name, **NEW_CLUSTER):
            world.lives.born(world.place, name, owned=False)

    def do_keep_namespace(self, *, name: str = CLUSTER) -> None:
        """AWS kept the namespace in the restore that this cluster began with."""
        world = self.world
        place = world.place
        life = world.lives.named(place, name)
        restored = life is not None and place.generations[life.namespace].restored_from
        source = world.lives.of_snapshot(place, restored)[1] if restored else None
        if life is not None and source is not None and source.ended:
            world.disturb()
            world.control.set_cluster(name, namespace=source.namespace)

    def do_rename(self, *, name: str = CLUSTER, to: str = "elsewhere") -> None:
        """Somebody renames the cluster."""
        self.world.by_hand("modify_cluster", ClusterIdentifier=name, NewClusterIdentifier=to)

    def do_pause(self, *, name: str = CLUSTER) -> None:
        """Somebody pauses the cluster."""
        self.world.by_hand("pause_cluster", ClusterIdentifier=name)

    def do_resume(self, *, name: str = CLUSTER) -> None:
        """Somebody resumes it."""
        self.world.by_hand("resume_cluster", ClusterIdentifier=name)

    def do_resize(self, *, name: str = CLUSTER, nodes: int = 3) -> None:
        """Somebody resizes the cluster; its create time may change."""
        self.world.by_hand(
            "modify_cluster",
            ClusterIdentifier=name,
            NodeType="ra3.4xlarge",
            NumberOfNodes=nodes,
            ClusterType="multi-node",
        )

    def do_snapshot_by_hand(self, *, snapshot: str, name: str = CLUSTER) -> None:
        """Somebody takes a manual snapshot; maybe under a name that the policy would give."""
        self.world.by_hand(
            "create_cluster_snapshot", SnapshotIdentifier=self._name(snapshot), ClusterIdentifier=name
        )

    def do_foreign_snapshot(self, *, snapshot: str, of: str = CLUSTER) -> None:
        """A snapshot of another generation has a name that the policy would give."""
        name = self._name(snapshot)
        if name not in self.world.place.snapshots:
            self.world.disturb()
            self.world.control.put_snapshot(name, of, tags={"owner": "somebody"}, retention=3)

    def do_lose_the_snapshot(self) -> None:
        """Somebody deletes the newest manual snapshot of a cluster of ours."""
        world = self.world
        place = world.place
        for snapshot in sorted(place.snapshots.values(), key=lambda each: -each.created):
            _, life = world.lives.of_snapshot(place, snapshot.identifier)
            if snapshot.kind == "manual" and life is not None and life.owned:
                world.disturb()
                world.tampered.add(life)
                world.control.delete_snapshot(snapshot.identifier)
                return

    def do_tags(self, *, name: str = CLUSTER, tags: dict[str, str]) -> None:
        """A bot sets the tags of a cluster to what it thinks they should be."""
        life = self.world.lives.named(self.world.place, name)
        if life is not None:
            self.world.disturb()
            self.world.tampered.add(life)
            self.world.control.set_cluster(name, tags=tags)

    # --- the end --------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Once nothing goes wrong any more, destroying ends: done, or with a refusal that is true."""
        world = self.world
        control = world.emulator.control
        control.clear_faults()
        control.set_behaviour(delete_paused=True, snapshots_tell_create_time=True)
        control.set_behaviour(cluster_listing_lag_seconds=0.0, snapshot_listing_lag_seconds=0.0)
        world.control.set_snapshot_quota(None)
        world.account, world.region = ACCOUNT, REGION
        if not world.backend.resources:
            return
        # The configuration of the last `up` is what counts; it may have been for another place.
        world.backend.config = world.config()
        for cluster in list(world.place.clusters):
            world.control.set_cluster(cluster, lakehouse_registration_status="")
        if world.receipts.is_file():
            world.receipts.unlink()
        result = Told()
        for _ in range(3):
            self.told.append("destroy at the end")
            result = world.run_destroy()
            self.told.append(f"  -> {result.how} {result.said}".rstrip())
            if not world.backend.resources:
                return
        if self.profile == "kills":
            # A rename that was interrupted is finished by the `up` that began it.
            self.told.append("up, destroy at the end")
            self._must(world.run_up(), "a history of kills alone")
            self._must(world.run_destroy(), "a history of kills alone")
            return
        for resource in world.backend.resources:
            self._explain(resource.note, resource.id, result.said)

    def _explain(self, note: Note, identifier: str, said: str) -> None:
        """Refuse a refusal that nothing explains."""
        world, life = self.world, note.life
        place = world.place
        named = world.lives.named(place, identifier)
        activity = life.cluster.activity
        if not life.ended:
            if named is not life or (activity is not None and activity.outcome == "stuck"):
                return
            raise BrokenPromiseError(f"destroy never ends: {said}")
        if named is not None:
            return  # another generation has the name
        proof = world.lives.proof(place, life)
        if proof is None or life in world.tampered or world.receipts_lost:
            return
        if life.deletion is not None and life.deletion.ours and self._time_kept(note, proof):
            raise BrokenPromiseError(f"the proof {proof.identifier} is there, and destroy refuses: {said}")

    def _time_kept(self, note: Note, proof: Any) -> bool:
        """Whether the snapshot shows the create time that the state records."""
        from redshift_teardown.teardown.identity import parse_time  # noqa: PLC0415

        for resource in self.world.backend.resources:
            if resource.note is note:
                moment = parse_time(str(resource.outputs["identity"]["cluster_create_time"]))
                return moment is not None and abs(moment.timestamp() - proof.cluster_created) < 1
        return False


__all__ = ["FAULTS", "OTHER_ACCOUNT", "OTHER_REGION", "History", "Player"]
