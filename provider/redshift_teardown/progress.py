"""Progress on a resource's own row, through the engine that runs us. Semi-private to Pulumi.

A dynamic provider has no documented way to report: print lands on the stack's row. The engine's
address is the provider process's first argument, and ``Engine.Log`` takes a URN. All of that is
kept in this module, and a failure in it never reaches a teardown: it falls back to plain lines.
"""

from __future__ import annotations

import sys
import threading
import time

PLAIN_LINE_SECONDS = 60.0
"""Where the engine cannot be reached: at most one line a resource in this time, unless it changed."""

_LOCK = threading.Lock()
_ENGINE: object | None = None
_UNREACHABLE = False


class EngineReporter:
    """Reports one resource's progress to the engine's display.

    Args:
        urn: The resource's URN; empty reports on the stack's row.
        label: Said before a plain line, where the engine cannot be reached.

    """

    def __init__(self, urn: str, label: str) -> None:
        """See the class for the arguments."""
        self._urn = urn
        self._label = label
        self._last_line = ""
        self._last_at = float("-inf")

    def progress(self, text: str) -> None:
        """Show what is going on now, in place of what was shown before."""
        self._log("INFO", text, ephemeral=True)

    def keep(self, text: str) -> None:
        """Say something that stays in the output."""
        self._log("INFO", text, ephemeral=False)

    def warn(self, text: str) -> None:
        """Warn, in the output for good."""
        self._log("WARNING", text, ephemeral=False)

    def _log(self, severity: str, text: str, *, ephemeral: bool) -> None:
        if _send(severity, text, self._urn, ephemeral=ephemeral):
            return
        now = time.monotonic()
        state = text.split("(", maxsplit=1)[0].split(" · ", maxsplit=1)[0]
        if ephemeral and state == self._last_line and now - self._last_at < PLAIN_LINE_SECONDS:
            return
        self._last_line, self._last_at = state, now
        sys.stderr.write(f"{self._label}: {text}\n")
        sys.stderr.flush()


def _send(severity: str, text: str, urn: str, *, ephemeral: bool) -> bool:
    """Log through the engine; False where there is none."""
    global _UNREACHABLE  # noqa: PLW0603 - one engine a process
    if _UNREACHABLE:
        return False
    try:
        from pulumi.runtime.proto import engine_pb2  # noqa: PLC0415

        engine = _engine()
        if engine is None:
            return False
        request = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.Value(severity),
            message=text,
            urn=urn,
            streamId=0,
            ephemeral=ephemeral,
        )
        engine.Log(request, timeout=5)  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - whatever fails here, the teardown goes on, with plain lines
        _UNREACHABLE = True
        sys.stderr.write(
            f"progress cannot be shown by the engine ({type(error).__name__}); plain lines follow\n"
        )
        return False
    return True


def _engine() -> object | None:
    """Give the engine's stub, made once a process; None where no engine started us."""
    global _ENGINE  # noqa: PLW0603
    with _LOCK:
        if _ENGINE is None:
            if len(sys.argv) < 2 or ":" not in sys.argv[1]:  # noqa: PLR2004
                return None
            import grpc  # noqa: PLC0415
            from pulumi.runtime.proto import engine_pb2_grpc  # noqa: PLC0415

            _ENGINE = engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[1]))
        return _ENGINE
