"""What measurements run on: an emulator in a process of its own, and stacks of clusters on the real engine.

Also what `tests/scale` runs on, so that a measurement and the test of it cannot differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from redshift_teardown.emulator import Control
from tools.pulumi import engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from redshift_teardown.emulator.calls import CallRecord

REGION = "eu-central-1"
PARALLEL = 256
TIMEOUT_SECONDS = 1800
SAMPLE_SECONDS = 0.25

POLICY = """\
version: 1
receipts: receipts
defaults:
  final_snapshot: {{retention_days: 35, tags: {{managed-by: redshift-teardown}}}}
  wait: {{timeout_hours: 24, poll_seconds: {poll_seconds:g}}}
environments:
  bench:
    stacks: [bench]
    skip: never
"""

PROGRAM = """\
from redshift_teardown import Cluster

for number in range({first}, {last}):
    Cluster(
        f"c{{number:03}}",
        cluster_identifier=f"c{{number:03}}",
        node_type="ra3.xlplus",
        number_of_nodes=2,
        master_username="admin",
        manage_master_password=True,
    )
"""


class StageError(Exception):
    """A measurement could not be made; the message says why."""


class Aws:
    """An emulator in a process of its own, so that its work is not counted as the provider's.

    Args:
        final_snapshot: Seconds that a final snapshot takes.
        deleting: Seconds that a cluster is deleting after it.
        megabytes: The size of a snapshot.

    """

    def __init__(self, *, final_snapshot: float, deleting: float, megabytes: float = 2_900_000) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "redshift_teardown.emulator"],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        self.url = line.rpartition(" ")[2].strip()
        if not self.url.startswith("http"):
            raise StageError("the emulator did not start: run `python -m redshift_teardown.emulator`")
        self.control = Control(self.url, region=REGION)
        self.control.set_lifecycle(
            creating=0,
            modifying=0,
            final_snapshot=final_snapshot,
            deleting=deleting,
            snapshot_megabytes=megabytes,
        )
        self.final_snapshot = final_snapshot
        self.deleting = deleting

    @property
    def nothing_but_aws(self) -> float:
        """Seconds that AWS itself takes for one destroy."""
        return self.final_snapshot + self.deleting

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the variables that lead every AWS client to it and to nothing else."""
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))},
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_CONFIG_FILE": str(folder / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=10)

    def __enter__(self) -> Aws:  # noqa: PYI034 - `Self` is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(frozen=True)
class Sample:
    """The provider processes at one moment: since the epoch, bytes of memory, seconds of CPU so far."""

    at: float
    memory: int
    cpu: float


@dataclass
class Run:
    """One run of a command.

    Attributes:
        seconds: How long it took.
        began: When it began, in seconds since the epoch.
        output: What it printed.
        calls: The calls to AWS it made.
        samples: What its provider process used; empty where there is no /proc.

    """

    seconds: float
    began: float
    output: str
    calls: Sequence[CallRecord]
    samples: Sequence[Sample] = ()

    def count(self, *operations: str) -> int:
        """Return how often operations were called, resent calls included."""
        return sum(call.operation in operations for call in self.calls)

    @property
    def describes(self) -> int:
        """How many calls only looked."""
        return self.count("DescribeClusters", "DescribeClusterSnapshots")

    @property
    def peak_memory(self) -> int:
        """The most memory the provider process had, in bytes; 0 where it is not known."""
        return max((sample.memory for sample in self.samples), default=0)

    @property
    def cpu_while_waiting(self) -> float:
        """CPU seconds a second, from when all were told to be deleted until the first snapshot was done."""
        sent = [call.time for call in self.calls if call.operation == "DeleteCluster"]
        tagged = [call.time for call in self.calls if call.operation == "CreateTags"]
        if not sent or not tagged:
            return 0.0
        between = [sample for sample in self.samples if max(sent) + 1 <= sample.at <= min(tagged) - 1]
        if len(between) < 2:  # noqa: PLR2004
            return 0.0
        return (between[-1].cpu - between[0].cpu) / (between[-1].at - between[0].at)


@dataclass
class Stack:
    """A stack of clusters called ``c000`` on.

    Args:
        aws: Where they live.
        folder: An empty folder for all of it.
        poll_seconds: The policy's.
        program: The program with ``{first}`` and ``{last}`` in it.
        checkpoints: Whether Pulumi writes its state before and after each operation, as it does by default.

    """

    aws: Aws
    folder: Path
    poll_seconds: float = 15
    program: str = PROGRAM
    checkpoints: bool = True
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay the project out and make the stack."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.project = self.folder / "project"
        (self.project / "policy").mkdir(parents=True)
        settings = {
            "name": "scale",
            "runtime": {"name": "python", "options": {"virtualenv": str(Path(sys.prefix))}},
        }
        (self.project / "Pulumi.yaml").write_text(json.dumps(settings))
        (self.project / "Pulumi.bench.yaml").write_text(json.dumps({"config": {"aws:region": REGION}}))
        policy = POLICY.format(poll_seconds=self.poll_seconds)
        (self.project / "policy" / "deletion-policy.yaml").write_text(policy)
        self.environment = {
            **self.aws.environment(self.folder),
            **engine.environment(self.folder / "state"),
            "PYTHONUNBUFFERED": "1",
        }
        if not self.checkpoints:
            self.environment |= {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
        self._write(0, 0)
        self.pulumi("stack", "init", "bench")

    def up(self, count: int, first: int = 0) -> Run:
        """Bring so many clusters up."""
        self._write(first, first + count)
        return self.pulumi("up", "--yes", "--skip-preview", "--parallel", str(PARALLEL))

    def preview(self, count: int) -> Run:
        """Preview bringing so many clusters up."""
        self._write(0, count)
        return self.pulumi("preview")

    def destroy(self, *extra: str) -> Run:
        """Destroy all of them."""
        return self.pulumi("destroy", "--yes", "--skip-preview", "--parallel", str(PARALLEL), *extra)

    def pulumi(self, *command: str) -> Run:
        """Run Pulumi to its end.

        Raises:
            StageError: It failed.

        """
        return run(
            ["pulumi", *command, "--non-interactive", "--color", "never"],
            self.aws,
            cwd=self.project,
            environment=self.environment,
        )

    def _write(self, first: int, last: int) -> None:
        (self.project / "__main__.py").write_text(self.program.format(first=first, last=last))


def run(
    command: Sequence[str], aws: Aws, *, cwd: Path, environment: Mapping[str, str], fails: bool = False
) -> Run:
    """Run a command to its end, and measure it.

    Args:
        command: The command.
        aws: Where it works; the log of calls is emptied first.
        cwd: Where it runs.
        environment: Its whole environment.
        fails: Whether it may fail.

    Raises:
        StageError: It failed.

    """
    aws.control.clear_calls()
    began, clock = time.time(), time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with _sampled(process.pid) as samples:
        try:
            output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            raise
    seconds = time.monotonic() - clock
    if process.returncode and not fails:
        raise StageError(f"{' '.join(command)} failed with {process.returncode}:\n{output}")
    return Run(seconds, began, output, aws.control.calls(), samples)


# --- what a provider process uses ---


@contextmanager
def _sampled(engine_pid: int) -> Iterator[list[Sample]]:
    """Sample the provider processes of an engine, where the system has /proc."""
    samples: list[Sample] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_SECONDS):
            found = [each for each in _descendants(engine_pid) if _is_provider(each)]
            if found:
                memory = sum(_memory(each) for each in found)
                samples.append(Sample(time.time(), memory, sum(_cpu(each) for each in found)))

    if not Path("/proc/self/stat").exists():
        yield samples
        return
    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, open_ = [], [pid]
    while open_:
        below = children.get(open_.pop(), [])
        found += below
        open_ += below
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name; none where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _is_provider(pid: int) -> bool:
    try:
        return b"pulumi.dynamic" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _memory(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _cpu(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0
