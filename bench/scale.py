"""How long many clusters take to destroy, and what it costs, against other ways to do it.

    make bench                                       this and the other measurements; about half an hour
    python bench/scale.py --counts 1,10 --no-others  a first impression

It starts an emulator whose clusters take 20 s for the final snapshot and 5 s to be deleted, brings stacks
up on the real engine, destroys them, and counts. The table is printed and, with `--write`, put into
`README.md` and `docs/scale.md`, with the plot beside it; nothing in them is written by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import contenders  # noqa: E402 - the clone is no package
from bench.plot import plot  # noqa: E402
from bench.stage import Aws, Stack, StageError  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.stage import Run

FINAL_SNAPSHOT, DELETING = 20.0, 5.0
POLL_SECONDS = 2.0
ONCE = "redshift-teardown, Pulumi writing its state once"
OURS, STOCK = "redshift-teardown", "stock: four workers, each polls alone"
IMPORT_ROUNDS = 15
IMPORT_MILLISECONDS = 60
PREVIEW_ROUNDS = 5
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        way: What destroyed them.
        count: How many clusters.
        seconds: From the start of the command to its end.
        looks: Describe calls a cluster.
        changes: DeleteCluster and CreateTags calls a cluster.
        latency: Median seconds from a cluster's end to the moment the way knew of it; None where unknown.
        latency_worst: The longest of them.
        megabytes: The most memory of the provider process; None where there is none.
        cpu: Its CPU while it waited, as a part of one core.
        left: Clusters still there when the command ended: whoever does not wait does not know.
        load: The machine's load when it began.

    """

    way: str
    count: int
    seconds: float
    looks: float
    changes: float
    latency: float | None = None
    latency_worst: float | None = None
    megabytes: float | None = None
    cpu: float | None = None
    left: int = 0
    load: float = 0.0


def _row(way: str, count: int, run: Run, aws: Aws, load: float, latencies: Sequence[float] = ()) -> Row:
    return Row(
        way=way,
        count=count,
        seconds=round(run.seconds, 1),
        looks=round(run.describes / count, 2),
        changes=round(run.count("DeleteCluster", "CreateTags") / count, 2),
        latency=round(statistics.median(latencies), 1) if latencies else None,
        latency_worst=round(max(latencies), 1) if latencies else None,
        megabytes=round(run.peak_memory / 1e6) if run.samples else None,
        cpu=round(run.cpu_while_waiting, 3) if run.samples else None,
        left=len(aws.control.state()["clusters"]),
        load=round(load, 1),
    )


def ours(counts: Iterable[int], folder: Path, *, checkpoints: bool = True) -> list[Row]:
    """Measure this product, each count once, with Pulumi's state written at every operation or at the end."""
    rows = []
    for count in counts:
        with Aws(final_snapshot=FINAL_SNAPSHOT, deleting=DELETING) as aws:
            own = folder / f"ours-{count}-{checkpoints}"
            stack = Stack(aws, own, poll_seconds=POLL_SECONDS, checkpoints=checkpoints)
            stack.up(count)
            load = os.getloadavg()[0]
            run = stack.destroy()
            way = OURS if checkpoints else ONCE
            rows.append(_row(way, count, run, aws, load, _latencies(aws, stack)))
            _say(rows[-1])
    return rows


def _latencies(aws: Aws, stack: Stack) -> list[float]:
    """Give, for each cluster, the seconds from its end to the receipt that says so."""
    ended = {life["identifiers"][-1]: life["deleted"] for life in aws.control.state()["generations"]}
    found = []
    for file in (stack.project / "receipts").glob("*.json"):
        receipt = json.loads(file.read_text("utf-8"))
        if receipt["state"] == "done":
            found.append(datetime.fromisoformat(receipt["written"]).timestamp() - ended[receipt["cluster"]])
    return found


def stock(counts: Iterable[int], folder: Path) -> list[Row]:
    """Measure a dynamic provider as the documentation teaches it."""
    rows = []
    for count in counts:
        with Aws(final_snapshot=FINAL_SNAPSHOT, deleting=DELETING) as aws:
            stack = Stack(aws, folder / f"stock-{count}", program=contenders.stock_program(POLL_SECONDS))
            stack.up(count)
            load = os.getloadavg()[0]
            rows.append(_row(STOCK, count, stack.destroy(), aws, load))
            _say(rows[-1])
    return rows


def others(counts: Iterable[int], folder: Path) -> list[Row]:
    """Measure the tools that people use instead, each in its own virtual environment."""
    rows = []
    for tool, (name, destroy) in contenders.CONTENDERS.items():
        try:
            programs, version = contenders.prepared(tool)
        except StageError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        for count in counts:
            with Aws(final_snapshot=FINAL_SNAPSHOT, deleting=DELETING) as aws:
                own = folder / f"{tool}-{count}"
                own.mkdir()
                names = contenders.create(aws, count)
                load = os.getloadavg()[0]
                run = destroy(aws, own, programs, names)
                rows.append(_row(f"{name} ({version})", count, run, aws, load))
                _say(rows[-1])
    return rows


def imports() -> tuple[float, float]:
    """Return milliseconds: ``import pulumi``, and what the resource adds; the least of many rounds."""
    alone, both = [], []
    for _ in range(IMPORT_ROUNDS):
        alone.append(_timed("import pulumi"))
        both.append(_timed("import pulumi; from redshift_teardown import Cluster"))
    return min(alone), min(both) - min(alone)


def _timed(code: str) -> float:
    measured = f"import time; began = time.perf_counter(); {code}; print(time.perf_counter() - began)"
    done = subprocess.run([sys.executable, "-c", measured], capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000


def preview(folder: Path) -> tuple[float, float]:
    """Return seconds of a preview: of a stack without resources, and of one with one cluster."""
    with Aws(final_snapshot=0, deleting=0) as aws:
        stack = Stack(aws, folder / "preview")
        empty = Stack(aws, folder / "empty", program="import pulumi  # {first} {last}\n")
        rounds = [(empty.preview(0).seconds, stack.preview(1).seconds) for _ in range(PREVIEW_ROUNDS)]
    return min(first for first, _ in rounds), min(second for _, second in rounds)


# --- what is said ---


def _say(row: Row) -> None:
    print(
        f"{row.way}, {row.count}: {row.seconds} s, {row.looks} looks a cluster", file=sys.stderr, flush=True
    )


def _shown(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:g}{unit}"


def table(rows: Sequence[Row]) -> str:
    """Write the measurements as a Markdown table."""
    lines = [
        "| way | clusters | time | reads per cluster | writes per cluster | noticed after (worst) | memory | CPU |",  # noqa: E501 - a row of a table
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        noticed = "" if row.latency is None else f"{row.latency:g} s ({row.latency_worst:g} s)"
        seconds = f"{row.seconds:g} s" if not row.left else f"{row.seconds:g} s, does not wait"
        cpu = "" if row.cpu is None else f"{100 * row.cpu:.0f} %"
        lines.append(
            f"| {row.way} | {row.count} | {seconds} | {row.looks:g} | {row.changes:g} | {noticed} "
            f"| {_shown(row.megabytes, ' MB')} | {cpu} |"
        )
    return "\n".join(lines)


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Hold the measurements against what the documentation promises; what was not measured is not judged."""
    by = {(row.way, row.count): row for row in rows}
    one, hundred, two_hundred = by.get((OURS, 1)), by.get((OURS, 100)), by.get((OURS, 200))
    said = []

    def judge(what: str, value: float, limit: float) -> None:
        said.append(
            f"{'holds' if value <= limit else 'DOES NOT HOLD'}: {what}: {value:.3g}, at most {limit:g}"
        )

    if one and hundred:
        judge("100 clusters, times the time of one", hundred.seconds / one.seconds, 1.15)
    once_one, once_hundred = by.get((ONCE, 1)), by.get((ONCE, 100))
    if once_one and once_hundred:
        ratio = once_hundred.seconds / once_one.seconds
        judge("100 clusters, times the time of one, Pulumi writing its state once", ratio, 1.15)
    if hundred:
        alone = 2 * hundred.seconds / POLL_SECONDS
        judge("100 clusters, looks as a part of polling each alone", hundred.looks / alone, 1 / 40)
        judge("100 clusters, changing calls a cluster", hundred.changes, 2)
        if stock_row := by.get((STOCK, 100)):
            judge("100 clusters, times the stock way's time", hundred.seconds / stock_row.seconds, 0.1)
    if two_hundred and two_hundred.megabytes is not None and two_hundred.cpu is not None:
        judge("200 clusters, megabytes of the provider process", two_hundred.megabytes, 250)
        judge("200 clusters, part of a core while waiting", two_hundred.cpu, 0.25)
    return said


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


def main() -> int:
    """Measure what the command line asks for; 1 where a promise does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", type=_numbers, default=[1, 10, 50, 100, 200], help="of this product")
    parser.add_argument("--stock-counts", type=_numbers, default=[1, 10, 100], help="of the stock way")
    parser.add_argument("--other-counts", type=_numbers, default=[1, 10], help="of the other tools")
    parser.add_argument("--no-others", action="store_true", help="leave the other tools out")
    parser.add_argument("--write", action="store_true", help="put table and plot into docs/")
    options = parser.parse_args()
    began = time.strftime("%Y-%m-%d")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        rows = ours(options.counts, folder)
        rows += ours([count for count in options.counts if count in {1, 100}], folder, checkpoints=False)
        rows += stock(options.stock_counts, folder)
        if not options.no_others:
            rows += others(options.other_counts, folder)
        base, added = imports()
        without, with_one = preview(folder)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    loads = [row.load for row in rows]
    python = platform.python_version()
    notes = [
        f"Measured {began} on {machine}, Python {python}, at a load of {min(loads):g} to {max(loads):g}.",
        f"`import pulumi` takes {base:.0f} ms; `from redshift_teardown import Cluster` adds {added:.0f} ms.",
        f"`pulumi preview` takes {without:.1f} s without resources and {with_one:.1f} s with one cluster.",
    ]
    judged = [f"- {line}" for line in verdicts(rows)]
    text = "\n".join([table(rows), "", *notes, "", *judged])
    print(text)
    if options.write:
        _write(text, rows)
    return int(any("DOES NOT" in line for line in verdicts(rows)) or added > IMPORT_MILLISECONDS)


def _write(text: str, rows: Sequence[Row]) -> None:
    for page in (ROOT / "docs" / "scale.md", ROOT / "README.md"):
        before, _, rest = page.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", "utf-8")
    (ROOT / "docs" / "scale.svg").write_text(
        plot([asdict(row) for row in rows], FINAL_SNAPSHOT + DELETING), "utf-8"
    )


if __name__ == "__main__":
    sys.exit(main())
