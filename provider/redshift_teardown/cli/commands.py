"""The group of commands; each has a module of its own, imported when it is asked for."""

from __future__ import annotations

import importlib
import os
from typing import Any, ClassVar

import click


class Commands(click.Group):
    """Commands that are imported when they run: `check` in a workflow needs no part of what `plan` does."""

    NAMES: ClassVar = ("plan", "snapshots", "restore", "check", "explain", "schema", "emulator")

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the order that help shows them in."""
        return list(self.NAMES)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None where there is none of that name."""
        if cmd_name not in self.NAMES:
            return None
        module = importlib.import_module(f"redshift_teardown.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command


def _without_colour(_ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if value:
        os.environ["NO_COLOR"] = "1"


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Completion of commands and options, for bash (zsh and fish likewise):
  eval "$(_REDSHIFT_TEARDOWN_COMPLETE=bash_source redshift-teardown)"
""",
)
@click.version_option(package_name="pulumi-redshift-teardown")
@click.option(
    "--no-color",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_without_colour,
    help="Write without colours, as NO_COLOR in the environment does.",
)
def cli() -> None:
    """Redshift clusters that keep, when destroyed, the final snapshot their policy asks for."""
