"""Write the fixtures of one commit: `python -m tests.e2e.old_states.write WORKTREE [SHAPE …]`; see README.md.

WORKTREE is a checkout of the commit. The engine, the emulator and the programs are those of this clone; the
package that the program and the provider import is the worktree's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from redshift_teardown.emulator import Emulator
from tests.e2e.harness import Project, Stack
from tests.e2e.old_states.shapes import MARKER, NAME, SHAPES, OldState, create_by_hand, remember

_PLACE = Path("/srv/stack")
"""Where the stack lies while it is written: a path in a state is no developer's, then."""
_OF_THIS_MACHINE = ("sourcePosition", "stackTrace")
"""What the engine records of a resource for its messages only: paths of this machine."""
_SPEED = 600


def main(worktree: Path, names: list[str]) -> None:
    """Write a state of every shape, or of those named."""
    commit = subprocess.run(
        ["git", "-C", str(worktree), "rev-parse", "--short=7", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for name in names or SHAPES:
        _PLACE.mkdir(parents=True)
        try:
            with Emulator(speed=_SPEED) as emulator:
                project = Project(_PLACE, emulator)
                project.environment["PYTHONPATH"] = str(worktree.resolve() / "provider")
                stack = SHAPES[name].prepare(project)
                _live(project, stack, name)
                _keep(project, stack, name, commit)
        finally:
            shutil.rmtree(_PLACE, ignore_errors=True)


def _live(project: Project, stack: Stack, name: str) -> None:
    if name == "adopted":
        create_by_hand(project, NAME)
    stack.up().ok()
    project.control.set_marker(NAME, MARKER)
    if name == "restored":
        stack.destroy().ok()
        stack.up().ok()
        assert project.control.marker(NAME) == MARKER


def _keep(project: Project, stack: Stack, name: str, commit: str) -> None:
    exported = stack.exported()
    for resource in exported["deployment"]["resources"]:
        for key in _OF_THIS_MACHINE:
            resource.pop(key, None)
    version = int(stack.state()[NAME]["outputs"]["state_version"])
    state = OldState(version, commit, name)
    state.file.parent.mkdir(exist_ok=True)
    for file, document in ((state.file, exported), (state.aws_file, remember(project.control))):
        file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    sys.stdout.write(f"{state}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
