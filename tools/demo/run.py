"""The main job, watched: up, a blocked preview, destroy with its final snapshot, restore.

Everything runs on this machine: the real Pulumi engine drives the real code against the emulator, in a
copy of the project with a state of its own. Nothing of it is left behind, also when it is interrupted.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import boto3

CLONE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CLONE))

from redshift_teardown.emulator import Control  # noqa: E402
from tools.pulumi import engine  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

REGION = "eu-central-1"
"""The region of the committed stacks."""
CLUSTER = "warehouse-prod"
SPEED = 60.0
"""A minute of AWS in a second."""
GRACE_SECONDS = 30
INTERRUPTED = 130
"""A shell's exit code for what Ctrl-C ended."""
MARKER = "2 400 000 orders"
"""What the emulator keeps as a cluster's data, so that it can be seen to come back."""

_COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


class DemoError(Exception):
    """Something did not go as it must; the message says what."""


class Demo:
    """One run: an emulator, a copy of the project, and Pulumi in it.

    Args:
        folder: An empty folder for all of it.
    """

    def __init__(self, folder: Path) -> None:
        self.project = engine.copy_project(folder / "project")
        self.emulator = subprocess.Popen(
            [sys.executable, "-m", "redshift_teardown.emulator", "--speed", str(SPEED)],
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C is ours to handle: the emulator stays until the clean-up is through.
            start_new_session=True,
        )
        line = self.emulator.stdout.readline() if self.emulator.stdout else ""
        self.url = line.rpartition(" ")[2].strip()
        if not self.url.startswith("http"):
            raise DemoError("the emulator did not start; run `redshift-teardown emulator` to see why")
        self.control = Control(self.url, region=REGION)
        self.environment = {
            # Whatever AWS profile this shell has: the demo neither reads nor needs it.
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))},
            **engine.environment(folder / "state"),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "demo",
            "AWS_SECRET_ACCESS_KEY": "demo",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(folder / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        }

    def close(self) -> None:
        """Stop the emulator."""
        self.emulator.terminate()
        self.emulator.wait(timeout=10)

    def pulumi(self, *arguments: str, fails: bool = False, quiet: bool = False) -> None:
        """Run Pulumi and show what it prints.

        Args:
            *arguments: Its arguments.
            fails: Whether it must end with an error.
            quiet: Whether what it prints is shown only when it does not end as it must.

        Raises:
            DemoError: It did not end as it must.
        """
        if not quiet:
            say(f"$ pulumi {' '.join(arguments)}", colour="36")
        process = subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", f"--color={'always' if _COLOUR else 'never'}"],
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C is passed on below, so that Pulumi ends before what it talks to does.
            start_new_session=True,
        )
        try:
            output, _ = process.communicate()
        except KeyboardInterrupt:
            self._let_finish(process)
            raise
        if (process.returncode != 0) is not fails:
            if quiet:
                print(output)
            wanted = "fail" if fails else "succeed"
            raise DemoError(f"`pulumi {' '.join(arguments)}` had to {wanted}; exit code {process.returncode}")
        if not quiet:
            print(flush=True)

    @staticmethod
    def _let_finish(process: subprocess.Popen[str]) -> None:
        """Have an interrupted Pulumi end the step it is in: killed, it would leave its provider waiting."""
        print("\ninterrupted; Pulumi ends the step it is in (a few seconds)", file=sys.stderr)
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=GRACE_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
            process.communicate()

    def redshift(self) -> Any:
        """Return a plain boto3 client, which knows nothing of this package."""
        return boto3.client(
            "redshift",
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="demo",
            aws_secret_access_key="demo",  # noqa: S106 - the emulator takes any
        )

    def run(self) -> None:
        """Show the main job.

        Raises:
            DemoError: A step did not go as it must.
        """
        for stack in ("dev", "prod"):
            self.pulumi("stack", "init", stack, quiet=True)

        heading(
            "1. A dev and a production warehouse go up",
            "`on_destroy` says beforehand what a destroy would do, and which line of the policy says so.",
        )
        self.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")
        self.pulumi("up", "--stack", "prod", "--yes", "--skip-preview")
        self.control.set_marker(CLUSTER, MARKER)
        say(f"data in {CLUSTER}: {MARKER}\n")

        heading(
            "2. Somebody asks to skip production's final snapshot",
            "The policy pack blocks that in preview, before anything happens.",
        )
        self.pulumi("config", "set", "--stack", "prod", "skipFinalSnapshot", "true", quiet=True)
        self.pulumi("preview", "--stack", "prod", "--policy-pack", "policy", fails=True)
        say("The preview failed, as it should.\n")

        heading(
            "3. Production is destroyed",
            "The final snapshot is taken by policy, watched, and proven before the cluster leaves the stack.",
        )
        self.pulumi("destroy", "--stack", "prod", "--yes", "--skip-preview")
        snapshot = self.snapshot()
        say("What AWS itself says of it:")
        days = snapshot["ManualSnapshotRetentionPeriod"]
        say(f"  name       {snapshot['SnapshotIdentifier']}")
        say(f"  status     {snapshot['Status']}")
        say(f"  retention  {'forever' if days == -1 else f'{days} days'}")
        for tag in sorted(snapshot["Tags"], key=lambda tag: tag["Key"]):
            say(f"  tag        {tag['Key']} = {tag['Value']}")
        print()

        heading(
            "4. Production comes back",
            "`restore` makes the new cluster from the newest final snapshot that this stack has left.",
        )
        self.pulumi("config", "set", "--stack", "prod", "skipFinalSnapshot", "false", quiet=True)
        self.pulumi("config", "set", "--stack", "prod", "restore", "true", quiet=True)
        self.pulumi("up", "--stack", "prod", "--yes", "--skip-preview")
        found = self.control.marker(CLUSTER)
        if found != MARKER:
            raise DemoError(f"the restored cluster holds {found!r}, not {MARKER!r}")
        say(f"data in {CLUSTER}: {found}\n")

        heading(
            "5. Dev is destroyed by its own rules",
            "It is tagged as ephemeral, and a rule of its environment lets such clusters go without one.",
        )
        self.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview")
        say("Done. Nothing of this is left: stacks, state and emulator were the demo's own.", colour="32")

    def snapshot(self) -> dict[str, Any]:
        """Ask AWS for the one final snapshot that production has left.

        Raises:
            DemoError: There is not exactly one, or it is not available.
        """
        found = self.redshift().describe_cluster_snapshots(ClusterIdentifier=CLUSTER, SnapshotType="manual")[
            "Snapshots"
        ]
        if [each["Status"] for each in found] != ["available"]:
            raise DemoError(f"there had to be one available snapshot of {CLUSTER}, not {found}")
        snapshot: dict[str, Any] = found[0]
        return snapshot


def heading(title: str, why: str) -> None:
    """Say what is about to be seen, and why."""
    say(f"== {title}", colour="1")
    say(f"   {why}\n")


def say(text: str, colour: str = "") -> None:
    """Print a line, coloured where the terminal takes it."""
    print(f"\x1b[{colour}m{text}\x1b[0m" if colour and _COLOUR else text, flush=True)


def _interrupted(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(_arguments: Sequence[str]) -> int:
    """Run the demo; 0 where every step went as it must."""
    signal.signal(signal.SIGTERM, _interrupted)
    folder = Path(tempfile.mkdtemp(prefix="redshift-teardown-demo-"))
    demo: Demo | None = None
    try:
        demo = Demo(folder)
        demo.run()
    except DemoError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        if demo is not None:
            demo.close()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
