"""One bench, emptied for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.parity.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def built_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One bench for all tests: its boto3 clients take long to make. It is open during a test only."""
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.emulator.stop()


@pytest.fixture
def stack(built_bench: Bench) -> Iterator[Bench]:
    """The stack, not yet up, in an AWS with nothing in it."""
    built_bench.open()
    built_bench.reset()
    yield built_bench
    built_bench.close()


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
