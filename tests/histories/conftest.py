"""One world for the histories of a module: its clients and servers take long to make."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.histories.player import Player
from tests.histories.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    """A player. Receipts are synced, so they lie in memory where there is such a folder."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)).resolve()
    world = World(folder)
    world.open()
    yield Player(world)
    world.close()
    world.machine.stop()
    world.emulator.stop()
    shutil.rmtree(folder)
