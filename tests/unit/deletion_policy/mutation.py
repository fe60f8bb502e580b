"""Mutate `decision`, `naming` and `normal_form`, and see whether the tests notice.

    python tests/unit/deletion_policy/mutation.py

It copies the package and its tests to a folder of its own, since mutmut wants a `src` layout, runs there, and
compares what survived with `survivors.txt` beside this file, each of which README.md explains. Exits 1 where
a mutant survives that is not on the list, or one on the list no longer does. Needs mutmut 3.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGE = Path("redshift_teardown", "deletion_policy")
MUTATED = ("decision.py", "naming.py", "normal_form.py")
TESTS = ("test_decision.py", "test_naming.py", "test_normal_form.py", "test_properties.py", "strategies.py")
KNOWN = HERE / "survivors.txt"
CONFIGURATION = """[mutmut]
source_paths = src
only_mutate =
    {mutated}
also_copy =
    tests
    src
pytest_add_cli_args =
    -x
    -q
    -p
    no:cacheprovider
"""
# The same cases each time, so that the list of survivors is the same too; and nobody reads what is shrunk.
CONFTEST = """
from hypothesis import Phase, settings

settings.register_profile("mutation", derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutation")
"""
PYTEST = """[pytest]
testpaths = tests
pythonpath = .
addopts = --import-mode=importlib
"""


def prepare(folder: Path) -> None:
    """Lay the package and its tests out as mutmut wants them."""
    source = folder / "src" / PACKAGE
    shutil.copytree(ROOT / "provider" / PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    (source.parent / "__init__.py").write_text("")
    tests = folder / "tests" / "unit" / "deletion_policy"
    tests.mkdir(parents=True)
    for name in TESTS:
        shutil.copy(HERE / name, tests)
    shutil.copy(ROOT / "tests" / "long.py", folder / "tests")
    mutated = "\n    ".join(str(Path("src") / PACKAGE / name) for name in MUTATED)
    (folder / "setup.cfg").write_text(CONFIGURATION.format(mutated=mutated))
    (folder / "pytest.ini").write_text(PYTEST)
    (tests / "conftest.py").write_text(CONFTEST)


def survivors(folder: Path) -> set[str]:
    """Run all mutants, and give what those changed that no test noticed: function, old line, new line."""
    mutmut = [sys.executable, "-m", "mutmut"]
    subprocess.run([*mutmut, "run", "--max-children", "2"], cwd=folder, check=True)
    listed = subprocess.run(
        [*mutmut, "results"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    found = set()
    for line in listed.splitlines():
        name, colon, verdict = line.strip().rpartition(": ")
        # A mutant that runs out of time was noticed: the tests did not pass.
        if colon and verdict != "timeout":
            shown = subprocess.run(
                [*mutmut, "show", name], cwd=folder, check=True, capture_output=True, text=True
            )
            found.add(f"{name.rpartition('__mutmut_')[0]}: {changed(shown.stdout)}")
    return found


def changed(diff: str) -> str:
    """Return the changed lines of a diff in one line."""
    lines = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return " ".join(" ".join(line.split()) for line in lines)


def main() -> int:
    """Mutate, and compare with the list."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder)
        found = survivors(folder)
    known = set(KNOWN.read_text().splitlines()) if KNOWN.exists() else set()
    report = [f"survived, and is not on the list: {line}" for line in sorted(found - known)]
    report += [f"on the list, and no longer survives: {line}" for line in sorted(known - found)]
    report.append(f"{len(found)} survivors, {len(known)} of them expected")
    sys.stdout.write("\n".join([*report, ""]))
    return 0 if found == known else 1


if __name__ == "__main__":
    sys.exit(main())
