"""`redshift-teardown emulator`: a local Redshift."""

from __future__ import annotations

import click


@click.command(
    short_help="Serve a strict local Redshift.",
    epilog="""\b
Examples:
  redshift-teardown emulator --port 5000 --speed 60
  AWS_ENDPOINT_URL=http://127.0.0.1:5000 pulumi up
""",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--speed",
    type=float,
    default=1.0,
    show_default=True,
    help="How many times faster than AWS phases pass; 60 turns a minute into a second.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False),
    help="Keep the state in this file, so that it outlives a restart.",
)
def emulator(host: str, port: int, speed: float, state: str | None) -> None:
    """Serve a strict local Redshift, with STS, over HTTP until it is told to stop (Ctrl-C).

    It needs the extra `emulator`. The product does not know of it: pointed there by AWS_ENDPOINT_URL, the
    same code that talks to AWS talks to it.
    """
    try:
        from redshift_teardown.emulator.command import serve  # noqa: PLC0415 - its extra may be missing
        from redshift_teardown.emulator.errors import EmulatorError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "redshift_teardown"):
            raise
        raise click.ClickException(
            f"the emulator needs {missing}, which is not installed; "
            "install it with: pip install 'pulumi-redshift-teardown[emulator]'"
        ) from None
    try:
        serve(host, port, speed, state)
    except (EmulatorError, ValueError) as error:
        raise click.ClickException(str(error)) from None
