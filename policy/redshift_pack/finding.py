"""What a policy says when it objects."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One objection, in the order a reader needs it.

    Attributes:
        what: What was found, naming the cluster and the property.
        rule: The rule it breaks, beginning with its `file:line`.
        destroy: What `pulumi destroy` would do as things stand.
        fix: The exact change to make.
    """

    what: str
    rule: str
    destroy: str
    fix: str

    def render(self) -> str:
        """Return the finding as the text that Pulumi prints under the policy's description."""
        return "\n".join(
            [
                self.what,
                *_block("rule", self.rule),
                *_block("destroy", self.destroy),
                *_block("fix", self.fix),
            ]
        )


def _block(label: str, body: str) -> list[str]:
    """Set a text beside its label, later lines below the first."""
    first, *rest = body.splitlines()
    return [f"  {label + ':':<9}{first}", *(f"  {'':<9}{line}".rstrip() for line in rest)]
