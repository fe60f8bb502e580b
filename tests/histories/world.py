"""A stack, its engines, its neighbours and AWS: what can happen, and what must hold whatever does.

What must hold follows from the promises of the documentation, and is asked of `Ledger` and of the calls that
reach the emulator; the product is never asked. A promise that is broken raises `BrokenPromiseError`.
"""

from __future__ import annotations

import itertools
import json
import threading
import types
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, EndpointConnectionError

from redshift_teardown import aws
from redshift_teardown.aws import Aws
from redshift_teardown.cli.exported import Stack as ExportedStack
from redshift_teardown.cli.plan import forecast_all
from redshift_teardown.crud import session
from redshift_teardown.crud.forecast import StackCluster
from redshift_teardown.errors import TeardownError
from redshift_teardown.settings import read_settings
from tests.histories.engine import Backend, Goal, Options, Resource, Run, Stack, Told
from tests.histories.ledger import Deletion, Ledger, Life
from tests.histories.process import Engine, Machine, Process
from tests.histories.rules import CLUSTER, POLICIES, Rules
from tests.teardown.stage import ACCOUNT, OTHER_ACCOUNT, REGION, Interruption, KilledError, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from redshift_teardown.crud.forecast import Forecast
    from redshift_teardown.emulator.redshift.state import Cluster, Place

OTHER_REGION = "eu-west-1"
TIMED = f"shop-live-{CLUSTER}-final-"
"""How the names begin that a template with a time in it gives."""
PASSWORD = "Correct-Horse-1"
SECONDS: dict[str, float] = {
    "creating": 2,
    "modifying": 20,
    "resizing": 30,
    "rebooting": 20,
    "renaming": 20,
    "pausing": 20,
    "resuming": 20,
    "final_snapshot": 40,
    "manual_snapshot": 30,
    "deleting": 20,
    "restoring": 20,
}
BEGINNING = ("DeleteCluster", "ResumeCluster", "CreateCluster", "RestoreFromClusterSnapshot", "ModifyCluster")
"""What Ctrl-C stops: the calls that begin something."""
READING = ("Describe", "Get", "List")
REFUSED_PARAMETERS = (
    "InvalidParameter",
    "InvalidRetention",
    "InvalidTag",
    "TagLimit",
    "Missing",
    "Validation",
)


class BrokenPromiseError(AssertionError):
    """Something that must never happen did."""


@dataclass
class Note:
    """What is known of a resource in the state.

    Attributes:
        life: The life it stands for.
        recorded: The policy file at its last successful ``up``.

    """

    life: Life
    recorded: Rules


@dataclass
class _Request:
    """A call of the product's, from when it decided to make it."""

    operation: str
    parameters: dict[str, str]
    gone: bool
    cancelled: bool


@dataclass
class Command:
    """A command that runs.

    Attributes:
        engine: Its engine.
        interruptions: What happens meanwhile.
        process: Its provider.
        run: What the engine does; None for a command line.
        resource: What the provider is asked about now.
        file: The policy file when it was asked.
        seen: What its provider saw of a name: the life it had, and the tags.
        alive: Lives that the last answer showed alive.
        disturbed: Somebody else did something while it ran.

    """

    engine: Engine
    interruptions: Sequence[Interruption]
    process: Process
    run: Run | None = None
    stub: Any = None
    resource: Resource | None = None
    file: Rules = field(default_factory=lambda: Rules(None))
    seen: dict[str, tuple[Life | None, dict[str, str]]] = field(default_factory=dict)
    alive: set[Life] = field(default_factory=set)
    request: _Request | None = None
    disturbed: bool = False
    faulty: bool = False
    adopting: bool = False
    right_place: bool = True


class World(Stage):
    """One stack in one account, and everybody else.

    Args:
        folder: The project's folder.

    """

    def __init__(self, folder: Path) -> None:
        self._running: list[Command] = []
        self.machine = Machine()
        super().__init__(folder)
        self._clients = {
            place: self._enter(*place)
            for place in itertools.product((ACCOUNT, OTHER_ACCOUNT), (REGION, OTHER_REGION))
        }
        self.begin()

    def _connect(self, account: str) -> Any:
        return account  # the clients are those of the settings that a provider reads from its configuration

    def _enter(self, account: str, region: str) -> Aws:
        keys = {"aws:accessKey": f"AKIA{account}ABCD", "aws:secretKey": "secret"}
        made = Aws(read_settings(keys.get), region)
        for client in (made.redshift, made.redshift_once, made._sts):
            self.emulator.attach(client, self._called)
            client.meta.events.register("before-call.*.*", self._asked_for)
        self.machine.share(made, "_account_id", lambda: None)
        self.machine.share(made, "_account_lock", threading.Lock)
        return made

    def open(self) -> None:
        """Put clock and clients in."""
        self._patch.chdir(self.folder)
        self._patch.setattr(session, "SystemClock", lambda: self)
        self._patch.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=self.time.sleep))

    @contextmanager
    def _credentials(self, config: dict[str, str]) -> Iterator[None]:
        """Let what is configured be asked with the credentials of now, as the environment gives them."""
        region = config["aws:region"]
        key = read_settings(config.get), region
        before = aws._CACHE.get(key)
        aws._CACHE[key] = self._clients[self.account, region]
        try:
            yield
        finally:
            del aws._CACHE[key]
            if before is not None:
                aws._CACHE[key] = before

    def begin(self) -> None:
        """Begin anew: nothing in AWS, no stack, no receipts."""
        self.emulator.control.reset()
        for control in (self.control, self.elsewhere):
            control.set_lifecycle(None, **SECONDS)
        self.drop_receipts()
        self._running.clear()
        self.connected, self.account, self.region = True, ACCOUNT, REGION
        self.lives = Ledger()
        self.backend = Backend()
        self.stack = Stack()
        self.program_: dict[str, Any] = {
            "name": CLUSTER,
            "cluster_identifier": CLUSTER,
            "number_of_nodes": 2.0,
            "tags": {"ephemeral": "true"},
        }
        self.aliases: tuple[str, ...] = ()
        self.written = 0
        self.broken: BrokenPromiseError | None = None
        self.stuck: set[Life] = set()
        self.tampered: set[Life] = set()
        """Lives of which somebody took a snapshot, a tag or a receipt away."""
        self.receipts_lost = False

    # --- where things are ---

    @property
    def place(self) -> Place:
        """The stack's account and region, as they are now."""
        found = self.emulator._application.world.place(ACCOUNT, REGION)
        self.lives.settle(found)
        return found

    def config(self) -> dict[str, str]:
        """The stack's configuration as it is."""
        return {"aws:region": self.region, "redshift-teardown:policyFile": str(self.policy_file)}

    @property
    def right_place(self) -> bool:
        """Whether credentials and configuration are for the account and region of the stack."""
        return (self.account, self.region) == (ACCOUNT, REGION)

    def goals(self) -> list[Goal]:
        """The program."""
        arguments = {
            key: value for key, value in self.program_.items() if key != "name" and value is not None
        }
        name = self.program_["name"]
        inputs = {
            "node_type": "ra3.xlplus",
            "master_username": "admin",
            "master_password": PASSWORD,
            **arguments,
            "urn": self.stack.urn(name),
        }
        return [Goal(name, inputs, self.aliases)]

    # --- what reaches AWS ---

    def _asked_for(self, model: Any, params: Any, **_: Any) -> None:
        """Note that the product decided to make a call; retries of it are the same call."""
        if not self._running:
            return
        command = self._running[-1]
        body = params.get("body") or {}
        parameters = {key: str(value) for key, value in body.items()} if isinstance(body, dict) else {}
        command.request = _Request(model.name, parameters, command.engine.gone, command.process.cancelled)

    def _called(self, operation: str, moment: str) -> None:
        try:
            self._reaches(operation, moment)
        except BrokenPromiseError:
            # No handler of the product's may take that for an answer of AWS.
            raise KilledError from None

    def _reaches(self, operation: str, moment: str) -> None:
        if self._running:
            command = self._running[-1]
            if command.process.dead:
                raise KilledError
            self._knows(command)
            if moment == "before" and not operation.startswith(READING):
                self._judge_call(command, operation)
            elif moment == "after":
                self._note_call(command, operation)
        if moment == "before" and not self.connected:
            raise EndpointConnectionError(endpoint_url=f"https://redshift.{REGION}.amazonaws.com")
        self._reached(operation, moment)

    @staticmethod
    def _knows(command: Command) -> None:
        """A process that lives on after an answer has taken in what it showed."""
        for life in command.alive:
            life.outlived = None
        command.alive.clear()

    def _reached(self, operation: str, moment: str) -> None:
        if not self._running:
            return
        command = self._running[-1]
        for interruption in command.interruptions:
            if interruption.reached(operation, moment):
                interruption.action()
        if command.process.dead:
            raise KilledError

    def _judge_call(self, command: Command, operation: str) -> None:
        """Refuse a changing call that must not be."""
        request = command.request
        assert request is not None
        assert request.operation == operation
        self._must(not request.gone, f"{operation} by the provider of an engine that is gone")
        if request.cancelled:
            self._must(operation not in BEGINNING, f"{operation} after Ctrl-C")
        verb = command.process.verb
        self._must(verb in ("Create", "Update", "Delete"), f"{operation} by {verb or 'a command that reads'}")
        self._must(command.right_place, f"{operation} in another account or region")
        place = self.place
        target = self._target(place, operation, request.parameters)
        if target is not None:
            self._judge_target(command, place, operation, *target)
        if operation == "DeleteCluster":
            self._judge_deletion(command, place, request.parameters)

    def _target(self, place: Place, operation: str, said: dict[str, str]) -> tuple[str, str] | None:
        """What a call changes: ``cluster`` or ``snapshot``, and its name."""
        del place
        if operation in ("CreateCluster", "RestoreFromClusterSnapshot"):
            return None
        arn = said.get("ResourceName", "")
        kind, _, name = arn.rpartition(":")
        if arn:
            return kind.rpartition(":")[2], name.rpartition("/")[2]
        if "SnapshotIdentifier" in said:
            return "snapshot", said["SnapshotIdentifier"].lower()
        return "cluster", said.get("ClusterIdentifier", "").lower()

    def _judge_target(self, command: Command, place: Place, operation: str, kind: str, name: str) -> None:
        if kind == "snapshot":
            snapshot, life = self.lives.of_snapshot(place, name)
            if snapshot is None:
                return
            fits = snapshot.final or name.startswith(TIMED)
            ours = life is not None and life.owned and fits
            self._must(ours, f"{operation} on snapshot {name}, which no deletion of a cluster of ours made")
            return
        self._must(kind == "cluster", f"{operation} on a {kind}")
        life = self.lives.named(place, name)
        if life is None or life.owned:
            return
        seen = command.seen.get(name)
        self._must(
            seen is not None and seen[0] is not life,
            f"{operation} on {life}, which this very command was shown under that name",
        )

    def _judge_deletion(self, command: Command, place: Place, said: dict[str, str]) -> None:
        self._must(
            "SkipFinalClusterSnapshot" in said, "DeleteCluster that leaves open what becomes of the data"
        )
        life = self.lives.named(place, said["ClusterIdentifier"].lower())
        resource = command.resource
        if life is None or not life.owned or resource is None:
            return
        skip = said["SkipFinalClusterSnapshot"].lower() == "true"
        note: Note = resource.note
        both = [*self.recorded(life), note.recorded, command.file]
        seen = command.seen.get(said["ClusterIdentifier"].lower())
        ephemeral = seen is None or seen[1].get("ephemeral") == "true"
        due = any(rules.due(ephemeral=ephemeral) for rules in both)
        self._must(not (due and skip), f"DeleteCluster without the final snapshot that is due for {life}")
        if not skip:
            retention = said.get("FinalClusterSnapshotRetentionPeriod")
            wanted = [rules.retention for rules in both if rules.readable]
            longest = -1 if -1 in wanted else max(wanted)
            self._must(
                retention == str(longest), f"a final snapshot kept {retention} days where {longest} are due"
            )

    def recorded(self, life: Life) -> list[Rules]:
        """What the state records for a life now, also where an orphan began with less."""
        return [each.note.recorded for each in self.backend.resources if each.note.life is life]

    def _note_call(self, command: Command, operation: str) -> None:
        """Take in what a call of the product did, and what it was shown."""
        record = self.emulator._application.log._records[-1]
        if not command.right_place or record.operation != operation or record.service != "redshift":
            return
        place = self.place
        said = record.parameters
        name = str(said.get("ClusterIdentifier", "")).lower()
        if record.fault:
            command.faulty = True
        elif record.result.startswith(REFUSED_PARAMETERS):
            self._must(holds=False, what=f"AWS objects to a parameter of {operation}: {record.result}")
        if operation == "DescribeClusters" and record.result == "ok":
            names = [name] if name else [*place.clusters, *command.seen]
            for each in names:
                cluster = self._shown(place, each)
                life = self.lives.of(cluster)
                command.seen[each] = life, dict(cluster.tags) if cluster else {}
                if life is not None and not life.ending:
                    command.alive.add(life)
        if not record.took_effect:
            return
        if operation in ("CreateCluster", "RestoreFromClusterSnapshot"):
            self.lives.born(place, name, owned=True)
        elif operation == "DeleteCluster":
            life = self.lives.named(place, name)
            assert life is not None
            self.accepted(place, life, said, ours=True)

    def _shown(self, place: Place, name: str) -> Cluster | None:
        """What DescribeClusters shows under a name: with a lag nothing, of a cluster that is new."""
        cluster = place.clusters.get(name)
        if cluster is None:
            return None
        world = self.emulator._application.world
        since = place.generations[cluster.namespace].created
        lag = world.clock.scaled(world.behaviour.cluster_listing_lag_seconds)
        return None if world.now() < since + lag else cluster

    def accepted(self, place: Place, life: Life, said: dict[str, Any], *, ours: bool) -> None:
        """Note that AWS accepted a deletion."""
        del place
        skip = str(said.get("SkipFinalClusterSnapshot", "")).lower() == "true"
        name = str(said.get("FinalClusterSnapshotIdentifier", "")).lower()
        life.deletion = Deletion(ours=ours, skip=skip, snapshot=name, excused=ours and skip)
        activity = life.cluster.activity
        if activity is not None and activity.outcome == "stuck":
            self.stuck.add(life)

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            self.broken = self.broken or BrokenPromiseError(what)
            raise self.broken

    # --- the stack's commands ---

    def _may_run(self) -> bool:
        """Whether the stack is not locked: every engine before is gone."""
        return all(command.engine.gone for command in self._running)

    def command(
        self,
        do: Callable[[Run], None],
        interruptions: Sequence[Interruption] = (),
        config: dict[str, str] | None = None,
    ) -> Told:
        """Run a command of the engine, with a provider of its own and the configuration it takes."""
        engine, config = Engine(), config or self.backend.config or self.config()
        with self._credentials(config), self.machine.provider(engine) as (stub, process):
            run = Run(stub, engine, self.backend, self._told, self._asked)
            running = Command(engine, interruptions, process, run)
            running.adopting = bool(self.program_.get("adopt_existing"))
            running.right_place = (self.account, config["aws:region"]) == (ACCOUNT, REGION)
            self._running.append(running)
            try:
                result = run.ended(lambda: do(run))
            finally:
                self._running.remove(running)
        if self.broken is not None:
            raise self.broken
        if not process.dead:
            self._knows(running)
        self._judge_words(engine.lines)
        self._judge_words(result.errors)
        return result

    def _asked(self, verb: str, resource: Resource | None) -> None:
        command = self._running[-1]
        command.resource, command.file = resource, self.file
        del verb

    def run_up(self, options: Options | None = None, interruptions: Sequence[Interruption] = ()) -> Told:
        """Run ``pulumi up``."""
        file, options = self.file, options or Options()
        goals, config = self.goals(), self.config()

        def do(run: Run) -> None:
            run.up(config, goals, self.stack, options)

        self._at_up = file
        return self.command(do, interruptions, config)

    def run_preview(self, options: Options | None = None, interruptions: Sequence[Interruption] = ()) -> Told:
        """Run ``pulumi preview``."""
        goals, config, chosen = self.goals(), self.config(), options or Options()
        return self.command(lambda run: run.preview(config, goals, self.stack, chosen), interruptions, config)

    def run_refresh(self, interruptions: Sequence[Interruption] = ()) -> Told:
        """Run ``pulumi refresh``."""
        return self.command(lambda run: run.refresh(), interruptions)

    def run_destroy(
        self,
        options: Options | None = None,
        interruptions: Sequence[Interruption] = (),
        *,
        run_program: bool = False,
    ) -> Told:
        """Run ``pulumi destroy``."""
        chosen = options or Options()
        config = self.config() if run_program else None
        return self.command(lambda run: run.destroy(chosen, config), interruptions, config)

    # --- what a command may say and record ---

    def _told(self, verb: str, old: Resource | None, new: Resource | None) -> None:
        """Judge what the engine recorded after a step."""
        command = self._running[-1]
        place = self.place
        if verb in ("delete", "drop"):
            assert old is not None
            self._judge_gone(command, place, old, verb)
        if new is None:
            return
        life = self.lives.recorded(new.outputs["identity"])
        self._must(life is not None, f"{verb} recorded a generation that never was")
        assert life is not None
        if verb in ("create", "replace"):
            if not life.owned:
                self._must(command.adopting, f"{verb} recorded {life} as this stack's")
                life.owned = True
            new.note = Note(life, self._at_up)
        else:
            assert old is not None
            self._must(life is old.note.life, f"{verb} recorded {life} in place of {old.note.life}")
            recorded = self._at_up if verb in ("update", "same") else old.note.recorded
            new.note = Note(life, recorded)
        self._judge_words([json.dumps({**new.outputs, "master_password": ""})])
        json.dumps(self.backend.config)

    def _judge_gone(self, command: Command, place: Place, old: Resource, verb: str) -> None:
        """A resource left the state: that must be true, and its data where it is due."""
        note: Note = old.note
        life = note.life
        self._must(command.right_place, f"{verb} ended well in another account or region")
        others = [each for each in self.backend.resources if each is not old]
        if not life.ended:
            kept = any(each.note.life is life for each in others)
            self._must(kept, f"{verb} ended well, and {life} lives")
            return
        both = [*self.recorded(life), note.recorded, command.file]
        if not any(rules.due(ephemeral=True) for rules in both):
            return
        deletion = life.deletion
        if (
            deletion is not None
            and deletion.skip
            and deletion.excused
            and not note.recorded.due(ephemeral=True)
        ):
            return
        self._must(
            self.lives.proof(place, life) is not None
            or (command.disturbed and life in self.tampered)
            or self.lives.named_as_final(place, life, TIMED),
            f"{verb} ended well, and no final snapshot holds the data of {life}",
        )

    def _judge_words(self, said: list[str]) -> None:
        for text in said:
            self._must(PASSWORD not in text, "a password in clear")
            self._must("Traceback" not in text, f"a traceback: {text[-600:]}")

    # --- plan ---

    def plan(self) -> list[Forecast]:
        """Run ``redshift-teardown plan``, which changes nothing."""
        config = self.backend.config or self.config()
        clusters = tuple(StackCluster(urn=each.urn, outputs=each.outputs) for each in self.backend.resources)
        stack = ExportedStack(self.stack.name, clusters, read_settings(config.get))
        process = self.machine.command()
        running = Command(process.engine, (), process)
        self._running.append(running)
        try:
            with self._credentials(config), self.machine.inside(process, ""):
                return forecast_all(stack, ask_aws=True, quota=self.place.snapshot_quota)
        except TeardownError as error:
            raise BrokenPromiseError(f"plan fails: {error}") from None
        finally:
            self._running.remove(running)

    # --- the policy file ---

    @property
    def file(self) -> Rules:
        """The policy file as it is."""
        return self._file

    def edit(self, policy: str) -> None:
        """Edit the policy file."""
        self._file = POLICIES[policy]
        self.write_policy(self._file.text)

    # --- everybody else ---

    def disturb(self) -> None:
        """Note that somebody did something while commands run."""
        for command in self._running:
            command.disturbed = True

    def by_hand(self, operation: str, **arguments: Any) -> bool:
        """Somebody else makes a call; whether AWS took it."""
        self.disturb()
        try:
            getattr(self.outsider, operation)(**arguments)
        except ClientError:
            return False
        return True
