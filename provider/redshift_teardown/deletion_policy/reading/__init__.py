"""YAML to the deletion policy it means, with every problem told at once and in its place."""

from __future__ import annotations
