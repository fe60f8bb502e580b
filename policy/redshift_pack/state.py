"""Looks into a stack's state for what Pulumi shows no policy: the options that go round the teardown.

    pulumi stack export --stack prod | python -m redshift_pack.state [--config FILE] [FILE]

`retain_on_delete`, `deleted_with` and `replace_with` are not among the options a policy sees. The cluster
records the first two in its inputs when the program sets them, and `redshift-teardown-not-bypassed` judges
that; the last one it refuses. But a transformation sets them after the cluster has looked. In the state they
stand as they are. So this is the other half of the gate before `pulumi destroy`, beside `pulumi policy
analyze`: it judges by the same policy file and configuration, and exits 1 where a cluster that may be
production's is bypassed.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pulumi_policy as sdk

from redshift_pack import RULES, bypass
from redshift_pack.rule import Case, case_or_finding
from redshift_pack.settings import level_of, problems_of
from redshift_pack.subject import subject_of
from redshift_teardown.engine.exported_state import resources_of
from redshift_teardown.engine.urn import UrnError
from redshift_teardown.errors import TeardownError
from redshift_teardown.escaping import lines, one_line, show_what_is_not_encoded
from redshift_teardown.input_file import name_of, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from redshift_pack.finding import Finding

_BYPASSES: Final = (
    ("retainOnDelete", "retain_on_delete"),
    ("deletedWith", "deleted_with"),
    ("replaceWith", "replace_with"),
)
_SECRET: Final = "4dabf18193072939515e22adb298388d"  # noqa: S105 - the mark of a secret in a state, not one


class StateError(Exception):
    """What was given is no exported state."""


def findings(deployment: object, config: Mapping[str, Any]) -> list[Finding]:
    """Judge the options of all owned clusters in a state.

    Args:
        deployment: The document that `pulumi stack export` writes.
        config: The configuration of `redshift-teardown-not-bypassed`.

    Returns:
        One finding for each option of each cluster that may be production's.

    Raises:
        StateError: It is no such document.
    """
    found: list[Finding] = []
    for resource in _resources(deployment):
        options = [word for key, word in _BYPASSES if resource.get(key)]
        try:
            subject = subject_of(_seen(resource))
        except UrnError as error:
            raise StateError(one_line(str(error))) from None
        if not options or subject is None or subject.kind not in bypass.RULE.kinds:
            continue
        in_force = replace(subject, props={**subject.props, "bypass": options})
        case = case_or_finding(bypass.ABOUT, in_force, config, {}, whole=True)
        if isinstance(case, Case):
            found.extend(bypass.judge(case))
        elif case is not None:
            found.append(case)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line.

    Args:
        arguments: The command line; that of the process unless given.

    Returns:
        0 if nothing is bypassed, or the configuration makes the policy advisory or disables it; 1 if
        something is; 2 if the state or the configuration cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m redshift_pack.state",
        description="Finds production clusters whose teardown Pulumi would never call, in an exported state.",
    )
    parser.add_argument("file", nargs="?", default="-", help="the state, by default standard input")
    parser.add_argument("--config", metavar="FILE", help="the file given to Pulumi as --policy-pack-config")
    given = parser.parse_args(arguments)
    try:
        whole = _configuration(given.config)
        level = level_of(whole, bypass.ABOUT.name, bypass.ABOUT.enforcement.value)
        if level == "disabled":
            sys.stdout.write(f"{bypass.ABOUT.name} is disabled by {given.config}: nothing was looked at\n")
            return 0
        found = findings(
            _document(given.file, "exported state (see `pulumi stack export`)"), _settings(whole)
        )
    except StateError as error:
        sys.stderr.write(f"error: {lines(str(error))}\n")
        return 2
    for finding in found:
        # What a name brings along is no line of its own.
        first, *rest = lines(finding.render()).split("\n")
        shown = [f"[{bypass.ABOUT.name}] {first}"]
        shown += [line if line.startswith("  ") else f"  {line}" for line in rest]
        sys.stdout.write("\n".join(shown) + "\n")
    sys.stdout.write(f"{len(found)} {'finding' if len(found) == 1 else 'findings'}\n")
    return 1 if found and level != "advisory" else 0


def _document(file: str, kind: str) -> object:
    try:
        return read_json(file, kind)
    except TeardownError as error:
        raise StateError(str(error)) from None


def _configuration(file: str | None) -> Mapping[str, Any]:
    kind = "configuration of this policy pack"
    config = _document(file, kind) if file else {}
    problems = list(problems_of(config, {rule.about.name: rule.about.settings for rule in RULES}))
    if problems or not isinstance(config, dict):
        raise StateError(f"{name_of(str(file))} is no {kind}: {'; '.join(problems)}")
    return config


def _settings(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of this policy out of a whole configuration."""
    own = config.get(bypass.ABOUT.name)
    settings = own if isinstance(own, dict) else {}
    return {key: value for key, value in settings.items() if key != "enforcementLevel"}


def _resources(deployment: object) -> Iterable[Mapping[str, Any]]:
    try:
        resources = resources_of(deployment)
    except TeardownError as error:
        raise StateError(str(error)) from None
    for resource in resources:
        if not resource.get("type"):
            raise StateError("this is no exported state: it has a resource without a type")
        if not resource.get("delete"):
            yield resource


def _seen(resource: Mapping[str, Any]) -> sdk.PolicyResource:
    # Outputs hold the identity, inputs what the program asked for; an output of the same name is the newer.
    props = {**(resource.get("inputs") or {}), **(resource.get("outputs") or {})}
    options = sdk.PolicyResourceOptions(
        protect=bool(resource.get("protect")),
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=sdk.PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
    )
    return sdk.PolicyResource(
        resource_type=resource["type"],
        props={key: _unwrapped(value) for key, value in props.items() if not key.startswith("__")},
        urn=resource["urn"],
        name=resource["urn"].rpartition("::")[2],
        opts=options,
        provider=None,
        parent=None,
        dependencies=[],
        property_dependencies={},
    )


def _unwrapped(value: object) -> object:
    """Return a value as the policy SDK would: a secret that is encrypted is not known."""
    if isinstance(value, dict):
        return "[secret]" if _SECRET in value else {key: _unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    return value


if __name__ == "__main__":
    show_what_is_not_encoded()
    sys.exit(main())
