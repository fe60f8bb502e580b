"""The bench of tests/parity, the provider of tests/contract and the projects of tests/e2e."""

from __future__ import annotations

from tests.contract.conftest import emulator, engine, folder, provider
from tests.e2e.conftest import project
from tests.parity.conftest import built_bench, stack

__all__ = ["built_bench", "emulator", "engine", "folder", "project", "provider", "stack"]
