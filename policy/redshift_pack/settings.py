"""What the pack's configuration may say, its JSON Schema, and how it is read.

The engine checks types by the schema before the pack runs, but lets unknown keys through; a misspelt
`productionStack` that silently protects nothing is the worst kind of mistake here, so it is refused. So is a
pattern or an account that can match nothing: what the deletion policy would refuse, by the same checks.
"""

from __future__ import annotations

import difflib
import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from redshift_teardown.deletion_policy.reading import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from redshift_teardown.deletion_policy import Objection

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
        "description": (
            "Names or patterns of stacks that are production, whatever the deletion policy says. Case does "
            "not matter."
        ),
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


_LONGEST_SHOWN: Final = 80
ENFORCEMENT: Final = ("advisory", "mandatory", "remediate", "disabled")
_ENFORCEMENT_KEY: Final = "enforcementLevel"
_ALL: Final = "all"
_ENVIRONMENTS: Final = "environments"
"""Pulumi's own key beside the policies: environments of its configuration service."""

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "array": (list, tuple),
    "integer": (int, float),
}
_CHECKS: Final[Mapping[str, Callable[[str], Objection | None]]] = {
    "productionStacks": checks.stack,
    "productionAccounts": checks.account,
    "account": checks.account,
    "environmentTags": checks.tag_key,
}


class SettingsError(Exception):
    """The pack's configuration says something that no policy knows."""


@dataclass(frozen=True)
class PackSettings:
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
    def read(cls, config: Mapping[str, Any], *, own: Mapping[str, dict[str, Any]]) -> PackSettings:
        """Read the configuration of one policy.

        Args:
            config: What the engine hands over: checked against the schema, defaults filled in.
            own: The JSON Schema of the settings that only this policy takes.

        Raises:
            SettingsError: It has a key that neither `COMMON` nor `own` knows, or a value that is none for it.
        """
        known = {**COMMON, **own}
        for key, value in config.items():
            if key not in known:
                raise SettingsError(
                    f"the pack's configuration has an unknown setting {key!r}; {_meant(key, known, 'policy')}"
                )
            problem = next(_problems(key, value, known[key]), None)
            if problem:
                raise SettingsError(f"the pack's configuration has {key}: {problem}")
        name = str(config.get("policyFile", DEFAULT_POLICY_FILE))
        return cls(
            policy_file=PACK_FOLDER / name,
            source=Path(os.path.normpath(Path(PACK_FOLDER.name) / name)).as_posix(),
            production_stacks=tuple(config.get("productionStacks", ())),
            production_accounts=tuple(config.get("productionAccounts", ())),
            account=config.get("account"),
            own={key: config[key] for key in own if key in config},
        )


def problems_of(document: object, policies: Mapping[str, Mapping[str, dict[str, Any]]]) -> Iterator[str]:
    """Return what is wrong with a whole configuration, as it is given with `--policy-pack-config`.

    Pulumi says nothing of a policy that the pack does not have, and leaves out what stands under `all` beside
    the level.

    Args:
        document: The configuration.
        policies: The policies of the pack, each with the settings that only it takes.

    Returns:
        One sentence for each problem.
    """
    if not isinstance(document, dict):
        yield f"an object of policies is due, not {_kind(document)}"
        return
    for name, value in document.items():
        if name == _ENVIRONMENTS:
            continue
        if name != _ALL and name not in policies:
            yield f"there is no policy {_short(name)}; {_meant(name, policies, 'pack')}"
        elif isinstance(value, str):
            yield from _level_problems(name, value)
        elif not isinstance(value, dict):
            yield f"{name}: an enforcement level or an object of settings is due, not {_kind(value)}"
        else:
            yield from _policy_problems(name, value, policies.get(name))


def _policy_problems(
    name: str, settings: Mapping[str, Any], own: Mapping[str, dict[str, Any]] | None
) -> Iterator[str]:
    if _ENFORCEMENT_KEY in settings:
        yield from _level_problems(name, settings[_ENFORCEMENT_KEY])
    others = {key: value for key, value in settings.items() if key != _ENFORCEMENT_KEY}
    if own is None:
        if others:
            yield (
                f"{name}: Pulumi takes nothing but {_ENFORCEMENT_KEY} under it, so {', '.join(others)} would "
                "have no effect; write it under each policy"
            )
        return
    try:
        PackSettings.read(others, own=own)
    except SettingsError as error:
        yield f"{name}: {error}"


def level_of(document: Mapping[str, Any], name: str, default: str) -> str:
    """Return the enforcement level that a configuration without problems sets for a policy."""
    for key in (name, _ALL):
        value = document.get(key)
        level = value.get(_ENFORCEMENT_KEY) if isinstance(value, dict) else value
        if isinstance(level, str):
            return level
    return default


def _level_problems(name: str, level: object) -> Iterator[str]:
    if level not in ENFORCEMENT:
        yield f"{name}: {_short(level)} is no enforcement level; those are {', '.join(ENFORCEMENT)}"


def _problems(key: str, value: object, schema: Mapping[str, Any]) -> Iterator[str]:
    """Return what is wrong with the value of a setting, by its schema and the checks of the policy file."""
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or isinstance(value, bool):
        yield f"{_ARTICLES[kind]} is due, not {_kind(value)}"
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _problems(key, item, schema["items"])
    elif isinstance(value, str):
        objection = _CHECKS[key](value) if key in _CHECKS else None
        if objection:
            yield f"{objection.message}; write {objection.hint}"
        elif not value:
            yield "it is empty"
        elif not re.search(schema.get("pattern", ""), value):
            yield f"{_short(value)} is of another form than {schema['pattern']}"
    elif isinstance(value, (int, float)):
        whole = math.isfinite(value) and value == int(value)
        if not whole or not any(_within(value, each) for each in schema.get("anyOf", ({"enum": [value]},))):
            yield f"{_short(value)} is out of range: {schema['description']}"


def _within(value: float, bounds: Mapping[str, Any]) -> bool:
    if "enum" in bounds:
        return value in bounds["enum"]
    return bool(bounds["minimum"] <= value <= bounds["maximum"])


_ARTICLES: Final[Mapping[str, str]] = {"string": "a text", "array": "a list", "integer": "a whole number"}


def _kind(value: object) -> str:
    if isinstance(value, str):
        return f"the text {_short(value)}"
    words = {dict: "an object", list: "a list", type(None): "nothing"}
    return words.get(type(value)) or _short(value)


def _short(value: object) -> str:
    shown = repr(value[:_LONGEST_SHOWN] if isinstance(value, str) else value)
    return f"{shown[:_LONGEST_SHOWN]}…" if len(shown) > _LONGEST_SHOWN else shown


def _meant(word: str, known: Mapping[str, object], whose: str) -> str:
    near = difflib.get_close_matches(word[:100], known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"this {whose} knows {', '.join(known)}"
