"""What must hold whatever happens, judged by the ledger and the calls that reach AWS.

It follows from what the documentation promises; the product is never asked.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from redshift_teardown.teardown.claim import TAG_CLAIM, mark_of
from tests.histories.ledger import Deletion, Ledger, Life
from tests.histories.owners import PASSWORD, Note, Owner, source_of
from tests.histories.rules import Rules, timed

if TYPE_CHECKING:
    from redshift_teardown.emulator.redshift.state import Cluster, Realm, Snapshot
    from tests.histories.command import Command
    from tests.histories.stacks import Resource

BEGINNING = ("DeleteCluster", "ResumeCluster", "CreateCluster", "RestoreFromClusterSnapshot", "ModifyCluster")
"""What Ctrl-C stops: the calls that begin something."""
BIRTHS = ("CreateCluster", "RestoreFromClusterSnapshot")
SETTLE_SECONDS, BACK_SECONDS = 300, 30
"""For so long AWS may show a cluster alive whose deletion it accepted, or one again that it showed ending."""
_GOOD = ("creating", "available")
READING = ("Describe", "Get", "List")
REFUSED_PARAMETERS = (
    "InvalidParameter",
    "InvalidRetention",
    "InvalidTag",
    "TagLimit",
    "Missing",
    "Validation",
)


class BrokenPromiseError(AssertionError):
    """Something that must never happen did."""


class Promises(ABC):
    """Judges calls and what the state records; `place` and the clock are those of the world it is part of."""

    lives: Ledger
    owners: list[Owner]
    file: Rules
    tampered: set[Life]
    receipts_lost: bool
    broken: BrokenPromiseError | None

    @property
    @abstractmethod
    def place(self) -> Realm:
        """The stacks' account and region, as they are now."""

    @abstractmethod
    def _seconds(self) -> float: ...

    @abstractmethod
    def _lag(self) -> float: ...

    @abstractmethod
    def _stale(self) -> bool: ...

    @property
    @abstractmethod
    def lagging(self) -> bool:
        """Whether AWS tells less, or later, than it knows."""

    def must(self, holds: object, what: str) -> None:
        """Refuse what must not be."""
        if not holds:
            self.broken = self.broken or BrokenPromiseError(what)
            raise self.broken

    # --- calls ---

    def judge_call(self, command: Command, operation: str) -> None:
        """Refuse a changing call that must not be."""
        request = command.request
        assert request is not None
        assert request.operation == operation
        self.must(not request.gone, f"{operation} by the provider of an engine that is gone")
        if request.cancelled:
            self.must(operation not in BEGINNING, f"{operation} after Ctrl-C")
        verb = command.process.verb
        self.must(verb in ("Create", "Update", "Delete"), f"{operation} by {verb or 'a command that reads'}")
        self.must(command.right_place, f"{operation} in another account or region")
        if operation in BIRTHS:
            self._judge_birth(command, operation)
            return
        self._judge_target(command, operation, *_target(request.parameters))
        if operation == "DeleteCluster":
            self._judge_deletion(command, request.parameters)

    def _judge_birth(self, command: Command, operation: str) -> None:
        """A resource has one cluster at a time, and begins empty only where somebody said so."""
        for resource in command.owner.backend.resources:
            life: Life = resource.note.life
            there = not (life.ended or life.ending) and life.owner is command.owner
            # A stack that was renamed, or a bot that stripped it, leaves no claim of this very resource.
            # What AWS does not show for a moment it refuses to make again under its name.
            told = life.claimed == command.urn and TAG_CLAIM in life.cluster.tags and not self._stale()
            self.must(
                resource.urn != command.urn or not (there and told),
                f"{operation} for a resource whose {life} lives",
            )
        self._judge_beginning(command, operation)

    def _may_be_of(self, half: Life, name: str, command: Command) -> bool:
        """Whether a half may be of what is created: by its name, or as the last there was of its stack.

        Under another name it is not where the program has the half's own resource, too; nor can anybody tell
        where both the stack and the resource have other names by now.
        """
        last = [life for life in self.lives.all if life.owner is command.owner][-1]
        was, now = half.urn.split("::", 1), command.urn.split("::", 1)
        related = was[0] == now[0] or was[1] == now[1]
        return half.cluster.identifier == name or (half is last and related and half.urn not in command.goals)

    def _judge_beginning(self, command: Command, operation: str) -> None:
        """What a resource's last cluster left is neither passed over nor rolled back without a word."""
        assert command.request is not None
        asked = command.request.parameters
        name = asked.get("ClusterIdentifier", "").lower()
        left = [
            life
            for life in self.lives.all
            if life.ended
            and (
                life.urn == command.urn
                or (life.half and life.owner is command.owner and self._may_be_of(life, name, command))
            )
        ]
        said = command.goals.get(command.urn, {})
        proof = self.lives.proof(self.place, left[-1]) if left else None
        if proof is None or said.get("restore_final_snapshot") is False:
            return
        last = left[-1]
        source = str(asked.get("SnapshotIdentifier") or asked.get("SnapshotArn") or "").rpartition("/")[2]
        if operation != "CreateCluster" and source.lower() not in ("", last.restored_from):
            return  # from that very snapshot, or from another one that was named on purpose
        begins = f"{operation}, without the data of {last}"
        # Killed before it was tagged, it is known by the receipt alone.
        half = last.half and ("redshift-teardown:left-by" in proof.tags or not self.receipts_lost)
        self.must(not half, f"{begins}, which a replacement that did not end was to restore")
        replaced = last in command.ended and last.replaced
        held = replaced and any(rules.protected for rules in command.replaced.get(last, ()))
        self.must(not held, f"{begins}, which was replaced in a protected environment")

    def _note_half(self, command: Command, life: Life) -> None:
        """Note whether a deletion is one half of a replacement, the other of which is to restore."""
        if command.resource is not None:
            said = command.goals.get(command.resource.urn, {}) if command.partial else {}
            life.half = said.get("restore_final_snapshot") is True

    def _judge_target(self, command: Command, operation: str, kind: str, name: str) -> None:
        place = self.place
        if kind == "snapshot":
            snapshot, life = self.lives.of_snapshot(place, name)
            if snapshot is None:
                return
            ours = life is not None and life.owned and (snapshot.final or timed(name))
            self.must(ours, f"{operation} on snapshot {name}, which no deletion of a cluster of ours made")
            return
        self.must(kind == "cluster", f"{operation} on a {kind}")
        life = self.lives.named(place, name)
        if life is not None and self._takes_over(command, operation, name):
            self._judge_taking(command, life)
        if life is None or life.owned:
            return
        seen = command.seen.get(name)
        self.must(
            (seen is not None and seen[0] is not life) or self._takes_over(command, operation, name),
            f"{operation} on {life}, which this very command was shown under that name",
        )

    @staticmethod
    def _takes_over(command: Command, operation: str, name: str) -> bool:
        """Whether a call writes the claim of an adoption, which the program asks for."""
        said = command.goals.get(command.urn, {})
        asked = bool(said.get("adopt_existing")) and said.get("cluster_identifier") == name
        return asked and operation == "CreateTags" and command.process.verb == "Create"

    def _judge_taking(self, command: Command, life: Life) -> None:
        """What says that it is protected is taken over where a protected environment of the file claims the
        stack, and nowhere else: no configuration may end what the file protects.
        """
        tag = life.cluster.tags.get(TAG_CLAIM, "")
        # A call whose answer was lost is made again.
        goes_on = f"of {mark_of(command.urn)} protected taking over" in tag or tag == command.wrote
        if " protected" not in tag or goes_on or (life.owner, life.urn) == (command.owner, command.urn):
            return
        stack, environment = command.urn.split(":")[2], command.owner.environment
        _, held = command.file_at_start.of(stack, environment, "")
        self.must(held, f"{command.urn} takes over {life}, which is protected, and no environment claims it")

    def _judge_deletion(self, command: Command, said: dict[str, str]) -> None:
        self.must(
            "SkipFinalClusterSnapshot" in said, "DeleteCluster that leaves open what becomes of the data"
        )
        name = said["ClusterIdentifier"].lower()
        life, resource = self.lives.named(self.place, name), command.resource
        if life is None or not life.owned or resource is None:
            return
        self._judge_right_to_delete(command, resource, life)
        skip = said["SkipFinalClusterSnapshot"].lower() == "true"
        seen = command.seen.get(name)
        ephemeral = seen is None or seen[1].get("ephemeral") == "true"
        both = self._rules(command, resource)
        due = any(rules.due(ephemeral=ephemeral, hours=self._hours(life)) for rules in both)
        self.must(not (due and skip), f"DeleteCluster without the final snapshot that is due for {life}")
        edited = {id(command.file), id(self.file)} != {id(command.polled or command.file)}
        if skip or edited or not all(rules.certain for rules in both):
            return
        retention = said.get("FinalClusterSnapshotRetentionPeriod")
        wanted = [rules.retention for rules in both if rules.readable]
        longest = -1 if -1 in wanted else max(wanted)
        self.must(
            retention == str(longest), f"a final snapshot kept {retention} days where {longest} are due"
        )

    def _judge_right_to_delete(self, command: Command, resource: Resource, life: Life) -> None:
        """A cluster that another resource or stack owns by now is not deleted."""
        marked = life not in self.tampered
        self.must(
            life.owner is command.owner or not marked,
            f"DeleteCluster on {life} by {command.owner.stack.name}, which another stack took over",
        )
        self.must(life not in command.refused, f"DeleteCluster on {life}, which a create of this run found")
        if not (command.partial and marked):
            return  # all resources go; or a bot took the claim away, by which a later run tells them apart
        for other in command.owner.backend.resources:
            kept = other is not resource and not other.twin and other.note.life is life
            self.must(not kept, f"DeleteCluster on {life}, which {other.urn} owns by now")

    def _rules(self, command: Command, resource: Resource) -> list[Rules]:
        """What is recorded, now and when the operation began, and what the file says."""
        note: Note = resource.note
        recorded = [
            each.note.recorded
            for owner in self.owners
            for each in owner.backend.resources
            # What a replacement left over is not what holds: the cluster has a newer state.
            if each.note.life is note.life and owner is command.owner and not each.twin
        ]
        environment = command.owner.backend.config.get("redshift-teardown:environment", "")
        stack = resource.urn.split(":")[2]
        # The file as it was when this began, and as it is, where AWS was asked since it is so.
        files = [command.file, *([self.file] if command.polled is self.file else [])]
        return [*recorded, note.recorded, *(each.of(stack, environment, note.held)[0] for each in files)]

    def _hours(self, life: Life, at: float | None = None) -> float:
        """How old a life's data is, or was."""
        return ((self._seconds() if at is None else at) - life.since) / 3600

    def note_call(self, command: Command, record: Any) -> None:
        """Take in what a call of the product did, and what it was shown."""
        operation, said = record.operation, record.parameters
        name = str(said.get("ClusterIdentifier", "")).lower()
        place = self.place
        if not record.fault:
            refused = record.result.startswith(REFUSED_PARAMETERS)
            self.must(not refused, f"AWS objects to a parameter of {operation}: {record.result}")
        if operation == "DescribeClusters" and record.result == "ok":
            for each in [name] if name else [*place.clusters, *command.seen]:
                self._note_seen(command, place, each)
        if not record.took_effect:
            return
        if operation in BIRTHS:
            source = str(said.get("SnapshotIdentifier") or said.get("SnapshotArn") or "").rpartition("/")[2]
            self.lives.born(place, name, command.owner, command.urn, source.lower())
        elif operation == "DeleteCluster":
            life = self.lives.named(place, name)
            assert life is not None
            self.accepted(life, said, ours=True)
            assert life.deletion is not None
            command.sent.append(life.deletion)
            self._note_half(command, life)
        elif operation == "CreateTags" and command.process.verb == "Create":
            self._note_claim(command, place, said)

    def _note_claim(self, command: Command, place: Realm, said: dict[str, Any]) -> None:
        """Note that a create wrote its claim; until a state has the cluster, its owner is in doubt."""
        kind, name = _target(said)
        life = self.lives.named(place, name) if kind == "cluster" else None
        if life is None:
            return
        command.wrote = life.cluster.tags.get(TAG_CLAIM, "")
        another = life.owner is not command.owner or life.urn != command.urn
        if another or " taking over" in life.cluster.tags.get(TAG_CLAIM, ""):
            life.in_doubt = True

    def _note_seen(self, command: Command, place: Realm, name: str) -> None:
        self.lives.settle(place)
        command.polled = self.file
        cluster = self._shown(place, name)
        life = self.lives.of(cluster)
        command.seen[name] = life, dict(cluster.tags) if cluster else {}
        if life is not None and life.ending:
            command.ending.add(life)
            command.back.pop(life, None)
        if life is not None and life.outlived is not None:
            self._note_alive(command, life, life.outlived)

    def _note_alive(self, command: Command, life: Life, outlived: Deletion) -> None:
        """Note that a cluster was shown alive after its deletion, later than any lag of AWS explains."""
        now = self._seconds()
        if life in command.ending:
            since = command.back.setdefault(life, now) + BACK_SECONDS
        else:
            since = outlived.at + SETTLE_SECONDS
        if now >= since:
            command.alive[life] = command.process.verb

    def _shown(self, place: Realm, name: str) -> Cluster | None:
        """What DescribeClusters shows under a name: with a lag nothing, of a cluster that is new."""
        cluster = place.clusters.get(name)
        if cluster is None or self._stale():
            return None
        since = place.generations[cluster.namespace].created
        return None if self._seconds() < since + self._lag() else cluster

    def accepted(self, life: Life, said: dict[str, Any], *, ours: bool) -> None:
        """Note that AWS accepted a deletion."""
        skip = str(said.get("SkipFinalClusterSnapshot", "")).lower() == "true"
        name = str(said.get("FinalClusterSnapshotIdentifier", "")).lower()
        life.deletion = Deletion(self._seconds(), ours=ours, skip=skip, snapshot=name)
        # The snapshot that it begins is of this life, also where time passes until the next poll at it.
        self.lives.settle(self.place)

    @staticmethod
    def knows(command: Command, *verbs: str) -> None:
        """Take what a process was shown for written down, where one of these verbs was shown it; and what AWS
        accepted before, for known to it.
        """
        for deletion in command.sent:
            deletion.answered = True
        for life in [life for life, verb in command.alive.items() if verb in verbs]:
            life.outlived = None
            del command.alive[life]

    # --- what the state records ---

    def judge_step(self, command: Command, verb: str, old: Resource | None, new: Resource | None) -> None:
        """Judge what the engine recorded after a step."""
        if verb == "refused":
            life = self.lives.named(
                self.place, str(command.goals.get(command.urn, {}).get("cluster_identifier"))
            )
            if life is not None:
                command.refused.add(life)
            return
        if verb == "same":
            assert old is not None
            self._judge_unseen(command, old)
        if verb in ("delete", "drop", "replaced"):
            assert old is not None
            self._judge_gone(command, old, verb)
            old.note.life.replaced = verb == "replaced" or old.twin
            if verb == "replaced":
                command.replaced[old.note.life] = self._rules(command, old)
            else:
                old.note.life.half = False
            command.ended.add(old.note.life)
        if new is None:
            return
        life = self.lives.recorded(new.outputs["identity"])
        if life is None:
            self.must(holds=False, what=f"{verb} recorded a generation that never was")
            return
        if verb in ("create", "replace"):
            self._judge_created(command, verb, old, new, life)
        else:
            assert old is not None
            self.must(life is old.note.life, f"{verb} recorded {life} in place of {old.note.life}")
            life.urn = new.urn if life.urn == old.urn else life.urn
        self._note(command, verb, old, new, life)
        self.knows(command, "Read", "Update")
        self.judge_words([json.dumps({**new.outputs, "master_password": ""})])

    def _judge_unseen(self, command: Command, old: Resource) -> None:
        """An `up` that has nothing to do has looked where a receipt tells of a destroy left open."""
        self.lives.settle(self.place)
        life: Life = old.note.life
        outlived = life.outlived
        left_open = outlived is not None and outlived.ours and not life.ended
        snapshot = self.place.snapshots.get(outlived.snapshot) if outlived is not None else None
        if (
            outlived is not None
            and not outlived.skip
            and (snapshot is None or snapshot.status != "available")
        ):
            return  # nothing is left of it that would prove anything
        if not left_open or self.receipts_lost or not command.right_place:
            return
        self.must(old.id in command.seen, "an up did not look at a cluster whose destroy was left open")
        self.knows(command, "Diff")

    def _judge_created(
        self, command: Command, verb: str, old: Resource | None, new: Resource, life: Life
    ) -> None:
        said = command.goals[new.urn]
        if life.owner is not command.owner or life.urn != new.urn:
            taken = life.owner is command.owner and life.urn == new.urn
            self.must(taken or said.get("adopt_existing"), f"{verb} recorded {life} as {new.urn}'s")
            life.owner, life.urn, life.claimed = command.owner, new.urn, new.urn
        life.in_doubt = False
        for other in self.lives.all:
            other.half = other.half and other.urn != new.urn and other.cluster.identifier != new.id
        if verb == "replace" and old is not None and command.options is not None:
            note: Note = old.note
            forced = old.urn in command.options.replace
            source = source_of(said, note.life.restored_from)
            same = (note.source, note.database) == (source, said.get("database_name") or "")
            wanted = forced or old.outputs.get("gone") or not same
            self.must(wanted, f"{old.urn} was replaced, and nothing had changed")

    def _note(self, command: Command, verb: str, old: Resource | None, new: Resource, life: Life) -> None:
        note: Note | None = old.note if old is not None else None
        if verb == "read" and note is not None:
            new.note = note
            return
        said = command.goals[new.urn]
        held = note.held if note is not None and verb != "create" else ""
        if note is not None and life is not note.life and note.life.claimed != new.urn:
            held = ""  # a stack that was renamed since leaves no claim of this very resource
        stack, environment = new.urn.split(":")[2], command.owner.environment
        recorded, held = command.file_at_start.of(stack, environment, held)
        source = source_of(said, life.restored_from)
        since = note.since if note is not None and note.recorded == recorded else self._seconds()
        # What was adopted has the name it has, which the next `up` may change.
        asked, actual = said.get("database_name") or "", life.cluster.settings["DBName"]
        new.note = Note(life, recorded, held, source, asked and actual, since)

    def _judge_gone(self, command: Command, old: Resource, verb: str) -> None:
        """A resource left the state: that must be true, and its data where it is due."""
        note: Note = old.note
        life = note.life
        self.must(command.right_place, f"{verb} ended well in another account or region")
        others = [each for owner in self.owners for each in owner.backend.resources if each is not old]
        if any(each.note.life is life for each in others):
            return  # another one answers for it
        if not life.ended:
            # An adoption ends with a tag, and is recorded right after: a kill in between is not told apart.
            ended = life.in_doubt and " taking over" not in life.cluster.tags.get(TAG_CLAIM, " taking over")
            self.must(ended, f"{verb} ended well, and {life} lives")
            return
        hours = self._hours(
            life, life.deletion.at if life.deletion is not None and life.deletion.ours else None
        )
        if not any(rules.due(ephemeral=True, hours=hours) for rules in self._rules(command, old)):
            return
        asked = (life.deletion, life.outlived)
        excused = any(each is not None and each.skip and each.ours for each in asked)
        if excused and not note.recorded.due(ephemeral=True, hours=hours):
            return
        place = self.place
        proof = self.lives.proof(place, life)
        self.must(
            proof is not None
            or (command.disturbed and life in self.tampered)
            or self.lives.named_as_final(place, life),
            f"{verb} ended well, and no final snapshot holds the data of {life}",
        )
        # Somebody else's deletion is not ours to tag where a snapshot by hand was believed in its place.
        judged = life.deletion is not None and (
            life.deletion.ours or not self.lives.named_as_final(place, life)
        )
        if proof is not None and life not in self.tampered and judged:
            self._judge_proof(command, old, proof)

    def _judge_proof(self, command: Command, old: Resource, proof: Snapshot) -> None:
        """What is left is tagged, and kept for as long as was decided."""
        wanted = [rules for rules in self._rules(command, old) if rules.readable]
        longest = -1 if any(rules.retention == -1 for rules in wanted) else max(r.retention for r in wanted)
        kept = proof.retention == -1 or (longest != -1 and proof.retention >= longest)
        certain = all(rules.certain for rules in wanted)
        days = proof.retention
        self.must(kept or not certain, f"{proof.identifier} is kept for {days} days, not {longest}")
        told = proof.tags.get("redshift-teardown:urn", "")
        self.must(told and "$" not in told, f"{proof.identifier} does not say whose it is: {proof.tags}")
        name = proof.tags.get("redshift-teardown:cluster")
        self.must(name == proof.cluster, f"{proof.identifier} says that it is of {name}, not {proof.cluster}")

    def judge_end(self, command: Command, errors: list[str], before: list[Resource]) -> None:
        """Nothing is doubled, and a refusal is true."""
        place = self.place
        if any("AWS gave up deleting" in words for words in errors):
            # It saw the cluster live on, said so, and wrote it down.
            self.lives.settle(place)
            for each in self.lives.all:
                each.outlived = None if each.outlived in command.sent else each.outlived
        for generation in place.generations.values():
            good = (each["snapshot"] for each in generation.final_snapshots if each["status"] in _GOOD)
            finals = {name for name in good if name in place.snapshots}  # one may have been lost since
            self.must(len(finals) <= 1, f"two final snapshots of one cluster: {finals}")
        if len(before) != 1 or len(errors) != 1 or command.disturbed:
            return
        life: Life = before[0].note.life
        words = errors[0]
        if "still there" in words or "was not touched; nothing is lost" in words:
            self.must(not life.ended, f"{life} is gone, and yet: {words}")
        elsewhere = "under another cluster identifier" in words and life.cluster.identifier != before[0].id
        if elsewhere:
            return  # another resource renamed it, and the message says where to look
        if "is lost as far as AWS shows" in words and life.deletion is not None and life.deletion.ours:
            self.must(self.lives.proof(place, life) is None or self.lagging, f"the proof is there: {words}")
        if "the data is safe: snapshot " in words:
            name = words.split("the data is safe: snapshot ")[1].split()[0]
            snapshot = place.snapshots.get(name)
            there = snapshot is not None and snapshot.status == "available"
            self.must(there and self.lives.of_snapshot(place, name)[1] is life, f"no such snapshot: {words}")

    def judge_words(self, said: list[str]) -> None:
        """No password is in clear, and nobody reads a traceback."""
        for text in said:
            self.must(PASSWORD not in text, "a password in clear")
            self.must("Traceback" not in text, f"a traceback: {text[-600:]}")


def _target(said: dict[str, str]) -> tuple[str, str]:
    """What a call changes: ``cluster`` or ``snapshot``, and its name."""
    kind, _, name = said.get("ResourceName", "").rpartition(":")
    if name:
        return kind.rpartition(":")[2], name.rpartition("/")[2]
    if "SnapshotIdentifier" in said:
        return "snapshot", said["SnapshotIdentifier"].lower()
    return "cluster", said.get("ClusterIdentifier", "").lower()
