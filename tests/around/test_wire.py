"""Interrupted over gRPC, on the SDK's own server: Cancel, and an engine that no longer answers."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.contract import wire
from tests.e2e.harness import until

if TYPE_CHECKING:
    from pathlib import Path

    from redshift_teardown.emulator import Control, Emulator

pytestmark = pytest.mark.contract

SOON_SECONDS = 10.0


class Delete(threading.Thread):
    """A delete that is under way."""

    def __init__(self, provider: wire.Provider, outputs: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self._provider = provider
        self._outputs = outputs
        self.said = ""
        self.start()

    def run(self) -> None:
        """Delete, and keep what it was refused with."""
        try:
            self._provider.delete("wh", self._outputs)
        except wire.RefusedByProviderError as error:
            self.said = str(error)

    def ended(self, seconds: float = SOON_SECONDS) -> str:
        """Wait for its end; gives what it was refused with, empty where it ended well."""
        self.join(seconds)
        assert not self.is_alive(), f"the delete did not end within {seconds} s"
        return self.said


def up(provider: wire.Provider) -> dict[str, Any]:
    """A cluster that is up; gives its outputs."""
    inputs, failures = provider.check(
        {
            "cluster_identifier": "wh",
            "node_type": "ra3.xlplus",
            "number_of_nodes": 2,
            "master_username": "admin",
            "master_password": "Correct-Horse-1",
            "urn": wire.urn("wh"),
        }
    )
    assert failures == []
    return provider.create(inputs)[1]


def here(emulator: Emulator) -> Control:
    """Steers the emulator, where the provider works."""
    return emulator.control.at(region=wire.REGION)


def busy(emulator: Emulator) -> None:
    """Somebody resizes the cluster, for as long as the test wants."""
    here(emulator).set_lifecycle("wh", resizing=10**9)
    boto3.client(
        "redshift",
        region_name=wire.REGION,
        endpoint_url=emulator.url,
        aws_access_key_id="AKIA123456789012TEST",
        aws_secret_access_key="secret",
    ).resize_cluster(ClusterIdentifier="wh", NodeType="ra3.xlplus", NumberOfNodes=4)
    emulator.control.clear_calls()


def asked(emulator: Emulator) -> list[str]:
    """The changing calls there were."""
    return [
        call.operation
        for call in emulator.control.calls()
        if call.service == "redshift" and not call.operation.startswith("Describe")
    ]


def is_waiting(emulator: Emulator) -> None:
    """Wait until the delete has looked at the cluster."""
    until(lambda: bool(emulator.control.calls("DescribeClusters")))


def test_cancel_ends_a_delete_that_only_waits(provider: wire.Provider, emulator: Emulator) -> None:
    """The SDK's Cancel does nothing by itself, and is bound when its server starts: ours is called all the
    same, and the delete ends in words, soon, with nothing asked of AWS.
    """
    outputs = up(provider)
    busy(emulator)
    delete = Delete(provider, outputs)
    is_waiting(emulator)

    provider.cancel()

    said = delete.ended()
    assert "\n  next: " in said
    assert "Traceback" not in said
    assert asked(emulator) == []


def test_cancel_lets_a_deletion_that_was_accepted_end(provider: wire.Provider, emulator: Emulator) -> None:
    """It is waited for, tagged, and done."""
    outputs = up(provider)
    here(emulator).set_lifecycle("wh", final_snapshot=1200, deleting=600)
    delete = Delete(provider, outputs)
    until(lambda: any(call.took_effect for call in emulator.control.calls("DeleteCluster")))

    provider.cancel()

    assert delete.ended(40) == ""
    (snapshot,) = [each for each in here(emulator).state()["snapshots"].values() if each["final"]]
    assert "redshift-teardown:generation" in snapshot["tags"]


def test_a_cancel_with_nothing_under_way_changes_nothing(
    folder: Path, emulator: Emulator, engine: tuple[wire.Engine, str]
) -> None:
    """It comes at the normal end of every run; the next provider deletes as ever."""
    with wire.running(folder, emulator.url, engine[1]) as first:
        outputs = up(first)
        first.cancel()
    with wire.running(folder, emulator.url, engine[1]) as second:
        second.delete("wh", outputs)

    assert here(emulator).state()["clusters"] == {}


def test_a_delete_whose_engine_is_gone_ends(folder: Path, emulator: Emulator) -> None:
    """Nobody answers at the engine's address any more: the delete that waits ends soon, and asked nothing."""
    with wire.listening() as (_, address), wire.running(folder, emulator.url, address) as provider:
        outputs = up(provider)
        busy(emulator)
    with wire.running(folder, emulator.url, gone()) as orphan:
        began = time.monotonic()
        delete = Delete(orphan, outputs)

        assert "engine" in delete.ended(30)
        assert time.monotonic() - began < SOON_SECONDS
        assert asked(emulator) == []


def gone() -> str:
    """The address of an engine that has ended."""
    with wire.listening() as (_, address):
        return address


@pytest.mark.parametrize("when", ["waiting", "resizing ends"])
def test_a_delete_whose_engine_goes_while_it_waits_ends(folder: Path, emulator: Emulator, when: str) -> None:
    """The engine answers at first, and then no more; neither then nor when the cluster is free is anything
    deleted.
    """
    engine = ExitStack()
    _, address = engine.enter_context(wire.listening())
    with wire.running(folder, emulator.url, address) as orphan:
        outputs = up(orphan)
        busy(emulator)
        delete = Delete(orphan, outputs)
        is_waiting(emulator)

        engine.close()
        if when == "resizing ends":
            emulator.control.advance(10**9)

        assert "engine" in delete.ended(30)
        assert asked(emulator) == []
