"""A command on a terminal of its own, recorded: what an operator would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78]")


def recorded(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    rows: int = 60,
    columns: int = 220,
) -> tuple[int, list[str]]:
    """Run a command on a terminal.

    Args:
        command: The command.
        cwd: Where it runs.
        environment: Its environment; the terminal's type is set on top.
        rows: The terminal's height.
        columns: The terminal's width.

    Returns:
        The exit code, and every line that was drawn, in order, without colours and movements.

    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    drawn = bytearray()
    with subprocess.Popen(
        command,
        cwd=cwd,
        env={**environment, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:
                # Linux says EIO when the last process that had the terminal is gone.
                break
            if not read:
                break
            drawn += read
        os.close(ours)
        code = process.wait()
    text = _ESCAPES.sub("", drawn.decode("utf-8", "replace"))
    return code, [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]
