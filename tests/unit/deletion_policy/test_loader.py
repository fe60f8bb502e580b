"""Reading files, inheritance, and what the parts of a policy become."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from redshift_teardown.deletion_policy import (
    Environment,
    FinalSnapshot,
    PolicyError,
    Position,
    Problem,
    Release,
    SkipRule,
    WaitRules,
    When,
    load,
    loads,
)

WHERE = "the path of a deletion policy, or set redshift-teardown:policyFile to it"


def test_a_whole_policy() -> None:
    """Every key becomes its value; single keys are inherited, tags united, places kept."""
    policy = loads(
        """version: 1
defaults:
  final_snapshot:
    name: "{cluster}-final"
    retention_days: 35
    tags: {team: data, stage: unknown}
  wait: {timeout_hours: 48, poll_seconds: 30}
receipts: build/receipts
environments:
  production:
    stacks: [prod, "prod-*"]
    accounts: ["111122223333"]
    skip: never
    final_snapshot:
      tags: {stage: production}
      retention_days: forever
    wait: {poll_seconds: 60}
  dev:
    skip:
      - when: {tags: {b: "2", a: "1"}, identifier: [z, a]}
        because: |
          nothing to
          keep
""",
        source="p.yaml",
    )
    production, dev = policy.environments

    assert (policy.source, policy.version, policy.receipts) == ("p.yaml", 1, "build/receipts")
    assert production == Environment(
        name="production",
        stacks=("prod", "prod-*"),
        accounts=("111122223333",),
        skip=(),
        final_snapshot=FinalSnapshot(
            "{cluster}-final", -1, (("stage", "production"), ("team", "data")), Position("p.yaml", 16)
        ),
        wait=WaitRules(48.0, 60.0),
        receipts="build/receipts",
        place=Position("p.yaml", 10),
        skip_place=Position("p.yaml", 13),
    )
    assert dev == Environment(
        name="dev",
        stacks=(),
        accounts=(),
        skip=(
            SkipRule(
                When(tags=(("a", "1"), ("b", "2")), identifier=("a", "z")),
                "nothing to keep",
                Position("p.yaml", 20),
            ),
        ),
        final_snapshot=FinalSnapshot(
            "{cluster}-final", 35, (("stage", "unknown"), ("team", "data")), Position("p.yaml", 5)
        ),
        wait=WaitRules(48.0, 30.0),
        receipts="build/receipts",
        place=Position("p.yaml", 18),
        skip_place=Position("p.yaml", 19),
    )
    assert policy.unmatched == Environment(
        name="",
        stacks=(),
        accounts=(),
        skip=(),
        final_snapshot=dev.final_snapshot,
        wait=WaitRules(48.0, 30.0),
        receipts="build/receipts",
        place=Position("p.yaml", 2),
    )


def test_the_least_policy() -> None:
    """With nothing said, snapshots are kept forever."""
    policy = loads("# nothing\nversion: 1\n", source="p.yaml")

    assert policy.environments == ()
    assert policy.unmatched == Environment(
        name="",
        stacks=(),
        accounts=(),
        skip=(),
        final_snapshot=FinalSnapshot(
            "{project}-{stack}-{cluster}-final-{timestamp}", -1, (), Position("p.yaml", 2)
        ),
        wait=WaitRules(24.0, 15.0),
        receipts=".redshift-teardown/receipts",
        place=Position("p.yaml", 2),
    )


def test_an_environment_without_retention_cites_itself() -> None:
    """Where nobody says how long, the environment's own line stands for the default."""
    policy = loads("version: 1\nenvironments:\n  dev: {}\n", source="p.yaml")

    assert policy.environments[0].final_snapshot.place == Position("p.yaml", 3)


def test_environment_by_name() -> None:
    """Environments are found by name, the unmatched one by the empty name."""
    policy = loads("version: 1\nenvironments:\n  dev: {}\n", source="p.yaml")

    assert policy.environment("dev") is policy.environments[0]
    assert policy.environment("") is policy.unmatched
    assert policy.environment("prod") is None


def test_text_and_bytes_are_the_same() -> None:
    """A document may come as text or as UTF-8, with or without a byte-order mark."""
    text = "version: 1\nenvironments: {dev: {stacks: [dev]}}\n"

    assert loads(text, source="p") == loads(text.encode(), source="p")
    assert loads("\ufeff" + text, source="p") == loads(b"\xef\xbb\xbf" + text.encode(), source="p")


def test_the_source_is_displayed_as_given(tmp_path: Path) -> None:
    """Messages and places name the file as the caller wants it named."""
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\n")

    assert load(file).source == str(file)
    assert load(str(file), source="policy/x.yaml").unmatched.place == Position("policy/x.yaml", 1)


def refusal(path: str | os.PathLike[str]) -> str:
    """Load what cannot be loaded, and give the message."""
    with pytest.raises(PolicyError) as caught:
        load(path, source="p.yaml")
    return str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told in one clear line."""
    assert refusal(tmp_path / "none.yaml") == f"p.yaml: there is no such file\n      write instead: {WHERE}"


def test_a_folder(tmp_path: Path) -> None:
    """A folder is no policy."""
    assert refusal(tmp_path) == f"p.yaml: this is a folder, not a file\n      write instead: {WHERE}"


def test_a_pipe(tmp_path: Path) -> None:
    """A pipe is not opened: reading it could wait forever."""
    os.mkfifo(tmp_path / "pipe")

    assert refusal(tmp_path / "pipe").startswith("p.yaml: this is no ordinary file, not a file")


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operating system says about a file is passed on."""
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    assert (
        refusal(file) == f"p.yaml: the file cannot be read: Permission denied\n      write instead: {WHERE}"
    )


def test_a_path_that_cannot_be() -> None:
    """A path with a NUL character is refused like any other that cannot be read."""
    assert refusal("a\0b").startswith("p.yaml: ")


def test_a_file_too_large(tmp_path: Path) -> None:
    """A file over 1 MiB is not parsed; one of exactly 1 MiB is."""
    text = b"version: 1\n#"
    (tmp_path / "most").write_bytes(text + b"x" * (1024 * 1024 - len(text)))
    (tmp_path / "more").write_bytes(text + b"x" * (1024 * 1024 - len(text) + 1))

    assert load(tmp_path / "most").version == 1
    assert refusal(tmp_path / "more").startswith(
        "p.yaml: the file is larger than 1 MiB, which is no deletion policy"
    )


def test_lone_surrogates_are_refused() -> None:
    """Text that could not be written as UTF-8 is refused where it stands."""
    with pytest.raises(PolicyError, match=r"p:1:3: the character U\+D800 is not allowed"):
        loads("# \ud800\nversion: 1\n", source="p")


def test_problems_are_values() -> None:
    """Each problem can be taken apart, and the error survives a process boundary."""
    with pytest.raises(PolicyError) as caught:
        loads("version: 1\nenviroments: {}\n", source="p.yaml")
    error = caught.value

    assert error.problems == (
        Problem(
            source="p.yaml",
            line=2,
            column=1,
            message='the policy knows no key "enviroments"',
            hint="environments: … (did you mean that?)",
            excerpt="enviroments: {}",
        ),
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own bytes


def test_released_places() -> None:
    """Each entry is a place by name, with its reason in one sentence and its line."""
    policy = loads(
        """version: 1
released:
  - project: shop
    stack: prod
    resource: warehouse
    because: |
      sold
      in May
""",
        source="p.yaml",
    )

    assert policy.released == (Release("shop", "prod", "warehouse", "sold in May", Position("p.yaml", 3)),)
    assert loads("version: 1", source="p.yaml").released == ()
