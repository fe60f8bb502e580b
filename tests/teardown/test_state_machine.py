"""Random histories: whatever happens in the middle of a destroy, nothing is lost, and it can be ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.teardown.histories import Histories

if TYPE_CHECKING:
    from tests.teardown.stage import Stage

ALL = os.environ.get("REDSHIFT_TEARDOWN_TEST_ALL") == "1"
EXAMPLES = int(os.environ.get("REDSHIFT_TEARDOWN_EXAMPLES", "2000" if ALL else "500"))
SHARDS = 4


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_history_loses_data(stage: Stage, shard: int) -> None:
    """Create, destroy, crash, fault, edit, rename, pause, resize, snapshot, fail, collide, run twice: in any
    order nothing is lost or doubled, AWS never objects to a parameter, and once faults end, a destroy ends.
    """

    class Shard(Histories):
        pass

    Shard.stage = stage
    if not ALL:
        seed(shard)(Shard)  # the same histories in every run
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Shard,
        settings=settings(
            max_examples=EXAMPLES // SHARDS,
            stateful_step_count=10,
            deadline=None,
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
