"""Whose a cluster is, and whose a final snapshot: claims, adoption, what a create wrote down, the way out."""

from __future__ import annotations
