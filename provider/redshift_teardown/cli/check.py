"""`redshift-teardown check`: is a deletion policy right?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from redshift_teardown.cli.exported import program_folder, project_folder
from redshift_teardown.cli.output import say, say_json, styled
from redshift_teardown.deletion_policy import (
    Environment,
    Policy,
    PolicyError,
    Problem,
    describe_retention,
    load,
    loads,
)
from redshift_teardown.engine.exported_state import SourceError
from redshift_teardown.escaping import lines
from redshift_teardown.input_file import InputError, read_bytes
from redshift_teardown.settings import DEFAULT_POLICY_FILE
from redshift_teardown.teardown.receipt import folder_problem

STANDARD_INPUT_NAME = "<stdin>"


@click.command(
    short_help="Check a deletion policy.",
    epilog="""\b
Examples:
  redshift-teardown check
  redshift-teardown check policy/deletion-policy.yaml --format github
  git show main:policy/deletion-policy.yaml | redshift-teardown check -
""",
)
@click.argument("file", default=DEFAULT_POLICY_FILE)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How to tell: for a person, for a program, or as annotations of a GitHub workflow.",
)
def check(file: str, style: str) -> None:
    """Check the deletion policy FILE (policy/deletion-policy.yaml; - reads standard input).

    All problems are told at once, each with its place and what to write instead. Exits 1 if there is one. A
    pattern that is right and reads like a regular expression is a warning, with what it matches; so is a
    rule, or a claim to stacks, that can never apply.
    """
    source = STANDARD_INPUT_NAME if file == "-" else file
    policy: Policy | None = None
    problems: tuple[Problem, ...] = ()
    try:
        policy = loads(read_bytes(file), source=source) if file == "-" else load(file)
        problems = _in_the_way(policy)
    except PolicyError as error:
        problems = error.problems
    except InputError as error:
        problems = (Problem(source, 0, 0, str(error)),)
    if problems:
        policy = None
    if style == "json":
        say_json(_as_json(source, policy, problems))
    elif style == "github":
        for problem in problems:
            click.echo(_annotation(problem, "error"))
        for warning in policy.warnings if policy else ():
            click.echo(_annotation(warning, "warning"))
    else:
        for problem in (*problems, *(policy.warnings if policy else ())):
            say(styled(problem))
        count = len(problems)
        say(_summary(policy) if policy else f"{count} {'problem' if count == 1 else 'problems'} in {source}")
    sys.exit(1 if problems else 0)


def _in_the_way(policy: Policy) -> tuple[Problem, ...]:
    """Return in words what is in the way of the receipts folder, in the project that this runs in."""
    try:
        folder = program_folder(project_folder())
    except SourceError:
        folder = Path()
    problem = folder_problem(folder / policy.receipts)
    return (Problem(policy.source, 0, 0, problem, "another folder inside the project"),) if problem else ()


def _summary(policy: Policy) -> str:
    rows = [("environment", "claims", "a destroyed cluster leaves")]
    rows += [(e.name, _claims(e), _leaves(e)) for e in policy.environments]
    rows.append(("(no match)", "every other stack", _leaves(policy.unmatched)))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows]
    warned = len(policy.warnings)
    doubt = f", with {warned} {'warning' if warned == 1 else 'warnings'}" if warned else ""
    return "\n".join([f"{policy.source} is right{doubt}", "", *lines])


def _claims(environment: Environment) -> str:
    parts = [", ".join(environment.stacks), ", ".join(f"account {a}" for a in environment.accounts)]
    return ", ".join(part for part in parts if part) or "stacks whose configuration names it"


def _leaves(environment: Environment) -> str:
    snapshot = f"a final snapshot, {describe_retention(environment.final_snapshot.retention_days)}"
    if environment.protected:
        return f"{snapshot}; protected"
    rules = len(environment.skip)
    return f"{snapshot}, unless {'a rule' if rules == 1 else f'one of {rules} rules'} lets it go"


def _as_json(source: str, policy: Policy | None, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {
        "file": source,
        "valid": policy is not None,
        "problems": [_told(problem) for problem in problems],
        "warnings": [_told(warning) for warning in (policy.warnings if policy else ())],
        "environments": [
            {"name": environment.name, "protected": environment.protected, "line": environment.place.line}
            for environment in (policy.environments if policy else ())
        ],
    }


def _told(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
        "excerpt": problem.excerpt,
    }


def _annotation(problem: Problem, severity: str) -> str:
    """Write a problem as GitHub's workflow commands want it."""
    properties = f"file={_escaped(lines(problem.source), ':,')}"
    if problem.line:
        properties += f",line={problem.line}"
    if problem.column:
        properties += f",col={problem.column}"
    message = f"{problem.message}\nwrite instead: {problem.hint}" if problem.hint else problem.message
    return f"::{severity} {properties},title=deletion policy::{_escaped(lines(message))}"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in text)
