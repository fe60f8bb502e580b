"""The tree between a document and its meaning: plain values, each with the place it stands at.

Nodes are tuples because a document makes thousands of them, and a frozen dataclass takes four times as long.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from redshift_teardown.deletion_policy.problems import PolicyError, Position, Problem

Kind = Literal["text", "whole", "decimal", "truth", "nothing", "trap"]
"""What a scalar is; a *trap* is read differently by YAML 1.1 and 1.2, such as `no` and `010`."""


class Mark(NamedTuple):
    """Where a node stands.

    Attributes:
        source: The file as it is displayed.
        line: The line, counted from 1.
        column: The column, counted from 1 in characters.
        path: The path of keys to it, in a document that has no lines a person ever sees; else empty.
    """

    source: str
    line: int
    column: int
    path: str = ""

    @property
    def place(self) -> Position:
        """The line as a place."""
        return Position(self.source, self.line)


class ScalarNode(NamedTuple):
    """A single value.

    Attributes:
        mark: Where it stands.
        kind: What it is.
        value: The value as Python has it; for a trap, its text.
        text: The value as it is written, without quotes.
        reading: For everything but text, what YAML 1.1 makes of it, in words.
    """

    mark: Mark
    kind: Kind
    value: str | int | float | bool | None
    text: str
    reading: str = ""


class ListNode(NamedTuple):
    """A list of nodes."""

    mark: Mark
    items: tuple[Node, ...]


class MapNode(NamedTuple):
    """Keys and their nodes, in the order of the document, each key once."""

    mark: Mark
    entries: tuple[tuple[ScalarNode, Node], ...]


Node = ScalarNode | ListNode | MapNode


class Report:
    """Collects the problems of one document, so that all of them are told at once."""

    def __init__(self, source: str, lines: tuple[str, ...] = ()) -> None:
        """Begin a report.

        Args:
            source: The file as it is displayed.
            lines: Its lines, for the excerpts.
        """
        self.source = source
        self._lines = lines
        self._warnings: dict[Problem, None] = {}
        self._problems: dict[Problem, None] = {}  # an aliased node is judged once for each use, and told once

    def add(self, mark: Mark, message: str, hint: str = "") -> None:
        """Add a problem.

        Args:
            mark: Where it is; without a line (0) the document as a whole is meant.
            message: What is wrong.
            hint: What to write instead.
        """
        self._problems[self._problem(mark, message, hint)] = None

    @property
    def count(self) -> int:
        """How many problems there are."""
        return len(self._problems)

    def warn(self, mark: Mark, message: str, hint: str = "") -> None:
        """Add what is right, and may mean something else than its author thinks; arguments as of `add`."""
        self._warnings[self._problem(mark, message, hint)] = None

    def warnings(self) -> tuple[Problem, ...]:
        """Return what was warned of, in the order of the file."""
        return tuple(sorted(self._warnings, key=lambda problem: (problem.line, problem.column)))

    def _problem(self, mark: Mark, message: str, hint: str) -> Problem:
        if mark.path:
            message = f"{mark.path}: {message}"
        in_file = not mark.path and 0 < mark.line <= len(self._lines)
        return Problem(
            source=self.source,
            line=0 if mark.path else mark.line,
            column=0 if mark.path else mark.column,
            message=message,
            hint=hint,
            excerpt=self._lines[mark.line - 1] if in_file else "",
        )

    def raise_if_any(self) -> None:
        """Raise what was found.

        Raises:
            PolicyError: There are problems; they come in the order of the file.
        """
        if self._problems:
            raise self.error()

    def error(self) -> PolicyError:
        """Return what was found as an error, in the order of the file."""
        return PolicyError(sorted(self._problems, key=lambda problem: (problem.line, problem.column)))
