"""`redshift-teardown plan`: what would `pulumi destroy` do now, before anybody presses it?"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from redshift_teardown.cli.exported import (
    Stack,
    program_folder,
    project_folder,
    read_from_engine,
    read_from_files,
)
from redshift_teardown.cli.leftovers import leftovers
from redshift_teardown.cli.money import Price, dollars, price_option
from redshift_teardown.cli.output import progress, say, say_json
from redshift_teardown.errors import TeardownError
from redshift_teardown.escaping import cell, code, one_line
from redshift_teardown.reports.forecast import Forecast, Room, judge
from redshift_teardown.reports.observed import Observed, Verdict, observe
from redshift_teardown.teardown.messages import describe_step
from redshift_teardown.wording import size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAFE, PROBLEM, LOSES_DATA, BLOCKED = 0, 1, 2, 3

_COLOURS = {
    Verdict.SAFE: "green",
    Verdict.LET_GO: "yellow",
    Verdict.BLOCKED: "yellow",
    Verdict.LOSES_DATA: "red",
}
_WORDS = {
    Verdict.SAFE: "note",
    Verdict.LET_GO: "let go of",
    Verdict.BLOCKED: "blocked",
    Verdict.LOSES_DATA: "loses data",
}
_LOOKS_AT_ONCE = 8
_LABEL = 16


@click.command(
    short_help="Tell what `pulumi destroy` would do now.",
    epilog="""\b
Examples:
  redshift-teardown plan --stack prod
  redshift-teardown plan --stack prod --snapshot-quota 20 --price 0.0245
  pulumi stack export --stack prod > prod.json
  redshift-teardown plan --file prod.json --config Pulumi.prod.yaml --format markdown

\b
Exit codes: 0 no cluster would lose data, 2 a cluster would lose data,
3 destroy would refuse or never come to a cluster, 1 the stack could not be read.
Clusters of other providers are not looked at: the policy pack judges those.
""",
)
@click.option("--stack", help="The stack, read through the Pulumi CLI; the selected one unless given.")
@click.option(
    "--file",
    metavar="FILE",
    help="An exported state instead: what `pulumi stack export` wrote; - reads standard input.",
)
@click.option(
    "--config",
    metavar="FILE",
    help="With --file, the stack's settings file, such as Pulumi.prod.yaml.",
)
@click.option(
    "--run-program",
    is_flag=True,
    help="Plan `pulumi destroy --run-program`, which takes the configuration as it is now; without it, "
    "destroy takes that of the last `pulumi up`.",
)
@click.option(
    "--exclude-protected",
    is_flag=True,
    help="Plan `pulumi destroy --exclude-protected`; without it, destroy stops at its preview over any "
    "protected resource.",
)
@click.option("--policy", help="The deletion policy, in place of the configured one.")
@click.option("--offline", is_flag=True, help="Do not ask AWS; judge by state and policy alone.")
@click.option(
    "--snapshot-quota",
    type=click.IntRange(min=0),
    help="How many manual snapshots the account may have in a region; AWS does not tell.",
)
@price_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="How to tell: for a terminal, for a program, or for a pull request.",
)
def plan(
    stack: str | None,
    file: str | None,
    config: str | None,
    run_program: bool,
    exclude_protected: bool,
    policy: str | None,
    offline: bool,
    snapshot_quota: int | None,
    price: float,
    style: str,
) -> None:
    """Tell, cluster by cluster, what `pulumi destroy` would do now. Nothing is changed.

    Both policies are asked, the recorded one and the file as it is now; AWS is asked what it shows; and the
    teardown is thought through to its end by the very rules it would follow.
    """
    if file is not None and stack is not None:
        raise click.UsageError("--stack and --file are two ways to say the same; give one")
    if config is not None and file is None:
        raise click.UsageError("--config belongs to --file; with --stack the configuration is the stack's")
    try:
        found = _read(stack, file, config, run_program=run_program)
    except TeardownError as error:
        say(Text(str(error), style="red"), err=True)
        sys.exit(PROBLEM)
    if policy is not None:
        recorded = {urn: replace(kept, policy_file=policy) for urn, kept in found.recorded.items()}
        found = replace(found, settings=replace(found.settings, policy_file=policy), recorded=recorded)
    if exclude_protected:
        found = replace(found, clusters=tuple(replace(each, protected_beside=()) for each in found.clusters))
    forecasts = forecast_all(found, ask_aws=not offline, quota=snapshot_quota)
    if not offline:
        found = replace(found, notes=(*found.notes, *leftovers(found)))
    counted = Price(price)
    if style == "json":
        say_json(_as_json(found, forecasts, counted))
    elif style == "markdown":
        click.echo(_as_markdown(found, forecasts, counted))
    else:
        _say_table(found, forecasts, counted)
    sys.exit(exitcode(forecasts))


def _read(stack: str | None, file: str | None, config: str | None, *, run_program: bool) -> Stack:
    if file is not None:
        return read_from_files(file, config, run_program=run_program)
    folder = project_folder()
    # Policy and receipts stand relative to the program, and so destroy looks for them.
    os.chdir(program_folder(folder))
    return read_from_engine(stack, folder, run_program=run_program)


def forecast_all(stack: Stack, *, ask_aws: bool, quota: int | None) -> list[Forecast]:
    """Foresee every cluster of a stack; the looks at AWS run side by side.

    Args:
        stack: The stack.
        ask_aws: Whether AWS is asked.
        quota: How many manual snapshots the account may have in a region; None where it is not known.

    """

    def one(index: int) -> Observed:
        cluster = stack.clusters[index]
        return observe(cluster, stack.settings_of(cluster), ask_aws=ask_aws)

    with ThreadPoolExecutor(_LOOKS_AT_ONCE) as looks:
        found = looks.map(one, range(len(stack.clusters)))
        observed = list(progress(found, "Looking at clusters", len(stack.clusters)))
    room = Room(quota)
    return [judge(each, room) for each in observed]


def exitcode(forecasts: Sequence[Forecast]) -> int:
    """Return the exit code: a loss counts more than a refusal, which keeps the data."""
    verdicts = {forecast.verdict for forecast in forecasts}
    if Verdict.LOSES_DATA in verdicts:
        return LOSES_DATA
    return BLOCKED if Verdict.BLOCKED in verdicts else SAFE


# --- for a terminal ---


def _say_table(stack: Stack, forecasts: Sequence[Forecast], price: Price) -> None:
    for number, forecast in enumerate(forecasts):
        if number:
            say("")
        head = Text(one_line(forecast.urn.name), style="bold")
        head.append(": ", style="bold")
        head.append(forecast.verdict.value, style=f"bold {_COLOURS[forecast.verdict]}")
        say(head)
        for label, text, colour in _rows(forecast, price):
            line = Text(f"  {label:<{_LABEL}}", style="dim")
            line.append(text.replace("\n", "\n" + " " * (_LABEL + 2)), style=f"not dim {colour}")
            say(line)
    for note in stack.notes:
        say(Text(f"note: {one_line(note)}"))
    say(Text(("\n" if forecasts else "") + _summary(stack, forecasts, price), style="bold"))


def _rows(forecast: Forecast, price: Price) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    identity, plan_ = forecast.identity, forecast.plan
    if identity is not None:
        status = f", {forecast.status}" if forecast.status else ""
        rows.append(("cluster", f"{identity.cluster_identifier}{status}", ""))
        rows.append(("in", f"account {identity.account_id}, {identity.region}", ""))
    if forecast.instead:
        rows.append(("decision", forecast.decision, ""))
    elif plan_ is not None:
        decision = plan_.decision
        protected = "protected" if decision.protected else "not protected"
        rows.append(("environment", f"{decision.environment or '(no match)'}, {protected}", ""))
        rows.append(
            ("decision", forecast.decision, _COLOURS[Verdict.SAFE] if plan_.wants_snapshot else "red")
        )
        rows.append(("because", f"{decision.because} ({decision.place or 'recorded'})", ""))
        rows += [
            ("policy results" if number == 0 else "", f"{who}: {what}", "")
            for number, (what, who) in enumerate(_sides(forecast.said))
        ]
    if forecast.foreseen is not None:
        steps = [describe_step(step) for step in (*forecast.foreseen.steps, forecast.foreseen.end)]
        rows += [
            ("destroy" if number == 1 else "", f"{number}. {words}", "")
            for number, words in enumerate(steps, 1)
        ]
    if forecast.snapshot_name:
        until = forecast.kept_until
        kept = f"kept until {until:%Y-%m-%d}" if until else "kept forever"
        rows.append(("snapshot", f"{forecast.snapshot_name}\n{kept}", ""))
    if forecast.megabytes is not None and forecast.snapshot_name:
        monthly = dollars(price.monthly(forecast.megabytes))
        rows.append(("cost", f"about {size(forecast.megabytes)}, {monthly} a month", ""))
    for finding in forecast.findings:
        text = f"{finding.text}\nnext: {finding.next_step}" if finding.next_step else finding.text
        rows.append(
            (_WORDS[finding.verdict], text, _COLOURS[finding.verdict] if _counts(finding.verdict) else "")
        )
    rows += [("not known", text, "") for text in forecast.unknown]
    return rows


def _sides(said: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each thing that was said, with all who said it."""
    by_words: dict[str, list[str]] = {}
    for who, what in said.items():
        by_words.setdefault(what, []).append(who)
    return [(what, "all" if len(by_words) == 1 else "; ".join(who)) for what, who in by_words.items()]


def _counts(verdict: Verdict) -> bool:
    return verdict is not Verdict.SAFE


def _summary(stack: Stack, forecasts: Sequence[Forecast], price: Price) -> str:
    name = f"stack {one_line(stack.name)}" if stack.name else "this stack"
    if not forecasts:
        return f"{name} holds no cluster of redshift-teardown"
    counts = {verdict: sum(1 for f in forecasts if f.verdict is verdict) for verdict in Verdict}
    number = len(forecasts)
    parts = [
        f"{counts[Verdict.LOSES_DATA]} would lose data",
        f"{counts[Verdict.BLOCKED]} blocked",
        f"{counts[Verdict.SAFE]} safe",
        *([f"{counts[Verdict.LET_GO]} let go of"] if counts[Verdict.LET_GO] else []),
    ]
    said = f"{name}, {number} {'cluster' if number == 1 else 'clusters'}: {', '.join(parts)}"
    total = _monthly(forecasts, price)
    return f"{said}; about {dollars(total)} a month {price.describe()}" if total else said


def _monthly(forecasts: Sequence[Forecast], price: Price) -> float:
    return sum(price.monthly(f.megabytes or 0) for f in forecasts if f.snapshot_name)


# --- for a pull request ---


def _as_markdown(stack: Stack, forecasts: Sequence[Forecast], price: Price) -> str:
    lines = [
        f"### Destroying {code(stack.name or 'this stack')}",
        "",
        f"{cell(_summary(stack, forecasts, price))}.",
    ]
    if forecasts:
        lines += [
            "",
            "| cluster | verdict | destroy would | snapshot kept until | a month |",
            "|---|---|---|---|---|",
        ]
    for forecast in forecasts:
        until = forecast.kept_until
        kept = "" if not forecast.snapshot_name else f"{until:%Y-%m-%d}" if until else "forever"
        known = forecast.megabytes is not None and forecast.snapshot_name
        cost = dollars(price.monthly(forecast.megabytes or 0)) if known else ""
        cells = (
            code(forecast.urn.name),
            f"**{forecast.verdict.value}**",
            cell(forecast.decision),
            kept,
            cost,
        )
        lines.append(f"| {' | '.join(cells)} |")
    for forecast in forecasts:
        items = [
            f"- {_WORDS[finding.verdict]}: {cell(finding.text)}"
            + (f" Next: {cell(finding.next_step)}" if finding.next_step else "")
            for finding in forecast.findings
        ]
        items += [f"- not known: {cell(text)}" for text in forecast.unknown]
        if items:
            lines += ["", f"**{cell(forecast.urn.name)}**", "", *items]
    lines += [f"\n{cell(note)}" for note in stack.notes]
    return "\n".join(lines)


# --- for a program ---


def _as_json(stack: Stack, forecasts: Sequence[Forecast], price: Price) -> dict[str, Any]:
    return {
        "stack": stack.name,
        "exit_code": exitcode(forecasts),
        "price_per_gb_month": price.per_gigabyte_month,
        "notes": list(stack.notes),
        "clusters": [_cluster_as_json(forecast, price) for forecast in forecasts],
    }


def _cluster_as_json(forecast: Forecast, price: Price) -> dict[str, Any]:
    identity, plan_, until = forecast.identity, forecast.plan, forecast.kept_until
    megabytes = forecast.megabytes if forecast.snapshot_name else None
    return {
        "urn": str(forecast.urn),
        "name": forecast.urn.name,
        "verdict": forecast.verdict.value,
        "at": forecast.at.isoformat(),
        "cluster_identifier": identity.cluster_identifier if identity else None,
        "account_id": identity.account_id if identity else None,
        "region": identity.region if identity else None,
        "status": forecast.status or None,
        "environment": plan_.decision.environment if plan_ else None,
        "protected": plan_.decision.protected if plan_ else None,
        "outcome": plan_.decision.outcome.value if plan_ and not forecast.instead else None,
        "decision": forecast.decision if plan_ or forecast.instead else None,
        "because": plan_.decision.because if plan_ else None,
        "place": str(plan_.decision.place or "") if plan_ else None,
        "said": dict(forecast.said),
        "steps": [describe_step(step) for step in (*forecast.foreseen.steps, forecast.foreseen.end)]
        if forecast.foreseen
        else None,
        "snapshot": forecast.snapshot_name or None,
        "retention_days": plan_.retention_days if plan_ and forecast.snapshot_name else None,
        "kept_until": until.isoformat() if until else None,
        "tags": dict(plan_.tags) if plan_ and plan_.wants_snapshot else None,
        "megabytes": megabytes,
        "usd_per_month": None if megabytes is None else round(price.monthly(megabytes), 4),
        "findings": [
            {"verdict": f.verdict.value, "text": f.text, "next": f.next_step} for f in forecast.findings
        ],
        "not_known": list(forecast.unknown),
    }
