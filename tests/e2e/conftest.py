"""An AWS whose clusters need a second, and projects in it, for which the documented IAM policy must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_teardown.emulator import Emulator
from tests.e2e.harness import Project
from tests.iam.evaluate import refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPEED = 600


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One project for the tests of a module that tell one story."""
    with Emulator(speed=SPEED) as emulator:
        yield Project(tmp_path_factory.mktemp("e2e"), emulator)
        assert refused(emulator.control.calls()) == []


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project of a test's own."""
    with Emulator(speed=SPEED) as emulator:
        yield Project(tmp_path, emulator)
        assert refused(emulator.control.calls()) == []
