"""Which Pulumi engine this clone uses, and the environment to use it in.

The installed Pulumi where `pulumi` and `pulumi-language-python` are both on PATH; otherwise the engine
named in `go.mod`, built once into `.pulumi-engine/bin` of the clone, with the two small stand-ins beside
this file. `make env`, the tests and the demo all ask here, so they cannot differ.

Only the standard library is used: this runs before there is a virtual environment.

    python3 tools/pulumi/engine.py ensure     build the engine where one is needed
    python3 tools/pulumi/engine.py env        print the environment as shell exports
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLONE = Path(__file__).resolve().parents[2]
SOURCE = CLONE / "tools" / "pulumi"
ENGINE = CLONE / ".pulumi-engine"
BIN = ENGINE / "bin"
STATE = CLONE / ".pulumi-state"
VENV_BIN = CLONE / ".venv" / "bin"

PASSPHRASE = "redshift-teardown"  # noqa: S105
"""Encrypts the secrets of stacks on this machine's file backend: it keeps them out of sight, no more."""

STAND_INS = ("pulumi-language-python", "pulumi-resource-pulumi-python")

_OF_A_STACK = re.compile(r"(encryptionsalt|encryptedkey|secretsprovider):")
_VERSION_SYMBOL = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


class EngineError(Exception):
    """There is no engine and none can be built; the message is one line for the user."""


def installed(path: str | None = None) -> Path | None:
    """Find a Pulumi that somebody installed: CLI and Python language host, both.

    Args:
        path: The search path; PATH when absent. The clone's own engine on it does not count.

    Returns:
        The folder of the CLI, or None.
    """
    search = os.environ.get("PATH", os.defpath) if path is None else path
    elsewhere = os.pathsep.join(entry for entry in search.split(os.pathsep) if entry and Path(entry) != BIN)
    cli = shutil.which("pulumi", path=elsewhere)
    host = shutil.which("pulumi-language-python", path=elsewhere)
    return Path(cli).parent if cli and host else None


def environment(state: Path | None = None, path: str | None = None) -> dict[str, str]:
    """Return the variables, and only those, that make a process use this clone's engine.

    Args:
        state: The folder for Pulumi's home and the file backend; `.pulumi-state` of the clone when
            absent. Tests pass one of their own. Made when missing.
        path: The search path to build on; PATH when absent.

    Returns:
        PATH, PULUMI_HOME, PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE and PULUMI_SKIP_UPDATE_CHECK.
    """
    state = (state or STATE).resolve()
    home, backend = state / "home", state / "backend"
    home.mkdir(parents=True, exist_ok=True)
    backend.mkdir(parents=True, exist_ok=True)
    search = os.environ.get("PATH", os.defpath) if path is None else path
    own = [str(VENV_BIN)] if installed(search) else [str(VENV_BIN), str(BIN)]
    rest = [entry for entry in search.split(os.pathsep) if entry and entry not in {str(VENV_BIN), str(BIN)}]
    return {
        "PATH": os.pathsep.join([*own, *rest]),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }


def copy_project(destination: Path) -> Path:
    """Copy the project, to run stacks of it without touching the clone.

    `pulumi stack init` writes a salt into the stack's settings file; in a copy that is nobody's business.
    The package itself is not copied: the copy uses the clone's virtual environment.

    Args:
        destination: The folder to make; its parent must exist.

    Returns:
        The destination, for `pulumi --cwd`.
    """
    destination.mkdir()
    for name in ("__main__.py", "network.py"):
        shutil.copy2(CLONE / name, destination)
    for settings in sorted(CLONE.glob("Pulumi*.yaml")):
        # A stack made in the clone has left the salt of somebody's passphrase, which is not ours to know.
        kept = [
            line
            for line in settings.read_text("utf-8").splitlines(keepends=True)
            if not _OF_A_STACK.match(line)
        ]
        (destination / settings.name).write_text("".join(kept), "utf-8")
    shutil.copytree(CLONE / "policy", destination / "policy", ignore=shutil.ignore_patterns("__pycache__"))
    (destination / ".venv").symlink_to(CLONE / ".venv")
    return destination


def exports(variables: Mapping[str, str]) -> str:
    """Write variables as shell exports, quoted for `eval`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def ensure() -> None:
    """Build the engine where none is installed and none built yet; otherwise do nothing.

    Raises:
        EngineError: It cannot be built.
    """
    if installed():
        return
    ENGINE.mkdir(exist_ok=True)
    with _alone():
        BIN.mkdir(exist_ok=True)
        for name in STAND_INS:
            _link(BIN / name, SOURCE / name)
        stamp = ENGINE / "built-from"
        wanted = _fingerprint()
        if (BIN / "pulumi").exists() and stamp.exists() and stamp.read_text("utf-8") == wanted:
            return
        _build()
        stamp.write_text(wanted, "utf-8")


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process build at a time; a second waits and finds the work done."""
    with (ENGINE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _link(link: Path, target: Path) -> None:
    """Point a symbolic link at a file of the clone, relative so that the clone can be moved."""
    relative = os.path.relpath(target, link.parent)
    if not (link.is_symlink() and os.readlink(link) == relative):  # noqa: PTH115  compared as text
        link.unlink(missing_ok=True)
        link.symlink_to(relative)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((SOURCE / name).read_bytes())
    return digest.hexdigest()


def _pinned(pattern: str) -> str:
    found = re.search(pattern, (SOURCE / "go.mod").read_text("utf-8"), re.MULTILINE)
    if not found:
        raise EngineError(f"tools/pulumi/go.mod does not match {pattern!r}.")
    return found[1]


def _build() -> None:
    """Build the CLI of go.mod; on failure leave nothing half-made behind."""
    version = _pinned(r"^\s*github\.com/pulumi/pulumi/pkg/v3 (v\S+)")
    needs_go = _pinned(r"^go (\S+)")
    remedy = f"install Pulumi, or Go {needs_go} or newer, and try again"
    go = shutil.which("go")
    if go is None:
        raise EngineError(f"No Pulumi on PATH, and no Go to build it with: {remedy}.")
    print(
        f"Building the Pulumi engine {version} into {ENGINE.name}/, as none is installed "
        "(about 3 minutes, first time only).",
        file=sys.stderr,
        flush=True,
    )
    fresh = BIN / f"pulumi.{os.getpid()}"
    log = ENGINE / "build.log"
    try:
        with log.open("wb") as out:
            done = subprocess.run(
                [go, "build", "-ldflags", f"-s -w -X {_VERSION_SYMBOL}={version}", "-o", str(fresh), "tool"],
                cwd=SOURCE,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            raise EngineError(_why(log, needs_go, remedy))
        fresh.replace(BIN / "pulumi")
    finally:
        fresh.unlink(missing_ok=True)
    log.unlink(missing_ok=True)


_NO_NETWORK = re.compile(
    r"dial tcp|no such host|i/o timeout|connection refused|proxyconnect|TLS handshake|network is unreachable"
    r"|module lookup disabled|temporary failure in name resolution",
    re.IGNORECASE,
)


def _why(log: Path, needs_go: str, remedy: str) -> str:
    """Return in one line why a build failed."""
    text = log.read_text("utf-8", "replace")
    if "requires go >=" in text or "unknown directive: tool" in text or "invalid go version" in text:
        return f"No Pulumi on PATH, and the Go here is too old to build it (it takes {needs_go}): {remedy}."
    if _NO_NETWORK.search(text):
        return (
            "No Pulumi on PATH, and Go cannot download its source (no network?): "
            f"{remedy}. Details: {log.relative_to(CLONE)}"
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else "go said nothing"
    return f"No Pulumi on PATH, and building it failed: {last}. Details: {log.relative_to(CLONE)}"


def main(arguments: list[str]) -> int:
    """Do what the command line says; answer the exit code."""
    if arguments == ["ensure"]:
        try:
            ensure()
        except (EngineError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        return 0
    if arguments == ["env"]:
        print(exports(environment()), end="")
        return 0
    print("usage: engine.py ensure|env", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
