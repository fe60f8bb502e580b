"""Which settings of a living cluster change, by which calls, and the waiting between them."""

from __future__ import annotations
