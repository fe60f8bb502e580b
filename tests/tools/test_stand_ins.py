"""The stand-ins for Pulumi's Python host, under the real engine: they run things, and are never heard."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.long import of_the_long_ones
from tools.pulumi import engine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(engine.installed() is not None, reason="Pulumi's own hosts are installed"),
]

RESOURCE = """
import time
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

class Provider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        return CreateResult("id", props)

    def delete(self, id, props):
        time.sleep(props["seconds"])

class Slow(Resource):
    def __init__(self, name, seconds):
        super().__init__(Provider(), name, {"seconds": seconds})
"""

PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def patient(args, report):
    if args.props.get("seconds", 0) > 100:
        report("too slow")

PolicyPack("pack", policies=[ResourceValidationPolicy(
    name="patience", description="Nothing takes 100 seconds.", validate=patient,
    enforcement_level=EnforcementLevel.MANDATORY)])
"""


class Project:
    """A scratch Pulumi project with one stack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a project"
        (self.folder / "pack").mkdir(parents=True)
        runtime = f"runtime: {{name: python, options: {{virtualenv: '{engine.VENV_BIN.parent}'}}}}\n"
        (self.folder / "Pulumi.yaml").write_text(f"name: scratch\n{runtime}")
        (self.folder / "pack" / "PulumiPolicy.yaml").write_text(runtime)
        (self.folder / "pack" / "__main__.py").write_text(PACK)
        (self.folder / "slow.py").write_text(RESOURCE)
        self.environment = {
            **os.environ,
            **engine.environment(folder / "state"),
            "PYTHONPATH": str(self.folder),
        }
        self.pulumi("stack", "init", "dev")

    def program(self, text: str) -> None:
        """Write the program."""
        (self.folder / "__main__.py").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Pulumi in a process group of its own, as a shell does."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *arguments: str) -> tuple[int, str]:
        """Run Pulumi to its end: exit code and everything it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=120)
        return process.returncode, output


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project in a folder whose name has a space."""
    return Project(tmp_path)


def test_a_run_error_is_its_message_alone(project: Project) -> None:
    """A `RunError` reaches the user as written, without a traceback and only once."""
    project.program("import pulumi\nraise pulumi.RunError('the file is broken:\\n  line 3')\n")

    code, output = project.pulumi("preview")

    assert code != 0
    assert "error: the file is broken:\n      line 3" in output
    assert "Traceback" not in output
    assert output.count("line 3") == 1


def test_a_traceback_shows_the_program_only(project: Project) -> None:
    """Any other exception shows its traceback from the program's own line on, nothing of the host."""
    project.program("def f():\n    return 1 / 0\n\nf()\n")

    code, output = project.pulumi("preview")

    assert code != 0
    assert "ZeroDivisionError" in output
    assert f'File "{project.folder}/__main__.py", line 4' in output
    assert "language_exec" not in output
    assert "runpy" not in output


def test_a_pack_blocks_and_its_environment_counts(project: Project) -> None:
    """A policy pack started through the stand-in sees resources and blocks the preview."""
    project.program("from slow import Slow\nSlow('one', seconds=101)\n")

    code, output = project.pulumi("preview", "--policy-pack", "pack")

    assert code != 0
    assert "[mandatory]  patience" in output
    assert "too slow" in output


def test_a_missing_virtualenv_is_named(project: Project) -> None:
    """A virtual environment that is not there is named, with the remedy, and nothing else is said."""
    settings = project.folder / "Pulumi.yaml"
    settings.write_text("name: scratch\nruntime: {name: python, options: {virtualenv: nowhere}}\n")
    project.program("")

    code, output = project.pulumi("preview")

    assert code != 0
    assert 'The virtualenv "nowhere"' in output
    assert "make setup" in output
    assert "Traceback" not in output


def test_ctrl_c_in_a_slow_delete_is_quiet(project: Project) -> None:
    """Ctrl-C while a resource is deleted ends in Pulumi's own words, without a traceback."""
    project.program("from slow import Slow\nSlow('one', seconds=4)\n")
    assert project.pulumi("up", "--yes", "--skip-preview")[0] == 0
    process = project.start("destroy", "--yes", "--skip-preview")
    assert process.stdout is not None
    printed = ""
    while "deleting" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    time.sleep(1)

    os.killpg(process.pid, signal.SIGINT)

    rest, _ = process.communicate(timeout=60)
    printed += rest
    assert "^C received" in printed
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed


@of_the_long_ones
def test_ctrl_c_in_a_slow_program_is_quiet(project: Project) -> None:
    """Ctrl-C while the program runs stops it at once, without a traceback of program or host."""
    project.program("import time\nprint('program is up', flush=True)\ntime.sleep(60)\n")
    process = project.start("preview")
    assert process.stdout is not None
    printed = ""
    while "program is up" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line

    os.killpg(process.pid, signal.SIGINT)

    rest, _ = process.communicate(timeout=30)
    printed += rest
    assert process.returncode != 0
    assert "Traceback" not in printed
    assert "KeyboardInterrupt" not in printed


def test_a_killed_engine_leaves_no_host_behind(project: Project) -> None:
    """After `kill -9` of the engine its language host, and the program it ran, end by themselves."""
    project.program(
        "import os, time\nprint('processes', os.getppid(), os.getpid(), flush=True)\ntime.sleep(60)\n"
    )
    process = project.start("preview")
    assert process.stdout is not None
    line = ""
    while "processes" not in line:
        line = process.stdout.readline()
        assert line
    started = [int(word) for word in line.split("processes ")[1].split()]

    process.kill()
    process.wait()
    process.stdout.close()

    deadline = time.monotonic() + 15
    while alive := [pid for pid in started if _is_alive(pid)]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has reaped yet is dead enough.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip() != "" and not state.stdout.startswith("Z")
