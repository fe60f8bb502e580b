"""The emulator as one object."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.application import Application
from redshift_teardown.emulator.attach import attach
from redshift_teardown.emulator.client import Control
from redshift_teardown.emulator.clock import RealClock
from redshift_teardown.emulator.errors import EmulatorError
from redshift_teardown.emulator.http import HttpServer, Request
from redshift_teardown.emulator.persistence import StateFile
from redshift_teardown.emulator.world import World

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from types import TracebackType

    from redshift_teardown.emulator.clock import WorldClock

__all__ = ["Emulator"]

_numbers = itertools.count(1)


class Emulator:
    """A local Redshift and STS.

    As a context manager it serves HTTP from threads of this process. `attach` and `control` work without
    that, too. No two emulators share any Redshift state.

    Args:
        clock: its time; the wall clock at `speed` when omitted.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        speed: how many times faster than AWS phases pass on the wall clock.
        state_file: where the state is kept between runs; None keeps it in memory.

    Raises:
        StateFileError: for a state file that cannot be used.
        ValueError: for a speed that is not positive.
    """

    def __init__(
        self,
        clock: WorldClock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        state_file: str | os.PathLike[str] | None = None,
    ) -> None:
        self.clock: WorldClock = clock or RealClock(speed)
        self.reachable = True
        self._host, self._port = host, port
        self._server: HttpServer | None = None
        file = StateFile(state_file) if state_file is not None else None
        world = World(self.clock)
        state = file.read() if file else None
        if file and state is not None:
            try:
                world.load(state)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise file.broken(f"{type(error).__name__}: {error}") from error
        self._application = Application(world, file)
        self._application.save()
        self.control = Control(f"emulator:{next(_numbers)}", send=self._steer)

    def start(self) -> None:
        """Begin to serve HTTP.

        Raises:
            EmulatorError: when the address cannot be had.
        """
        if self._server is None:
            self._server = HttpServer(self._host, self._port, self._application.handle)
            self._server.start()

    def stop(self) -> None:
        """Stop serving and let go of what was held."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._application.moto.close()

    def __enter__(self) -> Emulator:  # noqa: PYI034  # `Self` is not in Python 3.10
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its address, for ``AWS_ENDPOINT_URL``.

        Raises:
            EmulatorError: when it is not serving.
        """
        if self._server is None:
            raise EmulatorError(
                "the emulator does not serve HTTP; use it as a context manager, or attach to it"
            )
        return f"http://{self._server.host}:{self._server.port}"

    def attach(self, client: Any, on_call: Callable[[str, str], None] | None = None) -> None:
        """Let a boto3 client talk to this emulator without sockets.

        Faults are as on the wire: a drop is a `ConnectionClosedError`. With `reachable` set to False every
        call is an `EndpointConnectionError`.

        Args:
            client: the client; any endpoint will do.
            on_call: called with the operation and ``before`` or ``after`` it took effect. A `BaseException`
                that is no `Exception` raised there passes through botocore: a client that dies.
        """
        attach(self._application, client, on_call, lambda: self.reachable)

    def _steer(self, verb: str, body: bytes) -> tuple[int, bytes]:
        answer = self._application.handle(Request("POST", f"/_emulator/{verb}", {}, body))
        return answer.status, answer.body
