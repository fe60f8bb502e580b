"""Which calls a living cluster still needs, one after another, grouped and ordered as AWS requires. Pure.

What is to change comes from the program and the record (see `desired`); what of it is still missing comes
from what AWS shows, so a half-done update is found and continued. Only what AWS does not show (a password,
the key behind an alias) is sent again. What AWS wants for company only has the live value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import (
    ARGUMENTS,
    BY_NAME,
    Argument,
    Change,
    comparable,
    read_arguments,
    same,
    to_aws,
)
from redshift_teardown.lifecycle.desired import PASSWORDS
from redshift_teardown.lifecycle.outputs import CREATING_TAG, user_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from redshift_teardown.lifecycle.desired import Desired

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


def needed_calls(desired: Desired, cluster: Mapping[str, Any]) -> Iterator[NeededCall]:
    """Return the calls by which the named settings of a cluster become what they are to be.

    Args:
        desired: What is to change.
        cluster: An entry of DescribeClusters.

    """
    modifications = _Modifications(desired, cluster)
    for name, parameters in modifications.in_order():
        yield NeededCall(name, "ModifyCluster", parameters, ", ".join(sorted(parameters)))
    roles = _roles(desired, cluster)
    if roles:
        yield NeededCall("roles", "ModifyClusterIamRoles", roles, "IAM roles")
    yield from _tags(desired, cluster)


def missing(desired: Desired, cluster: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the named settings that AWS could show and does not show yet."""
    shown, tags = read_arguments(cluster), user_tags(cluster)
    names = [
        name
        for name, value in desired.values.items()
        if comparable(BY_NAME[name], value) and not same(BY_NAME[name], value, shown[name])
    ]
    return (*names, *(f"tags[{key!r}]" for key, value in desired.tags.items() if tags.get(key) != value))


class _Modifications:
    """What ModifyCluster is to be told."""

    def __init__(self, desired: Desired, cluster: Mapping[str, Any]) -> None:
        self._desired = desired
        self._shown = read_arguments(cluster)
        self._changed = {
            argument.name
            for argument in ARGUMENTS
            if argument.change in _BY_MODIFY and argument.name in desired.values and self._differs(argument)
        }

    def _differs(self, argument: Argument) -> bool:
        value = self._desired.values[argument.name]
        return not comparable(argument, value) or not same(argument, value, self._shown[argument.name])

    def _becomes(self, name: str) -> Any:
        """Return the value that a setting is to have, or else has."""
        return self._desired.values.get(name, self._shown[name])

    def in_order(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Return them in the order in which each can be accepted.

        Multi-AZ and relocation exclude each other, and Multi-AZ wants two nodes: it goes first where it
        ends and last where it begins. Ports and retention are judged by the node type, RA3's being the
        narrower ones: settings go before a resize to RA3 and after one away from it.
        """
        ends = "multi_az" in self._changed and not self._becomes("multi_az")
        narrower = str(self._becomes("node_type") or "").lower().startswith(("ra3.", "rg."))
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
            argument.parameter: to_aws(argument, self._desired.values[argument.name])
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
        nodes = self._becomes("number_of_nodes") or 1
        size = {"NodeType": to_aws(BY_NAME["node_type"], self._becomes("node_type"))}
        if nodes == 1:
            # AWS wants no NumberOfNodes for a single node.
            return {"ClusterType": "single-node", **size}
        return {"ClusterType": "multi-node", **size, "NumberOfNodes": nodes}

    def _password(self) -> dict[str, Any]:
        program = self._desired.program
        given = program.get("master_password") or program.get("master_password_wo")
        secret = {"MasterUserPassword": given} if given else {}
        # A password that is named is in the call, whatever else is: where somebody else made AWS keep it, AWS
        # refuses that, and says so.
        changed = secret if self._changed & PASSWORDS else {}
        named = self._changed & {"manage_master_password", "master_password_secret_kms_key_id"}
        if named and self._becomes("manage_master_password"):
            key = program.get("master_password_secret_kms_key_id")
            keys = {"MasterPasswordSecretKmsKeyId": key} if key else {}
            return {"ManageMasterPassword": True, **keys, **changed}
        if "manage_master_password" in named:
            return {"ManageMasterPassword": False, **secret}
        return {**self._group_of(named), **changed}

    def _group_of(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the parameters of named settings by themselves."""
        return {BY_NAME[name].parameter: self._desired.values[name] for name in sorted(names)}

    def _rename(self) -> dict[str, Any]:
        if "cluster_identifier" not in self._changed:
            return {}
        return {"NewClusterIdentifier": self._desired.values["cluster_identifier"]}


def _roles(desired: Desired, cluster: Mapping[str, Any]) -> dict[str, Any]:
    shown, values = read_arguments(cluster), desired.values
    parameters: dict[str, Any] = {}
    if values.get("iam_roles") is not None:
        ours, present = set(values["iam_roles"]), set(shown["iam_roles"])
        parameters = {"AddIamRoles": sorted(ours - present), "RemoveIamRoles": sorted(present - ours)}
    default = values.get("default_iam_role_arn")
    if not same(BY_NAME["default_iam_role_arn"], default, shown["default_iam_role_arn"]):
        parameters["DefaultIamRoleArn"] = default
    return {key: value for key, value in parameters.items() if value}


def _tags(desired: Desired, cluster: Mapping[str, Any]) -> Iterator[NeededCall]:
    """Remove and write tags; the one that marks a create under way goes last, when all else is done."""
    present = user_tags(cluster)
    surplus = sorted(key for key, value in desired.tags.items() if value is None and key in present)
    if surplus:
        yield NeededCall("surplus tags", "DeleteTags", {"TagKeys": surplus}, "tags")
    lacking = [
        {"Key": key, "Value": value}
        for key, value in sorted(desired.tags.items())
        if value is not None and present.get(key) != value
    ]
    if lacking:
        yield NeededCall("tags", "CreateTags", {"Tags": lacking}, "tags")
    if any(tag["Key"] == CREATING_TAG for tag in cluster.get("Tags") or []):
        yield NeededCall("end of create", "DeleteTags", {"TagKeys": [CREATING_TAG]}, "tags", finishes=True)
