"""Progress on a resource's own row, through the engine that runs us. Semi-private to Pulumi.

A dynamic provider has no documented way to report: print lands on the stack's row. The engine's
address is the provider process's first argument, and ``Engine.Log`` takes a URN. All of that is
kept in this module, and a failure in it never reaches a teardown: it falls back to plain lines.

On a terminal the engine shows the newest message in the resource's row. Anywhere else it prints a line
for each, ephemeral ones too. So on a terminal every poll is shown; anywhere else a change of what is
going on is shown at once, and a mere change of its numbers once a minute.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

from redshift_teardown import process
from redshift_teardown.engine.secret_values import hidden

QUIET_SECONDS = 60.0
"""Where there is no terminal: at most one line a resource in this time, unless what is going on changed."""

ROW_SECONDS = 1.0
"""On a terminal, likewise: nobody reads faster, and the engine renders every message."""

AGAIN_SECONDS = 0.2
"""What lies between two questions to an engine that did not answer the first."""

LOST_AFTER = 3
"""Messages in a row that the engine does not take until it is believed to be gone."""

_NUMBERS = re.compile(r" \(\d[^()]*\)| \d\d? %.*$")
"""What changes while the same thing goes on: times in brackets, a percentage below 100 and what follows."""
_ANCESTORS = 4


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
        self._last_text = ""
        self._last_state = ""
        self._last_at = float("-inf")

    def progress(self, text: str) -> None:
        """Show what is going on now, in place of what was shown before."""
        now, state = time.monotonic(), _NUMBERS.sub("", text)
        rest = QUIET_SECONDS if process.failures >= LOST_AFTER or _quiet() else ROW_SECONDS
        if text == self._last_text or (state == self._last_state and now - self._last_at < rest):
            return
        self._last_text, self._last_state, self._last_at = text, state, now
        self._log("INFO", text, ephemeral=True)

    def keep(self, text: str) -> None:
        """Say something that stays in the output; what names no cluster is said by the first one only."""
        with process.engine_lock:
            if text in process.said:
                return
            process.said.add(text)
        self._log("INFO", text, ephemeral=False)

    def warn(self, text: str) -> None:
        """Warn, in the output for good."""
        self._log("WARNING", text, ephemeral=False)

    def _log(self, severity: str, text: str, *, ephemeral: bool) -> None:
        text = hidden(text)
        if _send(severity, text, self._urn, ephemeral=ephemeral):
            return
        # A closed stderr is as little a reason to stop as a lost engine.
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{self._label}: {text}\n")
            sys.stderr.flush()


def _send(severity: str, text: str, urn: str, *, ephemeral: bool) -> bool:
    """Log through the engine; False where that cannot be done."""
    if process.failures >= LOST_AFTER:
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
        with process.engine_lock:
            process.failures += 1
            lost = process.failures == LOST_AFTER
        if lost:
            with suppress(OSError, ValueError):
                sys.stderr.write(
                    f"progress cannot be shown by the engine ({type(error).__name__}); plain lines follow\n"
                )
        return False
    process.failures = 0
    return True


def _engine() -> object | None:
    """Return the engine's stub, made once a process; None where no engine started us."""
    with process.engine_lock:
        if process.engine is None:
            if len(sys.argv) < 2 or ":" not in sys.argv[1]:  # noqa: PLR2004
                return None
            import grpc  # noqa: PLC0415
            from pulumi.runtime.proto import engine_pb2_grpc  # noqa: PLC0415

            process.engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[1]))
        return process.engine


def engine_gone(*, within: float = 0.0) -> bool:
    """Return whether the engine that started this process has ended; False where none did, or in doubt.

    A killed engine leaves its provider running, as the child of another process.

    Args:
        within: An answer that is at most so many seconds old will do.

    """
    if not process.engine_is_gone and (not within or time.monotonic() - process.engine_asked_at >= within):
        process.engine_asked_at = time.monotonic()
        process.engine_is_gone = _is_gone()
    return process.engine_is_gone


def _is_gone() -> bool:
    # Asked twice: one connection may break.
    return _is_away() and _is_away(after=AGAIN_SECONDS)


def _is_away(*, after: float = 0.0) -> bool:
    """Return whether the engine ended, or does not answer; False where no engine started this process."""
    time.sleep(after)
    try:
        import grpc  # noqa: PLC0415
        from pulumi.runtime.proto import engine_pb2  # noqa: PLC0415

        engine = _engine()
        if engine is None or os.getppid() != process.parent:
            return engine is not None
        try:
            engine.GetRootResource(engine_pb2.GetRootResourceRequest(), timeout=5)  # type: ignore[attr-defined]
        except grpc.RpcError as error:
            return bool(error.code() is grpc.StatusCode.UNAVAILABLE)
    except Exception:  # noqa: BLE001 - an SDK that has none of this is no reason to stop
        return False
    return False


def root_resource() -> str:
    """Return the URN of the stack's root resource, as the engine says it; empty where it does not."""
    try:
        from pulumi.runtime.proto import engine_pb2  # noqa: PLC0415

        engine = _engine()
        if engine is None:
            return ""
        request = engine_pb2.GetRootResourceRequest()
        return str(engine.GetRootResource(request, timeout=5).urn)  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 - what cannot be asked is not known, and counts as protected
        return ""


# --- whether anybody watches ---


def _quiet() -> bool:
    """Return whether every message becomes a line of its own; found out once a process."""
    if process.quiet is None:
        try:
            process.quiet = not _on_a_terminal()
        except Exception:  # noqa: BLE001 - nobody's teardown fails for this
            process.quiet = True
    return process.quiet


def _on_a_terminal() -> bool:
    """Return whether the engine draws rows on a terminal; it does not tell us.

    Where the system has /proc, its standard output and its arguments say so. Elsewhere a controlling
    terminal has to do, which a pipe after ``pulumi destroy`` does not take away.
    """
    if "CI" in os.environ:
        return False
    if not Path("/proc/self/stat").exists():
        return _is_terminal(Path("/dev/tty"))
    pid = os.getppid()
    for _ in range(_ANCESTORS):
        process = Path("/proc", str(pid))
        arguments = (process / "cmdline").read_bytes().split(b"\0")
        if Path(os.fsdecode(arguments[0])).name.startswith("pulumi") and len(arguments) > 1:
            if {b"--non-interactive", b"--json", b"-j"} & set(arguments):
                return False
            return all(_is_terminal(process / "fd" / number) for number in ("0", "1"))
        pid = int((process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
    return False


def _is_terminal(device: Path) -> bool:
    try:
        opened = os.open(device, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.isatty(opened)
    finally:
        os.close(opened)
