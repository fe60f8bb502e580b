"""The tree between a document and its meaning: plain values, each with the place it stands at.

Nodes are tuples because a document makes thousands of them, and a frozen dataclass takes four times as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from redshift_teardown.deletion_policy.problems import Objection, PolicyError, Position, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable


class Mark(NamedTuple):
    """Where a node stands, and where to tell what is wrong there.

    Attributes:
        report: What is told of the document.
        line: The line, counted from 1; 0 where the document as a whole is meant.
        column: The column, counted from 1 in characters.
    """

    report: Report
    line: int = 0
    column: int = 0

    @property
    def place(self) -> Position:
        """The line as a place."""
        return Position(self.report.source, self.line)

    def add(self, message: str, hint: str = "") -> None:
        """Report a problem.

        Args:
            message: What is wrong.
            hint: What to write instead.
        """
        self.report.problems[self._problem(message, hint)] = None

    def refused(self, objection: Objection | None) -> bool:
        """Report an objection, if there is one, and return whether there is."""
        if objection:
            self.add(*objection)
        return bool(objection)

    def warn(self, message: str, hint: str = "") -> None:
        """Report what is right, and may mean something else than its author thinks; arguments as of `add`."""
        self.report.warnings[self._problem(message, hint)] = None

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Report a problem that leaves nothing more to read; arguments as of `add`.

        Raises:
            PolicyError: Always, with all problems.
        """
        self.add(message, hint)
        raise PolicyError(in_order(self.report.problems))

    def _problem(self, message: str, hint: str) -> Problem:
        lines = self.report.lines
        excerpt = lines[self.line - 1] if 0 < self.line <= len(lines) else ""
        return Problem(self.report.source, self.line, self.column, message, hint, excerpt)


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


@dataclass(eq=False)
class Report:
    """Collects the problems of one document, so that all of them are told at once.

    Attributes:
        source: The file as it is displayed.
        lines: Its lines, for the excerpts.
        problems: What is wrong; an aliased node is judged once for each use, and told once.
        warnings: What is right, and may mean something else than its author thinks.
    """

    source: str
    lines: tuple[str, ...] = ()
    problems: dict[Problem, None] = field(default_factory=dict)
    warnings: dict[Problem, None] = field(default_factory=dict)

    def raise_if_any(self) -> None:
        """Raise what was found.

        Raises:
            PolicyError: There are problems.
        """
        if self.problems:
            raise PolicyError(in_order(self.problems))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems in the order of the file."""
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
