"""The server and the command: starting, stopping, restarting, many clients at once."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from redshift_teardown.emulator import (
    Control,
    Emulator,
    EmulatorError,
    RealClock,
    StateFileError,
    VirtualClock,
)
from redshift_teardown.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LISTENING = re.compile(r"emulator listening on (http://127\.0\.0\.1:\d+)\n\Z")


def client(url: str, **config: Any) -> Any:
    """A Redshift client without retries."""
    return boto3.client(
        "redshift",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts the command and waits until it listens; gives the process and its address."""
    started: list[subprocess.Popen[str]] = []

    def run(*options: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "redshift_teardown.emulator", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = LISTENING.match(line)
        assert found, (line, process.stderr.read() if process.stderr else "")
        return process, found.group(1)

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_and_stops_quietly(start: Any, number: signal.Signals) -> None:
    """One line when it is ready, exit 0 without a word when told to stop, with a client still connected."""
    process, url = start("--speed", "60")
    assert client(url).describe_clusters()["Clusters"] == []
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "")


def run(*options: str) -> tuple[int, str, str]:
    """Runs the command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "redshift_teardown.emulator", *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_port_is_taken(emulator: Emulator) -> None:
    """One line that names the address, and exit 1."""
    port = emulator.url.rpartition(":")[2]
    assert run("--port", port) == (
        1,
        "",
        f"emulator: cannot listen on 127.0.0.1:{port}: Address already in use\n",
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{half", "cannot be used: Expecting property name"),
        (b"\xff\xfe", "cannot read the state file"),
        (b"[]", "cannot be used: it is not a state file of this emulator"),
        (
            b'{"format": "redshift-teardown-emulator", "version": 99}',
            "it has version 99, this emulator reads 1",
        ),
        (b'{"format": "redshift-teardown-emulator", "version": 1}', "it holds no state"),
        (b'{"format": "redshift-teardown-emulator", "version": 1, "state": {}}', "KeyError: 'places'"),
    ],
)
def test_a_broken_state_file(tmp_path: Path, content: bytes, complaint: str) -> None:
    """One line that names the file and what to do, exit 1, and the file is left as it was."""
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(StateFileError, match=re.escape(complaint)):
        Emulator(state_file=path)
    code, out, err = run("--state", str(path))
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert complaint in err
    assert path.read_bytes() == content


def test_no_folder_for_the_state_file(tmp_path: Path) -> None:
    """A folder that does not exist is told at the start, not at the first call."""
    with pytest.raises(StateFileError, match="the folder of the state file does not exist"):
        Emulator(state_file=tmp_path / "nowhere" / "state.json")


@pytest.mark.parametrize("options", [("--speed", "0"), ("--speed", "-1"), ("--port", "70000")])
def test_options_that_make_no_sense(options: tuple[str, str]) -> None:
    """One line, exit 1."""
    code, out, err = run(*options)
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_the_state_outlives_a_kill(start: Any, tmp_path: Path, arguments: Any) -> None:
    """After kill -9 the next emulator knows clusters, tags, markers and snapshots, and time has gone on."""
    path = tmp_path / "state.json"
    process, url = start("--state", str(path), "--speed", "600")
    control = Control(url)
    control.set_lifecycle(creating=0, final_snapshot=600, deleting=0, snapshot_megabytes=77)
    redshift = client(url)
    redshift.create_cluster(**arguments("alpha", Tags=[{"Key": "team", "Value": "data"}]))
    redshift.create_cluster(**arguments("beta"))
    control.set_marker("alpha", "row 1")
    redshift.delete_cluster(ClusterIdentifier="alpha", FinalClusterSnapshotIdentifier="last")
    process.kill()
    process.wait()
    _, url = start("--state", str(path), "--speed", "600")
    redshift, control = client(url), Control(url)
    deadline = time.monotonic() + 10
    while len(redshift.describe_clusters()["Clusters"]) > 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [each["ClusterIdentifier"] for each in redshift.describe_clusters()["Clusters"]] == ["beta"]
    found = redshift.describe_cluster_snapshots(SnapshotIdentifier="last")["Snapshots"][0]
    assert (found["Status"], found["TotalBackupSizeInMegaBytes"]) == ("available", 77.0)
    assert control.snapshot_marker("last") == "row 1"
    assert [each["lost_without_snapshot"] for each in control.state()["generations"]] == [False, False]


def test_a_virtual_clock_goes_on_where_it_stood(tmp_path: Path, arguments: Any) -> None:
    """All state is the same after a restart, phases and switches included, and ids do not repeat."""
    path = tmp_path / "state.json"
    before = Emulator(clock=VirtualClock(), state_file=path)
    redshift = client("http://127.0.0.1:9")
    before.attach(redshift)
    before.control.set_lifecycle("alpha", creating=500)
    before.control.set_behaviour(delete_paused=False)
    redshift.create_cluster(**arguments())
    before.control.advance(200)
    before.control.set_cluster("alpha", status="odd", seconds=100)
    before.control.put_snapshot("one", "bygone")
    after = Emulator(clock=VirtualClock(), state_file=path)
    assert after.control.state() == before.control.state()
    assert after.control.now() == before.control.now()
    again = client("http://127.0.0.1:9")
    after.attach(again)
    again.create_cluster(**arguments("beta"))
    namespaces = [each["namespace"] for each in after.control.state()["generations"]]
    assert len(set(namespaces)) == 2
    after.control.advance(399)
    assert again.describe_clusters(ClusterIdentifier="alpha")["Clusters"][0]["ClusterStatus"] == "creating"
    after.control.advance(1)
    assert again.describe_clusters(ClusterIdentifier="alpha")["Clusters"][0]["ClusterStatus"] == "available"


def test_the_state_file_is_never_half_written(tmp_path: Path, arguments: Any) -> None:
    """It is replaced as a whole: no temporary file stays, no password is in it."""
    path = tmp_path / "state.json"
    emulator = Emulator(clock=VirtualClock(), state_file=path)
    redshift = client("http://127.0.0.1:9")
    emulator.attach(redshift)
    inode = path.stat().st_ino
    redshift.create_cluster(**arguments())
    assert path.stat().st_ino != inode
    assert os.listdir(tmp_path) == ["state.json"]  # noqa: PTH208  # names, hidden ones too
    assert arguments()["MasterUserPassword"] not in path.read_text()
    json.loads(path.read_text())


def test_a_state_file_that_cannot_be_written(tmp_path: Path, arguments: Any, refusal: Any) -> None:
    """A change that cannot be kept is an error of the server, in words."""
    folder = tmp_path / "folder"
    folder.mkdir()
    emulator = Emulator(clock=VirtualClock(), state_file=folder / "state.json")
    redshift = client("http://127.0.0.1:9")
    emulator.attach(redshift)
    (folder / "state.json").unlink()
    folder.rmdir()
    code, status, text = refusal(redshift.create_cluster, **arguments())
    assert (code, status) == ("InternalFailure", 500)
    assert "cannot write the state file" in text


def test_two_emulators_share_nothing(arguments: Any) -> None:
    """Side by side in one process, and one after the other on the same port."""
    with Emulator(clock=VirtualClock()) as one, Emulator(clock=VirtualClock()) as two:
        first, second = client(one.url), client(two.url)
        first.create_cluster(**arguments())
        assert second.describe_clusters()["Clusters"] == []
        one.control.advance(180)
        second.create_cluster(**arguments())
        assert second.describe_clusters()["Clusters"][0]["ClusterStatus"] == "creating"
        port = int(one.url.rpartition(":")[2])
    with pytest.raises(EmulatorError, match="does not serve"):
        _ = one.url
    with Emulator(clock=VirtualClock(), port=port) as three:
        assert client(three.url).describe_clusters()["Clusters"] == []
        # The old client's connection was kept open; it must not reach the emulator that is gone.
        with pytest.raises(ClientError, match="ClusterNotFound"):
            first.describe_clusters(ClusterIdentifier="alpha")


def test_one_of_many_deletes_wins(emulator: Emulator, create: Any, control: Control) -> None:
    """Of thirty-two deletes at once one is accepted; the others are InvalidClusterState."""
    create()

    def delete(number: int) -> str:
        try:
            client(emulator.url).delete_cluster(
                ClusterIdentifier="alpha", FinalClusterSnapshotIdentifier=f"last-{number}"
            )
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "ok"

    with ThreadPoolExecutor(32) as pool:
        results = sorted(pool.map(delete, range(32)))
    assert results == ["InvalidClusterState"] * 31 + ["ok"]
    assert len(control.state()["generations"][0]["final_snapshots"]) == 1


def test_two_hundred_clusters(arguments: Any) -> None:
    """Two hundred live and die side by side, each with its snapshot, and a call stays cheap."""
    emulator = Emulator(clock=VirtualClock())
    redshift = client("http://127.0.0.1:9")
    emulator.attach(redshift)
    for number in range(200):
        redshift.create_cluster(**arguments(f"c{number}"))
    emulator.control.advance(180)
    started = time.perf_counter()
    for _ in range(100):
        redshift.describe_clusters(ClusterIdentifier="c7")
    spent = (time.perf_counter() - started) / 100
    for number in range(200):
        redshift.delete_cluster(ClusterIdentifier=f"c{number}", FinalClusterSnapshotIdentifier=f"f{number}")
    emulator.control.advance(360)
    assert redshift.describe_clusters()["Clusters"] == []
    state = emulator.control.state()
    assert [each["lost_without_snapshot"] for each in state["generations"]] == [False] * 200
    assert len(state["snapshots"]) == 200
    # About 1.5 ms on two old cores; the bound only says that nothing grows with the square.
    assert spent < 0.05


def test_a_real_clock_and_its_speed(arguments: Any) -> None:
    """With a speed factor phases pass faster, while times told are those of the wall clock."""
    with Emulator(clock=RealClock(speed=600)) as emulator:
        redshift = client(emulator.url)
        redshift.create_cluster(**arguments())
        assert redshift.describe_clusters()["Clusters"][0]["ClusterStatus"] == "creating"
        time.sleep(0.4)
        shown = redshift.describe_clusters()["Clusters"][0]
        assert shown["ClusterStatus"] == "available"
        assert abs(shown["ClusterCreateTime"].timestamp() - time.time()) < 30
        emulator.control.advance(3600)
        assert emulator.control.now() - time.time() > 3500


def raw(url: str, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """A request made by hand."""
    connection = HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/redshift/aws4_request, Signature=0"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"Action": "DescribeClusters", "MaxRecords": "many"}, 400, "InvalidParameterValue"),
        ({"Action": "DescribeClusters", "MaxRecords": "1_00"}, 400, "InvalidParameterValue"),
        (
            {"Action": "DeleteCluster", "ClusterIdentifier": "a", "SkipFinalClusterSnapshot": "maybe"},
            400,
            "InvalidParameterValue",
        ),
        ({"Action": "DescribeClusterSnapshots", "StartTime": "yesterday"}, 400, "InvalidParameterValue"),
        ({"Action": "DeleteCluster"}, 400, "MissingParameter"),
        ({"Action": "ExplodeCluster"}, 400, "InvalidAction"),
        ({}, 400, "InvalidAction"),
    ],
)
def test_requests_made_by_hand(emulator: Emulator, fields: dict[str, str], status: int, code: str) -> None:
    """What boto3 would never send is refused cleanly."""
    body = urllib.parse.urlencode(fields).encode()
    answer = raw(emulator.url, "/", body, **{"Authorization": AUTHORIZATION, "Content-Type": FORM})
    assert answer[0] == status
    assert f"<Code>{code}</Code>" in answer[1]


def test_unsigned_and_unreadable_requests(emulator: Emulator) -> None:
    """Without a signature, or with bytes that are no text, there is an error and no crash."""
    status, text = raw(emulator.url, "/", b"Action=DescribeClusters", **{"Content-Type": FORM})
    assert (status, "<Code>MissingAuthenticationToken</Code>" in text) == (403, True)
    status, text = raw(
        emulator.url, "/", b"\xff\xfe=1", Authorization=AUTHORIZATION, **{"Content-Type": FORM}
    )
    assert (status, "<Code>MalformedQueryString</Code>" in text) == (400, True)
    status, text = raw(emulator.url, "/_emulator/state", b"{half")
    assert (status, "error" in json.loads(text)) == (400, True)
    status, text = raw(emulator.url, "/_emulator/state", b"[]")
    assert (status, json.loads(text)) == (400, {"error": "the body must be a JSON object"})


def test_markup_in_values_is_escaped(redshift: Any, create: Any, control: Control) -> None:
    """A value that looks like markup comes back as it was."""
    create()
    control.set_cluster("alpha", status='<odd> & "so"')
    assert redshift.describe_clusters()["Clusters"][0]["ClusterStatus"] == '<odd> & "so"'


@pytest.mark.parametrize("sent", [b"", b"Action=DescribeClusters&Version=2012-12-01"])
def test_a_request_that_was_cut_off_is_none(sent: bytes) -> None:
    """A client that is killed while it sends has asked for nothing, however much of it reads like a call."""
    with Emulator() as emulator:
        host, port = emulator.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 500\r\n\r\n"
            connection.sendall(head.encode("ascii") + sent)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1000)

        assert answer == b""
        assert emulator.control.calls() == []
        assert client(emulator.url).describe_clusters()["Clusters"] == []


def exchange(url: str, sent: bytes) -> bytes:
    """Send bytes over a connection of their own, and give all that is answered within two seconds."""
    host, port = url.removeprefix("http://").split(":")
    answered = b""
    with socket.create_connection((host, int(port)), timeout=2) as connection:
        connection.sendall(sent)
        try:
            while piece := connection.recv(65536):
                answered += piece
        except TimeoutError:
            pass
    return answered


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: x", 400),
        (b"Content-Length: -5", 400),
        (b"Content-Length: 1_0", 400),
        ("Content-Length: ٣".encode(), 400),
        (b"Content-Length: 1\r\nContent-Length: 2", 400),
        (b"Content-Length: 99999999999999999999999", 413),
        (b"Content-Length: " + b"9" * 5000, 413),
        (b"Content-Length: 17000000", 413),
        (b"Transfer-Encoding: chunked", 411),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("path", [b"/", b"/_emulator/advance"])
def test_a_bad_request_gets_an_answer(emulator: Emulator, path: bytes, head: bytes, status: int) -> None:
    """Whatever is wrong with it, the client is told, and the next one is served."""
    sent = b"POST " + path + b" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + head + b"\r\n\r\n"

    answered = exchange(emulator.url, sent)

    assert int(answered.split()[1]) == status
    assert emulator.control.now() > 0


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"seconds":' * 100_000, b"\xff", b'{"seconds": NaN}'], ids=range(4)
)
def test_a_body_that_is_no_message_is_answered(emulator: Emulator, body: bytes) -> None:
    """Deep, broken or meaningless JSON is 400 with one sentence."""
    status, text = raw(emulator.url, "/_emulator/advance", body)

    assert (status, list(json.loads(text))) == (400, ["error"])


def test_a_fault_of_the_emulator_itself_is_answered(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Should it fail, the client hears of it, and the traceback is on the emulator's standard error."""
    monkeypatch.setattr(World, "settle_all", lambda _: 1 / 0)

    status, text = raw(emulator.url, "/_emulator/clock", b"")

    assert (status, "ZeroDivisionError" in text) == (500, True)
    assert "ZeroDivisionError: division by zero" in capfd.readouterr().err
