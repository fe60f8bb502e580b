"""The engine a clone uses: found where installed, built where not, and the environment for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tools.pulumi import engine

if TYPE_CHECKING:
    from pathlib import Path


def _executable(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with nothing set up, in a folder whose name has a space."""
    clone = tmp_path / "my clone"
    shutil.copytree(engine.SOURCE, clone / "tools" / "pulumi", ignore=shutil.ignore_patterns("__pycache__"))
    return clone


def _engine(clone: Path, command: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, clone / "tools" / "pulumi" / "engine.py", command],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_go_is_one_clear_line(clone: Path, tmp_path: Path) -> None:
    """Neither Pulumi nor Go on PATH: exit code 1 and one line that says what to install."""
    result = _engine(clone, "ensure", tmp_path / "empty")

    assert result.returncode == 1
    assert result.stderr == (
        "error: No Pulumi on PATH, and no Go to build it with: "
        "install Pulumi, or Go 1.25.11 or newer, and try again.\n"
    )


@pytest.mark.parametrize(
    ("go_says", "user_reads"),
    [
        ("go: github.com/x@v1: Get: dial tcp: lookup example.invalid: no such host", "no network?"),
        ("go: go.mod requires go >= 1.25.11 (running go 1.22.1; GOTOOLCHAIN=local)", "too old"),
        ("go: errors parsing go.mod:\ngo.mod:5: unknown directive: tool", "too old"),
        ("x.go:1:2: undefined: thing", "x.go:1:2: undefined: thing"),
    ],
)
def test_a_failed_build_is_one_clear_line(clone: Path, tmp_path: Path, go_says: str, user_reads: str) -> None:
    """Whatever Go says when it fails, the user reads one line about it, and nothing half-made stays."""
    _executable(tmp_path / "bin" / "go", f"printf '%s\\n' '{go_says}' >&2; exit 1")

    result = _engine(clone, "ensure", tmp_path / "bin")

    building, *rest = result.stderr.splitlines()
    assert result.returncode == 1
    assert building.startswith("Building the Pulumi engine v3.")
    assert len(rest) == 1
    assert rest[0].startswith("error: ")
    assert user_reads in rest[0]
    assert sorted(entry.name for entry in (clone / ".pulumi-engine" / "bin").iterdir()) == sorted(
        engine.STAND_INS
    )


def test_built_once(clone: Path, tmp_path: Path) -> None:
    """The first `ensure` builds and says so; the second is silent; a changed go.sum builds again."""
    _executable(tmp_path / "bin" / "go", 'while [ "$1" != -o ]; do shift; done; echo built > "$2"')

    first = _engine(clone, "ensure", tmp_path / "bin")
    second = _engine(clone, "ensure", tmp_path / "bin")
    with (clone / "tools" / "pulumi" / "go.sum").open("a") as sums:
        sums.write("\n")
    third = _engine(clone, "ensure", tmp_path / "bin")

    assert [first.returncode, second.returncode, third.returncode] == [0, 0, 0]
    assert [result.stdout for result in (first, second, third)] == ["", "", ""]
    assert second.stderr == ""
    assert first.stderr == third.stderr != ""
    assert (clone / ".pulumi-engine" / "bin" / "pulumi").read_text() == "built\n"


def test_an_installed_pulumi_is_used(clone: Path, tmp_path: Path) -> None:
    """With CLI and language host on PATH nothing is built, and the clone's own engine is not on PATH."""
    _executable(tmp_path / "bin" / "pulumi", "exit 0")
    _executable(tmp_path / "bin" / "pulumi-language-python", "exit 0")

    result = _engine(clone, "ensure", tmp_path / "bin")

    assert (result.returncode, result.stderr) == (0, "")
    assert not (clone / ".pulumi-engine").exists()
    variables = engine.environment(state=tmp_path / "state", path=str(tmp_path / "bin"))
    assert variables["PATH"] == os.pathsep.join([str(engine.VENV_BIN), str(tmp_path / "bin")])


def test_a_cli_without_its_language_host_does_not_count(tmp_path: Path) -> None:
    """`pulumi` alone on PATH cannot run a Python program, so the clone's own engine comes first."""
    _executable(tmp_path / "bin" / "pulumi", "exit 0")

    variables = engine.environment(state=tmp_path / "state", path=str(tmp_path / "bin"))

    assert engine.installed(str(tmp_path / "bin")) is None
    assert variables["PATH"].split(os.pathsep) == [
        str(engine.VENV_BIN),
        str(engine.BIN),
        str(tmp_path / "bin"),
    ]


def test_the_environment_is_stable(tmp_path: Path) -> None:
    """Asking again from inside the environment gives the same one: PATH does not grow."""
    once = engine.environment(state=tmp_path / "state")
    twice = engine.environment(state=tmp_path / "state", path=once["PATH"])

    assert once == twice


def test_exports_survive_eval(tmp_path: Path) -> None:
    """A folder with spaces and quotes in its name comes out of a shell's `eval` as it went in."""
    state = tmp_path / "it's a state"
    variables = engine.environment(state=state)

    shell = subprocess.run(
        ["/bin/sh", "-c", 'eval "$1"; printf %s "$PULUMI_HOME"', "sh", engine.exports(variables)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert shell.stdout == str(state / "home")


def test_a_copied_project_forgets_the_stacks_of_the_clone(tmp_path: Path) -> None:
    """The copy is complete, and free of the salt that `pulumi stack init` leaves in a settings file."""
    copy = engine.copy_project(tmp_path / "copy")

    settings = "".join(file.read_text() for file in copy.glob("Pulumi.*.yaml"))
    assert {file.name for file in copy.glob("Pulumi*.yaml")} == {
        file.name for file in engine.CLONE.glob("Pulumi*.yaml")
    }
    assert "encryptionsalt" not in settings
    assert "aws:region" in settings
    assert (copy / "policy" / "PulumiPolicy.yaml").is_file()
    assert (copy / ".venv" / "bin" / "python").exists()
