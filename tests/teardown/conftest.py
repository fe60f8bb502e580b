"""The stage that most of these tests play on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.teardown.stage import Stage, staged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An emulator with nothing in it, and a stack that is not up yet."""
    with staged(tmp_path) as made:
        yield made
