"""Names and tags, example by example."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta, timezone

import pytest

from redshift_teardown.deletion_policy import (
    Facts,
    decide,
    expand_tags,
    fit_tag_key,
    fit_tag_value,
    fits_template,
    loads,
    name_problem,
    next_name,
    once_fitted,
    snapshot_name,
    time_in_name,
)
from redshift_teardown.deletion_policy.naming import placeholder_problem, tag_text_problem, template_problem

AT = datetime(2026, 1, 31, 13, 5, 9, 999999, tzinfo=timezone(timedelta(hours=1)))
FACTS = Facts(
    project="Warehouse",
    stack="pr_12",
    resource="main db",
    identifier="etl-1",
    account="111122223333",
    region="eu-west-1",
)


def short(text: str) -> str:
    """Make the hash that stands for a text in a name or a tag."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def name(template: str, facts: Facts = FACTS, environment: str = "dev") -> str:
    """Make a name at one fixed time."""
    return snapshot_name(template, facts, environment=environment, at=AT)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "{project}-{stack}-{cluster}-final-{timestamp}",
            "warehouse-pr-12-etl-1-final-20260131t120509z-" + short("Warehouse-pr_12-etl-1-final-timestamp"),
        ),
        ("{environment}.{resource}", "dev-main-db-" + short("dev.main db")),
        ("{environment}.{cluster}", "dev-etl-1"),
        ("{account} {region}", "final-111122223333-eu-west-1"),
        ("a{date}", "a20260131"),
        ("{date}", "final-20260131"),
        ("--Final__Données--", "final-donn-es"),
        ("{cluster}{cluster}", "etl-1etl-1"),
        ("{nobody}", "nobody"),
        ("zebra", "zebra"),
        ("9zebra", "final-9zebra"),
    ],
)
def test_a_template_filled_in(template: str, expected: str) -> None:
    """Placeholders stand for their facts in UTC, the rest becomes lower case and single hyphens."""
    assert name(template) == expected


def test_unknown_facts_leave_nothing() -> None:
    """A fact that is unknown leaves its placeholder empty."""
    everything = "x-{project}-{stack}-{cluster}-{resource}-{account}-{region}-y"

    assert name(everything, Facts()) == "x-y"


def test_a_name_of_nothing_is_a_hash_of_what_it_should_have_been() -> None:
    """Two clusters whose names have no letter AWS allows get different names, and each always the same."""
    first = name("{cluster}", Facts(identifier="数据"))
    second = name("{cluster}", Facts(identifier="数据库"))

    assert first == f"final-{short('数据')}"
    assert second != first
    assert len(second) == len(first)


def test_a_long_name_keeps_its_timestamp() -> None:
    """What is cut is told apart by a hash; the timestamp stays at the end, and 255 characters are used."""
    long = Facts(identifier="c" * 300)
    cut = name("{timestamp}-{cluster}", long)

    assert len(cut) == 255
    assert cut.startswith("final-20260131t120509z-ccc")
    assert cut.endswith(f"c-{short('timestamp-' + 'c' * 300)}-20260131t120509z")
    assert name("{timestamp}-{cluster}", Facts(identifier="c" * 301)) != cut


def test_a_long_name_without_timestamp_keeps_a_hash() -> None:
    """Without a timestamp to keep, the hash alone ends the name; a hyphen at the cut goes."""
    cut = name("{cluster}-{stack}", Facts(identifier="c" * 245, stack="stack-of-many-letters"))

    assert cut == "c" * 245 + "-" + cut[-8:]
    assert len(cut) == 254


def test_a_hash_goes_behind_the_timestamp_while_there_is_room() -> None:
    """A name that lost a character ends in its hash, up to 255 characters; a longer one in its timestamp."""
    for length, room in ((229, True), (230, False)):
        identifier = "c_" + "c" * (length - 2)
        made = name("{cluster}-{timestamp}", Facts(identifier=identifier))
        hashed = short(f"{identifier}-timestamp")

        assert len(made) == 255
        assert made.endswith(f"-20260131t120509z-{hashed}" if room else f"-{hashed}-20260131t120509z")


def test_the_longest_name_is_not_cut() -> None:
    """255 characters are allowed as they are, 256 are not."""
    assert name("{cluster}", Facts(identifier="c" * 255)) == "c" * 255
    assert len(name("{cluster}", Facts(identifier="c" * 256))) == 255
    assert name("{cluster}", Facts(identifier="c" * 256)) != "c" * 255


def test_the_hash_does_not_move_with_the_clock() -> None:
    """Two attempts at one snapshot differ in their timestamp only."""
    facts = Facts(identifier="c" * 300)
    first = snapshot_name("{cluster}-{timestamp}", facts, environment="", at=AT)
    second = snapshot_name("{cluster}-{timestamp}", facts, environment="", at=AT + timedelta(days=1))

    assert first[:-16] == second[:-16]
    assert (first[-16:], second[-16:]) == ("20260131t120509z", "20260201t120509z")


def test_a_time_without_zone_is_refused() -> None:
    """A naive time could be hours off, so it is a mistake of the caller."""
    with pytest.raises(ValueError, match=r"^the time of a snapshot's name needs a time zone$"):
        snapshot_name("x", FACTS, environment="", at=datetime(2026, 1, 31))  # noqa: DTZ001


def test_the_machine_s_time_zone_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names tell the time in UTC, wherever the laptop stands."""
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        assert name("x-{timestamp}") == "x-20260131t120509z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_text_that_no_file_could_hold_still_gives_a_name() -> None:
    """A lone surrogate, which no UTF-8 can hold, is hashed like anything else."""
    digest = hashlib.sha256(b"\xed\xa0\x80").hexdigest()

    assert name("{cluster}", Facts(identifier="\ud800")) == f"final-{digest[:8]}"


def test_early_years_have_four_digits() -> None:
    """A clock that lost its battery still gives a timestamp of the same length."""
    at = datetime(1, 2, 3, 4, 5, 6, tzinfo=timezone.utc)

    assert snapshot_name("x-{timestamp}", FACTS, environment="", at=at) == "x-00010203t040506z"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("final", None),
        ("Final-1", None),
        ("a", None),
        ("z" * 255, None),
        ("", "a snapshot identifier cannot be empty"),
        ("z" * 256, "a snapshot identifier has at most 255 characters, not 256"),
        ("1final", "a snapshot identifier begins with a letter from a to z"),
        ("{final", "a snapshot identifier begins with a letter from a to z"),
        ("_final", "a snapshot identifier begins with a letter from a to z"),
        ("éclair", "a snapshot identifier begins with a letter from a to z"),
        ("a--b", "a snapshot identifier holds no two hyphens in a row"),
        ("a-", "a snapshot identifier does not end with a hyphen"),
        ("a_b", "a snapshot identifier holds only the letters a to z, digits and hyphens"),
        ("a\n", "a snapshot identifier holds only the letters a to z, digits and hyphens"),
        ("a٣", "a snapshot identifier holds only the letters a to z, digits and hyphens"),
    ],
)
def test_name_problem(text: str, problem: str | None) -> None:
    """What AWS would refuse about an identifier is said in words."""
    assert name_problem(text) == problem


def test_next_name_counts_up() -> None:
    """The name itself if it is free, else -2, -3 and so on; a hole is taken."""
    assert next_name("a", ()) == "a"
    assert next_name("a", {"a"}) == "a-2"
    assert next_name("a", {"a", "a-2", "a-3"}) == "a-4"
    assert next_name("a", {"a", "a-3"}) == "a-2"
    assert next_name("a-2", {"a-2"}) == "a-2-2"


def test_next_name_stays_within_the_limit() -> None:
    """A long name loses from its end, also a hyphen that would then stand before the number."""
    assert next_name("a" * 255, {"a" * 255}) == "a" * 253 + "-2"
    hyphen = "a" * 252 + "-bb"
    assert next_name(hyphen, {hyphen}) == "a" * 252 + "-2"


def test_next_name_ends() -> None:
    """Where every name seems taken, the search ends with an error rather than never."""

    class Everything:
        def __contains__(self, name: object) -> bool:
            return True

    with pytest.raises(ValueError, match='"a" and 100000 names like it are taken'):
        next_name("a", Everything())


@pytest.mark.parametrize(
    ("found", "template", "fits"),
    [
        ("etl-1-final-20260131t120509z", "{cluster}-final-{timestamp}", True),
        ("etl-1-final-20260131t120509z-2", "{cluster}-final-{timestamp}", True),
        ("etl-1-final-20260131t120509z-12", "{cluster}-final-{timestamp}", True),
        ("etl-1-final-20260131t120509z-1", "{cluster}-final-{timestamp}", False),
        ("etl-1-final-20260131t120509z-02", "{cluster}-final-{timestamp}", False),
        ("etl-1-final-20260131t126109z", "{cluster}-final-{timestamp}", False),
        ("etl-2-final-20260131t120509z", "{cluster}-final-{timestamp}", False),
        ("etl-1-final", "{cluster}-final-{timestamp}", False),
        ("etl-1-final", "{cluster}-final", True),
        ("etl-1-final-3", "{cluster}-final", True),
        ("etl-1-final-x", "{cluster}-final", False),
        ("final-111122223333-20260131", "{account}-{date}", True),
        ("final-111122223333-20260132", "{account}-{date}", False),
        ("dev-20260131t120509z-20260131", "{environment}-{timestamp}-{date}", True),
        ("dev-20260131t120509z-20260130", "{environment}-{timestamp}-{date}", False),
    ],
)
def test_a_name_is_recognised_by_its_template(found: str, template: str, fits: bool) -> None:
    """Only names that the template gives at some time, or the collision rule after it, are taken for ours."""
    assert fits_template(found, template, FACTS, environment="dev") is fits


@pytest.mark.parametrize(
    ("value", "fitted"),
    [
        ("data", "data"),
        ("", ""),
        ("équipe 数据 _.:/=+-@", "équipe 数据 _.:/=+-@"),
        ("urn:pulumi:dev::a$b", "urn:pulumi:dev::a-b-" + short("urn:pulumi:dev::a$b")),
        ("e\u0301quipe", "équipe-" + short("e\u0301quipe")),
        (" a\tb ", "a-b-" + short(" a\tb ")),
        ("x" * 256, "x" * 256),
        ("x" * 257, "x" * 247 + "-" + hashlib.sha256(b"x" * 257).hexdigest()[:8]),
        ("\ud800", "--" + hashlib.sha256(b"\xed\xa0\x80").hexdigest()[:8]),
        ("x" * 255 + "$", "x" * 247 + "-" + short("x" * 255 + "$")),
        ("\u212b" * 256, "\u212b" * 256),
        ("\ud800" * 257, "-" * 248 + hashlib.sha256(b"\xed\xa0\x80" * 257).hexdigest()[:8]),
    ],
)
def test_fit_tag_value(value: str, fitted: str) -> None:
    """AWS's alphabet stays; where a character is replaced or cut, a hash of the text ends the value."""
    assert fit_tag_value(value) == fitted


@pytest.mark.parametrize(
    ("key", "fitted"),
    [
        ("team", "team"),
        ("", "-"),
        ("  ", "-" + short("  ")),
        ("aws:created", "aws-created-" + short("aws:created")),
        ("AWS:x", "AWS-x-" + short("AWS:x")),
        ("awsome:x", "awsome:x"),
        ("k" * 128, "k" * 128),
        ("k" * 129, "k" * 119 + "-" + hashlib.sha256(b"k" * 129).hexdigest()[:8]),
    ],
)
def test_fit_tag_key(key: str, fitted: str) -> None:
    """A key is never empty, never AWS's own, and at most 128 characters long."""
    assert fit_tag_key(key) == fitted


@pytest.mark.parametrize(
    ("one", "other"),
    [("wh#1", "wh!1"), ("a b", "a_b"), ("-a", "a"), ("a--b", "a-b"), ("é", "è"), ("数据", "数据库")],
)
@pytest.mark.parametrize("template", ["{stack}", "{resource}-final", "x{cluster}x{timestamp}", "{project}"])
def test_two_words_give_two_names(one: str, other: str, template: str) -> None:
    """What a name cannot hold still tells two resources, stacks, projects and clusters apart."""
    made = [
        name(template, Facts(project=word, stack=word, resource=word, identifier=word))
        for word in (one, other)
    ]

    assert made[0] != made[1]
    assert [name_problem(each) for each in made] == [None, None]


@pytest.mark.parametrize(
    ("one", "other"),
    [("wh#1", "wh!1"), ("a$b", "a-b"), (" a", "a"), ("é", "e\u0301"), ("x" * 256, "x" * 257)],
)
def test_two_texts_give_two_tags(one: str, other: str) -> None:
    """Values and keys alike: what is replaced, cut off or composed still tells two strings apart."""
    assert fit_tag_value(one) != fit_tag_value(other)
    assert fit_tag_key(one) != fit_tag_key(other)


def test_a_name_of_an_earlier_release_is_recognised() -> None:
    """It had no hash where characters were replaced; a final snapshot of that name still proves."""
    template = "{project}-{stack}-final-{timestamp}"
    at = datetime(2026, 1, 31, 12, 5, 9, tzinfo=timezone.utc)

    for old in ("warehouse-pr-12-final-20260131t120509z", "warehouse-pr-12-final-20260131t120509z-2"):
        assert fits_template(old, template, FACTS, environment="dev")
        assert time_in_name(old, template, FACTS, environment="dev") == at
    new = name(template)
    assert new == f"warehouse-pr-12-final-20260131t120509z-{short('Warehouse-pr_12-final-timestamp')}"
    assert time_in_name(new, template, FACTS, environment="dev") == at
    assert time_in_name(f"{new}-2", template, FACTS, environment="dev") == at
    assert time_in_name("dev-20260131t120509z", "{environment}-{timestamp}", FACTS, environment="dev") == at


def test_what_an_earlier_release_wrote_in_tags() -> None:
    """Characters were replaced without a trace; only what was cut had a hash, the one it has today."""
    assert once_fitted("data") == "data"
    assert once_fitted("a$b ") == "a-b"
    assert once_fitted("x" * 255 + "$") == "x" * 255 + "-"
    assert once_fitted("x" * 257) == fit_tag_value("x" * 257)
    assert once_fitted("$" * 257) == fit_tag_value("$" * 257)


def test_expand_tags() -> None:
    """Placeholders in tag values are filled in as they are, and what AWS refuses in them becomes a hyphen."""
    policy = loads(
        "version: 1\ndefaults: {final_snapshot: {tags: {when: '{date} {timestamp}', "
        "what: '{project}/{stack} {environment}={cluster}@{resource}', where: '{account}:{region}'}}}\n",
        source="p.yaml",
    )
    decision = decide(policy.unmatched, FACTS)

    assert expand_tags(
        decision.tags, Facts(project="a$b", stack="s", account="1"), environment=decision.environment, at=AT
    ) == {
        "when": "20260131 20260131T120509Z",
        "what": "a-b/s =@-" + short("a$b/s =@"),
        "where": "1:",
    }
    own = (("env", "{environment}"),)
    assert expand_tags(own, FACTS, environment="dev", at=AT) == {"env": "dev"}
    with pytest.raises(ValueError, match="time zone"):
        expand_tags(decision.tags, FACTS, environment="", at=datetime(2026, 1, 31))  # noqa: DTZ001


def test_template_problem() -> None:
    """A template is refused for its placeholders, its length, and where no letter could come of it."""
    assert template_problem("x" * 255) is None
    assert template_problem("{cluster}") is None
    assert template_problem("{") == (
        'a "{" stands alone; braces are for placeholders only',
        "a placeholder such as {cluster}, or no brace",
    )
    assert template_problem("}") == (
        'a "}" stands alone; braces are for placeholders only',
        "a placeholder such as {cluster}, or no brace",
    )
    assert template_problem("x" * 256) == (
        "the name has 256 characters; AWS allows 255, placeholders filled in",
        "a shorter name",
    )
    assert template_problem("-é-") == (
        'the name "-é-" has no letter or digit that AWS allows, and no placeholder',
        '"{project}-{stack}-{cluster}-final-{timestamp}"',
    )


def test_placeholder_problem() -> None:
    """An unknown placeholder is answered with the one that was probably meant, else with all of them."""
    assert placeholder_problem("{stack} and {region}") is None
    assert placeholder_problem("{stak}") == (
        'there is no placeholder "{stak}"',
        "{stack} (did you mean that?)",
    )
    assert placeholder_problem("{qqq}") == (
        'there is no placeholder "{qqq}"',
        (
            "one of {project}, {stack}, {environment}, {cluster}, {resource}, {account}, {region}, {date} "
            "or {timestamp}"
        ),
    )


def test_tag_text_problem() -> None:
    """The first character AWS refuses is named."""
    assert tag_text_problem("a b_.:/=+-@é1") is None
    assert tag_text_problem("a,b;c") == (
        'AWS allows no "," in a tag, only letters, digits, spaces and _ . : / = + - @'
    )
