"""What lasts as long as a process is kept in one module."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import redshift_teardown
from redshift_teardown import process

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(redshift_teardown.__file__).parent
APART = {"emulator", "cli"}
"""What no provider process loads."""
MODULES = sorted(
    str(path.relative_to(PACKAGE))
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] not in APART and path.name != "process.py"
)
EMPTY = {"{}", "[]", "set()", "dict()", "list()"}


def _kept(tree: ast.Module) -> Iterator[str]:
    """Yield what a module keeps between two calls: names bound anew by a function, containers that begin
    empty, locks and events.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names
    for statement in tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            value = ast.unparse(statement.value)
            if value in EMPTY or value.startswith("threading."):
                yield ast.unparse(statement)


@pytest.mark.parametrize("module", MODULES)
def test_no_other_module_keeps_anything(module: str) -> None:
    """A command of its own process finds nothing of another; a test can begin one by one module alone."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))

    assert list(_kept(tree)) == []


def test_what_is_kept_is_declared() -> None:
    """Each of it has a type, so that a test which plays several processes can tell them apart."""
    tree = ast.parse(Path(process.__file__).read_text(encoding="utf-8"))

    assert [ast.unparse(each) for each in tree.body if isinstance(each, ast.Assign)] == []
