"""The state file: one JSON document, replaced as a whole after each change, so that it is never half one."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from redshift_teardown.emulator.errors import StateFileError

__all__ = ["StateFile"]

_FORMAT = "redshift-teardown-emulator"
_VERSION = 1
_LARGEST = 256 * 1024 * 1024


class StateFile:
    """A file that outlives the emulator.

    Args:
        path: where; its folder must exist, the file need not.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def read(self) -> dict[str, Any] | None:
        """What was last written; None where nothing was.

        Raises:
            StateFileError: for a file that cannot be read or is not one of ours.
        """
        try:
            text = self._content().decode("utf-8")
        except FileNotFoundError:
            if not self.path.parent.is_dir():
                raise StateFileError(
                    f"the folder of the state file does not exist: {self.path.parent}"
                ) from None
            return None
        except (OSError, ValueError) as error:
            raise StateFileError(f"cannot read the state file {self.path}: {error}") from error
        try:
            document = json.loads(text)
        except RecursionError:
            raise self.broken("it is nested too deeply") from None
        except ValueError as error:
            raise self.broken(str(error)) from error
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise self.broken("it is not a state file of this emulator")
        if document.get("version") != _VERSION:
            raise self.broken(f"it has version {document.get('version')!r}, this emulator reads {_VERSION}")
        state = document.get("state")
        if not isinstance(state, dict):
            raise self.broken("it holds no state")
        return state

    def _content(self) -> bytes:
        # A pipe would wait for somebody to write, and a device may have no end.
        if self.path.exists() and not self.path.is_file():
            raise StateFileError(f"cannot read the state file {self.path}: it is no ordinary file")
        with self.path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise StateFileError(f"cannot read the state file {self.path}: it is too large for one")
        return content

    def broken(self, why: str) -> StateFileError:
        """The error for a file that cannot be used."""
        return StateFileError(
            f"the state file {self.path} cannot be used: {why}; delete it, or name another with --state"
        )

    def write(self, state: dict[str, Any]) -> None:
        """Replace the file.

        Args:
            state: plain data, and objects whose `vars` are plain data.

        Raises:
            StateFileError: where that fails; the old file is then still whole.
        """
        # `dumps`, not `dump`: only the former is written in C, and this happens after every change.
        text = json.dumps({"format": _FORMAT, "version": _VERSION, "state": state}, default=vars)
        try:
            handle, temporary = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(temporary).replace(self.path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StateFileError(f"cannot write the state file {self.path}: {error}") from error
