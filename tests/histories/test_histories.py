"""Random histories over gRPC: whatever the world does around a stack, the promises hold."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.histories.generate import Chance, failure, smallest
from tests.histories.history import History
from tests.histories.minimal import MINIMAL
from tests.histories.themes import OWNERS, UP
from tests.long import ALL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.histories.player import Player

EXAMPLES = int(os.environ.get("REDSHIFT_TEARDOWN_EXAMPLES", "2000" if ALL else "240"))
SHARDS = 4


def _judge(player: Player, history: History) -> None:
    problem = failure(player, history)
    if problem:
        history, problem = smallest(player, history, problem)
        failure(player, history)
        pytest.fail("\n".join([problem, "", str(history), "", *player.told]), pytrace=False)


def _play(player: Player, shard: int, make: Callable[[Chance], History]) -> None:
    """Play a shard of all examples: the same histories in every run, but other ones every night."""
    first = secrets.randbelow(2**40) if ALL else 0
    for number in range(shard, EXAMPLES, SHARDS):
        _judge(player, make(Chance(first + number)))


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_promise_holds_in_any_history(player: Player, shard: int) -> None:
    """Engines and providers that end at any moment, neighbours, lags and faults: nothing due is lost, no
    stranger is touched, nothing is called done that is not, and where nothing goes wrong nothing is refused.
    """
    _play(player, shard, Chance.history)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_promise_holds_whoever_owns_what(player: Player, shard: int) -> None:
    """All of that holds, and no protection is lost, where replacements are asked for, resources targeted,
    renamed, moved and adopted by a second stack, neighbours fail, people restore by hand, bots strip tags and
    roles may not write them.
    """
    _play(player, shard, Chance.history_of_owners)


@pytest.mark.parametrize("number", range(len(OWNERS)))
def test_a_theme_of_owners_holds_as_it_is(player: Player, number: int) -> None:
    """Each theme, played once without chance."""
    policy, actions = OWNERS[number]
    _judge(player, History("wild", policy, [UP, *actions]))


@pytest.mark.parametrize("name", sorted(MINIMAL))
def test_history(player: Player, name: str) -> None:
    """A history that once broke a promise breaks none."""
    _judge(player, MINIMAL[name])


def test_each_process_has_its_own_memory(player: Player) -> None:
    """What a provider process knows is found where it is kept: owners, waits, configuration, its engine."""
    known = player.world.machine.known()
    for name in ("owners", "deleted", "pollers", "settings", "engine"):
        assert ("redshift_teardown.process", name) in known
