"""Sizes and times in words, as the operator reads them everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_STEP = 1000
"""AWS counts megabytes in thousands."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size(megabytes: float) -> str:
    """Return in words a size, given in megabytes: ``512 MB``, ``51.2 GB``, ``2.9 TB``."""
    if megabytes < _STEP:
        return f"{megabytes:.0f} MB"
    if megabytes < _STEP**2:
        return f"{megabytes / _STEP:.1f} GB"
    return f"{megabytes / _STEP**2:.1f} TB"


def duration(seconds: float) -> str:
    """Return in words a time, given in seconds: ``40s``, ``2m 5s``, ``12m``, ``3h 20m``, ``4 days``."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        rest = f" {whole % _MINUTE}s" if whole < 10 * _MINUTE and whole % _MINUTE else ""
        return f"{whole // _MINUTE}m{rest}"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE}m"
    return f"{whole // _DAY} days"


def interrupt_note(command: str) -> str:
    """Say, where a long wait begins, that it may be interrupted and how it is taken up again."""
    return f"interrupting is safe: AWS goes on with what it has begun, and running `{command}` again resumes"


def utc(moment: datetime | None) -> str:
    """Return in words a time to the second, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "at an unknown time"
