"""How a problem reads."""

from __future__ import annotations

import pytest

from redshift_teardown.deletion_policy import PolicyError, Position, Problem
from redshift_teardown.deletion_policy.problems import listed, nearest, shown


def test_a_place_reads_as_file_and_line() -> None:
    """Terminals and editors make a link of it."""
    assert str(Position("policy/deletion-policy.yaml", 12)) == "policy/deletion-policy.yaml:12"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("p", 0, 0, "gone"), "p: gone"),
        (Problem("p", 3, 0, "odd", "even"), "p:3: odd\n      write instead: even"),
        (Problem("p", 3, 0, "odd", "", "abc"), "p:3: odd\n    3 | abc"),
        (Problem("p", 3, 2, "odd", "", "abc"), "p:3:2: odd\n    3 | abc\n      |  ^"),
        (Problem("p", 3, 3, "odd", "", "数据c"), "p:3:3: odd\n    3 | 数据c\n      |     ^"),
        (Problem("p", 3, 3, "odd", "", "e\u0301c"), "p:3:3: odd\n    3 | e\u0301c\n      |  ^"),
        (Problem("p", 3, 2, "odd", "", "\tc"), "p:3:2: odd\n    3 |  c\n      |  ^"),
        (Problem("p", 123456, 1, "odd", "", "c"), "p:123456:1: odd\n123456 | c\n       | ^"),
    ],
)
def test_render(problem: Problem, text: str) -> None:
    """A problem shows what is known: place, line with a caret, and what to write instead."""
    assert problem.render() == text


@pytest.mark.parametrize("column", [1, 48, 49, 100, 153, 200])
def test_the_caret_stands_under_its_column(column: int) -> None:
    """However long the line, the character in question is shown, with the caret under it."""
    line = "".join(chr(ord("a") + index % 26) for index in range(200))
    _, excerpt, caret = Problem("p", 1, column, "odd", "", line).render().split("\n")

    assert excerpt[caret.index("^")] == line[column - 1]
    assert len(excerpt) <= 8 + 98


def test_a_long_report_ends() -> None:
    """After fifty problems the rest is counted."""
    problems = [Problem("p", line, 1, "odd") for line in range(1, 53)]

    assert len(str(PolicyError(problems[:50])).splitlines()) == 50
    assert str(PolicyError(problems)).splitlines()[-2:] == ["p:50:1: odd", "… and 2 more"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("stack", "stacks"),
        ("Stacks", "stacks"),
        ("final-snapshot", "final_snapshot"),
        ("finalSnapshot", "final_snapshot"),
        ("fin", "final_snapshot"),
        ("f", None),
        ("s", None),
        ("managed-bye", "managed-by"),
        ("zzz", None),
        ("", None),
        ("stacks" * 1000, None),
    ],
)
def test_nearest(word: str, near: str | None) -> None:
    """A slip of the pen and a beginning lead to the word that was meant; nothing else does."""
    assert nearest(word, ["stacks", "starts", "final_snapshot", "managed-by"]) == near


def test_shown() -> None:
    """A quoted piece is short, on one line, and holds nothing a terminal would obey."""
    assert shown("dev") == '"dev"'
    assert shown("a\n\x1b") == '"a\\u000a\\u001b"'
    assert shown("x" * 48) == f'"{"x" * 48}"'
    assert shown("x" * 49) == f'"{"x" * 47}…"'


def test_listed() -> None:
    """Words are listed as a person lists them."""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
