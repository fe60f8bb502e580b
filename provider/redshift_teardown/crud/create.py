"""Create: a new cluster, one restored from a snapshot, or one that exists already and is adopted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from redshift_teardown.crud import owned
from redshift_teardown.crud.converge import converge
from redshift_teardown.crud.desired import equal_in, everything, in_force, said_by
from redshift_teardown.crud.meant import AnotherGenerationError, Meant
from redshift_teardown.crud.outputs import CREATING_TAG, cluster_arn, identity_of, outputs, user_tags
from redshift_teardown.crud.restore import find_source
from redshift_teardown.crud.session import Session, open_session
from redshift_teardown.crud.settle import GoneError, wait_until_available
from redshift_teardown.deletion_policy import PolicyError, fit_tag_value, from_json
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.parameters import parameters_for, read_arguments
from redshift_teardown.stack_policy import read_policy, refuse_bypass, resolve
from redshift_teardown.state import arguments_of
from redshift_teardown.teardown.calls import view_cluster
from redshift_teardown.teardown.model import Answer, Attempt
from redshift_teardown.teardown.plan import TAG_PROJECT, TAG_STACK, TAG_URN
from redshift_teardown.teardown.resource_tag import says
from redshift_teardown.teardown.statuses import ENDING
from redshift_teardown.urn import Urn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.identity import Identity

CREATING = "creating"
CLOCK_SKEW = timedelta(minutes=5)
"""By so much AWS's clock and this machine's may differ; AWS refuses signatures that are older."""


def create(props: Mapping[str, Any], settings: Settings) -> tuple[str, dict[str, Any]]:
    """Bring a cluster up.

    Args:
        props: The checked inputs, all known.
        settings: The stack's configuration.

    Returns:
        The cluster identifier, which is the resource's id, and the outputs.

    Raises:
        TeardownError: nothing was created, or a cluster was and the message says which.

    """
    urn = Urn.parse(str(props.get("urn") or ""))
    arguments = arguments_of(props)
    identifier = str(arguments["cluster_identifier"])
    session = open_session(settings, arguments.get("region"), str(urn), urn.name)
    inputs = {**props, **_resolve_again(session, props, urn)}
    operation = _Create(session, inputs, arguments, urn, identifier)
    existing = session.calls.describe(identifier)
    if existing is None:
        operation.send()
    elif not left_by_us(existing, arguments, urn):
        return identifier, operation.adopt(existing)
    return identifier, operation.finish()


class _Create:
    """One create of one resource."""

    def __init__(
        self,
        session: Session,
        inputs: Mapping[str, Any],
        arguments: Mapping[str, Any],
        urn: Urn,
        identifier: str,
    ) -> None:
        self._session = session
        self._inputs = inputs
        self._rules = from_json(inputs["policy"]["rules"])
        self._arguments = arguments
        self._urn = urn
        self._identifier = identifier
        self._default_tags = dict(session.settings.default_tags)
        self._creating = {CREATING_TAG: fit_tag_value(str(urn))}
        self._meant = Meant(session.account_id, session.aws.region, self._is_begun)
        self._sent_at: datetime | None = None

    # --- a new cluster ---

    def send(self) -> None:
        """Ask AWS for the cluster, empty or from its snapshot."""
        session, identifier = self._session, self._identifier
        source = find_source(session, self._arguments, self._urn, self._rules)
        redshift: Any = session.aws.redshift
        if source is None:
            self._tell_what_was_deleted()
            parameters = self._new()
            attempt = session.change("CreateCluster", lambda: redshift.create_cluster(**parameters))
            self._require_begun(attempt, f"create cluster {identifier}")
            return
        parameters = {**_adapted(parameters_for("r", self._arguments)), **source.parameters}
        self._sent_at = session.clock.now()
        session.reporter.keep(f"{identifier} is restored from {source.words}")
        attempt = session.change(
            "RestoreFromClusterSnapshot", lambda: redshift.restore_from_cluster_snapshot(**parameters)
        )
        self._require_begun(attempt, f"restore cluster {identifier} from {source.words}")
        restoring = session.calls.describe(identifier)
        if restoring is not None:
            self._meant.require(restoring)
            self._mark(restoring)

    def _tell_what_was_deleted(self) -> None:
        """Say where the data is of the cluster that this one replaces: nobody is asked before `--replace`."""
        session, identifier = self._session, self._identifier
        account, region = session.account_id, session.aws.region
        deleted = owned.just_deleted(str(self._urn), account, region, identifier.lower())
        if deleted is None:
            return
        snapshot = deleted.snapshot
        left = (
            f"its data is in final snapshot {snapshot.identifier}: to begin with that, set "
            f"snapshot_identifier={snapshot.identifier!r} and run `pulumi up`"
            if snapshot is not None
            else "there is no final snapshot of it, as its policy says"
        )
        session.reporter.warn(
            f"{deleted.identity.cluster_identifier} was deleted in this run, and {identifier} is created "
            f"empty; {left}"
        )

    def _new(self) -> dict[str, Any]:
        parameters = _adapted(parameters_for("c", self._arguments))
        password = self._arguments.get("master_password_wo")
        if password is not None:
            parameters["MasterUserPassword"] = password
        nodes = self._arguments.get("number_of_nodes") or 1
        parameters["ClusterType"] = "multi-node" if nodes > 1 else "single-node"
        if nodes == 1:
            # AWS refuses NumberOfNodes for a single-node cluster.
            parameters.pop("NumberOfNodes", None)
        tags = {**self._default_tags, **(self._arguments.get("tags") or {}), **self._creating}
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        return parameters

    def _require_begun(self, attempt: Attempt, intent: str) -> None:
        """Let through what AWS accepted. Where its answer was lost, or is its answer to a resend, look."""
        if attempt.answer is Answer.ACCEPTED:
            return
        session, identifier = self._session, self._identifier
        exists = attempt.code.startswith("ClusterAlreadyExists")
        found = None
        if exists or attempt.answer is Answer.UNKNOWN:
            found = session.calls.describe(identifier)
        if found is not None and left_by_us(found, self._arguments, self._urn):
            return
        if found is not None:
            raise _exists(session, found)
        raise RefusedError(
            f"AWS did not {intent}: {attempt.words}",
            data="nothing was created"
            if attempt.answer is Answer.REFUSED
            else "AWS may have begun to create the cluster; the next `pulumi up` finds it",
            next_step="mend the cause, then run `pulumi up` again",
        )

    def _is_begun(self, cluster: Mapping[str, Any]) -> bool:
        """Return whether a cluster is the one that this create, or an earlier one of this resource, began.

        It carries the creating mark; one that is restored may lack it yet, and is as young as this create.
        """
        tags = {tag["Key"]: tag.get("Value") or "" for tag in cluster.get("Tags") or []}
        if CREATING_TAG in tags:
            return tags[CREATING_TAG] == self._creating[CREATING_TAG]
        if self._sent_at is None:
            return left_by_us(cluster, self._arguments, self._urn)
        created = view_cluster(cluster).create_time
        restoring = cluster.get("RestoreStatus") or str(cluster.get("ClusterStatus")) == CREATING
        return bool(restoring) and (created is None or created >= self._sent_at - CLOCK_SKEW)

    def _mark(self, cluster: Mapping[str, Any]) -> None:
        """Write the tag that says whose create is under way: Restore… takes no tags.

        Until it is there, the cluster carries those of our own final snapshot. AWS may refuse to tag a
        cluster that is being restored: then it is tried again at the next look.
        """
        tags = {tag["Key"] for tag in cluster.get("Tags") or []}
        if CREATING_TAG not in tags:
            session = self._session
            arn = cluster_arn(cluster, session.account_id, session.aws.region)
            mark = [{"Key": key, "Value": value} for key, value in self._creating.items()]
            redshift: Any = session.aws.redshift
            session.change(
                "CreateTags", lambda: redshift.create_tags(ResourceName=arn, Tags=mark), finishes=True
            )

    def finish(self) -> dict[str, Any]:
        """Wait for the cluster, bring it to what the program says, and give the outputs."""
        session, identifier = self._session, self._identifier
        try:
            cluster = wait_until_available(
                session,
                identifier,
                self._rules,
                f"cluster {identifier} to be created",
                self._meant,
                each=self._mark,
            )
            identity = identity_of(cluster, session.account_id, session.aws.region)
            owned.claim(identity, str(self._urn))
            restored = bool(cluster.get("RestoreStatus"))
            surplus = user_tags(cluster) if restored else None
            desired = everything(self._arguments, self._default_tags, surplus)
            cluster = converge(session, desired, cluster, self._rules, self._meant, proven=False)
        except (AnotherGenerationError, GoneError):
            # What this create began is not there any more: nothing of it is to be gone on with.
            raise
        except TeardownError as error:
            raise RefusedError(
                error.what if isinstance(error, RefusedError) else str(error),
                data=f"cluster {identifier} exists in {session.account_id}, {session.aws.region}, and is not "
                "in this stack's state yet",
                next_step="mend the cause, then run `pulumi up` again: it goes on with this very cluster",
            ) from None
        return self._outputs(cluster, identity)

    def _outputs(self, cluster: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
        said = said_by(self._arguments)
        return outputs(self._inputs, self._arguments, cluster, identity, self._default_tags, said=said)

    # --- one that exists ---

    def adopt(self, cluster: Mapping[str, Any]) -> dict[str, Any]:
        """Take over a cluster as it is: nothing of it is changed, and the next preview shows what differs."""
        session, identifier = self._session, self._identifier
        _require_adoptable(session, cluster, self._arguments, self._urn)
        meant = Meant(session.account_id, session.aws.region, lambda _first: True)
        meant.require(cluster)
        if cluster.get("ClusterStatus") == CREATING:
            cluster = wait_until_available(
                session, identifier, self._rules, f"cluster {identifier} to be created", meant
            )
        identity = identity_of(cluster, session.account_id, session.aws.region)
        another = owned.owner(identity, str(self._urn))
        if another:
            raise RefusedError(
                f"{identity} is owned by {another} in this same stack",
                data="that cluster was not touched",
                next_step="keep one of the two resources; if one is the other under a new name, give it "
                f"aliases=[pulumi.Alias(name={another.rsplit('::', 1)[-1]!r})]",
            )
        owned.claim(identity, str(self._urn))
        owned.note_adopted(identity, str(self._urn))
        session.reporter.keep(
            f"adopted cluster {identifier} as it is (created {cluster.get('ClusterCreateTime')}); nothing "
            "of it was changed. `pulumi preview` shows what differs from the program"
        )
        known, tags = in_force(self._arguments, read_arguments(cluster)), user_tags(cluster)
        if known["tags"] is not None:
            known["tags"] = equal_in(tags, known["tags"])
        defaults = equal_in(tags, self._default_tags)
        return outputs(self._inputs, known, cluster, identity, defaults, said=said_by(known))


def _resolve_again(session: Session, props: Mapping[str, Any], urn: Urn) -> dict[str, Any]:
    """Decide with the account known, whatever preview could not know."""
    try:
        resolved = resolve(
            read_policy(session.settings),
            session.settings,
            props,
            urn,
            account=session.account_id,
            region=session.aws.region,
        )
    except PolicyError as error:
        raise RefusedError(
            f"the deletion policy does not hold for this cluster:\n{error}",
            data="nothing was created",
            next_step="mend the policy or the configuration, then run `pulumi up` again",
        ) from None
    refuse_bypass(resolved.match.environment, list(props.get("bypass") or []), urn.name)
    return {"policy": resolved.record(), "on_destroy": resolved.on_destroy}


def left_by_us(cluster: Mapping[str, Any], arguments: Mapping[str, Any], urn: Urn) -> bool:
    """Tell whether a create of this very resource began this cluster and did not finish.

    A cluster that is being restored cannot be tagged in the same call; until it is, it carries the
    tags of our own final snapshot. That counts only where the program restores.
    """
    tags = {tag["Key"]: tag.get("Value") or "" for tag in cluster.get("Tags") or []}
    if CREATING_TAG in tags:
        return says(tags[CREATING_TAG], str(urn))
    restores = any(
        arguments.get(name) for name in ("restore_final_snapshot", "snapshot_identifier", "snapshot_arn")
    )
    return restores and bool(cluster.get("RestoreStatus")) and says(tags.get(TAG_URN), str(urn))


def _exists(session: Session, cluster: Mapping[str, Any]) -> RefusedError:
    identifier = cluster["ClusterIdentifier"]
    return RefusedError(
        f"a cluster called {identifier} exists already in {session.account_id}, {session.aws.region}, "
        f"created {cluster.get('ClusterCreateTime') or 'just now'}",
        data="that cluster was not touched",
        next_step="choose another cluster_identifier; or, if this stack is to own that very cluster, set "
        "adopt_existing=True; or, if this resource is that cluster's under a new name, tell Pulumi so: "
        "opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name='its old name')]); or, if `--replace` or a "
        f"taint asks to replace it, {owned.DELETE_FIRST}",
    )


def _require_adoptable(
    session: Session, cluster: Mapping[str, Any], arguments: Mapping[str, Any], urn: Urn
) -> None:
    if not arguments.get("adopt_existing"):
        raise _exists(session, cluster)
    identifier = cluster["ClusterIdentifier"]
    tags = {tag["Key"]: tag.get("Value") or "" for tag in cluster.get("Tags") or []}
    for key, own in ((TAG_STACK, urn.stack), (TAG_PROJECT, urn.project), (CREATING_TAG, str(urn))):
        if key in tags and not says(tags[key], own):
            raise RefusedError(
                f"cluster {identifier} carries the tag {key}={tags[key]}: it is another stack's",
                data="that cluster was not touched",
                next_step="adopt it from that stack; or remove the tag, if that stack is gone",
            )
    status = str(cluster.get("ClusterStatus") or "")
    if status in ENDING:
        raise RefusedError(
            f"cluster {identifier} is being deleted ({status}), so it cannot be adopted",
            data="that cluster was not touched",
            next_step="wait until it is gone, then run `pulumi up` again; it is created anew then",
        )


def _adapted(parameters: dict[str, Any]) -> dict[str, Any]:
    """Give the parameters that AWS wants in a form of its own."""
    if parameters.get("ManageMasterPassword") is False:
        del parameters["ManageMasterPassword"]
    if parameters.get("VpcSecurityGroupIds") == []:
        del parameters["VpcSecurityGroupIds"]
    if parameters.get("MultiAZ"):
        # AWS has no unencrypted Multi-AZ cluster, and a restore takes the snapshot's encryption otherwise.
        parameters.setdefault("Encrypted", True)
    return parameters
