"""`redshift-teardown snapshots`: what is kept of destroyed clusters, for how long, at what cost."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from redshift_teardown.aws.session import resolve_region
from redshift_teardown.cli.money import Price, dollars, price_option
from redshift_teardown.cli.output import is_narrow, progress, say, say_json, say_table
from redshift_teardown.cli.page import page
from redshift_teardown.errors import ConfigError, TeardownError
from redshift_teardown.escaping import cell, code, one_line
from redshift_teardown.reports.snapshots import ReportedSnapshot, report_snapshots, united
from redshift_teardown.settings import Settings
from redshift_teardown.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redshift_teardown.reports.snapshots import SnapshotReport

_UNCLAIMED = "claimed by no stack"


@click.command(
    short_help="Tell which final snapshots are kept, until when, at what cost.",
    epilog="""\b
Examples:
  redshift-teardown snapshots
  redshift-teardown snapshots --stack prod --region eu-central-1 --region us-east-1
  redshift-teardown snapshots --all-regions --format markdown
  redshift-teardown snapshots --html snapshots.html --price 0.0245

Credentials are those of the AWS environment (AWS_PROFILE …).
""",
)
@click.option("--project", help="Only snapshots of this Pulumi project.")
@click.option("--stack", help="Only snapshots of this Pulumi stack.")
@click.option("--region", "regions", multiple=True, help="Where to look; may be given again.")
@click.option("--all-regions", is_flag=True, help="Look in every region the account has enabled.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "json", "markdown", "html"]),
    default="table",
    show_default=True,
    help="How to tell: for a terminal, a program, a pull request, or a browser.",
)
@click.option(
    "--html",
    "page_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with a retention timeline and a cost curve into this file, too.",
)
@price_option
def snapshots(
    project: str | None,
    stack: str | None,
    regions: tuple[str, ...],
    all_regions: bool,
    style: str,
    page_file: Path | None,
    price: float,
) -> None:
    """Tell which final snapshots are kept: by project, stack, cluster and generation.

    Snapshots of clusters that are gone and that no stack's tags claim are told too, as are clusters that a
    failed create has left. Exits 1 if a region could not be asked.
    """
    if regions and all_regions:
        raise click.UsageError("--region and --all-regions are two ways to say where; give one")
    settings = Settings()
    try:
        where = regions_of(settings, regions, everywhere=all_regions)
        finds = report_snapshots(settings, where, skip_disabled=all_regions)
        everything = united(progress(finds, "Asking regions", len(where)))
    except TeardownError as error:
        say(Text(str(error), style="red"), err=True)
        sys.exit(1)
    if all_regions and not everything.regions:
        say(
            Text("no region took these credentials; check AWS_PROFILE, or the access key", style="red"),
            err=True,
        )
        sys.exit(1)
    report = everything.of(project, stack)
    now, counted = datetime.now(timezone.utc), Price(price)
    if page_file is not None:
        _write(page_file, page(report, counted, now))
    if style == "json":
        say_json(_as_json(report, counted, now))
    elif style == "markdown":
        click.echo(_as_markdown(report, counted, now))
    elif style == "html":
        click.echo(page(report, counted, now))
    else:
        _say(report, counted, now)
    if not report.snapshots and left_under(everything):
        say(Text(left_under(everything), style="dim"), err=True)
    for region, words in report.problems:
        say(Text(f"{region}: {words}", style="red"), err=True)
    sys.exit(1 if report.problems else 0)


def regions_of(settings: Settings, given: tuple[str, ...], *, everywhere: bool) -> tuple[str, ...]:
    """Return the regions to look in: those given, all there are, or the environment's own.

    Raises:
        ConfigError: none is given, and the environment names none.

    """
    if everywhere:
        import boto3  # noqa: PLC0415 - only where it is asked for

        return tuple(boto3.Session().get_available_regions("redshift"))
    if given:
        return tuple(dict.fromkeys(given))
    try:
        return (resolve_region(settings),)
    except ConfigError:
        raise ConfigError("no AWS region is set: give --region or --all-regions, or set AWS_REGION") from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None


# --- words that all formats share ---


def group_of(snapshot: ReportedSnapshot) -> str:
    """Name the stack a snapshot belongs to."""
    return f"{snapshot.project} / {snapshot.stack}" if snapshot.claimed else _UNCLAIMED


def left_under(report: SnapshotReport) -> str:
    """Say under which names of stacks final snapshots are there; empty for none.

    A stack that was renamed since, or that a cluster was moved to, is not what the snapshot's tags name.
    """
    names = sorted({group_of(snapshot) for snapshot in report.snapshots if snapshot.claimed})
    if not names:
        return ""
    return (
        "a final snapshot carries the name that its stack had at the destroy; there are some of "
        f"{', '.join(names)}"
    )


def kept_until(snapshot: ReportedSnapshot, now: datetime) -> str:
    """Say until when a snapshot is kept."""
    if snapshot.expires is None:
        return "forever"
    days = (snapshot.expires - now).total_seconds() / 86400
    left = "over" if days < 0 else f"{int(days)} {'day' if int(days) == 1 else 'days'} left"
    return f"{snapshot.expires:%Y-%m-%d} ({left})"


def state_of(snapshot: ReportedSnapshot) -> str:
    """Return in words what else there is to know: whether it can be restored, is encrypted, is shared."""
    words = [snapshot.condition or "can be restored"]
    words.append("encrypted" if snapshot.encrypted else "not encrypted")
    if snapshot.shared_with:
        words.append(f"shared with {', '.join(snapshot.shared_with)}")
    return ", ".join(words)


def taken(snapshot: ReportedSnapshot) -> str:
    """Return in words when a snapshot was taken."""
    return f"{snapshot.created:%Y-%m-%d}" if snapshot.created else "unknown"


def days_kept(snapshot: ReportedSnapshot, now: datetime) -> float:
    """Return how many days a snapshot has been kept so far."""
    return (now - snapshot.created).total_seconds() / 86400 if snapshot.created else 0.0


def totals(report: SnapshotReport, price: Price, now: datetime) -> str:
    """Say it all in a line."""
    number = len(report.snapshots)
    so_far = sum(price.so_far(s.megabytes, days_kept(s, now)) for s in report.snapshots)
    few = len(report.regions) <= 3  # noqa: PLR2004
    places = f"in {', '.join(report.regions)}" if few else f"in {len(report.regions)} regions"
    return (
        f"{number} {'snapshot' if number == 1 else 'snapshots'} {places}, {size(report.megabytes)}, "
        f"{dollars(price.monthly(report.megabytes))} a month, {dollars(so_far)} so far ({price.describe()})"
    )


def _notes(report: SnapshotReport) -> Iterator[str]:
    if report.others:
        what = "snapshot of a living cluster" if report.others == 1 else "snapshots of living clusters"
        yield f"besides: {report.others} manual {what}, without tags that say whose"
    for each in report.unfinished:
        made = f", since {each.created:%Y-%m-%d %H:%M} UTC" if each.created else ""
        yield (
            f"unfinished create: cluster {each.identifier} in {each.region} is {each.status}{made}; it was "
            f"begun for {each.urn} and goes on with the next `pulumi up` there"
        )
    for over in report.taken_over:
        yield (
            f"taken over: cluster {over.identifier} in {over.region} is owned under claim {over.claim}; a "
            f"state that records an earlier one ({', '.join(over.superseded)}) lets go of it at destroy"
        )


# --- for a terminal ---


def _say(report: SnapshotReport, price: Price, now: datetime) -> None:
    for group, members in groupby(report.snapshots, group_of):
        say(Text(one_line(group), style="bold"))
        if is_narrow():
            for snapshot in members:
                _say_narrow(snapshot, price, now)
        else:
            say_table(_table(list(members), price, now))
    for note in _notes(report):
        say(one_line(note))
    say(Text(totals(report, price, now), style="bold"))


def _table(members: list[ReportedSnapshot], price: Price, now: datetime) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim")
    for heading, justify in (
        ("cluster", "left"),
        ("snapshot", "left"),
        ("region", "left"),
        ("taken", "left"),
        ("kept until", "left"),
        ("size", "right"),
        ("a month", "right"),
        ("so far", "right"),
        ("state", "left"),
    ):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for snapshot in members:
        table.add_row(
            Text(one_line(snapshot.cluster_identifier)),
            Text(one_line(snapshot.identifier)),
            Text(one_line(snapshot.region)),
            taken(snapshot),
            kept_until(snapshot, now),
            size(snapshot.megabytes),
            dollars(price.monthly(snapshot.megabytes)),
            dollars(price.so_far(snapshot.megabytes, days_kept(snapshot, now))),
            Text(one_line(state_of(snapshot)), style="" if snapshot.restorable else "yellow"),
        )
    return table


def _say_narrow(snapshot: ReportedSnapshot, price: Price, now: datetime) -> None:
    say(Text(f"  {one_line(snapshot.identifier)}"))
    for line in (
        f"cluster {snapshot.cluster_identifier}, {snapshot.region}",
        f"taken {taken(snapshot)}, kept until {kept_until(snapshot, now)}",
        f"{size(snapshot.megabytes)}, {dollars(price.monthly(snapshot.megabytes))} a month",
        state_of(snapshot),
    ):
        say(Text(f"    {one_line(line)}", style="dim"))


# --- for a pull request ---


def _as_markdown(report: SnapshotReport, price: Price, now: datetime) -> str:
    lines = [f"### Final snapshots\n\n{cell(totals(report, price, now))}."]
    for group, members in groupby(report.snapshots, group_of):
        lines.append(f"\n#### {cell(group)}\n")
        lines.append("| cluster | snapshot | region | taken | kept until | size | a month | state |")
        lines.append("|---|---|---|---|---|--:|--:|---|")
        for snapshot in members:
            cells = (
                cell(snapshot.cluster_identifier),
                code(snapshot.identifier),
                cell(snapshot.region),
                taken(snapshot),
                kept_until(snapshot, now),
                size(snapshot.megabytes),
                dollars(price.monthly(snapshot.megabytes)),
                cell(state_of(snapshot)),
            )
            lines.append(f"| {' | '.join(cells)} |")
    lines += [f"\n{cell(note)}" for note in _notes(report)]
    return "\n".join(lines)


# --- for a program ---


def _as_json(report: SnapshotReport, price: Price, now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "regions": list(report.regions),
        "price_per_gb_month": price.per_gigabyte_month,
        "snapshots": [
            {
                "identifier": snapshot.identifier,
                "arn": snapshot.arn,
                "account_id": snapshot.account_id,
                "region": snapshot.region,
                "status": snapshot.status,
                "restorable": snapshot.restorable,
                "void": snapshot.void or None,
                "project": snapshot.project or None,
                "stack": snapshot.stack or None,
                "urn": snapshot.urn or None,
                "cluster_identifier": snapshot.cluster_identifier,
                "generation": snapshot.generation,
                "rule": snapshot.rule or None,
                "created": snapshot.created.isoformat() if snapshot.created else None,
                "expires": snapshot.expires.isoformat() if snapshot.expires else None,
                "megabytes": snapshot.megabytes,
                "encrypted": snapshot.encrypted,
                "kms_key_id": snapshot.kms_key_id or None,
                "shared_with": list(snapshot.shared_with),
                "usd_per_month": round(price.monthly(snapshot.megabytes), 4),
                "usd_so_far": round(price.so_far(snapshot.megabytes, days_kept(snapshot, now)), 4),
            }
            for snapshot in report.snapshots
        ],
        "manual_snapshots_of_living_clusters": report.others,
        "unfinished_creates": [
            {
                "cluster_identifier": each.identifier,
                "region": each.region,
                "status": each.status,
                "created": each.created.isoformat() if each.created else None,
                "urn": each.urn,
            }
            for each in report.unfinished
        ],
        "taken_over": [
            {
                "cluster_identifier": over.identifier,
                "region": over.region,
                "claim": over.claim,
                "superseded": list(over.superseded),
            }
            for over in report.taken_over
        ],
        "problems": [{"region": region, "words": words} for region, words in report.problems],
    }
