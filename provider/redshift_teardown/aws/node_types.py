"""Node types of provisioned Redshift, with the fewest and the most nodes of each."""

from __future__ import annotations

NODE_TYPES: dict[str, tuple[int, int]] = {
    "dc2.large": (1, 32),
    "dc2.8xlarge": (2, 128),
    "ra3.large": (1, 16),
    "ra3.xlplus": (1, 32),
    "ra3.4xlarge": (2, 128),
    "ra3.16xlarge": (2, 128),
    "rg.large": (1, 100),
    "rg.xlarge": (2, 100),
    "rg.4xlarge": (2, 100),
    "rg.12xlarge": (2, 100),
}
"""Fewest and most nodes of each type; a type of a family that is not named here is AWS's to judge."""


FAMILIES = frozenset(node_type.partition(".")[0] for node_type in NODE_TYPES)
