"""The pure parts one by one: whose a cluster and a snapshot is, what a plan holds, what a receipt tells."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redshift_teardown.aws.identity import Identity, parse_time, same_moment
from redshift_teardown.aws.statuses import BUSY, ENDING, Phase, phase
from redshift_teardown.aws.views import Answer
from redshift_teardown.engine.urn import Urn
from redshift_teardown.teardown.backoff import LAG
from redshift_teardown.teardown.earlier import Earlier, read_earlier
from redshift_teardown.teardown.memory import remember
from redshift_teardown.teardown.model import Delete, Done, Refuse, Resume, Tag, Wait
from redshift_teardown.teardown.next_step import next_step
from redshift_teardown.teardown.observe import observe
from redshift_teardown.teardown.plan import TAG_CLUSTER, TAG_GENERATION, TAG_URN, make_plan
from redshift_teardown.teardown.proof import is_ours, newest_proof, of_generation
from tests.teardown import pure
from tests.teardown.pure import BORN, IDENTITY, NAME, NOW, PLAN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from redshift_teardown.aws.views import ClusterView, SnapshotView

NAMELESS = replace(IDENTITY, cluster_namespace_arn=None)
LATER = BORN + timedelta(days=3)
RECORDED = "fingerprint of the recorded policy"


# --- statuses ------------------------------------------------------------------------------------


@given(st.text())
def test_every_status_stands_somewhere(status: str) -> None:
    """Any text is sorted, and one that nobody knows is tried."""
    known = status.strip().lower()
    expected = Phase.ENDING if known in ENDING else Phase.BUSY if known in BUSY else Phase.DELETABLE
    assert phase(status) is expected


# --- identity ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T00:00:00+00:00", BORN),
        ("2026-01-01T00:00:00Z", BORN),
        ("2026-01-01T00:00:00", BORN),
        ("2026-01-01T02:00:00+02:00", BORN),
        ("yesterday", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_a_time_is_read_or_is_none(text: object, expected: datetime | None) -> None:
    """Anything that is no ISO time is no time, and never an error."""
    assert parse_time(text) == expected


def test_moments_are_one_within_a_second() -> None:
    """AWS tells milliseconds in some answers only; an unknown moment is like no other."""
    assert same_moment(BORN, BORN + timedelta(milliseconds=999))
    assert not same_moment(BORN, BORN + timedelta(seconds=1))
    assert not same_moment(BORN, None)
    assert not same_moment(None, BORN)


@pytest.mark.parametrize(
    ("identity", "namespace", "created", "expected"),
    [
        (IDENTITY, pure.NAMESPACE, BORN, True),
        (IDENTITY, pure.NAMESPACE, LATER, True),
        (IDENTITY, "another", BORN, False),
        (IDENTITY, None, BORN, True),
        (IDENTITY, None, LATER, False),
        (NAMELESS, pure.NAMESPACE, BORN, True),
        (NAMELESS, pure.NAMESPACE, LATER, False),
        (NAMELESS, None, None, False),
    ],
)
def test_a_generation_is_a_namespace_or_else_a_create_time(
    identity: Identity, namespace: str | None, created: datetime | None, *, expected: bool
) -> None:
    """Equal namespaces are one generation whatever the time; where a side lacks it, the time decides."""
    seen = pure.cluster(namespace_arn=namespace, create_time=created)
    assert identity.is_generation_of(seen) is expected


def test_an_identity_survives_its_json() -> None:
    """What a state records is read back; what is unknown is empty there."""
    assert Identity.from_json(IDENTITY.to_json(), "warehouse") == IDENTITY
    empty = Identity("", "", "warehouse", None, None)
    assert empty.to_json() == dict.fromkeys(
        ("account_id", "region", "cluster_namespace_arn", "cluster_create_time"), ""
    )
    assert Identity.from_json({}, "warehouse") == empty


def test_an_identity_takes_over_what_is_seen() -> None:
    """A new create time is recorded; what AWS does not show stays."""
    assert IDENTITY.seen_as(pure.cluster(create_time=LATER)).cluster_create_time == LATER
    assert IDENTITY.seen_as(pure.cluster(namespace_arn=None, create_time=None)) == IDENTITY


def test_a_generation_has_a_name() -> None:
    """The namespace's id, whichever form its ARN has; else the create time; else a word."""
    assert IDENTITY.generation() == "0f5c1d3e"
    assert replace(IDENTITY, cluster_namespace_arn="arn:x:namespace/abc").generation() == "abc"
    assert NAMELESS.generation() == "20260101t000000z"
    assert replace(NAMELESS, cluster_create_time=None).generation() == "unknown"
    assert str(IDENTITY) == "cluster warehouse (111122223333, eu-west-1)"


class Nobody:
    """An AWS where there is nothing, which may not be asked for a list."""

    def cluster(self, identifier: str) -> ClusterView | None:
        """No cluster."""
        return None if identifier == "warehouse" else pure.cluster()

    def clusters(self) -> Iterable[ClusterView]:
        """Not to be called."""
        raise AssertionError("without a namespace there is nothing to look for in a list")

    def snapshots(self, cluster_identifier: str) -> tuple[SnapshotView, ...]:
        """No snapshot."""
        assert cluster_identifier == "warehouse"
        return ()

    def snapshots_then_cluster(self, identifier: str) -> tuple[tuple[SnapshotView, ...], ClusterView | None]:
        """Neither."""
        return self.snapshots(identifier), self.cluster(identifier)


def test_without_a_namespace_nothing_is_looked_for_under_another_name() -> None:
    """A create time alone does not tell a renamed cluster from a sister of the same second."""
    assert observe(Nobody(), NAMELESS, NOW) == pure.look(None)


# --- receipts ------------------------------------------------------------------------------------


def receipt(**changes: Any) -> str:
    """A receipt of the generation, as a file holds it."""
    document = {
        "receipt_version": 1,
        "account_id": IDENTITY.account_id,
        "region": IDENTITY.region,
        "urn": pure.URN,
        "cluster": "warehouse",
        "cluster_namespace_arn": pure.NAMESPACE,
        "cluster_create_time": BORN.isoformat(),
        "started": NOW.isoformat(),
        "outcome": "skip",
        "sent": True,
        "skip_accepted": True,
        "recorded": RECORDED,
        "names": ["one"],
        "accepted": ["one"],
        "void": ["two"],
    }
    return json.dumps({**document, **changes})


def test_receipts_are_of_a_generation(tmp_path: Path) -> None:
    """Account, region, name and namespace must be the recorded ones; where one side has none, the create
    time.
    """
    for changes, identity, found in (
        ({}, IDENTITY, True),
        ({"account_id": "2"}, IDENTITY, False),
        ({"region": "x"}, IDENTITY, False),
        ({"cluster": "x"}, IDENTITY, False),
        ({"cluster_namespace_arn": "x"}, IDENTITY, False),
        ({"cluster_create_time": LATER.isoformat()}, IDENTITY, True),
        ({"cluster_namespace_arn": ""}, IDENTITY, True),
        ({}, NAMELESS, True),
        ({"cluster_create_time": LATER.isoformat()}, NAMELESS, False),
    ):
        (tmp_path / "one.json").write_text(receipt(**changes), encoding="utf-8")
        earlier = read_earlier([tmp_path], identity, pure.URN, claim="", recorded=RECORDED)
        assert earlier.outcome == ("skip" if found else ""), changes
        assert earlier.accepted == ({"one"} if found else set()), changes
        assert earlier.stale == ({"two"} if found else set()), changes


def test_the_newest_receipt_that_may_have_reached_aws_decides(tmp_path: Path) -> None:
    """Of several, the newest that was sent gives the outcome; what was seen counts from all."""
    for number, (outcome, sent) in enumerate([("skip", True), ("snapshot", True), ("skip", False)]):
        text = receipt(
            cluster_create_time=(BORN + timedelta(days=number)).isoformat(),
            started=(NOW + timedelta(hours=number)).isoformat(),
            outcome=outcome,
            sent=sent,
            names=[f"name-{number}"],
            sent_at={f"name-{number}": NOW.isoformat()},
            stale=[f"stale-{number}"],
        )
        (tmp_path / f"{9 - number}.json").write_text(text, encoding="utf-8")
    earlier = read_earlier([tmp_path], IDENTITY, pure.URN, claim="", recorded=RECORDED)
    assert earlier.outcome == "snapshot"
    assert earlier.sent == (("name-0", NOW), ("name-1", NOW))
    assert earlier.stale == {"two", "stale-0", "stale-1", "stale-2"}
    assert set(earlier.create_times) == {BORN + timedelta(days=number) for number in range(3)}


def test_a_receipt_of_another_version_is_passed_over(tmp_path: Path) -> None:
    """What a later version means by its words nobody knows here."""
    for version, outcome in ((1, "skip"), (2, ""), ("1", ""), (None, "")):
        file = tmp_path / "one.json"
        file.write_text(receipt(receipt_version=version), encoding="utf-8")
        assert read_earlier([tmp_path], IDENTITY, pure.URN, claim="", recorded=RECORDED).outcome == outcome, (
            version
        )


def test_a_receipt_of_another_claim_is_of_another_resource(tmp_path: Path) -> None:
    """A state that was moved records the URN of a resource that may have taken the cluster over since."""
    for written, claim, found in (
        ("c1", "c1", True),
        ("c2", "c1", False),
        ("c1", "", True),
        ("", "c1", True),
        (None, "c1", True),
    ):
        (tmp_path / "one.json").write_text(receipt(claim=written, sent_at={"": NOW.isoformat()}), "utf-8")
        earlier = read_earlier([tmp_path], IDENTITY, pure.URN, claim=claim, recorded=RECORDED)
        assert (earlier.outcome, earlier.own_sent) == (("skip", NOW) if found else ("", None)), (
            written,
            claim,
        )


def test_a_receipts_folder_that_is_none_holds_none(tmp_path: Path) -> None:
    """No folder, or a file in its place."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "missing", tmp_path / "file"):
        assert read_earlier([folder], IDENTITY, pure.URN, claim="", recorded=RECORDED) == Earlier()


# --- whose snapshot ------------------------------------------------------------------------------

OUR_URN = dict(PLAN.tags)[TAG_URN]
LATE = NOW + timedelta(minutes=21)


@pytest.mark.parametrize(
    ("created", "tags", "times", "expected"),
    [
        (BORN, {}, (), True),
        (LATER, {}, (), False),
        (LATER, {}, (LATER,), True),
        (None, {}, (LATER,), False),
        (BORN - timedelta(days=3), {}, (BORN - timedelta(days=3),), False),
        (BORN - timedelta(days=3), {TAG_GENERATION: "0f5c1d3e", TAG_URN: OUR_URN}, (), False),
        (LATER, {TAG_GENERATION: "0f5c1d3e", TAG_URN: OUR_URN}, (), True),
        (LATER, {TAG_GENERATION: "0f5c1d3e", TAG_URN: "another"}, (), False),
        (LATER, {TAG_GENERATION: "another", TAG_URN: OUR_URN}, (), False),
    ],
)
def test_a_snapshot_is_of_the_generation_by_a_time_recorded_or_seen_or_by_our_tags(
    created: datetime | None, tags: dict[str, str], times: tuple[datetime, ...], *, expected: bool
) -> None:
    """The recorded time, or a later one that was seen by this teardown or by one of ours that tagged it; an
    older one is of an earlier life, whatever else says.
    """
    seen = pure.snapshot(cluster_create_time=created, tags=tuple(tags.items()))
    assert of_generation(seen, IDENTITY, pure.memory(create_times=times), urn=pure.URN) is expected


@pytest.mark.parametrize("carried", [False, True])
def test_tags_that_the_cluster_carries_explain_no_create_time(*, carried: bool) -> None:
    """Of a snapshot that is ours by its name: its newer create time may be of a resize that nobody saw."""
    tags = ((TAG_GENERATION, "0f5c1d3e"), (TAG_URN, OUR_URN), (TAG_CLUSTER, "warehouse"))
    seen = pure.snapshot(cluster_create_time=LATER, tags=tags)
    plan = replace(PLAN, tags_prove=not carried)
    proof = newest_proof(plan, IDENTITY, pure.look(None, seen), pure.memory())
    assert proof == (None if carried else seen)


def test_without_a_namespace_a_tag_proves_no_generation() -> None:
    """The tag holds a create time then, which the snapshot's own contradicts."""
    tags = ((TAG_GENERATION, NAMELESS.generation()), (TAG_URN, OUR_URN))
    seen = pure.snapshot(cluster_create_time=LATER, tags=tags)
    assert not of_generation(seen, NAMELESS, pure.memory(), urn=pure.URN)


@pytest.mark.parametrize(
    ("name", "tags", "changes", "expected"),
    [
        (NAME, {}, {}, True),
        (f"{NAME}-2", {}, {}, True),
        ("by-hand", {}, {}, False),
        ("by-hand", {TAG_GENERATION: "0f5c1d3e", TAG_CLUSTER: "warehouse"}, {}, True),
        ("by-hand", {TAG_GENERATION: "0f5c1d3e"}, {}, False),
        ("by-hand", {TAG_GENERATION: "0f5c1d3e", TAG_CLUSTER: "another"}, {}, False),
        ("asked-for", {}, {"earlier_accepted": frozenset({"asked-for"})}, True),
        ("asked-for", {}, {"earlier_sent": (("asked-for", NOW),)}, True),
        ("asked-for", {}, {"earlier_sent": (("asked-for", NOW - timedelta(hours=1)),)}, False),
        ("asked-for", {}, {"attempts": (pure.attempt(name="asked-for"),)}, True),
        ("asked-for", {}, {"attempts": (pure.attempt(name="asked-for", answer=Answer.UNKNOWN),)}, True),
        (
            "asked-for",
            {},
            {"attempts": (pure.attempt(name="asked-for", answer=Answer.UNKNOWN, at=LATE),)},
            False,
        ),
        ("asked-for", {}, {"attempts": (pure.attempt(name="asked-for", answer=Answer.REFUSED),)}, False),
        (NAME.replace("20260201", "20260115"), {}, {}, False),
    ],
)
def test_a_snapshot_is_ours_by_tags_name_or_template(
    name: str, tags: dict[str, str], changes: dict[str, object], *, expected: bool
) -> None:
    """Both our tags, a name that AWS accepted, or one whose time, in it or in a receipt, fits."""
    seen = pure.snapshot(name, tags=tuple(tags.items()))
    assert is_ours(seen, PLAN, IDENTITY, replace(pure.memory(), **changes)) is expected  # type: ignore[arg-type]


# --- plan ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "decided", "expected"),
    [
        (35, 35, True),
        (34, 35, False),
        (36, 35, True),
        (None, 35, True),
        (-1, 35, True),
        (35, -1, False),
        (-1, -1, True),
    ],
)
def test_retention_is_long_enough_or_not(kept: int | None, decided: int, *, expected: bool) -> None:
    """-1 is forever, and so is a field that AWS leaves out."""
    keeping = replace(PLAN, decision=replace(PLAN.decision, retention_days=decided))
    assert keeping.keeps_long_enough(pure.snapshot(retention_days=kept)) is expected


def test_a_plan_asks_for_the_granted_name() -> None:
    """The program's own name goes before the template's, in AWS's lower case."""
    assert pure.plan(final_snapshot_identifier="Farewell").name == "farewell"
    assert pure.plan(final_snapshot_identifier="no--good").name == NAME


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_tag_of_a_plan_is_one_that_aws_refuses(stack: str, key: str) -> None:
    """Whatever stack and tags are called, what is written has AWS's alphabet and length, and our keys stay
    ours.
    """
    odd = make_plan(
        replace(PLAN.decision, tags=((key, stack), ("aws:own", "$"))),
        replace(PLAN.facts, stack=stack),
        IDENTITY,
        urn=pure.URN,
        now=replace(Urn.parse(pure.URN), stack=stack),
        templates=[],
        at=NOW,
    )
    for name, value in odd.tags:
        assert 1 <= len(name) <= 128
        assert len(value) <= 256
        assert not name.lower().startswith("aws:")
        assert all(
            c.isalnum() or c in " _.:/=+-@" or c.isnumeric() or c.isalpha() for c in value if c.isascii()
        )
    assert dict(odd.tags)[TAG_CLUSTER] == "warehouse"


# --- steps that no table shows --------------------------------------------------------------------


def test_names_in_sight_are_passed_over() -> None:
    """Names of snapshots that AWS shows, and those it said are taken, are not asked for."""
    busy = pure.memory(taken=frozenset({NAME}))
    seen = pure.look(pure.cluster(), pure.snapshot(f"{NAME}-2", tags=(), create_time=None))
    assert next_step(PLAN, IDENTITY, seen, busy) == Delete(f"{NAME}-3", 35)


def test_a_lakehouse_registration_is_no_reason_without_awss_refusal() -> None:
    """A registered cluster is tried: only AWS's own refusal makes it one that cannot be deleted."""
    registered = pure.cluster(lakehouse_status="Registered")
    assert isinstance(next_step(PLAN, IDENTITY, pure.look(registered), pure.memory()), Delete)
    refused = pure.memory(pure.attempt(answer=Answer.REFUSED, code="InvalidClusterState"))
    step = next_step(PLAN, IDENTITY, pure.look(registered), refused)
    assert isinstance(step, Refuse)
    assert "Lakehouse registration: Registered" in step.what


def test_a_cluster_that_became_paused_is_tried_before_it_is_resumed() -> None:
    """AWS refused it in another status: paused, it is tried again, since AWS may delete it so."""
    refused = pure.memory(pure.attempt(answer=Answer.REFUSED, code="InvalidClusterState", before="available"))
    seen = pure.look(pure.cluster("paused"), after=timedelta(minutes=1))
    assert isinstance(next_step(PLAN, IDENTITY, seen, refused), Delete)
    refused = pure.memory(pure.attempt(answer=Answer.REFUSED, code="InvalidClusterState", before="Paused"))
    assert next_step(PLAN, IDENTITY, seen, refused) == Resume()


def test_a_cluster_that_came_back_says_what_its_snapshot_is() -> None:
    """Alive again with a snapshot, without one, or where none was due: nothing is lost, and the snapshot is
    named.
    """
    back = pure.memory(pure.attempt(), deletion_seen=True, alive_since=NOW - LAG)
    seen = pure.look(pure.cluster(), pure.snapshot(status="failed"))
    for decided, shown, words in (
        (PLAN, seen, f"is 'available' again, and its final snapshot {NAME} is 'failed'"),
        (PLAN, pure.look(pure.cluster()), "is 'available' again, without a final snapshot"),
        (pure.plan(skip=True), seen, "is 'available' again"),
    ):
        step = next_step(decided, IDENTITY, shown, back)
        assert isinstance(step, Refuse)
        assert step.what.endswith(words)
        assert not step.lost


@pytest.mark.parametrize(
    ("answer", "code"), [(Answer.ACCEPTED, ""), (Answer.UNKNOWN, ""), (Answer.REFUSED, "InvalidClusterState")]
)
def test_tags_are_written_again_until_they_are_read_back(answer: Answer, code: str) -> None:
    """Tags that AWS does not show are written again after a rest. Where AWS answers, that ends after some
    tries; an answer that does not come is waited for as long as the policy says.
    """
    lacking = pure.snapshot(tags=())
    one = pure.memory(pure.attempt("CreateTags", answer, code))
    soon, late = timedelta(seconds=5), timedelta(minutes=5)
    assert isinstance(next_step(PLAN, IDENTITY, pure.look(None, lacking, after=soon), one), Wait)
    assert isinstance(next_step(PLAN, IDENTITY, pure.look(None, lacking, after=late), one), Tag)
    many = pure.memory(*[pure.attempt("CreateTags", answer, code) for _ in range(6)])
    step = next_step(PLAN, IDENTITY, pure.look(None, lacking, after=late), many)
    if answer is Answer.UNKNOWN:
        assert isinstance(step, Tag)
        seen = pure.look(None, lacking, after=timedelta(hours=24))
        many = pure.memory(pure.attempt("CreateTags", answer, at=seen.at))
        step = next_step(PLAN, IDENTITY, seen, many)
    else:
        assert isinstance(step, Refuse)
        assert "the data is safe" in step.data
    assert isinstance(step, Refuse)
    assert not step.lost


@pytest.mark.parametrize(
    ("operation", "lacking"),
    [("CreateTags", {"tags": ()}), ("ModifyClusterSnapshot", {"retention_days": 7})],
)
def test_a_write_that_is_refused_for_good_is_not_tried_again(operation: str, lacking: dict[str, Any]) -> None:
    """The first such answer ends it: the data is safe, and the permission that lacks is named."""
    denied = pure.memory(pure.attempt(operation, Answer.REFUSED, "AccessDenied"))
    step = next_step(PLAN, IDENTITY, pure.look(None, pure.snapshot(**lacking)), denied)
    assert isinstance(step, Refuse)
    assert "the data is safe" in step.data
    assert f"allow redshift:{operation}" in step.next_step
    assert not step.lost


def test_an_automated_snapshot_is_no_final_one() -> None:
    """AWS deletes it with its cluster, whatever its name and tags say."""
    seen = pure.look(None, pure.snapshot(snapshot_type="automated"))
    step = next_step(PLAN, IDENTITY, seen, pure.memory())
    assert isinstance(step, Refuse)
    assert step.lost


@pytest.mark.parametrize("status", ["final-snapshot", "deleting"])
def test_a_deletion_that_was_seen_is_remembered(status: str) -> None:
    """A cluster that is alive again later had a deletion given up, even where no snapshot tells it."""
    memory = remember(PLAN, IDENTITY, pure.look(pure.cluster(status)), pure.memory(pure.attempt()))
    said = []
    for after in (timedelta(seconds=1), timedelta(seconds=30), timedelta(seconds=31)):
        back = pure.look(pure.cluster(), after=after)
        memory = remember(PLAN, IDENTITY, back, memory)
        step = next_step(PLAN, IDENTITY, back, memory)
        said.append(step.what if isinstance(step, Refuse) else type(step).__name__)
    assert said[:2] == ["Wait", "Wait"]
    assert "AWS gave up deleting" in said[2]


@pytest.mark.parametrize(("poll", "seconds"), [(1, 5), (4, 8), (10, 20), (60, 30)])
def test_that_it_is_gone_is_believed_after_two_polls(poll: float, seconds: float) -> None:
    """Within five to thirty seconds; where nobody saw it being deleted, nor AWS accept that."""
    wait = replace(PLAN.decision.wait, poll_seconds=poll)
    plan = replace(PLAN, decision=replace(PLAN.decision, wait=wait))
    proof = pure.snapshot()
    memory, steps = pure.memory(gone_since=None), []
    for after in (0.0, seconds - 0.5, seconds):
        gone = pure.look(None, proof, after=timedelta(seconds=after))
        memory = remember(plan, IDENTITY, gone, memory)
        steps.append(next_step(plan, IDENTITY, gone, memory))

    assert [type(step).__name__ for step in steps[:2]] == ["Wait", "Wait"]
    assert steps[2] == Done(proof)


def test_of_two_snapshots_the_newest_decides_and_of_equals_the_worse() -> None:
    """Older and available, newer and running: wait. Equally new: failed before running before available.
    One whose time AWS does not tell is taken for the newest.
    """
    old = pure.snapshot(f"{NAME}-2", create_time=NOW - timedelta(hours=1))
    running = pure.snapshot(f"{NAME}-3", "creating")
    failed = pure.snapshot(f"{NAME}-4", "failed")
    timeless = pure.snapshot(f"{NAME}-5", "creating", create_time=None)
    for seen, expected in (
        ((old, running), f"{NAME}-3"),
        ((pure.snapshot(), running), f"{NAME}-3"),
        ((pure.snapshot(), timeless), f"{NAME}-5"),
    ):
        step = next_step(PLAN, IDENTITY, pure.look(None, *seen), pure.memory())
        assert isinstance(step, Wait)
        assert step.snapshot is not None
        assert step.snapshot.identifier == expected
    step = next_step(PLAN, IDENTITY, pure.look(None, pure.snapshot(), running, failed), pure.memory())
    assert isinstance(step, Refuse)
    assert failed.identifier in step.what


def test_giving_up_says_what_aws_said_last() -> None:
    """Out of time with a call to send again: the last words are AWS's."""
    tried = pure.memory(pure.attempt(answer=Answer.REFUSED, code="InvalidClusterState"))
    step = next_step(PLAN, IDENTITY, pure.look(pure.cluster(), after=timedelta(hours=24)), tried)
    assert isinstance(step, Refuse)
    assert "InvalidClusterState: AWS's own words" in step.what


def test_times_are_in_utc_in_every_message() -> None:
    """Another generation's create time is told, or that it is unknown."""
    for created, words in (
        (datetime(2026, 3, 4, tzinfo=timezone.utc), "2026-03-04 00:00:00 UTC"),
        (None, "unknown"),
    ):
        other = pure.cluster(namespace_arn="another", create_time=created)
        step = next_step(PLAN, IDENTITY, pure.look(other), pure.memory())
        assert isinstance(step, Refuse)
        assert words in step.what


def test_our_own_tags_beat_the_policys() -> None:
    """A policy that gives a tag of ours another value does not get its way: later proofs go by it."""
    lying = make_plan(
        replace(PLAN.decision, tags=(("pulumi:stack", "another"), ("team", "data"))),
        PLAN.facts,
        IDENTITY,
        urn=pure.URN,
        now=Urn.parse(pure.URN),
        templates=[],
        at=NOW,
    )
    assert dict(lying.tags)["pulumi:stack"] == "live"
    assert dict(lying.tags)["team"] == "data"


@pytest.mark.parametrize(
    ("throttled", "seconds"), [(0, 30), (1, 2), (2, 4), (3, 8), (4, 16), (5, 20), (90, 20)]
)
@pytest.mark.parametrize("operation", ["DeleteCluster", "CreateTags"])
def test_a_throttled_call_rests_shortly_at_first(operation: str, throttled: int, seconds: int) -> None:
    """AWS did nothing, so it is asked again soon, then later and later; what it refused or lost rests
    longer.
    """
    busy = pure.attempt(operation, Answer.REFUSED, "InvalidClusterState")
    tries = [busy, *[pure.attempt(operation, Answer.THROTTLED, "Throttling") for _ in range(throttled)]]
    seen = pure.cluster() if operation == "DeleteCluster" else None
    lacking = [] if seen else [pure.snapshot(tags=())]
    for after, waits in ((seconds - 1, True), (seconds, False)):
        looked = pure.look(seen, *lacking, after=timedelta(seconds=after))
        step = next_step(PLAN, IDENTITY, looked, pure.memory(*tries))
        assert isinstance(step, Wait) is waits, after


def test_an_earlier_decision_is_not_asked_once_this_teardown_sent_its_own() -> None:
    """What is gone after this teardown's DeleteCluster is judged by this teardown's decision."""
    sent = pure.memory(pure.attempt(), earlier_outcome="skip")
    step = next_step(PLAN, IDENTITY, pure.look(None), sent)
    assert isinstance(step, Refuse)
    assert step.lost


def test_names_that_are_all_taken_end() -> None:
    """After fifty names in a row something else is wrong, and the cluster is kept."""
    refused = pure.attempt(answer=Answer.REFUSED, code="ClusterSnapshotAlreadyExists")
    for number, kind in ((49, Delete), (50, Refuse)):
        taken = pure.memory(refused, taken=frozenset(f"{NAME}-{index}" for index in range(number)))
        assert isinstance(next_step(PLAN, IDENTITY, pure.look(pure.cluster()), taken), kind)
