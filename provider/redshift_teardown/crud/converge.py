"""Bringing a living cluster to what the program says: the needed calls, one after another, and no other.

What is needed comes from what AWS shows, not from what the state recorded, so a half-done update is
found and continued. Only what cannot be read (a password) goes by the record.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from redshift_teardown.crud.diff import all_tags
from redshift_teardown.crud.outputs import CREATING_TAG, cluster_arn
from redshift_teardown.crud.settle import wait_until_available
from redshift_teardown.errors import RefusedError
from redshift_teardown.parameters import ARGUMENTS, Argument, Change, read_arguments, same, to_aws
from redshift_teardown.teardown.model import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redshift_teardown.crud.session import Session


def converge(
    session: Session,
    arguments: Mapping[str, Any],
    cluster: Mapping[str, Any],
    rules: Mapping[str, Any],
    *,
    fresh: bool = False,
    password_changed: bool = False,
) -> Mapping[str, Any]:
    """Make every call that a cluster needs to become what the arguments say.

    Args:
        session: The operation's surroundings.
        arguments: The arguments, coerced and known; None leaves whatever is there, or is a default.
        cluster: The cluster as DescribeClusters shows it, available.
        rules: The recorded rules: how long to wait.
        fresh: Whether it was just created or restored: then defaults are AWS's own, only what is said counts.
        password_changed: Whether the password, which cannot be read, is to be set.

    Returns:
        The cluster as it is then.

    Raises:
        RefusedError: AWS refused a step; those before it have taken effect and stay.

    """
    identifier = cluster["ClusterIdentifier"]
    for parameters in _modifications(arguments, cluster, fresh=fresh, password_changed=password_changed):
        words = ", ".join(sorted(set(parameters) - {"ClusterIdentifier"}))
        session.reporter.progress(f"modifying {words}")
        attempt = session.calls.change(
            "ModifyCluster",
            partial(session.aws.redshift.modify_cluster, ClusterIdentifier=identifier, **parameters),
        )
        if attempt.answer is not Answer.ACCEPTED:
            raise _refused(identifier, f"change {words} of", attempt.words)
        identifier = parameters.get("NewClusterIdentifier", identifier)
        cluster = wait_until_available(session, identifier, rules, f"{words} of cluster {identifier}")
    if _converge_roles(session, arguments, cluster):
        cluster = wait_until_available(session, identifier, rules, f"IAM roles of cluster {identifier}")
    if _converge_tags(session, arguments, cluster):
        cluster = wait_until_available(session, identifier, rules, f"tags of cluster {identifier}")
    return cluster


def _modifications(
    arguments: Mapping[str, Any], cluster: Mapping[str, Any], *, fresh: bool, password_changed: bool
) -> Iterator[dict[str, Any]]:
    """Give the parameters of each ModifyCluster that is needed, in the company AWS demands."""
    shown = read_arguments(cluster)
    changed = {
        argument.name: argument
        for argument in ARGUMENTS
        if argument.parameter
        and argument.read is not None
        and not (fresh and arguments.get(argument.name) is None)
        and not same(argument, arguments.get(argument.name), shown[argument.name])
    }

    def wanted(argument: Argument) -> Any:
        value = arguments.get(argument.name)
        return to_aws(argument, argument.default if value is None else value)

    def group(change: Change) -> list[Argument]:
        return [argument for argument in changed.values() if argument.change is change]

    settings = {
        argument.parameter: wanted(argument) for argument in group(Change.SETTINGS) if "m" in argument.calls
    }
    if settings:
        yield settings
    if group(Change.ENCRYPTION):
        encryption = {argument.parameter: wanted(argument) for argument in group(Change.ENCRYPTION)}
        yield {"Encrypted": arguments.get("encrypted") != "false", **encryption}
    if group(Change.SIZE) and any(argument.name != "cluster_type" for argument in group(Change.SIZE)):
        nodes = arguments.get("number_of_nodes") or (shown["number_of_nodes"] if fresh else 1)
        yield {
            "ClusterType": "multi-node" if nodes > 1 else "single-node",
            "NodeType": arguments.get("node_type") or shown["node_type"],
            "NumberOfNodes": nodes,
        }
    for alone in (Change.MULTI_AZ, Change.ZONE):
        for argument in group(alone):
            yield {argument.parameter: wanted(argument)}
    password = _password(arguments, changed, password_changed=password_changed)
    if password:
        yield password
    if "cluster_identifier" in changed:
        yield {"NewClusterIdentifier": arguments["cluster_identifier"]}


def _password(
    arguments: Mapping[str, Any], changed: Mapping[str, Argument], *, password_changed: bool
) -> dict[str, Any]:
    given = arguments.get("master_password") or arguments.get("master_password_wo")
    if arguments.get("manage_master_password"):
        if not changed.keys() & {"manage_master_password", "master_password_secret_kms_key_id"}:
            return {}
        key = arguments.get("master_password_secret_kms_key_id")
        return {"ManageMasterPassword": True, **({"MasterPasswordSecretKmsKeyId": key} if key else {})}
    if "manage_master_password" in changed:
        return {"ManageMasterPassword": False, **({"MasterUserPassword": given} if given else {})}
    return {"MasterUserPassword": given} if password_changed and given else {}


def _converge_roles(session: Session, arguments: Mapping[str, Any], cluster: Mapping[str, Any]) -> bool:
    shown = read_arguments(cluster)
    parameters: dict[str, Any] = {}
    if arguments.get("iam_roles") is not None:
        wanted, present = set(arguments["iam_roles"]), set(shown["iam_roles"])
        parameters = {
            "AddIamRoles": sorted(wanted - present),
            "RemoveIamRoles": sorted(present - wanted),
        }
        parameters = {key: value for key, value in parameters.items() if value}
    default = arguments.get("default_iam_role_arn")
    if default is not None and default != shown["default_iam_role_arn"]:
        parameters["DefaultIamRoleArn"] = default
    if not parameters:
        return False
    identifier = cluster["ClusterIdentifier"]
    attempt = session.calls.change(
        "ModifyClusterIamRoles",
        lambda: session.aws.redshift.modify_cluster_iam_roles(ClusterIdentifier=identifier, **parameters),
    )
    if attempt.answer is not Answer.ACCEPTED:
        raise _refused(identifier, "change the IAM roles of", attempt.words)
    return True


def _converge_tags(session: Session, arguments: Mapping[str, Any], cluster: Mapping[str, Any]) -> bool:
    """Write and remove tags; the one that marks a create under way goes last, when all else is done."""
    wanted = all_tags(arguments.get("tags"), session.settings)
    present = {
        tag["Key"]: tag.get("Value") or ""
        for tag in cluster.get("Tags") or []
        if not tag["Key"].startswith("aws:")
    }
    missing = {key: value for key, value in wanted.items() if present.get(key) != value}
    surplus = sorted(present.keys() - wanted.keys() - {CREATING_TAG})
    arn = cluster_arn(cluster, session.account_id, session.aws.region)
    identifier = cluster["ClusterIdentifier"]
    redshift = session.aws.redshift
    attempts = []
    if surplus:
        attempts.append(
            session.calls.change(
                "DeleteTags", lambda: redshift.delete_tags(ResourceName=arn, TagKeys=surplus)
            )
        )
    if missing:
        attempts.append(session.calls.tag(arn, missing))
    if CREATING_TAG in present and all(attempt.answer is Answer.ACCEPTED for attempt in attempts):
        attempts.append(
            session.calls.change(
                "DeleteTags", lambda: redshift.delete_tags(ResourceName=arn, TagKeys=[CREATING_TAG])
            )
        )
    for attempt in attempts:
        if attempt.answer is not Answer.ACCEPTED:
            raise _refused(identifier, "change the tags of", attempt.words)
    return bool(attempts)


def _refused(identifier: str, intent: str, words: str) -> RefusedError:
    return RefusedError(
        f"AWS did not {intent} cluster {identifier}: {words}",
        data="the cluster and its data are untouched by this step; steps before it have taken effect",
        next_step="mend the cause, then run `pulumi up` again: it does only what is still missing",
    )
