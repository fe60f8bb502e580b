"""The other half of the gate before destroy: options that only the state shows."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from redshift_pack import state
from tests.hostile import ESCAPES, LINEAR, SECONDS, chances, ratio, spoiled
from tests.pack.clusters import OWNED, recorded
from tests.pack.fixtures import FOLDER, POLICY_FILE
from tests.pack.wire import PACK, Wired

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = {"policyFile": POLICY_FILE}
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}


def resource(stack: str = "prod", *, account: str = "", type: str = OWNED, **options: Any) -> dict[str, Any]:  # noqa: A002
    """A resource as it stands in an exported state."""
    props = {
        "state_version": 2,
        "on_destroy": "see the policy",
        "policy": recorded(stack, account=account or None),
        "cluster_identifier": "analytics",
        "master_password": SECRET,
        "__provider": "gASV",
    }
    urn = Wired(type=type, name="warehouse", stack=stack).urn
    return {"urn": urn, "type": type, "inputs": props, "outputs": props, **options}


def deployment(*resources: dict[str, Any]) -> dict[str, Any]:
    """An exported state."""
    return {"version": 3, "deployment": {"resources": list(resources)}}


def test_option_that_a_transformation_set_is_found_with_place_and_fix() -> None:
    """What no policy can see is said in the words of the policy that would."""
    found = state.findings(deployment(resource(retainOnDelete=True)), CONFIG)

    golden = (FOLDER / "redshift-teardown-not-bypassed" / "retained.txt").read_text(encoding="utf-8")
    expected = golden.replace("analytics-prod", "analytics")
    assert "".join(f"{one.render()}\n" for one in found) == expected


def test_every_option_of_every_cluster_is_found() -> None:
    """Three options of one cluster are three findings; a subclass with another token is a cluster, too."""
    found = state.findings(
        deployment(
            resource(
                retainOnDelete=True,
                deletedWith="urn:pulumi:prod::w::aws:s3/bucket:Bucket::b",
                replaceWith=["urn:pulumi:prod::w::aws:s3/bucket:Bucket::b"],
            ),
            resource(type="pulumi-python:dynamic:Resource", retainOnDelete=True),
        ),
        CONFIG,
    )

    assert [one.what.split("resource option ")[1].split(",")[0] for one in found] == [
        "retain_on_delete",
        "deleted_with",
        "replace_with",
        "retain_on_delete",
    ]


def test_what_replace_with_does_is_said() -> None:
    """Delete is called, and nobody is asked before: the words of the other options would be false."""
    [found] = state.findings(deployment(resource(replaceWith=["urn:pulumi:prod::w::a:b:C::c"])), CONFIG)

    assert "with which Pulumi deletes it together with another resource" in found.what
    assert "deletes the cluster before anybody asks whether its data comes back" in found.destroy
    assert "an `up` that changes nothing else" in found.fix


@pytest.mark.parametrize(
    "harmless",
    [
        resource(),
        resource(retainOnDelete=False),
        resource("dev", account="444455556666", retainOnDelete=True),
        resource(type="aws:s3/bucket:Bucket", retainOnDelete=True),
        resource(retainOnDelete=True, delete=True),
        {"urn": "urn:pulumi:prod::w::pulumi:pulumi:Stack::w-prod", "type": "pulumi:pulumi:Stack"},
    ],
    ids=["no option", "option off", "dev", "no cluster", "being replaced", "no properties"],
)
def test_what_bypasses_nothing_is_left_alone(harmless: dict[str, Any]) -> None:
    """Only a cluster that may be production's, with an option that is on, is a finding."""
    assert state.findings(deployment(harmless), CONFIG) == []


def test_dev_stack_of_unknown_account_may_be_production() -> None:
    """In doubt it is production, as everywhere in the pack."""
    found = state.findings(deployment(resource("dev", retainOnDelete=True)), CONFIG)

    assert ["account unknown" in one.what for one in found] == [True]


def test_broken_policy_file_is_a_finding() -> None:
    """The gate does not open because its rules cannot be read."""
    found = state.findings(deployment(resource(retainOnDelete=True)), {"policyFile": "nowhere.yaml"})

    assert ["nowhere.yaml" in one.rule for one in found] == [True]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "it has no deployment"),
        ({"deployment": {"resources": [{"type": "x"}]}}, "a resource without a URN"),
        ({"deployment": {"resources": [{"urn": "x"}]}}, "a resource without a type"),
        ({"deployment": {"resources": 5}}, "resources is no list"),
        (
            {"deployment": {"resources": [resource(retainOnDelete=True) | {"inputs": []}]}},
            "inputs is no object",
        ),
        ({"deployment": {"resources": [resource(retainOnDelete="yes")]}}, "is no true or false"),
        ({"deployment": {"resources": [resource(replaceWith="urn")]}}, "is no list"),
        (
            {"deployment": {"resources": [resource(retainOnDelete=True) | {"urn": "x"}]}},
            "not a Pulumi URN: 'x'",
        ),
    ],
)
def test_what_is_no_state_is_refused(document: object, said: str) -> None:
    """An empty or foreign file is not taken for a stack without findings."""
    with pytest.raises(state.StateError, match=said):
        state.findings(document, CONFIG)


def test_command_reads_standard_input_and_tells_by_its_exit_code(tmp_path: Path) -> None:
    """As the pipe in the documentation runs it: 1 with findings, 0 without, 2 for what cannot be read."""
    config = tmp_path / "pack.json"
    config.write_text(
        json.dumps({"redshift-teardown-not-bypassed": {**CONFIG, "enforcementLevel": "mandatory"}})
    )

    def run(document: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "redshift_pack.state", "--config", str(config)]
        done = subprocess.run(command, cwd=PACK, input=document, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.splitlines()[-1] if done.stdout else "", done.stderr

    assert run(json.dumps(deployment(resource(deletedWith="urn")))) == (1, "1 finding", "")
    assert run(json.dumps(deployment(resource()))) == (0, "0 findings", "")
    code, last, error = run("{")
    assert (code, last) == (2, "")
    assert error.startswith("error: standard input is no exported state (see `pulumi stack export`): ")


NAME = "redshift-teardown-not-bypassed"


def typed(text: str) -> io.TextIOWrapper:
    """Standard input that holds a text."""
    return io.TextIOWrapper(io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("mandatory", "an object of policies is due, not the text 'mandatory'"),
        (None, "an object of policies is due, not nothing"),
        ({"redshift-teardown-not-bypased": {}}, f"did you mean {NAME!r}?"),
        ({"all": {"productionStacks": ["dev"]}}, "so productionStacks would have no effect"),
        ({"all": "loud"}, "all: 'loud' is no enforcement level"),
        ({NAME: {"enforcementLevel": 1}}, f"{NAME}: 1 is no enforcement level"),
        ({NAME: ["dev"]}, f"{NAME}: an enforcement level or an object of settings is due, not a list"),
        ({NAME: {"productionStack": ["dev"]}}, "did you mean 'productionStacks'?"),
        ({NAME: {"productionStacks": "dev"}}, "productionStacks: a list is due, not the text 'dev'"),
        ({NAME: {"productionStacks": [5]}}, "productionStacks: a text is due, not 5"),
        ({NAME: {"productionStacks": ["acme/hidden/dev"]}}, 'without organisation and project; write "dev"'),
        ({NAME: {"productionStacks": ["[dev"]}}, 'opens a "[" that it does not close'),
        ({NAME: {"productionStacks": ["[^d]*"]}}, 'write "[!d]*"'),
        ({NAME: {"productionStacks": ["(live|dev)"]}}, 'write "live" and "dev"'),
        ({NAME: {"productionStacks": [""]}}, 'no stack can be called ""'),
        ({NAME: {"productionAccounts": ["1111"]}}, '"1111" is no AWS account'),
        ({NAME: {"account": 111122223333}}, "account: a text is due, not 111122223333"),
        ({NAME: {"policyFile": ""}}, "policyFile: it is empty"),
        ({"redshift-final-snapshot-retention": {"minimumDays": 0}}, "minimumDays: 0 is out of range"),
        ({"redshift-final-snapshot-retention": {"minimumDays": True}}, "minimumDays: a whole number is due"),
        ({"redshift-environment-honest": {"environmentTags": ["aws:x"]}}, "AWS's own"),
    ],
)
def test_a_configuration_that_says_nothing_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    config: object,
    said: str,
) -> None:
    """What could never match, or is no setting of any policy, is told, whichever policy it is for."""
    file = tmp_path / "pack.json"
    file.write_text(json.dumps(config))
    monkeypatch.setattr(sys, "stdin", typed(json.dumps(deployment())))

    assert state.main(["--config", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file} is no configuration of this policy pack: ")
    assert said in error


@pytest.mark.parametrize(
    ("config", "code", "last"),
    [
        ({}, 1, "1 finding"),
        ({"all": "advisory"}, 0, "1 finding"),
        ({NAME: "advisory", "all": "mandatory"}, 0, "1 finding"),
        ({NAME: {"enforcementLevel": "mandatory"}, "all": "disabled"}, 1, "1 finding"),
        ({NAME: "remediate"}, 1, "1 finding"),
        ({"all": "disabled"}, 0, f"{NAME} is disabled by FILE: nothing was looked at"),
        ({"environments": ["aws-production"]}, 1, "1 finding"),
    ],
)
def test_the_enforcement_level_is_in_force(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    config: object,
    code: int,
    last: str,
) -> None:
    """What the configuration makes advisory tells and lets through; what it disables looks at nothing."""
    file = tmp_path / "pack.json"
    file.write_text(json.dumps(config))
    monkeypatch.setattr(sys, "stdin", typed(json.dumps(deployment(resource(retainOnDelete=True)))))

    assert state.main(["--config", str(file)]) == code
    assert capsys.readouterr().out.splitlines()[-1].replace(str(file), "FILE") == last


def test_command_refuses_files_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing state, and a configuration that is none, are told apart from an empty stack."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(deployment()).encode())))
    listed = tmp_path / "list.json"
    listed.write_text("[]")

    assert state.main([str(tmp_path / "nothing.json")]) == 2
    assert state.main(["--config", str(listed)]) == 2
    assert capsys.readouterr().err == (
        f"error: {tmp_path / 'nothing.json'} cannot be read: No such file or directory\n"
        f"error: {listed} is no configuration of this policy pack: an object of policies is due, not a list\n"
    )


@pytest.mark.parametrize("key", ["inputs", "outputs"])
def test_properties_may_be_null(key: str) -> None:
    """A resource without properties, as the engine also writes it, hides nothing of the others."""
    empty = resource(retainOnDelete=True) | {key: None}

    assert len(state.findings(deployment(empty, resource(retainOnDelete=True)), CONFIG)) == 2


@pytest.mark.parametrize("option", [[], ["--config"]], ids=["state", "configuration"])
def test_no_pipe_is_waited_for(
    option: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a pipe nor a device is read, as a state or as a configuration."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(deployment()).encode())))
    os.mkfifo(tmp_path / "pipe")

    for file in (str(tmp_path / "pipe"), "/dev/zero"):
        assert state.main([*option, file]) == 2
        assert "it is no ordinary file" in capsys.readouterr().err


def test_a_name_is_no_command_and_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a resource is called reaches no terminal as a command, and begins no line of its own."""
    file = tmp_path / "state.json"
    named = resource(retainOnDelete=True)
    named["urn"] += f"\n0 findings\n{ESCAPES}"
    named["inputs"] = named["outputs"] = {"cluster_identifier": f"x\n0 findings\n{ESCAPES}"}
    file.write_text(json.dumps(deployment(named)), "utf-8")

    assert state.main([str(file)]) == 1
    shown = capsys.readouterr().out.split("\n")
    assert "\x1b" not in "".join(shown)
    assert [line for line in shown if not line.startswith("  ")] == [shown[0], "1 finding", ""]


def test_no_state_ends_in_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A minute of spoiled states: judged, or refused in words."""
    good = deployment(
        resource(retainOnDelete=True, deletedWith="urn:pulumi:prod::w::aws:s3/bucket:Bucket::b"),
        resource("dev", account="444455556666", retainOnDelete=True),
    )
    config = tmp_path / "pack.json"
    config.write_text(json.dumps({"redshift-teardown-not-bypassed": CONFIG}), "utf-8")
    file = tmp_path / "state.json"
    seed, chance = chances()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        text = json.dumps(spoiled(good, chance))
        file.write_text(text, "utf-8")
        try:
            code = state.main(["--config", str(config), str(file)])
        except Exception as error:
            raise AssertionError(f"seed {seed}: {text}") from error
        assert code in (0, 1, 2)
        assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "make",
    [
        lambda size: [resource(retainOnDelete=True) for _ in range(size // 1500)],
        lambda size: [
            resource(retainOnDelete=True) | {"inputs": {"cluster_identifier": "x\n" * (size // 2)}}
        ],
        lambda size: [resource(retainOnDelete=True) | {"inputs": {f"k{n}": "v" for n in range(size // 12)}}],
    ],
    ids=["resources", "lines", "properties"],
)
def test_a_state_is_judged_in_linear_time(make: Callable[[int], Any], tmp_path: Path) -> None:
    """Ten times the size is ten times the work."""
    file = tmp_path / "state.json"

    def act(text: str) -> None:
        file.write_text(text, "utf-8")
        state.main([str(file)])

    assert ratio(lambda size: json.dumps(deployment(*make(size))), act) < LINEAR
