"""Adding an argument to a `Cluster(…)` of a program's text, and leaving everything else as it is written."""

from __future__ import annotations

import ast
import io
import tokenize

from redshift_teardown.cli.names import Names
from redshift_teardown.errors import TeardownError
from redshift_teardown.escaping import one_line

_BLANK = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


class ProgramError(TeardownError):
    """The program cannot be edited; the message says why, and what to write by hand."""


def with_argument(text: str, resource: str, argument: str, value: str, others: tuple[str, ...] = ()) -> str:
    """Return a program with one more argument of a cluster, or with another value for one that is there.

    Args:
        text: The program.
        resource: The resource's name, the first argument of its `Cluster(…)`.
        argument: The argument's name.
        value: Its value, as Python writes it.
        others: Arguments that must not be there beside it.

    Raises:
        ProgramError: the text is no Python, or it does not hold exactly one such cluster.

    """
    try:
        return _with_argument(text, resource, argument, value, others)
    except (RecursionError, MemoryError):
        # How deep Python reads its own language depends on the version.
        raise ProgramError(
            f"the program is nested too deeply to be read; write {argument}={value} by hand"
        ) from None


def _with_argument(text: str, resource: str, argument: str, value: str, others: tuple[str, ...]) -> str:
    call = _find(text, resource, f"{argument}={value}")
    present = {keyword.arg: keyword for keyword in call.keywords}
    clashing = [name for name in others if name in present]
    if clashing:
        raise ProgramError(
            f"line {call.lineno}: the cluster has {' and '.join(clashing)} already, which says something "
            f"else; take it away, then write {argument}={value}"
        )
    if "args" in present or not all(_is_options(each) for each in call.args[1:]):
        raise ProgramError(
            f"line {call.lineno}: the cluster takes arguments as an object, or with `*`, which may hold "
            f"{argument} or what contradicts it; write {argument}={value} into it by hand"
        )
    if argument in present:
        if not isinstance(present[argument].value, ast.Constant):
            said = one_line(ast.unparse(present[argument].value))
            raise ProgramError(
                f"line {call.lineno}: the cluster has {argument}={said}, which the program finds out by "
                f"itself; have that come to {value} for this stack, or write {argument}={value} by hand"
            )
        edited = _replaced(text, present[argument].value, value)
    elif None in present:
        raise ProgramError(
            f"line {call.lineno}: the cluster takes arguments with `**`, which may hold {argument} or what "
            f"contradicts it; write {argument}={value} by hand"
        )
    else:
        edited = _inserted(text, call, f"{argument}={value}")
    if not _differ_only_by(text, edited, resource, argument, value):
        raise ProgramError(
            f"line {call.lineno}: the cluster is written in a way that cannot be edited safely; write "
            f"{argument}={value} by hand"
        )
    return edited


def _is_options(given: ast.expr) -> bool:
    """Return whether a positional argument is a resource's options, written out."""
    return isinstance(given, ast.Call) and ast.unparse(given.func).endswith("ResourceOptions")


def _differ_only_by(before: str, after: str, resource: str, argument: str, value: str) -> bool:
    """Return whether a program is what it was but for one argument, whatever the editing thought it did."""
    try:
        old, _ = _without(before, resource, argument)
        new, values = _without(after, resource, argument)
    except (SyntaxError, ValueError):
        return False
    return old == new and values == [ast.unparse(ast.parse(value, mode="eval").body)]


def _find(text: str, resource: str, wanted: str) -> ast.Call:
    if "\r" in text.replace("\r\n", ""):
        raise ProgramError(
            f"the program has lines that end with a carriage return alone; write {wanted} by hand"
        )
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ProgramError(f"line {error.lineno}: this is no Python: {error.msg}") from None
    except ValueError as error:
        raise ProgramError(f"this is no Python: {error}") from None
    named = _named(tree, resource)
    if len(named) != 1:
        found = "none" if not named else str(len(named))
        raise ProgramError(
            f'the program holds {found} of Cluster("{one_line(resource)}", …) of redshift_teardown that can '
            f"be told from the text\n  next: write this line into it by hand: {wanted}"
        )
    return named[0]


def _named(tree: ast.Module, resource: str) -> list[ast.Call]:
    names = Names(tree)
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value == resource
        and names.is_cluster(node.func)
    ]


def _replaced(text: str, node: ast.expr, value: str) -> str:
    start, end = _offset(text, node.lineno, node.col_offset), _end(text, node)
    return text[:start] + value + text[end:]


def _inserted(text: str, call: ast.Call, written: str) -> str:
    close = _end(text, call) - 1
    end, comma = _last_sign(text, close)
    if "\n" not in text[end:close]:
        return f"{text[:end]}{'' if comma else ','} {written}{text[close:]}"
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    line = text.split("\n")[max(each.lineno for each in arguments) - 1]
    indent = line[: len(line) - len(line.lstrip())]
    # A comment behind the last argument stays with it.
    line_end = text.index("\n", end)
    if text[line_end - 1] == "\r":
        line_end -= 1
    newline = text[line_end : text.index("\n", line_end) + 1]
    kept = text[:end] + ("" if comma else ",") + text[end:line_end]
    return f"{kept}{newline}{indent}{written},{text[line_end:]}"


def _last_sign(text: str, close: int) -> tuple[int, bool]:
    """Return where the last sign before a place ends, without comments and blanks, and if it is a comma."""
    limit = text.count("\n", 0, close) + 1, close - text.rfind("\n", 0, close) - 1
    end, comma = (1, 0), False
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        if token.end > limit:
            break
        if token.type not in _BLANK:
            end, comma = token.end, token.string == ","
    return _place(text, *end), comma


def _end(text: str, node: ast.expr) -> int:
    return _offset(text, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def _offset(text: str, line: int, column: int) -> int:
    """Return the place in the text; ast counts columns in bytes of UTF-8."""
    return _place(text, line, len(text.split("\n")[line - 1].encode()[:column].decode()))


def _place(text: str, line: int, column: int) -> int:
    return sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + column


def _without(text: str, resource: str, argument: str) -> tuple[str, list[str]]:
    """Return a program without one argument of a cluster, and the values that the argument had."""
    tree = ast.parse(text)
    (call,) = _named(tree, resource)
    values = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == argument]
    call.keywords = [keyword for keyword in call.keywords if keyword.arg != argument]
    return ast.dump(tree), values
