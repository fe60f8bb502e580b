"""Which providers of a program concern a cluster, and which do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from redshift_teardown.cluster_options import _refuse_provider, read_options

AWS: Any = SimpleNamespace(package="aws")
OTHER: Any = SimpleNamespace(package="random")


def options(**given: Any) -> Any:
    """Resource options, as Pulumi's own class holds them."""
    return SimpleNamespace(**{"provider": None, "providers": None, "parent": None, **given})


@pytest.mark.parametrize(
    "given",
    [
        {"provider": AWS},
        {"providers": [OTHER, AWS]},
        {"providers": {"aws": AWS}},
        {"parent": SimpleNamespace(_providers={"aws": AWS})},
    ],
    ids=["provider", "list", "map", "inherited"],
)
def test_an_aws_provider_is_refused(given: dict[str, Any]) -> None:
    """Wherever it comes from; the message names the resource and the configuration to use."""
    with pytest.raises(pulumi.RunError, match="warehouse: an aws provider does not reach this resource"):
        _refuse_provider("warehouse", options(**given))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"provider": OTHER},
        {"providers": [OTHER]},
        {"parent": SimpleNamespace(_providers={"random": OTHER})},
        {"parent": SimpleNamespace()},
    ],
    ids=["none", "provider", "list", "inherited", "a parent without"],
)
def test_another_provider_is_not(given: dict[str, Any]) -> None:
    """A provider of another package has nothing to do with where the cluster lands."""
    _refuse_provider("warehouse", options(**given))


def test_replace_with_is_refused() -> None:
    """Whoever names a resource in it is told what to write instead, which is let through."""
    other = pulumi.ComponentResource.__new__(pulumi.ComponentResource)
    with pytest.raises(pulumi.RunError, match=r"warehouse: replace_with .* replacement_trigger"):
        read_options("warehouse", pulumi.ResourceOptions(replace_with=[other]))
    read_options("warehouse", pulumi.ResourceOptions(replace_with=[], replacement_trigger="1"))
