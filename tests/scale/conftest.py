"""How much of the scale is tested: a slice with `make test`, the whole with `make test-all`."""

from __future__ import annotations

import os

import pytest

WHOLE = os.environ.get("REDSHIFT_TEARDOWN_TEST_ALL") == "1"


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether the whole is to be tested."""
    return WHOLE
