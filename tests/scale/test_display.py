"""What an operator sees: the engine's own display, recorded, for one cluster and for twenty.

`golden/` holds the recordings. What differs between two runs (times, sizes, timestamps, names of clusters) is
replaced by what it is, and equal lines are counted. After a wanted change run
`UPDATE_GOLDEN=1 python -m pytest tests/scale/test_display.py` and read the difference.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.stage import Aws, Stack
from bench.terminal import recorded
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GOLDEN = Path(__file__).parent / "golden"

_ROW = re.compile(r"redshift:Cluster|^    \S|c\d{3} is gone|interrupting is safe")
_VARYING = (
    (re.compile(r"deleting \((\d+m )?\d+s\)\.*"), "deleting (TIME)"),
    (re.compile(r"deleted \([\d.]+s\)"), "deleted (TIME)"),
    (re.compile(r"\d{8}t\d{6}z"), "TIMESTAMP"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\bc\d{3}\b"), "CLUSTER"),
    (re.compile(r"snapshot \d\d? % · [\d.]+ [MGT]B of"), "snapshot N % · SIZE of"),
    (re.compile(r"\d+ MB/s"), "RATE MB/s"),
    (re.compile(r"about (\d+m )?\d+s left"), "about TIME left"),
    (re.compile(r"\s+"), " "),
)

# On a terminal the engine draws some frames a second, so what is soon replaced may never be drawn.
_FLEETING = re.compile(
    r"$|CLUSTER: final snapshot|DeleteCluster accepted|final snapshot 100 %|interrupting|CLUSTER is gone"
)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """Where a final snapshot and deleting take six seconds each: long enough to be seen by some poll."""
    with Aws(final_snapshot=6, deleting=6) as running:
        yield running


@of_the_long_ones
def test_the_recordings_of_one_cluster(aws: Aws, tmp_path: Path) -> None:
    """In a log: one line for each thing that goes on, not for each poll, and what it ended with."""
    stack = Stack(aws, tmp_path, poll_seconds=2)
    stack.up(1)

    run = stack.destroy()

    lines = [_even(line) for line in run.output.splitlines() if _ROW.search(line)]
    _compare("one-in-a-log.txt", lines)
    assert run.count("DescribeClusterSnapshots") > 3
    assert len(re.findall(r"final snapshot \d\d? %", run.output)) == 1


@of_the_long_ones
def test_the_recordings_of_twenty_clusters(aws: Aws, tmp_path: Path) -> None:
    """In a log: the same for each of twenty, and the note about interrupting once for all."""
    stack = Stack(aws, tmp_path, poll_seconds=2)
    stack.up(20)

    output = stack.destroy().output

    counted = Counter(_even(line) for line in output.splitlines() if _ROW.search(line))
    _compare("twenty-in-a-log.txt", _counted(counted))


@pytest.mark.parametrize(
    ("count", "name"),
    [
        pytest.param(1, "one-on-a-terminal.txt", marks=of_the_long_ones),
        (20, "twenty-on-a-terminal.txt"),
    ],
)
def test_the_recordings_on_a_terminal(aws: Aws, tmp_path: Path, count: int, name: str) -> None:
    """On a terminal: a row for each cluster, whose numbers move and end at 100 %."""
    stack = Stack(aws, tmp_path, poll_seconds=2)
    stack.up(count)

    code, drawn = _on_a_terminal(stack)

    assert code == 0, "\n".join(drawn)
    rows = [line for line in drawn if "redshift:Cluster" in line and " deleting (" in line]
    for number in range(count):
        own = [row for row in rows if f" c{number:03} " in row]
        percents = [int(found[1]) for row in own if (found := re.search(r"final snapshot (\d+) %", row))]
        assert percents == sorted(percents)
        assert len(set(percents)) >= 2, own
        assert percents[-1] == 100
        assert any(f"c{number:03} is gone; final snapshot" in line for line in drawn)
    shown = dict.fromkeys(_even(_info(row)) for row in rows)
    _compare(name, [text for text in shown if not _FLEETING.match(text)])


@of_the_long_ones
def test_json_stays_json(aws: Aws, tmp_path: Path) -> None:
    """With ``--json`` every line is an event of the engine's, and those of progress are few."""
    stack = Stack(aws, tmp_path, poll_seconds=2)
    stack.up(1)

    events = [json.loads(line) for line in stack.destroy("--json").output.splitlines()]

    said = [each["diagnosticEvent"] for each in events if "diagnosticEvent" in each]
    kept = [each["message"] for each in said if not each.get("ephemeral")]
    shown = [each["message"] for each in said if each.get("ephemeral")]
    assert sum("is gone; final snapshot" in message for message in kept) == 1
    assert len([message for message in shown if re.search(r"snapshot \d\d? %", message)]) <= 2


# --- recordings ---


def _on_a_terminal(stack: Stack) -> tuple[int, list[str]]:
    # The engine takes no terminal for one where it thinks that it runs in a pipeline.
    environment = {name: value for name, value in stack.environment.items() if name != "CI"}
    return recorded(
        ["pulumi", "destroy", "--yes", "--skip-preview", "--parallel", "64"],
        cwd=stack.project,
        environment=environment,
    )


def _info(row: str) -> str:
    return re.sub(r"^.*? deleting \(\d+s\)\.*", "", row).strip()


def _even(line: str) -> str:
    for pattern, word in _VARYING:
        line = pattern.sub(word, line)
    return line.strip()


def _counted(lines: Counter[str]) -> Iterable[str]:
    return [f"{count:3} x {line}" for line, count in sorted(lines.items(), key=lambda each: each[0])]


def _compare(name: str, lines: Iterable[str]) -> None:
    text = "\n".join(lines) + "\n"
    golden = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text("utf-8")
