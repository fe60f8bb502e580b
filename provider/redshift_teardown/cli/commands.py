"""The group of commands; each has a module of its own."""

from __future__ import annotations

import click

from redshift_teardown.cli.check import check
from redshift_teardown.cli.emulator import emulator
from redshift_teardown.cli.explain import explain
from redshift_teardown.cli.schema import schema


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pulumi-redshift-teardown")
def cli() -> None:
    """Redshift clusters that keep, when destroyed, the final snapshot their policy asks for."""


cli.add_command(check)
cli.add_command(explain)
cli.add_command(schema)
cli.add_command(emulator)
