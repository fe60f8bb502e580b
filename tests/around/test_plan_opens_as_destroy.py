"""`plan` opens an operation as destroy does: what the one refuses there, the other says beforehand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.cli.exported import Stack
from redshift_teardown.cli.plan import forecast_all
from redshift_teardown.errors import RefusedError
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.read import read
from redshift_teardown.reports.observed import StackCluster, Verdict
from tests.around.world import ELSEWHERE, changes, configured
from tests.teardown.stage import CLUSTER, REGION, URN, Interruption, kill

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.reports.forecast import Forecast
    from redshift_teardown.settings import Settings
    from tests.parity.bench import Bench
    from tests.teardown.stage import Result


def foresee(stack: Bench, settings: Settings) -> Forecast:
    """Run `plan` by a configuration; it must change nothing."""
    assert stack.state is not None
    planned = Stack("live", (StackCluster(urn=URN, outputs=stack.state),), settings)
    result = stack.run(lambda: forecast_all(planned, ask_aws=True, quota=None))
    assert (result.how, changes(result)) == ("done", [])
    (forecast,) = result.value
    return forecast  # type: ignore[no-any-return] # a command's value may be anything


def destroy(stack: Bench, settings: Settings) -> Result:
    """Run `destroy` by a configuration."""
    olds = stack.state
    assert olds is not None
    return stack.run(lambda: delete(olds, settings))


def refresh(stack: Bench, settings: Settings) -> Result:
    """Run `refresh` by a configuration."""
    olds = stack.state
    assert olds is not None
    return stack.run(lambda: read(CLUSTER, olds, settings))


def test_another_regions_configuration(stack: Bench) -> None:
    """The region is the configuration's: where that has changed since, both refuse, in the same words."""
    stack.apply()
    settings = configured(stack, region=ELSEWHERE)

    forecast, destroyed = foresee(stack, settings), destroy(stack, settings)

    assert destroyed.how == "refused"
    assert isinstance(destroyed.error, RefusedError)
    assert forecast.verdict is Verdict.BLOCKED
    assert [finding.text for finding in forecast.findings if finding.verdict is Verdict.BLOCKED] == [
        f"{destroyed.error.what} (data: {destroyed.error.data})"
    ]
    assert [finding.next_step for finding in forecast.findings] == [destroyed.error.next_step]


def test_a_program_that_names_its_region(stack: Bench) -> None:
    """The configuration is another region's, and the cluster's own counts for all: safe, read, destroyed."""
    stack.apply(region=REGION)
    settings = configured(stack, region=ELSEWHERE)

    assert foresee(stack, settings).verdict is Verdict.SAFE
    assert refresh(stack, settings).how == "done"
    assert destroy(stack, settings).how == "done"


def test_the_cure_that_works_comes_first(stack: Bench) -> None:
    """Pulumi hands destroy the configuration of the last `up`, a failed one too: only --run-program takes the
    corrected one, so that is said first, by destroy and by refresh.
    """
    stack.apply()
    settings = configured(stack, region=ELSEWHERE)

    for result in (destroy(stack, settings), refresh(stack, settings)):
        assert isinstance(result.error, RefusedError)
        first = result.error.next_step.partition(";")[0].partition(". ")[0]
        assert f"pulumi config set aws:region {REGION}" in first, first
        assert "--run-program" in first, first
        assert "AWS_REGION" not in first, first


@pytest.mark.parametrize(
    "changed",
    [
        {"allowed_account_ids": ("999999999999",)},
        {"forbidden_account_ids": ("111122223333",)},
        {"profile": "nobody-has-this", "access_key": "", "secret_key": ""},
        {"region": ""},
    ],
    ids=["allowed", "forbidden", "profile", "no region"],
)
def test_whatever_keeps_destroy_from_opening_blocks_the_plan(
    stack: Bench, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts, a profile, no region at all: destroy and refresh refuse, so plan says so."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "nowhere")
    stack.apply()
    settings = replace(stack.settings, **changed)
    if "profile" not in changed and "region" not in changed:
        settings = configured(stack, **changed)

    forecast, destroyed = foresee(stack, settings), destroy(stack, settings)

    assert destroyed.how == "refused"
    assert forecast.verdict is Verdict.BLOCKED
    assert refresh(stack, settings).how == "refused"


def no_account(outputs: dict[str, Any]) -> None:
    """The identity lacks the account."""
    outputs["identity"] = {**outputs["identity"], "account_id": ""}


def no_region(outputs: dict[str, Any]) -> None:
    """The identity lacks the region."""
    outputs["identity"] = {**outputs["identity"], "region": ""}


def newer(outputs: dict[str, Any]) -> None:
    """A newer version wrote it."""
    outputs["state_version"] = 99.0


def no_identity(outputs: dict[str, Any]) -> None:
    """There is no identity at all."""
    del outputs["identity"]


@pytest.mark.parametrize("damage", [no_account, no_region, newer, no_identity])
def test_a_damaged_state(stack: Bench, damage: Callable[[dict[str, Any]], None]) -> None:
    """What destroy cannot read, plan calls blocked."""
    stack.apply()
    assert stack.state is not None
    outputs = dict(stack.state)
    damage(outputs)
    stack.state = outputs

    forecast, destroyed = foresee(stack, stack.settings), destroy(stack, stack.settings)

    assert (destroyed.how, forecast.verdict) == ("refused", Verdict.BLOCKED)
    assert refresh(stack, stack.settings).how == "refused"


def test_a_cluster_that_a_refresh_saw_gone_and_that_is_proven(stack: Bench) -> None:
    """An interrupted destroy, refreshed: plan says that destroy finishes it, and it does."""
    stack.apply()
    assert stack.destroy(Interruption(1, "wait", kill)).how == "killed"
    stack.time.advance(3600)
    stack.refresh()
    assert stack.state is not None

    forecast, destroyed = foresee(stack, stack.settings), destroy(stack, stack.settings)

    (proof,) = stack.proofs()
    assert (destroyed.how, forecast.verdict) == ("done", Verdict.SAFE)
    assert forecast.snapshot_name == proof["identifier"]


def test_a_cluster_that_a_refresh_saw_gone(stack: Bench) -> None:
    """Marked as gone and unproven, it is blocked in plan as it is refused by destroy."""
    stack.apply()
    stack.control.remove_cluster(CLUSTER)
    stack.refresh()
    assert stack.state is not None

    forecast, destroyed = foresee(stack, stack.settings), destroy(stack, stack.settings)

    assert (destroyed.how, forecast.verdict) == ("refused", Verdict.BLOCKED)
