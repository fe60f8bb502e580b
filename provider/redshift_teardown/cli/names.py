"""Which names of a program's text stand for this package's `Cluster`.

A program may have a Cluster of another library beside ours, or call ours by another name. What counts is
what a name was imported as; a name that is bound in two ways, or not by an import, cannot be told.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "redshift_teardown"
CLUSTER = "Cluster"
_HOMES = frozenset({PACKAGE, f"{PACKAGE}.cluster"})
_CLUSTERS = frozenset(f"{home}.{CLUSTER}" for home in _HOMES)
_STAR = "*"


class Names:
    """What the names of a program stand for.

    Args:
        tree: The program.

    """

    def __init__(self, tree: ast.Module) -> None:
        """Collect what is bound, wherever in the program; see the class for the arguments."""
        self._bound: dict[str, set[str]] = {}
        for name, meaning in _bindings(tree):
            self._bound.setdefault(name, set()).add(meaning)
        # Whatever another module brings along with a star may hide one of ours.
        self._untold = bool(self._bound.pop(_STAR, None))

    def is_cluster(self, function: ast.expr) -> bool:
        """Return whether what is called is this package's `Cluster`, for sure."""
        parts: list[str] = []
        while isinstance(function, ast.Attribute):
            parts.append(function.attr)
            function = function.value
        if self._untold or not isinstance(function, ast.Name):
            return False
        meanings = self._bound.get(function.id, set())
        if len(meanings) != 1:
            return False
        return ".".join([*meanings, *reversed(parts)]) in _CLUSTERS


def _bindings(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Return each name that is bound, and what by: the dotted path of an import, else nothing that is one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                # `import a.b` binds a; both `import a` and `import a.b` mean the same by it.
                yield (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            yield from _imported(node)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id, ""
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, ""
        elif isinstance(node, ast.arg):
            yield node.arg, ""
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name, ""
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == CLUSTER:
            # Somebody puts another Cluster into a module.
            yield _STAR, ""


def _imported(node: ast.ImportFrom) -> Iterator[tuple[str, str]]:
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name != _STAR:
            yield alias.asname or alias.name, f"{module}.{alias.name}"
        elif module in _HOMES:
            yield CLUSTER, f"{module}.{CLUSTER}"
        else:
            yield _STAR, module
