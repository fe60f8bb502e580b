"""What an `up` says of the decision: once, by who records it; never while the account could change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.teardown.stage import ACCOUNT, OTHER_ACCOUNT

if TYPE_CHECKING:
    from tests.parity.bench import Bench

BY_ACCOUNT = """version: 1
environments:
  sandbox:
    accounts: ["{account}"]
    skip: [{{when: {{always: true}}, because: sandbox account}}]
"""
UNCLAIMED = "so it is protected, with the defaults"
NOT_GRANTED = "skip_final_snapshot is asked for and the deletion policy does not grant it: final snapshot"


def test_a_cluster_that_its_account_lets_go_is_not_called_protected(stack: Bench) -> None:
    """STS names the account, so the stack is claimed: nothing else is said of it."""
    stack.write_policy(BY_ACCOUNT.format(account=ACCOUNT))

    result = stack.apply(skip_final_snapshot=True)

    assert (result.said, result.warned) == ("", [])
    assert stack.state is not None
    assert stack.state["on_destroy"].startswith("no final snapshot: sandbox account")


def test_an_unclaimed_stack_is_told_once(stack: Bench) -> None:
    """By the check that records it, with the lines that would claim it and what configures another."""
    stack.write_policy(BY_ACCOUNT.format(account=OTHER_ACCOUNT))

    previewed = stack.previewed(skip_final_snapshot=True)
    applied = stack.apply(skip_final_snapshot=True)

    for result in (previewed, applied):
        [not_granted, unclaimed] = result.warned
        assert not_granted.startswith(NOT_GRANTED)
        assert UNCLAIMED in unclaimed
        assert "pulumi config set redshift-teardown:environment NAME" in unclaimed


def cut_off(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let AWS not answer, in a process that has not asked for the account before."""
    monkeypatch.setattr(stack._aws[ACCOUNT][1], "_account_id", None)
    stack.connected = False


def test_without_an_account_nothing_is_called_decided(stack: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """STS gives no answer in a preview: the recorded line says that the account could change it."""
    stack.write_policy(BY_ACCOUNT.format(account=ACCOUNT))
    cut_off(stack, monkeypatch)

    result = stack.run(lambda: stack.checked(skip_final_snapshot=True))
    stack.connected = True

    assert [line for line in result.warned if UNCLAIMED in line or "does not grant" in line] == []
    assert result.value["on_destroy"].endswith("; account unknown, which could change that")


@pytest.mark.parametrize("account", [ACCOUNT, OTHER_ACCOUNT])
def test_what_check_could_not_decide_create_says(
    stack: Bench, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    """It decides again with the account known, and records that: so it is the one to say it."""
    from redshift_teardown.lifecycle.create import create  # noqa: PLC0415

    stack.write_policy(BY_ACCOUNT.format(account=account))
    cut_off(stack, monkeypatch)
    inputs = stack.checked()
    stack.connected = True

    result = stack.run(lambda: create(inputs, stack.settings)[1])

    assert result.said == ""
    assert [UNCLAIMED in line for line in result.warned] == ([] if account == ACCOUNT else [True])


def test_credentials_of_another_account_decide_nothing_of_a_living_cluster(
    stack: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check goes by their account; the `up`, which asks AWS nothing here, by that of the cluster."""
    stack.write_policy(BY_ACCOUNT.format(account=OTHER_ACCOUNT))
    assert stack.apply().said == ""
    monkeypatch.setattr(stack._aws[ACCOUNT][1], "_account_id", OTHER_ACCOUNT)
    stack.inputs["policy"] = {**stack.inputs["policy"], "account": ""}

    result = stack.apply(skip_final_snapshot=True)

    assert result.said == ""
    assert stack.state is not None
    assert stack.state["policy"]["account"] == ACCOUNT
    assert stack.state["on_destroy"].startswith("final snapshot")
