"""The end of a history: once nothing goes wrong any more, destroying ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.aws.identity import parse_time
from redshift_teardown.teardown.claim import TAG_CLAIM
from tests.histories.promises import BrokenPromiseError
from tests.histories.stacks import Told
from tests.teardown.stage import ACCOUNT, REGION

if TYPE_CHECKING:
    from tests.histories.owners import Note
    from tests.histories.player import Player
    from tests.histories.world import World


@dataclass
class Ending:
    """Ends what a player has played: done, or with a refusal that is true."""

    player: Player

    @property
    def world(self) -> World:
        """The world it was played in."""
        return self.player.world

    def finish(self) -> None:
        """Once nothing goes wrong any more, destroying ends: done, or with a refusal that is true."""
        world = self.world
        control = world.emulator.control
        control.clear_faults()
        control.set_behaviour(delete_paused=True, snapshots_tell_create_time=True)
        control.set_behaviour(
            cluster_listing_lag_seconds=0.0,
            snapshot_listing_lag_seconds=0.0,
            clusters_stale_until=0.0,
            snapshots_stale_until=0.0,
        )
        world.control.set_snapshot_quota(None)
        world.account, world.region = ACCOUNT, REGION
        for cluster in list(world.place.clusters):
            world.control.set_cluster(cluster, lakehouse_registration_status="")
        if world.receipts.is_file():
            world.receipts.unlink()
        for owner in world.owners:
            world.owner = owner
            if owner.backend.resources:
                # The configuration of the last `up` is what counts; it may have been for another place.
                owner.backend.config["aws:region"] = REGION
                self._destroy_at_the_end()

    def _destroy_at_the_end(self) -> None:
        world = self.world
        result = Told()
        for _ in range(3):
            self.player.told.append("destroy at the end")
            result = world.run_destroy()
            self.player.told.append(f"  -> {result.how} {result.said}".rstrip())
            world.lives.settle(world.place)
            if not world.owner.backend.resources:
                return
        if any(self._tightened_too_late(each.note) for each in world.owner.backend.resources):
            return
        if self.player.profile == "kills":
            # A rename that was interrupted is finished by an `up` of that program, as the refusal advises.
            for resource in world.owner.backend.resources:
                if "was renamed to" in result.said:
                    self.player.do_program(cluster_identifier=resource.note.life.cluster.identifier)
            self.player.told.append("up, destroy at the end")
            self.player.must(world.run_up(), "a history of kills alone")
            self.player.must(world.run_destroy(), "a history of kills alone")
            return
        if any(each.outputs.get("overruled") == "unwritten" for each in world.owner.backend.resources):
            # An `up` that could not reach the cluster writes its claim the next time.
            self.player.told.append("up, destroy at the end")
            world.run_up()
            result = world.run_destroy()
            if not world.owner.backend.resources:
                return
        refused = [each for each in world.owner.backend.resources if f"cluster {each.id} (" in result.said]
        # The engine comes to no other once one of them failed.
        for resource in refused or world.owner.backend.resources:
            self._explain(resource.note, resource.id, result.said)

    def _tightened_too_late(self, note: Note) -> bool:
        """Whether a cluster was let go of as its rules said, and stricter ones were recorded since.

        Where nobody lived to see AWS accept that, or others that skip were recorded since, stricter ones in
        the file will do: what was decided then excuses only a deletion that was seen accepted, by what is
        recorded still.
        """
        deletion = note.life.deletion
        if not note.life.ended or deletion is None or not (deletion.skip and deletion.ours):
            return False
        now = self.world.file.due(ephemeral=False, hours=float("inf"))
        doubted = not deletion.answered or note.since > deletion.at
        return note.recorded.due(ephemeral=True, hours=0) or (doubted and now)

    def _explain(self, note: Note, identifier: str, said: str) -> None:
        """Refuse a refusal that nothing explains."""
        world, life = self.world, note.life
        place = world.place
        named = world.lives.named(place, identifier)
        activity = life.cluster.activity
        if not life.ended:
            tag = life.cluster.tags.get(TAG_CLAIM, "")
            told = tag and " taking over" not in tag and life.marked and life not in world.tampered
            if life.owner not in (None, world.owner) and told and not life.in_doubt and named is life:
                raise BrokenPromiseError(f"{life} was taken over, and destroy refuses: {said}")
            if (
                life.owner is not world.owner
                or life.in_doubt
                or named is not life
                # An `up` that was killed wrote that it is protected, and the file that says so is not there.
                or (" protected" in tag and not world.file.readable)
                or (activity is not None and activity.outcome == "stuck")
            ):
                return
            raise BrokenPromiseError(f"destroy never ends: {said}")
        if named is not None:
            return  # another generation has the name
        proof = world.lives.proof(place, life)
        if proof is not None and proof.cluster != identifier:
            return  # another resource renamed it: the refusal says that it may be under another identifier
        if proof is None or life in world.tampered or world.receipts_lost:
            return
        if life.deletion is not None and life.deletion.ours and self._time_kept(note, proof):
            raise BrokenPromiseError(f"the proof {proof.identifier} is there, and destroy refuses: {said}")

    def _time_kept(self, note: Note, proof: Any) -> bool:
        """Whether the snapshot shows the create time that the state records."""
        for resource in self.world.owner.backend.resources:
            if resource.note is note:
                moment = parse_time(str(resource.outputs["identity"]["cluster_create_time"]))
                return moment is not None and abs(moment.timestamp() - proof.cluster_created) < 1
        return False
