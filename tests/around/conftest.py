"""The bench of tests/parity and the projects of tests/e2e, for what happens around a delete."""

from __future__ import annotations

from tests.e2e.conftest import project
from tests.parity.conftest import open_bench, stack

__all__ = ["open_bench", "project", "stack"]
