"""A running policy pack for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pack import wire

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def running_pack() -> Iterator[wire.Pack]:
    """One process of the pack for all tests; each configures it as it needs."""
    with wire.running() as pack:
        yield pack


@pytest.fixture
def pack(running_pack: wire.Pack) -> wire.Pack:
    """The running pack, judging by the policy file of these tests and nothing else configured."""
    running_pack.configure({"all": {"policyFile": str(wire.POLICIES / "three.yaml")}})
    return running_pack
