"""`redshift-teardown restore`: the program line and configuration that bring a final snapshot back."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from redshift_teardown.atomic_file import replace_whole
from redshift_teardown.cli.exported import program_folder, project_folder, project_name
from redshift_teardown.cli.output import say, say_json
from redshift_teardown.cli.program import with_argument
from redshift_teardown.cli.snapshots import kept_until, left_under, regions_of, taken
from redshift_teardown.errors import TeardownError
from redshift_teardown.input_file import name_of, read_text
from redshift_teardown.reports.snapshots import report_snapshots, united
from redshift_teardown.settings import Settings
from redshift_teardown.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redshift_teardown.reports.snapshots import ReportedSnapshot, SnapshotReport

BOM = "\ufeff"
_NAMED = ("snapshot_identifier", "snapshot_arn")


class RestoreError(TeardownError):
    """There is nothing to restore, or it cannot be told what."""


@click.command(
    short_help="Tell how a final snapshot is brought back.",
    epilog="""\b
Examples:
  redshift-teardown restore --project warehouse --stack prod
  redshift-teardown restore warehouse-prod-warehouse-prod-final-20261124t120447z
  redshift-teardown restore --stack prod --write
""",
)
@click.argument("snapshot", required=False)
@click.option("--project", help="The Pulumi project whose newest final snapshot is meant.")
@click.option("--stack", help="The Pulumi stack whose newest final snapshot is meant.")
@click.option("--resource", help="The resource's name, where the stack has more than one cluster.")
@click.option("--region", "regions", multiple=True, help="Where to look; may be given again.")
@click.option("--all-regions", is_flag=True, help="Look in every region the account has enabled.")
@click.option("--write", is_flag=True, help="Write the line into the program; the file is told.")
@click.option(
    "--program",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The program's file; __main__.py of the project unless given.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to tell: for a person or for a program.",
)
def restore(
    snapshot: str | None,
    project: str | None,
    stack: str | None,
    resource: str | None,
    regions: tuple[str, ...],
    all_regions: bool,
    write: bool,
    program: Path | None,
    style: str,
) -> None:
    """Tell which line of the program, and which configuration, brings SNAPSHOT back.

    Without SNAPSHOT it is the newest final snapshot of the project and stack. Nothing is restored by this
    command: `pulumi up` does that, and its preview shows it first.
    """
    if regions and all_regions:
        raise click.UsageError("--region and --all-regions are two ways to say where; give one")
    if snapshot is None and stack is None:
        raise click.UsageError("name a SNAPSHOT, or give --stack for the newest one of a stack")
    settings = Settings()
    try:
        where = regions_of(settings, regions, everywhere=all_regions)
        report = united(report_snapshots(settings, where, skip_disabled=all_regions))
        found = _choose(report, snapshot, project, stack, resource)
        argument, value = line_for(report, found)
        file = _written(program, found, argument, value) if write else None
    except TeardownError as error:
        say(Text(str(error), style="red"), err=True)
        sys.exit(1)
    commands = [
        f"pulumi config set aws:region {found.region}{f' --stack {found.stack}' if found.stack else ''}",
        f"pulumi up{f' --stack {found.stack}' if found.stack else ''}",
    ]
    caution = "\n".join([*filter(None, [found.condition]), *([] if snapshot else _may_be_newer(report))])
    if style == "json":
        say_json(
            {
                "snapshot": found.identifier,
                "arn": found.arn,
                "region": found.region,
                "resource": _resource(found) or None,
                "argument": argument,
                "value": value,
                "line": f"{argument}={value}",
                "commands": commands,
                "caution": caution or None,
                "written": str(file) if file else None,
            }
        )
        return
    now = datetime.now(timezone.utc)
    for label, text in (
        ("snapshot", f"{found.identifier}\n{size(found.megabytes)}, of cluster {found.cluster_identifier}"),
        ("taken", f"{taken(found)}, kept {_until(found, now)}"),
        ("caution", caution),
        ("key", found.kms_key_id),
        ("program", f"{argument}={value}" + (f", written into {file}" if file else "")),
        ("commands", "\n".join(commands)),
    ):
        if text:
            line = Text(f"{label:<10}", style="dim")
            line.append(text.replace("\n", "\n" + " " * 10), style="not dim")
            say(line)


def line_for(report: SnapshotReport, found: ReportedSnapshot) -> tuple[str, str]:
    """Return the argument that restores a snapshot, and its value as Python writes it.

    The newest final snapshot of a resource needs no name: ``restore_final_snapshot`` finds it, and may stay
    in the program for the next time.
    """
    newest = max(
        (each for each in report.snapshots if each.claimed and each.urn == found.urn),
        key=_age,
        default=None,
    )
    if newest == found and not found.void:
        return "restore_final_snapshot", "True"
    return "snapshot_identifier", f'"{found.identifier}"'


def _choose(
    report: SnapshotReport, name: str | None, project: str | None, stack: str | None, resource: str | None
) -> ReportedSnapshot:
    candidates = [
        each
        for each in report.of(project, stack).snapshots
        if name in (None, each.identifier) and resource in (None, _resource(each))
    ]
    if not candidates:
        raise _not_found(report, f"snapshot {name}" if name else f"final snapshot of stack {stack}")
    if name is None and len({each.urn for each in candidates}) > 1:
        names = ", ".join(sorted({_resource(each) for each in candidates}))
        raise RestoreError(f"stack {stack} has final snapshots of {names}\n  next: give --resource")
    chosen = max(candidates, key=_age)
    if chosen.void and name is None:
        raise RestoreError(
            f"the newest, {chosen.identifier}, is {chosen.condition}\n  next: name it to restore it all the "
            "same, or name another one (`redshift-teardown snapshots`)"
        )
    if chosen.status != "available":
        raise RestoreError(
            f"{chosen.identifier} cannot be restored now: it is {chosen.status}\n  next: wait until it is "
            "available, or name another one (`redshift-teardown snapshots`)"
        )
    return chosen


def _not_found(report: SnapshotReport, what: str) -> RestoreError:
    """Return the message that there is none where it was looked; where AWS gave no list, nobody knows."""
    unasked = dict(report.problems)
    asked = ", ".join(region for region in report.regions if region not in unasked)
    names = left_under(report)
    if not unasked:
        return RestoreError(
            f"there is no {what} in {asked}\n"
            + (f"{names}\n" if names else "")
            + "  next: look with `redshift-teardown snapshots --all-regions`"
        )
    lines = [
        f"whether there is a {what} is not known: {', '.join(unasked)} could not be asked",
        *([f"there is none in {asked}"] if asked else []),
        *(f"{region}: {words}" for region, words in unasked.items()),
        "  next: fix the error above, then run it again",
    ]
    return RestoreError("\n".join(lines))


def _may_be_newer(report: SnapshotReport) -> Iterator[str]:
    """Return in words where the newest of a stack was not looked for."""
    for region, words in report.problems:
        yield f"{region} could not be asked, so there may be a newer one: {words}"


def _until(snapshot: ReportedSnapshot, now: datetime) -> str:
    return f"until {kept_until(snapshot, now)}" if snapshot.expires else kept_until(snapshot, now)


def _age(snapshot: ReportedSnapshot) -> float:
    return snapshot.created.timestamp() if snapshot.created else 0.0


def _resource(snapshot: ReportedSnapshot) -> str:
    return snapshot.urn.rpartition("::")[2]


def _require_own_project(found: ReportedSnapshot) -> None:
    """Refuse to edit the program of another project than the snapshot's: its cluster has other data.

    Raises:
        RestoreError: they differ; the message names both.

    """
    here = project_name(project_folder())
    if here != found.project:
        raise RestoreError(
            f"{found.identifier} is of project {found.project}, and the program here is of project {here}\n"
            "  next: run this in that project's folder; or name the program with --program"
        )


def _written(program: Path | None, found: ReportedSnapshot, argument: str, value: str) -> Path:
    file = program or program_folder(project_folder()) / "__main__.py"
    if not found.claimed:
        raise RestoreError(
            f"no tags say which resource {found.identifier} belongs to\n"
            f"  next: write {argument}={value} by hand"
        )
    if program is None:
        _require_own_project(found)
    others = tuple(name for name in (*_NAMED, "restore_final_snapshot") if name != argument)
    try:
        # In bytes, so that line endings and a byte-order mark stay.
        text = read_text(file)
        mark = BOM if text.startswith(BOM) else ""
        edited = with_argument(text.removeprefix(BOM), _resource(found), argument, value, others)
        replace_whole(file.resolve(), (mark + edited).encode("utf-8"))
    except OSError as error:
        raise RestoreError(f"{name_of(file)} cannot be edited: {error.strerror}") from None
    return file
