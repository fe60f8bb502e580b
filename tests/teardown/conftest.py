"""The stage that most of these tests play on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.teardown.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage for all tests: its boto3 clients take long to make."""
    made = Stage(tmp_path_factory.mktemp("stage"))
    yield made
    made.emulator.stop()


@pytest.fixture
def stage(built: Stage) -> Iterator[Stage]:
    """An emulator with nothing in it, and a stack that is not up yet."""
    built.open()
    built.reset()
    yield built
    built.close()
