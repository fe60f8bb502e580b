"""Every guard of the teardown, and what it looks like when it is taken out.

Run from the project's folder, ``python -m tests.teardown.guards`` takes each guard out of a copy of the
package in turn and runs the tests of this folder and of tests/around against it: at least one must go red.
It rewrites the table of `README.md` with the first that does. ``python -m tests.teardown.guards NAME…`` does
so for some guards only, and leaves the rows of the others.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "provider" / "redshift_teardown"
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- guards -->\n", "<!-- end of guards -->\n"
NOT_RUN = "not taken out yet"
"""In the place of a test, for a guard that is newer than the last run of this."""
SECONDS = 240
"""A run that takes longer gives no verdict."""
QUICK_FIRST = (
    "teardown/test_parts.py",
    "teardown/test_next_step.py",
    "scale/test_listings.py",
    "teardown/test_regressions.py",
    "around/test_proof.py",
    "around/test_void.py",
    "around/test_lag.py",
    "around/test_generations.py",
    "around/test_refresh.py",
    "teardown/test_invariants.py",
    "around/test_interrupted.py",
    "teardown/test_grid.py",
)


@dataclass(frozen=True)
class Guard:
    """One guard.

    Attributes:
        name: What it sees to.
        file: Where it stands, in the package.
        old: Its text, which stands there once.
        new: What is there when it is taken out.

    """

    name: str
    file: str
    old: str
    new: str


GUARDS = (
    # --- the cluster is there
    Guard(
        "another generation is refused",
        "teardown/present.py",
        "    if not identity.is_generation_of(cluster):",
        "    if False:",
    ),
    Guard(
        "a deletion under way is attached to",
        "teardown/present.py",
        "    if phase(cluster.status) is Phase.ENDING:\n        return _ending(",
        "    if False:\n        return _ending(",
    ),
    Guard(
        "a cluster that came back is refused",
        "teardown/present.py",
        "    if memory.deletion_seen:\n        return _maybe_alive_again",
        "    if False:\n        return _maybe_alive_again",
    ),
    Guard(
        "a cluster is believed to be back after a while only",
        "teardown/present.py",
        "    if not is_lasting(observation, memory):",
        "    if False:",
    ),
    Guard(
        "a snapshot whose cluster lives on is marked before anything else",
        "teardown/present.py",
        "        voiding(plan, identity, observation, cluster, memory)\n        or _stopped_by_claim",
        "        _stopped_by_claim",
    ),
    Guard(
        "a mark that got no answer is written again",
        "teardown/void.py",
        "judged = bool(tries) and tries[-1].answer in {Answer.ACCEPTED, Answer.REFUSED}",
        "judged = bool(tries)",
    ),
    Guard(
        "a mark that AWS did not take is warned of",
        "teardown/run.py",
        "if is_marking_over(memory, snapshot.arn) and attempt.answer is not Answer.ACCEPTED:",
        "if False:",
    ),
    Guard(
        "a busy cluster is waited for",
        "teardown/present.py",
        "if phase(cluster.status) is Phase.BUSY:",
        "if False:",
    ),
    Guard(
        "waiting ends with the policy's time",
        "teardown/next_step.py",
        "if out_of_time and (",
        "if False and (",
    ),
    Guard(
        "sending again ends with the policy's time",
        "teardown/next_step.py",
        "isinstance(step, (Delete, Resume)) and",
        "False and",
    ),
    Guard(
        "a deletion given up between two polls is noticed",
        "teardown/present.py",
        "if has_failed(identity, observation, memory):",
        "if False:",
    ),
    Guard(
        "an accepted DeleteCluster is given time to show",
        "teardown/present.py",
        "if since < SETTLE:",
        "if False:",
    ),
    Guard(
        "a failed DeleteCluster rests",
        "teardown/present.py",
        'if since < backoff("DeleteCluster", memory):',
        "if False:",
    ),
    Guard(
        "a throttled call rests shortly at first",
        "teardown/backoff.py",
        "    if not throttled:",
        "    if True:",
    ),
    Guard("taken names end", "teardown/present.py", "if len(memory.taken) >= NAME_TRIES:", "if False:"),
    Guard(
        "a taken name is not waited for",
        "teardown/present.py",
        "if last.code in _EXISTS_CODES:",
        "if False:",
    ),
    Guard(
        "a refusal for good is said at once",
        "teardown/present.py",
        "if last.code not in BUSY_CODES | _GONE_CODES:",
        "if False:",
    ),
    Guard(
        "a Lakehouse registration is said at once",
        "teardown/present.py",
        "if last.code in BUSY_CODES and _registered(",
        "if False and _registered(",
    ),
    Guard(
        "a paused cluster is resumed",
        "teardown/present.py",
        "was_paused and cluster.status.lower() == PAUSED",
        "False",
    ),
    Guard(
        "a paused cluster is tried before it is resumed",
        "teardown/present.py",
        "was_paused and cluster",
        "cluster",
    ),
    Guard(
        "ResumeCluster refused for good is said",
        "teardown/present.py",
        "    if last.answer is Answer.REFUSED and last.code not in BUSY_CODES:\n        return Refuse(\n"
        '            f"{identity} is paused',
        '    if False:\n        return Refuse(\n            f"{identity} is paused',
    ),
    Guard(
        "ResumeCluster rests",
        "teardown/present.py",
        'if observation.at - last.at < backoff("ResumeCluster", memory):',
        "if False:",
    ),
    Guard(
        "a snapshot that is due is never skipped",
        "teardown/present.py",
        "    if not plan.wants_snapshot:\n        return Delete()",
        "    if not plan.wants_snapshot or observation.snapshots:\n        return Delete()",
    ),
    Guard(
        "names in sight are passed over",
        "teardown/present.py",
        "memory.taken | {snapshot.identifier for snapshot in observation.snapshots}",
        "memory.taken",
    ),
    Guard(
        "names AWS said are taken are passed over",
        "teardown/present.py",
        "memory.taken | {snapshot.identifier for snapshot in observation.snapshots}",
        "{snapshot.identifier for snapshot in observation.snapshots}",
    ),
    # --- the cluster is gone
    Guard(
        "one answer that a living cluster is gone is not believed",
        "teardown/absent.py",
        "    if not _is_ending(memory) and not _lasts(plan, observation, memory):",
        "    if False:",
    ),
    Guard(
        "a snapshot of which AWS does not tell the generation is void beside the living cluster",
        "teardown/proof.py",
        "    return snapshot.cluster_create_time is None or of_generation(",
        "    return of_generation(",
    ),
    Guard(
        "a snapshot whose tags name another cluster than it is of is not ours",
        "lifecycle/ownership/final_snapshots.py",
        "    if (complete and not is_of_a_copy(snapshot)) and (",
        "    if complete and (",
    ),
    Guard(
        "what another stack left of our cluster is in doubt",
        "lifecycle/ownership/final_snapshots.py",
        "            return SnapshotOwner.ELSEWHERE if of_our_cluster and TAG_URN in tags "
        "else SnapshotOwner.ANOTHERS",
        "            return SnapshotOwner.ANOTHERS",
    ),
    Guard(
        "what another stack left of our cluster is not restored without its name",
        "lifecycle/data/restore.py",
        "    if by is SnapshotOwner.ELSEWHERE:",
        "    if False:",
    ),
    Guard(
        "a restore that up refuses is refused in preview",
        "lifecycle/data/restore.py",
        "found.seen, urn, identifier)\n        _require_ours(session, *newest, found, urn, identifier)\n",
        "found.seen, urn, identifier)\n",
    ),
    Guard(
        "destroy tells a way back that finds the snapshot",
        "teardown/messages.py",
        '"restore_final_snapshot=True, or " if plan.is_found_by_tags(snapshot) else ""',
        '"restore_final_snapshot=True, or "',
    ),
    Guard(
        "what a snapshot is found by has room first",
        "teardown/plan.py",
        "tags=(*own.items(), *asked[:MOST_POLICY_TAGS]),",
        "tags=(*sorted(own.items()), *asked[:MOST_POLICY_TAGS]),",
    ),
    Guard(
        "a snapshot without the tags it is found by is named",
        "teardown/plan.py",
        "        return all(present.get(key) == own[key] for key in FINDING_TAGS)",
        "        return True",
    ),
    Guard(
        "replace_with is refused",
        "cluster_options.py",
        "    _refuse_replace_with(resource_name, options)\n",
        "",
    ),
    Guard(
        "what this run has deleted is not updated",
        "lifecycle/diff.py",
        "    _require_not_deleted(state)\n",
        "",
    ),
    Guard(
        "what this run has deleted unasked does not begin empty",
        "lifecycle/data/other_half.py",
        '    if protected and arguments.get("restore_final_snapshot") is None:\n',
        "    if False:\n",
    ),
    Guard(
        "what a teardown left is waited for before a restore",
        "lifecycle/data/restore.py",
        "    while found.missing is not None and session.clock.now() - found.missing.written < SETTLE:",
        "    while False:",
    ),
    Guard(
        "nothing older is restored in place of what a teardown left",
        "lifecycle/data/restore.py",
        "        _require_expired(session, urn, found.missing)\n",
        "        pass\n",
    ),
    Guard(
        "a restore believes no absence that does not last",
        "lifecycle/data/restore.py",
        "    found = _find_surely(session, arguments, urn, rules, found)\n",
        "",
    ),
    Guard(
        "what was listed at first is not forgotten at the second look",
        "lifecycle/data/restore.py",
        "    if newest is not None and (then is None or age_key(then[0]) < age_key(newest[0])):",
        "    if False:",
    ),
    Guard(
        "a refresh believes no absence that does not last",
        "lifecycle/read.py",
        "operation.observe_surely()",
        "operation.observe()",
    ),
    Guard(
        "a final snapshot that AWS does not list yet is waited for",
        "teardown/absent.py",
        "    if proof is None and _is_expected(observation, memory):",
        "    if False:",
    ),
    Guard(
        "a renamed cluster is not gone",
        "teardown/absent.py",
        "    if observation.renamed is not None:\n        return",
        "    if False:\n        return",
    ),
    Guard(
        "gone is judged by what was decided then",
        "teardown/absent.py",
        'if memory.earlier_outcome and memory.last("DeleteCluster") is None:',
        "if False:",
    ),
    Guard(
        "an earlier decision is not asked once this teardown sent its own",
        "teardown/absent.py",
        'if memory.earlier_outcome and memory.last("DeleteCluster") is None:',
        "if memory.earlier_outcome:",
    ),
    Guard(
        "gone without proof is not done",
        "teardown/absent.py",
        "    if proof is None:\n        return _no_proof(plan, identity, observation, memory)",
        "    if proof is None:\n        return Done(None)",
    ),
    Guard(
        "a running snapshot is waited for",
        "teardown/absent.py",
        "    if proof.running:\n",
        "    if False:\n",
    ),
    Guard(
        "a failed snapshot is not done",
        "teardown/absent.py",
        "    if not proof.available:\n        return Refuse(",
        "    if False:\n        return Refuse(",
    ),
    Guard(
        "tags and retention are checked before done",
        "teardown/absent.py",
        "return finish(plan, proof, memory, observation) or Done(proof)",
        "return Done(proof)",
    ),
    Guard(
        "tags and retention are written while the cluster is ending",
        "teardown/present.py",
        "return finish(plan, proof, memory, observation) or Wait(cluster.status, proof)",
        "return Wait(cluster.status, proof)",
    ),
    Guard(
        "an unrecorded create time is not called a loss",
        "teardown/absent.py",
        "        if snapshot.available\n        and is_ours(snapshot, plan, identity, memory)\n",
        "        if False\n",
    ),
    Guard(
        "snapshots that are left are named in a loss",
        "teardown/absent.py",
        "        if snapshot.available and of_generation(snapshot, identity, memory)\n    ]",
        "        if False\n    ]",
    ),
    # --- what proves
    Guard(
        "an automated snapshot proves nothing",
        "teardown/proof.py",
        'if snapshot.snapshot_type != "manual":',
        "if False:",
    ),
    Guard(
        "a void snapshot proves nothing",
        "teardown/proof.py",
        "plan, identity, memory) and not is_void(snapshot, memory)",
        "plan, identity, memory)",
    ),
    Guard(
        "a tag makes a snapshot void",
        "teardown/proof.py",
        "    if is_marked_void(snapshot) or ",
        "    if ",
    ),
    Guard(
        "a snapshot from before the last sign of life is void",
        "teardown/proof.py",
        "    return begun is not None and alive is not None and begun < alive - CLOCK_SKEW",
        "    return False",
    ),
    Guard(
        "a snapshot of another generation proves nothing",
        "teardown/proof.py",
        "identity, memory) and of_generation(\n"
        '        snapshot, identity, memory, urn=plan.urn if plan.tags_prove else ""\n    )',
        "identity, memory)",
    ),
    Guard(
        "tags that the cluster carries, too, make no snapshot ours",
        "teardown/proof.py",
        "    if plan.tags_prove and is_tagged_as(",
        "    if is_tagged_as(",
    ),
    Guard(
        "tags that the cluster carries, too, make no snapshot one of its generation",
        "teardown/proof.py",
        'urn=plan.urn if plan.tags_prove else ""',
        "urn=plan.urn",
    ),
    Guard(
        "what has its tags from the cluster is void beside it",
        "teardown/proof.py",
        "    plan = replace(plan, tags_prove=True)\n",
        "",
    ),
    Guard(
        "the tags that a state records of its cluster count",
        "lifecycle/policy/planner.py",
        "        self._tags_prove = not is_tagged_as(state.tags_all or {}, state.identity)",
        "        self._tags_prove = True",
    ),
    Guard(
        "the tags that a teardown sees on its cluster count",
        "lifecycle/policy/planner.py",
        "            if is_tagged_as(dict(cluster.tags), self._state.identity):",
        "            if False:",
    ),
    Guard(
        "a snapshot of an earlier life proves nothing",
        "teardown/proof.py",
        "    if created is None or (recorded is not None and created < recorded):",
        "    if created is None:",
    ),
    Guard(
        "a snapshot nobody of this stack asked for proves nothing",
        "teardown/proof.py",
        "    return is_ours(snapshot, plan, identity, memory) and of",
        "    return of",
    ),
    Guard(
        "a name must hold the time of its snapshot",
        "teardown/proof.py",
        "if chosen is not None and chosen - CLOCK_SKEW <= begun <= chosen + longest + CLOCK_SKEW:",
        "if chosen is not None:",
    ),
    Guard(
        "a name without a time proves nothing",
        "deletion_policy/naming.py",
        '    if "{timestamp}" not in template:\n        return None\n'
        "    return _made_at(name, template, facts, environment, _stamps_in(name))",
        "    return _made_at(name, template, facts, environment, _times_in(name))",
    ),
    Guard(
        "a name that was sent must be of its time",
        "teardown/proof.py",
        "        if sent - CLOCK_SKEW <= begun <= sent + ANSWERED_LATE + CLOCK_SKEW:",
        "        if True:",
    ),
    Guard(
        "the newest snapshot decides",
        "teardown/proof.py",
        "key=lambda s: (s.create_time is None, s.create_time or _LONG_AGO, not s.available, not s.running)",
        "key=lambda s: (s.available, s.running, s.create_time or _LONG_AGO)",
    ),
    Guard(
        "of equally new snapshots the worse decides",
        "teardown/proof.py",
        "s.create_time or _LONG_AGO, not s.available, not s.running)",
        "s.create_time or _LONG_AGO, s.available, s.running)",
    ),
    Guard(
        "a snapshot of unknown age is the newest", "teardown/proof.py", "(s.create_time is None, ", "(False, "
    ),
    Guard(
        "tags are written",
        "teardown/finish.py",
        "    if missing:\n        line = (",
        "    if False:\n        line = (",
    ),
    Guard(
        "two teardowns do not write over each other's tags forever",
        "teardown/finish.py",
        "if written is not None and written.answer is Answer.ACCEPTED:",
        "if False:",
    ),
    Guard(
        "accepted tags must be seen",
        "teardown/finish.py",
        "        missing = tuple((key, value) for key, value in missing if key not in dict(snapshot.tags))\n",
        "        missing = ()\n",
    ),
    Guard(
        "retention is raised",
        "teardown/finish.py",
        "    if plan.wants_snapshot and not plan.keeps_long_enough(snapshot):",
        "    if False:",
    ),
    Guard(
        "a line that would not last is not printed",
        "teardown/finish.py",
        '"" if _tells_time(plan, missing) else _line(',
        "_line(",
    ),
    Guard(
        "writes that AWS refuses for good end",
        "teardown/finish.py",
        "if final or len(judged) >= WRITE_TRIES:",
        "if len(judged) >= WRITE_TRIES:",
    ),
    Guard(
        "writes that do not show end",
        "teardown/finish.py",
        "if final or len(judged) >= WRITE_TRIES:",
        "if final:",
    ),
    Guard(
        "writes rest",
        "teardown/finish.py",
        "    if observation.at - last.at < backoff(operation, memory):",
        "    if False:",
    ),
    # --- plan and identity
    Guard(
        "a snapshot that is due has a name",
        "teardown/plan.py",
        "        if self.wants_snapshot and not self.name:",
        "        if False:",
    ),
    Guard(
        "undecided is no skip",
        "teardown/plan.py",
        "return self.decision.outcome is not Outcome.SKIP",
        "return self.decision.outcome is Outcome.SNAPSHOT",
    ),
    Guard(
        "retention is never shortened",
        "teardown/plan.py",
        "kept >= self.retention_days",
        "kept == self.retention_days",
    ),
    Guard(
        "forever is long enough",
        "teardown/plan.py",
        "if kept is None or kept == FOREVER:",
        "if kept is None:",
    ),
    Guard(
        "tags are in AWS's alphabet",
        "teardown/plan.py",
        "{fit_tag_key(key): fit_tag_value(value) for key, value in reserved.items()}",
        "reserved",
    ),
    Guard(
        "our own tags beat the policy's",
        "teardown/plan.py",
        "asked = [tag for tag in asked if tag[0] not in own]",
        "asked = list(asked)",
    ),
    Guard(
        "every create time seen counts",
        "teardown/proof.py",
        "    if any(same_moment(created, seen) for seen in memory.create_times):",
        "    if False:",
    ),
    Guard(
        "our generation tag counts",
        "teardown/proof.py",
        "        bool(urn and identity.cluster_namespace_arn)\n",
        "        False\n",
    ),
    Guard(
        "without a namespace a tag proves nothing",
        "teardown/proof.py",
        "        bool(urn and identity.cluster_namespace_arn)\n",
        "        True\n",
    ),
    Guard(
        "both of our tags are asked for",
        "teardown/plan.py",
        "    return tags.get(TAG_GENERATION) == fit_tag_value(identity.generation()) and tags.get(\n"
        "        TAG_CLUSTER\n    ) == fit_tag_value(identity.cluster_identifier)",
        "    return tags.get(TAG_GENERATION) == fit_tag_value(identity.generation())",
    ),
    Guard(
        "a namespace tells generations apart",
        "aws/identity.py",
        "        if self.cluster_namespace_arn and cluster.namespace_arn:\n",
        "        if False:\n",
    ),
    Guard("a create time is met within a second only", "aws/identity.py", "< 1", "< 10**9"),
    # --- one look
    Guard(
        "a cluster is seen alive after its snapshots",
        "teardown/observe.py",
        "        if not _is_deletable(cluster, identity):\n            seen = "
        "_beside(source, identity, at, cluster, busy=beside_busy)\n"
        "            if not _is_deletable(seen.cluster, identity):",
        "        if True:\n            seen = _beside(source, identity, at, cluster, busy=beside_busy)\n"
        "            if True:",
    ),
    Guard(
        "answers that contradict each other are no answer",
        "teardown/observe.py",
        "            if not _is_deletable(seen.cluster, identity):",
        "            if True:",
    ),
    Guard(
        "a cluster that a list shows is not gone",
        "teardown/observe.py",
        "        if found is not None and found.identifier == identity.cluster_identifier:",
        "        if False:",
    ),
    Guard(
        "a renamed cluster is looked for by its namespace",
        "teardown/observe.py",
        "    if cluster is None or not identity.is_generation_of(cluster):\n        found",
        "    if False:\n        found",
    ),
    # --- the runner
    Guard(
        "an endpoint that never answered is not waited for",
        "teardown/run.py",
        "if observation is None and not error.connected:",
        "if False:",
    ),
    Guard(
        "no answer is waited for",
        "teardown/run.py",
        "if observation is None and not error.connected:",
        "if True:",
    ),
    Guard(
        "waiting for an answer ends", "teardown/run.py", "        if waited >= limit:", "        if False:"
    ),
    Guard(
        "live facts are asked",
        "teardown/run.py",
        "if self._identity.is_alive_in(cluster):",
        "if False:",
    ),
    Guard(
        "a cluster that is ending is judged by what was decided",
        "aws/identity.py",
        "            and phase(cluster.status) is not Phase.ENDING\n        )",
        "        )",
    ),
    Guard(
        "the decision is written before it is sent",
        "teardown/run.py",
        "        memory = self._about_to_delete(step, plan, observation, memory, receipt)\n",
        "",
    ),
    Guard(
        "what AWS answered is written",
        "teardown/run.py",
        '                "sent": may_be_under_way(memory),\n',
        '                "sent": True,\n',
    ),
    Guard(
        "a name that AWS said is taken is remembered",
        "teardown/run.py",
        "            memory = replace(memory, taken=memory.taken | {attempt.snapshot})\n",
        "            pass\n",
    ),
    Guard(
        "what was there before an accepted DeleteCluster is stale",
        "teardown/run.py",
        "            memory = replace(memory, stale=memory.stale | before)\n",
        "            pass\n",
    ),
    Guard(
        "a deletion that was seen is remembered",
        "teardown/memory.py",
        "            deletion_seen=True,\n",
        "",
    ),
    Guard(
        "a cluster seen alive forgets earlier decisions",
        "teardown/memory.py",
        '    memory = replace(memory, earlier_outcome="")\n',
        "",
    ),
    Guard(
        "snapshots beside a living cluster are void",
        "teardown/memory.py",
        "    return replace(memory, stale=memory.stale | void, given_up=",
        "    return replace(memory, given_up=",
    ),
    Guard(
        "what was sent a moment ago is not void",
        "teardown/memory.py",
        "        and snapshot.identifier not in coming\n",
        "",
    ),
    Guard(
        "what its tags alone make a proof is void beside a living cluster",
        "teardown/memory.py",
        "of_generation(snapshot, identity, memory, urn=plan.urn)",
        "of_generation(snapshot, identity, memory)",
    ),
    Guard(
        "an old answer is no sign of life",
        "teardown/memory.py",
        " and not (memory.deletion_seen and coming):",
        ":",
    ),
    Guard(
        "the snapshots of a busy cluster are looked at once",
        "teardown/run.py",
        "beside_busy=not self._busy_noted,",
        "beside_busy=False,",
    ),
    Guard(
        "a delete that is refused at once puts down what is void",
        "lifecycle/delete.py",
        "        operation.voided()\n",
        "",
    ),
    Guard(
        "what an update or adoption finds void is marked",
        "lifecycle/operation.py",
        "                _mark(self.session, snapshot, observation.at)",
        "                pass",
    ),
    Guard(
        "of two snapshots of one moment the one that was sent counts",
        "teardown/proof.py",
        "    candidates.sort(key=lambda s: (bool(memory.sent_under(s.identifier)), len(s.identifier)), "
        "reverse=True)\n",
        "",
    ),
    Guard(
        "what a create wrote down stays where its engine is gone",
        "lifecycle/create.py",
        "        if not progress.engine_gone():\n",
        "        if True:\n",
    ),
    Guard("a taken name was not asked for", "teardown/proof.py", "        - memory.taken\n", ""),
    Guard(
        "what makes void is written down",
        "teardown/run.py",
        "        if memory.stale != before.stale or (busy and not self._busy_noted):",
        "        if False:",
    ),
    Guard(
        "of a resource that the engine drops no teardown is foretold",
        "reports/forecast.py",
        "_dropped(observed) if observed.cluster.dropped else _teardown(observed, room)",
        "_teardown(observed, room)",
    ),
    Guard(
        "a pending replacement is dropped",
        "cli/state_document.py",
        'pending_replacement=bool(resource.get("pendingReplacement")),',
        "pending_replacement=False,",
    ),
    Guard(
        "the new cluster of a pending replacement is named",
        "cli/leftovers.py",
        " if not each.pending_replacement}",
        "}",
    ),
    Guard(
        "what a protected resource depends on stays",
        "cli/state_document.py",
        "protected_dependents=tuple(urn for urn, needs in kept if own in needs),",
        "protected_dependents=(),",
    ),
    Guard(
        "what is protected beside a cluster stops a destroy",
        "reports/forecast.py",
        "*beside(observed.cluster, loses=loses)",
        "",
    ),
    Guard(
        "it hides no loss",
        "reports/observed.py",
        "Verdict.SAFE if loses else Verdict.BLOCKED,",
        "Verdict.BLOCKED,",
    ),
    Guard(
        "plan lets go where delete does",
        "reports/forecast.py",
        "        foreseen = _unless_let_go(foreseen, observed.planner.recorded)\n",
        "",
    ),
    Guard(
        "plan spares what destroy spares",
        "teardown/simulate.py",
        "        if spared and isinstance(step, (Delete, Resume)):\n",
        "        if False:\n",
    ),
    Guard(
        "plan lets go of nothing without a trace",
        "lifecycle/ownership/let_go.py",
        "    if problem:\n",
        "    if False:\n",
    ),
    Guard(
        "an up that has nothing to do looks where a destroy was left open",
        "lifecycle/diff.py",
        "    if in_program and not found.any and unseen_end.is_unseen(olds, settings):",
        "    if False:",
    ),
    Guard(
        "it says that a destroy which was left open goes on",
        "lifecycle/unseen_end.py",
        "        if identity.is_generation_of(observation.cluster):\n",
        "        if False:\n",
    ),
    Guard(
        "what an up changes is told where the program is known",
        "lifecycle/diff.py",
        "    if in_program:\n        # Without a program",
        "    if True:\n        # Without a program",
    ),
    Guard(
        "what it finds outlived is recorded",
        "lifecycle/update.py",
        " or is_unseen(olds, settings)",
        "",
    ),
    Guard(
        "a deletion that the cluster outlived excuses nothing",
        "teardown/memory.py",
        "    outlived = earlier.skip in void or _is_outlived(earlier)",
        "    outlived = False",
    ),
    Guard(
        "a wait ends with its engine",
        "engine/interrupt.py",
        "    if progress.engine_gone(within=LATELY_SECONDS):\n        raise StoppedError(ENGINE_GONE)",
        "    if False:\n        raise StoppedError(ENGINE_GONE)",
    ),
    Guard(
        "nothing is changed for an engine that is gone",
        "engine/interrupt.py",
        "    if progress.engine_gone():\n        raise StoppedError(ENGINE_GONE)",
        "    if False:\n        raise StoppedError(ENGINE_GONE)",
    ),
    Guard(
        "nothing is begun after a cancel",
        "engine/interrupt.py",
        "    require_engine()\n    if cancel.cancelled():",
        "    require_engine()\n    if False:",
    ),
    Guard(
        "a wait for nothing begun ends with a cancel",
        "engine/interrupt.py",
        "    if not begun and cancel.cancelled():",
        "    if False:",
    ),
    Guard(
        "what was not sent is not written down as sent",
        "teardown/run.py",
        '        receipt.write({"sent": may_be_under_way(memory), "names": names',
        '        dict({"sent": may_be_under_way(memory), "names": names',
    ),
    Guard(
        "create times are remembered",
        "teardown/memory.py",
        "        memory = replace(memory, create_times=(*memory.create_times, cluster.create_time))\n",
        "        pass\n",
    ),
    Guard(
        "an error of the SDK says what the data is",
        "teardown/run.py",
        "            raise placed(error, memory) from None",
        "            raise",
    ),
    Guard(
        "only what was sent is said to go on",
        "teardown/messages.py",
        "sent.answer in {Answer.ACCEPTED, Answer.UNKNOWN}",
        "sent.answer is not Answer.REFUSED",
    ),
    # --- calls
    Guard(
        "DeleteCluster is sent once",
        "aws/provisioned.py",
        "self._aws.redshift_once.delete_cluster",
        "self._aws.redshift.delete_cluster",
    ),
    Guard(
        "skipping is said",
        "aws/provisioned.py",
        '            "SkipFinalClusterSnapshot": not snapshot_name,\n',
        "",
    ),
    Guard(
        "retention is said",
        "aws/provisioned.py",
        '            arguments["FinalClusterSnapshotRetentionPeriod"] = retention_days\n',
        "",
    ),
    Guard(
        "no Force is sent",
        "aws/provisioned.py",
        "SnapshotIdentifier=snapshot_identifier, ManualSnapshotRetentionPeriod=retention_days\n",
        "SnapshotIdentifier=snapshot_identifier, ManualSnapshotRetentionPeriod=retention_days, Force=True\n",
    ),
    Guard(
        "a throttled look is no refusal",
        "aws/provisioned.py",
        "if throttled or status >= _SERVER_ERROR:",
        "if status >= _SERVER_ERROR:",
    ),
    Guard(
        "a look that failed at AWS is no refusal",
        "aws/provisioned.py",
        "if throttled or status >= _SERVER_ERROR:",
        "if throttled:",
    ),
    Guard(
        "a look without a network is no refusal",
        "aws/provisioned.py",
        "        except ConnectionError as error:\n"
        "            explained = explain(error, intent, self._aws.region)\n"
        "            raise UnreachableError(explained, words=str(error), connected=False) from None\n",
        "",
    ),
    Guard(
        "a DeleteCluster without a network is no refusal",
        "aws/provisioned.py",
        "except (ConnectionError, HTTPClientError, ResponseParserError) as error:\n"
        "            answer, message",
        "except (HTTPClientError, ResponseParserError) as error:\n            answer, message",
    ),
    Guard(
        "a lost answer is no refusal",
        "aws/provisioned.py",
        "except (ConnectionError, HTTPClientError, ResponseParserError) as error:\n"
        "            answer, message",
        "except (ConnectionError, ResponseParserError) as error:\n            answer, message",
    ),
    Guard(
        "a throttled write is no refusal",
        "aws/provisioned.py",
        "                answer = Answer.THROTTLED\n",
        "                pass\n",
    ),
    Guard(
        "a write that failed at AWS is no refusal",
        "aws/provisioned.py",
        "            elif status >= _SERVER_ERROR or not status:\n",
        "            elif False:\n",
    ),
    # --- receipts
    Guard("a receipt is synced", "atomic_file.py", "            os.fsync(stream.fileno())\n", ""),
    Guard("its folder is synced", "atomic_file.py", "    _sync_folder(path.parent)\n", ""),
    Guard(
        "a folder that cannot be written only warns",
        "teardown/receipt.py",
        "        except OSError as error:\n            if not self._broken",
        "        except KeyError as error:\n            if not self._broken",
    ),
    Guard("it warns once", "teardown/receipt.py", "            self._broken = True\n", ""),
    Guard(
        "a damaged receipt is passed over",
        "teardown/earlier.py",
        "except (OSError, ValueError, RecursionError):",
        "except RecursionError:",
    ),
    Guard(
        "an endless receipt is passed over",
        "teardown/earlier.py",
        "except (OSError, ValueError, RecursionError):",
        "except (OSError, ValueError):",
    ),
    Guard(
        "odd values in a receipt are passed over",
        "teardown/earlier.py",
        "if isinstance(value, list) else iter(())",
        'if value != "?" else iter(())',
    ),
    Guard(
        "only receipts of this version are read",
        "teardown/earlier.py",
        'if document.get("receipt_version") == RECEIPT_VERSION:',
        "if True:",
    ),
    Guard(
        "only what may have reached AWS decides",
        "teardown/earlier.py",
        'if document.get("sent")]',
        "if True]",
    ),
    Guard(
        "receipts are read where the policy had them before",
        "lifecycle/policy/at_destroy.py",
        "for environment, _ in ranked))",
        "for environment, _ in ranked[:1]))",
    ),
    Guard(
        "the newest receipt decides",
        "teardown/earlier.py",
        "_outcome(own[-1], recorded)",
        "_outcome(own[0], recorded)",
    ),
    Guard(
        "a skip that was not accepted excuses nothing",
        "teardown/earlier.py",
        'document.get("state") == DONE or document.get("skip_accepted") is True',
        "True",
    ),
    Guard(
        "a skip from before the last record excuses nothing",
        "teardown/earlier.py",
        'ended and document.get("recorded") == recorded',
        "ended",
    ),
    Guard(
        "another resource's receipt excuses nothing",
        "teardown/earlier.py",
        'for document in by_claim if document.get("urn") == urn]',
        "for document in by_claim]",
    ),
    Guard(
        "a receipt is of a namespace",
        "teardown/earlier.py",
        "        return bool(namespace == identity.cluster_namespace_arn)\n",
        "        return True\n",
    ),
    Guard(
        "a receipt is of an account, a region and a name",
        "teardown/earlier.py",
        "        identity.cluster_identifier,\n    ):\n        return False",
        "        identity.cluster_identifier,\n    ):\n        pass",
    ),
    # --- the delete as a whole
    Guard(
        "another account or region is refused",
        "lifecycle/operation.py",
        "    _require_same_place(session, recorded.state.identity, intent)\n",
        "",
    ),
    Guard(
        "the account that a policy holds for is the cluster's",
        "lifecycle/policy/resolve.py",
        '    if checked["account"] == account:\n',
        "    if True:\n",
    ),
    Guard(
        "a deletion goes to what was observed",
        "teardown/run.py",
        "        if not self._is_as_observed(observation):\n            self._not_sent(memory, receipt)\n",
        "        if False:\n            self._not_sent(memory, receipt)\n",
    ),
    Guard(
        "a paused cluster is resumed as it was observed",
        "teardown/run.py",
        "            if not self._is_as_observed(observation):\n"
        "                return self._asked_again(plan, observation, memory)\n"
        "            self._reporter.keep",
        "            self._reporter.keep",
    ),
    Guard(
        "a change goes to what was observed",
        "lifecycle/changes/wait.py",
        " and session.calls.is_still(view_cluster(cluster), asked)",
        "",
    ),
    Guard(
        "what was sent is finished under another claim",
        "teardown/present.py",
        "    if phase(cluster.status) is Phase.ENDING:\n"
        "        return None if memory.sent is not None or is_own_end_unseen(memory) else end\n",
        "",
    ),
    Guard(
        "what another resource sent is not ours to finish",
        "teardown/memory.py",
        "_is_unseen_since(memory, memory.earlier_own_sent)",
        "is_end_unseen(memory)",
    ),
    Guard(
        "a claim that AWS shows no cluster for is written later",
        "lifecycle/update.py",
        '        _not_written(urn, reporter, f"AWS does not show {identity}")\n        return UNWRITTEN\n',
        '        return ""\n',
    ),
    Guard(
        "a receipt of another claim is of another resource",
        "teardown/earlier.py",
        ' if not claim or (each.get("claim") or claim) == claim',
        "",
    ),
    Guard(
        "a create ends with its own claim on the cluster",
        "lifecycle/create.py",
        "            self._claim.require_uncontested(claim_on(cluster))\n",
        "",
    ),
    Guard(
        "a create that its mark tells of ends with its owner's",
        "lifecycle/ownership/create_claim.py",
        " or (self.by_mark and not marked)",
        "",
    ),
    Guard(
        "a create that its mark tells of holds its claim",
        "lifecycle/ownership/create_claim.py",
        "        if self.by_mark and (live is None or live.name != self.own.name):",
        "        if False:",
    ),
    Guard(
        "who took a cluster over owns it under whatever name",
        "teardown/owner.py",
        "    if isinstance(end, LetGo) or (isinstance(end, Refuse) and end.final):\n        return end\n",
        "",
    ),
    Guard(
        "a refresh promises no name that a new owner gave",
        "lifecycle/read.py",
        "    if isinstance(step, LetGo):",
        "    if False:",
    ),
    Guard(
        "nothing is renamed to what another cluster is called",
        "lifecycle/update.py",
        "    if holder is not None and not identity.is_generation_of(holder):",
        "    if False:",
    ),
    Guard(
        "a final snapshot of whoever took the cluster over is not written on",
        "teardown/finish.py",
        "    if plan.is_anothers(snapshot):\n        return None\n",
        "",
    ),
    Guard(
        "a final snapshot carries the names of now",
        "teardown/plan.py",
        "        TAG_URN: str(now),\n        TAG_PROJECT: now.project,\n        TAG_STACK: now.stack,\n",
        "        TAG_URN: urn,\n"
        '        TAG_PROJECT: facts.project or "",\n        TAG_STACK: facts.stack or "",\n',
    ),
    Guard(
        "a receipt is found by the name of now",
        "teardown/earlier.py",
        'return document.get("claimant") or document.get("urn")',
        'return document.get("urn")',
    ),
    Guard(
        "what is left of ours is finished beside another generation",
        "teardown/present.py",
        "    if identity.cluster_namespace_arn and "
        "newest_proof(plan, identity, observation, memory) is not None:",
        "    if False:",
    ),
    Guard(
        "a finished snapshot beside a living cluster comes no more",
        "teardown/memory.py",
        "if each.available and given_up}",
        "if False and given_up}",
    ),
    Guard(
        "a destroy waits until an earlier proof is none",
        "teardown/present.py",
        "_confirm_alive(plan, identity, observation, memory) or _delete(plan, observation, memory)",
        "_delete(plan, observation, memory)",
    ),
    Guard(
        "what is doubtful is asked for twice",
        "lifecycle/operation.py",
        "        if not self._is_doubtful(observation):\n            return observation\n",
        "        if observation:\n            return observation\n",
    ),
    Guard(
        "that it lives on is written down where nothing is listed",
        "lifecycle/operation.py",
        "        if new or self.ends_doubt(observation):",
        "        if new:",
    ),
    Guard(
        "a name that AWS accepted and gave up proves nothing",
        "teardown/run.py",
        'given_up = {"sent": False, "names": [], "accepted": []} if memory.given_up else {}',
        "given_up: dict[str, Any] = {}",
    ),
    Guard(
        "a name that its cluster outlived proves nothing",
        "teardown/memory.py",
        " - {name for name, at in earlier.sent if _lived_on(earlier, at)}",
        "",
    ),
    Guard(
        "a cluster of another resource is kept",
        "lifecycle/data/replaced.py",
        "    this_run.require_not_anothers(identity, urn, in_state)\n",
        "",
    ),
    Guard(
        "an adoption that did not end lets nobody go",
        "teardown/claim.py",
        "    return Whose.TAKING_OVER if live.taking_over else Whose.SUPERSEDED\n",
        "    return Whose.SUPERSEDED\n",
    ),
    Guard(
        "only what AWS answered with is gone on with",
        "lifecycle/ownership/create_record.py",
        "        return generation.is_generation_of(view)\n",
        "        return True\n",
    ),
    Guard(
        "a copy is known by its snapshot's claim",
        "lifecycle/ownership/existing_clusters.py",
        "dict(snapshot.tags).get(TAG_CLAIM) == tags[TAG_CLAIM]\n",
        "True\n",
    ),
    Guard(
        "a cluster that is gone is replaced by a word",
        "lifecycle/diff.py",
        "            replacement.review(olds, news, found.replaces, settings, reporter)\n"
        "            reporter.warn(why)\n",
        "            reporter.warn(why)\n",
    ),
    Guard(
        "what may be half of a replacement is asked about",
        "lifecycle/data/replacement.py",
        "    kept = plan.wants_snapshot and _may_be_half_done(state, planner)\n",
        "    kept = False\n",
    ),
    Guard(
        "a half is known by what was written down",
        "lifecycle/ownership/halves.py",
        " or (tagged is None and snapshot.identifier in halves)\n",
        "\n",
    ),
    Guard(
        "a half under another stack's name is in doubt",
        "lifecycle/ownership/final_snapshots.py",
        "    return by if finished else SnapshotOwner.IN_DOUBT\n",
        "    return by\n",
    ),
    Guard(
        "an error before the first poll says what the data is",
        "lifecycle/delete.py",
        "    operation = _open(props, settings)\n",
        '    operation = open_operation(props, settings, "delete")\n',
    ),
    Guard(
        "a policy that is not asked is warned of",
        "lifecycle/delete.py",
        "    if recorded.policies.warning:\n",
        "    if False:\n",
    ),
    Guard(
        "a state that names no cluster is refused",
        "lifecycle/policy/planner.py",
        "    if not (identity.account_id and identity.region and identity.cluster_identifier):",
        "    if False:",
    ),
    Guard(
        "the strictest of all looks holds",
        "lifecycle/policy/planner.py",
        "decision if self._decision is None else stricter(self._decision, decision)",
        "decision",
    ),
    Guard(
        "live facts count",
        "lifecycle/policy/planner.py",
        "seen = live_facts(self._facts, cluster)",
        "seen = self._facts",
    ),
    Guard(
        "a cluster that is gone is judged by what it had become",
        "lifecycle/policy/planner.py",
        "seen = last_seen_facts(self._facts, self._state.arguments, self._state.tags_all)",
        "seen = self._facts",
    ),
    Guard(
        "the recorded policy is asked",
        "lifecycle/policy/at_destroy.py",
        "every = ((self.recorded, RECORDED), (self.current, CURRENT), (self.here, CURRENT))",
        "every = ((self.current, CURRENT), (self.here, CURRENT))",
    ),
    Guard(
        "the current policy is asked",
        "lifecycle/policy/at_destroy.py",
        "every = ((self.recorded, RECORDED), (self.current, CURRENT), (self.here, CURRENT))",
        "every = ((self.recorded, RECORDED), (self.here, CURRENT))",
    ),
    Guard(
        "the recorded facts are asked",
        "lifecycle/policy/at_destroy.py",
        '(("recorded", recorded), (how, seen))',
        "((how, seen),)",
    ),
    Guard(
        "the stricter answer holds",
        "lifecycle/policy/at_destroy.py",
        "        strictest = stricter(strictest, decision)\n",
        "        strictest = decision\n",
    ),
    Guard(
        "no policy at all is refused",
        "lifecycle/policy/at_destroy.py",
        "    if rules is None and current is None:\n",
        "    if False:\n",
    ),
    Guard(
        "a policy file that cannot be read leaves the recorded one",
        "lifecycle/policy/at_destroy.py",
        "        policy = read_policy(settings)\n    except PolicyError as error:\n        warnings",
        "        policy = read_policy(settings)\n    except KeyError as error:\n        warnings",
    ),
    Guard(
        "a configuration that contradicts the file counts as unmatched",
        "lifecycle/policy/at_destroy.py",
        "            current = policy.unmatched\n",
        "            current = None\n",
    ),
    Guard(
        "recorded rules that cannot be read count as protected",
        "lifecycle/policy/at_destroy.py",
        "            rules = policy.unmatched\n",
        "            pass\n",
    ),
    # --- refresh, create and update
    Guard(
        "a refresh lets go only of what a delete could",
        "lifecycle/read.py",
        "    if isinstance(step, Done):\n        kept",
        "    if True:\n        return '', {}\n    if isinstance(step, Done):\n        kept",
    ),
    Guard(
        "every poll of an up is held against the generation that was meant",
        "lifecycle/changes/wait.py",
        "                    self._meant.require(cluster)\n",
        "",
    ),
    Guard(
        "one answer that a new cluster is not there is not believed",
        "lifecycle/changes/wait.py",
        "        if self._session.clock.now() - self._seen < self._missing:\n            return\n",
        "",
    ),
    Guard(
        "a name alone does not loosen",
        "lifecycle/diff.py",
        "protection.require_kept(olds, state, news, settings)",
        "{}",
    ),
    Guard(
        "a cluster that was renamed gets its name back",
        "lifecycle/desired.py",
        "replace(self, values={IDENTIFIER: name, **self.values})",
        "self",
    ),
    Guard(
        "a cluster is looked for under the name that a refresh found",
        "lifecycle/update.py",
        "names = (renamed_to, found_as((asked.old_inputs if asked else None) or {}))",
        "names = (renamed_to,)",
    ),
    Guard(
        "what was secret and is said no more stays secret",
        "engine/secret_values.py",
        "in (None, _value(olds, name))}",
        "in (_value(olds, name),)}",
    ),
    Guard(
        "a replacement knows what was secret before it",
        "lifecycle/check.py",
        'olds or this_run.checked_before(str(inputs.get("urn") or ""))',
        "olds",
    ),
    Guard(
        "a policy that is tightened while a destroy waits is heeded",
        "lifecycle/policy/planner.py",
        "            return self._policies.as_of_now()\n",
        "            return self._policies\n",
    ),
    Guard(
        "a retention that is raised while the snapshot is taken is heeded",
        "teardown/run.py",
        "        return plan if begun else self._plan_for(None)\n",
        "        return plan\n",
    ),
    Guard(
        "a claim that says protected is no state's to skip",
        "teardown/owner.py",
        "live is not None and held and not (plan.wants_snapshot or ending)",
        "False",
    ),
    Guard(
        "who has a newer claim of its own resource does not skip",
        "teardown/owner.py",
        "plan.renewal_is_ours and plan.wants_snapshot)",
        "plan.renewal_is_ours)",
    ),
    Guard(
        "a claim that could not be written is written by the next up",
        "lifecycle/diff.py",
        "    if in_program and not found.any and state.overruled == UNWRITTEN:",
        "    if False:",
    ),
    Guard(
        "a policy alone is written into the claim",
        "lifecycle/update.py",
        '            kept["overruled"] = '
        "_write_protection(opened, urn, reporter, protected=is_protected(inputs))\n",
        "            pass\n",
    ),
    Guard(
        "what is protected is adopted where the policy file claims the place, and nowhere else",
        "lifecycle/ownership/claims.py",
        "    if live is not None and live.protected and not by_file and not again:",
        "    if live is not None and live.protected and not protected:",
    ),
    Guard(
        "an adoption begun over is no way round that",
        "lifecycle/ownership/claims.py",
        " and live.superseded == (UNCLAIMED,)",
        "",
    ),
    Guard(
        "what the file claims is claimed, whatever the configuration asks for besides",
        "deletion_policy/matching.py",
        "        if claim is None or claim.environment is not wanted:",
        "        if True:",
    ),
    Guard(
        "what another resource is to adopt is not deleted before",
        "lifecycle/data/replaced.py",
        "        _require_not_to_be_adopted(program, state, now, session)\n",
        "        pass\n",
    ),
    Guard(
        "a replacement takes no other cluster over",
        "lifecycle/create.py",
        "            require_nothing_deleted(self._session, cluster, self._urn)\n",
        "",
    ),
    Guard(
        "what was deleted is known by both names of its resource",
        "lifecycle/this_run.py",
        "Deleted(now, names | known, identity, snapshot)",
        "Deleted(now, names, identity, snapshot)",
    ),
    Guard(
        "nothing is taken over in place of what a replacement left",
        "lifecycle/create.py",
        "            require_nothing_left(self._session, self._arguments, self._urn, self._rules, cluster)\n",
        "",
    ),
    Guard(
        "and preview says so",
        "lifecycle/data/preview.py",
        "                require_nothing_left(session, arguments, urn, rules, existing)\n",
        "                pass\n",
    ),
    Guard(
        "a copy by hand of something older is not what a replacement made",
        "lifecycle/data/in_place.py",
        "    if TAG_GENERATION in tags:\n",
        "    if False:\n",
    ),
    Guard(
        "who adopts reserves the cluster in its run",
        "lifecycle/this_run.py",
        "            process.adopting[_key(identity)] = urn\n",
        "            pass\n",
    ),
    Guard(
        "what was reserved is free where the adoption fails",
        "lifecycle/this_run.py",
        "        if process.adopting.get(_key(identity)) == urn:",
        "        if False:",
    ),
    Guard(
        "an adoption reads its claim back",
        "lifecycle/ownership/held.py",
        "        if shown == name:",
        "        if True:",
    ),
    Guard(
        "an adoption reads it again before its last tag",
        "lifecycle/ownership/adopt.py",
        "    require_held(session, identifier, meant, claim)\n    end_adoption",
        "    end_adoption",
    ),
    Guard(
        "and once more after it",
        "lifecycle/ownership/adopt.py",
        "was on its way.\n    require_held(session, identifier, meant, claim)\n",
        "was on its way.\n",
    ),
    Guard(
        "what is being deleted meanwhile is not adopted",
        "lifecycle/ownership/held.py",
        "    if cluster is None or status in ENDING:",
        "    if cluster is None:",
    ),
    Guard(
        "another generation meanwhile is not adopted",
        "lifecycle/ownership/held.py",
        "        meant.require(cluster)\n",
        "        pass\n",
    ),
    Guard(
        "an answer that fell behind fails no adoption",
        "lifecycle/ownership/held.py",
        "    while cluster is None and session.clock.now() < deadline:",
        "    while False:",
    ),
    Guard(
        "an adoption that cannot be ended fails",
        "lifecycle/ownership/claims.py",
        "replace(claim, taking_over=False)) if claim.taking_over else",
        "replace(claim, taking_over=False)) if False else",
    ),
    Guard(
        "protection sticks through a replacement",
        "lifecycle/create.py",
        "        return own or this_run.protection_of(str(self._urn)) or {}\n",
        "        return own\n",
    ),
    Guard(
        "a create that goes on with another's goes on with its claim",
        "lifecycle/create.py",
        '            self._claim.known_as(str(document["claim"]))',
        "            pass",
    ),
    Guard(
        "a claim that is ours says by which rules it is",
        "lifecycle/ownership/claims.py",
        "    if live is not None and replace(live, superseded=()) == claim:",
        "    if live is not None and live.name == claim.name:",
    ),
    Guard(
        "what is let go of is never deleted",
        "teardown/run.py",
        "        if self._spared and isinstance(step, (Delete, Resume)):",
        "        if False:",
    ),
    Guard(
        "ours that lives under another name is not let go of",
        "teardown/present.py",
        "    if observation.renamed is not None:",
        "    if False:",
    ),
    Guard(
        "what a resource was called before is known",
        "lifecycle/check.py",
        'inputs, str(olds.get("urn") or ""))',
        "inputs)",
    ),
    Guard(
        "a state is of the resource that had its name",
        "lifecycle/this_run.py",
        '        return next(known, "") or (urn if',
        "        return (urn if",
    ),
    Guard(
        "a claim of a former name is a claim",
        "lifecycle/ownership/existing_clusters.py",
        "    marks = {mark_of(name) for name in this_run.names_of(str(urn))}\n",
        "    marks = {mark_of(str(urn))}\n",
    ),
    Guard(
        "a half that nobody finished is in doubt under any name",
        "lifecycle/ownership/final_snapshots.py",
        "    if newest is None or not is_half(newest, halves):\n",
        "    if False:\n",
    ),
    Guard(
        "what a receipt says that a resource left is in doubt",
        "lifecycle/ownership/final_snapshots.py",
        "        beside += [] if found is None else [view_snapshot(found)]\n",
        "",
    ),
    Guard(
        "a half that was restored under another name says so",
        "lifecycle/create.py",
        "            mark_restored(session, self._half)\n",
        "            pass\n",
    ),
    Guard(
        "what this run has deleted for nobody is asked about",
        "lifecycle/data/restore.py",
        "        require_no_strays(session, arguments, urn, protected=rules.protected)\n",
        "        pass\n",
    ),
    Guard(
        "and by the next run, too",
        "lifecycle/data/other_half.py",
        "session.calls.tag(stray.snapshot.arn, {TAG_LEFT_BY: LEFT_BY_REPLACEMENT})",
        "session.calls.tag(stray.snapshot.arn, {})",
    ),
    Guard(
        "what was said to be restored does not begin empty",
        "lifecycle/data/restore.py",
        "        elif reviewed is not None:\n",
        "        elif False:\n",
    ),
    Guard(
        "what create would refuse is refused before the delete",
        "lifecycle/data/replacement.py",
        "    _ask(state, arguments, settings, lambda session: require_free(",
        "    (lambda session: require_free(",
    ),
    # --- the poller
    Guard(
        "an answer is newer than its asker's last act",
        "aws/listings.py",
        "self.listing.begun > ask.since",
        "self.listing.begun > 0",
    ),
    Guard(
        "absence is believed of a whole listing only",
        "aws/listings.py",
        "        if whole and not listing.whole and not (found and self._present_suffices):\n"
        "            return None\n",
        "",
    ),
    Guard(
        "two readings that differ are no whole listing",
        "aws/poller.py",
        "before.names == names",
        "before.names",
    ),
    Guard(
        "two readings are worth what the first one is",
        "aws/poller.py",
        "begun = before.begun if before is not None else next(self.numbers)",
        "begun = next(self.numbers)",
    ),
    Guard(
        "the cluster is asked for after its snapshots",
        "aws/watcher.py",
        "self._describe(identifier, snapshots.ended)",
        "self._describe(identifier, 0)",
    ),
)


def red_test(guard: Guard) -> str:
    """Take a guard out of a copy of the package, and give the first test that goes red; empty where none
    does.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "provider", copy / "provider", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("tests", "tools", "policy"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        file = copy / "provider" / "redshift_teardown" / guard.file
        file.write_text(without(guard, file.read_text(encoding="utf-8")), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-n0",
            "-p",
            "no:cacheprovider",
            "--timeout=60",
        ]
        try:
            done = subprocess.run(
                [*command, *(f"tests/{name}" for name in QUICK_FIRST)],
                cwd=copy,
                env={**os.environ, "PYTHONPATH": f"{copy / 'provider'}{os.pathsep}{copy}"},
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            # A test that hangs is red by its own time limit, so this says nothing about the guard.
            raise RuntimeError(f"{guard.name}: no verdict after {SECONDS} s; run it again") from None
    found = re.search(r"^(?:FAILED|ERROR) tests/([\w/]+\.py::\w+)", done.stdout, re.MULTILINE)
    if found is None and done.returncode:
        raise RuntimeError(f"{guard.name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return found[1] if found else ""


def without(guard: Guard, text: str) -> str:
    """Return a file's text without a guard.

    Raises:
        ValueError: the guard's text stands there not once.

    """
    if text.count(guard.old) != 1:
        raise ValueError(f"{guard.name}: its text stands {text.count(guard.old)} times in {guard.file}")
    return text.replace(guard.old, guard.new)


def table(red: dict[str, str]) -> str:
    """Return the table of `README.md`: guard, where it stands, the test that goes red without it."""
    rows = [
        f"| {guard.name} | `{guard.file}` | "
        + (f"`{red[guard.name]}` |\n" if red.get(guard.name) else f"{NOT_RUN} |\n")
        for guard in GUARDS
    ]
    return "| guard | in | without it, red is |\n|---|---|---|\n" + "".join(rows)


def main() -> int:
    """Take out each guard, or those named, as many at once as there are cores; say which test goes red."""
    chosen = [guard for guard in GUARDS if not sys.argv[1:] or guard.name in sys.argv[1:]]
    with ThreadPoolExecutor(os.cpu_count()) as runs:
        verdicts = dict(zip((guard.name for guard in chosen), runs.map(_told, chosen), strict=True))
    red = {name: verdict for name, verdict in verdicts.items() if verdict}
    before, rest = README.read_text(encoding="utf-8").split(BEGIN)
    shown, after = rest.split(END)
    others = {name: verdict for name, verdict in known(shown).items() if name not in verdicts}
    README.write_text(f"{before}{BEGIN}{table({**others, **red})}{END}{after}", encoding="utf-8")
    return 0 if chosen and len(red) == len(chosen) else 1


def known(shown: str) -> dict[str, str]:
    """Return the verdicts that a table shows, by the guard's name."""
    rows = [line.strip("| ").split(" | ") for line in shown.splitlines()[2:]]
    files = {guard.name: guard.file for guard in GUARDS}
    return {
        name: red.strip("`")
        for name, file, red in rows
        if red != NOT_RUN and files.get(name) == file.strip("`")
    }


def _told(guard: Guard) -> str:
    """Return the test that goes red, empty where none does or the run gave no verdict; print it."""
    try:
        red = red_test(guard)
        line = f"{guard.name}: {red or 'NO TEST GOES RED'}\n"
    except RuntimeError as error:
        red, line = "", f"NO VERDICT: {error}\n"
    sys.stdout.write(line)
    sys.stdout.flush()
    return red


if __name__ == "__main__":
    sys.exit(main())
