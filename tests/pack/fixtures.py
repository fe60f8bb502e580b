"""Stacks in files: `fixtures/POLICY/CASE.yaml`, with what the policy says about it in `CASE.txt`.

A case without a text passes. A file has

    about:     what the case shows, in a sentence
    config:    the configuration of the policy; by default it judges by policies/three.yaml
    resources: each `{kind, name}`, `stack`, `parents`, `protect`, `provider`, `depends` and `props`
    fix:       what the message says to change: properties (or `protect`, `provider` …) by resource name; the
               policy must then have nothing to say

Values may be `!unknown`, `!secret VALUE` and, for the policy of an owned cluster,
`!recorded {stack: dev, file: three.yaml, account: "…", environment: …}`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.pack.clusters import AWS, NATIVE, OWNED, recorded
from tests.pack.wire import UNKNOWN, Wired, secret

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "fixtures"
POLICY_FILE = "../tests/pack/policies/three.yaml"

_KINDS = {"owned": OWNED, "aws": AWS, "native": NATIVE}


class _Loader(yaml.SafeLoader):
    """YAML with the three kinds of value that only Pulumi has."""


def _recorded(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    return recorded(**{str(key): value for key, value in loader.construct_mapping(node).items()})


def _secret(_loader: _Loader, node: yaml.ScalarNode) -> dict[str, object]:
    return secret(yaml.safe_load(node.value))


_Loader.add_constructor("!unknown", lambda _loader, _node: UNKNOWN)
_Loader.add_constructor("!secret", _secret)
_Loader.add_constructor("!recorded", _recorded)


@dataclass(frozen=True)
class Fixture:
    """One case."""

    policy: str
    name: str
    about: str
    config: Mapping[str, Any]
    resources: tuple[Mapping[str, Any], ...]
    fix: Mapping[str, Mapping[str, Any]]
    expected: str
    golden: Path = field(compare=False)

    def stack(self, *, fixed: bool = False) -> list[Wired]:
        """The resources, as they are or with the fix applied."""
        names = [str(resource["name"]) for resource in self.resources]
        assert set(self.fix) <= set(names), f"{self.name}: the fix names {set(self.fix) - set(names)}"
        return [
            _wired(_fixed(resource, self.fix.get(str(resource["name"]), {})) if fixed else resource)
            for resource in self.resources
        ]


def load() -> list[Fixture]:
    """Read all cases."""
    return [_read(path) for path in sorted(FOLDER.glob("*/*.yaml"))]


def _read(path: Path) -> Fixture:
    # A loader of YAML's safe kind: it makes plain values, and the three above.
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    golden = path.with_suffix(".txt")
    return Fixture(
        policy=path.parent.name,
        name=f"{path.parent.name}/{path.stem}",
        about=document["about"],
        config={"policyFile": POLICY_FILE, **document.get("config", {})},
        resources=tuple(document["resources"]),
        fix=document.get("fix", {}),
        expected=golden.read_text(encoding="utf-8") if golden.exists() else "",
        golden=golden,
    )


def _fixed(resource: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(dict(resource))
    for key, value in changes.items():
        if key == "props":
            changed["props"] = {**changed.get("props", {}), **value}
        else:
            changed[key] = value
    return changed


def _wired(resource: Mapping[str, Any]) -> Wired:
    kind = str(resource["kind"])
    wired = Wired(
        type=_KINDS.get(kind, kind),
        name=resource["name"],
        stack=resource.get("stack", "prod"),
        project=resource.get("project", "warehouse"),
        parents=tuple(resource.get("parents", ())),
        protect=resource.get("protect", True),
        provider=resource.get("provider"),
        depends=resource.get("depends", {}),
    )
    props = dict(resource.get("props", {}))
    if kind == "owned" or resource.get("owned"):
        props = {
            "state_version": 2,
            "urn": wired.urn,
            "policy": recorded(wired.stack) if "policy" not in props else None,
            "on_destroy": "see the policy",
            "cluster_identifier": f"analytics-{wired.stack}",
            "node_type": "ra3.xlplus",
            "number_of_nodes": 2,
            **props,
        }
    return Wired(
        **{**wired.__dict__, "props": {key: value for key, value in props.items() if value is not None}}
    )
