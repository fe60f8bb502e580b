"""Every call of a destroy, struck by every fault: destroying again ends with the cluster gone and proven."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.teardown import grid
from tests.teardown.stage import CLUSTER

if TYPE_CHECKING:
    from tests.teardown.stage import Stage


@pytest.mark.parametrize("fault", grid.FAULTS)
@pytest.mark.parametrize("site", grid.SITES)
def test_a_struck_destroy_ends_when_run_again(stage: Stage, site: str, fault: str) -> None:
    """Whatever strikes whichever call, at most one more destroy ends with one proven final snapshot."""
    for length in (each for each in grid.LENGTHS if fault in grid.faults(each)):
        cell = grid.play(stage, site, fault, length)
        assert cell.holds, (length, cell)


def test_the_grid_has_every_call_of_a_destroy(stage: Stage) -> None:
    """No operation that a destroy calls is missing from the grid."""
    assert set(grid._calls(stage)) == {operation for operation, _ in grid.SITES.values()}
    assert CLUSTER not in stage.ledger()["clusters"]
