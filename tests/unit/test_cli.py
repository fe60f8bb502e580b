"""The command line, as a person and as a program meet it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from redshift_teardown import cli as package
from redshift_teardown.cli.commands import cli
from redshift_teardown.deletion_policy import schema_text

if TYPE_CHECKING:
    from click.testing import Result

BAD = "version: 1\nenviroments: {}\ndefaults: {final_snapshot: {retention_days: 0}}\n"
POLICY = """version: 1
environments:
  production:
    stacks: [prod]
    accounts: ["111122223333"]
    skip: never
  staging:
    stacks: [staging]
    final_snapshot: {retention_days: 7}
    skip:
      - when: {younger_than_hours: 24}
        because: "nothing lives a day in staging"
  dev:
    stacks: ["dev-*"]
    final_snapshot: {retention_days: 3, tags: {team: data}}
    skip:
      - when: {requested: true}
        because: "the program asked for it"
      - when: {tags: {ephemeral: "true"}, max_nodes: 2, identifier: ["etl-*"], node_type: ["dc2.*"]}
        because: "ephemeral [clusters] hold no data of record"
      - when: {restored_from_snapshot: true}
        because: "it stands in a snapshot"
  sandbox:
    skip: [{when: {always: true}, because: "nothing is kept"}]
"""
OTHER = "444455556666"


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a project with the policy above, in a plain terminal."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "deletion-policy.yaml").write_text(POLICY)
    (tmp_path / "bad.yaml").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(cli, arguments, input=stdin)


def test_check_a_right_policy() -> None:
    """A policy that is right is summed up, and the exit code is 0."""
    result = run("check")

    assert result.exit_code == 0
    snapshot, unless = "a final snapshot, kept", "unless"
    one_of_three = "unless one of 3 rules lets it go"
    assert result.output.splitlines() == [
        "policy/deletion-policy.yaml is right",
        "",
        "environment  claims                               a destroyed cluster leaves",
        f"production   prod, account 111122223333           {snapshot} forever; protected",
        f"staging      staging                              {snapshot} 7 days, {unless} a rule lets it go",
        f"dev          dev-*                                {snapshot} 3 days, {one_of_three}",
        f"sandbox      stacks whose configuration names it  {snapshot} forever, {unless} a rule lets it go",
        f"(no match)   every other stack                    {snapshot} forever; protected",
    ]


def test_check_a_wrong_policy() -> None:
    """All problems are told with their places, then counted, and the exit code is 1."""
    result = run("check", "bad.yaml")

    assert result.exit_code == 1
    assert result.output.splitlines() == [
        'bad.yaml:2:1: the policy knows no key "enviroments"',
        "    2 | enviroments: {}",
        "      | ^",
        "      write instead: environments: … (did you mean that?)",
        "bad.yaml:3:45: AWS keeps a manual snapshot 1 to 3653 days or forever, not 0",
        "    3 | defaults: {final_snapshot: {retention_days: 0}}",
        f"      | {' ' * 44}^",
        "      write instead: retention_days: 1, or retention_days: forever",
        "2 problems in bad.yaml",
    ]


def test_check_counts_one_problem_as_one() -> None:
    """The count agrees with its noun."""
    assert run("check", "none.yaml").output.endswith("\n1 problem in none.yaml\n")


def test_check_standard_input() -> None:
    """A policy can be piped in, such as that of another branch."""
    assert run("check", "-", stdin=POLICY).exit_code == 0
    result = run("check", "-", stdin=b"\xff")
    assert result.exit_code == 1
    assert result.output.startswith("<stdin>:1:1: the byte 0xff is not UTF-8")


@pytest.mark.parametrize(
    ("project", "code"), [("name: shop\n", 1), ("name: shop\nmain: infra\n", 0), ("", 1)]
)
def test_check_receipts_that_name_a_file(project: str, code: int) -> None:
    """A file is in the way, seen from where the program runs: `up` would refuse, so this does."""
    Path("infra").mkdir()
    Path("notes.txt").touch()
    if project:
        Path("Pulumi.yaml").write_text(project)
    policy = f"receipts: notes.txt/receipts\n{POLICY}"

    result = run("check", "-", stdin=policy)

    assert result.exit_code == code, result.output
    assert ("receipts must name a folder, and " in result.output) is bool(code)
    assert json.loads(run("check", "-", "--format", "json", stdin=policy).output)["valid"] is not bool(code)


def test_check_as_json() -> None:
    """A program gets every part of every problem, and the environments of a policy that is right."""
    right, wrong = run("check", "--format", "json"), run("check", "bad.yaml", "--format", "json")

    assert (right.exit_code, wrong.exit_code) == (0, 1)
    assert json.loads(right.output) == {
        "file": "policy/deletion-policy.yaml",
        "valid": True,
        "problems": [],
        "warnings": [],
        "environments": [
            {"name": "production", "protected": True, "line": 3},
            {"name": "staging", "protected": False, "line": 7},
            {"name": "dev", "protected": False, "line": 13},
            {"name": "sandbox", "protected": False, "line": 23},
        ],
    }
    told = json.loads(wrong.output)
    assert (told["valid"], told["environments"]) == (False, [])
    assert told["problems"][0] == {
        "line": 2,
        "column": 1,
        "message": 'the policy knows no key "enviroments"',
        "hint": "environments: … (did you mean that?)",
        "excerpt": "enviroments: {}",
    }


def test_check_as_github_annotations() -> None:
    """A workflow shows each problem at its line; what its commands are made of is escaped."""
    Path("a,b:c.yaml").write_text("version: 1\ndefaults: {final_snapshot: {name: '%{'}}\nfoo: 1\n")

    assert run("check", "a,b:c.yaml", "--format", "github").output == (
        '::error file=a%2Cb%3Ac.yaml,line=2,col=35,title=deletion policy::a "{" stands alone; braces are '
        "for placeholders only%0Awrite instead: a placeholder such as {cluster}, or no brace\n"
        '::error file=a%2Cb%3Ac.yaml,line=3,col=1,title=deletion policy::the policy knows no key "foo"%0A'
        "write instead: one of version, defaults, receipts, environments or released\n"
    )
    assert run("check", "none.yaml", "--format", "github").output.startswith(
        "::error file=none.yaml,title=deletion policy::there is no such file%0A"
    )
    assert run("check", "--format", "github").output == ""
    Path("broken.yaml").write_text("version: 1\n}\n")
    assert run("check", "broken.yaml", "--format", "github").output.count("\n") == 1


def rows(*arguments: str) -> dict[str, str]:
    """Run `explain` and give what stands behind each label, lines of one label joined."""
    result = run("explain", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, str] = {}
    label = ""
    for line in result.output.splitlines():
        label = line[:12].strip() or label
        found[label] = f"{found[label]}\n{line[12:]}" if label in found else line[12:]
    return found


def test_explain_a_protected_stack() -> None:
    """The environment, why, what destroy does and which lines say so."""
    told = rows("--stack", "prod", "--project", "warehouse", "--identifier", "main")

    assert list(told) == ["environment", "because", "destroy", "why", "name", "tags", "wait"]
    assert told["environment"] == "production, protected"
    assert told["because"] == (
        'stack "prod" belongs to environment production (policy/deletion-policy.yaml:3), which is protected'
    )
    assert told["destroy"] == "final snapshot, kept forever (policy/deletion-policy.yaml:3)"
    assert told["why"] == "environment production is protected (policy/deletion-policy.yaml:6)"
    assert told["name"].startswith(
        "{project}-{stack}-{cluster}-final-{timestamp}\nsuch as warehouse-prod-main-final-2"
    )
    assert told["tags"] == "none"
    assert told["wait"] == "at most 24 hours"


def test_explain_what_is_not_known() -> None:
    """Each rule has its verdict, and the options that would settle it are named."""
    told = rows("--stack", "dev-1")
    unknown = "identifier unknown; node type unknown; number of nodes unknown; tags unknown"

    assert told["rules"] == (
        "1. the program asked for it (policy/deletion-policy.yaml:17): does not hold\n"
        "2. ephemeral [clusters] hold no data of record (policy/deletion-policy.yaml:19): "
        f"undecided: {unknown}\n"
        "3. it stands in a snapshot (policy/deletion-policy.yaml:21): does not hold"
    )
    assert told["destroy"] == (
        f"undecided: account unknown; {unknown}; "
        "final snapshot, kept 3 days (policy/deletion-policy.yaml:15) "
        'unless "ephemeral [clusters] hold no data of record" (policy/deletion-policy.yaml:19) holds'
    )
    assert told["to know"] == "give --account, --identifier, --node-type, --nodes, --tag"
    assert "such as project-dev-1-cluster-final-2" in told["name"]
    assert told["tags"] == "team=data"


def test_explain_with_every_fact() -> None:
    """With everything given the answer is certain; a tag's value may hold an equals sign."""
    facts = ("--account", OTHER, "--identifier", "etl-1", "--node-type", "dc2.large", "--nodes", "2")
    told = rows("--stack", "dev-1", *facts, "--tag", "ephemeral=true", "--tag", "a=b=c")

    assert told["destroy"] == (
        "no final snapshot: ephemeral [clusters] hold no data of record (policy/deletion-policy.yaml:19)"
    )
    assert not {"why", "name", "tags", "to know"} & set(told)


@pytest.mark.parametrize(
    ("arguments", "destroy"),
    [
        (("dev-1", "--skip-requested"), "no final snapshot: the program asked for it"),
        (("dev-1", "--restored"), "no final snapshot: it stands in a snapshot"),
        (("staging", "--age", "3h"), "no final snapshot: nothing lives a day in staging"),
        (("staging", "--age", "90m"), "no final snapshot: nothing lives a day in staging"),
        (("staging", "--age", "0.9d"), "no final snapshot: nothing lives a day in staging"),
        (("staging", "--age", "2d"), "final snapshot, kept 7 days"),
        (("staging",), "undecided: age known only at destroy; final snapshot, kept 7 days"),
        (("dev-1", "--environment", "sandbox"), "no final snapshot: nothing is kept"),
        (("elsewhere",), "final snapshot, kept forever"),
    ],
)
def test_explain_each_option(arguments: tuple[str, ...], destroy: str) -> None:
    """Every option reaches the decision."""
    assert rows("--account", OTHER, "--stack", *arguments)["destroy"].startswith(destroy)


def test_explain_takes_a_stack_as_pulumi_calls_it() -> None:
    """With organisation and project it is the same stack; what no stack can be called is refused."""
    assert rows("--stack", "acme/shop/prod") == rows("--stack", "prod")
    for name in ("prod ", "pr\u03bfd", "acme/"):
        refused = run("explain", "--stack", name)
        assert refused.exit_code != 0
        assert "no stack can be called" in refused.output


def test_a_pattern_that_reads_like_a_regular_expression_is_told_of() -> None:
    """It is legal, so `check` ends well and warns, in each format; `explain` says what it matches."""
    Path("regex.yaml").write_text("version: 1\nenvironments: {dev: {stacks: ['dev.*']}}\n")
    words = (
        'the pattern "dev.*" reads like a regular expression and is none: it matches "dev." and "dev.-eu", '
        'and not "dev" or "dev1"'
    )

    text, github = run("check", "regex.yaml"), run("check", "regex.yaml", "--format", "github")
    told = json.loads(run("check", "regex.yaml", "--format", "json").output)

    assert (text.exit_code, github.exit_code) == (0, 0)
    assert "regex.yaml:2:31: the pattern" in text.output
    assert "regex.yaml is right, with 1 warning" in text.output
    assert github.output == (
        f"::warning file=regex.yaml,line=2,col=31,title=deletion policy::{words}%0A"
        'write instead: "dev*", if those are meant\n'
    )
    assert [(each["line"], each["column"], each["message"]) for each in told["warnings"]] == [(2, 31, words)]
    assert rows("--policy", "regex.yaml", "--stack", "dev")["warning"] == f"{words} (regex.yaml:2)"


def test_explain_an_account() -> None:
    """An account that belongs to production makes every stack production."""
    assert rows("--stack", "dev-1", "--account", "111122223333")["environment"] == "production, protected"


def test_explain_an_unmatched_stack() -> None:
    """The lines that would claim the stack are shown as they would be written."""
    told = rows("--stack", "new", "--account", OTHER)

    assert told["environment"] == "(no match), protected"
    assert told["because"].endswith('write under environments:\n  staging:\n    stacks: ["staging", "new"]')


def test_explain_an_unmatched_stack_of_an_unknown_account() -> None:
    """The account could change it, and is to be given: nothing is called decided."""
    Path("policy/deletion-policy.yaml").write_text(
        f'version: 1\nenvironments: {{sandbox: {{accounts: ["{OTHER}"], '
        "skip: [{when: {always: true}, because: x}]}}\n"
    )

    told, known = rows("--stack", "foo"), rows("--stack", "foo", "--account", OTHER)

    assert told["environment"] == "(no match), protected; its account could change that"
    assert "so it is protected" not in told["because"]
    assert told["destroy"].endswith("; account unknown, which could change that")
    assert told["why"].startswith("as far as is known, no environment claims the stack")
    assert told["to know"] == "give --account"
    assert known["destroy"].startswith("no final snapshot: x")


@pytest.mark.parametrize("account", ["12", "1111222233334", "11112222333x", "", "١١١١٢٢٢٢٣٣٣٣"])
def test_explain_what_is_no_account(account: str) -> None:
    """An account has 12 digits: what has not is refused, and nothing is said of it."""
    result = run("explain", "--stack", "prod", "--account", account)

    assert result.exit_code == 2
    assert "is no account; write its 12 digits" in result.output


def test_explain_as_json() -> None:
    """A program gets match, rules and decision."""
    result = run("explain", "--stack", "staging", "--format", "json", "--project", "w", "--identifier", "c")
    told = json.loads(result.output)

    assert result.exit_code == 0
    assert told["environment"].pop("digest").startswith("sha256:")
    example = told["decision"].pop("example_name")
    assert example.startswith("w-staging-c-final-2")
    assert told == {
        "environment": {"name": "staging", "protected": False, "place": "policy/deletion-policy.yaml:7"},
        "match": {
            "how": "stack",
            "evidence": "staging",
            "undecided": "account unknown",
            "note": 'stack "staging" belongs to environment staging (policy/deletion-policy.yaml:7); '
            "account unknown, and another environment lists accounts",
        },
        "rules": [
            {
                "because": "nothing lives a day in staging",
                "place": "policy/deletion-policy.yaml:11",
                "verdict": "undecided: age known only at destroy",
            }
        ],
        "decision": {
            "outcome": "undecided",
            "description": "undecided: account unknown; age known only at destroy; "
            "final snapshot, kept 7 days (policy/deletion-policy.yaml:9) unless "
            '"nothing lives a day in staging" (policy/deletion-policy.yaml:11) holds',
            "because": "nothing lives a day in staging",
            "place": "policy/deletion-policy.yaml:11",
            "undecided": ["account unknown", "age known only at destroy"],
            "request_refused": False,
            "retention_days": 7,
            "retention_place": "policy/deletion-policy.yaml:9",
            "name_template": "{project}-{stack}-{cluster}-final-{timestamp}",
            "tags": {},
            "timeout_hours": 24.0,
        },
        "patterns": [],
    }


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--stack", "prod", "--environment", "dev"), "belongs to the protected environment production"),
        (("--stack", "x", "--environment", "dew"), "write instead: dev (did you mean that?)"),
        (("--stack", "x", "--policy", "bad.yaml"), 'bad.yaml:2:1: the policy knows no key "enviroments"'),
        (("--stack", "x", "--policy", "none.yaml"), "none.yaml: there is no such file"),
    ],
)
def test_explain_refuses(arguments: tuple[str, ...], text: str) -> None:
    """What is wrong goes to standard error, and the exit code is 1."""
    result = run("explain", *arguments)

    assert result.exit_code == 1
    assert text in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("--stack", "x", "--age", "3"),
            "'3' is no age; write minutes, hours or days, such as 90m, 3h or 2d",
        ),
        (("--stack", "x", "--age", "999999999d"), "'999999999d' is no age"),
        (("--stack", "x", "--tag", "a"), "'a' is no tag; write KEY=VALUE"),
        (("--stack", "x", "--tag", "=a"), "'=a' is no tag; write KEY=VALUE"),
        (("--stack", "x", "--nodes", "0"), "0 is not in the range x>=1"),
        ((), "Missing option '--stack'"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], text: str) -> None:
    """Wrong usage is told in a line, with exit code 2."""
    result = run("explain", *arguments)

    assert result.exit_code == 2
    assert text in result.stderr


def test_schema() -> None:
    """The schema is printed as it ships."""
    assert run("schema").output == schema_text()


@pytest.mark.parametrize("command", [(), ("check",), ("explain",), ("schema",), ("emulator",)])
def test_help_shows_examples(command: tuple[str, ...]) -> None:
    """Every command explains itself, with examples to copy."""
    result = run(*command, "--help")

    assert result.exit_code == 0
    assert f"redshift-teardown {command[0]}" in result.output if command else "Commands:" in result.output
    assert ("Examples:" in result.output) == bool(command)


def coloured(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """Run `check` where rich believes in a terminal, and give what it writes."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(cli, ["check", "bad.yaml"], color=True).output


def test_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colours."""
    assert "\x1b[1;31m" in coloured(monkeypatch)


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR is respected."""
    output = coloured(monkeypatch, NO_COLOR="1")

    assert "\x1b[1m" in output
    assert "31m" not in output


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_the_extra_is_missing(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the extra the command says in one line what to install."""
    for name in list(sys.modules):
        if name.startswith("redshift_teardown.cli.") or name.partition(".")[0] == missing:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(sys, "argv", ["redshift-teardown", "check"])

    with pytest.raises(SystemExit) as exited:
        package.main()

    assert exited.value.code == 1
    assert capsys.readouterr().err == (
        f"redshift-teardown: the command line needs {missing}, which is not installed.\n"
        "Install it with: pip install 'pulumi-redshift-teardown[cli]'\n"
    )


def test_another_missing_module_is_no_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is not explained away."""
    monkeypatch.delitem(sys.modules, "redshift_teardown.cli.commands", raising=False)
    monkeypatch.setitem(sys.modules, "redshift_teardown.cli.check", None)
    monkeypatch.setattr(sys, "argv", ["redshift-teardown", "check"])

    with pytest.raises(ModuleNotFoundError, match=r"redshift_teardown\.cli\.check"):
        package.main()


def test_main_runs_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed script reaches the commands and gives their exit code."""
    monkeypatch.setattr(sys, "argv", ["redshift-teardown", "check", "bad.yaml"])

    with pytest.raises(SystemExit) as exited:
        package.main()

    assert exited.value.code == 1


def test_as_a_module() -> None:
    """`python -m redshift_teardown.cli` is the same command, under its own name."""
    done = subprocess.run(
        [sys.executable, "-m", "redshift_teardown.cli", "--help"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Usage: redshift-teardown [OPTIONS] COMMAND")


def test_emulator_serves_until_told_to_stop() -> None:
    """The emulator says where it listens, and ends quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "redshift_teardown.cli", "emulator", "--speed", "60", "--state", "state.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)

    assert line.startswith("emulator listening on http://127.0.0.1:")
    assert (process.returncode, error) == (0, "")


def test_emulator_that_cannot_start() -> None:
    """What hinders the emulator is told in one line."""
    result = run("emulator", "--speed", "0")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_emulator_without_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what serves HTTP the command says what to install."""
    for name in list(sys.modules):
        if name.startswith("redshift_teardown.emulator") or name.partition(".")[0] == "werkzeug":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    result = run("emulator")

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: the emulator needs werkzeug, which is not installed; "
        "install it with: pip install 'pulumi-redshift-teardown[emulator]'\n"
    )


def test_a_broken_emulator_is_not_explained_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of our own that is missing is no missing extra."""
    monkeypatch.setitem(sys.modules, "redshift_teardown.emulator.command", None)
    result = run("emulator")

    assert isinstance(result.exception, ModuleNotFoundError)
