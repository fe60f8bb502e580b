"""Redshift itself: what is kept, how it moves, what is refused, how it is told."""

from __future__ import annotations
