"""Faults: at the call they were scripted for, before or after it took effect, on the wire and in process."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from redshift_teardown.emulator import ControlError, Emulator, RealClock, VirtualClock

DELETE = {"ClusterIdentifier": "alpha", "FinalClusterSnapshotIdentifier": "last"}


@pytest.fixture(params=["wire", "process"])
def client(request: Any, emulator: Emulator) -> Any:
    """A client without retries, over a socket or attached."""
    made = boto3.client(
        "redshift",
        region_name="us-east-1",
        endpoint_url=emulator.url if request.param == "wire" else "http://127.0.0.1:9",
        aws_access_key_id="test",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    if request.param == "process":
        emulator.attach(made)
    return made


@pytest.mark.parametrize(
    ("fault", "code", "http"),
    [
        ({"code": "Throttling"}, "Throttling", 400),
        ({"code": "InternalFailure"}, "InternalFailure", 500),
        ({"code": "ServiceUnavailable"}, "ServiceUnavailable", 503),
        ({"code": "AccessDenied"}, "AccessDenied", 403),
        ({"code": "ExpiredToken"}, "ExpiredToken", 403),
        ({"code": "InvalidClusterState"}, "InvalidClusterState", 400),
        ({"code": "ClusterNotFound"}, "ClusterNotFound", 404),
        ({"code": "Odd", "status": 418}, "Odd", 418),
    ],
)
@pytest.mark.parametrize(("when", "after"), [("before", "available"), ("after", "final-snapshot")])
def test_errors(
    client: Any,
    create: Any,
    control: Any,
    status: Any,
    fault: Any,
    code: str,
    http: int,
    when: str,
    after: str,
) -> None:
    """An error comes with its status; whether the operation took effect depends on `when` alone."""
    create()
    control.add_fault("DeleteCluster", when=when, **fault)
    with pytest.raises(ClientError) as caught:
        client.delete_cluster(**DELETE)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, http)
    assert status() == after
    assert [(each.result, each.took_effect) for each in control.calls("DeleteCluster")] == [
        (code, when == "after")
    ]


@pytest.mark.parametrize(("when", "after"), [("before", "available"), ("after", "final-snapshot")])
def test_drops(client: Any, create: Any, control: Any, status: Any, when: str, after: str) -> None:
    """A dropped call is a closed connection, at once, and may have taken effect; the next goes through."""
    create()
    control.add_fault("DeleteCluster", when=when, kind="drop")
    started = time.monotonic()
    with pytest.raises(ConnectionClosedError):
        client.delete_cluster(**DELETE)
    assert time.monotonic() - started < 5
    assert status() == after
    assert [(each.result, each.status) for each in control.calls("DeleteCluster")] == [("dropped", 0)]
    assert len(client.describe_clusters()["Clusters"]) == 1


def test_a_resend_meets_its_own_success(create: Any, control: Any, connect: Any) -> None:
    """The silent resend of a DeleteCluster that took effect but was dropped is InvalidClusterState."""
    create()
    control.add_fault("DeleteCluster", when="after", kind="drop")
    with pytest.raises(ClientError) as caught:
        connect(attempts=3).delete_cluster(**DELETE)
    assert caught.value.response["Error"]["Code"] == "InvalidClusterState"
    assert [each.result for each in control.calls("DeleteCluster")] == ["dropped", "InvalidClusterState"]


def throttled(redshift: Any, **filters: Any) -> bool:
    """Whether a DescribeClusters is throttled."""
    try:
        redshift.describe_clusters(**filters)
    except ClientError as error:
        return bool(error.response["Error"]["Code"] == "Throttling")
    return False


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"occurrence": 1}, "x----"),
        ({"occurrence": 3}, "--x--"),
        ({"occurrence": 2, "times": 2}, "-xx--"),
        ({"occurrence": 2, "times": None}, "-xxxx"),
        ({"occurrence": "every"}, "xxxxx"),
        ({"occurrence": "probability", "chance": 1.0}, "xxxxx"),
        ({"occurrence": "probability", "chance": 0.0}, "-----"),
        ({"occurrence": "probability", "chance": 1.0, "times": 2}, "xx---"),
        ({"occurrence": 1, "cluster_identifier": "beta"}, "-----"),
        ({"occurrence": 1, "cluster_identifier": "alpha"}, "x----"),
        ({"occurrence": "every", "account": "999988887777"}, "-----"),
        ({"occurrence": "every", "region": "us-east-1"}, "xxxxx"),
        ({"occurrence": "every", "during": 25}, "xxx--"),
        ({"occurrence": "every", "operation": "*"}, "xxxxx"),
        ({"occurrence": "every", "operation": "DeleteCluster"}, "-----"),
    ],
    ids=str,
)
def test_which_calls_are_struck(redshift: Any, create: Any, control: Any, fault: Any, expected: str) -> None:
    """Occurrence, times, filters and duration choose the calls, counted from when the fault was added."""
    create()
    redshift.describe_clusters(ClusterIdentifier="alpha")
    control.add_fault(**{"operation": "DescribeClusters", "code": "Throttling", **fault})
    control.clear_calls()
    seen = ""
    for _ in range(5):
        seen += "x" if throttled(redshift, ClusterIdentifier="alpha") else "-"
        control.advance(10)
    assert seen == expected
    assert [each.result for each in control.calls()] == [
        {"x": "Throttling", "-": "ok"}[each] for each in expected
    ]


def test_half_of_all_calls(redshift: Any, control: Any) -> None:
    """A chance of one half strikes about half, the same calls for the same seed."""

    def struck(seed: int) -> list[bool]:
        control.clear_faults()
        control.add_fault("*", occurrence="probability", chance=0.5, code="Throttling", seed=seed)
        return [throttled(redshift) for _ in range(100)]

    first = struck(1)
    assert 30 < sum(first) < 70
    assert struck(1) == first
    assert struck(2) != first


def test_a_fault_of_one_cluster_strikes_calls_about_its_tags(
    redshift: Any, create: Any, control: Any
) -> None:
    """They name it by its ARN; a snapshot's ARN names no cluster."""
    create()
    arn = "arn:aws:redshift:us-east-1:123456789012"
    control.add_fault("CreateTags", cluster_identifier="alpha", code="Throttling")

    for named in (f"{arn}:cluster:beta", f"{arn}:snapshot:alpha/alpha", f"{arn}:cluster:alpha"):
        with pytest.raises(ClientError):
            redshift.create_tags(ResourceName=named, Tags=[{"Key": "a", "Value": "1"}])

    assert [call.fault for call in control.calls("CreateTags")] == ["", "", "Throttling before"]


def test_several_faults_on_one_call(redshift: Any, create: Any, control: Any, emulator: Emulator) -> None:
    """A delay and an error may strike the same call; on a virtual clock a delay moves the clock."""
    create()
    control.add_fault("DescribeClusters", kind="delay", seconds=40)
    control.add_fault("DescribeClusters", code="Throttling")
    before = control.now()
    with pytest.raises(ClientError):
        redshift.describe_clusters()
    assert control.now() - before == 40
    assert control.calls("DescribeClusters")[-1].fault == "delay 40s before; Throttling before"
    assert [(each["seen"], each["struck"]) for each in control.faults()] == [(1, 1), (1, 1)]
    control.clear_faults()
    assert control.faults() == []
    assert emulator.clock.virtual


def test_a_delay_outlasts_the_client() -> None:
    """On a real clock a delay is real: the client's read timeout passes, and the call took effect."""
    with Emulator(clock=RealClock(speed=1000)) as slow:
        client = boto3.client(
            "redshift",
            region_name="us-east-1",
            endpoint_url=slow.url,
            aws_access_key_id="test",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=0.3),
        )
        slow.control.add_fault("CreateClusterParameterGroup", kind="delay", when="after", seconds=1)
        with pytest.raises(ReadTimeoutError):
            client.create_cluster_parameter_group(
                ParameterGroupName="tuned", ParameterGroupFamily="redshift-1.0", Description="d"
            )
        assert (
            len(client.describe_cluster_parameter_groups(ParameterGroupName="tuned")["ParameterGroups"]) == 1
        )


def test_sts_can_fail_too(connect: Any, control: Any, refusal: Any) -> None:
    """Faults strike whatever service is called."""
    control.add_fault("GetCallerIdentity", code="Throttling")
    assert refusal(connect("sts").get_caller_identity)[0] == "Throttling"


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"occurrence": 0}, "occurrence must be"),
        ({"occurrence": "sometimes"}, "occurrence must be"),
        ({"kind": "explosion"}, "kind must be"),
        ({"when": "during"}, "when must be"),
        ({"chance": 2.0, "occurrence": "probability"}, "chance must be"),
    ],
)
def test_a_fault_that_makes_no_sense(control: Any, fault: Any, complaint: str) -> None:
    """It is refused when it is scripted, in words."""
    with pytest.raises(ControlError, match=complaint):
        control.add_fault("DeleteCluster", **fault)


def test_an_unreachable_emulator(emulator: Emulator, redshift: Any) -> None:
    """An attached client finds the endpoint unreachable while it is told to be."""
    emulator.attach(redshift)
    emulator.reachable = False
    try:
        with pytest.raises(EndpointConnectionError):
            redshift.describe_clusters()
    finally:
        emulator.reachable = True
    assert redshift.describe_clusters()["Clusters"] == []


def test_a_client_attached_again(redshift: Any, arguments: Any, emulator: Emulator) -> None:
    """It talks to the emulator it was attached to last, and to no other."""
    emulator.attach(redshift)
    other = Emulator(clock=VirtualClock())
    other.attach(redshift)
    redshift.create_cluster(**arguments())
    assert list(other.control.state()["clusters"]) == ["alpha"]
    assert emulator.control.state()["clusters"] == {}


class Killed(BaseException):
    """Stands for a client's process that dies."""


@pytest.mark.parametrize(("moment", "after"), [("before", "available"), ("after", "final-snapshot")])
def test_a_client_that_dies(
    emulator: Emulator, create: Any, status: Any, connect: Any, moment: str, after: str
) -> None:
    """What `on_call` raises goes through botocore, before or after the operation took effect."""
    create()
    client = connect(attempts=5)

    def die(operation: str, when: str) -> None:
        if (operation, when) == ("DeleteCluster", moment):
            raise Killed

    emulator.attach(client, die)
    with pytest.raises(Killed):
        client.delete_cluster(**DELETE)
    assert status() == after
