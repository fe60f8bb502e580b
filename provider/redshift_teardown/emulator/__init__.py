"""A strict local Redshift (and STS, and through moto the rest of AWS) that stacks and tests run against.

It is strict where mocks are lenient: lifecycle phases take time, DeleteCluster wants its final snapshot
named, snapshots know their cluster's generation, pages are pages, and faults can be scripted.

    with Emulator(clock=VirtualClock()) as emulator:
        client = boto3.client("redshift", endpoint_url=emulator.url, ...)
"""

from __future__ import annotations

from redshift_teardown.emulator.calls import CallRecord
from redshift_teardown.emulator.client import Control
from redshift_teardown.emulator.clock import RealClock, VirtualClock, WorldClock
from redshift_teardown.emulator.emulator import Emulator
from redshift_teardown.emulator.errors import ControlError, EmulatorError, StateFileError

__all__ = [
    "CallRecord",
    "Control",
    "ControlError",
    "Emulator",
    "EmulatorError",
    "RealClock",
    "StateFileError",
    "VirtualClock",
    "WorldClock",
]
