"""Secret values of a program: sealed wherever they are recorded again, and hidden in whatever is said.

The engine hands secrets to a dynamic provider in clear, and marks them again only where an output has the
name of the input. So the program tells which arguments and tags are secret (``secrets``, a list of names such
as ``tags.team``), and what is copied elsewhere is marked here, in the form of Pulumi's wire format.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from redshift_teardown.deletion_policy.facts import PULUMI_SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRETS = "secrets"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, not one
"""What marks a value as secret on the wire, under the key `PULUMI_SIGNATURE` (pulumi.runtime.rpc)."""
_HIDDEN = "[secret]"
_OF_TAGS = "tags."
DEFAULTS = "default_tags"
"""The name for a stack's default tags, where its configuration holds them as a secret."""
_COPIES = {
    "port": ("endpoint",),
    "snapshot_identifier": ("restored_from",),
    "snapshot_arn": ("restored_from",),
}
"""Outputs that hold an argument's value, too."""
_ALWAYS = frozenset({"master_password", "master_password_wo"})
_SAYING: ContextVar[tuple[Mapping[str, Any], ...]] = ContextVar("_SAYING", default=())


def names_in(*props: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that inputs or outputs tell to be secret."""
    found: set[str] = set()
    for each in props:
        told = each.get(SECRETS)
        found.update(str(name) for name in told) if isinstance(told, list) else None
    return frozenset(found)


def still_secret(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Return what is secret from new inputs on: what they tell, and what was and is not said otherwise.

    What a program says no more lives on in AWS, and is recorded as AWS shows it. So it stays secret until the
    program says another value, be it years later.

    Args:
        olds: The old inputs.
        news: The new ones.

    """
    kept = {name for name in names_in(olds) if _value(news, name) in (None, _value(olds, name))}
    # The stack's tags are taken away with their configuration, which tells whether they are secret.
    return sorted(names_in(news) | (kept - {DEFAULTS}))


def seal(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs or outputs with every copy of a secret value marked as a secret."""
    names, sealed = names_in(props), dict(props)
    if not names:
        return sealed
    for key in ("tags", "tags_all", DEFAULTS):
        if isinstance(sealed.get(key), dict) and key not in names:
            sealed[key] = _sealed_tags(sealed[key], names, props)
    copies = {copy for name in names for copy in _COPIES.get(name, ())}
    for name in (names | copies) & sealed.keys():
        sealed[name] = _marked(sealed[name])
    policy = sealed.get("policy")
    if isinstance(policy, dict) and isinstance(policy.get("facts"), dict):
        facts = {name: _sealed_fact(name, fact, names, props) for name, fact in policy["facts"].items()}
        sealed["policy"] = {**policy, "facts": facts}
    return sealed


def _sealed_fact(name: str, fact: Any, names: frozenset[str], props: Mapping[str, Any]) -> Any:
    if name == "tags" and isinstance(fact, dict):
        # Default tags are among them, which may be secret where the cluster's own are not, and the reverse.
        return _sealed_tags(fact, names, props)
    return _marked(fact) if name in names else fact


def _sealed_tags(tags: Mapping[str, Any], names: frozenset[str], props: Mapping[str, Any]) -> dict[str, Any]:
    own = props.get("tags") if isinstance(props.get("tags"), dict) else {}
    return {key: _marked(value) if is_secret_tag(key, names, own) else value for key, value in tags.items()}


def is_secret_tag(key: str, names: frozenset[str], own: Any) -> bool:
    """Return whether a tag is secret; where all tags are, those of nobody else are not."""
    if f"{_OF_TAGS}{key}" in names or ("tags" in names and key in own):
        return True
    return DEFAULTS in names and key not in own


def _marked(value: Any) -> Any:
    if isinstance(value, dict) and PULUMI_SIGNATURE in value:
        return value
    return {PULUMI_SIGNATURE: SECRET_SIGNATURE, "value": value}


def hide(text: str, *props: Mapping[str, Any]) -> str:
    """Return a text without the secret values of inputs or outputs.

    Args:
        text: What is to be said.
        *props: The inputs and outputs it is about.

    """
    secret = {value for each in props for value in _secret_texts(each, names_in(*props) | _ALWAYS)}
    # A message may quote a value, and then some of its characters are escaped.
    values = {form for value in secret for form in (value, repr(value)[1:-1], json.dumps(value)[1:-1])}
    for value in sorted(values, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", _HIDDEN, text)
    return text


@contextmanager
def hiding(*props: Mapping[str, Any]) -> Iterator[None]:
    """Hide the secret values of inputs or outputs in all that this thread says meanwhile (see `hidden`)."""
    token = _SAYING.set(props)
    try:
        yield
    finally:
        _SAYING.reset(token)


def hidden(text: str) -> str:
    """Return a text without the secret values of what this thread works on."""
    return hide(text, *_SAYING.get())


def _secret_texts(props: Mapping[str, Any], names: frozenset[str]) -> Iterator[str]:
    for name in names:
        yield from _texts(_value(props, name))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, float) and value.is_integer():
        yield str(int(value))
    elif value not in (None, "") and not isinstance(value, bool):
        yield str(value)


def _value(props: Mapping[str, Any], name: str) -> Any:
    if name.startswith(_OF_TAGS):
        tags = props.get("tags")
        return tags.get(name.removeprefix(_OF_TAGS)) if isinstance(tags, dict) else None
    return props.get(name)
