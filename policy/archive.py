"""Makes the folder that is published: the pack, and the built wheel of the package it shares with the stacks.

    python policy/archive.py build/policy-pack
    cd build/policy-pack && pulumi policy publish ORGANISATION

A published pack is unpacked and installed elsewhere, where there is no clone beside it. So its requirements
name a wheel that travels with it, and its virtual environment is its own.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PACK: Final = Path(__file__).resolve().parent
WHEELS: Final = "wheels"

_FILES: Final = ("PulumiPolicy.yaml", "README.md", "__main__.py", "deletion-policy.yaml", "requirements.txt")
_SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE")
_CLONE: Final = "--editable .."
_CLONES_ENVIRONMENT: Final = "virtualenv: ../.venv"
_OWN_ENVIRONMENT: Final = "virtualenv: venv"


class ArchiveError(Exception):
    """The folder cannot be made; the message says why."""


def archive(folder: Path, *, isolated: bool = True) -> Path:
    """Make the folder.

    Args:
        folder: Where; it must not exist yet, or be empty.
        isolated: Whether the wheel is built in an environment of its own, which is downloaded. Without, the
            current environment must have setuptools 77 or newer.

    Returns:
        The folder.

    Raises:
        ArchiveError: The folder is in use, or the wheel cannot be built.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ArchiveError(f"{folder} is not empty; name a folder that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    wheel = _wheel(folder / WHEELS, isolated=isolated)
    for name in _FILES:
        shutil.copy2(PACK / name, folder / name)
    shutil.copytree(
        PACK / "redshift_pack", folder / "redshift_pack", ignore=shutil.ignore_patterns("__pycache__")
    )
    _replace(folder / "requirements.txt", _CLONE, f"./{WHEELS}/{wheel.name}")
    _replace(folder / "PulumiPolicy.yaml", _CLONES_ENVIRONMENT, _OWN_ENVIRONMENT)
    (folder / ".gitignore").write_text("/venv/\n__pycache__/\n", encoding="utf-8")
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line.

    Args:
        arguments: The command line; that of the process unless given.

    Returns:
        0 if the folder is there, 1 if it could not be made.
    """
    parser = argparse.ArgumentParser(
        prog="python policy/archive.py", description="Makes the folder of the policy pack that is published."
    )
    parser.add_argument("folder", type=Path, help="where to make it, such as build/policy-pack")
    parser.add_argument(
        "--no-build-isolation", action="store_true", help="build with the setuptools that is installed"
    )
    given = parser.parse_args(arguments)
    try:
        folder = archive(given.folder, isolated=not given.no_build_isolation)
    except (ArchiveError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(f"Made {folder}. Publish it with: cd {folder} && pulumi policy publish ORGANISATION\n")
    return 0


def _wheel(folder: Path, *, isolated: bool) -> Path:
    """Build the shared package from a copy: setuptools leaves files in the tree, and takes up old ones."""
    clone = PACK.parent
    with TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        source.mkdir()
        for name in _SOURCES:
            shutil.copy2(clone / name, source / name)
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(clone / "provider", source / "provider", ignore=ignored)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
        if not isolated:
            command.append("--no-build-isolation")
        done = subprocess.run(  # noqa: S603 - arguments made here
            [*command, str(source)], capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise ArchiveError(f"the wheel of the shared package cannot be built:\n{done.stderr.strip()}")
    built = list(folder.glob("*.whl"))
    if len(built) != 1:
        raise ArchiveError(f"one wheel was expected in {folder}, there are {len(built)}")
    return built[0]


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ArchiveError(f"{file.name} was expected to say {old!r} once")
    file.write_text(text.replace(old, new), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
