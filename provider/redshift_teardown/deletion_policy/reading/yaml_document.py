"""YAML text to nodes, refusing what would not mean what its author thinks it means."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from redshift_teardown.deletion_policy.problems import shown
from redshift_teardown.deletion_policy.reading.nodes import Entry, ListNode, MapNode, Mark, Report, ScalarNode
from redshift_teardown.deletion_policy.reading.scalars import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.deletion_policy.reading.nodes import Node

LARGEST_FILE = 1024 * 1024
"""Bytes; a policy of a thousand environments is smaller."""

MOST_NODES = 50_000
"""How many values a document may hold once its aliases are written out."""

DEEPEST = 24
"""How deep values may lie inside each other; the language itself needs seven levels."""

_LONGEST_EXPLAINED = 64 * 1024
"""Characters; about a longer document PyYAML's own parser, thirty times slower than libyaml, is not asked."""

_MOST_UNREADABLE = 1000
"""Characters told of that no text holds; a file of another kind holds nothing else."""

_TOO_DEEP = f"values lie more than {DEEPEST} levels inside each other"

# libyaml, where PyYAML has it, is ten times faster. What it says about a mistake is terser, see _explain.
_FAST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_CONFLICT = re.compile(r"(?:<{7}|>{7}|\|{7})(?:\s|$)|={7}\s*$")
_CONFLICT_SIGNS = ("<<<<<<<", ">>>>>>>", "|||||||", "=======")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Everything but tab, line feed, carriage return and what YAML allows to print. Beyond YAML's own rule it
# refuses U+2028 and U+2029, which YAML takes for line breaks and editors do not, a byte-order mark inside the
# text, and the controls that make text read differently from how it is stored (CVE-2021-42574).
_FORBIDDEN = re.compile(
    "[^\\x09\\x0a\\x0d\\x20-\\x7e\\xa0-\\u2027\\u202f-\\u2065\\u206a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd"
    "\\U00010000-\\U0010ffff]"
)
# What the parser says (a part of its words), what that means here, and what to do.
_SYNTAX = (
    ("exceeded maximum nesting depth", _TOO_DEEP, "a flatter document"),
    ("character '\\t'", "a tab stands where YAML wants spaces", "spaces; indent with them only"),
    ("could not find expected ':'", 'a ":" is missing after a key', "key: value"),
    (
        "mapping values are not allowed",
        'a ":" stands where no key can be',
        'one key on each line, a space after its ":", and quotes around text that holds ": "',
    ),
    (
        "expected alphabetic or numeric character",
        'a "*" or "&" begins a value; YAML takes that for an alias or an anchor',
        'the glob in quotes, such as "*-prod"',
    ),
    ("while scanning a quoted scalar", "a quote is opened and not closed", "the closing quote"),
    ("while parsing a flow sequence", 'a list in brackets lacks a "," or its "]"', "[one, two]"),
    (
        "while parsing a flow mapping",
        'a mapping in braces lacks a "," or its "}"',
        "{key: value, other: value}, and quotes around text that holds a brace",
    ),
    (
        "unknown escape character",
        'a "\\" begins an escape that YAML does not know',
        'single quotes, in which "\\" is an ordinary character',
    ),
    ("cannot start any token", "a value begins with a character that YAML reserves", "the value in quotes"),
    (
        "while parsing a block",
        "the indentation does not fit the lines above",
        "two spaces for each level, and keys of one level exactly under each other",
    ),
)


def read_document(text: bytes | str, *, source: str) -> Node:
    """Read one YAML document.

    Args:
        text: The file's content.
        source: The file as it is displayed.

    Returns:
        The document, in whose report problems stand that did not prevent reading it.

    Raises:
        PolicyError: The text is no YAML document, or one that is not safe to read.
    """
    mark = Mark(Report(source))
    if len(text) > LARGEST_FILE:
        mark.fail("the file is larger than 1 MiB, which is no deletion policy", "a smaller file")
    if isinstance(text, bytes) and text.startswith(_UTF_16):
        mark.fail("the file is UTF-16", "the same text, saved as UTF-8")
    decoded = text.removeprefix("\ufeff") if isinstance(text, str) else _decoded(text, source)
    report = Report(source, tuple(_LINE_BREAK.split(decoded)))
    _refuse_unreadable(decoded, report)
    try:
        return _Composer(decoded, report).document()
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML hands a number beyond Unicode in an escape such as "\\U00110000" to chr() unseen.
        _explain(error, decoded, report)


def _decoded(text: bytes, source: str) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        *lines, last = _LINE_BREAK.split(text[: error.start].decode("utf-8-sig", "replace"))
        after = _LINE_BREAK.split(text[error.start : error.start + 80].decode("utf-8", "replace"))[0]
        mark = Mark(Report(source, (*lines, last + after)), len(lines) + 1, len(last) + 1)
        mark.fail(f"the byte 0x{text[error.start]:02x} is not UTF-8", "the same text, saved as UTF-8")


def _refuse_unreadable(text: str, report: Report) -> None:
    """Refuse what no author meant to write, before a parser stumbles over it."""
    if not _FORBIDDEN.search(text) and not any(signs in text for signs in _CONFLICT_SIGNS):
        return
    in_conflict, told = False, 0
    for number, line in enumerate(_LINE_BREAK.split(text), 1):
        if _CONFLICT.match(line):
            if not in_conflict:
                hint = "one of the two sides, without the markers"
                Mark(report, number, 1).add("a merge conflict is left in the file", hint)
            in_conflict = not line.startswith(">")
        for found in islice(_FORBIDDEN.finditer(line), _MOST_UNREADABLE):
            _refuse_character(Mark(report, number, found.start() + 1), found[0])
            told += 1
        if told > _MOST_UNREADABLE:
            break
    report.raise_if_any()


def _refuse_character(mark: Mark, character: str) -> None:
    mark.add(f"the character U+{ord(character):04X} is not allowed", "the text without it")


class _Composer:
    """Builds nodes from parser events.

    PyYAML's own composer recurses without limit, keeps the last of two equal keys and expands aliases for
    free.
    """

    def __init__(self, text: str, report: Report) -> None:
        self._report = report
        # Not yaml.parse(), whose generator takes as long as libyaml's own work.
        self._next: Callable[[], Any] = _FAST_LOADER(text).get_event
        self._anchors: dict[str, tuple[Node, int] | None] = {}  # none while the value itself is being read
        self._nodes = 0
        self._depth = 0

    def document(self) -> Node:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            Mark(self._report).fail("the file is empty", "version: 1, and the environments")
        root = self._node(self._next())
        self._next()  # the document's end
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            self._mark(following).fail(
                "a second document begins; a policy is one", "one document, without ---"
            )
        return root

    def _node(self, event: Any) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes
        self._count(event, 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if event.tag is not None:
            tag = shown(event.tag.replace("tag:yaml.org,2002:", "!!"))
            message = f"the tag {tag} is not part of the language"
            self._mark(event).add(message, "the plain value")
        node = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else self._collection(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._nodes - before)
        return node

    def _alias(self, event: Any) -> Node:
        name = event.anchor
        if name not in self._anchors:
            self._mark(event).fail(
                f"there is no anchor &{name} for the alias *{name} to repeat",
                f'"*{name}" in quotes, if it is a glob',
            )
        anchored = self._anchors[name]
        if anchored is None:
            self._mark(event).fail(
                f"the alias *{name} stands inside the value it repeats", "the value itself"
            )
        node, size = anchored
        self._count(event, size)
        return node

    def _collection(self, event: Any) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            self._mark(event).fail(_TOO_DEEP, "a flatter document")
        mark = self._mark(event)
        node: Node
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(following := self._next(), yaml.SequenceEndEvent):
                items.append(self._node(following))
            node = ListNode(mark, tuple(items))
        else:
            node = MapNode(mark, {})
            while not isinstance(following := self._next(), yaml.MappingEndEvent):
                self._entry(following, node.entries)
        self._depth -= 1
        return node

    def _entry(self, event: Any, entries: dict[str, Entry]) -> None:
        key = self._node(event)
        mark = self._mark(event)  # not the key's own: an aliased key is told of where it is used
        value = self._node(self._next())
        if isinstance(value, ScalarNode) and value.value is None and not value.text:
            # What is not there has no place of its own; the parsers disagree about it.
            value = value._replace(mark=mark)
        if not isinstance(key, ScalarNode):
            mark.add("a key must be a plain word", "key: value")
        elif key.text == "<<" and not key.is_text:
            mark.add(
                "merge keys are not part of the language", "the keys themselves, or *alias for a whole value"
            )
        elif not key.is_text:
            message = f"YAML reads the key {key.text or 'here'} as {key.reading}, not as text"
            mark.add(message, f'"{key.text}":')
        elif key.text in entries:
            first = entries[key.text].mark.line
            message = f"the key {shown(key.text)} stands here a second time; the first is in line {first}"
            mark.add(message, "each key once")
        else:
            entries[key.text] = Entry(mark, value)

    def _scalar(self, event: Any) -> ScalarNode:
        text, mark = event.value, self._mark(event)
        # Only an escape can hold what the text itself was refused for.
        if event.style == '"' and (escaped := _FORBIDDEN.search(text)):
            _refuse_character(mark, escaped[0])
        # Unquoted is "" to libyaml, and None to the parser in Python.
        return ScalarNode(mark, text, text) if event.style else ScalarNode(mark, text, *judge(text))

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            self._mark(event).fail(
                f"with its aliases written out the file holds more than {MOST_NODES:,} values",
                "fewer aliases",
            )

    def _mark(self, event: Any) -> Mark:
        return Mark(self._report, event.start_mark.line + 1, event.start_mark.column + 1)


def _explain(error: Exception, text: str, report: Report) -> NoReturn:
    """Tell a syntax error in this product's words, and at the place where it begins."""
    if len(text) <= _LONGEST_EXPLAINED and "nesting" not in str(getattr(error, "problem", "")):
        error = _said_in_python(text, report) or error
    context = getattr(error, "context", None) or ""
    problem = getattr(error, "problem", None) or str(error)
    place = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if "while scanning a" in context:  # a quote, an alias: where it begins says more than where it fails
        place = getattr(error, "context_mark", None) or place
    mark = Mark(report, place.line + 1, place.column + 1) if place else Mark(report)
    for words, message, hint in _SYNTAX:
        if words in problem or words in context:
            mark.fail(message, hint)
    mark.fail(problem)


def _said_in_python(text: str, report: Report) -> Exception | None:
    """Ask PyYAML's own parser, which names places better; where it finds nothing wrong, it has no words."""
    loader = yaml.SafeLoader(text)
    depth = 0
    try:
        # What it says about a document that nests deeper takes the square of the depth.
        while loader.check_event() and depth <= DEEPEST:
            event = loader.get_event()  # type: ignore[no-untyped-call]
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
    except yaml.YAMLError as better:
        return better
    except (ValueError, OverflowError):
        mark = Mark(report, loader.line + 1, loader.column + 1)
        mark.fail("an escape names a character that does not exist", "a character up to U+10FFFF")
    finally:
        loader.dispose()
    return None
