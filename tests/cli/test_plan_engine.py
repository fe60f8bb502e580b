"""What the engine does around a delete, by its state alone: `plan` says so. See `tests/e2e/test_plan.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.cli.state_document import clusters_of
from redshift_teardown.engine.exported_state import SourceError
from redshift_teardown.lifecycle.outputs import CREATING_TAG
from tests.cli.test_plan import export, run, wired  # noqa: F401 - a fixture
from tests.teardown.stage import CLUSTER, SKIPPING, URN, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping


APP = "urn:pulumi:live::shop::my:app:App::app"
MIDDLE = "urn:pulumi:live::shop::my:app:Middle::middle"
PROVIDER = "urn:pulumi:live::shop::pulumi:providers:aws::east"


def after(document: dict[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    """Put resources behind those of a state: a state is in the order of its dependencies."""
    resources = [*document["deployment"]["resources"], *others]
    return {**document, "deployment": {"resources": resources}}


def app(**links: Any) -> dict[str, Any]:
    """A protected resource."""
    return {"urn": APP, "type": "my:app:App", "custom": True, "protect": True, **links}


def middle(**links: Any) -> dict[str, Any]:
    """One in between, which is not protected."""
    return {"urn": MIDDLE, "type": "my:app:Middle", "custom": True, **links}


DEPENDENT = {
    "dependency": [app(dependencies=[URN])],
    "property": [app(propertyDependencies={"host": [URN]})],
    "child": [app(parent=URN)],
    "deleted with it": [app(deletedWith=URN)],
    "over another": [middle(dependencies=[URN]), app(dependencies=[MIDDLE])],
    "child of a dependent": [middle(dependencies=[URN]), app(parent=MIDDLE)],
    "provider": [middle(urn=PROVIDER, dependencies=[URN]), app(provider=f"{PROVIDER}::1234")],
}


@pytest.mark.parametrize("others", DEPENDENT.values(), ids=DEPENDENT.keys())
@pytest.mark.parametrize("option", [[], ["--exclude-protected"]], ids=["plain", "excluded"])
def test_what_depends_on_the_cluster_and_is_protected(
    wired: Stage,  # noqa: F811
    others: list[dict[str, Any]],
    option: list[str],
) -> None:
    """The engine cannot delete it, and never comes to the cluster: exit 3, whichever way it is asked."""
    wired.up()
    assert wired.state is not None

    ended = run(wired, after(export(wired.state), *others), *option)

    assert ended.exit_code == 3, ended.output
    assert f"{APP} depends on the cluster and is protected" in ended.output
    assert f"pulumi state unprotect '{APP}'" in ended.output


BESIDE = {
    "alone": [app()],
    "over another": [middle(), app(dependencies=[MIDDLE])],
}


@pytest.mark.parametrize("others", BESIDE.values(), ids=BESIDE.keys())
def test_what_is_protected_beside_the_cluster(wired: Stage, others: list[dict[str, Any]]) -> None:  # noqa: F811
    """The preview of a destroy fails over it, so a plain one comes to nothing; with the option it does."""
    wired.up()
    assert wired.state is not None
    document = after(export(wired.state), *others)

    plain, excluded = run(wired, document), run(wired, document, "--exclude-protected")

    assert (plain.exit_code, excluded.exit_code) == (3, 0), plain.output + excluded.output
    assert f"stops at its preview, over what is protected in the stack: {APP}" in plain.output
    assert "pulumi destroy --exclude-protected" in plain.output
    assert "protected in the stack" not in excluded.output


def test_what_the_cluster_depends_on_is_beside_it(wired: Stage) -> None:  # noqa: F811
    """A network that is protected stays when the cluster goes."""
    wired.up()
    assert wired.state is not None
    document = export(wired.state, app(), dependencies=[APP])

    assert run(wired, document).exit_code == 3
    assert run(wired, document, "--exclude-protected").exit_code == 0


def test_a_loss_is_not_hidden_by_what_is_protected_beside(wired: Stage) -> None:  # noqa: F811
    """With --skip-preview destroy comes to the cluster all the same: exit 2 tells of the worst."""
    wired.write_policy(wired.rules(SKIPPING))
    wired.up()
    assert wired.state is not None

    ended = run(wired, after(export(wired.state), app()))

    assert ended.exit_code == 2
    assert "stops at its preview, over what is protected in the stack" in ended.output


@pytest.mark.parametrize("gone", ["delete", "pendingReplacement"])
def test_what_is_only_left_over_protects_nothing(wired: Stage, gone: str) -> None:  # noqa: F811
    """The engine deletes, or drops, the old half of a replacement whether it is protected or not."""
    wired.up()
    assert wired.state is not None

    ended = run(wired, after(export(wired.state), app(dependencies=[URN], **{gone: True})))

    assert ended.exit_code == 0, ended.output


def test_many_are_counted(wired: Stage) -> None:  # noqa: F811
    """Whoever protects everything gets a line, not a page."""
    wired.up()
    assert wired.state is not None
    others = [app(urn=f"{APP}{number}", dependencies=[URN]) for number in range(50)]

    ended = run(wired, after(export(wired.state), *others))

    assert f"{APP}0, {APP}1, {APP}2 and 47 more depend on the cluster and are protected" in ended.output


@pytest.mark.parametrize(
    "links",
    [
        {"dependencies": "x"},
        {"propertyDependencies": ["x"]},
        {"parent": 5},
        {"pendingReplacement": "yes"},
    ],
    ids=lambda links: next(iter(links)),
)
def test_links_of_another_form_are_no_state(links: dict[str, Any]) -> None:
    """They are refused in words, as everything that no engine writes."""
    with pytest.raises(SourceError, match="no exported state"):
        clusters_of(after(export({}), app(**links)))


def test_links_that_lead_round_or_nowhere_end() -> None:
    """An edited state is read all the same."""
    round_ = [middle(dependencies=[APP, "urn:nowhere", 5]), app(dependencies=[MIDDLE, APP], parent=APP)]

    (found,) = clusters_of(after(export({}), *round_))

    assert (found.protected_dependents, found.protected_beside) == ((), (APP,))


# --- a replacement that is pending ---------------------------------------------------------------


def replaced_by_hand(stage: Stage) -> None:
    """The old generation is gone with its snapshot, and another one has come under its name."""
    assert stage.state is not None
    before = stage.state
    assert stage.destroy().how == "done"
    stage.up()
    stage.state = before


@pytest.mark.parametrize("options", [{}, {"protect": True}, {"retainOnDelete": True}], ids=str)
def test_a_pending_replacement_is_dropped(wired: Stage, options: dict[str, Any]) -> None:  # noqa: F811
    """The engine calls no delete for it: what was created meanwhile runs on, and is named; `up` cures it."""
    wired.up()
    replaced_by_hand(wired)
    assert wired.state is not None

    ended = run(wired, export(wired.state, pendingReplacement=True, **options))
    offline = run(wired, export(wired.state, pendingReplacement=True), "--offline")

    assert (ended.exit_code, offline.exit_code) == (3, 3), ended.output + offline.output
    for output in (ended.output, offline.output):
        assert "a replacement of it was interrupted" in output
        assert "next: run `pulumi up`, which goes on with the replacement" in output
        assert "let go" not in output
        assert "unprotect" not in output
        assert "decision        nothing" in output
    assert f"cluster {CLUSTER} (available" in ended.output
    assert "runs on, with its data" in ended.output


def test_a_pending_replacement_with_nothing_new(wired: Stage) -> None:  # noqa: F811
    """Its new cluster was not begun: nothing is left running, and nothing is said to be."""
    wired.up()
    before = wired.state
    assert wired.destroy().how == "done"
    assert before is not None

    ended = run(wired, export(before, pendingReplacement=True), "--format", "json")

    (told,) = json.loads(ended.output)["clusters"]
    assert (ended.exit_code, told["status"], told["steps"], told["snapshot"]) == (3, "gone", None, None)
    assert "runs on" not in ended.output


@pytest.mark.parametrize("pending", [True, False])
def test_a_pending_replacement_is_named_beside_the_state(
    wired: Stage,  # noqa: F811
    pending: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the identifier alone the state knows; of the cluster that was begun under it, only once it is up."""
    made = wired._aws[wired.account][1]
    monkeypatch.setattr("redshift_teardown.reports.snapshots.connect", lambda *_: made)
    wired.up()
    replaced_by_hand(wired)
    wired.control.set_cluster(CLUSTER, tags={CREATING_TAG: URN})
    assert wired.state is not None

    ended = run(wired, export(wired.state, pendingReplacement=pending))

    assert (
        f"note: cluster {CLUSTER} in us-east-1 (available) is an unfinished create" in ended.output
    ) is pending
