"""The page of snapshots: one file that holds all it needs, with a retention timeline and a cost curve.

No script: what opens, opens by the browser's own means, so that it works by keyboard, offline and printed.
"""

# ruff: noqa: E501 - markup is read best where an element is on a line

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING

from redshift_teardown.cli.money import Price, dollars
from redshift_teardown.escaping import markup
from redshift_teardown.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from redshift_teardown.reports.snapshots import ReportedSnapshot, SnapshotReport

_SOON = timedelta(days=7)
_LEAST_AHEAD = timedelta(days=60)
_MOST_AHEAD = timedelta(days=400)
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 900, 260, 110, 36, 30
_DAY = 86400.0
_MOMENT = timedelta(seconds=1)

_LEGEND = (
    ("", "kept until a day"),
    ("ever", "kept forever"),
    ("soon", "goes within a week"),
    ("none", "claimed by no stack"),
    ("bad", "cannot be restored"),
)


def page(report: SnapshotReport, price: Price, now: datetime) -> str:
    """Write the page.

    Args:
        report: What was found.
        price: What a GB costs in a month.
        now: The time of the find.

    Returns:
        An HTML document without any reference to another file.

    """
    span = _span(report.snapshots, now)
    style = resources.files("redshift_teardown.cli").joinpath("page.css").read_text(encoding="utf-8")
    body = "\n".join(
        [
            "<h1>Final snapshots</h1>",
            f'<p class="lead">What destroyed Redshift clusters have left in {markup(_where(report))}, as of {now:%Y-%m-%d %H:%M} UTC.</p>',
            _tiles(report, price, now),
            *_warnings(report),
            *(_figures(report, price, now, span) if report.snapshots else ["<p>There is none.</p>"]),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Final snapshots, {now:%Y-%m-%d}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _where(report: SnapshotReport) -> str:
    accounts = sorted({snapshot.account_id for snapshot in report.snapshots} - {""})
    places = ", ".join(report.regions) if len(report.regions) <= 4 else f"{len(report.regions)} regions"  # noqa: PLR2004
    return f"account {', '.join(accounts)}, {places}" if accounts else places or "no region"


def _tiles(report: SnapshotReport, price: Price, now: datetime) -> str:
    so_far = sum(price.so_far(s.megabytes, _days(s, now)) for s in report.snapshots)
    ending = sorted(
        (snapshot for snapshot in report.snapshots if snapshot.expires and snapshot.expires > now),
        key=lambda snapshot: snapshot.expires or now,
    )
    for_ever = sum(1 for snapshot in report.snapshots if snapshot.expires is None)
    tiles = [
        ("snapshots", str(len(report.snapshots)), f"{for_ever} kept forever"),
        ("size", size(report.megabytes), "as AWS bills it"),
        ("cost a month", dollars(price.monthly(report.megabytes)), price.describe()),
        ("cost so far", dollars(so_far), "since each was taken"),
    ]
    if ending and ending[0].expires:
        tiles.append(("next to go", f"{ending[0].expires:%Y-%m-%d}", ending[0].cluster_identifier))
    items = "".join(
        f'<div class="tile"><dt>{markup(term)}</dt><dd>{markup(value)}<small>{markup(note)}</small></dd></div>'
        for term, value, note in tiles
    )
    return f'<dl class="tiles">{items}</dl>'


def _warnings(report: SnapshotReport) -> Iterator[str]:
    for each in report.unfinished:
        yield (
            f'<p class="warn">Cluster <b>{markup(each.identifier)}</b> in {markup(each.region)} was left by a '
            f"create that did not finish ({markup(each.status)}). It goes on with the next <code>pulumi "
            f"up</code> of <code>{markup(each.urn)}</code>.</p>"
        )
    for region, words in report.problems:
        yield f'<p class="warn">{markup(region)} could not be asked: {markup(words)}</p>'


def _figures(report: SnapshotReport, price: Price, now: datetime, span: _Span) -> Iterator[str]:
    yield '<h2 id="cost">What keeping them costs</h2>'
    yield (
        '<p class="hint">US dollars a month, from the first snapshot on; to the right of today, if nothing new '
        "is taken.</p>"
    )
    yield _curve(report, price, now, span)
    yield '<h2 id="retention">How long they are kept</h2>'
    yield '<p class="hint">A bar runs from the day a snapshot was taken to the day AWS deletes it.</p>'
    legend = "".join(
        f'<li><span class="bar {kind}" aria-hidden="true"></span>{words}</li>' for kind, words in _LEGEND
    )
    yield f'<ul class="legend">{legend}</ul>'
    for group, members in groupby(report.snapshots, _group):
        rows = list(members)
        yield f'<section class="group"><h3>{markup(group)}</h3>{_scale(now, span)}<ul class="rows">'
        yield from (_row(snapshot, price, now, span) for snapshot in rows)
        yield "</ul></section>"


# --- time ---


@dataclass(frozen=True)
class _Span:
    """The time that timeline and curve show."""

    start: datetime
    end: datetime

    def share(self, moment: datetime) -> float:
        """Return where a moment lies, 0 at the start and 1 at the end."""
        whole = (self.end - self.start).total_seconds()
        return min(1.0, max(0.0, (moment - self.start).total_seconds() / whole))


def _span(snapshots: Iterable[ReportedSnapshot], now: datetime) -> _Span:
    found = list(snapshots)
    start = min((s.created for s in found if s.created), default=now) - timedelta(days=1)
    last = max((s.expires for s in found if s.expires), default=now) + timedelta(days=2)
    return _Span(start, min(max(last, now + _LEAST_AHEAD), now + _MOST_AHEAD))


def _days(snapshot: ReportedSnapshot, now: datetime) -> float:
    return (now - snapshot.created).total_seconds() / _DAY if snapshot.created else 0.0


def _marks(span: _Span) -> list[datetime]:
    """Return the first days of months in the span: about six of them, evenly apart."""
    months = []
    year, month = span.start.year, span.start.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 - December
        first = datetime(year, month, 1, tzinfo=timezone.utc)
        if first > span.end:
            break
        months.append(first)
    every = max(1, round(len(months) / 6))
    return months[::every]


# --- the curve ---


def _curve(report: SnapshotReport, price: Price, now: datetime, span: _Span) -> str:
    points = list(_costs(report.snapshots, price, now, span))
    most = max(cost for _, cost in points) or 1.0
    across, up = _WIDTH - _LEFT - 10, _HEIGHT - _BOTTOM - _TOP

    def x(moment: datetime) -> float:
        return _LEFT + across * span.share(moment)

    def y(cost: float) -> float:
        return _TOP + up * (1 - cost / (most * 1.08))

    steps = [f"M{x(points[0][0]):.1f},{y(points[0][1]):.1f}"]
    steps += [f"H{x(moment):.1f}V{y(cost):.1f}" for moment, cost in points[1:]]
    line = "".join(steps) + f"H{_LEFT + across}"
    area = f"{line}V{y(0):.1f}H{_LEFT}Z"
    grid = "".join(
        f'<line class="gridline" x1="{_LEFT}" x2="{_LEFT + across}" y1="{y(c):.1f}" y2="{y(c):.1f}"/>'
        f'<text class="axis" x="{_LEFT - 8}" y="{y(c) + 4:.1f}" text-anchor="end">{dollars(c)}</text>'
        for c in (0.0, most / 2, most)
    )
    months = "".join(
        f'<text class="axis{" every-other" if number % 2 else ""}" x="{x(m):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{m:%b %Y}</text>'
        for number, m in enumerate(_marks(span))
        if span.share(m) < 0.97  # noqa: PLR2004 - beyond that the label would be cut off
    )
    at = x(now)
    today = (
        f'<line class="now-line" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{y(0):.1f}"/>'
        f'<text class="axis" x="{at + 5:.1f}" y="{_TOP + 10}">today</text>'
    )
    words = (
        f"Monthly cost from {span.start:%Y-%m-%d} to {span.end:%Y-%m-%d}: {dollars(price.monthly(report.megabytes))} today, "
        f"{dollars(points[-1][1])} at the end, at most {dollars(most)}."
    )
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="curve-words">'
        f'<title id="curve-words">{markup(words)}</title>{grid}<path class="curve-area" d="{area}"/>'
        f'<path class="curve-line" d="{line}"/>{today}{months}</svg><figcaption class="hint">{markup(words)}'
        "</figcaption></figure>"
    )


def _costs(
    snapshots: Iterable[ReportedSnapshot], price: Price, now: datetime, span: _Span
) -> Iterator[tuple[datetime, float]]:
    """Return the monthly cost from each moment on at which it changes.

    What AWS shows is there now, whatever its clock and its retention say.
    """
    changes: list[tuple[datetime, float]] = []
    for snapshot in snapshots:
        monthly = price.monthly(snapshot.megabytes)
        changes.append((min(snapshot.created or span.start, now), monthly))
        if snapshot.expires is not None:
            changes.append((max(snapshot.expires, now + _MOMENT), -monthly))
    total = 0.0
    yield span.start, total
    for moment, members in groupby(sorted(changes), lambda change: change[0]):
        total = max(0.0, total + sum(change for _, change in members))
        if moment <= span.end:
            yield moment, total


# --- the timeline ---


def _scale(now: datetime, span: _Span) -> str:
    today = span.share(now)
    marks = [(mark, span.share(mark)) for mark in _marks(span)]
    shown = "".join(
        f'<span class="between" style="left:{_percent(share)}">{mark:%b %Y}</span>'
        for mark, share in marks
        if abs(share - today) > 0.07 and 0.03 < share < 0.96  # noqa: PLR2004 - labels must not meet
    )
    edge = "today at-start" if today < 0.05 else "today"  # noqa: PLR2004 - half a word wide
    return (
        '<div class="scale-row" aria-hidden="true"><div class="scale">'
        f'{shown}<span class="{edge}" style="left:{_percent(today)}">today</span></div></div>'
    )


def _row(snapshot: ReportedSnapshot, price: Price, now: datetime, span: _Span) -> str:
    left = span.share(snapshot.created) if snapshot.created else 0.0
    right = span.share(snapshot.expires) if snapshot.expires else 1.0
    until = f"kept until {snapshot.expires:%Y-%m-%d}" if snapshot.expires else "kept forever"
    bar = (
        f'<span class="bar {_kind(snapshot, now)}" style="left:{_percent(left)};'
        f'width:{_percent(max(0.0, right - left))}"></span><i style="left:{_percent(span.share(now))}"></i>'
    )
    monthly = dollars(price.monthly(snapshot.megabytes))
    so_far = dollars(price.so_far(snapshot.megabytes, _days(snapshot, now)))
    facts = [
        ("snapshot", f"<code>{markup(snapshot.identifier)}</code>"),
        ("ARN", f"<code>{markup(snapshot.arn)}</code>"),
        ("of", f"{markup(snapshot.cluster_identifier)}, generation {markup(snapshot.generation)}"),
        ("taken", f"{snapshot.created:%Y-%m-%d %H:%M} UTC" if snapshot.created else "unknown"),
        ("kept", until),
        ("cost", f"{monthly} a month, {so_far} so far"),
        ("status", markup(snapshot.status)),
        ("encrypted", markup(snapshot.kms_key_id or "yes") if snapshot.encrypted else "no"),
        ("shared with", markup(", ".join(snapshot.shared_with)) or "nobody"),
        ("asked for by", markup(snapshot.rule) or "not recorded"),
        ("restore", f"<code>redshift-teardown restore {markup(snapshot.identifier)}</code>"),
    ]
    listed = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in facts)
    return (
        f'<li><details><summary><span class="name"><b>{markup(snapshot.cluster_identifier)}</b>'
        f"<span>{size(snapshot.megabytes)}, {markup(snapshot.region)}, {until}{_caution(snapshot)}</span></span>"
        f'<span class="track" aria-hidden="true">{bar}</span></summary><dl class="facts">{listed}</dl></details></li>'
    )


def _caution(snapshot: ReportedSnapshot) -> str:
    return f", {markup(snapshot.condition)}" if snapshot.condition else ""


def _kind(snapshot: ReportedSnapshot, now: datetime) -> str:
    if not snapshot.restorable:
        return "bad"
    if not snapshot.claimed:
        return "none"
    if snapshot.expires is None:
        return "ever"
    return "soon" if snapshot.expires - now < _SOON else ""


def _group(snapshot: ReportedSnapshot) -> str:
    return f"{snapshot.project} / {snapshot.stack}" if snapshot.claimed else "Claimed by no stack"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
