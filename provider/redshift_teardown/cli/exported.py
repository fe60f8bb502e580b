"""A stack as the command line reads it: its clusters out of the exported state, and its configuration.

A plain `pulumi destroy` hands the provider the configuration of the last `pulumi up`, which the engine
keeps as the inputs of the provider resource in the state; with --run-program it hands over today's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from redshift_teardown.crud.forecast import StackCluster
from redshift_teardown.errors import TeardownError
from redshift_teardown.settings import CREDENTIAL_KEYS, Settings, read_settings
from redshift_teardown.state import UNKNOWN
from redshift_teardown.urn import Urn, UrnError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CLUSTER_TYPE = "pulumi-python:dynamic/redshift:Cluster"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret in a state, not one
_KEYS = ("aws:kms/key:Key", "aws-native:kms:Key")
_ALIASES = ("aws:kms/alias:Alias", "aws-native:kms:Alias")
_TARGETS = ("targetKeyId", "targetKeyArn")
_CONFIGURED = ("aws:", "redshift-teardown:")
_DECIDING = ("policy", "identity", "cluster_identifier", "environment", "region", "urn")
_ENGINE_SECONDS = 300


class SourceError(TeardownError):
    """A stack cannot be read; the message says why, and what to do."""


@dataclass(frozen=True)
class Stack:
    """What is known of a stack.

    Attributes:
        name: Its name; empty where the state holds nothing that tells it.
        clusters: The clusters in it that this package owns.
        settings: Its configuration as it is now.
        notes: What could not be read or is to be known, in words.
        recorded: The configuration that destroy would take, by the clusters' URNs, where it is another.

    """

    name: str
    clusters: tuple[StackCluster, ...]
    settings: Settings
    notes: tuple[str, ...] = ()
    recorded: Mapping[str, Settings] = field(default_factory=dict)

    def settings_of(self, cluster: StackCluster) -> Settings:
        """Give the configuration by which destroy would tear a cluster down."""
        return self.recorded.get(cluster.urn, self.settings)


# --- from the engine ---


def project_folder() -> Path:
    """Find the Pulumi project that the working directory is in.

    Raises:
        SourceError: it is in none.

    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _project_file(folder) is not None:
            return folder
    raise SourceError(
        "there is no Pulumi project here: Pulumi.yaml is neither in this folder nor in one above it\n"
        "  next: run this in the project's folder, or read an exported state with --file"
    )


def program_folder(project: Path) -> Path:
    """Give the folder that the engine runs program and provider in: that of ``main:`` in the project's file.

    Args:
        project: The project's folder.

    """
    file = _project_file(project)
    try:
        document = yaml.safe_load(_text(file)) if file is not None else None
    except yaml.YAMLError:
        # The engine says what is wrong with it.
        document = None
    main = document.get("main") if isinstance(document, dict) else None
    named = project / main if isinstance(main, str) else project
    return named if named.is_dir() else named.parent


def _project_file(folder: Path) -> Path | None:
    return next((file for file in (folder / "Pulumi.yaml", folder / "Pulumi.yml") if file.exists()), None)


def read_from_engine(stack: str | None, folder: Path, *, run_program: bool) -> Stack:
    """Read a stack through the Pulumi CLI, as `pulumi stack export` and `pulumi config` tell it.

    Args:
        stack: Its name; the selected stack unless given.
        folder: The project's folder.
        run_program: Whether the destroy meant runs the program, and so takes today's configuration.

    Raises:
        SourceError: the CLI is not there, or does not know the stack.

    """
    named = ("--stack", stack) if stack else ()
    document = _json_of(folder, "stack", "export", *named)
    clusters, recorded = clusters_of(document), configurations_of(document)
    if any(cluster.encrypted_facts for cluster in clusters) or _is_hidden(recorded):
        # Destroy sees them in clear, and so must what foresees it.
        document = _json_of(folder, "stack", "export", "--show-secrets", *named)
        clusters, recorded = clusters_of(document), configurations_of(document)
    config = _json_of(folder, "config", "--json", *named)
    if any(entry.get("secret") and "value" not in entry for entry in config.values()):
        config = _json_of(folder, "config", "--json", "--show-secrets", *named)
    values = {key: entry.get("objectValue", entry.get("value")) for key, entry in config.items()}
    name = stack.rpartition("/")[2] if stack else _name_of(clusters)
    return _stack(name, clusters, values, {} if run_program else recorded)


def _json_of(folder: Path, *arguments: str) -> Any:
    cli = shutil.which("pulumi")
    if cli is None:
        raise SourceError(
            "the Pulumi CLI is not on the PATH\n"
            "  next: install it, or export the state elsewhere and read it with --file"
        )
    command = [cli, *arguments, "--non-interactive", "--color", "never"]
    words = f"`pulumi {' '.join(argument for argument in arguments if argument != '--json')}`"
    try:
        done = subprocess.run(  # noqa: S603 - the CLI, with arguments of our own
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ENGINE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"{words} did not work: {error}") from None
    if done.returncode != 0:
        said = done.stderr.strip().removeprefix("error: ") or f"exit code {done.returncode}"
        raise SourceError(f"{words} did not work: {said}")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise SourceError(f"{words} did not print JSON: {error}") from None


# --- from files ---


def read_from_files(state: Path, settings_file: Path | None, *, run_program: bool) -> Stack:
    """Read a stack from an exported state and, where there is one, its settings file.

    Args:
        state: What `pulumi stack export` wrote.
        settings_file: The stack's ``Pulumi.STACK.yaml``.
        run_program: Whether the destroy meant runs the program, and so takes today's configuration.

    Raises:
        SourceError: a file cannot be read, or is something else.

    """
    try:
        document = json.loads(_text(state))
    except ValueError as error:
        raise SourceError(f"{state} is no exported state: {error} (see `pulumi stack export`)") from None
    clusters = clusters_of(document)
    recorded = {} if run_program else configurations_of(document)
    if settings_file is None:
        return _stack(_name_of(clusters), clusters, None, recorded)
    values, notes = _values_of(settings_file)
    return _stack(_name_of(clusters), clusters, values, recorded, notes)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SourceError(f"{file} cannot be read: {why}") from None


def _values_of(file: Path) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    try:
        document = yaml.safe_load(_text(file))
    except yaml.YAMLError as error:
        raise SourceError(f"{file} is no YAML: {' '.join(str(error).split())}") from None
    config = document.get("config") if isinstance(document, dict) else None
    if document is not None and not isinstance(document, dict):
        raise SourceError(f"{file} is no settings file of a stack: it has no `config:`")
    values: dict[str, Any] = {}
    hidden = []
    for key, value in (config or {}).items():
        if isinstance(value, dict) and set(value) == {"secure"}:
            hidden.append(str(key))
        else:
            values[str(key)] = value if isinstance(value, (dict, list)) else _scalar(value)
    readable = _readable(values, hidden)
    left_out = ", ".join([*hidden, *sorted(values.keys() - readable.keys())])
    return readable, (f"{left_out}: encrypted in {file}, and left out",) if hidden else ()


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stack(
    name: str,
    clusters: tuple[StackCluster, ...],
    values: Mapping[str, Any] | None,
    recorded: Mapping[str, Mapping[str, Any]],
    notes: tuple[str, ...] = (),
) -> Stack:
    """Put a stack together; ``values`` is its configuration as it is now, None where it is not known."""
    changed: set[str] = set()
    hidden: set[str] = set()
    settings = {}
    for urn, kept in recorded.items():
        known = _readable(kept, [key for key, value in kept.items() if _is_hidden(value)])
        settings[urn] = read_settings(known.get)
        hidden |= kept.keys() - known.keys()
        if values is not None:
            changed |= {key for key in known.keys() | values.keys() if _differ(key, known, values)} - hidden
    if hidden:
        notes += (f"{', '.join(sorted(hidden))}: encrypted in the state, and left out",)
    if changed:
        keys = ", ".join(sorted(changed))
        note = (
            f"configured otherwise since the last `pulumi up`: {keys}. `pulumi destroy` goes by "
            "what that `up` had, and so does this plan; with --run-program both go by what is now"
        )
        notes += (note,)
    return Stack(name, clusters, read_settings((values or {}).get), notes, settings)


def _readable(values: Mapping[str, Any], hidden: Sequence[str]) -> dict[str, Any]:
    """Leave out what is encrypted, and with one part of the credentials the others: they belong together."""
    out = {*hidden, *(CREDENTIAL_KEYS if set(hidden) & set(CREDENTIAL_KEYS) else ())}
    return {key: value for key, value in values.items() if key not in out}


def _differ(key: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return key.startswith(_CONFIGURED) and _plain(one.get(key)) != _plain(other.get(key))


def _plain(value: Any) -> Any:
    """Give a configured value as a structure: the engine keeps structures as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# --- the state ---


def clusters_of(document: Any) -> tuple[StackCluster, ...]:
    """Take the clusters of this package out of what `pulumi stack export` writes.

    Raises:
        SourceError: it is no such document.

    """
    deployment = document.get("deployment") if isinstance(document, dict) else None
    if not isinstance(deployment, dict):
        raise SourceError("this is no exported state: it has no deployment (see `pulumi stack export`)")
    resources = deployment.get("resources") or []
    for resource in resources:
        if not isinstance(resource, dict) or not isinstance(resource.get("urn"), str):
            raise SourceError("this is no exported state: it has a resource without a URN")
    found = []
    for resource in resources:
        try:
            urn = Urn.parse(resource["urn"])
        except UrnError as error:
            raise SourceError(f"this is no exported state: {error}") from None
        if urn.type == CLUSTER_TYPE:
            found.append(_cluster(resource, resources))
    return tuple(found)


def configurations_of(document: Any) -> dict[str, dict[str, Any]]:
    """Take the configuration that `pulumi destroy` would hand over out of what `pulumi stack export` writes.

    Args:
        document: An exported state, as `clusters_of` accepts it.

    Returns:
        By the URN of each cluster whose provider the state holds, the keys and values.

    """
    resources = document["deployment"].get("resources") or []
    providers = {
        f"{resource['urn']}::{resource.get('id')}": resource.get("inputs") or {} for resource in resources
    }
    return {
        resource["urn"]: {key: _revealed(value) for key, value in providers[resource["provider"]].items()}
        for resource in resources
        if resource.get("type") == CLUSTER_TYPE and resource.get("provider") in providers
    }


def _cluster(resource: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> StackCluster:
    outputs = {key: _revealed(value) for key, value in (resource.get("outputs") or {}).items()}
    return StackCluster(
        urn=resource["urn"],
        outputs=outputs,
        protect=bool(resource.get("protect")),
        retain_on_delete=bool(resource.get("retainOnDelete")),
        deleted_with=str(resource.get("deletedWith") or ""),
        key_of_the_stack=_key_that_goes(outputs.get("kms_key_id"), resources),
        encrypted_facts=tuple(name for name in _DECIDING if _is_hidden(outputs.get(name))),
    )


def _key_that_goes(key: object, resources: Sequence[Mapping[str, Any]]) -> str:
    """Find the KMS key of the same stack that a cluster is encrypted with, where destroy deletes it too."""
    if not isinstance(key, str) or not key:
        return ""
    keys = {key}
    for alias in _of_types(resources, _ALIASES):
        outputs = alias.get("outputs") or {}
        if keys & {outputs.get("arn"), outputs.get("name"), outputs.get("aliasName"), alias.get("id")}:
            keys |= {str(target) for name in _TARGETS if (target := outputs.get(name))}
    for resource in _of_types(resources, _KEYS):
        outputs = resource.get("outputs") or {}
        names = {resource.get("id"), outputs.get("arn"), outputs.get("keyId")} - {None, ""}
        if keys & names and not (resource.get("protect") or resource.get("retainOnDelete")):
            return str(resource["urn"])
    return ""


def _of_types(resources: Iterable[Mapping[str, Any]], types: tuple[str, ...]) -> Iterable[Mapping[str, Any]]:
    return (resource for resource in resources if resource.get("type") in types)


def _revealed(value: Any) -> Any:
    """Give a value with its secrets in clear where the state holds them so, and unknown where it does not."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _revealed(json.loads(value["plaintext"])) if "plaintext" in value else UNKNOWN
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    return value


def _is_hidden(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_hidden(item) for item in value.values())
    if isinstance(value, list):
        return any(_is_hidden(item) for item in value)
    return value is UNKNOWN


def _name_of(clusters: Sequence[StackCluster]) -> str:
    return Urn.parse(clusters[0].urn).stack if clusters else ""
