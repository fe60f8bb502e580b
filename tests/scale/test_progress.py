"""Progress on a resource's row: a log is not flooded, and no failure of it reaches a teardown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from redshift_teardown import process
from redshift_teardown.engine import progress
from redshift_teardown.engine.progress import LOST_AFTER, QUIET_SECONDS, ROW_SECONDS, EngineReporter
from tests.contract import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

URN = "urn:pulumi:prod::shop::pulumi-python:dynamic/redshift:Cluster::warehouse"


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The module's clock."""
    made = Time()
    monkeypatch.setattr(progress, "time", made)
    return made


@pytest.fixture(autouse=True)
def _a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "engine", None)
    monkeypatch.setattr(process, "failures", 0)
    monkeypatch.setattr(process, "said", set())
    monkeypatch.setattr(process, "quiet", True)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[wire.Engine]:
    """An engine that started this process."""
    with wire.listening() as (listening, address):
        monkeypatch.setattr(sys, "argv", ["provider", address])
        yield listening


def _shown(engine: wire.Engine) -> list[str]:
    return [line.message for line in engine.lines if line.ephemeral]


def test_numbers_alone_are_a_line_a_minute_in_a_log(engine: wire.Engine, time: Time) -> None:
    """An hour of progress, looked at every two seconds, is sixty lines, and the first comes at once."""
    reporter = EngineReporter(URN, "warehouse")

    for look in range(1800):
        percent = look * 100 // 1800
        reporter.progress(f"final snapshot {percent} % · {look} GB of 1.8 TB · about {1800 - look}s left")
        time.now += 2

    assert len(_shown(engine)) == 3600 / QUIET_SECONDS
    assert _shown(engine)[0].startswith("final snapshot 0 %")


def test_a_change_of_what_goes_on_is_a_line_at_once(engine: wire.Engine, time: Time) -> None:
    """Another status, another stage or the end of the snapshot is never held back."""
    reporter = EngineReporter(URN, "warehouse")
    said = [
        "waiting: cluster is modifying (2s)",
        "waiting: cluster is modifying (4s)",
        "waiting: cluster is resizing (6s)",
        "DeleteCluster accepted; final snapshot warehouse-final",
        "final snapshot 0 % · 0 MB of 2.9 TB · 310 MB/s · about 2h 36m left",
        "final snapshot 42 % · 1.2 TB of 2.9 TB · 310 MB/s · about 1h 31m left",
        "deleting (2h 40m); final snapshot 100 % · 2.9 TB",
        "deleting (2h 41m); final snapshot 100 % · 2.9 TB",
    ]

    for text in said:
        reporter.progress(text)
        time.now += 2

    assert _shown(engine) == [said[number] for number in (0, 2, 3, 4, 6)]


def test_on_a_terminal_every_look_is_shown(
    engine: wire.Engine, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the engine draws rows, numbers move with every poll; only what none could read is left out."""
    monkeypatch.setattr(process, "quiet", False)
    reporter = EngineReporter(URN, "warehouse")

    for look in range(40):
        reporter.progress(f"final snapshot {look} %")
        time.now += ROW_SECONDS / 2

    assert _shown(engine) == [f"final snapshot {look} %" for look in range(0, 40, 2)]


def test_what_names_no_cluster_is_said_once_for_all(engine: wire.Engine) -> None:
    """A hundred clusters that wait say only once that interrupting is safe, and each its own end."""
    for number in range(100):
        reporter = EngineReporter(f"{URN}{number}", f"c{number}")
        reporter.keep("interrupting is safe")
        reporter.keep(f"c{number} is gone")

    kept = [line.message for line in engine.lines if not line.ephemeral]
    assert kept.count("interrupting is safe") == 1
    assert len(kept) == 101


def test_without_an_engine_there_are_plain_lines_at_a_sane_rate(
    time: Time, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An engine that is gone is told once; then lines with the resource's name, as few as in a log."""
    monkeypatch.setattr(sys, "argv", ["provider", "127.0.0.1:1"])
    monkeypatch.setattr(process, "quiet", False)
    reporter = EngineReporter(URN, "warehouse")

    for look in range(150):
        reporter.progress(f"final snapshot {look % 100} %")
        time.now += 2
    reporter.warn("something is odd")
    reporter.keep("warehouse is gone")

    lines = capfd.readouterr().err.splitlines()
    assert sum(line.startswith("progress cannot be shown by the engine") for line in lines) == 1
    assert lines[-2:] == ["warehouse: something is odd", "warehouse: warehouse is gone"]
    assert len(lines) <= LOST_AFTER + 300 / QUIET_SECONDS + 3


def test_no_failure_of_reporting_reaches_a_teardown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an engine's address that is none, nor a closed standard error, nor an odd text."""
    closed = open("/dev/null", "w")  # noqa: PTH123, SIM115 - closed on purpose
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    monkeypatch.setattr(process, "quiet", None)
    for arguments in (["provider"], ["provider", "nonsense"], ["provider", "no such host:12"]):
        monkeypatch.setattr(sys, "argv", arguments)
        monkeypatch.setattr(process, "engine", None)
        reporter = EngineReporter("not a urn", "")
        reporter.progress("")
        reporter.keep("\udcff")
        reporter.warn("\x00" * 100)


def test_an_engine_that_is_slow_once_is_not_given_up(engine: wire.Engine) -> None:
    """A message that the engine did not take in time costs that message, and not all that follow."""
    reporter = EngineReporter(URN, "warehouse")
    reporter.keep("\udcff")  # cannot be encoded, so it cannot be sent
    reporter.keep("warehouse is gone")

    assert [line.message for line in engine.lines] == ["warehouse is gone"]
