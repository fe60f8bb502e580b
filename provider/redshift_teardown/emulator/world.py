"""Everything one emulator holds: all accounts and regions, their time and their habits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.lifecycle import Behaviour, Lifecycle
from redshift_teardown.emulator.redshift.state import Realm
from redshift_teardown.emulator.redshift.transitions import settle

if TYPE_CHECKING:
    from redshift_teardown.emulator.clock import WorldClock

__all__ = ["World"]


class World:
    """The state of one emulator, behind one lock.

    Args:
        clock: its time.
    """

    def __init__(self, clock: WorldClock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.places: dict[str, Realm] = {}
        self.lifecycle = Lifecycle()
        self.behaviour = Behaviour()

    def now(self) -> float:
        """The time, as seconds since the epoch."""
        return self.clock.now().timestamp()

    def place(self, account: str, region: str) -> Realm:
        """An account's region, brought to the present; made when first asked for."""
        key = f"{account}/{region}"
        place = self.places.get(key)
        if place is None:
            place = self.places[key] = Realm.new(account, region)
        settle(self, place)
        return place

    def settle_all(self) -> None:
        """Bring every place to the present."""
        for place in self.places.values():
            settle(self, place)

    def reset(self) -> None:
        """Forget everything but the time."""
        self.places.clear()
        self.lifecycle = Lifecycle()
        self.behaviour = Behaviour()

    def to_json(self) -> dict[str, Any]:
        """Data for the state file; what is no plain data in it is written as its `vars`."""
        return {
            "clock": self.now() if self.clock.virtual else None,
            "lifecycle": self.lifecycle,
            "behaviour": self.behaviour,
            "places": list(self.places.values()),
        }

    def load(self, data: dict[str, Any]) -> None:
        """Take over what `to_json` wrote.

        Raises:
            KeyError, TypeError, AttributeError: for data of another shape.
        """
        places = [Realm.from_json(each) for each in data["places"]]
        lifecycle = Lifecycle.from_json(data["lifecycle"])
        behaviour = Behaviour(**data["behaviour"])
        clock = data["clock"]
        if clock is not None and self.clock.virtual:
            self.clock.advance(max(0.0, clock - self.now()))
        self.places = {place.key: place for place in places}
        self.lifecycle, self.behaviour = lifecycle, behaviour
