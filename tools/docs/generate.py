"""Writes the pages that say what the code says: the arguments of a cluster, and the command line.

    python tools/docs/generate.py            write them
    python tools/docs/generate.py --check    fail where a page does not say what the code says

They are kept in the repository, so that they can be read there; `make docs` and `make lint` check them.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import click

from redshift_teardown.aws.arguments import ARGUMENTS, READ_ONLY, Change, Kind
from redshift_teardown.cli.commands import cli
from redshift_teardown.cluster import Cluster

DOCS = Path(__file__).resolve().parents[2] / "docs"

_NOTE = "<!-- Written by tools/docs/generate.py from the code; edit that. -->"

_KINDS = {
    Kind.STRING: "text",
    Kind.INTEGER: "whole number",
    Kind.FLAG: "bool",
    Kind.FLAG_STRING: '"true", "false" or bool',
    Kind.STRINGS: "list of strings",
    Kind.TAGS: "map of strings",
}

_CHANGES = {
    Change.REPLACE: "replaces",
    Change.LOCAL: "no call",
}

_OUTPUT = re.compile(r'^    (\w+): pulumi\.Output\[[^\n]*\]\n    """(.*?)"""', re.MULTILINE | re.DOTALL)
_OURS = ("restore_final_snapshot", "adopt_existing", "environment")
_REQUESTS = ("skip_final_snapshot", "final_snapshot_identifier")


def arguments_page() -> str:
    """Write the page of arguments and outputs."""
    strings = _described(inspect.getdoc(Cluster.__init__) or "")
    sections = (
        ("Of this package", [a for a in ARGUMENTS if a.name in _OURS]),
        ("Requests to the deletion policy", [a for a in ARGUMENTS if a.name in _REQUESTS]),
        ("Of `aws.redshift.Cluster`", [a for a in ARGUMENTS if a.name not in (*_OURS, *_REQUESTS)]),
    )
    lines = [
        "# Arguments of `Cluster`",
        "",
        _NOTE,
        "",
        "`Cluster(resource_name, args=None, opts=None, *, …)`, with arguments as keywords or as one",
        "`ClusterArgs`. Every argument of `pulumi_aws.redshift.Cluster` 7.x has",
        "the same name and meaning here; a few are added. The last column says what a changed value does to",
        "a cluster that exists: *replaces* tears it down by the deletion policy and makes a new one, *no",
        "call* is between program and policy only, everything else is changed in place.",
    ]
    for title, arguments in sections:
        lines += ["", f"## {title}", "", "| argument | form | meaning | changed |", "|---|---|---|---|"]
        for argument in arguments:
            name = f"`{argument.name}`" + (" (secret)" if argument.secret else "")
            change = _CHANGES.get(argument.change, "in place")
            lines.append(f"| {name} | {_KINDS[argument.kind]} | {_cell(strings[argument.name])} | {change} |")
    lines += ["", "## Options", "", _cell(strings["opts"]), "", "## Outputs", ""]
    lines += ["All arguments, and:", "", "| output | what |", "|---|---|"]
    outputs = _attribute_docs(inspect.getsource(Cluster))
    for name in (*READ_ONLY, "on_destroy", "identity", "policy"):
        lines.append(f"| `{name}` | {_cell(outputs[name])} |")
    return "\n".join(lines) + "\n"


def _described(docstring: str) -> dict[str, str]:
    """Take the Args section of a docstring apart."""
    section = docstring.partition("Args:\n")[2].partition("\nRaises:")[0]
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=    \w+: )", "\n" + section.rstrip()):
        name, _, text = entry.strip().partition(": ")
        if name:
            found[name] = " ".join(text.split())
    return found


def _attribute_docs(source: str) -> dict[str, str]:
    return {name: " ".join(text.split()) for name, text in _OUTPUT.findall(source)}


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def command_line_page() -> str:
    """Write the page of commands."""
    lines = [
        "# Command line",
        "",
        _NOTE,
        "",
        "The command `redshift-teardown` comes with the extra `cli`. It writes without colours where",
        "`NO_COLOR` is set, where `--no-color` is given, and into pipes.",
    ]
    context = click.Context(cli, info_name="redshift-teardown")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is None:
            raise KeyError(name)
        own = click.Context(
            command, info_name=name, parent=context, max_content_width=100, terminal_width=100
        )
        lines += ["", f"## {name}", "", "```text", command.get_help(own), "```"]
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"


PAGES = {"arguments.md": arguments_page, "command-line.md": command_line_page}


def main(arguments: list[str]) -> int:
    """Write or check the pages; 1 where a page is not as the code is."""
    stale = []
    for name, write in PAGES.items():
        file, text = DOCS / name, write()
        if file.exists() and file.read_text("utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            file.write_text(text, "utf-8")
    if stale and "--check" in arguments:
        print(f"docs/{', docs/'.join(stale)}: not what the code says; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
