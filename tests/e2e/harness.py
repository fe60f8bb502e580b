"""Drives the real engine: a copy of the project with its own backend, its own AWS, and nobody's credentials.

Whatever is run here is held to two promises at once: no Python traceback reaches the user, and no password
is in clear anywhere - not in what was printed, not in a state, its history or its backups, not in a receipt.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import yaml
from botocore.config import Config

from redshift_teardown.emulator.accounts import DEFAULT_ACCOUNT
from tools.pulumi import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from types_boto3_redshift import RedshiftClient
    from types_boto3_redshift.type_defs import SnapshotTypeDef

    from redshift_teardown.emulator import Control, Emulator

REGION = "eu-central-1"
TYPE = "pulumi-python:dynamic/redshift:Cluster"
PLAIN_PASSWORD = "Written-In-The-Program-1"
SECRET_PASSWORD = "Kept-In-The-Configuration-2"
NEW_PASSWORD = "Changed-Later-On-3"
PASSWORDS = (PLAIN_PASSWORD, SECRET_PASSWORD, NEW_PASSWORD)

_TIMEOUT_SECONDS = 180
_MARKUP = re.compile(r"<\{%.*?%\}>")


@dataclass(frozen=True)
class Run:
    """How one run of the engine ended.

    Attributes:
        code: The exit code.
        output: What it printed, both streams.
        events: The engine's own events, in order.
    """

    code: int
    output: str
    events: tuple[Mapping[str, Any], ...] = ()

    @property
    def steps(self) -> dict[str, str]:
        """What was, or would be, done to each cluster: ``create``, ``same``, ``update`` …, by name."""
        found: dict[str, str] = {}
        for event in self.events:
            step = event.get("resourcePreEvent", {}).get("metadata", {})
            if step.get("type") == TYPE:
                name = str(step["urn"]).rpartition("::")[2]
                found[name] = str(step["op"])
        return found

    def said(self, severity: str) -> list[str]:
        """The messages of a severity that stay in the output, without colours."""
        return [
            _MARKUP.sub("", str(event["diagnosticEvent"]["message"])).strip()
            for event in self.events
            if event.get("diagnosticEvent", {}).get("severity") == severity
            and not event["diagnosticEvent"].get("ephemeral")
        ]

    @property
    def error(self) -> str:
        """The one error, without ``error:`` before it; exactly one must be there."""
        errors = [text.removeprefix("error: ") for text in self.said("error")]
        # The engine adds one of its own on top: that something failed.
        own = [text for text in errors if text not in {"update failed", "preview failed", "refresh failed"}]
        assert len(own) == 1, f"expected one error, not {own}\n{self.output}"
        return own[0]

    @property
    def errors(self) -> dict[str, str]:
        """The errors of clusters, by the resource's name, without ``error:`` before them."""
        found: dict[str, str] = {}
        for event in self.events:
            said = event.get("diagnosticEvent", {})
            if said.get("severity") == "error" and TYPE in said.get("urn", ""):
                name = str(said["urn"]).rpartition("::")[2]
                found[name] = _MARKUP.sub("", str(said["message"])).strip().removeprefix("error: ")
        return found

    def ok(self) -> Run:
        """Return the run itself, which must have ended well."""
        assert self.code == 0, self.output
        return self

    def failed(self) -> Run:
        """Return the run itself, which must have failed."""
        assert self.code != 0, self.output
        return self


@dataclass
class Running:
    """A run under way."""

    process: subprocess.Popen[str]
    providers: set[int] = field(default_factory=set)
    _lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read along, so that the pipe never fills."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return "".join(self._lines)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Wait until it has printed a text."""
        until(lambda: text in self.output or self.process.poll() is not None, seconds)
        assert text in self.output, self.output

    def find_provider(self) -> int:
        """Find the process of the provider that this run has started."""
        until(lambda: bool(_providers_of(self.process.pid)))
        found = _providers_of(self.process.pid)
        self.providers |= found
        (provider,) = found
        return provider

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal sends it to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Kill it and its provider, both of which this run has started."""
        for process in (self.process.pid, *_providers_of(self.process.pid)):
            os.kill(process, signal.SIGKILL)

    def end(self, seconds: float = 90) -> Run:
        """Wait for its end."""
        self.process.wait(timeout=seconds)
        # A provider that outlives a killed engine holds the pipe open: what was printed until now is all.
        self._reader.join(timeout=2)
        return Run(self.process.returncode, self.output)

    def end_by_force(self) -> None:
        """Kill whatever process of it is left, a provider that was found earlier too, and close it."""
        for process in (self.process.pid, *self.providers):
            kill(process)
        self.close()

    def close(self) -> None:
        """Let go of its output, when nothing of it runs any more."""
        self.process.wait(timeout=10)
        self._reader.join(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()


def _providers_of(parent: int) -> set[int]:
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return {int(pid) for pid, above, command in rows if int(above) == parent and "pulumi.dynamic" in command}


def kill(process: int) -> None:
    """Kill a process, if it is still there."""
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def alive(process: int) -> bool:
    """Whether a process runs; one that is dead and not yet fetched by its parent does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def until(met: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until a condition is met; fails when it is not in time."""
    limit = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < limit, f"not met within {seconds} s: {met}"
        time.sleep(0.05)


class Project:
    """A copy of the project in a folder of its own.

    Args:
        folder: An empty folder.
        emulator: The AWS it works in.
    """

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = engine.copy_project(folder / "project")
        self.emulator = emulator
        self.receipts_folder = self.folder / ".redshift-teardown" / "receipts"
        self._state = folder / "state"
        self._events = folder / "events.json"
        nowhere = str(folder / "nowhere")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))},
            **engine.environment(self._state),
            # Makes the engine know --event-log.
            "PULUMI_DEBUG_COMMANDS": "1",
            "AWS_ENDPOINT_URL": emulator.url,
            "AWS_SECRET_ACCESS_KEY": "secret",
            # A developer's own profile must never be found.
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        self.be(DEFAULT_ACCOUNT)

    def be(self, account: str) -> None:
        """Use credentials of an AWS account from now on."""
        self.account = account
        self.environment["AWS_ACCESS_KEY_ID"] = f"AKIA{account}TEST"

    # --- what the user writes ---

    def program(self, text: str) -> None:
        """Write the program."""
        (self.folder / "__main__.py").write_text(text, encoding="utf-8")

    @property
    def policy_file(self) -> Path:
        """The deletion policy."""
        return self.folder / "policy" / "deletion-policy.yaml"

    def policy(self, text: str) -> None:
        """Write the deletion policy."""
        self.policy_file.write_text(text, encoding="utf-8")

    def edit_policy(self, old: str, new: str) -> None:
        """Edit the deletion policy; what is to be replaced must be there once."""
        text = self.policy_file.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in\n{text}"
        self.policy(text.replace(old, new))

    def stack(self, name: str, **config: Any) -> Stack:
        """Make a stack; its configuration is the committed one of that name, with this on top."""
        stack = Stack(self, name)
        stack.configure({"aws:region": REGION, **config})
        stack.pulumi("stack", "init", name).ok()
        return stack

    # --- the engine ---

    def run(self, *command: str, log: bool = False) -> Run:
        """Run Pulumi to its end."""
        self._events.unlink(missing_ok=True)
        extra = ["--event-log", str(self._events)] if log else []
        running = self.start(*command, *extra)
        try:
            done = running.end(_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            pytest.fail(
                f"pulumi {' '.join(command)} did not end within {_TIMEOUT_SECONDS} s\n{running.output}"
            )
        running.close()
        lines = self._events.read_text("utf-8").splitlines() if self._events.exists() else []
        # What the engine says to its own developers is no part of what a user reads.
        shown = [line for line in lines if '"severity":"debug"' not in line]
        self.keep_promises(done.output, "\n".join(shown))
        return Run(done.code, done.output, tuple(json.loads(line) for line in shown))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the product's own command line."""
        return subprocess.run(
            [sys.executable, "-m", "redshift_teardown.cli", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *command: str) -> Running:
        """Start Pulumi in a process group of its own, as a shell does."""
        process = subprocess.Popen(
            self._command(*command),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Tests that run under nohup would have it ignore a hang-up.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - no thread is needed
        )
        return Running(process)

    @staticmethod
    def _command(*command: str) -> list[str]:
        return ["pulumi", "--non-interactive", "--color", "never", *command]

    def keep_promises(self, *strings: str) -> None:
        """Assert that no text holds a traceback or a password, and no file that was left a password."""
        for text in strings:
            assert "Traceback" not in text, text
        written = [
            file.read_text("utf-8", "replace")
            for folder in (self._state, self.receipts_folder)
            for file in folder.rglob("*")
            if file.is_file()
        ]
        for text in (*strings, *written):
            found = [password for password in PASSWORDS if password in text]
            assert found == [], text

    # --- what there is ---

    @property
    def control(self) -> Control:
        """Steers the emulator, in this project's account and region."""
        return self.emulator.control.at(self.account, REGION)

    def redshift(self, region: str = REGION) -> RedshiftClient:
        """A client of boto3 itself, to ask AWS without the product in between."""
        client: RedshiftClient = boto3.client(
            "redshift",
            region_name=region,
            endpoint_url=self.emulator.url,
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
        )
        return client

    def clusters(self) -> set[str]:
        """The identifiers of all clusters there are."""
        return {cluster["ClusterIdentifier"] for cluster in self.redshift().describe_clusters()["Clusters"]}

    def snapshots(self, cluster: str) -> list[SnapshotTypeDef]:
        """The manual snapshots of a cluster, oldest first, as AWS itself tells them."""
        found = self.redshift().describe_cluster_snapshots(
            ClusterIdentifier=cluster, SnapshotType="manual", MaxRecords=100
        )["Snapshots"]
        return sorted(found, key=lambda snapshot: snapshot["SnapshotCreateTime"])

    def snapshot(self, cluster: str) -> SnapshotTypeDef:
        """The one manual snapshot of a cluster: exactly one must be there."""
        found = self.snapshots(cluster)
        assert len(found) == 1, found
        return found[0]

    def changing_calls(self) -> list[str]:
        """The operations called since the log was cleared that change something."""
        return [
            call.operation
            for call in self.control.calls()
            if call.service == "redshift" and not call.operation.startswith("Describe")
        ]

    def receipts(self) -> list[dict[str, Any]]:
        """Every receipt, oldest first."""
        found = [json.loads(file.read_text("utf-8")) for file in self.receipts_folder.glob("*.json")]
        return sorted(found, key=lambda receipt: str(receipt["started"]))


@dataclass(frozen=True)
class Stack:
    """One stack of a project."""

    project: Project
    name: str

    @property
    def _settings(self) -> Path:
        return self.project.folder / f"Pulumi.{self.name}.yaml"

    def configure(self, config: Mapping[str, Any]) -> None:
        """Set configuration; None takes a key away."""
        text = self._settings.read_text("utf-8") if self._settings.exists() else ""
        settings = yaml.safe_load(text) or {}
        merged = {**settings.get("config", {}), **config}
        settings["config"] = {key: value for key, value in merged.items() if value is not None}
        self._settings.write_text(yaml.safe_dump(settings), encoding="utf-8")

    def secret(self, key: str, value: str) -> None:
        """Set a secret in the configuration."""
        self.pulumi("config", "set", "--secret", "--stack", self.name, key, value).ok()

    def pulumi(self, *command: str) -> Run:
        """Run any command of the CLI."""
        return self.project.run(*command)

    def preview(self, *extra: str) -> Run:
        """Run ``pulumi preview``."""
        return self.project.run("preview", "--stack", self.name, *extra, log=True)

    def judged(self) -> Run:
        """Run ``pulumi preview`` with the project's policy pack."""
        return self.preview("--policy-pack", "policy")

    def up(self, *extra: str) -> Run:
        """Run ``pulumi up``."""
        return self._do("up", *extra)

    def refresh(self) -> Run:
        """Run ``pulumi refresh``."""
        return self._do("refresh")

    def destroy(self, *extra: str) -> Run:
        """Run ``pulumi destroy``."""
        return self._do("destroy", *extra)

    def _do(self, verb: str, *extra: str) -> Run:
        return self.project.run(verb, "--yes", "--skip-preview", "--stack", self.name, *extra, log=True)

    def start_destroy(self) -> Running:
        """Start ``pulumi destroy``."""
        return self.project.start("destroy", "--yes", "--skip-preview", "--stack", self.name)

    def exported(self) -> dict[str, Any]:
        """The whole state, as `pulumi stack export` writes it."""
        read: dict[str, Any] = json.loads(self.pulumi("stack", "export", "--stack", self.name).ok().output)
        return read

    def take_state(self, file: Path) -> None:
        """Put a state in the place of this stack's: `pulumi stack import`."""
        self.pulumi("stack", "import", "--stack", self.name, "--file", str(file)).ok()

    def state(self) -> dict[str, dict[str, Any]]:
        """Every cluster of the exported state, by name."""
        return dict(self._clusters(self.exported()))

    @staticmethod
    def _clusters(exported: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for resource in exported["deployment"].get("resources") or []:
            if resource["type"] == TYPE:
                yield str(resource["urn"]).rpartition("::")[2], resource


# --- programs ---


class Code(str):
    """A piece of Python, where a program's text would otherwise hold a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def cluster(name: str, **arguments: Any) -> str:
    """Write the resource of a small cluster called like itself; None leaves an argument out."""
    given: dict[str, Any] = {
        "cluster_identifier": name,
        "node_type": "ra3.xlplus",
        "number_of_nodes": 2,
        "master_username": "admin",
        "manage_master_password": True,
        **arguments,
    }
    if not {"master_password", "master_password_wo"}.isdisjoint(arguments):
        del given["manage_master_password"]
    written = [f"    {key}={value!r},\n" for key, value in given.items() if value is not None]
    return f"Cluster(\n    {name!r},\n{''.join(written)})\n"


def program(*resources: str) -> str:
    """Write a program of resources."""
    head = "import pulumi\n\nfrom redshift_teardown import Cluster\n\nconfig = pulumi.Config()\n\n"
    return head + "\n".join(resources)
