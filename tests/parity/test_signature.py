"""Every argument and output of ``pulumi_aws.redshift.Cluster``, by the same name, of the same type.

Each difference stands on a list with its reason. Whoever changes the signature, or installs another
pulumi_aws, reads it here first.
"""

from __future__ import annotations

import collections.abc
import inspect
import re
import types
import typing
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi_aws.redshift import Cluster as TheirCluster
from pulumi_aws.redshift import cluster as their_module

from redshift_teardown import Cluster
from redshift_teardown import cluster as our_module
from redshift_teardown.aws.arguments import ARGUMENTS, BY_NAME, READ_ONLY, Change

if TYPE_CHECKING:
    from collections.abc import Callable

OURS_ALONE = {
    "restore_final_snapshot": "brings a cluster back from its own final snapshot; pulumi-aws cannot",
    "adopt_existing": "takes over a running cluster; dynamic resources have no import",
    "environment": "names the deletion policy's environment for one cluster of a stack",
}
OUTPUTS_ALONE = {
    **OURS_ALONE,
    "on_destroy": "what destroying the cluster would do, and which line says so",
    "identity": "the generation that a teardown is for",
    "policy": "the rules recorded at the last up, which a destroy cannot loosen",
}
OTHER_INPUT_TYPES = {
    "encrypted": ("bool | str", "pulumi-aws 7 takes the strings 'true' and 'false' only; a bool is clearer"),
}
OTHER_OUTPUT_TYPES = {
    "cluster_nodes": (
        "Sequence[Mapping[str, str]]",
        "a dynamic resource outputs plain values: nodes[0]['node_role'] in place of nodes[0].node_role",
    ),
    "aqua_configuration_status": (
        "str | None",
        "AWS retired it and always answers 'auto', as pulumi-aws says; here it is what the program says",
    ),
}
REQUIRED_ELSEWHERE = {
    "node_type": "pulumi-aws requires it; a restored or adopted cluster may keep its own; else check asks",
    "cluster_identifier": "pulumi-aws takes none as a random name at run time; check asks for it",
}
BEHAVIOUR = {
    # Not of the signature, but of what an argument does; compared by hand with Terraform's resource.
    "cluster_identifier": "renames by NewClusterIdentifier, where pulumi-aws replaces the cluster",
    "database_name": "replaces, where pulumi-aws shows a difference forever that it never makes so",
    "owner_account": "replaces together with its snapshot, where pulumi-aws ignores a change",
    "snapshot_identifier": "to drop it changes nothing, where pulumi-aws replaces the cluster",
    "snapshot_arn": "to drop it changes nothing, where pulumi-aws replaces the cluster",
    "snapshot_cluster_identifier": "to drop it changes nothing, where pulumi-aws replaces the cluster",
    "elastic_ip": "a change is made so, where pulumi-aws records it and calls nothing",
    "skip_final_snapshot": "a request that the deletion policy grants or refuses",
    "final_snapshot_identifier": "a request: granted once, and while the name is taken -2, -3 … is appended",
    "apply_immediately": "taken and without effect, as in pulumi-aws since AQUA is gone",
    "aqua_configuration_status": "taken and without effect, as in pulumi-aws",
    "master_password_wo": "encrypted in the state's inputs: dynamic resources have no write-only ones",
}
CALLING = ("Cluster.get is not offered: dynamic resources cannot be looked up; use aws.redshift.Cluster.get",)


NAMES = {
    **vars(collections.abc),
    **{name: getattr(typing, name) for name in ("Any", "Optional", "Union")},
    "Output": pulumi.Output,
    "Input": pulumi.Input,
    "Awaitable": collections.abc.Awaitable,
    "T": Any,
}
"""What the annotations of either side are written with."""


def plain(annotation: Any) -> str:
    """Write a type without Input, Output, Awaitable and None: ``str``, ``Sequence[str]``, ``bool | str``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        kept = {
            plain(each)
            for each in arguments
            if each is not type(None)
            and typing.get_origin(each) not in (pulumi.Output, collections.abc.Awaitable)
        }
        return " | ".join(sorted(kept - {""}))
    if origin in (collections.abc.Sequence, collections.abc.Mapping):
        return f"{origin.__name__}[{', '.join(plain(each) for each in arguments)}]"
    return str(getattr(annotation, "__name__", annotation))


def optional(annotation: Any) -> str:
    """Write an output's type, with None where it may be."""
    inner = typing.get_args(annotation)[0]
    return plain(inner) + (" | None" if type(None) in typing.get_args(inner) else "")


def hints(of: Callable[..., Any], module: Any) -> dict[str, Any]:
    """The types of a function's parameters."""
    names = NAMES | vars(module)
    found = typing.get_type_hints(of, globalns=names)
    return {name: found[name] for name in inspect.signature(of).parameters if name in found}


def their_inputs() -> dict[str, Any]:
    """pulumi-aws's arguments."""
    found = hints(TheirCluster._internal_init, their_module)
    return {name: each for name, each in found.items() if name not in {"resource_name", "opts"}}


def our_inputs() -> dict[str, Any]:
    """Ours."""
    found = hints(Cluster.__init__, our_module)
    return {
        name: each for name, each in found.items() if name not in {"resource_name", "args", "opts", "return"}
    }


def their_outputs() -> dict[str, Any]:
    """pulumi-aws's outputs."""
    return {
        name: each.fget.__annotations__["return"]
        for name, each in vars(TheirCluster).items()
        if isinstance(each, property)
    }


def our_outputs() -> dict[str, Any]:
    """Ours."""
    names = NAMES | vars(our_module)
    # Of the class itself, not of pulumi's classes above it.
    own = types.SimpleNamespace(__annotations__=vars(Cluster)["__annotations__"])
    return {
        name: each
        for name, each in typing.get_type_hints(own, globalns=names).items()
        if typing.get_origin(each) is pulumi.Output
    }


def test_every_argument_is_taken() -> None:
    """Theirs and ours differ by the reviewed list, and by nothing else."""
    assert set(our_inputs()) - set(their_inputs()) == set(OURS_ALONE)
    assert set(their_inputs()) - set(our_inputs()) == set()


@pytest.mark.parametrize("name", sorted(their_inputs()))
def test_an_argument_is_of_the_same_type(name: str) -> None:
    """A program that is typed for pulumi-aws is typed for this."""
    theirs, ours = plain(their_inputs()[name]), plain(our_inputs()[name])
    if name in OTHER_INPUT_TYPES:
        assert ours == OTHER_INPUT_TYPES[name][0]
        assert theirs in ours
    else:
        assert ours == theirs


def test_arguments_are_keywords_without_defaults_of_their_own() -> None:
    """Same calling style: a name, arguments as one object, opts, and keywords that may all be left out."""
    parameters = list(inspect.signature(Cluster.__init__).parameters.values())[1:]
    assert [each.name for each in parameters[:3]] == ["resource_name", "args", "opts"]
    assert {each.kind for each in parameters[3:]} == {inspect.Parameter.KEYWORD_ONLY}
    assert {each.default for each in parameters[1:]} == {None}


def test_every_output_is_there() -> None:
    """Theirs and ours differ by the reviewed list, and by nothing else."""
    assert set(our_outputs()) - set(their_outputs()) == set(OUTPUTS_ALONE)
    assert set(their_outputs()) - set(our_outputs()) == set()


@pytest.mark.parametrize("name", sorted(their_outputs()))
def test_an_output_is_of_the_same_type(name: str) -> None:
    """A program that passes an output on goes on doing so."""
    ours = optional(our_outputs()[name])
    if name in OTHER_OUTPUT_TYPES:
        assert ours == OTHER_OUTPUT_TYPES[name][0]
    else:
        assert ours == optional(their_outputs()[name])


def test_the_table_is_the_signature() -> None:
    """One table drives create, modify, restore, read and diff: it names every argument, and no other."""
    assert [argument.name for argument in ARGUMENTS if argument.name not in our_inputs()] == []
    assert set(our_inputs()) == set(BY_NAME)
    assert set(READ_ONLY) | set(BY_NAME) | {"on_destroy", "identity", "policy"} == set(our_outputs())


DOCUMENTED = {
    name: " ".join((each.fget.__doc__ or "").split())
    for name, each in vars(their_module.ClusterArgs).items()
    if isinstance(each, property) and each.fget is not None
}
DEFAULTS = {
    name: found[1]
    for name, text in DOCUMENTED.items()
    if (
        found := re.search(
            r"[Dd]efault(?:s to| is| value is| port the cluster|)(?: |: )`?(-?\w+)`?(?:\.|$)", text
        )
    )
}


def test_pulumi_aws_documents_defaults() -> None:
    """The strings that the next test reads say what it looks for."""
    assert {"allow_version_upgrade", "encrypted", "automated_snapshot_retention_period"} <= set(DEFAULTS)


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_default_is_pulumi_awss(name: str) -> None:
    """What pulumi-aws's own documentation gives as a default is the default here."""
    assert str(BY_NAME[name].default).lower() == DEFAULTS[name].lower()


def test_every_argument_is_documented_with_its_default() -> None:
    """The constructor's docstring explains each argument, and says the default the table has."""
    text = inspect.getdoc(Cluster.__init__) or ""
    sections = dict(re.findall(r"^    (\w+): (.*?)(?=^    \w+: |^Raises)", text, re.MULTILINE | re.DOTALL))
    assert set(sections) >= set(BY_NAME)
    for argument in ARGUMENTS:
        if argument.default is None or argument.name == "number_of_nodes":
            continue
        told = " ".join(sections[argument.name].split())
        assert f"Default {argument.default}" in told.replace("`", "").replace('"', ""), argument.name


def test_every_reason_is_given() -> None:
    """The list holds names that exist, and says why."""
    reasons = {**OURS_ALONE, **OUTPUTS_ALONE, **REQUIRED_ELSEWHERE, **BEHAVIOUR}
    assert set(OURS_ALONE) | set(REQUIRED_ELSEWHERE) | set(BEHAVIOUR) <= set(our_inputs())
    assert all(len(reason) > 20 for reason in [*reasons.values(), *CALLING])
    assert all(reason for _, reason in [*OTHER_INPUT_TYPES.values(), *OTHER_OUTPUT_TYPES.values()])


def test_what_replaces_is_on_the_list() -> None:
    """Every argument that replaces does so in pulumi-aws, too, or stands on the list."""
    forced_new = {
        "cluster_subnet_group_name",
        "master_username",
        "region",
        *(n for n in BY_NAME if "snapshot_" in n),
    }
    replacing = {argument.name for argument in ARGUMENTS if argument.change is Change.REPLACE}
    assert replacing - forced_new <= set(BEHAVIOUR)
