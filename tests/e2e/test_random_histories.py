"""Random histories on the real engine: like the ten thousand of `tests.histories`, with nothing stood in.

Judged by the emulator's ledger: nothing due is lost, no stranger is touched, nothing is called done that is
not, an engine that was killed leaves nobody behind, and where nothing goes wrong nothing is refused.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.emulator import Emulator
from tests.e2e.harness import TYPE, Project, Stack, alive, cluster, program, until
from tests.iam.evaluate import refused
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redshift_teardown.emulator import Control
    from tests.e2e.harness import Run, Running

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SPEED = 600
NAME = "warehouse"
PROTECTED = "skip: never"
SKIPPING = 'skip: [{when: {always: true}, because: "nobody needs it"}]'
POLICY = """\
version: 1
defaults:
  final_snapshot: {{retention_days: 35}}
  wait: {{poll_seconds: 1, timeout_hours: 0.02}}
environments:
  production:
    stacks: [prod]
    {skip}
"""
HELD_SECONDS = 2.0
"""How long a call lasts at which somebody is killed."""
ORPHAN_SECONDS = 30
"""How long a provider may live on without its engine."""
MANY = int(os.environ.get("REDSHIFT_TEARDOWN_ENGINE_EXAMPLES", "200"))
SLICE = (2, 44, 98)
"""An honest one, one in which a refresh would be a way out, and one with orphans."""


ENDS: dict[str, Callable[[Running], None]] = {
    "SIGKILL": lambda running: os.kill(running.process.pid, signal.SIGKILL),
    "SIGHUP": lambda running: os.kill(running.process.pid, signal.SIGHUP),
    "both": lambda running: running.kill(),
    "ctrl-c": lambda running: running.interrupt(),
}
"""How an engine ends."""


@dataclass
class World:
    """A stack on the real engine, and everybody else.

    Attributes:
        recorded: Whether a final snapshot was due by the policy at the last successful ``up``.
        due: Whether it is by the file.
        strangers: Generations that somebody else created, with what they looked like then.
        by_hand: Somebody took a snapshot under a name that the policy would give, and no refresh has seen the
            cluster outlive it: by the time in its name it is believed to be ours (*What it cannot stop*).
        mild: Nothing but engines and providers has ended.
        honest: Not even those.

    """

    project: Project
    stack: Stack
    chance: random.Random
    recorded: bool = True
    due: bool = True
    strangers: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_hand: bool = False
    mild: bool = True
    honest: bool = True
    nodes: int = 2
    told: list[str] = field(default_factory=list)

    @property
    def control(self) -> Control:
        """Steers the emulator."""
        return self.project.control

    def begin(self) -> None:
        """Begin with a stack that is up, protected."""
        self.control.reset()
        self.spoil()  # the emulator names its generations anew, alike
        self.edit(due=True)
        self.write_program()
        self.up()

    def write_program(self) -> None:
        """Write the program as it is now."""
        self.project.program(program(cluster(NAME, number_of_nodes=self.nodes)))

    # --- what must hold ---

    def must(self, holds: object, what: str) -> None:
        """Fail with everything that happened."""
        if not holds:
            pytest.fail(
                "\n".join([what, *self.told, str(self.control.state()["generations"])]), pytrace=False
            )

    def ours(self) -> str:
        """The generation that the state records; empty without one."""
        (file,) = self.project.folder.parent.rglob(".pulumi/stacks/*/prod.json")
        latest = json.loads(file.read_text("utf-8"))["checkpoint"]["latest"] or {}
        for resource in latest.get("resources") or []:
            if resource["type"] == TYPE:
                identity = resource["outputs"]["identity"]
                return str(identity["cluster_namespace_arn"]).rpartition(":")[2]
        return ""

    def judge(self, before: str, *, due: bool) -> None:
        """What left the state is gone, and its data is where it is due; strangers are as they were."""
        ledger = self.control.state()
        if before and self.ours() != before:
            generation = next(each for each in ledger["generations"] if each["namespace"] == before)
            self.must(generation["deleted"] is not None, "the state let go of a cluster that lives")
            proofs = [
                each
                for each in ledger["snapshots"].values()
                if (each["namespace"], each["status"], each["final"], each["marker"])
                == (before, "available", True, generation["marker"])
            ]
            kept = self.by_hand or (proofs and generation["ended_by"] == "snapshot")
            self.must(kept or not due, "called done, and no final snapshot holds the data")
        for namespace, stranger in self.strangers.items():
            for each in ledger["generations"]:
                if each["namespace"] == namespace:
                    self.must(each["ended_by"] in ("", "outside"), "a stranger's cluster was deleted")
            for found in ledger["clusters"].values():
                if found["namespace"] == namespace:
                    self.must(found["tags"] == stranger["tags"], "a stranger's cluster was tagged")

    def command(self, what: str, run: Callable[[], Run]) -> Run:
        """Run a command of the engine, and judge what became of it."""
        before, due = self.ours(), self.recorded or self.due
        done = run()
        self.told.append(f"{what} -> {done.code}\n{done.output if done.code else ''}")
        self.judge(before, due=due)
        self.must(done.code == 0 or not self.honest, "refused in a history without a fault")
        return done

    # --- the owners ---

    def up(self) -> None:
        """Run ``pulumi up``, sometimes with a refresh."""
        extra = ["--refresh"] if self.chance.random() < 0.2 else []
        done = self.command(f"up {extra}", lambda: self.stack.up(*extra))
        if done.code == 0:
            self.recorded = self.due

    def preview(self) -> None:
        """Run ``pulumi preview --refresh``; it changes nothing."""
        before = self.project.changing_calls()
        done = self.stack.preview("--refresh")
        self.told.append(f"preview --refresh -> {done.code}")
        self._must_have_called_nothing("a preview", before)

    def refresh(self) -> None:
        """Run ``pulumi refresh``; it changes nothing."""
        before = self.project.changing_calls()
        self.command("refresh", self.stack.refresh)
        self._must_have_called_nothing("a refresh", before)
        self.by_hand = self.by_hand and not self._there()

    def _must_have_called_nothing(self, who: str, before: list[str]) -> None:
        made = self.project.changing_calls()[len(before) :]
        self.must(made == [], f"{who} changed something: {made}")

    def destroy(self) -> None:
        """Run ``pulumi destroy``, sometimes with a refresh."""
        extra = ["--refresh"] if self.chance.random() < 0.3 else []
        self.command(f"destroy {extra}", lambda: self.stack.destroy(*extra))

    def edit(self, *, due: bool) -> None:
        """Edit the policy file."""
        self.due = due
        self.project.policy(POLICY.format(skip=PROTECTED if due else SKIPPING))
        self.told.append(f"policy: {'protected' if due else 'skipping'}")

    def resize(self) -> None:
        """Change the program."""
        self.nodes = 6 - self.nodes
        self.write_program()
        self.told.append(f"program: {self.nodes} nodes")

    # --- engines that end ---

    def interrupted(self) -> None:
        """Run a command whose engine ends at some call: killed, hung up, or with its provider; or Ctrl-C."""
        self.honest = False
        verb = self.chance.choice(["destroy", "destroy", "up"])
        operation = self.chance.choice(["DescribeClusters", "DeleteCluster", "CreateTags", "ModifyCluster"])
        when = self.chance.choice(["before", "after"])
        how = self.chance.choice(sorted(ENDS))
        before, due = self.ours(), self.recorded or self.due
        self.told.append(f"{verb}, {how} {when} {operation}")
        self.control.add_fault(operation, kind="delay", seconds=HELD_SECONDS, when=when)
        running = self.project.start(verb, "--yes", "--skip-preview", "--stack", self.stack.name)

        def struck() -> bool:
            faults = self.control.faults()
            return any(fault["struck"] for fault in faults) or running.process.poll() is not None

        until(struck, 90)
        providers: set[int] = set()
        if running.process.poll() is None:
            providers = {running.find_provider()}
            ENDS[how](running)
        done = running.end(120)
        made = self.project.changing_calls()
        self.control.clear_faults()
        if how in ("SIGKILL", "SIGHUP"):
            # The call that was held had been sent before; nothing else may follow it.
            for provider in providers:
                until(lambda provider=provider: not alive(provider), ORPHAN_SECONDS)  # type: ignore[misc]
            extra = self.project.changing_calls()[len(made) :]
            self.must(len(extra) <= 1, f"an orphan went on: {extra}")
        elif how == "both":
            # The call that was held is logged when it is answered, be its caller dead.
            time.sleep(HELD_SECONDS)
        running.close()
        self.project.keep_promises(done.output)
        self.project.run("cancel", "--yes", "--stack", self.stack.name)
        if verb == "up" and done.code == 0:
            self.recorded = self.due
        self.told.append(f"  -> {done.code}")
        self.judge(before, due=due)

    # --- everybody else ---

    def wild(self) -> None:
        """Somebody else does something to the cluster."""
        self.honest = self.mild = False
        action = self.chance.choice(
            [self.vanish, self.begin_again, self.rename, self.snapshot, self.give_up, self.spoil, self.write]
        )
        self.told.append(action.__name__)
        action()

    def _there(self) -> bool:
        found = self.control.state()["clusters"].get(NAME)
        return found is not None and found["shown_status"] == "available"

    def vanish(self) -> None:
        """Somebody deletes it without a snapshot."""
        if self._there():
            self.control.remove_cluster(NAME)

    def begin_again(self) -> None:
        """Somebody's cluster takes its name."""
        self.vanish()
        redshift = self.project.redshift()
        if NAME not in self.control.state()["clusters"]:
            redshift.create_cluster(
                ClusterIdentifier=NAME,
                NodeType="ra3.xlplus",
                ClusterType="single-node",
                MasterUsername="admin",
                MasterUserPassword="Somebody-Elses-1",
                Tags=[{"Key": "owner", "Value": "somebody"}],
            )
            found = self.control.state()["clusters"][NAME]
            self.strangers[found["namespace"]] = found

    def rename(self) -> None:
        """Somebody renames it, or back."""
        here, there = (NAME, "elsewhere") if self._there() else ("elsewhere", NAME)
        if here in self.control.state()["clusters"] and there not in self.control.state()["clusters"]:
            self.project.redshift().modify_cluster(ClusterIdentifier=here, NewClusterIdentifier=there)
            time.sleep(1)

    def snapshot(self) -> None:
        """Somebody takes a snapshot by hand, under a name that the policy would give."""
        if self._there():
            stamp = f"{datetime.now(timezone.utc):%Y%m%dt%H%M%Sz}"
            self.project.redshift().create_cluster_snapshot(
                ClusterIdentifier=NAME, SnapshotIdentifier=f"warehouse-prod-{NAME}-final-{stamp}"
            )
            self.by_hand = True
            time.sleep(1)

    def give_up(self) -> None:
        """AWS will give the next deletion up, before its snapshot or after it."""
        if self._there():
            outcome = self.chance.choice(
                ["cluster-returns", "cluster-returns-after-snapshot", "cluster-gone"]
            )
            self.control.fail_next_snapshot(NAME, outcome)

    def spoil(self) -> None:
        """The receipts are of another machine."""
        for receipt in self.project.receipts_folder.glob("*.json"):
            receipt.unlink()

    def write(self) -> None:
        """Somebody writes data."""
        if self._there():
            self.control.set_marker(NAME, f"written {self.chance.random()}")

    # --- a history ---

    def play(self) -> None:
        """Play a history to its end: where nobody but engines ended, the last destroy ends well."""
        kind = self.chance.choice(["honest", "mild", "mild", "wild", "wild"])
        self.begin()
        for _ in range(self.chance.randint(3, 5)):
            choices: list[Callable[[], object]] = [
                *(self.up, self.destroy, self.refresh, self.preview, self.resize),
                lambda: self.edit(due=self.chance.random() < 0.6),
            ]
            if kind != "honest":
                choices += [self.interrupted] * 4
            if kind == "wild":
                choices += [self.wild] * 5
            self.chance.choice(choices)()
        last = self.stack.destroy()
        self.told.append(f"destroy -> {last.code} {last.output if last.code else ''}")
        self.must(last.code == 0 or not self.mild, "destroy does not end well after kills alone")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Stack]]:
    """One project and stack for all histories: each begins where nothing is in AWS or in the state."""
    with Emulator(speed=SPEED) as emulator:
        project = Project(tmp_path_factory.mktemp("histories"), emulator)
        yield project, project.stack("prod")
        assert refused(emulator.control.calls()) == []


def _play(scene: tuple[Project, Stack], number: int) -> None:
    project, stack = scene
    for name, resource in stack.state().items():
        # A history may leave what destroy rightly refuses.
        stack.pulumi("state", "delete", "--yes", "--stack", stack.name, str(resource["urn"])).ok()
        assert name == NAME
    World(project, stack, random.Random(number)).play()  # noqa: S311 - chance that can be repeated


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", SLICE)
def test_a_history_on_the_engine(scene: tuple[Project, Stack], number: int) -> None:
    """Three histories of every run, the same ones."""
    _play(scene, number)


@of_the_long_ones
@pytest.mark.timeout(0)
@pytest.mark.parametrize("number", range(MANY))
def test_histories_on_the_engine(scene: tuple[Project, Stack], number: int) -> None:
    """Two hundred others every night; REDSHIFT_TEARDOWN_SEED plays one again."""
    del number
    seed = int(os.environ.get("REDSHIFT_TEARDOWN_SEED") or secrets.randbelow(2**40))
    try:
        _play(scene, seed)
    except BaseException:
        print(f"seed {seed}")  # noqa: T201 - shown with the failure
        raise
