"""Redshift clusters under Pulumi that keep, when destroyed, the final snapshot their policy asks for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redshift_teardown.cluster import Cluster
    from redshift_teardown.cluster_args import ClusterArgs

__all__ = ["Cluster", "ClusterArgs"]


def __getattr__(name: str) -> object:
    """Import the resource when it is first asked for (PEP 562).

    `import redshift_teardown.deletion_policy` therefore costs neither Pulumi nor boto3, which keeps the
    policy pack and the command line light, and `pulumi destroy` unaffected by the program's imports.

    Args:
        name: The attribute looked up.

    Raises:
        AttributeError: The package has no such attribute.
    """
    if name in __all__:
        return getattr(importlib.import_module("redshift_teardown.cluster"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name the lazy exports too, for completion in an interactive session."""
    return sorted({*globals(), *__all__})
