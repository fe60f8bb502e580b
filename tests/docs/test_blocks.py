"""Every block of code in README and documentation does what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from redshift_teardown.deletion_policy import loads
from redshift_teardown.emulator import Emulator
from tests.docs.blocks import CODE, ROOT, WORDS, Block, blocks_of, pages
from tests.docs.programs import whole
from tests.e2e.harness import Project
from tests.iam.evaluate import refused
from tests.long import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

TOLD_ELSEWHERE = {
    "docs/policies/ci.md": "tests/pack/test_ci.py runs every step of its workflows",
    "docs/command-line.md": "it is written from the code",
}
"""Pages whose blocks have tests of their own."""

ALWAYS = {"README.md", "docs/deletion-policy.md"}
"""Pages whose commands run in `make test`; those of the others run in `make test-all`."""

NOT_RUN = {
    "make test": "that is what runs here",
    "make demo": "test_demo.py runs what it runs",
    "pulumi install": "it installs from the network",
}
"""Commands that are not run here, and why."""

PORT = "5001"
"""The port of the emulator that pages start; here it is a free one."""

_OUTPUT_SECONDS = 240


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    """A language is Python, YAML or a console, and what has none is no command in disguise."""
    strange = [
        block.place
        for page in pages()
        for block in blocks_of(page)
        if block.language not in (*CODE, *WORDS)
        or ("file" in block.said and block.language in WORDS)
        or (block.page.startswith("docs/") and block.language in WORDS and block.runs)
    ]

    assert strange == []
    assert sum(len(blocks_of(page)) for page in pages()) > 40


def test_what_is_not_run_is_little_and_has_a_reason() -> None:
    """Reasons are sentences, and the list stays short."""
    blocks = [block for page in pages() for block in blocks_of(page)]
    skipped = [block for block in blocks if "not run" in block.said]
    commands = {command for block in blocks if block.runs for command in block.commands}

    assert [block.place for block in skipped if len(block.said["not run"].split()) < 4] == []
    assert len(skipped) <= 4
    assert set(NOT_RUN) <= commands


def documents(language: str) -> list[Any]:
    """Return all blocks of a language, as parameters of a test."""
    return [
        pytest.param(block, id=block.place)
        for page in pages()
        for block in blocks_of(page)
        if block.language == language
    ]


@pytest.mark.parametrize("block", documents("yaml"))
def test_yaml(block: Block) -> None:
    """It is YAML; a policy, or a piece of one, is one that the language takes."""
    document = yaml.safe_load(block.text)

    if "environments" in document:
        assert loads(block.text, source=block.page).environments
    elif "released" in document:
        assert loads(f"version: 1\n{block.text}", source=block.page).released
    elif "skip" in document or "when" in document:
        indented = "".join(f"    {line}" for line in block.text.splitlines(keepends=True))
        policy = f"version: 1\nenvironments:\n  piece:\n    stacks: [piece]\n{indented}"
        assert loads(policy, source=block.page).environments
    elif "jobs" in document:
        assert block.page in TOLD_ELSEWHERE
    else:
        assert block.said.get("file") == "Pulumi.yaml" or "config" in document


def programs() -> list[Block]:
    """Return all Python that makes resources."""
    return [
        block
        for page in pages()
        for block in blocks_of(page)
        if block.language == "python" and "Emulator" not in block.text
    ]


def test_programs(tmp_path: Path) -> None:
    """Every program, and every piece of one, makes the resources it names; the clusters obey a policy."""
    (tmp_path / "policy").mkdir()
    policy = (ROOT / "policy" / "deletion-policy.yaml").read_text(encoding="utf-8")
    (tmp_path / "policy" / "deletion-policy.yaml").write_text(policy, encoding="utf-8")
    expected = {}
    for number, block in enumerate(programs()):
        file = tmp_path / f"{number}.py"
        file.write_text(block.text, encoding="utf-8")
        expected[str(file)] = len(re.findall(r"\bCluster\(|kms\.Key\(", block.text))

    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "docs" / "programs.py"), *expected],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = {
        file: sum(1 for kind in types if "luster" in kind or "Key" in kind)
        for file, types in json.loads(done.stdout).items()
    }

    assert made == expected
    assert len(expected) > 8


def steered() -> list[Any]:
    """Return all Python that steers the emulator, as parameters of a test."""
    found = [block for page in pages() for block in blocks_of(page) if "Emulator" in block.text]
    return [pytest.param(block, id=block.place) for block in found if block.language == "python"]


@pytest.mark.parametrize("block", steered())
def test_emulator_programs(block: Block) -> None:
    """Python that steers the emulator runs as it stands."""
    done = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_pieces_are_made_whole() -> None:
    """What `...` stands for is what the piece has not said."""
    text = whole('Cluster("w", opts=pulumi.ResourceOptions(protect=True), number_of_nodes=4, ...)')

    assert 'number_of_nodes=4, cluster_identifier="warehouse-prod"' in text
    assert text.count("number_of_nodes") == 1


# --- consoles ---


class Reader:
    """Somebody who follows a page, in a project of their own."""

    def __init__(self, folder: Path, emulator: Emulator, *, empty: bool) -> None:
        self.project = Project(folder, emulator)
        self.folder = self.project.folder
        self.environment = dict(self.project.environment)
        self.environment.update(AWS_ACCESS_KEY_ID="test", AWS_REGION="eu-central-1")
        tools = folder / "tools"
        tools.mkdir()
        real = _which("pulumi", self.environment["PATH"])
        # Somebody who says yes, and whose terminal is plain.
        (tools / "pulumi").write_text(
            f'#!/bin/sh\ncase "$1" in up|destroy|refresh) set -- "$@" --yes --skip-preview;; esac\n'
            f'exec {real} --non-interactive --color never "$@"\n',
            encoding="utf-8",
        )
        (tools / "pulumi").chmod(0o755)
        self.environment["PATH"] = f"{tools}{os.pathsep}{self.environment['PATH']}"
        self.running: list[subprocess.Popen[str]] = []
        self.port = _free_port()
        if empty:
            self._start_empty(folder)

    def _start_empty(self, folder: Path) -> None:
        """Have nothing but the installed package: not this repository, and no AWS but the page's own."""
        self.folder = folder / "empty"
        self.folder.mkdir()
        install_wheel(self.folder / ".venv")
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            self.environment.pop(name, None)

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        said = {key: value.replace(PORT, self.port) for key, value in block.said.items()}
        block = replace(block, text=block.text.replace(PORT, self.port), said=said)
        if "not run" in block.said:
            return
        if "file" in block.said:
            file = self.folder / block.said["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif "background" in block.said:
            self._start(block)
        elif block.runs:
            self._run(block)

    def _run(self, block: Block) -> None:
        commands = [command for command in block.commands if command not in NOT_RUN]
        kept = self.folder.parent / "environment"
        script = "\n".join(["set -eo pipefail", *commands, f"env -0 > {kept}"])
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_OUTPUT_SECONDS,
            check=False,
        )
        assert done.returncode == int(block.said.get("exit", "0")), f"{block.place}\n{done.stdout}"
        self.project.keep_promises(done.stdout)
        if kept.exists():
            pairs = (entry.partition("=") for entry in kept.read_text("utf-8").split("\0") if entry)
            self.environment = {name: value for name, _, value in pairs}
        printed = iter(done.stdout.splitlines())
        for line in block.output if block.language == "console" else []:
            wanted = re.compile(r".*?".join(re.escape(part) for part in _collapsed(line).split("…")))
            assert any(wanted.search(_collapsed(shown)) for shown in printed), (
                f"{block.place} does not print {line!r} after the line before it:\n{done.stdout}"
            )

    def _start(self, block: Block) -> None:
        (command,) = block.commands
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.running.append(process)
        assert process.stdout is not None
        assert block.said["background"] in process.stdout.readline()

    def close(self) -> None:
        """Press Ctrl-C in the other terminals."""
        for process in self.running:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=20)


def install_wheel(venv: Path) -> None:
    """Make a virtual environment with the built wheel in it, and what it needs taken from this one."""
    wheels, source = venv.parent.parent / "wheels", venv.parent.parent / "source"
    copy_of_package(source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(wheels), str(source)],
        check=True,
        capture_output=True,
    )
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = str(venv / "bin" / "python")
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "--python", python, "install", *offline, str(wheel)], check=True)
    # Its dependencies, but not this repository: a path file's own path files are not read.
    (packages,) = venv.glob("lib/python*/site-packages")
    (own,) = Path(sys.prefix).glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(f"{own}\n", encoding="utf-8")
    where = "import redshift_teardown; print(redshift_teardown.__file__)"
    shown = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout
    assert Path(shown.strip()).is_relative_to(packages)


def copy_of_package(folder: Path) -> None:
    """Copy what a wheel is built from, so that building leaves nothing in the clone."""
    folder.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, folder)
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "provider", folder / "provider", ignore=ignore)


def _free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


def _which(name: str, path: str) -> str:
    found = shutil.which(name, path=path)
    assert found is not None
    return found


def _collapsed(line: str) -> str:
    """Return a line as it is compared: columns may be wider."""
    return " ".join(line.split())


def consoles() -> list[Any]:
    """Return the pages with commands on them, as parameters of a test."""
    return [
        pytest.param(
            page,
            marks=[
                pytest.mark.skipif(not (ALL or page in ALWAYS), reason="runs with make test-all"),
                pytest.mark.timeout(600),
            ],
        )
        for page in pages()
        if page not in TOLD_ELSEWHERE and any(block.runs for block in blocks_of(page))
    ]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An AWS whose clusters need a second; the documented IAM policy must do for all that is done in it."""
    with Emulator(speed=600) as made:
        yield made
        assert refused(made.control.calls()) == []


@pytest.mark.parametrize("page", consoles())
def test_page(page: str, tmp_path: Path, emulator: Emulator) -> None:
    """Whoever follows a page from its top, command by command, sees what it says."""
    blocks = blocks_of(page)
    # A page that writes the project's file begins in an empty folder; one that makes stacks has none yet.
    reader = Reader(
        tmp_path, emulator, empty=any(block.said.get("file") == "Pulumi.yaml" for block in blocks)
    )
    if not any("stack init" in block.text for block in blocks):
        reader.project.stack("dev")
        if any("--stack prod" in block.text for block in blocks):
            reader.project.stack("prod").up().ok()
            if "restore" in page:
                reader.project.run("destroy", "--yes", "--skip-preview", "--stack", "prod").ok()
    try:
        for block in blocks:
            reader.follow(block)
    finally:
        reader.close()
