"""The demo runs from end to end, and prints what the README shows of it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT, blocks_of
from tests.long import of_the_long_ones

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    of_the_long_ones,
]


def general(line: str) -> str:
    """Return a line with what differs from run to run, its numbers, left open."""
    return re.sub(r"\d+", "#", " ".join(line.split()))


def test_the_demo() -> None:
    """It ends well, and what the README shows of it was printed; which waits one sees is a matter of time."""
    done = subprocess.run(
        [sys.executable, "tools/demo/run.py"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = {general(line) for line in done.stdout.splitlines()}
    shown = [
        line
        for block in blocks_of("README.md")
        if block.language == "text"
        for line in block.text.splitlines()
    ]

    assert done.returncode == 0, done.stdout
    assert [line for line in shown if general(line) not in printed and "waiting: " not in line] == []
    assert "Traceback" not in done.stdout
