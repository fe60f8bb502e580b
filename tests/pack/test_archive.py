"""The published pack: complete, installable elsewhere, and nothing of the clone in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import venv
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.long import of_the_long_ones
from tests.pack.clusters import AWS
from tests.pack.wire import PACK, ROOT, Wired, running

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("pack-archive")]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive as it is published, unpacked in a place that knows nothing of the clone."""
    folder = tmp_path_factory.mktemp("archive")
    command = [sys.executable, str(PACK / "archive.py"), str(folder / "made"), "--no-build-isolation"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    tarball = folder / "pack.tgz"
    with tarfile.open(tarball, "w:gz") as packed:
        packed.add(folder / "made", "package")
    with tarfile.open(tarball) as packed:
        packed.extractall(folder / "elsewhere", filter="data")
    return folder / "elsewhere" / "package"


def test_archive_holds_the_pack_and_the_wheel_and_nothing_else(unpacked: Path) -> None:
    """Its requirements name the wheel beside them, and its virtual environment is its own."""
    wheels = [path.name for path in (unpacked / "wheels").iterdir()]

    assert sorted(path.name for path in unpacked.iterdir()) == [
        ".gitignore",
        "PulumiPolicy.yaml",
        "README.md",
        "__main__.py",
        "deletion-policy.yaml",
        "redshift_pack",
        "requirements.txt",
        "wheels",
    ]
    assert len(wheels) == 1
    requirements = (unpacked / "requirements.txt").read_text().splitlines()
    assert f"./wheels/{wheels[0]}" in requirements
    assert not [line for line in requirements if ".." in line and not line.startswith("#")]
    project = yaml.safe_load((unpacked / "PulumiPolicy.yaml").read_text())
    assert project["runtime"]["options"]["virtualenv"] == "venv"
    assert not list(unpacked.rglob("__pycache__"))


def test_unpacked_pack_judges_with_the_package_of_its_wheel(
    unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Installed by pip and started elsewhere, it blocks what it must, and the clone has no part in it."""
    (wheel,) = (unpacked / "wheels").iterdir()
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
    ]
    subprocess.run(install, check=True)
    monkeypatch.setenv("PYTHONPATH", str(site))
    code = "import redshift_teardown.deletion_policy as found; print(found.__file__)"
    where = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert where.startswith(str(site))

    with running(unpacked) as pack:
        pack.configure()
        said = pack.judge(Wired(type=AWS, name="warehouse", props={"skipFinalSnapshot": True}))

    assert [one.policy for one in said if one.enforcement == "mandatory"] == [
        "redshift-aws-cluster-final-snapshot"
    ]
    assert "package/deletion-policy.yaml:" in said[0].message


@pytest.mark.slow
@of_the_long_ones
def test_requirements_install_into_an_empty_environment(unpacked: Path, tmp_path: Path) -> None:
    """What `pulumi install` does with an unpacked pack: pip, in a new environment, in the pack's folder."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"]
    subprocess.run(install, cwd=unpacked, check=True)

    code = (
        "import redshift_pack, redshift_teardown; print(len(redshift_pack.RULES), redshift_teardown.__file__)"
    )
    done = subprocess.run([str(python), "-c", code], cwd=unpacked, capture_output=True, text=True, check=True)

    count, _, where = done.stdout.partition(" ")
    assert int(count) > 0
    assert where.startswith(str(tmp_path / "venv"))


def test_pack_has_the_version_of_the_package_it_shares() -> None:
    """They are released together: the rules a stack records are those its pack can read."""
    project = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())
    package = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert package is not None
    assert project["version"] == package[1]


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    """Nothing is mixed with files that are there already."""
    (tmp_path / "mine").touch()
    command = [sys.executable, str(PACK / "archive.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (
        1,
        f"error: {tmp_path} is not empty; name a folder that does not exist yet\n",
    )


def test_git_sees_only_what_the_pack_is_made_of() -> None:
    """`pulumi policy publish` packs what git does not ignore: a stray file in the folder is none of it."""
    ignored = ["notes.txt", "venv/bin/python", "redshift_pack/__pycache__/x.pyc", "pack.json"]
    check = ["git", "check-ignore", "--no-index", *(f"policy/{name}" for name in [*ignored, "README.md"])]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stdout.split() == [f"policy/{name}" for name in ignored]
