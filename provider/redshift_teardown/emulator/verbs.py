"""The table of the control API's verbs, which the server and the client both read."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from redshift_teardown.emulator.door import check_fields
from redshift_teardown.emulator.errors import ControlError

__all__ = ["VERBS", "Verb", "asked", "taking", "verb"]

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


class Verb(NamedTuple):
    """One verb.

    Attributes:
        method: what does it.
        signature: the parameters a message may have.
        here: it is about one account and region, which a message may name.
        reads: it changes nothing.
    """

    method: Callable[..., Any]
    signature: inspect.Signature
    here: bool
    reads: bool


VERBS: dict[str, Verb] = {}
"""All verbs by their names."""


def verb(*, here: bool = False, reads: bool = False, more: type | None = None) -> Callable[[F], F]:
    """Make a method a verb.

    Args:
        here: it is about one account and region.
        reads: it changes nothing.
        more: the dataclass whose fields stand for the method's ``**``.
    """

    def mark(method: F) -> F:
        own = list(inspect.signature(method).parameters.values())[1:]
        fields = [each for each in own if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)]
        fields += inspect.signature(more).parameters.values() if more else ()
        VERBS[method.__name__] = Verb(method, inspect.Signature(fields), here, reads)
        return method

    return mark


def taking(
    _model: Callable[P, object],
) -> Callable[[Callable[..., None]], Callable[Concatenate[Any, P], None]]:
    """Say to type checkers that a method takes what a dataclass does."""
    return lambda method: method


_HERE = {
    name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation="str | None")
    for name in ("account", "region")
}


def asked(name: str, data: dict[str, Any]) -> tuple[Verb, str | None, str | None]:
    """The verb that a message asks for, and the account and region it names, which are taken out of it.

    Raises:
        ControlError: for an unknown verb, or wrong fields.
    """
    known = VERBS.get(name)
    if known is None:
        raise ControlError(f"the control API has no {name!r}")
    where = _HERE if known.here else {}
    check_fields(name, {**known.signature.parameters, **where}, data)
    account, region = (data.pop(each, None) if each in where else None for each in _HERE)
    return known, account, region
