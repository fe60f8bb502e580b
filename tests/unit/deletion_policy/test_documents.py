"""The folder of documents: what is refused, with which words, and what is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from redshift_teardown.deletion_policy import Policy, PolicyError, load
from redshift_teardown.deletion_policy.reading import yaml_document

DOCUMENTS = Path(__file__).parent / "documents"
BAD = sorted((DOCUMENTS / "bad").glob("*.yaml"))
GOOD = sorted((DOCUMENTS / "good").glob("*.yaml"))


@pytest.fixture(params=["libyaml", "python"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.setattr(yaml_document, "_FAST_LOADER", yaml.SafeLoader)


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize("document", BAD, ids=lambda path: path.stem)
def test_bad_document(document: Path) -> None:
    """The report is, to the letter, the text kept beside the document, whichever parser PyYAML has."""
    with pytest.raises(PolicyError) as caught:
        load(document, source="policy.yaml")

    expected = document.with_suffix(".txt").read_text(encoding="utf-8")
    assert f"{caught.value}\n" == expected


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize("document", GOOD, ids=lambda path: path.stem)
def test_good_document(document: Path) -> None:
    """The document is read, and its environments stand in the order of the file."""
    policy = load(document, source="policy.yaml")

    assert isinstance(policy, Policy)
    written = yaml.safe_load(document.read_bytes()).get("environments") or {}
    assert [environment.name for environment in policy.environments] == list(written)


def test_the_folder_is_large_enough() -> None:
    """The folder covers the language: at least eighty refusals and twenty documents that are read."""
    assert len(BAD) >= 80
    assert len(GOOD) >= 20
    assert {path.stem for path in BAD} == {path.stem for path in (DOCUMENTS / "bad").glob("*.txt")}


def test_the_policy_that_ships_is_read() -> None:
    """The policy in the repository is valid and says what the documentation shows."""
    root = Path(__file__).parents[3]
    policy = load(root / "policy" / "deletion-policy.yaml", source="policy/deletion-policy.yaml")

    assert [(e.name, e.protected, e.final_snapshot.retention_days) for e in policy.environments] == [
        ("production", True, -1),
        ("staging", False, 7),
        ("dev", False, 3),
    ]
    assert policy.unmatched.protected
    assert policy.unmatched.final_snapshot.retention_days == 35
