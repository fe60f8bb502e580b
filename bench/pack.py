"""How much longer a preview takes with the policy pack than with a pack that does nothing.

    eval "$(make -s env)"; python bench/pack.py [--resources 1000] [--rounds 5]

Both packs are Python, so the difference is what these policies cost, not what starting a pack costs. The
stack has one owned cluster for every hundred resources and buckets of pulumi-aws for the rest; the plugins of
AWS are the doubles that the tests use. Compared is the fastest round of each, since whatever else a machine
does only ever adds; the processor time beside it tells how busy the machine was. Exits 1 where the difference
is over the limit.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.pulumi import engine  # noqa: E402 - the clone is no package

LIMIT_SECONDS = 1.0
ACCOUNT = "999900001111"

PROGRAM = """\
import pulumi_aws as aws
from redshift_teardown import Cluster

for number in range({resources}):
    if number % 100:
        aws.s3.Bucket(f"bucket-{{number}}", tags={{"number": str(number), "team": "data", "stack": "bench"}})
    else:
        Cluster(
            f"cluster-{{number}}",
            cluster_identifier=f"cluster-{{number}}",
            node_type="ra3.xlplus",
            master_username="admin",
            manage_master_password=True,
        )
"""

EMPTY_PACK = """\
from pulumi_policy import PolicyPack, ResourceValidationPolicy

PolicyPack(
    name="empty",
    policies=[
        ResourceValidationPolicy(name="nothing", description="Nothing.", validate=lambda args, report: None)
    ],
)
"""


def main() -> int:
    """Measure, and print a line for each round and one for all."""
    parser = argparse.ArgumentParser(description="Measures what the policy pack adds to a preview.")
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = _project(Path(folder), given.resources)
        empty = _empty_pack(Path(folder))
        variables = _variables(Path(folder))
        subprocess.run(
            ["pulumi", "stack", "init", "prod"], cwd=project, env=variables, check=True, capture_output=True
        )
        packs = {"empty": empty, "redshift": ROOT / "policy"}
        times: dict[str, list[float]] = {name: [] for name in packs}
        work: dict[str, list[float]] = {name: [] for name in packs}
        for number in range(given.rounds):
            # In turns, and in turned order, so that a machine that warms up or tires favours neither.
            for name in sorted(packs, reverse=bool(number % 2)):
                taken, worked = _preview(project, packs[name], variables)
                times[name].append(taken)
                work[name].append(worked)
            print(f"round {number + 1}: " + ", ".join(f"{name} {times[name][-1]:.2f} s" for name in packs))
    best = {name: min(taken) for name, taken in times.items()}
    least = {name: min(worked) for name, worked in work.items()}
    difference = best["redshift"] - best["empty"]
    print(
        f"{given.resources} resources: empty pack {best['empty']:.2f} s, this pack {best['redshift']:.2f} s, "
        f"difference {difference:.2f} s, ratio {best['redshift'] / best['empty']:.3f} "
        f"(fastest of {given.rounds} rounds); "
        f"processor time {least['empty']:.2f} s and {least['redshift']:.2f} s"
    )
    if difference > LIMIT_SECONDS:
        print(f"over the limit of {LIMIT_SECONDS} s")
        return 1
    return 0


def _preview(project: Path, pack: Path, variables: dict[str, str]) -> tuple[float, float]:
    """Return the seconds that a preview takes, and those that its processes work."""
    before, start = _worked(), time.perf_counter()
    done = subprocess.run(
        ["pulumi", "preview", "--non-interactive", "--stack", "prod", "--policy-pack", str(pack)],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(f"the preview failed:\n{done.stdout}{done.stderr}")
    return taken, _worked() - before


def _worked() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _project(folder: Path, resources: int) -> Path:
    project = folder / "project"
    project.mkdir()
    virtualenv = ROOT / ".venv"
    (project / "Pulumi.yaml").write_text(
        f"name: bench\nruntime: {{name: python, options: {{virtualenv: {virtualenv}}}}}\n"
    )
    (project / "Pulumi.prod.yaml").write_text(
        f'config:\n  aws:region: eu-central-1\n  aws:allowedAccountIds: ["{ACCOUNT}"]\n'
    )
    (project / "__main__.py").write_text(PROGRAM.format(resources=resources))
    (project / "policy").symlink_to(ROOT / "policy")
    return project


def _empty_pack(folder: Path) -> Path:
    pack = folder / "empty"
    pack.mkdir()
    virtualenv = ROOT / ".venv"
    (pack / "PulumiPolicy.yaml").write_text(
        f"runtime: {{name: python, options: {{virtualenv: {virtualenv}}}}}\nversion: 0.0.1\n"
    )
    (pack / "__main__.py").write_text(EMPTY_PACK)
    return pack


def _variables(folder: Path) -> dict[str, str]:
    plugins = folder / "bin"
    plugins.mkdir()
    script = plugins / "pulumi-resource-aws"
    double = ROOT / "tests" / "pack" / "provider_double.py"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{double}" aws {ACCOUNT} "$@"\n')
    script.chmod(0o755)
    variables = engine.environment(folder / "state")
    search = os.pathsep.join([str(plugins), variables["PATH"]])
    return {**os.environ, **variables, "PATH": search}


if __name__ == "__main__":
    sys.exit(main())
