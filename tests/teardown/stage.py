"""One stack with one cluster on an emulator whose time stands still: the product, from end to end.

Nothing of the product is replaced: create, update, read and delete are the ones a provider process runs,
with real boto3 clients whose requests an emulator in this process answers. Put in from outside are the
clock, which moves only when somebody waits, and the reporter, which remembers what an operator would read.
Whatever is to happen *during* a command, a kill included, is scripted by `Interruption`.
"""

from __future__ import annotations

import shutil
import threading
import types
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from redshift_teardown import process
from redshift_teardown.aws.session import Aws
from redshift_teardown.emulator import Emulator, VirtualClock
from redshift_teardown.engine import cancel, progress
from redshift_teardown.errors import TeardownError
from redshift_teardown.lifecycle import context, operation
from redshift_teardown.lifecycle.check import check
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.read import read
from redshift_teardown.lifecycle.update import update
from redshift_teardown.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from redshift_teardown.emulator import Control
    from redshift_teardown.emulator.calls import CallRecord

REGION = "us-east-1"
ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
CLUSTER = "warehouse"
URN = "urn:pulumi:live::shop::my:Group$pulumi-python:dynamic/redshift:Cluster::warehouse"

POLICY = """\
version: 1
receipts: receipts
environments:
  ours:
    stacks: [live]
    {skip}
    final_snapshot: {{retention_days: 35, tags: {{managed-by: redshift-teardown}}}}
    wait: {{timeout_hours: 24, poll_seconds: 15}}
"""
PROTECTED = "skip: never"
SKIPPING = "skip: [{when: {always: true}, because: nobody needs it}]"


class KilledError(BaseException):
    """The process dies here: no handler of the product may see it as anything it could answer to."""


@dataclass
class Interruption:
    """Something that happens while a command runs.

    Attributes:
        number: At which call to AWS, or which wait, of the command; from 1.
        moment: ``before`` or ``after`` the call took effect, or ``wait``.
        action: What happens. It may raise `KilledError`, or run another command.
        operation: Count calls of this operation only; empty counts all.

    """

    number: int
    moment: str
    action: Callable[[], object]
    operation: str = ""
    seen: int = 0

    def reached(self, operation: str, moment: str) -> bool:
        """Return whether it is time; counts."""
        if moment != self.moment or self.operation not in ("", operation):
            return False
        self.seen += 1
        return self.seen == self.number


def kill() -> None:
    """Die."""
    raise KilledError


@dataclass
class Result:
    """How a command ended.

    Attributes:
        how: ``done``, ``refused`` or ``killed``.
        error: What it said, where it refused.
        kept: What stays in the output.
        warned: What it warned of.
        calls: The calls to AWS it made, and those that anybody made meanwhile.

    """

    how: str = "done"
    error: TeardownError | None = None
    value: Any = None
    kept: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)

    @property
    def said(self) -> str:
        """What an operator reads when it refused."""
        return str(self.error) if self.error else ""

    # What follows is the reporter of a command.

    def progress(self, text: str) -> None:
        """Show what is going on."""
        self.shown.append(text)

    def keep(self, text: str) -> None:
        """Say something that stays."""
        self.kept.append(text)

    def warn(self, text: str) -> None:
        """Warn."""
        self.warned.append(text)


@dataclass
class _Command:
    result: Result
    interruptions: Sequence[Interruption]
    engine_gone: bool = False
    cancelled: bool = False


class Stage:
    """An emulator, the credentials of two accounts, and one stack whose only resource is a cluster.

    Args:
        folder: Where the policy file and the receipts are.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.policy_file = folder / "deletion-policy.yaml"
        self.receipts = folder / "receipts"
        self.time = VirtualClock()
        self.emulator = Emulator(clock=self.time)
        self.control: Control = self.emulator.control.at(ACCOUNT, REGION)
        self.elsewhere: Control = self.emulator.control.at(OTHER_ACCOUNT, REGION)
        self._commands: list[_Command] = []
        self._patch = pytest.MonkeyPatch()
        self._aws = {account: self._connect(account) for account in (ACCOUNT, OTHER_ACCOUNT)}
        self.outsider: Any = self._client(ACCOUNT)
        """A boto3 client of the same account, for somebody who is not the product."""
        self.account = ACCOUNT
        self.connected = True
        self.policy: str = ""
        self.state: dict[str, Any] | None = None

    def _connect(self, account: str) -> tuple[Settings, Aws]:
        settings = Settings(
            policy_file=str(self.policy_file),
            region=REGION,
            access_key=f"AKIA{account}ABCD",
            secret_key="secret",
            token="",
        )
        made = Aws(settings, REGION)
        for client in (made.redshift, made.redshift_once, made._sts):
            self.emulator.attach(client, self._called)
        return settings, made

    def _client(self, account: str) -> Any:
        client = boto3.client(
            "redshift",
            region_name=REGION,
            aws_access_key_id=f"AKIA{account}ABCD",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )
        self.emulator.attach(client)
        return client

    # --- what the product is given ---

    def open(self) -> None:
        """Put clock, reporter and clients in."""
        self._patch.chdir(self.folder)  # receipts lie in the project, and commands run there
        self._patch.setattr(operation, "SystemClock", lambda: self)
        self._patch.setattr(
            context, "EngineReporter", lambda *_: self._commands[-1].result if self._commands else Result()
        )
        # botocore's own back-off waits on this clock too.
        self._patch.setattr("botocore.endpoint.time", types.SimpleNamespace(sleep=self.time.sleep))
        self._patch.setattr(progress, "engine_gone", lambda **_: self.engine_gone)
        self._patch.setattr(cancel, "cancelled", lambda: self.cancelled)
        for settings, made in self._aws.values():
            self._patch.setitem(process.clients, (settings, REGION), made)

    def close(self) -> None:
        """Take them out."""
        self._patch.undo()

    def reset(self, policy: str | None = None) -> None:
        """Begin anew: nothing in AWS, no stack, no receipts; only time goes on."""
        self.emulator.control.reset()
        self.connected = self.emulator.reachable = True
        self._commands.clear()
        self.drop_receipts()
        self.account, self.state = ACCOUNT, None
        self.write_policy(policy if policy is not None else self.rules(PROTECTED))

    def drop_receipts(self) -> None:
        """Take the receipts away, and whatever is in the place of their folder."""
        if self.receipts.is_file():
            self.receipts.unlink()
        shutil.rmtree(self.receipts, ignore_errors=True)

    def created_by_hand(self, identifier: str = CLUSTER, **parameters: Any) -> None:
        """Have somebody create a cluster: one of two nodes, where the parameters say nothing else."""
        like_ours = {
            "NodeType": "ra3.xlplus",
            "NumberOfNodes": 2,
            "MasterUsername": "admin",
            "MasterUserPassword": "Correct-Horse-1",
        }
        self.outsider.create_cluster(ClusterIdentifier=identifier, **{**like_ours, **parameters})

    def now(self) -> datetime:
        """The time, as a command sees it."""
        return self.time.now()

    def sleep(self, seconds: float) -> None:
        """Wait, as a command does."""
        self.time.sleep(seconds)
        self._reached("", "wait")

    def _called(self, operation: str, moment: str) -> None:
        if moment == "before" and not self.connected:
            raise EndpointConnectionError(endpoint_url=f"https://redshift.{REGION}.amazonaws.com")
        self._reached(operation, moment)

    def _reached(self, operation: str, moment: str) -> None:
        if self._commands:
            for interruption in self._commands[-1].interruptions:
                if interruption.reached(operation, moment):
                    interruption.action()

    # --- who asked ---

    @property
    def engine_gone(self) -> bool:
        """Whether the engine that asked for the command under way has ended; to be set while it runs."""
        return bool(self._commands) and self._commands[-1].engine_gone

    @engine_gone.setter
    def engine_gone(self, gone: bool) -> None:
        self._commands[-1].engine_gone = gone

    @property
    def cancelled(self) -> bool:
        """Whether the command under way was cancelled, as by one Ctrl-C; to be set while it runs."""
        return bool(self._commands) and self._commands[-1].cancelled

    @cancelled.setter
    def cancelled(self, cancelled: bool) -> None:
        self._commands[-1].cancelled = cancelled

    # --- the stack ---

    @property
    def settings(self) -> Settings:
        """The configuration with the credentials in force."""
        return self._aws[self.account][0]

    def rules(self, skip: str, **changes: str) -> str:
        """A policy whose one environment claims the stack; `changes` replaces strings in it."""
        text = POLICY.format(skip=skip)
        for old, new in changes.items():
            text = text.replace(old, new)
        return text

    def write_policy(self, text: str | None) -> None:
        """Edit the policy file; None removes it."""
        self.policy = text or ""
        if text is None:
            self.policy_file.unlink(missing_ok=True)
        else:
            self.policy_file.write_text(text, encoding="utf-8")

    def program(self, **arguments: Any) -> dict[str, Any]:
        """The inputs a program gives."""
        return {
            "cluster_identifier": CLUSTER,
            "node_type": "ra3.xlplus",
            "number_of_nodes": 2.0,
            "master_username": "admin",
            "master_password": "Correct-Horse-1",
            "urn": URN,
            **arguments,
        }

    def up(self, **arguments: Any) -> Result:
        """Create the cluster, or bring the one there is to what the program says."""
        inputs, failures = check(self.state or {}, self.program(**arguments), self.settings)
        assert failures == []
        if self.state is None:
            result = self.run(lambda: create(inputs, self.settings)[1])
        else:
            olds = self.state
            result = self.run(lambda: update(olds, inputs, self.settings))
        if result.how == "done":
            self.state = result.value
        return result

    def refresh(self, *interruptions: Interruption) -> Result:
        """Read the cluster; one that is gone leaves the state."""
        assert self.state is not None
        olds = self.state
        result = self.run(lambda: read(CLUSTER, olds, self.settings), *interruptions)
        if result.how == "done":
            found, outs, _ = result.value
            self.state = outs if found else None
        return result

    def destroy(self, *interruptions: Interruption) -> Result:
        """Tear the cluster down; when that is done it leaves the state."""
        assert self.state is not None
        olds = self.state
        result = self.run(lambda: delete(olds, self.settings), *interruptions)
        if result.how == "done":
            self.state = None
        return result

    def run_beside(self, killed_at: int = 0) -> Result:
        """Run a second destroy of the same cluster, while the first waits; killed at a call, where one is
        given.
        """
        assert self.state is not None
        olds = self.state
        death = [Interruption(killed_at, "before", kill)] if killed_at else []
        return self.run(lambda: delete(olds, self.settings), *death)

    def run(self, command: Callable[[], Any], *interruptions: Interruption) -> Result:
        """Run a command as a provider process of its own: nothing is remembered but state and receipts."""
        result = Result()
        with self._process(_Command(result, interruptions)):
            try:
                result.value = command()
            except TeardownError as error:
                result.how, result.error = "refused", error
            except KilledError:
                result.how = "killed"
        return result

    @contextmanager
    def _process(self, command: _Command) -> Iterator[None]:
        made = self._aws[self.account][1]
        remembered = made._account_id, made._account_lock
        made._account_id, made._account_lock = None, threading.Lock()
        fresh = pytest.MonkeyPatch()
        for name in (
            "program",
            "former",
            "reviewed",
            "owners",
            "adopting",
            "kept_out",
            "deleted",
            "told",
            "without_answer",
            "pollers",
        ):
            fresh.setattr(process, name, type(getattr(process, name))())
        self._commands.append(command)
        logged = len(self.control.calls())
        try:
            yield
        finally:
            self._commands.pop()
            made._account_id, made._account_lock = remembered
            fresh.undo()
            command.result.calls = self.control.calls()[logged:]

    # --- looking ---

    def ledger(self, control: Control | None = None) -> dict[str, Any]:
        """All that the emulator knows of the account: clusters, snapshots, generations."""
        found: dict[str, Any] = (control or self.control).state()
        return found

    def generation(self) -> dict[str, Any]:
        """The newest generation of the cluster, gone or not."""
        newest: dict[str, Any] = self.ledger()["generations"][-1]
        return newest

    def proofs(self) -> list[dict[str, Any]]:
        """The available manual snapshots that hold the newest generation's data as it was at the last."""
        generation = self.generation()
        return [
            snapshot
            for snapshot in self.ledger()["snapshots"].values()
            if snapshot["kind"] == "manual"
            and snapshot["namespace"] == generation["namespace"]
            and snapshot["status"] == "available"
            and snapshot["marker"] == generation["marker"]
        ]


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage that is open."""
    made = Stage(folder)
    made.open()
    try:
        made.reset()
        yield made
    finally:
        made.close()
        made.emulator.stop()
