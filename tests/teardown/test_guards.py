"""The list of guards is of this code, and the README shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teardown.guards import BEGIN, END, GUARDS, NOT_RUN, PACKAGE, README, Guard, without


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_can_be_taken_out(guard: Guard) -> None:
    """The guard's text stands in its file once, and the file without it is still Python."""
    text = (PACKAGE / guard.file).read_text(encoding="utf-8")
    compile(without(guard, text), guard.file, "exec")


def test_the_readme_has_a_test_for_every_guard() -> None:
    """The table is about the guards of this code, in their order, and each test in it exists."""
    shown = README.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0].splitlines()[2:]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in shown]
    assert [row[:2] for row in rows] == [[each.name, each.file] for each in GUARDS]
    for _, _, red in rows:
        if red == NOT_RUN:
            continue
        file, _, name = red.partition("::")
        source = (Path(__file__).parents[1] / file).read_text(encoding="utf-8")
        assert f"def {name}(" in source, red
