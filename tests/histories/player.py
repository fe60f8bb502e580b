"""Plays a history: a list of actions, each a name and its arguments, in a `World`.

An action that cannot happen as things stand is passed over, so any part of a history is a history too: that
is what makes a failing one small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.reports.observed import Verdict
from tests.histories.ending import Ending
from tests.histories.history import FAULTS, History
from tests.histories.neighbours import Neighbours
from tests.histories.promises import BrokenPromiseError
from tests.histories.rules import timed
from tests.histories.stacks import Options, Told
from tests.teardown.stage import ACCOUNT, REGION, Interruption, KilledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.histories.ledger import Life
    from tests.histories.rules import Action
    from tests.histories.world import World


@dataclass
class Player(Neighbours):
    """Plays histories in one world.

    Attributes:
        told: What happened, for people.
        denied: Calls that the role may not make.

    """

    world: World
    told: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)

    def play(self, history: History) -> None:
        """Play a history to its end.

        Raises:
            BrokenPromiseError: something happened that must never happen.

        """
        self.profile = history.profile
        self.told.clear()
        self.denied.clear()
        self.world.begin()
        self.world.edit(history.policy)
        for action in history.actions:
            self.act(action)
        Ending(self).finish()

    def act(self, action: Action) -> None:
        """Let one thing happen."""
        name, arguments = action
        depth = "  " * len(self.world.running)
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
        if not world.may_run():
            return None
        for operation, kind, occurrence, times in faults:
            world.emulator.control.add_fault(operation, occurrence=occurrence, times=times, **FAULTS[kind])
        for operation in sorted(self.denied):
            world.emulator.control.add_fault(operation, occurrence="every", code="AccessDenied", status=403)
        result = run()
        if faults or self.denied:
            world.emulator.control.clear_faults()
        world.connected = True
        depth = "  " * len(world.running)
        self.told.append(f"{depth}  -> {result.how} {','.join(result.did)} {result.said}".rstrip())
        if self.profile == "honest":
            self.must(result, "a history without a fault")
        elif self.profile == "kills" and not meanwhile:
            self._must_after_kills(result)
        return result

    def must(self, result: Told, why: str) -> None:
        """Refuse a refusal."""
        if result.how != "done":
            raise BrokenPromiseError(f"refused in {why}: {result.said}")

    def _must_after_kills(self, result: Told) -> None:
        """Whatever was interrupted goes on, unless what the state records is being deleted or renamed, or the
        program now gives another identifier to what no state records: that would be a second cluster.
        """
        world = self.world
        place = world.place
        recorded = [resource.note.life for resource in world.owner.backend.resources]
        wanted = world.owner.program["cluster_identifier"]
        for each in world.lives.all:
            begun = each.owner is world.owner and not each.ended and each not in recorded
            if begun and each.cluster.identifier != wanted:
                return
        for resource in world.owner.backend.resources:
            life: Life = resource.note.life
            if life.ended or life.ending or world.lives.named(place, resource.id) is not life:
                return
        if not (result.how == "failed" and "whose answer never came" in result.said):
            # A restore that AWS did not answer is nobody's to go on with but by a word.
            self.must(result, "a history of kills alone")

    def do_up(
        self,
        *,
        refresh: bool = False,
        meanwhile: list[Any] | None = None,
        faults: list[Any] | None = None,
        replace: bool = False,
        target: str = "",
        continue_on_error: bool = False,
        neighbour: str = "",
    ) -> None:
        """Run ``pulumi up``, with any of its flags; ``neighbour`` is where another resource fails."""
        world, plan = self.world, meanwhile or []
        stack = world.owner.stack
        here = {each.urn for each in world.owner.backend.resources}
        known = here and all(stack.urn(goal.name) in here for goal in world.owner.goals())
        if not world.file.readable or not ((known and not replace) or world.right_place):
            return  # to begin a cluster elsewhere is somebody's right, and nobody watches that place
        options = Options(
            refresh=refresh,
            replace=(stack.urn(str(world.owner.program["name"])),) if replace else (),
            target=(stack.urn(target),) if target else (),
            continue_on_error=continue_on_error,
            neighbour=neighbour,
        )
        result = self._command(lambda: world.run_up(options, self._meanwhile(plan)), plan, faults or [])
        if refresh and result is not None and result.how == "done" and not (plan or faults or target):
            self._named_as_said()

    def _named_as_said(self) -> None:
        """What AWS showed and the program says no more, or never said, is no name that a cluster keeps."""
        world = self.world
        said = {world.owner.stack.urn(goal.name): goal.inputs for goal in world.owner.goals()}
        for resource in world.owner.backend.resources:
            life: Life = resource.note.life
            if resource.urn in said and not (life.ended or life.ending or world.lagging):
                name = life.cluster.identifier
                right = name == said[resource.urn]["cluster_identifier"]
                world.must(right, f"up --refresh ended well, and {life} is called {name}")

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
        foreseen, unlisted = None, world.unlisted
        if not (plan or faults or refresh or run_program) and world.may_run() and self._foreseeable():
            foreseen = world.plan()
        before = list(world.owner.backend.resources)
        result = self._command(
            lambda: world.run_destroy(options, self._meanwhile(plan), run_program=run_program), plan, faults
        )
        if foreseen is not None and result is not None:
            self._agree(foreseen, before, result, unlisted=unlisted)

    def _foreseeable(self) -> bool:
        """Whether AWS does what its documentation says: `plan` cannot foresee more."""
        world = self.world
        behaviour = world.emulator._application.world.behaviour
        usual = (
            behaviour.delete_paused
            and behaviour.tag_unfinished_snapshots
            and behaviour.snapshots_tell_create_time
            and not self.denied
        )
        return usual and all(
            not each.next_final and each.overlay is None and self._moves(each.activity)
            for each in world.place.clusters.values()
        )

    @staticmethod
    def _moves(activity: Any) -> bool:
        return activity is None or activity.outcome == "available"

    def _agree(self, foreseen: list[Any], before: list[Any], result: Told, *, unlisted: bool) -> None:
        """Compare what `plan` said with what came; ``unlisted``: AWS hid snapshots that it counts from it."""
        if len(before) != 1 or result.how not in ("done", "failed"):
            return
        (forecast,) = foreseen
        blocked = forecast.verdict is Verdict.BLOCKED
        said = [finding.text for finding in forecast.findings]
        if result.how == "failed":
            uncounted = unlisted and "ClusterSnapshotQuotaExceeded" in result.said
            if not (blocked or uncounted):
                raise BrokenPromiseError(
                    f"plan said {forecast.verdict} {said}, destroy refused: {result.said}"
                )
            return
        if blocked:
            raise BrokenPromiseError(f"plan said {said}, and destroy ended well")
        life: Life = before[0].note.life
        name = forecast.snapshot_name
        proof = self.world.lives.proof(self.world.place, life)
        believed = timed(name) and (proof is None or self.world.lives.named_as_final(self.world.place, life))
        # That a name is taken AWS says to DeleteCluster, also while its listing lags: then it gets a number.
        numbered = proof is not None and self.world.lagging and proof.identifier.startswith(f"{name}-")
        if name and not (believed or numbered) and (proof is None or proof.identifier != name):
            raise BrokenPromiseError(f"plan promised snapshot {name}, destroy left {proof}")

    def do_plan(self) -> None:
        """Run ``redshift-teardown plan``, whatever the situation."""
        if self.world.may_run():
            self.world.plan()

    # --- engines and providers that end ---------------------------------------------------------------

    def do_kill_provider(self) -> None:
        """The provider dies; its engine tells so."""
        if self.world.running:
            self.world.running[-1].process.dead = True
            raise KilledError

    def do_kill_all(self) -> None:
        """Engine and provider die together."""
        if self.world.running:
            self.world.running[-1].engine.gone = True
            self.do_kill_provider()

    def do_kill_engine(self) -> None:
        """The engine dies or is hung up, and its provider lives on."""
        if self.world.running:
            self.world.running[-1].engine.gone = True

    def do_ctrl_c(self) -> None:
        """One Ctrl-C: the engine has the provider told, and begins nothing more."""
        if not self.world.running:
            return
        command = self.world.running[-1]
        if command.run is None or command.engine.gone or command.run.interrupted:
            return
        command.run.cancel()
        command.process.cancelled = True

    def do_destroy_beside(self) -> None:
        """Somebody removes the lock and destroys too, while the first engine lives."""
        world = self.world
        if world.running and len(world.running) == 1 and world.running[-1].run is not None:
            result = world.run_destroy()
            self.told.append(f"    -> {result.how} {result.said}")

    # --- the stack's owners ---------------------------------------------------------------------------

    def do_edit(self, *, policy: str) -> None:
        """Edit the policy file."""
        self.world.edit(policy)

    def do_program(self, **changes: Any) -> None:
        """Edit the program."""
        program, former = self.world.owner.program, str(self.world.owner.program["name"])
        program.update(changes)
        if program["name"] != former:
            self.world.owner.former = former

    def do_restore(self) -> None:
        """Have the program begin with the last final snapshot, where one stands ready."""
        world = self.world
        if world.owner.backend.resources:
            return
        place = world.place
        urn = world.owner.stack.urn(str(world.owner.program["name"]))
        mine = [life for life in world.lives.all if life.owner is world.owner and life.urn == urn]
        done = [life for life in mine if life.ended]
        alive = len(done) < len(mine)
        proven = bool(done) and world.lives.proof(place, done[-1]) is not None
        world.owner.program["restore_final_snapshot"] = True if proven and not alive else None

    def do_rename_stack(self, *, to: str) -> None:
        """Run ``pulumi stack rename``."""
        if self.world.may_run() and all(owner.stack.name != to for owner in self.world.owners):
            self.world.owner.rename(to)

    def do_switch_stack(self) -> None:
        """What follows is done in the other stack."""
        if self.world.may_run():
            first, second = self.world.owners
            self.world.owner = second if self.world.owner is first else first

    def do_move(self) -> None:
        """Run ``pulumi state move`` to the other stack, whose program has the resource then."""
        world = self.world
        if not world.may_run():
            return
        here = world.owner
        there = next(owner for owner in world.owners if owner is not here)
        if len(here.backend.resources) == 1 and not there.backend.resources:
            (resource,) = here.backend.resources
            here.backend.resources, there.backend.resources = [], [resource]
            there.take(resource, here.stack)
            there.backend.config = there.backend.config or dict(here.backend.config)
            life: Life = resource.note.life
            if life.owner is here:
                life.owner, life.urn = there, resource.urn
            name = resource.urn.rpartition("::")[2]
            there.program.update({**here.program, "name": name, "adopt_existing": None})

    def do_environment(self, *, name: str) -> None:
        """Have the stack's configuration name an environment."""
        self.world.owner.environment = name

    def do_role(self, *, denied: list[str]) -> None:
        """The role may make some calls no more, or all again."""
        self.denied = set(denied)

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
