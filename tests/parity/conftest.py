"""One bench, emptied for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.parity.bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def open_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for all tests of the session."""
    with bench(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.fixture
def stack(open_bench: Bench) -> Bench:
    """The stack, not yet up, in an AWS with nothing in it."""
    open_bench.reset()
    return open_bench
