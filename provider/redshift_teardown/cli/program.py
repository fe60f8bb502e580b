"""Adding an argument to a `Cluster(…)` of a program's text, and leaving everything else as it is written."""

from __future__ import annotations

import ast

from redshift_teardown.errors import TeardownError


class ProgramError(TeardownError):
    """The program cannot be edited; the message says why, and what to write by hand."""


def with_argument(text: str, resource: str, argument: str, value: str, others: tuple[str, ...] = ()) -> str:
    """Give a program with one more argument of a cluster, or with another value for one that is there.

    Args:
        text: The program.
        resource: The resource's name, the first argument of its `Cluster(…)`.
        argument: The argument's name.
        value: Its value, as Python writes it.
        others: Arguments that must not be there beside it.

    Raises:
        ProgramError: the text is no Python, or it does not hold exactly one such cluster.

    """
    call = _find(text, resource, f"{argument}={value}")
    present = {keyword.arg: keyword for keyword in call.keywords}
    clashing = [name for name in others if name in present]
    if clashing:
        raise ProgramError(
            f"line {call.lineno}: the cluster has {' and '.join(clashing)} already, which says something "
            f"else; take it away, then write {argument}={value}"
        )
    if argument in present:
        return _replaced(text, present[argument].value, value)
    return _inserted(text, call, f"{argument}={value}")


def _find(text: str, resource: str, wanted: str) -> ast.Call:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ProgramError(f"line {error.lineno}: this is no Python: {error.msg}") from None
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).split(".")[-1] == "Cluster"
    ]
    named = [
        call for call in calls if isinstance(call.args[0], ast.Constant) and call.args[0].value == resource
    ]
    if len(named) != 1:
        found = "none" if not named else str(len(named))
        raise ProgramError(
            f'the program holds {found} of Cluster("{resource}", …) that can be told from the text; '
            f"write {wanted} by hand"
        )
    return named[0]


def _replaced(text: str, node: ast.expr, value: str) -> str:
    start, end = _offset(text, node.lineno, node.col_offset), _end(text, node)
    return text[:start] + value + text[end:]


def _inserted(text: str, call: ast.Call, written: str) -> str:
    last = max((*call.args, *(keyword.value for keyword in call.keywords)), key=lambda node: _end(text, node))
    end, close = _end(text, last), _end(text, call) - 1
    # What stands between the last argument and the parenthesis: a comma, a line break, a comment.
    comma = end + text[end:close].find(",") + 1 if "," in text[end:close].partition("#")[0] else 0
    if "\n" not in text[end:close]:
        return f"{text[:end]}, {written}{text[close:]}"
    line = text[text.rfind("\n", 0, end) + 1 :]
    indent = line[: len(line) - len(line.lstrip())]
    line_end = text.index("\n", end)
    if comma:
        return f"{text[:line_end]}\n{indent}{written},{text[line_end:]}"
    return f"{text[:end]},{text[end:line_end]}\n{indent}{written},{text[line_end:]}"


def _end(text: str, node: ast.expr) -> int:
    return _offset(text, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)


def _offset(text: str, line: int, column: int) -> int:
    """Give the place in the text; ast counts columns in bytes of UTF-8."""
    lines = text.splitlines(keepends=True)
    before = "".join(lines[: line - 1])
    return len(before) + len(lines[line - 1].encode()[:column].decode())
