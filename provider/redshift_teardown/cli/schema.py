"""`redshift-teardown schema`: the JSON Schema of the deletion policy."""

from __future__ import annotations

import click

from redshift_teardown.deletion_policy import schema_text


@click.command(
    short_help="Print the JSON Schema of the deletion policy.",
    epilog="""\b
Examples:
  redshift-teardown schema > deletion-policy.schema.json
  # then, as the first line of the policy:
  # yaml-language-server: $schema=deletion-policy.schema.json
""",
)
def schema() -> None:
    """Print the JSON Schema of the deletion policy, which gives editors completion and hover text."""
    click.echo(schema_text(), nl=False)
