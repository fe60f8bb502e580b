"""A file that is there whole, or as it was: a disk may be full, and a process killed, at any moment."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_whole(path: Path, content: bytes) -> None:
    """Put content in the place of a file's, fsynced; who may read the file stays as it was.

    Args:
        path: The file, which may not be there yet; its folder is.
        content: All of it.

    Raises:
        OSError: it cannot be written beside the file, which is as it was then.

    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        with suppress(FileNotFoundError):
            partial.chmod(stat.S_IMODE(path.stat().st_mode))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def nearest(folder: Path) -> Path:
    """Return what is there of a folder's path: itself, or what it would be made in."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def write_problem(folder: Path) -> str:
    """Return in words why no file could be written into a folder, or that made; empty where it could."""
    place = nearest(folder)
    if not place.is_dir():
        return os.strerror(errno.ENOTDIR)
    return "" if os.access(place, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
