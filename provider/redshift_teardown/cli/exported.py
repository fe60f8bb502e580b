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

from redshift_teardown.cli.state_document import clusters_of, configurations_of, is_hidden
from redshift_teardown.engine.exported_state import SourceError
from redshift_teardown.engine.urn import Urn
from redshift_teardown.input_file import InputError, name_of, read_json, read_yaml
from redshift_teardown.settings import CREDENTIAL_KEYS, Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redshift_teardown.reports.observed import StackCluster

_CONFIGURED = ("aws:", "redshift-teardown:")
_ENGINE_SECONDS = 300


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
        """Return the configuration by which destroy would tear a cluster down."""
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
    """Return the folder that the engine runs program and provider in: ``main:`` of the project's file.

    Args:
        project: The project's folder.

    """
    main = _project_document(project).get("main")
    named = project / main if isinstance(main, str) else project
    return named if named.is_dir() else named.parent


def project_name(project: Path) -> str:
    """Return the name of a project, as its file says; empty where that says none."""
    return str(_project_document(project).get("name") or "")


def _project_document(project: Path) -> Mapping[str, Any]:
    file = _project_file(project)
    try:
        document = read_yaml(file, "project file") if file is not None else None
    except InputError:
        # The engine says what is wrong with it.
        document = None
    return document if isinstance(document, dict) else {}


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
    if any(cluster.encrypted_facts for cluster in clusters) or is_hidden(recorded):
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


def read_from_files(state: str | Path, settings_file: str | Path | None, *, run_program: bool) -> Stack:
    """Read a stack from an exported state and, where there is one, its settings file.

    Args:
        state: What `pulumi stack export` wrote; ``-`` for standard input.
        settings_file: The stack's ``Pulumi.STACK.yaml``.
        run_program: Whether the destroy meant runs the program, and so takes today's configuration.

    Raises:
        TeardownError: a file cannot be read, or is something else.

    """
    document = read_json(state, "exported state (see `pulumi stack export`)")
    clusters = clusters_of(document)
    recorded = {} if run_program else configurations_of(document)
    if settings_file is None:
        return _stack(_name_of(clusters), clusters, None, recorded)
    values, notes = _values_of(settings_file)
    return _stack(_name_of(clusters), clusters, values, recorded, notes)


def _values_of(file: str | Path) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    kind = "settings file of a stack"
    document = read_yaml(file, kind)
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(document, (dict, type(None))) or not isinstance(config, (dict, type(None))):
        raise SourceError(f"{name_of(file)} is no {kind}: it has no `config:` with keys and values")
    values: dict[str, Any] = {}
    hidden = []
    for key, value in (config or {}).items():
        if _is_encrypted(value):
            hidden.append(str(key))
        elif value is not None:
            values[str(key)] = value if isinstance(value, (dict, list)) else _scalar(value)
    readable = _readable(values, hidden)
    left_out = ", ".join([*hidden, *sorted(values.keys() - readable.keys())])
    return readable, (f"{left_out}: encrypted in {name_of(file)}, and left out",) if hidden else ()


def _is_encrypted(value: Any) -> bool:
    """Return whether a value of a settings file, or a part of it, is encrypted."""
    if isinstance(value, dict):
        return set(value) == {"secure"} or any(map(_is_encrypted, value.values()))
    return isinstance(value, list) and any(map(_is_encrypted, value))


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
        known = _readable(kept, [key for key, value in kept.items() if is_hidden(value)])
        settings[urn] = read_settings(known.get, known)
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
    return Stack(name, clusters, read_settings((values or {}).get, values or ()), notes, settings)


def _readable(values: Mapping[str, Any], hidden: Sequence[str]) -> dict[str, Any]:
    """Leave out what is encrypted, and with one part of the credentials the others: they belong together."""
    out = {*hidden, *(CREDENTIAL_KEYS if set(hidden) & set(CREDENTIAL_KEYS) else ())}
    return {key: value for key, value in values.items() if key not in out}


def _differ(key: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return key.startswith(_CONFIGURED) and _plain(one.get(key)) != _plain(other.get(key))


def _plain(value: Any) -> Any:
    """Return a configured value as a structure: the engine keeps structures as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _name_of(clusters: Sequence[StackCluster]) -> str:
    return Urn.parse(clusters[0].urn).stack if clusters else ""
