"""What cannot work is said once, clearly, and in preview where it can be known by then."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.harness import REGION, Code, cluster, program
from tests.long import of_the_long_ones

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.harness import Project, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-bad-input")]

KEY, SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
ABOUT = "pulumi-python:dynamic/redshift:Cluster resource 'warehouse'"


@pytest.fixture(scope="module")
def made(shared_project: Project) -> Stack:
    """A stack that is never up."""
    return shared_project.stack("prod")


@pytest.fixture
def stack(shared_project: Project, made: Stack) -> Iterator[Stack]:
    """The stack with good configuration, environment and program; what a test changes is put back."""
    environment = dict(shared_project.environment)
    changed = (shared_project.folder / "Pulumi.prod.yaml", shared_project.policy_file)
    good = [file.read_bytes() for file in changed]
    shared_project.program(program(cluster("warehouse")))
    yield made
    shared_project.environment = environment
    for file, content in zip(changed, good, strict=True):
        file.write_bytes(content)
    assert shared_project.clusters() == set()


def _set(project: Project, **variables: str | None) -> None:
    for name, value in variables.items():
        if value is None:
            project.environment.pop(name)
        else:
            project.environment[name] = value


ROLE = "arn:aws:iam::444455556666:role/deploy"
NODE_TYPES = "dc2.large, dc2.8xlarge, ra3.large, ra3.xlplus, ra3.4xlarge, ra3.16xlarge"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("node_type", "ra3.huge", f"AWS has no node type 'ra3.huge'; it has {NODE_TYPES}"),
        pytest.param(
            "node_type", "big", f"'big' is not a node type; AWS has {NODE_TYPES}", marks=of_the_long_ones
        ),
        pytest.param("number_of_nodes", "two", "must be a whole number, not 'two'", marks=of_the_long_ones),
        pytest.param(
            "cluster_identifier",
            "Warehouse-",
            "'Warehouse-' is not a name AWS accepts: 1 to 63 lower-case ",
            marks=of_the_long_ones,
        ),
    ],
)
def test_what_aws_would_refuse(
    shared_project: Project, stack: Stack, name: str, value: str, problem: str
) -> None:
    """An argument that AWS would refuse is refused in preview, by name, with what to write instead."""
    shared_project.program(program(cluster("warehouse", **{name: value})))

    refused = stack.preview().failed()

    assert refused.error.startswith(f"{ABOUT}: property {name} value {{{value}}} has a problem: {problem}")


def test_a_weak_password_is_refused_and_not_repeated(shared_project: Project, stack: Stack) -> None:
    """A password AWS would refuse is refused in preview, and the message does not hold it."""
    shared_project.program(program(cluster("warehouse", master_password=Code("'fee' + 'ble'"))))

    refused = stack.preview().failed()

    assert "master_password" in refused.output
    assert "must have 8 to 64 characters" in refused.output
    assert "feeble" not in refused.output


def test_wrong_credentials(shared_project: Project, stack: Stack) -> None:
    """Credentials that AWS does not know are said so in preview, in AWS's words, with where to look."""
    _set(shared_project, **{KEY: "AKIAINVALIDKEY"})

    assert stack.preview().failed().error == (
        f"{ABOUT} has a problem: cannot ask AWS whose credentials these are in {REGION}: "
        "InvalidClientTokenId: The security token included in the request is invalid.\n"
        "  next: AWS does not know these credentials; check AWS_PROFILE, the access key, or aws:profile"
    )


@of_the_long_ones
def test_expired_credentials(shared_project: Project, stack: Stack) -> None:
    """Credentials that have expired are said so in preview."""
    _set(shared_project, **{KEY: "ASIAEXPIREDKEY"})

    assert (
        stack.preview()
        .failed()
        .error.endswith("next: the credentials have expired; log in again, then run the command again")
    )


@of_the_long_ones
def test_no_credentials(shared_project: Project, stack: Stack) -> None:
    """Without any credentials `up` names the three ways to give some, and creates nothing."""
    _set(shared_project, **{KEY: None, SECRET: None})

    failed = stack.up().failed()

    assert failed.error == (
        f"cannot ask AWS whose credentials these are in {REGION}: Unable to locate credentials\n"
        "  next: set AWS_PROFILE, run `aws sso login`, or `pulumi config set aws:profile NAME`"
    )


@of_the_long_ones
def test_a_profile_nobody_has(stack: Stack) -> None:
    """A profile that does not exist is named in preview."""
    stack.configure({"aws:profile": "nobody"})

    refused = stack.preview().failed()

    assert "The config profile (nobody) could not be found" in refused.error
    assert "next: name a profile that exists in AWS_PROFILE or config aws:profile" in refused.error


@of_the_long_ones
def test_credentials_that_may_not(shared_project: Project, stack: Stack) -> None:
    """What IAM does not allow is told in AWS's words, with the state of the data."""
    _set(shared_project, **{KEY: "AKIADENIEDKEY"})

    error = stack.up().failed().error

    assert error.startswith("AWS did not create cluster warehouse: AccessDenied: User: ")
    assert "\n  data: nothing was created\n" in error


def test_no_region(stack: Stack) -> None:
    """Without a region preview says the three places to give one."""
    stack.configure({"aws:region": None})

    assert stack.preview().failed().error == (
        f"{ABOUT} has a problem: no AWS region is set: run `pulumi config set aws:region eu-west-1` "
        "(your region), give the cluster a region=…, or set AWS_REGION"
    )


@of_the_long_ones
def test_no_endpoint(shared_project: Project, stack: Stack) -> None:
    """Where nothing answers, `up` names the address and what may be wrong with it."""
    _set(shared_project, AWS_ENDPOINT_URL="http://127.0.0.1:9")

    failed = stack.up().failed()

    assert failed.error == (
        f"cannot ask AWS whose credentials these are in {REGION}: Could not connect to the endpoint URL: "
        '"http://127.0.0.1:9/"\n'
        "  next: nothing answers there: check the network, AWS_ENDPOINT_URL, config aws:endpoints and the "
        f"region ({REGION})"
    )


@of_the_long_ones
def test_an_endpoint_that_is_none(stack: Stack) -> None:
    """An endpoint that is no URL is refused in preview."""
    stack.configure({"aws:endpoints": [{"redshift": "nonsense", "sts": "nonsense"}]})

    refused = stack.preview().failed()

    assert refused.error.endswith(
        "config aws:endpoints: the endpoint of redshift must be a URL, such as https://…"
    )


@of_the_long_ones
def test_configuration_of_another_form(stack: Stack) -> None:
    """A key whose value is of another form is named, with the form it takes."""
    stack.configure({"aws:defaultTags": ["team"]})

    refused = stack.preview().failed()

    assert refused.error.endswith(
        'config aws:defaultTags must be an object with tags; write it as {"tags": {"team": "data"}}'
    )


@of_the_long_ones
def test_configuration_that_is_not_supported(stack: Stack) -> None:
    """What pulumi-aws would do, and this package does not, is refused in preview by its name."""
    stack.configure({"aws:ignoreTags": {"keys": ["cost"]}})

    refused = stack.preview().failed()

    assert "config aws:ignoreTags is not supported: `pulumi up` would take those tags away" in refused.error
    assert "then `pulumi config rm aws:ignoreTags` and run `pulumi up`" in refused.error


@of_the_long_ones
def test_a_role_without_credentials(shared_project: Project, stack: Stack) -> None:
    """A role cannot be assumed by nobody: it is said in words, and nothing is created."""
    _set(shared_project, **{KEY: None, SECRET: None})
    stack.configure({"aws:assumeRoles": [{"roleArn": ROLE}]})

    failed = stack.up().failed()

    assert failed.error == (
        f"cannot read the AWS configuration in {REGION}: Unable to locate credentials\n"
        "  next: set AWS_PROFILE, run `aws sso login`, or `pulumi config set aws:profile NAME`"
    )


@pytest.mark.parametrize(
    "config",
    [
        {"aws:assumeRoles": [{"roleArn": ROLE, "duration": "1h", "tags": {"team": "data"}}]},
        pytest.param(
            {"aws:assumeRoleWithWebIdentity": {"roleArn": ROLE, "webIdentityToken": "a-token"}},
            marks=of_the_long_ones,
        ),
    ],
    ids=["role", "web identity"],
)
def test_nobody_else_is_acted_as(stack: Stack, config: dict[str, Any]) -> None:
    """The role that is configured is acted as, or nobody: never whoever the environment holds."""
    stack.configure({**config, "aws:forbiddenAccountIds": ["444455556666"]})

    refused = stack.preview().failed()

    assert refused.error.startswith(
        f"{ABOUT} has a problem: these are credentials of AWS account 444455556666, which config "
    )


def test_a_policy_with_two_mistakes(shared_project: Project, stack: Stack) -> None:
    """A broken policy file stops the preview with every mistake at once, each at its place."""
    shared_project.policy("version: 1\nenvironments:\n  prod:\n    stakcs: [prod]\n    skip: nevr\n")

    refused = stack.preview().failed()

    assert "policy/deletion-policy.yaml:4:5" in refused.error
    assert "policy/deletion-policy.yaml:5:11" in refused.error
    assert "did you mean" in refused.error


@of_the_long_ones
def test_a_cluster_that_exists_already(shared_project: Project, stack: Stack) -> None:
    """A cluster of that name is not taken over unasked; the message tells of it, and of adopting it."""
    redshift = shared_project.redshift()
    redshift.create_cluster(
        ClusterIdentifier="warehouse",
        NodeType="ra3.xlplus",
        ClusterType="multi-node",
        NumberOfNodes=2,
        MasterUsername="somebody",
        ManageMasterPassword=True,
    )

    error = stack.up().failed().error

    shared_project.control.remove_cluster("warehouse")
    assert error.startswith(
        "a cluster called warehouse exists already in 123456789012, eu-central-1, created "
    )
    assert "\n  data: that cluster was not touched\n" in error
    assert "set adopt_existing=True" in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("retain_on_delete=True", "would make `pulumi destroy` drop this cluster without its final snapshot"),
        ("delete_before_replace=False", "cannot work for a cluster, which has one identifier"),
        ("replace_with=[pulumi.ComponentResource('a:b:C', 'c')]", "before it asks what is to become"),
    ],
)
def test_an_option_that_would_go_round_it(
    shared_project: Project, stack: Stack, options: str, message: str
) -> None:
    """An option under which the engine would skip the delete, or delete anew, is refused in preview."""
    shared_project.program(program(cluster("warehouse", opts=Code(f"pulumi.ResourceOptions({options})"))))

    assert message in stack.preview().failed().error


@of_the_long_ones
def test_an_aws_provider_is_refused(shared_project: Project, stack: Stack) -> None:
    """An AWS provider, which the engine would drop in silence, is refused in preview with what to do."""
    plugin = shared_project.folder / "bin" / "pulumi-resource-aws"
    plugin.parent.mkdir()
    double = Path(__file__).parents[1] / "stack" / "aws_plugin_double.py"
    plugin.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(double))} "$@"\n')
    plugin.chmod(0o755)
    _set(shared_project, PATH=f"{plugin.parent}{os.pathsep}{shared_project.environment['PATH']}")
    provider = "pulumi.ResourceOptions(provider=pulumi.ProviderResource('aws', 'other', {}))"
    shared_project.program(program(cluster("warehouse", opts=Code(provider))))

    error = stack.preview().failed().error

    assert error.startswith("warehouse: an aws provider does not reach this resource. Configure the stack")
