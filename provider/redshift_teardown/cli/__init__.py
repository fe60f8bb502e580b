"""The command line, `redshift-teardown`, which comes with the extra `cli`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

from redshift_teardown.errors import ConfigError
from redshift_teardown.escaping import show_what_is_not_encoded


def main() -> None:
    """Run the command line; exits 0 when all is well; a command tells its other codes by --help."""
    show_what_is_not_encoded()
    try:
        from redshift_teardown.engine.trace import configure  # noqa: PLC0415 - once somebody runs a command

        configure()
        from redshift_teardown.cli.commands import cli  # noqa: PLC0415 - the extra may be missing

        # Each command is imported when it runs, so what is missing may only show by then.
        cli(prog_name="redshift-teardown")
    except ConfigError as error:
        _leave(f"redshift-teardown: {error}")
    except OSError as error:
        # A disk that is full, a terminal that is gone: what was to be shown cannot be, and no result may be
        # taken from what was.
        _leave(f"redshift-teardown: the output ended early: {error}. The command told nothing that counts.")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("click", "rich"):
            raise
        message = (
            f"redshift-teardown: the command line needs {missing}, which is not installed.\n"
            "Install it with: pip install 'pulumi-redshift-teardown[cli]'"
        )
        _leave(message)


def _leave(message: str) -> NoReturn:
    """End with a message and exit code 1, whatever has become of standard output."""
    with suppress(OSError):
        print(message, file=sys.stderr)  # noqa: T201 - there may be nothing else to say it with
    # Python would write what is left in its buffers at its end, fail again and say so in its own words.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(1)
