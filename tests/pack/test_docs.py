"""The pages of the policies say what the policies say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import jsonschema
import pytest
from google.protobuf import json_format

from redshift_pack import RULES
from redshift_pack.rule import NIST, NIST_VERSION
from tests.pack import fixtures
from tests.pack.wire import PACK, ROOT

if TYPE_CHECKING:
    from redshift_pack.rule import About
    from tests.pack.wire import Pack

ABOUTS = [rule.about for rule in RULES]
README = (PACK / "README.md").read_text(encoding="utf-8")


def by_name(about: About) -> str:
    """The name of a policy, for the ids of tests."""
    return about.name


def page(about: About) -> str:
    """The page of a policy."""
    return (ROOT / f"docs/policies/{about.name}.md").read_text(encoding="utf-8")


def documented_config() -> dict[str, object]:
    """The configuration that the README shows."""
    (block,) = re.findall(r"^```json\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    config: dict[str, object] = json.loads(block)
    return config


@pytest.mark.parametrize("about", ABOUTS, ids=by_name)
def test_page_gives_name_rule_and_classification(about: About) -> None:
    """Title, sentence, enforcement, severity, framework and own settings are those of the policy."""
    text = page(about)

    assert text.startswith(f"# {about.name}\n\n{about.description}\n")
    assert f"| Enforcement | {about.enforcement.value} |" in text
    assert f"| Severity | {about.severity.value} |" in text
    assert f"| Framework | {NIST} {NIST_VERSION}, {about.control}. {about.specification} |" in text
    for setting in about.settings:
        assert f"Takes `{setting}`: " in text


@pytest.mark.parametrize("about", ABOUTS, ids=by_name)
def test_page_shows_a_finding_as_it_is(about: About) -> None:
    """The finding of the page is the first of a fixture's, with the names of files a reader would have."""
    (said,) = re.findall(r"^## What it says\n\n```\n(.*?)^```", page(about), re.DOTALL | re.MULTILINE)
    shown = []
    for fixture in fixtures.load():
        if fixture.policy == about.name and fixture.expected:
            text = re.sub(r"stack/\w+\.yaml", "team/deletion-policy.yaml", fixture.expected)
            text = text.replace("tests/pack/policies/three.yaml", "policy/deletion-policy.yaml")
            first = re.split(r"\n(?=Cluster )", text)[0].rstrip("\n")
            shown.append(f"{about.description}\n{first}\n")

    assert said in shown


@pytest.mark.parametrize("about", ABOUTS, ids=by_name)
def test_readme_lists_the_policy(about: About) -> None:
    """With its enforcement, and a link to its page."""
    assert f"| [{about.name}](../docs/policies/{about.name}.md) | {about.enforcement.value} |" in README


def test_there_is_no_page_without_a_policy() -> None:
    """A policy that was renamed or dropped takes its page with it."""
    pages = {path.stem for path in (ROOT / "docs/policies").glob("redshift-*.md")}

    assert pages == {about.name for about in ABOUTS}


@pytest.mark.contract
def test_documented_configuration_fits_the_published_schemas(running_pack: Pack) -> None:
    """Every setting the README shows is of the form the pack publishes, for the policy it is given to."""
    info = running_pack.info()
    schemas = {
        policy.name: {
            "type": "object",
            "properties": json_format.MessageToDict(policy.configSchema)["properties"],
            "additionalProperties": False,
        }
        for policy in info.policies
    }

    for name, value in documented_config().items():
        settings = dict(value) if isinstance(value, dict) else {"enforcementLevel": value}
        level = settings.pop("enforcementLevel", "mandatory")
        assert level in {"mandatory", "advisory", "remediate", "disabled"}
        jsonschema.validate(settings, schemas[name])


@pytest.mark.contract
def test_pack_says_everything_about_each_policy(running_pack: Pack) -> None:
    """Severity, framework, steps, page, tags and schema reach the engine, for a catalogue to show."""
    for policy, about in zip(running_pack.info().policies, ABOUTS, strict=True):
        assert policy.name == about.name
        assert policy.displayName == about.title
        assert policy.severity != 0
        assert policy.framework.reference == about.control
        assert policy.remediation_steps
        assert (ROOT / policy.url).exists()
        assert list(policy.tags) == ["redshift", "data-protection"]
        assert {"policyFile", "productionStacks", "productionAccounts", "account"} <= set(
            json_format.MessageToDict(policy.configSchema)["properties"]
        )
