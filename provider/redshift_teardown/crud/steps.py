"""Which calls a living cluster still needs, one after another, in the company that AWS demands. Pure.

What is needed comes from what AWS shows, not from what the state recorded, so a half-done update is
found and continued. Only what cannot be read (a password, the key behind an alias) goes by the record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.crud.outputs import CREATING_TAG, user_tags
from redshift_teardown.parameters import (
    ARGUMENTS,
    BY_NAME,
    Argument,
    Change,
    comparable,
    read_arguments,
    same,
    to_aws,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from redshift_teardown.crud.wanted import Wanted

PASSWORDS = frozenset({"master_password", "master_password_wo_version"})

_BY_MODIFY = frozenset(
    {
        Change.SETTINGS,
        Change.SIZE,
        Change.ENCRYPTION,
        Change.MULTI_AZ,
        Change.ZONE,
        Change.PASSWORD,
        Change.RENAME,
    }
)


@dataclass(frozen=True)
class NeededCall:
    """One call that is still needed.

    Attributes:
        name: Which of them: ``settings``, ``size``, ``tags`` … Each is made once in an operation.
        operation: AWS's name of it.
        parameters: What it is told, without the cluster.
        words: What it changes, for the operator; never a value.
        finishes: Whether it is the last one of a create.

    """

    name: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    words: str
    finishes: bool = False


def needed_calls(
    wanted: Wanted, cluster: Mapping[str, Any], forced: Collection[str] = ()
) -> Iterator[NeededCall]:
    """Give the calls that make a cluster what the program says.

    Args:
        wanted: What the program says.
        cluster: An entry of DescribeClusters.
        forced: Names of changed arguments: of those that cannot be compared with what AWS shows, they count.

    """
    modifications = _Modifications(wanted, cluster, frozenset(forced))
    for name, parameters in modifications.in_order():
        yield NeededCall(name, "ModifyCluster", parameters, ", ".join(sorted(parameters)))
    roles = _roles(wanted, cluster)
    if roles:
        yield NeededCall("roles", "ModifyClusterIamRoles", roles, "IAM roles")
    yield from _tags(wanted, cluster)


class _Modifications:
    """What ModifyCluster is to be told."""

    def __init__(self, wanted: Wanted, cluster: Mapping[str, Any], forced: frozenset[str]) -> None:
        self._wanted = wanted
        self._shown = read_arguments(cluster)
        self._forced = forced
        self._changed = {
            argument.name
            for argument in ARGUMENTS
            if argument.change in _BY_MODIFY and argument.name in self._shown and self._differs(argument)
        }

    def _differs(self, argument: Argument) -> bool:
        if not self._wanted.is_met(argument, self._shown[argument.name]):
            return True
        return argument.name in self._forced and not comparable(argument, self._wanted.value(argument))

    def in_order(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give them in the order in which each can be accepted.

        Multi-AZ and relocation exclude each other, and Multi-AZ wants two nodes: it goes first where it
        ends and last where it begins. Ports and retention are judged by the node type, RA3's being the
        narrower ones: settings go before a resize to RA3 and after one away from it.
        """
        ends = "multi_az" in self._changed and not self._wanted.value(BY_NAME["multi_az"])
        narrower = str(self._wanted.value(BY_NAME["node_type"]) or "").lower().startswith(("ra3.", "rg."))
        order = [
            self._multi_az if ends else None,
            None if narrower else self._size,
            self._settings,
            self._size if narrower else None,
            self._encryption,
            self._zone,
            None if ends else self._multi_az,
            self._password,
            self._rename,
        ]
        for make in order:
            parameters = make() if make else {}
            if make and parameters:
                yield make.__name__.strip("_"), parameters

    def _group(self, change: Change) -> dict[str, Any]:
        return {
            argument.parameter: to_aws(argument, self._wanted.value(argument))
            for argument in ARGUMENTS
            if argument.change is change and argument.name in self._changed
        }

    def _settings(self) -> dict[str, Any]:
        return self._group(Change.SETTINGS)

    def _encryption(self) -> dict[str, Any]:
        return self._group(Change.ENCRYPTION)

    def _zone(self) -> dict[str, Any]:
        return self._group(Change.ZONE)

    def _multi_az(self) -> dict[str, Any]:
        return self._group(Change.MULTI_AZ)

    def _size(self) -> dict[str, Any]:
        if not self._changed & {"node_type", "number_of_nodes"}:
            return {}
        nodes = self._wanted.value(BY_NAME["number_of_nodes"]) or self._shown["number_of_nodes"]
        return {
            "ClusterType": "multi-node" if nodes > 1 else "single-node",
            "NodeType": to_aws(BY_NAME["node_type"], self._wanted.value(BY_NAME["node_type"]))
            or self._shown["node_type"],
            "NumberOfNodes": nodes,
        }

    def _password(self) -> dict[str, Any]:
        arguments = self._wanted.arguments
        given = arguments.get("master_password") or arguments.get("master_password_wo")
        secret = {"MasterUserPassword": given} if given else {}
        if self._wanted.value(BY_NAME["manage_master_password"]):
            if not self._changed & {"manage_master_password", "master_password_secret_kms_key_id"}:
                return {}
            key = arguments.get("master_password_secret_kms_key_id")
            return {"ManageMasterPassword": True, **({"MasterPasswordSecretKmsKeyId": key} if key else {})}
        if "manage_master_password" in self._changed:
            return {"ManageMasterPassword": False, **secret}
        return secret if self._forced & PASSWORDS else {}

    def _rename(self) -> dict[str, Any]:
        if "cluster_identifier" not in self._changed:
            return {}
        return {"NewClusterIdentifier": self._wanted.arguments["cluster_identifier"]}


def _roles(wanted: Wanted, cluster: Mapping[str, Any]) -> dict[str, Any]:
    shown = read_arguments(cluster)
    parameters: dict[str, Any] = {}
    if wanted.arguments.get("iam_roles") is not None:
        ours, present = set(wanted.arguments["iam_roles"]), set(shown["iam_roles"])
        parameters = {"AddIamRoles": sorted(ours - present), "RemoveIamRoles": sorted(present - ours)}
    default = wanted.arguments.get("default_iam_role_arn")
    if not same(BY_NAME["default_iam_role_arn"], default, shown["default_iam_role_arn"]):
        parameters["DefaultIamRoleArn"] = default
    return {key: value for key, value in parameters.items() if value}


def _tags(wanted: Wanted, cluster: Mapping[str, Any]) -> Iterator[NeededCall]:
    """Remove and write tags; the one that marks a create under way goes last, when all else is done."""
    present = user_tags(cluster)
    ours = wanted.tags(present)
    surplus = sorted(present.keys() - ours.keys())
    if surplus:
        yield NeededCall("surplus tags", "DeleteTags", {"TagKeys": surplus}, "tags")
    missing = [
        {"Key": key, "Value": value} for key, value in sorted(ours.items()) if present.get(key) != value
    ]
    if missing:
        yield NeededCall("tags", "CreateTags", {"Tags": missing}, "tags")
    if any(tag["Key"] == CREATING_TAG for tag in cluster.get("Tags") or []):
        yield NeededCall("end of create", "DeleteTags", {"TagKeys": [CREATING_TAG]}, "tags", finishes=True)
