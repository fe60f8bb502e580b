"""Create: a new cluster, one restored from a snapshot, or one that exists already and is adopted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.arguments import (
    ARGUMENTS,
    MOST_TAGS,
    adapted,
    comparable,
    parameters_for,
    read_arguments,
    same,
)
from redshift_teardown.aws.views import Answer, Attempt, view_cluster
from redshift_teardown.deletion_policy import fit_tag_value, from_json
from redshift_teardown.engine import progress
from redshift_teardown.engine.urn import Urn
from redshift_teardown.errors import RefusedError, TeardownError
from redshift_teardown.lifecycle import this_run
from redshift_teardown.lifecycle.changes.converge import converge
from redshift_teardown.lifecycle.changes.wait import GoneError, wait_until_available
from redshift_teardown.lifecycle.data.in_place import require_nothing_deleted, require_nothing_left
from redshift_teardown.lifecycle.data.other_half import tell_what_was_deleted
from redshift_teardown.lifecycle.data.restore import AT_CREATE, find_source
from redshift_teardown.lifecycle.desired import everything, said_by
from redshift_teardown.lifecycle.desired import says as is_given
from redshift_teardown.lifecycle.operation import open_session
from redshift_teardown.lifecycle.origin import BEGAN_EMPTY
from redshift_teardown.lifecycle.outputs import CREATING_TAG, identity_of, outputs, user_tags
from redshift_teardown.lifecycle.ownership.adopt import adopt
from redshift_teardown.lifecycle.ownership.claims import claim_on, write_tags, written_claim
from redshift_teardown.lifecycle.ownership.create_claim import ContestedError, CreateClaim
from redshift_teardown.lifecycle.ownership.create_record import (
    CreateKey,
    CreateRecord,
    end_earlier,
    find_earlier,
    is_contradicted,
)
from redshift_teardown.lifecycle.ownership.existing_clusters import (
    not_ours,
    require_no_living_one,
    tell_of_others,
)
from redshift_teardown.lifecycle.ownership.generation import AnotherGenerationError, ExpectedGeneration
from redshift_teardown.lifecycle.ownership.halves import mark_restored
from redshift_teardown.lifecycle.policy.protection import protected_place
from redshift_teardown.lifecycle.policy.resolve import for_account, is_protected
from redshift_teardown.lifecycle.state import arguments_of
from redshift_teardown.teardown.claim import TAG_CLAIM, new_claim
from redshift_teardown.teardown.proof import CLOCK_SKEW
from redshift_teardown.teardown.resource_tag import says

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.lifecycle.context import Session
    from redshift_teardown.settings import Settings
    from redshift_teardown.teardown.claim import Claim


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
    session = open_session(settings, arguments.get("region"), urn)
    inputs, warnings = for_account(
        props,
        settings,
        urn,
        account=session.account_id,
        region=session.aws.region,
        data="nothing was created",
    )
    for text in warnings:
        session.reporter.warn(text)
    # Create is called for what the program has, and for nothing else.
    this_run.note_program(str(urn), inputs)
    operation = _Create(session, inputs, arguments, urn, identifier)
    existing = session.calls.describe(identifier)
    if existing is None:
        require_no_living_one(session, urn, identifier)
        operation.send()
    elif not operation.began_earlier(existing):
        return identifier, operation.take_over(existing)
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
        claim = new_claim(str(urn), protected=is_protected(inputs))
        self._claim = CreateClaim(claim, identifier, str(urn))
        self._receipts = Path(self._rules.receipts)
        self._place = CreateKey(str(urn), session.account_id, session.aws.region, identifier.lower())
        self._record: CreateRecord | None = None
        self._origin: Mapping[str, Any] = {}
        self._may_mark, self._was_marked = True, False
        self._meant = ExpectedGeneration(session.account_id, session.aws.region, self._is_expected)
        self._sent_at: datetime | None = None
        self._half = ""

    def began_earlier(self, cluster: Mapping[str, Any]) -> bool:
        """Return whether an earlier create of this resource began a cluster and did not finish.

        Its creating mark says so, or what that create wrote down. The tags of our own final snapshot do not:
        whoever restores that snapshot by hand gets them with it.
        """
        document = find_earlier(self._receipts, self._place, cluster)
        self._origin = document or self._origin
        if document is not None and document.get("claim"):
            # What the former process has sent by now may arrive later: it is the same claim then.
            self._claim.known_as(str(document["claim"]))
        mark = dict(view_cluster(cluster).tags).get(CREATING_TAG)
        if mark is None:
            return document is not None
        if not says(mark, str(self._urn)) or is_contradicted(self._receipts, self._place, cluster):
            return False
        if document is None and self._record is None:
            self._claim.meet(claim_on(cluster), by_mark=True)
        return True

    def take_over(self, cluster: Mapping[str, Any]) -> dict[str, Any]:
        """Adopt a cluster that is there; refuse where the program does not ask for it.

        Raises:
            RefusedError: it is not asked for, or it is not this resource's to take.

        """
        if not self._arguments.get("adopt_existing"):
            raise not_ours(self._session, self._receipts, self._place, cluster, self._urn)
        try:
            require_nothing_deleted(self._session, cluster, self._urn)
            require_nothing_left(self._session, self._arguments, self._urn, self._rules, cluster)
        except RefusedError:
            this_run.keep_out(
                identity_of(cluster, self._session.account_id, self._session.aws.region), str(self._urn)
            )
            raise
        outs = adopt(self._session, self._inputs, self._arguments, cluster, self._urn)
        end_earlier(self._receipts, self._place)
        return outs

    def send(self) -> None:
        """Ask AWS for the cluster, empty or from its snapshot."""
        session, identifier = self._session, self._identifier
        source = find_source(session, self._arguments, self._urn, self._rules)
        tell_of_others(session, self._receipts, self._place, self._urn)
        redshift: Any = session.aws.redshift
        if source is None:
            protected = is_protected(self._inputs)
            tell_what_was_deleted(session, self._arguments, self._urn, protected=protected)
            parameters = self._new()
            self._write_down("CreateCluster", {"restored_from": BEGAN_EMPTY, "data_since": AT_CREATE})
            attempt = session.change("CreateCluster", lambda: redshift.create_cluster(**parameters))
            self._require_accepted(attempt, f"create cluster {identifier}")
            return
        parameters = {**adapted(parameters_for("r", self._arguments)), **source.parameters}
        self._sent_at, self._half = session.clock.now(), source.half
        origin = {"restored_from": source.arn, "data_since": source.data_since}
        begun = self._write_down("RestoreFromClusterSnapshot", origin)
        answers: list[Mapping[str, Any]] = []
        attempt = session.change(
            "RestoreFromClusterSnapshot",
            lambda: answers.append(redshift.restore_from_cluster_snapshot(**parameters)),
        )
        for answer in answers:
            # From here on the next run knows its own cluster again, and no other one that looks like it.
            begun.saw(answer.get("Cluster") or {})
        self._require_accepted(attempt, f"restore cluster {identifier} from {source.words}")
        session.reporter.keep(f"{identifier} is restored from {source.words}")
        restoring = session.calls.describe(identifier)
        if restoring is not None:
            self._meant.require(restoring)
            self._mark(restoring)

    def _write_down(self, operation: str, origin: Mapping[str, str]) -> CreateRecord:
        """Write down what is about to be sent, so that a later run knows its own cluster again."""
        self._origin = origin
        self._record = CreateRecord(
            self._receipts, self._place, self._claim.own.name, operation, origin, self._session
        )
        self._record.write()
        return self._record

    def _new(self) -> dict[str, Any]:
        parameters = adapted(parameters_for("c", self._arguments))
        password = self._arguments.get("master_password_wo")
        if password is not None:
            parameters["MasterUserPassword"] = password
        nodes = self._arguments.get("number_of_nodes") or 1
        parameters["ClusterType"] = "multi-node" if nodes > 1 else "single-node"
        if nodes == 1:
            # AWS refuses NumberOfNodes for a single-node cluster.
            parameters.pop("NumberOfNodes", None)
        tags = {**self._default_tags, **(self._arguments.get("tags") or {}), **self._creating}
        if len(tags) < MOST_TAGS:
            tags[TAG_CLAIM] = self._claim.own.value
        parameters["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        return parameters

    def _require_accepted(self, attempt: Attempt, intent: str) -> None:
        """Let through what AWS accepted. Where its answer was lost, or is its answer to a resend, look."""
        if attempt.answer is Answer.ACCEPTED:
            return
        session, identifier = self._session, self._identifier
        taken = attempt.code.startswith("ClusterAlreadyExists")
        found = None
        if taken or attempt.answer is Answer.UNKNOWN:
            found = session.calls.describe(identifier)
        if found is not None and self.began_earlier(found):
            return
        resent = taken and attempt.operation == "RestoreFromClusterSnapshot"
        if self._record is not None and attempt.answer is not Answer.UNKNOWN and not resent:
            # That it exists may be the answer to a second sending of what the first one made.
            self._record.end()
        if found is not None:
            raise not_ours(session, self._receipts, self._place, found, self._urn)
        raise RefusedError(
            f"AWS did not {intent}: {attempt.words}",
            data="nothing was created"
            if attempt.answer is Answer.REFUSED
            else "AWS may have begun to create the cluster; the next `pulumi up` finds it",
            next_step="fix the error above, then run `pulumi up` again",
        )

    def _is_expected(self, cluster: Mapping[str, Any]) -> bool:
        """Return whether a cluster is the one that this create, or an earlier one of this resource, began.

        It carries the creating mark; one that is restored may lack it yet, and is as young as this create.
        """
        view = view_cluster(cluster)
        tags = dict(view.tags)
        if CREATING_TAG in tags:
            return tags[CREATING_TAG] == self._creating[CREATING_TAG]
        if self._sent_at is None:
            return self.began_earlier(cluster)
        restoring = cluster.get("RestoreStatus") or view.status == "creating"
        young = view.create_time is None or view.create_time >= self._sent_at - CLOCK_SKEW
        return bool(restoring) and young and not self._is_contradicted_by(cluster)

    def _is_contradicted_by(self, cluster: Mapping[str, Any]) -> bool:
        """Return whether AWS shows what this restore did not ask for; what is not shown is no sign."""
        shown = read_arguments(cluster)
        return any(
            shown.get(argument.name) is not None
            and comparable(argument, self._arguments.get(argument.name))
            and not same(argument, self._arguments.get(argument.name), shown[argument.name])
            for argument in ARGUMENTS
            if "r" in argument.calls and is_given(argument, self._arguments.get(argument.name))
        )

    def _mark(self, cluster: Mapping[str, Any]) -> None:
        """Write the tags that say whose create is under way: Restore… takes none.

        AWS may refuse to tag a cluster that is being restored: then it is tried again at the next poll.
        """
        if self._record is not None:
            self._record.saw(cluster)
        live, marked = claim_on(cluster), CREATING_TAG in dict(view_cluster(cluster).tags)
        self._meet(cluster, live, marked=marked)
        self._claim.require_uncontested(live, marked=marked)
        if (marked and not self._claim.is_to_write(live)) or not self._may_mark:
            return
        claim = self._claim.over(live)
        attempt = write_tags(self._session, cluster, {**self._creating, TAG_CLAIM: claim.value})
        self._was_marked = self._was_marked or attempt.answer is not Answer.REFUSED
        self._may_mark = attempt.answer is not Answer.REFUSED or attempt.code.startswith(
            "InvalidClusterState"
        )

    def _meet(self, cluster: Mapping[str, Any], live: Claim | None, *, marked: bool) -> None:
        """Let the claim be superseded that a restored cluster has from its snapshot, until it is marked."""
        self._was_marked = self._was_marked or marked
        if cluster.get("RestoreStatus") and not self._was_marked:
            self._claim.meet(live)

    def _hold(self, cluster: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take over the claim of a create that nothing but its mark tells of, and see that it lasts."""
        if self._claim.by_mark:
            self._mark(cluster)
            cluster = self._wait()
        live, marked = claim_on(cluster), CREATING_TAG in dict(view_cluster(cluster).tags)
        self._meet(cluster, live, marked=marked)
        self._claim.require_held(live, marked=marked)
        return cluster

    def _wait(self) -> Mapping[str, Any]:
        what = f"cluster {self._identifier} to be created"
        return wait_until_available(
            self._session, self._identifier, self._rules, what, self._meant, each=self._mark
        )

    def finish(self) -> dict[str, Any]:
        """Wait for the cluster, bring it to what the program says, and give the outputs."""
        session, identifier = self._session, self._identifier
        try:
            cluster = self._hold(self._wait())
            identity = identity_of(cluster, session.account_id, session.aws.region)
            this_run.note_created(identity, str(self._urn), self._claim.own.name)
            restored = bool(cluster.get("RestoreStatus"))
            surplus = user_tags(cluster) if restored else None
            desired = everything(self._arguments, self._default_tags, surplus)
            cluster = converge(session, desired, cluster, self._rules, self._meant, proven=False)
            self._claim.require_uncontested(claim_on(cluster))
            claim = written_claim(session, cluster, self._claim.own, takes_on=True)
        except (AnotherGenerationError, ContestedError, GoneError):
            # What this create began is not there any more: nothing of it is to be gone on with.
            raise
        except TeardownError as error:
            raise RefusedError(
                error.what if isinstance(error, RefusedError) else str(error),
                data=f"cluster {identifier} exists in {session.account_id}, {session.aws.region}, and is not "
                "in this stack's state yet",
                next_step="fix the error above, then run `pulumi up` again: "
                "it goes on with this very cluster",
            ) from None
        this_run.note_created(identity, str(self._urn), claim["claim"])
        if self._half:
            mark_restored(session, self._half)
        if not progress.engine_gone():
            # Else nobody records the outputs, and the next `up` knows its cluster by what was written down.
            end_earlier(self._receipts, self._place)
        return outputs(
            self._inputs,
            self._arguments,
            cluster,
            identity,
            self._default_tags,
            said=said_by(self._arguments),
            carried={
                **{name: value for name, value in claim.items() if value},
                **self._protection(),
                **self._known(identity),
            },
        )

    def _protection(self) -> Mapping[str, Any]:
        """Return the place of protection: what sticks to the cluster that this one replaces, or its own."""
        own = protected_place(self._inputs["policy"], self._urn, self._session.account_id)
        return own or this_run.protection_of(str(self._urn)) or {}

    def _known(self, identity: Identity) -> dict[str, str]:
        """Return what is recorded of the data's origin and age; what nobody wrote down is not known."""
        origin = self._origin
        since = str(origin.get("data_since") or "")
        if since == AT_CREATE:
            since = identity.cluster_create_time.isoformat() if identity.cluster_create_time else ""
        known = {"data_since": since} if since else {}
        if isinstance(origin.get("restored_from"), str):
            known["restored_from"] = origin["restored_from"]
        return known
