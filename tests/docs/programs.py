"""Runs pieces of programs of the documentation, each as a program of its own, with Pulumi's mocks around.

    python tests/docs/programs.py FILE…

`...` stands for the arguments that every cluster needs. Names that a piece uses without importing them are
imported first. Run in a folder with a policy. Prints the types of the resources that each file made.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pulumi

PRELUDE = "import pulumi\nimport pulumi_aws as aws\nfrom redshift_teardown import Cluster\n"
REST = {
    "cluster_identifier": '"warehouse-prod"',
    "node_type": '"ra3.xlplus"',
    "number_of_nodes": "2",
    "master_username": '"admin"',
    "manage_master_password": "True",
}


class Recorder(pulumi.runtime.Mocks):
    """Makes every resource, and remembers its type."""

    def __init__(self) -> None:
        self.types: list[str] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Make a resource of its inputs."""
        self.types.append(args.typ)
        return f"{args.name}-id", dict(args.inputs)

    def call(self, _args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Answer no call."""
        return {}, None


def whole(text: str) -> str:
    """Return a piece of a program as one that can be run: with imports, and with what `...` stands for."""

    def rest(found: re.Match[str]) -> str:
        given = set(re.findall(r"(\w+)=", found["before"]))
        more = ", ".join(f"{name}={value}" for name, value in REST.items() if name not in given)
        return f"{found['before']}{more}"

    text = re.sub(r"(?P<before>\w*Cluster\((?:[^()]|\([^()]*\))*?)\.\.\.", rest, text)
    return text if "import " in text else PRELUDE + text


def main(files: list[str]) -> None:
    """Run each file."""
    made = {}
    for file in files:
        recorder = Recorder()
        # Pulumi's own tests begin anew like this: a loop and a stack for each.
        asyncio.set_event_loop(asyncio.new_event_loop())
        pulumi.runtime.set_mocks(recorder, project="docs", stack="prod", preview=False)
        code = compile(whole(Path(file).read_text(encoding="utf-8")), file, "exec")
        run = partial(exec, code, {"__name__": "__main__"})
        pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]
        made[file] = recorder.types
    print(json.dumps(made))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(sys.argv[1:])
