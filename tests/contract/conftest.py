"""An AWS, a project's folder, and a provider that works there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_teardown.emulator import Emulator
from tests.contract import wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICY = """\
version: 1
defaults:
  final_snapshot: {name: "{cluster}-final", retention_days: 35, tags: {kept: "yes"}}
  wait: {poll_seconds: 1}
environments:
  production:
    stacks: [prod]
    skip: never
"""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An AWS whose clusters need a second."""
    with Emulator(speed=600) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a project, with its policy."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "deletion-policy.yaml").write_text(POLICY)
    return tmp_path


@pytest.fixture
def engine() -> Iterator[tuple[wire.Engine, str]]:
    """An engine, and its address."""
    with wire.listening() as listening:
        yield listening


@pytest.fixture
def provider(folder: Path, emulator: Emulator, engine: tuple[wire.Engine, str]) -> Iterator[wire.Provider]:
    """A provider in that folder, started by that engine."""
    with wire.running(folder, emulator.url, engine[1]) as running:
        yield running
