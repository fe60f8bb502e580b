"""The command: serve until told to stop."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from redshift_teardown.emulator.emulator import Emulator

if TYPE_CHECKING:
    import os
    from types import FrameType

__all__ = ["serve"]


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    speed: float = 1.0,
    state_file: str | os.PathLike[str] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then return.

    Prints one line, ``emulator listening on http://HOST:PORT``, when it is ready to be called.

    Args:
        host: the address to listen on.
        port: the port; 0 takes a free one.
        speed: how many times faster than AWS phases pass.
        state_file: where the state is kept between runs; None keeps it in memory.

    Raises:
        EmulatorError: when the port is taken or the state file cannot be used; its text is one line.
        ValueError: for a speed that is not positive.
    """
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with Emulator(host=host, port=port, speed=speed, state_file=state_file) as emulator:
            print(f"emulator listening on {emulator.url}", flush=True)  # noqa: T201  # others wait for it
            stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
