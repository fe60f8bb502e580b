"""The command line, `redshift-teardown`, which comes with the extra `cli`."""

from __future__ import annotations

import sys

from redshift_teardown.escaping import show_what_is_not_encoded


def main() -> None:
    """Run the command line; exits 0 when all is well; a command tells its other codes by --help."""
    show_what_is_not_encoded()
    try:
        from redshift_teardown.cli.commands import cli  # noqa: PLC0415 - the extra may be missing

        # Each command is imported when it runs, so what is missing may only show by then.
        cli(prog_name="redshift-teardown")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("click", "rich"):
            raise
        message = (
            f"redshift-teardown: the command line needs {missing}, which is not installed.\n"
            "Install it with: pip install 'pulumi-redshift-teardown[cli]'"
        )
        print(message, file=sys.stderr)  # noqa: T201 - without the extra there is nothing else to say it with
        sys.exit(1)
