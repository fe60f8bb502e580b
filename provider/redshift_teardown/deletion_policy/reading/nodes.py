"""The tree between a document and its meaning: plain values, each with the place it stands at.

Nodes are tuples because a document makes thousands of them, and a frozen dataclass takes four times as long.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from redshift_teardown.deletion_policy.problems import Objection, PolicyError, Position, Problem


class Mark(NamedTuple):
    """Where a node stands.

    Attributes:
        source: The file as it is displayed.
        line: The line, counted from 1; 0 where the document as a whole is meant.
        column: The column, counted from 1 in characters.
    """

    source: str
    line: int
    column: int

    @property
    def place(self) -> Position:
        """The line as a place."""
        return Position(self.source, self.line)


class ScalarNode(NamedTuple):
    """A single value.

    Attributes:
        mark: Where it stands.
        text: The value as it is written, without quotes.
        value: The value as Python has it; for a text, and for what readers of YAML do not agree on, its text.
        reading: For everything but text, what YAML 1.1 makes of it, in words.
    """

    mark: Mark
    text: str
    value: str | int | float | bool | None
    reading: str = ""

    @property
    def is_text(self) -> bool:
        """Whether every reader of YAML takes it for a text."""
        return not self.reading


class ListNode(NamedTuple):
    """A list of nodes."""

    mark: Mark
    items: tuple[Node, ...]


class Entry(NamedTuple):
    """What stands behind a key.

    Attributes:
        mark: Where the key stands.
        value: What it is for.
    """

    mark: Mark
    value: Node


class MapNode(NamedTuple):
    """Keys and what is behind them, in the order of the document."""

    mark: Mark
    entries: dict[str, Entry]


Node = ScalarNode | ListNode | MapNode


class Report:
    """Collects the problems of one document, so that all of them are told at once.

    Args:
        source: The file as it is displayed.
        lines: Its lines, for the excerpts.
    """

    def __init__(self, source: str, lines: tuple[str, ...] = ()) -> None:
        self._source = source
        self._lines = lines
        self._warnings: dict[Problem, None] = {}
        self._problems: dict[Problem, None] = {}  # an aliased node is judged once for each use, and told once

    def mark(self, line: int = 0, column: int = 0) -> Mark:
        """Return a place in the document, or the document as a whole."""
        return Mark(self._source, line, column)

    def add(self, mark: Mark, message: str, hint: str = "") -> None:
        """Add a problem.

        Args:
            mark: Where it is.
            message: What is wrong.
            hint: What to write instead.
        """
        self._problems[self._problem(mark, message, hint)] = None

    def add_any(self, mark: Mark, objection: Objection | None) -> bool:
        """Add an objection, if there is one, and return whether there is."""
        if objection:
            self.add(mark, *objection)
        return bool(objection)

    def warn(self, mark: Mark, message: str, hint: str = "") -> None:
        """Add what is right, and may mean something else than its author thinks; arguments as of `add`."""
        self._warnings[self._problem(mark, message, hint)] = None

    def fail(self, mark: Mark, message: str, hint: str) -> NoReturn:
        """Add a problem that leaves nothing more to read; arguments as of `add`.

        Raises:
            PolicyError: Always, with all problems in the order of the file.
        """
        self.add(mark, message, hint)
        raise PolicyError(self.problems)

    def raise_if_any(self) -> None:
        """Raise what was found.

        Raises:
            PolicyError: There are problems.
        """
        if self._problems:
            raise PolicyError(self.problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, in the order of the file."""
        return _in_order(self._problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was warned of, in the order of the file."""
        return _in_order(self._warnings)

    def _problem(self, mark: Mark, message: str, hint: str) -> Problem:
        excerpt = self._lines[mark.line - 1] if 0 < mark.line <= len(self._lines) else ""
        return Problem(self._source, mark.line, mark.column, message, hint, excerpt)


def _in_order(problems: dict[Problem, None]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
