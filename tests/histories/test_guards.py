"""Each rule of the product broken on its own: some history goes red, in words of what a user would lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.histories.broken import BROKEN, Broken
from tests.histories.broken_owners import BROKEN_OWNERS
from tests.histories.generate import failure

if TYPE_CHECKING:
    from tests.histories.player import Player


RULES: dict[str, Broken] = {**BROKEN, **BROKEN_OWNERS}


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_broken_rule_is_noticed(player: Player, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A history that holds goes red where the rule is broken."""
    broken = RULES[name]
    assert failure(player, broken.history) == "", "\n".join(player.told)
    broken.rule(monkeypatch)
    found = failure(player, broken.history)
    assert found, "\n".join(player.told)
    assert broken.promise in found, "\n".join([found, *player.told])
