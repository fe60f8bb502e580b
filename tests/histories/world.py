"""Some stacks in one account, their engines, and AWS: runs commands and hands what they do to `Promises`."""

from __future__ import annotations

import itertools
import threading
import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from redshift_teardown import process
from redshift_teardown.aws.session import Aws
from redshift_teardown.cli.exported import Stack as ExportedStack
from redshift_teardown.cli.plan import forecast_all
from redshift_teardown.engine import progress, workers
from redshift_teardown.errors import TeardownError
from redshift_teardown.lifecycle import operation
from redshift_teardown.reports.observed import StackCluster
from redshift_teardown.settings import read_settings
from tests.histories.command import Command, Request
from tests.histories.engine import Run
from tests.histories.ledger import Ledger, Life
from tests.histories.owners import Owner
from tests.histories.process import Engine, Machine
from tests.histories.promises import READING, BrokenPromiseError, Promises
from tests.histories.rules import POLICIES, Rules
from tests.histories.stacks import Options, Resource, Told
from tests.teardown.stage import ACCOUNT, OTHER_ACCOUNT, REGION, Interruption, KilledError, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from redshift_teardown.emulator.redshift.state import Realm
    from redshift_teardown.reports.forecast import Forecast
    from tests.histories.process import Process

OTHER_REGION = "eu-west-1"
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
_NOTHING = Options()

ENDING_SECONDS = 0.5
"""How long an engine takes to end: no two processes of one stack write at one moment."""


class World(Promises, Stage):
    """One account and everybody in it.

    Args:
        folder: The project's folder.

    """

    def __init__(self, folder: Path) -> None:
        self.running: list[Command] = []
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
        """Put the clock in, and what ends with an engine out."""
        self._patch.chdir(self.folder)
        self._patch.setattr(operation, "SystemClock", lambda: self)
        # All processes of a history are in this one, which no engine's end may end.
        self._patch.setattr(workers, "end_with_engine", lambda: None)
        self._patch.setattr(progress, "AGAIN_SECONDS", 0.0)
        self._patch.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=self.time.sleep))

    @contextmanager
    def _credentials(self, config: dict[str, str]) -> Iterator[None]:
        """Let what is configured be asked with the credentials of now, as the environment gives them."""
        settings = read_settings(config.get)
        with pytest.MonkeyPatch.context() as patch:
            for region in (REGION, OTHER_REGION):
                patch.setitem(process.clients, (settings, region), self._clients[self.account, region])
            yield

    def begin(self) -> None:
        """Begin anew: nothing in AWS, no stack, no receipts."""
        self.emulator.control.reset()
        for control in (self.control, self.elsewhere):
            control.set_lifecycle(None, **SECONDS)
        self.drop_receipts()
        self.running.clear()
        self.connected, self.account, self.region = True, ACCOUNT, REGION
        self.lives = Ledger()
        self.owners = [Owner.first(), Owner.second()]
        self.owner = self.owners[0]
        self.written = 0
        self.broken: BrokenPromiseError | None = None
        self.tampered: set[Life] = set()
        self.receipts_lost = False
        self.file = Rules(None)

    # --- where things are ---

    @property
    def place(self) -> Realm:
        """The stacks' account and region, as they are now."""
        found = self.emulator._application.world.place(ACCOUNT, REGION)
        self.lives.settle(found)
        return found

    def _seconds(self) -> float:
        return self.emulator._application.world.now()

    def _lag(self) -> float:
        return self.emulator._application.world.behaviour.cluster_listing_lag_seconds

    def _stale(self) -> bool:
        return self._seconds() < self.emulator._application.world.behaviour.clusters_stale_until

    @property
    def lagging(self) -> bool:
        """Whether AWS tells less, or later, than it knows."""
        habits = self.emulator._application.world.behaviour
        late = habits.snapshot_listing_lag_seconds or habits.snapshots_stale_until
        return late > 0 or not habits.snapshots_tell_create_time

    @property
    def unlisted(self) -> bool:
        """Whether AWS may list a snapshot later than it counts it."""
        habits = self.emulator._application.world.behaviour
        return habits.snapshot_listing_lag_seconds > 0 or self._seconds() < habits.snapshots_stale_until

    def config(self) -> dict[str, str]:
        """The stack's configuration as it is."""
        named = {"redshift-teardown:environment": self.owner.environment} if self.owner.environment else {}
        return {"aws:region": self.region, "redshift-teardown:policyFile": str(self.policy_file), **named}

    @property
    def right_place(self) -> bool:
        """Whether credentials and configuration are for the account and region of the stack."""
        return (self.account, self.region) == (ACCOUNT, REGION)

    # --- what reaches AWS ---

    def _asked_for(self, model: Any, params: Any, **_: Any) -> None:
        """Note that the product decided to make a call; retries of it are the same call."""
        if not self.running:
            return
        command = self.running[-1]
        body = params.get("body") or {}
        parameters = {key: str(value) for key, value in body.items()} if isinstance(body, dict) else {}
        command.request = Request(model.name, parameters, command.engine.gone, command.process.cancelled)

    def _called(self, operation: str, moment: str) -> None:
        try:
            self._reaches(operation, moment)
        except BrokenPromiseError:
            # No handler of the product's may take that for an answer of AWS.
            raise KilledError from None

    def _reaches(self, operation: str, moment: str) -> None:
        if self.running:
            command = self.running[-1]
            if command.process.dead:
                raise KilledError
            # A destroy writes down what it was shown before it asks for more.
            self.knows(command, "Delete")
            if moment == "before" and not operation.startswith(READING):
                self.judge_call(command, operation)
            elif moment == "after":
                record = self.emulator._application.log._records[-1]
                if command.right_place and record.service == "redshift":
                    self.note_call(command, record)
        if moment == "before" and not self.connected:
            raise EndpointConnectionError(endpoint_url=f"https://redshift.{REGION}.amazonaws.com")
        self._reached(operation, moment)

    def _reached(self, operation: str, moment: str) -> None:
        if not self.running:
            return
        command = self.running[-1]
        for interruption in command.interruptions:
            if interruption.reached(operation, moment):
                interruption.action()
        if command.process.dead:
            raise KilledError

    # --- commands ---

    def may_run(self) -> bool:
        """Whether the stack is not locked: every engine before is gone."""
        return all(command.engine.gone for command in self.running)

    def _command(
        self,
        do: Callable[[Run], None],
        interruptions: Sequence[Interruption],
        config: dict[str, str] | None,
        options: Options = _NOTHING,
        *,
        partial: bool = False,
    ) -> Told:
        """Run a command of the engine, with a provider of its own and the configuration it takes."""
        engine, owner = Engine(), self.owner
        before = list(owner.backend.resources)
        config = config or owner.backend.config or self.config()
        with self._credentials(config), self.machine.provider(engine) as (stub, process):
            running = Command(owner, engine, interruptions, process, options=options, partial=partial)
            running.run = Run(
                stub,
                engine,
                owner.backend,
                lambda *step: self.judge_step(running, *step),
                lambda *about: self._asked(running, *about),
            )
            running.file_at_start = self.file
            running.goals = {owner.stack.urn(goal.name): goal.inputs for goal in owner.goals()}
            running.right_place = (self.account, config["aws:region"]) == (ACCOUNT, REGION)
            self.running.append(running)
            try:
                result = running.run.ended(lambda: do(running.run))  # type: ignore[arg-type]
            finally:
                self.running.remove(running)
        if self.broken is not None:
            raise self.broken
        if not process.dead:
            self.knows(running, "Delete")
        self.judge_words([*engine.lines, *result.errors])
        self.judge_end(running, result.errors, before)
        self.time.sleep(ENDING_SECONDS)
        return result

    def _asked(self, command: Command, verb: str, resource: Resource | None, urn: str) -> None:
        if verb == "Check":
            # What is recorded is what the file says then.
            command.file_at_start = self.file
        command.resource, command.urn, command.file = resource, urn, self.file

    def run_up(self, options: Options = _NOTHING, interruptions: Sequence[Interruption] = ()) -> Told:
        """Run ``pulumi up``."""
        owner, config = self.owner, self.config()
        goals = owner.goals()
        return self._command(
            lambda run: run.up(config, goals, owner.stack, options),
            interruptions,
            config,
            options,
            partial=True,
        )

    def run_preview(self, options: Options = _NOTHING, interruptions: Sequence[Interruption] = ()) -> Told:
        """Run ``pulumi preview``."""
        owner, config = self.owner, self.config()
        goals = owner.goals()
        return self._command(
            lambda run: run.preview(config, goals, owner.stack, options), interruptions, config
        )

    def run_refresh(self, interruptions: Sequence[Interruption] = ()) -> Told:
        """Run ``pulumi refresh``."""
        return self._command(lambda run: run.refresh(), interruptions, None)

    def run_destroy(
        self,
        options: Options = _NOTHING,
        interruptions: Sequence[Interruption] = (),
        *,
        run_program: bool = False,
    ) -> Told:
        """Run ``pulumi destroy``."""
        config = self.config() if run_program else None
        return self._command(
            lambda run: run.destroy(options, config),
            interruptions,
            config,
            options,
            partial=bool(options.target),
        )

    def plan(self) -> list[Forecast]:
        """Run ``redshift-teardown plan``, which changes nothing."""
        owner = self.owner
        config = owner.backend.config or self.config()
        clusters = tuple(StackCluster(urn=each.urn, outputs=each.outputs) for each in owner.backend.resources)
        stack = ExportedStack(owner.stack.name, clusters, read_settings(config.get))
        process: Process = self.machine.command()
        running = Command(owner, process.engine, (), process)
        self.running.append(running)
        try:
            with self._credentials(config), self.machine.inside(process, ""):
                return forecast_all(stack, ask_aws=True, quota=self.place.snapshot_quota)
        except TeardownError as error:
            raise BrokenPromiseError(f"plan fails: {error}") from None
        finally:
            self.running.remove(running)

    # --- everybody else ---

    def edit(self, policy: str) -> None:
        """Edit the policy file."""
        self.file = POLICIES[policy]
        self.write_policy(self.file.text)

    def disturb(self) -> None:
        """Note that somebody did something while commands run."""
        for command in self.running:
            command.disturbed = True

    def by_hand(self, operation: str, **arguments: Any) -> bool:
        """Somebody else makes a call; whether AWS took it."""
        self.disturb()
        try:
            getattr(self.outsider, operation)(**arguments)
        except (BotoCoreError, ClientError):
            return False
        return True
