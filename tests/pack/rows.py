"""The stacks that the pack is judged by on the real engine: rows of resources, and what the pack must say.

The program that the engine runs calls `run()`; the tests read `ROWS`. Rows of one stack share it, to save
engine starts, and are told apart by the names of their resources, which begin with the row's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from redshift_teardown import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

YES, NO = True, False
PRODUCTION, DEV, ELSEWHERE = "111122223333", "444455556666", "999900001111"

FINAL = "redshift-final-snapshot-in-production"
AWS = "redshift-aws-cluster-final-snapshot"
NAME = "redshift-aws-final-snapshot-name-free"
NATIVE = "redshift-native-cluster-final-snapshot"
BYPASS = "redshift-teardown-not-bypassed"
KEY = "redshift-snapshot-key-outlives-stack"
HONEST = "redshift-environment-honest"
RETENTION = "redshift-final-snapshot-retention"
CURRENT = "redshift-deletion-policy-current"
PROTECTED = "redshift-production-protected"
AUTOMATED = "redshift-automated-snapshots"

Expected = dict[str, list[str]]


@dataclass(frozen=True)
class Stack:
    """One stack of the table."""

    name: str
    account: str
    config: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False


STACKS = {
    stack.name: stack
    for stack in (
        Stack("prod", ELSEWHERE),
        # Called dev, with the rules of dev, in the account of production.
        Stack("dev", PRODUCTION, slow=True),
        Stack("dev-known", DEV, slow=True),
        Stack("staging", ELSEWHERE, slow=True),
        Stack("sandbox", ELSEWHERE, {"redshift-teardown:environment": "dev"}, slow=True),
        # Production by the pack's file, and not by its own.
        Stack("prod-loose", ELSEWHERE, {"redshift-teardown:policyFile": "looser.yaml"}, slow=True),
        # In the account of production, with a file of its own that does not know that account.
        Stack("dev-forgetful", PRODUCTION, {"redshift-teardown:policyFile": "forgetful.yaml"}, slow=True),
    )
}


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        name: Its name; its resources' names begin with it.
        stack: The stack it is part of.
        about: What it shows.
        make: Makes its resources; given the phase: 1 when the stack comes up first, 2 afterwards.
        new: What the pack says at the preview of phase 1: resources by policy.
        again: The same at the preview of phase 2.
        state: The same of the state that phase 2 leaves.
    """

    name: str
    stack: str
    about: str
    make: Callable[[str, int], object]
    new: Expected
    again: Expected
    state: Expected


ROWS: list[Row] = []


def row(
    stack: str, new: Expected | None = None, again: Expected | None = None, state: Expected | None = None
) -> Callable[[Callable[[str, int], object]], Callable[[str, int], object]]:
    """Put a function into the table under its own name; `again` and `state` are as `new` unless given."""

    def add(make: Callable[[str, int], object]) -> Callable[[str, int], object]:
        name = make.__name__.replace("_", "-")
        first = new or {}
        later = first if again is None else again
        ROWS.append(
            Row(name, stack, make.__doc__ or "", make, first, later, later if state is None else state)
        )
        return make

    return add


def run() -> None:
    """Make the rows of the current stack."""
    stack, phase = pulumi.get_stack(), int(os.environ["ROWS_PHASE"])
    pulumi.runtime.register_stack_transformation(_transformed)
    for one in ROWS:
        if one.stack == stack:
            one.make(one.name, phase)


def _transformed(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
    """Do behind the programs' backs what the names of their resources ask for."""
    name = args.name
    if "flipped" in name and args.type_.endswith(":Cluster"):
        key = "skip_final_snapshot"
        return pulumi.ResourceTransformationResult({**args.props, key: True}, args.opts)
    if "retained-behind" in name:
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(retain_on_delete=True))
        )
    return None


class Component(pulumi.ComponentResource):
    """A component, to put clusters in."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("acme:data:Platform", name, {}, opts)


class Warehouse(Cluster):
    """A team's own class of cluster."""


class _Job(pulumi.dynamic.ResourceProvider):
    """A dynamic resource that has nothing to do with Redshift."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> pulumi.dynamic.CreateResult:
        return pulumi.dynamic.CreateResult("job", props)


class Job(pulumi.dynamic.Resource):
    """The same."""

    def __init__(self, name: str, props: dict[str, Any]) -> None:
        super().__init__(_Job(), name, props)


def _protect(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    given = opts or pulumi.ResourceOptions()
    return given if given.protect is not None else pulumi.ResourceOptions.merge(given, PROTECT)


PROTECT = pulumi.ResourceOptions(protect=True)


def owned(name: str, opts: pulumi.ResourceOptions | None = None, **arguments: Any) -> Cluster:
    """An owned cluster, protected unless its options say otherwise."""
    kind = arguments.pop("kind", Cluster)
    given = {
        "cluster_identifier": name,
        "node_type": "ra3.xlplus",
        "number_of_nodes": 2,
        "master_username": "admin",
        "manage_master_password": True,
        **arguments,
    }
    made: Cluster = kind(name, _protect(opts), **given)
    return made


def pulumi_aws_cluster(
    name: str, opts: pulumi.ResourceOptions | None = None, **arguments: Any
) -> aws.redshift.Cluster:
    """A cluster of pulumi-aws, protected unless its options say otherwise."""
    given = {"cluster_identifier": name, "node_type": "ra3.xlplus", **arguments}
    return aws.redshift.Cluster(name, opts=_protect(opts), **given)


def native(name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> pulumi.CustomResource:
    """A cluster of aws-native, as its SDK registers it."""
    given = {"clusterIdentifier": name, "nodeType": "ra3.xlplus", **props}
    return pulumi.CustomResource("aws-native:redshift:Cluster", name, given, _protect(opts))


def later(name: str, value: Any) -> pulumi.Output[Any]:
    """A value that preview does not know before the first `up`."""
    return aws.s3.Bucket(f"{name}-source").arn.apply(lambda _arn: value)


def bound(name: str, account: str) -> pulumi.ResourceOptions:
    """Options with a provider that may work in one account only."""
    provider = aws.Provider(f"{name}-provider", region="eu-central-1", allowed_account_ids=[account])
    return pulumi.ResourceOptions(provider=provider)


# --- owned clusters of production -------------------------------------------------------------


@row("prod")
def owned_plain(name: str, _phase: int) -> None:
    """Production as it should be."""
    owned(name)


@row("prod", {FINAL: ["owned-asks"]})
def owned_asks(name: str, _phase: int) -> None:
    """The program asks to skip."""
    owned(name, skip_final_snapshot=True)


@row("prod", {FINAL: ["owned-asks-secret"]})
def owned_asks_secret(name: str, _phase: int) -> None:
    """A secret request is a request."""
    owned(name, skip_final_snapshot=pulumi.Output.secret(YES))


@row("prod", {FINAL: ["owned-asks-later"]}, again={})
def owned_asks_later(name: str, _phase: int) -> None:
    """A request not known at preview is no pass; once it is known to be none, it is one."""
    owned(name, skip_final_snapshot=later(name, NO))


@row("prod", {FINAL: ["owned-heals"]}, again={})
def owned_heals(name: str, phase: int) -> None:
    """The fix of the message, applied to a running cluster."""
    owned(name, skip_final_snapshot=phase == 1)


@row("prod", {}, again={FINAL: ["owned-sours"]})
def owned_sours(name: str, phase: int) -> None:
    """A running cluster whose program begins to ask."""
    owned(name, skip_final_snapshot=phase == 2)


@row("prod", {FINAL: ["owned-nested-child"]})
def owned_nested(name: str, _phase: int) -> None:
    """Inside of a component inside of a component."""
    inner = Component(f"{name}-inner", pulumi.ResourceOptions(parent=Component(f"{name}-outer")))
    owned(f"{name}-child", pulumi.ResourceOptions(parent=inner), skip_final_snapshot=True)


@row("prod", {FINAL: ["owned-subclass"]})
def owned_subclass(name: str, _phase: int) -> None:
    """A team's own subclass does not slip through."""
    owned(name, kind=Warehouse, skip_final_snapshot=True)


@row("prod", {FINAL: ["owned-alias-old"]}, again={FINAL: ["owned-alias-new"]})
def owned_alias(name: str, phase: int) -> None:
    """Renamed with an alias between two runs: judged under the new name, and its URN is its own."""
    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{name}-old")]) if phase == 2 else None
    owned(f"{name}-{'new' if phase == 2 else 'old'}", opts, cluster_identifier=name, skip_final_snapshot=True)


@row("prod", {FINAL: ["owned-ignores"]})
def owned_ignores(name: str, phase: int) -> None:
    """The program no longer asks, but ignores the change: the request is still in force."""
    opts = pulumi.ResourceOptions(ignore_changes=["skip_final_snapshot"])
    owned(name, opts, skip_final_snapshot=phase == 1)


@row("prod", {FINAL: ["owned-flipped"]})
def owned_flipped(name: str, _phase: int) -> None:
    """A transformation turns the request on behind the program's back."""
    owned(name, skip_final_snapshot=False)


@row("prod", {PROTECTED: ["owned-unprotected"]})
def owned_unprotected(name: str, _phase: int) -> None:
    """An advisory, and no more."""
    owned(name, pulumi.ResourceOptions(protect=False))


@row("prod")
def owned_unknowns(name: str, _phase: int) -> None:
    """Values that are not known, and decide nothing in production."""
    owned(name, tags={"team": later(name, "data")}, final_snapshot_identifier="last-words")


@row("prod")
def owned_tagged_dev(name: str, _phase: int) -> None:
    """A tag makes nothing looser, and costs nothing where it is stricter."""
    owned(name, tags={"environment": "dev"})


@row("prod", {KEY: ["owned-key"]})
def owned_key(name: str, _phase: int) -> None:
    """Encrypted with a key that goes with the stack."""
    owned(name, kms_key_id=aws.kms.Key(f"{name}-key").arn, encrypted=True)


@row("prod", {KEY: ["owned-key-by-alias"]})
def owned_key_by_alias(name: str, _phase: int) -> None:
    """The same, through an alias."""
    key = aws.kms.Key(f"{name}-key")
    alias = aws.kms.Alias(f"{name}-alias", name="alias/warehouse", target_key_id=key.id)
    owned(name, kms_key_id=pulumi.Output.all(alias.id, key.arn).apply(lambda both: both[1]), encrypted=True)


@row("prod")
def owned_key_kept(name: str, _phase: int) -> None:
    """A protected key outlives the stack."""
    key = aws.kms.Key(f"{name}-key", opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True))
    owned(name, kms_key_id=key.arn, encrypted=True)


@row("prod", {KEY: ["owned-key-heals"]}, again={})
def owned_key_heals(name: str, phase: int) -> None:
    """The key is protected, as the message asks for."""
    key = aws.kms.Key(f"{name}-key", opts=PROTECT if phase == 2 else None)
    owned(name, kms_key_id=key.arn, encrypted=True)


@row("prod", {FINAL: ["owned-several-b"]})
def owned_several(name: str, _phase: int) -> None:
    """Each cluster of a stack is judged by itself."""
    owned(f"{name}-a")
    owned(f"{name}-b", skip_final_snapshot=True)
    owned(f"{name}-c", skip_final_snapshot=False)


@row("prod")
def owned_retained_behind(name: str, _phase: int) -> None:
    """What a transformation sets is in no input, and no policy sees it: the gate of the state does."""
    owned(name)


# --- clusters of pulumi-aws in production -----------------------------------------------------


@row("prod", {AWS: ["aws-skips"]})
def aws_skips(name: str, _phase: int) -> None:
    """pulumi-aws's own way to lose a warehouse."""
    pulumi_aws_cluster(name, skip_final_snapshot=True)


@row("prod")
def aws_named(name: str, _phase: int) -> None:
    """As it should be."""
    pulumi_aws_cluster(name, skip_final_snapshot=False, final_snapshot_identifier=f"{name}-final")


@row("prod", {AWS: ["aws-nameless"]})
def aws_nameless(name: str, _phase: int) -> None:
    """Destroy would fail half-way."""
    pulumi_aws_cluster(name)


@row("prod", {AWS: ["aws-skip-later"]}, again={})
def aws_skip_later(name: str, _phase: int) -> None:
    """Not known at preview; then known, and false."""
    pulumi_aws_cluster(name, skip_final_snapshot=later(name, NO), final_snapshot_identifier=f"{name}-final")


@row("prod")
def aws_name_later(name: str, _phase: int) -> None:
    """A name with a random part, as people write it."""
    pulumi_aws_cluster(name, final_snapshot_identifier=later(name, f"{name}-a1b2"))


@row("prod", {AWS: ["aws-skip-secret"]})
def aws_skip_secret(name: str, _phase: int) -> None:
    """A secret, and a skip."""
    pulumi_aws_cluster(name, skip_final_snapshot=pulumi.Output.secret(YES))


@row("prod", {AWS: ["aws-nested-child"]})
def aws_nested(name: str, _phase: int) -> None:
    """Inside of components."""
    inner = Component(f"{name}-inner", pulumi.ResourceOptions(parent=Component(f"{name}-outer")))
    pulumi_aws_cluster(f"{name}-child", pulumi.ResourceOptions(parent=inner), skip_final_snapshot=True)


@row("prod", {AWS: ["aws-flipped"]})
def aws_flipped(name: str, _phase: int) -> None:
    """A transformation turns skipping on."""
    pulumi_aws_cluster(name, skip_final_snapshot=False, final_snapshot_identifier=f"{name}-final")


@row("prod", {AWS: ["aws-ignores"]})
def aws_ignores(name: str, phase: int) -> None:
    """Skipping turned off in the program, and the change ignored."""
    opts = pulumi.ResourceOptions(ignore_changes=["skipFinalSnapshot"])
    pulumi_aws_cluster(name, opts, skip_final_snapshot=phase == 1, final_snapshot_identifier=f"{name}-final")


@row("prod", {AWS: ["aws-heals"]}, again={})
def aws_heals(name: str, phase: int) -> None:
    """The fix of the message, applied."""
    if phase == 1:
        pulumi_aws_cluster(name, skip_final_snapshot=True)
    else:
        pulumi_aws_cluster(name, skip_final_snapshot=False, final_snapshot_identifier=f"{name}-final")


@row("prod", {AWS: ["aws-removed"], PROTECTED: ["aws-removed"]}, again={})
def aws_removed(name: str, phase: int) -> None:
    """Taken out of the program: the engine deletes it by the state, and no policy is asked about it."""
    if phase == 1:
        pulumi_aws_cluster(name, pulumi.ResourceOptions(protect=False), skip_final_snapshot=True)


@row("prod", {AWS: ["aws-alias-old"]}, again={AWS: ["aws-alias-new"]})
def aws_alias(name: str, phase: int) -> None:
    """Renamed with an alias."""
    opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{name}-old")]) if phase == 2 else None
    pulumi_aws_cluster(f"{name}-{'new' if phase == 2 else 'old'}", opts, skip_final_snapshot=True)


@row("prod", {NAME: ["aws-twins-a", "aws-twins-b"]})
def aws_twins(name: str, _phase: int) -> None:
    """Two clusters, one name for their snapshots."""
    pulumi_aws_cluster(f"{name}-a", final_snapshot_identifier="twins-final")
    pulumi_aws_cluster(f"{name}-b", final_snapshot_identifier="twins-final")


@row("prod", {NAME: ["aws-twins-heal-a", "aws-twins-heal-b"]}, again={})
def aws_twins_heal(name: str, phase: int) -> None:
    """One of them gets a name of its own, as the message asks for."""
    pulumi_aws_cluster(f"{name}-a", final_snapshot_identifier="healed-final")
    pulumi_aws_cluster(
        f"{name}-b", final_snapshot_identifier="healed-final" if phase == 1 else f"{name}-b-final"
    )


@row("prod", {NAME: ["aws-restored"]})
def aws_restored(name: str, _phase: int) -> None:
    """The snapshot it came from is still there."""
    pulumi_aws_cluster(name, snapshot_identifier="monthly", final_snapshot_identifier="monthly")


@row("prod", {NAME: ["aws-copied"]})
def aws_copied(name: str, _phase: int) -> None:
    """A snapshot of the stack has the name."""
    cluster = pulumi_aws_cluster(name, final_snapshot_identifier="by-hand")
    aws.redshift.ClusterSnapshot(
        f"{name}-snapshot", cluster_identifier=cluster.cluster_identifier, snapshot_identifier="by-hand"
    )


@row("prod", {KEY: ["aws-key"]})
def aws_key(name: str, _phase: int) -> None:
    """Encrypted with a key that goes with the stack."""
    key = aws.kms.Key(f"{name}-key")
    pulumi_aws_cluster(name, kms_key_id=key.arn, final_snapshot_identifier=f"{name}-final")


@row("prod", {KEY: ["aws-key-by-alias"]})
def aws_key_by_alias(name: str, _phase: int) -> None:
    """The same, through an alias."""
    alias = aws.kms.Alias(f"{name}-alias", target_key_id=aws.kms.Key(f"{name}-key").id)
    pulumi_aws_cluster(name, kms_key_id=alias.target_key_arn, final_snapshot_identifier=f"{name}-final")


@row("prod")
def aws_key_kept(name: str, _phase: int) -> None:
    """A protected key."""
    key = aws.kms.Key(f"{name}-key", opts=PROTECT)
    pulumi_aws_cluster(name, kms_key_id=key.arn, final_snapshot_identifier=f"{name}-final")


@row("prod", {PROTECTED: ["aws-unprotected"], AUTOMATED: ["aws-unprotected"]})
def aws_unprotected(name: str, _phase: int) -> None:
    """Two advisories."""
    pulumi_aws_cluster(
        name,
        pulumi.ResourceOptions(protect=False),
        final_snapshot_identifier=f"{name}-final",
        automated_snapshot_retention_period=0,
    )


@row("prod", {AWS: ["aws-of-dev-account"]})
def aws_of_dev_account(name: str, _phase: int) -> None:
    """A provider of dev's account makes no dev of a stack that production claims by name."""
    pulumi_aws_cluster(name, bound(name, DEV), skip_final_snapshot=True)


# --- everything else in production ------------------------------------------------------------


@row("prod", {NATIVE: ["native-cluster"]})
def native_cluster(name: str, _phase: int) -> None:
    """It cannot leave a final snapshot."""
    native(name)


@row("prod", {NATIVE: ["native-nested-child"], AUTOMATED: ["native-nested-child"]})
def native_nested(name: str, _phase: int) -> None:
    """Inside of a component, and without automated snapshots."""
    parent = Component(f"{name}-outer")
    native(f"{name}-child", pulumi.ResourceOptions(parent=parent), automatedSnapshotRetentionPeriod=0)


@row("prod", {NATIVE: ["native-heals"], PROTECTED: ["native-heals"]}, again={})
def native_heals(name: str, phase: int) -> None:
    """An owned cluster takes its place."""
    if phase == 1:
        native(name, pulumi.ResourceOptions(protect=False))
    else:
        owned(f"{name}-owned", cluster_identifier=name)


@row("prod")
def other_resources(name: str, _phase: int) -> None:
    """Neither a bucket nor another dynamic resource is any of the pack's business."""
    aws.s3.Bucket(f"{name}-bucket")
    Job(f"{name}-job", {"skip_final_snapshot": True, "on_destroy": "nothing"})


# --- a stack called dev, in the account of production ------------------------------------------


@row("dev", {FINAL: ["posing-asks"]})
def posing_asks(name: str, _phase: int) -> None:
    """The account is production's, whatever the stack is called."""
    owned(name, skip_final_snapshot=True)


@row("dev")
def posing_plain(name: str, _phase: int) -> None:
    """Its own file knows the account, too: production's rules are recorded."""
    owned(name)


@row("dev", {AWS: ["posing-aws"]})
def posing_aws(name: str, _phase: int) -> None:
    """Without a word on the account, it may be production's."""
    pulumi_aws_cluster(name, skip_final_snapshot=True)


@row("dev", {AWS: ["posing-aws-bound"]})
def posing_aws_bound(name: str, _phase: int) -> None:
    """The provider says that it is production's."""
    pulumi_aws_cluster(name, bound(name, PRODUCTION), skip_final_snapshot=True)


@row("dev", {AWS: ["posing-aws-role"]})
def posing_aws_role(name: str, _phase: int) -> None:
    """So does the role it takes on."""
    role = aws.ProviderAssumeRoleArgs(role_arn=f"arn:aws:iam::{PRODUCTION}:role/deploy")
    provider = aws.Provider(f"{name}-provider", region="eu-central-1", assume_roles=[role])
    pulumi_aws_cluster(name, pulumi.ResourceOptions(provider=provider), skip_final_snapshot=True)


# --- a dev stack in an account of dev ----------------------------------------------------------


@row("dev-known")
def dev_asks(name: str, _phase: int) -> None:
    """The account is known, and dev's: the request is granted."""
    owned(name, pulumi.ResourceOptions(protect=False), skip_final_snapshot=True)


@row("dev-known")
def dev_retained(name: str, _phase: int) -> None:
    """Its own business."""
    owned(name, pulumi.ResourceOptions(retain_on_delete=True))


@row("dev-known")
def dev_aws(name: str, _phase: int) -> None:
    """The provider is bound to dev's account."""
    pulumi_aws_cluster(name, bound(name, DEV), skip_final_snapshot=True)


@row("dev-known", {AWS: ["dev-aws-unbound"]})
def dev_aws_unbound(name: str, _phase: int) -> None:
    """Nothing says which account it is."""
    pulumi_aws_cluster(name, skip_final_snapshot=True)


@row("dev-known", {NATIVE: ["dev-native"]})
def dev_native(name: str, _phase: int) -> None:
    """The same."""
    native(name)


@row("dev-known", {HONEST: ["dev-tagged-production", "dev-tagged-production-aws"]})
def dev_tagged_production(name: str, _phase: int) -> None:
    """The tags say production, name and account say dev."""
    owned(name, tags={"Environment": "production"})
    pulumi_aws_cluster(f"{name}-aws", bound(name, DEV), skip_final_snapshot=True, tags={"env": "prod"})


@row("dev-known")
def dev_key(name: str, _phase: int) -> None:
    """A key may go with a dev stack."""
    owned(name, kms_key_id=aws.kms.Key(f"{name}-key").arn, encrypted=True)


# --- staging, and a stack that no environment claims -------------------------------------------


@row("staging")
def staging_young(name: str, _phase: int) -> None:
    """May go without a snapshot while it is young; staging is not production."""
    owned(name)


@row("staging", {AWS: ["staging-aws"]})
def staging_aws(name: str, _phase: int) -> None:
    """Its account is not known."""
    pulumi_aws_cluster(name, skip_final_snapshot=True)


@row("sandbox", {FINAL: ["claims-dev"], HONEST: ["claims-dev"], CURRENT: ["claims-dev"]})
def claims_dev(name: str, _phase: int) -> None:
    """Its configuration says dev, where the pack's file says nothing: production by the defaults."""
    owned(name, skip_final_snapshot=True)


@row("sandbox", {HONEST: ["claims-dev-quietly"], CURRENT: ["claims-dev-quietly"]})
def claims_dev_quietly(name: str, _phase: int) -> None:
    """It asks for nothing yet, but has dev's rules."""
    owned(name)


# --- stacks with policy files of their own -----------------------------------------------------


@row("prod-loose", {FINAL: ["loose-plain"], CURRENT: ["loose-plain"], RETENTION: ["loose-plain"]})
def loose_plain(name: str, _phase: int) -> None:
    """Its own file lets every cluster go, and keeps snapshots a week."""
    owned(name)


@row(
    "prod-loose",
    {
        FINAL: ["loose-retained"],
        BYPASS: ["loose-retained"],
        CURRENT: ["loose-retained"],
        RETENTION: ["loose-retained"],
    },
)
def loose_retained(name: str, _phase: int) -> None:
    """Its own file does not mind that Pulumi never calls delete."""
    owned(name, pulumi.ResourceOptions(retain_on_delete=True))


@row(
    "prod-loose",
    {
        FINAL: ["loose-deleted-with"],
        BYPASS: ["loose-deleted-with"],
        CURRENT: ["loose-deleted-with"],
        RETENTION: ["loose-deleted-with"],
    },
)
def loose_deleted_with(name: str, _phase: int) -> None:
    """Nor that it takes the cluster to go with a bucket."""
    owned(name, pulumi.ResourceOptions(deleted_with=aws.s3.Bucket(f"{name}-bucket")))


@row(
    "prod-loose",
    {
        FINAL: ["loose-heals"],
        BYPASS: ["loose-heals"],
        CURRENT: ["loose-heals"],
        RETENTION: ["loose-heals"],
    },
    again={FINAL: ["loose-heals"], CURRENT: ["loose-heals"], RETENTION: ["loose-heals"]},
)
def loose_heals(name: str, phase: int) -> None:
    """The option is gone, as the message asks for; what the file says is another matter."""
    owned(name, pulumi.ResourceOptions(retain_on_delete=True) if phase == 1 else None)


@row("dev-forgetful", {FINAL: ["forgetful-asks"]})
def forgetful_asks(name: str, _phase: int) -> None:
    """Its own file lists no accounts, so nobody asked which one this is: in doubt it is production's."""
    owned(name, skip_final_snapshot=True)
