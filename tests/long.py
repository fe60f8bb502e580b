"""What `make test` leaves to `make test-all`: most rows of the large tables, and the twins of a long test."""

from __future__ import annotations

import os

import pytest

ALL = os.environ.get("REDSHIFT_TEARDOWN_TEST_ALL") == "1"
"""Whether everything is to run."""

of_the_long_ones = pytest.mark.skipif(not ALL, reason="one of the long ones: `make test-all` runs them")
