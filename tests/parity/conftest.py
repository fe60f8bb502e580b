"""One bench, emptied for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.parity.bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def open_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for all tests of the session."""
    with bench(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.fixture
def stack(open_bench: Bench) -> Bench:
    """The stack, not yet up, in an AWS with nothing in it."""
    open_bench.reset()
    return open_bench


@pytest.fixture
def groups(stack: Bench) -> Bench:
    """The stack, in an AWS with a parameter group, a subnet group and a snapshot to choose."""
    stack.outsider.create_cluster_parameter_group(
        ParameterGroupName="tuned", ParameterGroupFamily="redshift-1.0", Description="x"
    )
    [default] = stack.outsider.describe_cluster_subnet_groups()["ClusterSubnetGroups"]
    stack.outsider.create_cluster_subnet_group(
        ClusterSubnetGroupName="elsewhere",
        Description="x",
        SubnetIds=[each["SubnetIdentifier"] for each in default["Subnets"]],
    )
    stack.control.put_snapshot("shared", "old", number_of_nodes=2, node_type="ra3.xlplus")
    return stack
