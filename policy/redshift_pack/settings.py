"""What the pack's configuration may say, its JSON Schema, and how it is read.

The engine checks types by the schema before the pack runs, but lets unknown keys through; a misspelt
`productionStack` that silently protects nothing is the worst kind of mistake here, so it is refused.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PACK_FOLDER: Final = Path(__file__).resolve().parent.parent
"""The folder that holds PulumiPolicy.yaml; `policyFile` is relative to it."""

DEFAULT_POLICY_FILE: Final = "deletion-policy.yaml"

_ACCOUNT: Final = {"type": "string", "pattern": "^[0-9]{12}$"}

COMMON: Final[Mapping[str, dict[str, Any]]] = {
    "policyFile": {
        "type": "string",
        "minLength": 1,
        "description": "The deletion policy to judge by, relative to the pack's folder.",
    },
    "productionStacks": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "description": "Names or globs of stacks that are production, whatever the deletion policy says.",
    },
    "productionAccounts": {
        "type": "array",
        "items": _ACCOUNT,
        "description": "AWS accounts that are production, whatever the deletion policy says.",
    },
    "account": {
        **_ACCOUNT,
        "description": "The AWS account of a stack whose resources do not tell theirs.",
    },
}
"""The settings every policy of the pack takes, as JSON Schema."""


class SettingsError(Exception):
    """The pack's configuration says something that no policy knows."""


@dataclass(frozen=True)
class Settings:
    """The configuration of one policy, read.

    Attributes:
        policy_file: The deletion policy to judge by.
        source: That file as it is displayed: the pack's folder and the file in it.
        production_stacks: Globs of stacks that are production, whatever the file says.
        production_accounts: Accounts that are production, whatever the file says.
        account: The account where no resource tells one.
        own: The settings that only this policy takes.
    """

    policy_file: Path = PACK_FOLDER / DEFAULT_POLICY_FILE
    source: str = f"{PACK_FOLDER.name}/{DEFAULT_POLICY_FILE}"
    production_stacks: tuple[str, ...] = ()
    production_accounts: tuple[str, ...] = ()
    account: str | None = None
    own: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def read(cls, config: Mapping[str, Any], *, own: Mapping[str, dict[str, Any]]) -> Settings:
        """Read the configuration of one policy.

        Args:
            config: What the engine hands over: checked against the schema, defaults filled in.
            own: The JSON Schema of the settings that only this policy takes.

        Raises:
            SettingsError: It has a key that neither `COMMON` nor `own` knows.
        """
        known = [*COMMON, *own]
        for key in config:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                meant = f"did you mean {near[0]!r}?" if near else f"this policy knows {', '.join(known)}"
                raise SettingsError(f"the pack's configuration has an unknown setting {key!r}; {meant}")
        name = str(config.get("policyFile", DEFAULT_POLICY_FILE))
        return cls(
            policy_file=PACK_FOLDER / name,
            source=Path(os.path.normpath(Path(PACK_FOLDER.name) / name)).as_posix(),
            production_stacks=tuple(config.get("productionStacks", ())),
            production_accounts=tuple(config.get("productionAccounts", ())),
            account=config.get("account"),
            own={key: config[key] for key in own if key in config},
        )
