"""How much of the scale is tested: a slice with `make test`, the whole with `make test-all`."""

from __future__ import annotations

import pytest

from tests.long import ALL


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether the whole is to be tested."""
    return ALL
