"""Drives the real engine: a project in a folder of its own, its stacks, and what the pack says about them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.pack.wire import PACK, POLICIES, ROOT
from tools.pulumi import engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PACKAGES = ("aws", "aws-native")
TIMEOUT_SECONDS = 240

PROGRAM = """\
import sys

sys.path.insert(0, {root!r})

from tests.pack import rows

rows.run()
"""


@dataclass(frozen=True, order=True)
class Finding:
    """One thing the pack said, without its text."""

    policy: str
    resource: str
    enforcement: str


@dataclass(frozen=True)
class Result:
    """How a run of the engine ended.

    Attributes:
        code: The exit code.
        output: What it printed.
        findings: What the pack said.
        messages: The strings, by policy and resource.
    """

    code: int
    output: str
    findings: tuple[Finding, ...]
    messages: Mapping[tuple[str, str], str]


class Project:
    """A Pulumi project whose program makes the rows of `tests/pack/rows.py`.

    Args:
        folder: Where to make it.
        endpoint: The URL of an emulated AWS; None leaves the program without any.
    """

    def __init__(self, folder: Path, endpoint: str | None) -> None:
        self.folder = folder / "project"
        self._bin = folder / "bin"
        self._endpoint = endpoint
        self._log = folder / "events.json"
        self._state = folder / "state"
        self.folder.mkdir()
        self._bin.mkdir()
        settings = {"name": "warehouse", "runtime": {"name": "python", "options": {"virtualenv": _venv()}}}
        (self.folder / "Pulumi.yaml").write_text(json.dumps(settings))
        (self.folder / "__main__.py").write_text(PROGRAM.format(root=str(ROOT)))
        for file in POLICIES.glob("*.yaml"):
            (self.folder / file.name).write_bytes(file.read_bytes())

    def init(self, stack: str, *, account: str, config: Mapping[str, str]) -> None:
        """Make a stack.

        Args:
            stack: Its name.
            account: The AWS account its credentials are for.
            config: Its configuration.
        """
        for package in PACKAGES:
            script = self._bin / f"pulumi-resource-{package}"
            double = ROOT / "tests" / "pack" / "provider_double.py"
            command = f'exec "{sys.executable}" "{double}" {package} {account} "$@"'
            script.write_text(f"#!/bin/sh\n{command}\n")
            script.chmod(0o755)
        self.pulumi("stack", "init", stack, account=account)
        for key, value in config.items():
            self.pulumi("config", "set", "--stack", stack, key, value, account=account)

    def preview(self, stack: str, *, account: str, pack: Path | None = None, phase: int = 1) -> Result:
        """Preview a stack with the pack.

        Args:
            stack: The stack.
            account: The AWS account the credentials are for.
            pack: The file with the pack's configuration.
            phase: Which version of the program to run.
        """
        return self._judged("preview", stack, account=account, pack=pack, phase=phase)

    def up(self, stack: str, *, account: str, phase: int = 1, pack: Path | None = None) -> Result:
        """Bring a stack up; without the pack unless its configuration is given."""
        extra = [] if pack is None else [*_with_pack(pack)]
        command = ["up", "--yes", "--skip-preview", "--stack", stack, "--parallel", "40", *extra]
        return self._result(command, account=account, phase=phase)

    def analyze(self, stack: str, *, account: str, pack: Path | None = None) -> Result:
        """Have the pack judge the state of a stack."""
        done = self._run(
            ["policy", "analyze", "--json", "--stack", stack, *_with_pack(pack)], account=account, phase=1
        )
        return _read(done, done.stdout)

    def analyze_file(self, state: Path, *, pack: Path | None = None) -> Result:
        """Have the pack judge an exported state, with no stack and no backend at hand."""
        done = self._run(
            ["policy", "analyze", "--json", "--file", str(state), *_with_pack(pack)], account="", phase=1
        )
        return _read(done, done.stdout)

    def pulumi(self, *command: str, account: str) -> str:
        """Run any command of the CLI, which must succeed; gives what it prints."""
        done = self._run(list(command), account=account, phase=1)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _judged(self, verb: str, stack: str, *, account: str, pack: Path | None, phase: int) -> Result:
        return self._result([verb, "--stack", stack, *_with_pack(pack)], account=account, phase=phase)

    def _result(self, command: list[str], *, account: str, phase: int) -> Result:
        self._log.unlink(missing_ok=True)
        done = self._run([*command, "--event-log", str(self._log)], account=account, phase=phase)
        return _read(done, self._log.read_text() if self._log.exists() else "")

    def _run(self, command: list[str], *, account: str, phase: int) -> subprocess.CompletedProcess[str]:
        variables = engine.environment(self._state)
        search = os.pathsep.join([str(self._bin), variables["PATH"]])
        credentials = {
            "AWS_ACCESS_KEY_ID": f"AKIA{account}TEST",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            # Makes the engine know --event-log.
            "PULUMI_DEBUG_COMMANDS": "1",
            # The rows define a dynamic resource, whose provider is looked up by name.
            "PYTHONPATH": str(ROOT),
            **({"AWS_ENDPOINT_URL": self._endpoint} if self._endpoint else {}),
        }
        return subprocess.run(
            ["pulumi", "--non-interactive", "--color", "never", *command],
            cwd=self.folder,
            env={**os.environ, **variables, "PATH": search, **credentials, "ROWS_PHASE": str(phase)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )


def _venv() -> str:
    return str(ROOT / ".venv")


def _with_pack(config: Path | None) -> list[str]:
    return ["--policy-pack", str(PACK), *(["--policy-pack-config", str(config)] if config else [])]


def _read(done: subprocess.CompletedProcess[str], events: str) -> Result:
    said = list(_violations(events))
    return Result(
        code=done.returncode,
        output=done.stdout + done.stderr,
        findings=tuple(sorted(finding for finding, _ in said)),
        messages={(finding.policy, finding.resource): message for finding, message in said},
    )


def _violations(events: str) -> Iterator[tuple[Finding, str]]:
    for line in events.splitlines():
        event: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
        policy = event.get("policyEvent")
        if policy:
            name = str(policy.get("resourceUrn", "")).rpartition("::")[2]
            finding = Finding(policy["policyName"], name, policy["enforcementLevel"])
            yield finding, policy["message"]
