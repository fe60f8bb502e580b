"""Credentials of an account that the configuration does not let through: preview says so, as `up` would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from redshift_teardown import process
from tests.around.world import configured
from tests.parity.bench import Invalid
from tests.teardown.stage import ACCOUNT, PROTECTED, REGION

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.parity.bench import Bench

WRONG = pytest.mark.parametrize(
    "changed",
    [{"allowed_account_ids": ("999999999999",)}, {"forbidden_account_ids": (ACCOUNT,)}],
    ids=["allowed", "forbidden"],
)


@pytest.fixture
def configure(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return the stack another configuration, and with it clients that hold to it."""

    def configure(**changed: Any) -> None:
        settings = configured(stack, **changed)
        monkeypatch.setitem(stack._aws, stack.account, (settings, process.clients[settings, REGION]))

    return configure


@WRONG
@pytest.mark.parametrize("restores", [None, False], ids=["plain", "restores nothing"])
def test_a_new_cluster(
    stack: Bench, configure: Callable[..., None], changed: dict[str, Any], *, restores: bool | None
) -> None:
    """Preview is as red as `up`, in the same words, and neither makes anything."""
    configure(**changed)

    with pytest.raises(Invalid, match="does not let through"):
        stack.preview(restore_final_snapshot=restores)

    assert stack.ledger()["generations"] == []


@WRONG
def test_a_changed_cluster(stack: Bench, configure: Callable[..., None], changed: dict[str, Any]) -> None:
    """A change that calls AWS is refused in preview; what asks nothing of AWS goes on working, as in `up`."""
    stack.apply()
    configure(**changed)

    with pytest.raises(Invalid, match="does not let through"):
        stack.preview(number_of_nodes=4)

    assert stack.preview() == "same"
    assert stack.preview(skip_final_snapshot=True) == "update"
    stack.write_policy(stack.rules(PROTECTED).replace("35", "36"))
    assert stack.preview() == "update"


@pytest.mark.parametrize("accounts", [("999999999999",), ("999999999999", "888888888888")])
def test_without_an_answer(stack: Bench, configure: Callable[..., None], accounts: tuple[str, ...]) -> None:
    """Where nobody answers whose credentials these are, preview goes on."""
    configure(allowed_account_ids=accounts)
    stack.emulator.reachable = False

    assert stack.preview(restore_final_snapshot=False) == "create"


def test_the_right_account(stack: Bench, configure: Callable[..., None]) -> None:
    """An account that is let through is no matter."""
    configure(allowed_account_ids=(ACCOUNT,), forbidden_account_ids=("999999999999",))

    assert stack.preview() == "create"
