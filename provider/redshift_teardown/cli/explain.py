"""`redshift-teardown explain`: what would destroying a cluster of some stack do, and which line says so?"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from redshift_teardown.cli.output import refuse, say, say_json
from redshift_teardown.deletion_policy import (
    Facts,
    Outcome,
    PolicyError,
    decide,
    digest,
    doubts_of,
    load,
    match,
    snapshot_name,
    with_doubt,
)
from redshift_teardown.deletion_policy.reading.checks import ACCOUNT, STACK_NAME
from redshift_teardown.settings import DEFAULT_POLICY_FILE

if TYPE_CHECKING:
    from redshift_teardown.deletion_policy import Decision, Match, Policy, SkipRule

_AGE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|h|d)")
_HOURS = {"m": 1 / 60, "h": 1, "d": 24}
_MOST_HOURS = 24 * 365 * 100
_COLOURS = {Outcome.SNAPSHOT: "green", Outcome.UNDECIDED: "yellow", Outcome.SKIP: "red"}
# Which option says what a rule could not know.
_OPTIONS = {
    "age": "--age",
    "tag": "--tag",
    "identifier": "--identifier",
    "node type": "--node-type",
    "number of nodes": "--nodes",
    "account": "--account",
}


def _age(_ctx: click.Context, _param: click.Parameter, text: str | None) -> timedelta | None:
    """Read an age such as 90m, 3h or 2d."""
    if text is None:
        return None
    found = _AGE.fullmatch(text)
    hours = float(found[1]) * _HOURS[found[2]] if found else _MOST_HOURS + 1
    if hours > _MOST_HOURS:
        raise click.BadParameter(f"{text!r} is no age; write minutes, hours or days, such as 90m, 3h or 2d")
    return timedelta(hours=hours)


def _stack(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    """Read a stack's name, with or without organisation and project."""
    name = text.rpartition("/")[2]
    if not STACK_NAME.fullmatch(name):
        raise click.BadParameter(
            f"no stack can be called {name!r}; names hold 1 to 100 letters, digits and - _ ."
        )
    return name


def _account(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    """Read an account: no other text is one, and by none would a policy know it."""
    if text is not None and not ACCOUNT.fullmatch(text):
        raise click.BadParameter(f"{text!r} is no account; write its 12 digits")
    return text


def _tags(
    _ctx: click.Context, _param: click.Parameter, strings: tuple[str, ...]
) -> dict[str, str | None] | None:
    """Read tags as KEY=VALUE; none given means that they are unknown."""
    tags: dict[str, str | None] = {}
    for text in strings:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{text!r} is no tag; write KEY=VALUE")
        tags[key] = value
    return tags or None


@click.command(
    short_help="Explain what destroying a cluster would do, and which line says so.",
    epilog="""\b
Examples:
  redshift-teardown explain --stack prod
  redshift-teardown explain --stack pr-12 --tag ephemeral=true --nodes 1
  redshift-teardown explain --stack staging --age 3h --account 111122223333 --format json

What is not given is unknown, as it may be in a preview.
""",
)
@click.option("--stack", required=True, callback=_stack, help="The Pulumi stack.")
@click.option("--account", callback=_account, help="The AWS account: 12 digits.")
@click.option(
    "--environment", help="The environment the configuration asks for (redshift-teardown:environment)."
)
@click.option("--identifier", help="The cluster identifier.")
@click.option("--node-type", help="The node type, such as ra3.xlplus.")
@click.option("--nodes", type=click.IntRange(min=1), help="How many nodes the cluster has.")
@click.option(
    "--tag",
    "tags",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_tags,
    help="A tag of the cluster; may be given again.",
)
@click.option("--age", metavar="AGE", callback=_age, help="How old the cluster is: 90m, 3h, 2d.")
@click.option("--skip-requested", is_flag=True, help="The program asks for skip_final_snapshot.")
@click.option("--restored", is_flag=True, help="The cluster was restored from a snapshot.")
@click.option("--project", help="The Pulumi project, for the snapshot's name.")
@click.option("--policy", "file", default=DEFAULT_POLICY_FILE, show_default=True, help="The deletion policy.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to tell: for a person or for a program.",
)
def explain(
    stack: str,
    account: str | None,
    environment: str | None,
    identifier: str | None,
    node_type: str | None,
    nodes: int | None,
    tags: dict[str, str | None] | None,
    age: timedelta | None,
    skip_requested: bool,
    restored: bool,
    project: str | None,
    file: str,
    style: str,
) -> None:
    """Explain what destroying a cluster would do: which environment, which rule, which line says so."""
    try:
        policy = load(file)
        found = match(policy, stack=stack, account=account, requested=environment)
    except PolicyError as error:
        refuse(error)
    now = datetime.now(timezone.utc)
    facts = Facts(
        project=project,
        stack=stack,
        identifier=identifier,
        node_type=node_type,
        number_of_nodes=nodes,
        tags=tags,
        skip_requested=skip_requested,
        account=account,
        create_time=None if age is None else now - age,
        restored_from_snapshot=restored,
        now=None if age is None else now,
    )
    decision = with_doubt(decide(found.environment, facts), found.undecided)
    rules = [(rule, _verdict(rule, facts)) for rule in found.environment.skip]
    name = snapshot_name(decision.name_template, _named(facts), environment=decision.environment, at=now)
    if style == "json":
        say_json({**_as_json(found, decision, rules, name), "patterns": _warned_of(policy)})
        return
    rows = _rows(found, decision, rules, name)
    rows += [("warning" if not n else "", text, "yellow") for n, text in enumerate(_warned_of(policy))]
    for label, text, colour in rows:
        line = Text(f"{label:<12}", style="bold")
        line.append(text.replace("\n", "\n" + " " * 12), style=colour)
        say(line)


def _rows(
    found: Match, decision: Decision, rules: list[tuple[SkipRule, str]], name: str
) -> list[tuple[str, str, str]]:
    protected = "protected" if decision.protected else "not protected"
    if found.undecided:
        protected += "; its account could change that"
    rows = [
        ("environment", f"{decision.environment or '(no match)'}, {protected}", ""),
        ("because", found.note, ""),
    ]
    for number, (rule, verdict) in enumerate(rules, 1):
        rows.append(
            ("rules" if number == 1 else "", f"{number}. {rule.because} ({rule.place}): {verdict}", "")
        )
    rows.append(("destroy", decision.describe(), _COLOURS[decision.outcome]))
    if decision.outcome is not Outcome.SKIP:
        known = "as far as is known, " if found.undecided else ""
        rows.append(("why", f"{known}{decision.because} ({decision.place})", ""))
        rows.append(("name", f"{decision.name_template}\nsuch as {name}", ""))
        rows.append(("tags", ", ".join(f"{key}={value}" for key, value in decision.tags) or "none", ""))
    rows.append(("wait", f"at most {decision.wait.timeout_hours:g} hours", ""))
    options = sorted(
        {option for word, option in _OPTIONS.items() for d in decision.undecided if d.startswith(word)}
    )
    if options:
        rows.append(("to know", f"give {', '.join(options)}", "yellow"))
    return rows


def _warned_of(policy: Policy) -> list[str]:
    """Return in words what `check` warns of, such as a pattern that reads like a regular expression."""
    return [f"{warning.message} ({warning.source}:{warning.line})" for warning in policy.warnings]


def _verdict(rule: SkipRule, facts: Facts) -> str:
    doubts = doubts_of(rule.when, facts)
    if doubts is None:
        return "does not hold"
    return f"undecided: {'; '.join(doubts)}" if doubts else "holds"


def _named(facts: Facts) -> Facts:
    """Let what is not given stand for itself in the example of a name."""
    return Facts(
        project=facts.project or "project",
        stack=facts.stack,
        resource="resource",
        identifier=facts.identifier or "cluster",
        account=facts.account or "account",
        region="region",
    )


def _as_json(
    found: Match, decision: Decision, rules: list[tuple[SkipRule, str]], name: str
) -> dict[str, Any]:
    return {
        "environment": {
            "name": decision.environment,
            "protected": decision.protected,
            "place": str(found.environment.place),
            "digest": digest(found.environment),
        },
        "match": {
            "how": found.how,
            "evidence": found.evidence,
            "undecided": found.undecided,
            "note": found.note,
        },
        "rules": [
            {"because": rule.because, "place": str(rule.place), "verdict": verdict} for rule, verdict in rules
        ],
        "decision": {
            "outcome": decision.outcome.value,
            "description": decision.describe(),
            "because": decision.because,
            "place": str(decision.place),
            "undecided": list(decision.undecided),
            "request_refused": decision.request_refused,
            "retention_days": decision.retention_days,
            "retention_place": str(decision.retention_place),
            "name_template": decision.name_template,
            "example_name": name,
            "tags": dict(decision.tags),
            "timeout_hours": decision.wait.timeout_hours,
        },
    }
