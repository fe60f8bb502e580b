"""``python -m redshift_teardown.emulator``."""

from __future__ import annotations

import argparse
import sys

from redshift_teardown.emulator.command import serve
from redshift_teardown.emulator.errors import EmulatorError


def main() -> int:
    """Parse the command line and serve; 0 when stopped, 1 when it could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m redshift_teardown.emulator",
        description="A strict local Redshift, with STS, over HTTP. Stop it with Ctrl-C.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="how many times faster than AWS phases pass; 60 turns a minute into a second",
    )
    parser.add_argument(
        "--state", metavar="FILE", help="keep the state in FILE, so that it outlives a restart"
    )
    options = parser.parse_args()
    try:
        serve(options.host, options.port, options.speed, options.state)
    except (EmulatorError, ValueError) as error:
        print(f"emulator: {error}", file=sys.stderr)  # noqa: T201  # the command's own words
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
