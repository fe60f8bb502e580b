"""The page of snapshots in a real browser: light and dark, narrow and wide, by keyboard, judged by axe."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from html import unescape
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from redshift_teardown.cli.money import Price
from redshift_teardown.cli.page import page
from redshift_teardown.reports.snapshots import ReportedSnapshot, SnapshotReport, UnfinishedCreate

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
SCREENSHOTS = os.environ.get("REDSHIFT_TEARDOWN_SCREENSHOTS", "")
"""A folder for pictures of the page, for somebody who looks."""
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

JUDGE = """
<script>%s</script>
<script>
addEventListener("load", async () => {
  const rows = [...document.querySelectorAll("summary")];
  const reached = rows.filter((row) => { row.focus(); return document.activeElement === row; });
  const outlined = rows.every((row) => {
    row.focus();
    return getComputedStyle(row).outlineStyle !== "none";
  });
  rows[0].click();
  const opened = rows[0].parentElement.open;
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
  const found = await axe.run(document, {runOnly: rules});
  const report = document.createElement("pre");
  report.id = "report";
  report.textContent = JSON.stringify({
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - innerWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    rows: rows.length, reached: reached.length, outlined, opened,
    checked: found.passes.length,
    faults: found.violations.map((fault) => [fault.id, fault.impact, fault.nodes[0].html.slice(0, 200)]),
  });
  document.body.append(report);
});
</script>
"""


def snapshot(number: int, **fields: Any) -> ReportedSnapshot:
    """Make a snapshot, one like the next but for what is given."""
    created = NOW - timedelta(days=9 * number + 1)
    stack = ("prod", "staging", "pr-17")[number % 3]
    days = (None, 35, 365)[number % 3]
    values: dict[str, Any] = {
        "identifier": f"shop-{stack}-warehouse-{stack}-final-{created:%Y%m%dt%H%M%Sz}",
        "arn": f"arn:aws:redshift:eu-central-1:111122223333:snapshot:warehouse-{stack}/final-{number}",
        "account_id": "111122223333",
        "region": ("eu-central-1", "us-east-1")[number % 2],
        "status": "available",
        "cluster_identifier": f"warehouse-{stack}",
        "cluster_created": created - timedelta(days=90),
        "created": created,
        "expires": None if days is None else created + timedelta(days=days),
        "megabytes": 51_200.0 * (1 + number % 5),
        "encrypted": True,
        "kms_key_id": "arn:aws:kms:eu-central-1:111122223333:key/0a1b2c3d",
        "shared_with": (),
        "project": "shop",
        "stack": stack,
        "urn": f"urn:pulumi:{stack}::shop::pulumi-python:dynamic/redshift:Cluster::warehouse",
        "generation": "3f1c",
        "rule": "production: policy/deletion-policy.yaml:13",
    }
    return ReportedSnapshot(**{**values, **fields})


KEPT = SnapshotReport(
    snapshots=(
        *(snapshot(number) for number in range(0, 12, 3)),
        *(snapshot(number) for number in range(1, 4, 3)),
        snapshot(2, expires=NOW + timedelta(days=3)),
        snapshot(5, status="failed", shared_with=("444455556666",)),
        snapshot(8, urn="", project="", stack="", rule=""),
    ),
    unfinished=(
        UnfinishedCreate("warehouse-half", "eu-central-1", "available", NOW, "urn:pulumi:a::b::c::d"),
    ),
    others=2,
    regions=("eu-central-1", "us-east-1"),
    problems=(("me-south-1", "cannot list clusters"),),
)


def browse(file: Path, width: int, *, dark: bool, more: tuple[str, ...]) -> str:
    """Open a page and give its document as it is when all scripts have run."""
    assert BROWSER is not None
    command = [
        BROWSER,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={file.parent / 'profile'}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        f"--window-size={width},1600",
        "--virtual-time-budget=20000",
        *more,
        file.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.timeout(240)
# No window of a headless Chromium is narrower than 500.
@pytest.mark.parametrize("width", [500, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_in_a_browser(dark: bool, width: int, tmp_path: Path) -> None:
    """Nothing overflows, every row is reached and opened by keyboard, and axe finds no fault."""
    text = page(KEPT, Price(0.023), NOW)
    plain, judged = tmp_path / "page.html", tmp_path / "judged.html"
    plain.write_text(text, encoding="utf-8")
    axe = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    judged.write_text(text.replace("</body>", JUDGE.replace("%s", axe) + "</body>"), encoding="utf-8")

    document = browse(judged, width, dark=dark, more=("--dump-dom",))
    (found,) = re.findall(r'<pre id="report">(.*?)</pre>', document, re.DOTALL)
    report = json.loads(unescape(found))
    if SCREENSHOTS:
        shot = Path(SCREENSHOTS).resolve() / f"snapshots-{'dark' if dark else 'light'}-{width}.png"
        browse(plain, width, dark=dark, more=(f"--screenshot={shot}",))

    assert report["faults"] == []
    assert report["checked"] > 15
    assert (report["width"], report["overflow"], report["dark"]) == (width, 0, dark)
    assert (report["reached"], report["outlined"], report["opened"]) == (report["rows"], True, True)
    assert report["rows"] == len(KEPT.snapshots)
