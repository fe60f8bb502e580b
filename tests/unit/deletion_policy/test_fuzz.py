"""Bytes of any kind: the loader reads them or refuses them, and never fails in another way."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from redshift_teardown.deletion_policy import Policy, PolicyError, from_json, loads, to_json, to_text
from redshift_teardown.deletion_policy.reading import yaml_document
from tests.long import ALL
from tests.unit.deletion_policy.strategies import thorough

CORPUS = [path.read_bytes() for path in sorted((Path(__file__).parent / "documents").glob("*/*.yaml"))]
# Pieces that mean something to YAML or to the language, put where they were not expected.
PIECES = [
    *(
        b"- ",
        b": ",
        b"? ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"&a ",
        b"*a",
        b"!!set ",
        b"! ",
        b"|\n",
        b">-\n",
        b"'",
        b'"',
    ),
    *(
        b"\n",
        b"\r",
        b"\t",
        b"  ",
        b"#",
        b"%",
        b"@",
        b"`",
        b"<<: ",
        b"---\n",
        b"...\n",
        b"\\",
        b"~",
        b"=",
        b",",
    ),
    *(b"0", b"-1", b"1e9", b".inf", b"010", b"1:30", b"99999999999999999999", b"no", b"2026-99-99", b"null"),
    *(
        b"never",
        b"forever",
        b"always: true",
        b"stacks: [a]",
        b"skip:",
        b"when: {}",
        b"version: 1",
        b"{cluster}",
    ),
    *(
        b"\x00",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xf0\x9f\x92\xa9",
    ),
]
SECONDS = 60.0 if ALL else 1.5


def read(document: bytes) -> Policy | None:
    """Read a document, or give None where the loader refuses it."""
    try:
        return loads(document, source="fuzz.yaml")
    except PolicyError:
        return None


def attempt(document: bytes) -> None:
    """Read a document; whatever is read must also survive being recorded."""
    policy = read(document)
    for environment in (policy.unmatched, *policy.environments) if policy else ():
        assert from_json(to_json(environment)) == environment
        assert from_json(to_text(environment)) == environment


@thorough
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_arbitrary_bytes(document: bytes) -> None:
    """Bytes without any order are refused or read."""
    attempt(document)


@pytest.mark.parametrize("parser", ["libyaml", "python"])
def test_mutated_documents(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of the folder, cut, spliced and salted, are refused or read; a failure names its seed."""
    if parser == "python":
        monkeypatch.setattr(yaml_document, "_FAST_LOADER", yaml.SafeLoader)
    seed = int.from_bytes(os.urandom(4), "big")
    rng = random.Random(seed)  # noqa: S311 - no secret
    end = time.monotonic() + SECONDS / 2
    tried = 0
    while time.monotonic() < end:
        document = mutate(rng)
        try:
            attempt(document)
        except Exception as error:
            raise AssertionError(f"seed {seed}, attempt {tried}: {document!r}") from error
        tried += 1

    assert tried > 0


STARTS = [
    b"",
    b"version: 1\nenvironments: {dev: {stacks: [",
    b"version: 1\nenvironments:\n  dev:\n    skip:\n      - when: {tags: {a: '",
]
REPEATED = [
    *(PIECES if ALL else PIECES[::4]),
    b"a: [",
    b"{a: ",
    b"[[],",
    b"[a, ",
    b"- - ",
    b"? ? ",
    b"a: b\n",
    b"- a\n",
    b"k: 'v\n",
    b"[^p]",
]


def seconds(document: bytes) -> float:
    """How long a document takes, its report included."""
    begin = time.process_time()
    try:
        loads(document, source="fuzz.yaml")
    except PolicyError as error:
        str(error)
    return time.process_time() - begin


@pytest.mark.parametrize("start", STARTS, ids=["nothing", "a list", "a quote"])
def test_work_is_linear_in_the_size(start: bytes) -> None:
    """Whatever stands in it again and again, ten times the document takes about ten times as long."""
    slow = {}
    for piece in REPEATED:
        small, large = (
            min(seconds(start + piece * (size // len(piece))) for _ in range(2)) for size in (10_000, 100_000)
        )
        # What is above a square takes a hundred times as long; the rest is the noise of a busy machine.
        if large > 1 and large > 40 * small:
            slow[piece] = (small, large)

    assert slow == {}


@pytest.mark.parametrize("parser", ["libyaml", "python"])
def test_brackets_that_nobody_closes(parser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of them is refused within seconds, as what it is."""
    if parser == "python":
        monkeypatch.setattr(yaml_document, "_FAST_LOADER", yaml.SafeLoader)
    begin = time.process_time()

    with pytest.raises(PolicyError) as caught:
        loads(b"[" * 1_000_000, source="fuzz.yaml")

    assert [problem.message for problem in caught.value.problems] == [
        "values lie more than 24 levels inside each other"
    ]
    assert time.process_time() - begin < 10


def mutate(rng: random.Random) -> bytes:
    """Take a document and change it in one to six places."""
    document = bytearray(rng.choice(CORPUS))
    for _ in range(rng.randint(1, 6)):
        at = rng.randint(0, len(document))
        until = min(len(document), at + rng.choice((0, 0, 1, 5, 40)))
        match rng.randrange(4):
            case 0:
                document[at:until] = rng.choice(PIECES)
            case 1:
                del document[at:until]
            case 2:
                other = rng.choice(CORPUS)
                begin = rng.randint(0, len(other))
                document[at:until] = other[begin : begin + rng.randint(0, 60)]
            case _:
                document[at:until] = bytes(document[at:until]) * rng.choice((2, 3, 50))
    return bytes(document)
