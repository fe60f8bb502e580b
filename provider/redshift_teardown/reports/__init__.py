"""What the command line shows: the forecast of a destroy, and the final snapshots that are kept."""

from __future__ import annotations
