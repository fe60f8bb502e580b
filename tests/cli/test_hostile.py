"""Input that nobody means well by: refused in words, never waited for, never obeyed by a screen."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from rich.text import Text

from redshift_teardown.cli.commands import cli
from redshift_teardown.cli.output import harmless
from redshift_teardown.escaping import cell, code, lines, markup, one_line
from redshift_teardown.input_file import InputError, read_bytes, read_json, read_yaml
from tests.hostile import ESCAPES, LINEAR, SCALARS, SECONDS, chances, ratio, spoiled
from tests.teardown.stage import SKIPPING, URN, Stage

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from click.testing import Result

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
TYPE = "pulumi-python:dynamic/redshift:Cluster"
PROVIDER = "urn:pulumi:live::shop::pulumi:providers:pulumi-python::default"
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}


def run(*arguments: str, stdin: bytes = b"") -> Result:
    """Run a command; whatever it says, it ends by itself and with no exception of its own."""
    ended = CliRunner(env={"NO_COLOR": "1", "AWS_REGION": "eu-central-1"}).invoke(cli, arguments, input=stdin)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise AssertionError(arguments) from ended.exception
    assert "Traceback" not in ended.output
    return ended


SAMPLES = {"latin": b'{"\xff": 1}', "nothing": b""}
SAID = {
    "fifo": "no ordinary file",
    "zero": "no ordinary file",
    "folder": "folder",
    "large": "larger|at most",
    "latin": "UTF-8",
    "none": "[Nn]o such file",
    "nothing": ".",
}


@pytest.fixture(params=sorted(SAID))
def bad(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A file that no command should read, and what is said of it."""
    file, kind = tmp_path / request.param, request.param
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "large":
        with file.open("wb") as stream:
            stream.truncate(300 * 1024 * 1024)
    elif kind in SAMPLES:
        file.write_bytes(SAMPLES[kind])
    return "/dev/zero" if kind == "zero" else str(file), SAID[kind]


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "--offline", "--file"),
        ("plan", "--offline", "--file", "GOOD", "--config"),
        ("check",),
        ("explain", "--stack", "dev", "--policy"),
    ],
    ids=" ".join,
)
def test_every_reader_checks_what_it_opens(
    bad: tuple[str, str], command: tuple[str, ...], tmp_path: Path
) -> None:
    """A pipe is not waited for, a device not read to its end; the message names the file and what it is."""
    file, said = bad
    good = tmp_path / "good.json"
    good.write_text(json.dumps({"deployment": {"resources": []}}), "utf-8")
    began = time.monotonic()

    ended = run(*(str(good) if word == "GOOD" else word for word in command), file)

    assert time.monotonic() - began < 10
    if file.endswith("nothing") and command[-1] == "--config":
        # Nothing is configured: no fault.
        assert ended.exit_code == 0
        return
    assert ended.exit_code == 1
    assert re.search(said, ended.stderr or ended.stdout), ended.output


def test_a_state_comes_through_standard_input() -> None:
    """What cannot be named as a file is piped."""
    document = json.dumps({"deployment": {"resources": []}}).encode()

    assert "holds no cluster" in run("plan", "--offline", "--file", "-", stdin=document).stdout


def test_standard_input_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than can be meant is not read on."""

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            assert size >= 0
            return b"x" * size

    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": Endless()}))

    with pytest.raises(InputError, match="standard input cannot be read: it is larger than 4 MiB"):
        read_bytes("-")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1 column 2"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"deployment": NaN}', "NaN is no number of JSON"),
        ('{"deployment": 1e999}', "1e999 is too large a number"),
        ('{"deployment": ' + "9" * 5000 + "}", "is no exported state"),
        ("5", "it has no deployment"),
        ('{"deployment": {"resources": 5}}', "resources is no list"),
        ('{"deployment": {"resources": false}}', "resources is no list"),
        ('{"deployment": {"resources": {}}}', "resources is no list"),
        ('{"deployment": {"resources": {"a": 1}}}', "resources is no list"),
        ('{"deployment": {"resources": [5]}}', "without a URN (deployment.resources[0])"),
        ('{"deployment": {"resources": [{"urn": "x\\u001b[2J"}]}}', r"not a Pulumi URN: 'x\x1b[2J'"),
        *(
            (
                json.dumps({"deployment": {"resources": [{"urn": URN, "type": TYPE, key: wrong}]}}),
                f"deployment.resources[0].{key} is no ",
            )
            for key, wrong in (
                ("inputs", 5),
                ("outputs", []),
                ("outputs", "x"),
                ("provider", []),
                ("id", {}),
                ("type", 5),
                ("protect", "no"),
                ("retainOnDelete", 1),
                ("external", "yes"),
                ("deletedWith", {}),
            )
        ),
        (
            json.dumps(
                {"deployment": {"resources": [{"urn": URN, "outputs": {"a": {**SECRET, "plaintext": 5}}}]}}
            ),
            "the plaintext of a secret is no JSON",
        ),
        (
            json.dumps(
                {"deployment": {"resources": [{"urn": URN, "outputs": {"a": {**SECRET, "plaintext": "{"}}}]}}
            ),
            "the plaintext of a secret is no JSON",
        ),
    ],
    ids=range(25),
)
def test_a_state_of_another_shape_is_refused_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    """What is wrong, and where; never a traceback."""
    file = tmp_path / "state.json"
    file.write_text(text, "utf-8")

    ended = run("plan", "--offline", "--file", str(file))

    assert ended.exit_code == 1
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config: [", "is no settings file"),
        ("config: " + "[" * 20_000, "nested too deeply"),
        ("config: " + "{a: " * 20_000, "nested too deeply"),
        ("- " * 5_000, "nested too deeply"),
        ("config: 5", "it has no `config:` with keys and values"),
        ("5", "it has no `config:` with keys and values"),
        ("config: {aws:region: 2026-13-99}", "is no settings file"),
        (
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n"
                for old, new in zip("abcdef", "bcdefg", strict=True)
            ),
            "aliases stand for more than",
        ),
        ("a: &a [*a]", "aliases stand for more than"),
    ],
    ids=range(9),
)
def test_settings_of_another_shape_are_refused(text: str, said: str, tmp_path: Path) -> None:
    """YAML may be deep, and stand for more than it says."""
    state, config = tmp_path / "state.json", tmp_path / "Pulumi.dev.yaml"
    state.write_text('{"deployment": {}}', "utf-8")
    config.write_text(text, "utf-8")

    ended = run("plan", "--offline", "--file", str(state), "--config", str(config))

    assert ended.exit_code == 1
    assert said in ended.stderr


# --- writing ---


def test_each_place_has_its_own_signs() -> None:
    """A terminal, a line of it, a cell of Markdown, code in it, HTML."""
    text = "a\x1b[2J\n|<b>`x`\u202e\x9b\\|[l](u)"

    assert lines(text) == "a\\x1b[2J\n|<b>`x`\\u202e\\x9b\\|[l](u)"
    assert one_line(text) == "a\\x1b[2J\\n|<b>`x`\\u202e\\x9b\\|[l](u)"
    assert not set("|<>\n[\\") & set(cell(text))
    assert code("plain-name_1") == "`plain-name_1`"
    assert code("a`|<") == "<code>a&#96;&#124;&lt;</code>"
    assert markup('<a href="x">\x00') == "&lt;a href=&quot;x&quot;&gt;\\x00"


def test_styles_stay_where_they_were() -> None:
    """A text with signs that are shown is coloured as it was without."""
    text = Text("a\x1b").append("b\x00c", style="red").append("d", style="bold")

    shown = harmless(text)

    assert shown.plain == "a\\x1bb\\x00cd"
    assert [(shown.plain[span.start : span.end], span.style) for span in shown.spans] == [
        ("b\\x00c", "red"),
        ("d", "bold"),
    ]


@pytest.mark.parametrize("style", ["text", "json", "github"])
def test_a_terminal_may_lack_a_sign(style: str, tmp_path: Path) -> None:
    """Where the output's encoding has no such sign, the rest is told as ever."""
    file = tmp_path / "p.yaml"
    file.write_text('version: 1\n"ä": 1\n', "utf-8")
    command = [sys.executable, "-m", "redshift_teardown.cli", "check", str(file), "--format", style]

    ended = subprocess.run(
        command, env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stderr) == (1, "")
    assert "the policy knows no key" in ended.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is full")
@pytest.mark.parametrize(
    "arguments", [["schema"], ["check"], ["explain", "--stack", "dev"], ["plan", "--help"]]
)
def test_a_full_disk_is_told(arguments: list[str]) -> None:
    """In one line, and no exit code says that all is well."""
    command = [sys.executable, "-m", "redshift_teardown.cli", *arguments]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    said = "redshift-teardown: the output ended early: [Errno 28] No space left on device."
    assert (ended.returncode, ended.stderr) == (1, f"{said} The command told nothing that counts.\n")


def test_a_price_is_a_number() -> None:
    """NaN is less than nothing and more than nothing, and costs nothing that can be told."""
    ended = run("plan", "--price", "nan")

    assert ended.exit_code == 2
    assert "'nan' is not a number" in ended.output


@pytest.fixture
def named(tmp_path: Path) -> Path:
    """A state whose cluster and stack are called what a terminal, a table and a browser would run."""
    urn = f"urn:pulumi:live::shop::{TYPE}::{ESCAPES}"
    file = tmp_path / "state.json"
    resource = {"urn": urn, "type": TYPE, "outputs": {"state_version": ESCAPES}, "deletedWith": ESCAPES}
    file.write_text(json.dumps({"deployment": {"resources": [resource]}}), "utf-8")
    return file


def test_a_name_is_no_command_of_the_terminal(named: Path) -> None:
    """Nor of the terminal at the end of a pipe: it is shown, on its own line."""
    ended = run("plan", "--offline", "--file", str(named))

    assert not CONTROL.search(ended.output)
    assert ended.stdout.startswith(r"\x1b[2Jwiped\x1b]0;title\x07\r\n| <script>")


def test_a_name_is_no_markup_of_a_pull_request(named: Path) -> None:
    """The table has its columns, and no tag of HTML is in it."""
    text = run("plan", "--offline", "--file", str(named), "--format", "markdown").stdout
    table = [line for line in text.splitlines() if line.startswith("|")]

    assert not CONTROL.search(text)
    assert "<script" not in text
    assert {line.count("|") for line in table} == {6}


def test_json_of_a_name_may_be_shown_and_reads_back(named: Path) -> None:
    """No sign of it reaches a terminal, and a program reads what was there."""
    text = run("plan", "--offline", "--file", str(named), "--format", "json").stdout

    assert not CONTROL.search(text)
    assert json.loads(text)["clusters"][0]["name"] == ESCAPES


def test_a_policy_is_no_command_of_the_terminal(tmp_path: Path) -> None:
    """Nor are the words of its problems, in any format."""
    file = tmp_path / f"p{ESCAPES.replace('/', '')}.yaml"
    file.write_text('version: 1\n"\\e[2J\\u202e": |\n  x\n', "utf-8")

    for style in ("text", "json", "github"):
        ended = run("check", str(file), "--format", style)
        assert ended.exit_code == 1
        assert not CONTROL.search(ended.output)


# --- chance ---


@pytest.fixture
def document(stage: Stage) -> dict[str, Any]:
    """A whole state: a cluster that is up, its provider, and a key behind an alias."""
    stage.write_policy(stage.rules(SKIPPING))
    stage.up()
    provider = {
        "urn": PROVIDER,
        "id": "1234",
        "type": "pulumi:providers:pulumi-python",
        "inputs": {
            "redshift-teardown:policyFile": str(stage.policy_file),
            "aws:region": "us-east-1",
            "aws:defaultTags": '{"tags": {"team": "data"}}',
            "aws:assumeRoles": [{"roleArn": "arn:aws:iam::111122223333:role/x"}],
            "aws:secretKey": {**SECRET, "ciphertext": "…"},
        },
    }
    cluster = {
        "urn": URN,
        "type": TYPE,
        "id": "warehouse",
        "provider": f"{PROVIDER}::1234",
        "outputs": {**(stage.state or {}), "kms_key_id": KEY_ARN, "__provider": "…"},
        "protect": False,
    }
    alias = {
        "urn": "urn:pulumi:live::shop::aws:kms/alias:Alias::alias",
        "type": "aws:kms/alias:Alias",
        "outputs": {"arn": KEY_ARN, "targetKeyId": "1234"},
    }
    key = {
        "urn": "urn:pulumi:live::shop::aws:kms/key:Key::key",
        "type": "aws:kms/key:Key",
        "id": "1234",
        "outputs": {"arn": KEY_ARN, "keyId": "1234"},
    }
    return {"version": 3, "deployment": {"resources": [provider, key, alias, cluster]}}


@pytest.mark.parametrize("value", [each for each in SCALARS if isinstance(each, str)], ids=ascii)
@pytest.mark.parametrize("key", ["policyFile", "environment", "region"])
def test_a_recorded_setting_may_be_any_text(
    key: str, value: str, document: dict[str, Any], tmp_path: Path
) -> None:
    """One that is no path, no region and no name is told as a fault of the setting."""
    file = tmp_path / "state.json"
    namespace = "aws" if key == "region" else "redshift-teardown"
    document["deployment"]["resources"][0]["inputs"][f"{namespace}:{key}"] = value
    file.write_text(json.dumps(document), "utf-8")

    ended = run("plan", "--offline", "--file", str(file))

    assert ended.exit_code in (0, 1, 2, 3), ended.output


def test_no_state_ends_in_a_traceback(document: dict[str, Any], tmp_path: Path) -> None:
    """A minute of spoiled states: told in one of the four ways to end, and nothing of them is a command."""
    seed, chance = chances()
    until = time.monotonic() + SECONDS
    file = tmp_path / "state.json"
    while time.monotonic() < until:
        text = json.dumps(spoiled(document, chance))
        file.write_text(text, "utf-8")
        style = chance.choice(("table", "json", "markdown"))
        began = time.monotonic()

        try:
            ended = run("plan", "--offline", "--file", str(file), "--format", style)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {text}") from error

        assert ended.exit_code in (0, 1, 2, 3), f"seed {seed}: {text}"
        assert not CONTROL.search(ended.output), f"seed {seed}: {text}"
        assert time.monotonic() - began < 5, f"seed {seed}: {text}"


@pytest.mark.parametrize(
    "make",
    [
        lambda size: {"resources": [{"urn": f"urn:pulumi:a::b::c::{n}"} for n in range(size // 40)]},
        lambda size: {"resources": [cluster_of({"x": "y" * size})]},
        lambda size: {"resources": [cluster_of({"tags": {f"k{n}": "v" for n in range(size // 16)}})]},
        lambda size: {
            "resources": [cluster_of({"policy": {"rules": {"skip": [{"n": n} for n in range(size // 12)]}}})]
        },
        lambda size: {"resources": [{"urn": f"urn:pulumi:a::b::{TYPE}::{ESCAPES * (size // 60)}"}]},
        lambda size: {"resources": [{"urn": "x" * size}]},
    ],
    ids=["resources", "text", "tags", "rules", "escapes", "urn"],
)
def test_a_state_is_read_in_linear_time(make: Callable[[int], Any], tmp_path: Path) -> None:
    """Ten times the size is ten times the work."""
    file = tmp_path / "state.json"

    def act(text: str) -> None:
        file.write_text(text, "utf-8")
        run("plan", "--offline", "--file", str(file))

    assert ratio(lambda size: json.dumps({"deployment": make(size)}), act) < LINEAR


def cluster_of(outputs: dict[str, Any]) -> dict[str, Any]:
    """A cluster with such outputs."""
    return {"urn": URN, "type": TYPE, "outputs": {"state_version": 2, "urn": URN, **outputs}}


@pytest.mark.parametrize(
    "make",
    [
        lambda size: "config:\n" + "".join(f"  a:k{n}: v\n" for n in range(size // 10)),
        lambda size: "config:\n  a:b: [" + "x, " * (size // 3) + "]\n",
        lambda size: "config:\n  a:b: " + "x" * size,
        lambda size: "config: " + "[" * size,
        lambda size: "config:\n  a:b: '" + "[" * 90 + "x" * size + "'\n",
    ],
    ids=["keys", "list", "text", "deep", "brackets"],
)
def test_settings_are_read_in_linear_time(make: Callable[[int], str], tmp_path: Path) -> None:
    """Ten times the size is ten times the work."""
    file = tmp_path / "Pulumi.dev.yaml"

    def act(text: str) -> None:
        file.write_text(text, "utf-8")
        try:
            read_yaml(file, "settings file")
        except InputError:
            return

    assert ratio(make, act) < LINEAR


def test_deep_json_is_refused_at_once(tmp_path: Path) -> None:
    """However deep: it is not a matter of time."""
    file = tmp_path / "state.json"
    file.write_text("[" * 10_000_000, "utf-8")
    began = time.monotonic()

    with pytest.raises(InputError, match="nested too deeply"):
        read_json(file, "exported state")
    assert time.monotonic() - began < 5


OPTIONS = {
    "plan": [
        "--stack", "--file", "--config", "--run-program", "--policy", "--offline", "--snapshot-quota",
        "--price", "--format",
    ],
    "check": ["--format"],
    "explain": [
        "--stack", "--account", "--environment", "--identifier", "--node-type", "--nodes", "--tag", "--age",
        "--skip-requested", "--restored", "--project", "--policy", "--format",
    ],
    "restore": ["--project", "--stack", "--resource", "--program", "--format", "--region", "--all-regions"],
    "snapshots": ["--project", "--stack", "--price", "--format", "--all-regions", "--region"],
    "schema": [],
    "emulator": ["--speed", "--port", "--host"],
}  # fmt: skip
WORDS = [
    # No system hands over half of a surrogate pair; bytes that are no UTF-8 come as \udc80 and above.
    *(str(each) for each in SCALARS if each != "\ud800"),
    "3h",
    "9" * 400 + "h",
    "a=b",
    "=",
    "json",
    "markdown",
    "/dev/zero",
    "/",
    "\udcff",
    "-",
    "--",
]


def command_line(chance: random.Random, good: Path) -> list[str]:
    """Return a command with options, each of them with any word at all."""
    name = chance.choice(sorted(OPTIONS))
    arguments = [name]
    if name == "emulator":
        # With this it never serves: what is tested is what it says of its options.
        arguments += ["--state", "/dev/zero"]
    if name == "explain":
        arguments += ["--stack", "dev"]
    if name == "plan":
        arguments += ["--file", str(good), "--offline"]
    for option in chance.sample(OPTIONS[name], min(len(OPTIONS[name]), chance.randrange(4))):
        arguments.append(option)
        if chance.random() < 0.9:
            arguments.append(chance.choice(WORDS))
    if chance.random() < 0.3:
        arguments.append(chance.choice(WORDS))
    # No system hands a NUL over.
    return [word for word in arguments if "\x00" not in word]


def test_no_arguments_end_in_a_traceback(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute of command lines: each ends by itself, with an exit code and words."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    good = tmp_path / "good.json"
    good.write_text(json.dumps(document), "utf-8")
    monkeypatch.chdir(tmp_path)
    seed, chance = chances()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        arguments = command_line(chance, good)
        told = f"seed {seed}: {arguments!r}"
        began = time.monotonic()

        try:
            ended = run(*arguments)
        except AssertionError as error:
            raise AssertionError(told) from error

        assert ended.exit_code in (0, 1, 2, 3), told
        assert time.monotonic() - began < 10, told


@pytest.mark.parametrize(
    "make",
    [
        lambda size: ["explain", "--stack", "x" * size],
        lambda size: ["explain", "--stack", "dev", "--age", "9" * size + "h"],
        lambda size: ["explain", "--stack", "dev", "--nodes", "9" * size],
        lambda size: ["explain", "--stack", "dev", "--tag", "a=" + ESCAPES * (size // 60)],
        lambda size: ["explain", "--stack", "dev", *(f"--tag=k{n}=v" for n in range(size // 12))],
        lambda size: ["explain", "--stack", "dev", "--policy", "/" * size],
        lambda size: ["check", ESCAPES * (size // 60)],
        lambda size: ["plan", "--offline", "--file", "x/" * (size // 2)],
        lambda size: ["snapshots", "--price", "9" * size],
        lambda size: ["x" * size],
        lambda size: [f"--{'x' * size}"],
    ],
    ids=["stack", "age", "nodes", "tag", "tags", "policy", "file", "state", "price", "command", "option"],
)
def test_arguments_are_read_in_linear_time(make: Callable[[int], list[str]]) -> None:
    """Ten times the size is ten times the work."""
    assert ratio(make, lambda arguments: run(*arguments)) < LINEAR
