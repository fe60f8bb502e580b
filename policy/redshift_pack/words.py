"""Turns of phrase that several policies share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redshift_pack.standing import Standing


def capital(text: str) -> str:
    """Begin a sentence with a text."""
    return text[:1].upper() + text[1:]


def doubted(standing: Standing) -> str:
    """Say, at the end of a finding, that it is not certain the stack is production; nothing where it is."""
    return f"; whether it is production is undecided: {standing.doubt}" if standing.production is None else ""


def settle(fix: str, standing: Standing) -> str:
    """Add to a fix the other way out: say what the stack is, where that is in doubt or nowhere said.

    Args:
        fix: The change that heals a production stack.
        standing: What the pack makes of the stack.

    Returns:
        The fix, with the other way out where there is one.
    """
    if standing.production is None:
        return (
            f"{fix};\nor, if this is not production, name the account: config `aws:allowedAccountIds` of the "
            "stack (with exactly one), or `account` in the pack's configuration"
        )
    if standing.claim:
        return f"{fix};\nor, if this is not production, say so in the pack's file:\n{standing.claim}"
    return fix
