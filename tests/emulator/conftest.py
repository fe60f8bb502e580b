"""One emulator with a virtual clock, real boto3 over HTTP, and what most tests begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from redshift_teardown.emulator import Control, Emulator, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSWORD = "Correct-Horse-1"
Arguments = dict[str, Any]


@pytest.fixture(scope="session")
def server() -> Iterator[Emulator]:
    """An emulator for all tests of the session; `emulator` empties it for each."""
    with Emulator(clock=VirtualClock()) as running:
        yield running


@pytest.fixture
def emulator(server: Emulator) -> Emulator:
    """The emulator, with nothing in it."""
    server.control.reset()
    return server


@pytest.fixture
def control(emulator: Emulator) -> Control:
    """Its control, over HTTP."""
    return Control(emulator.url)


@pytest.fixture
def connect(emulator: Emulator) -> Callable[..., Any]:
    """Makes clients: ``connect("redshift", key="test", region="us-east-1", attempts=1)``."""

    def make(
        service: str = "redshift", *, key: str = "test", region: str = "us-east-1", attempts: int = 1
    ) -> Any:
        # The stubs know a service by a literal only; here it is an argument.
        factory: Any = boto3.client
        return factory(
            service,
            region_name=region,
            endpoint_url=emulator.url,
            aws_access_key_id=key,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=20),
        )

    return make


@pytest.fixture
def redshift(connect: Callable[..., Any]) -> Any:
    """A client of the default account in us-east-1, without retries."""
    return connect()


@pytest.fixture
def arguments() -> Callable[..., Arguments]:
    """CreateCluster's arguments, with some of them changed; None leaves one out."""

    def make(identifier: str = "alpha", **changes: Any) -> Arguments:
        made = {
            "ClusterIdentifier": identifier,
            "NodeType": "ra3.xlplus",
            "ClusterType": "multi-node",
            "NumberOfNodes": 2,
            "MasterUsername": "admin",
            "MasterUserPassword": PASSWORD,
            **changes,
        }
        return {name: value for name, value in made.items() if value is not None}

    return make


@pytest.fixture
def create(redshift: Any, control: Control, arguments: Callable[..., Arguments]) -> Callable[..., Any]:
    """Creates a cluster and waits for it."""

    def make(identifier: str = "alpha", **changes: Any) -> Any:
        redshift.create_cluster(**arguments(identifier, **changes))
        control.advance(180)
        return redshift.describe_clusters(ClusterIdentifier=identifier)["Clusters"][0]

    return make


@pytest.fixture
def status(redshift: Any) -> Callable[..., str]:
    """The status of a cluster; ``gone`` when there is none."""

    def look(identifier: str = "alpha") -> str:
        try:
            found = redshift.describe_clusters(ClusterIdentifier=identifier)["Clusters"][0]
        except redshift.exceptions.ClusterNotFoundFault:
            return "gone"
        return str(found["ClusterStatus"])

    return look


@pytest.fixture
def refusal() -> Callable[..., tuple[str, int, str]]:
    """Calls what must be refused, and gives code, HTTP status and message."""

    def call(operation: Callable[..., Any], **arguments: Any) -> tuple[str, int, str]:
        with pytest.raises(ClientError) as caught:
            operation(**arguments)
        answer = caught.value.response
        return (
            answer["Error"]["Code"],
            answer["ResponseMetadata"]["HTTPStatusCode"],
            answer["Error"]["Message"],
        )

    return call
