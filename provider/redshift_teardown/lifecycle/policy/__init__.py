"""The deletion policy of one resource: resolved and recorded, both asked at destroy, and what sticks."""

from __future__ import annotations
