"""The stage of the teardown's tests, for what is told before one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.teardown.stage import Stage, staged

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def _stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    """An emulator with nothing in it, and a stack that is not up yet."""
    _stage.reset()
    return _stage
