"""What a control message may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.door import END_OF_TIME, check_number, check_value
from redshift_teardown.emulator.errors import ControlError
from redshift_teardown.emulator.validation import maintenance_window
from redshift_teardown.emulator.wire import moment

if TYPE_CHECKING:
    from redshift_teardown.emulator.redshift.state import Cluster


def time_of(value: float | str) -> float:
    """Return a time in seconds since the epoch."""
    if isinstance(value, str):
        try:
            value = moment(value)
        except (ValueError, OverflowError) as error:
            raise ControlError(f"{value!r} is no time: {error}") from error
    check_number("the time", value, (0, END_OF_TIME))
    return float(value)


def check_settings(cluster: Cluster, settings: dict[str, Any]) -> None:
    """Let in what a cluster has, of the kind that it has it."""
    unknown = sorted(set(settings) - set(cluster.settings))
    if unknown:
        raise ControlError(f"a cluster has no setting {', '.join(unknown)}")
    for name, value in settings.items():
        present = cluster.settings[name]
        check_value(name, value, "list[str]" if isinstance(present, list) else type(present).__name__)
    for name, limits in (("NumberOfNodes", (1, 128)), ("Port", (1, 65535))):
        if name in settings:
            check_number(name, settings[name], limits)
    if "PreferredMaintenanceWindow" in settings:
        maintenance_window(settings["PreferredMaintenanceWindow"])
