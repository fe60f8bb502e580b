"""What the engine does around a provider: which calls, in which order, and what of it stays in the state.

The order is the measured one of engine 3.259: ``up`` is check, diff and then create, update or
delete and create; a forced replacement has no diff and creates before it deletes; a destroy with refresh is
read, diff, delete.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

from tests.contract.wire import PROVIDER
from tests.histories.stacks import Resource, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.histories.process import Engine
    from tests.histories.stacks import Backend, Goal, Options, Stack

_SECONDS = 120
"""The longest that any call takes on the wall; time itself is virtual."""


class ProviderDiedError(Exception):
    """The provider process ended while it was asked."""


class FailedError(Exception):
    """A resource failed, in the words that the engine shows."""


class EngineGoneError(Exception):
    """The engine itself ended: whatever comes back now, nobody records it."""


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return properties as the engine sends them."""
    made = struct_pb2.Struct()
    made.update(dict(values))
    return made


def plain(made: struct_pb2.Struct) -> dict[str, Any]:
    """Return properties back as plain values, all numbers floats."""
    values: dict[str, Any] = json_format.MessageToDict(made)
    return values


class Run:
    """One command of one engine, with one provider process.

    Args:
        stub: How to call the provider.
        engine: Whether it lives.
        backend: The stack's state.
        told: Called after each step that changed the state, with the verb, the old and the new resource.
        asked: Called before each of the provider's verbs, with the resource it is about.

    """

    def __init__(
        self,
        stub: Any,
        engine: Engine,
        backend: Backend,
        told: Callable[[str, Resource | None, Resource | None], None],
        asked: Callable[[str, Resource | None, str], None],
    ) -> None:
        self._stub = stub
        self._engine = engine
        self._backend = backend
        self._tell = told
        self._ask = asked
        self.result = Told()
        self.interrupted = False
        """One Ctrl-C: what runs is finished, nothing else is begun."""

    # --- the provider's verbs ---

    def _call(self, verb: str, request: Any, about: Resource | None = None, pending: str = "") -> Any:
        self._alive()
        self._ask(verb, about, getattr(request, "urn", ""))
        if pending:
            self._backend.pending.append((verb, pending))
        try:
            answer = getattr(self._stub, verb)(request, timeout=_SECONDS)
        except grpc.RpcError as error:
            self._alive()
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                raise ProviderDiedError(str(error.details())) from None
            if error.code() is not grpc.StatusCode.UNKNOWN:
                raise
            self._ended(verb, pending)
            raise FailedError(str(error.details())) from None
        self._alive()
        self._ended(verb, pending)
        return answer

    def cancel(self) -> None:
        """One Ctrl-C: tell the provider; what runs is finished, nothing else is begun."""
        self.interrupted = True
        self._stub.Cancel(empty_pb2.Empty(), timeout=_SECONDS)

    def _ended(self, verb: str, pending: str) -> None:
        if pending:
            self._backend.pending.remove((verb, pending))

    def _alive(self) -> None:
        if self._engine.gone:
            raise EngineGoneError

    def configure(self, config: Mapping[str, str]) -> None:
        """Start the default provider."""
        self._call("Configure", provider_pb2.ConfigureRequest(args=struct(config)))

    def check(self, urn: str, old: Resource | None, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the checked inputs."""
        request = provider_pb2.CheckRequest(urn=urn, news=struct({**inputs, "__provider": PROVIDER}))
        if old is not None:
            request.olds.CopyFrom(struct(old.inputs))
        answer = self._call("Check", request, old)
        if answer.failures:
            raise FailedError("; ".join(f"{each.property}: {each.reason}" for each in answer.failures))
        return plain(answer.inputs)

    def diff(self, old: Resource, inputs: Mapping[str, Any]) -> str:
        """Return what is to be done: ``same``, ``update`` or ``replace``."""
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=old.urn,
            olds=struct(old.outputs),
            news=struct(inputs),
            old_inputs=struct(old.inputs),
        )
        answer = self._call("Diff", request, old)
        if answer.replaces:
            return "replace"
        return "update" if answer.changes == provider_pb2.DiffResponse.DIFF_SOME else "same"

    def create(self, urn: str, inputs: dict[str, Any]) -> Resource:
        """Return the resource that was created."""
        request = provider_pb2.CreateRequest(urn=urn, properties=struct(inputs))
        try:
            answer = self._call("Create", request, pending=urn)
        except FailedError:
            self._tell("refused", None, None)
            raise
        return Resource(urn, answer.id, inputs, plain(answer.properties))

    def delete(self, old: Resource, verb: str = "delete") -> None:
        """Delete a resource, and take it out of the state; ``replaced`` is half of a replacement."""
        request = provider_pb2.DeleteRequest(id=old.id, urn=old.urn, properties=struct(old.outputs))
        self._call("Delete", request, old, pending=old.urn)
        self._remove(old)
        self.result.did.append(verb)
        self._tell(verb, old, None)

    def _remove(self, old: Resource) -> None:
        self._backend.resources = [each for each in self._backend.resources if each is not old]

    def _put(self, old: Resource | None, new: Resource) -> None:
        self._backend.resources = [new if each is old else each for each in self._backend.resources]
        if old is None:
            self._backend.resources.append(new)

    def read(self, old: Resource, *, save: bool = True) -> Resource | None:
        """Refresh a resource; None where it is gone."""
        request = provider_pb2.ReadRequest(
            id=old.id, urn=old.urn, properties=struct(old.outputs), inputs=struct(old.inputs)
        )
        answer = self._call("Read", request, old)
        if not answer.id:
            if save:
                self._remove(old)
                self.result.did.append("drop")
                self._tell("drop", old, None)
            return None
        inputs = plain(answer.inputs) if answer.HasField("inputs") else old.inputs
        new = replace(old, id=answer.id, inputs=inputs, outputs=plain(answer.properties))
        if save:
            self._put(old, new)
            self._tell("read", old, new)
        return new

    # --- commands ---

    def ended(self, command: Callable[[], None]) -> Told:
        """Run a command and say how it ended."""
        try:
            command()
        except EngineGoneError:
            self.result.how = "gone"
        except ProviderDiedError as error:
            self.result.how = "died"
            self.result.errors.append(str(error))
        except FailedError as error:
            self.result.errors.append(str(error))
        if self.result.how == "done" and (self.result.errors or self.interrupted):
            self.result.how = "failed"
        return self.result

    def _step(self, step: Callable[[], None], options: Options) -> None:
        """Do one step; its failure ends the run, unless `--continue-on-error` was given."""
        if self.interrupted:
            raise FailedError("interrupted")
        try:
            step()
        except FailedError as error:
            if not options.continue_on_error:
                raise
            self.result.errors.append(str(error))

    def _refresh_all(self) -> None:
        for resource in list(self._backend.resources):
            if not resource.twin:
                old = self.read(resource)
                if old is not None:
                    self.diff(old, old.inputs)

    def refresh(self) -> None:
        """``pulumi refresh``."""
        self.configure(self._backend.config)
        self._refresh_all()

    def preview(self, config: Mapping[str, str], goals: list[Goal], stack: Stack, options: Options) -> None:
        """``pulumi preview``: nothing is saved."""
        self.configure(config)
        for goal in goals:
            old = self._old(goal, stack)
            if old is not None and options.refresh:
                old = self.read(old, save=False)
                if old is not None:
                    self.diff(old, old.inputs)
            inputs = self.check(stack.urn(goal.name), old, goal.inputs)
            if old is not None and self.diff(old, inputs) == "replace":
                self.check(stack.urn(goal.name), None, goal.inputs)

    def _old(self, goal: Goal, stack: Stack) -> Resource | None:
        urns = [stack.urn(name) for name in (goal.name, *goal.aliases)]
        for urn in urns:
            for resource in self._backend.resources:
                if resource.urn == urn and not resource.twin:
                    return resource
        return None

    def up(self, config: Mapping[str, str], goals: list[Goal], stack: Stack, options: Options) -> None:
        """``pulumi up``."""
        self._backend.config = dict(config)
        self.configure(config)
        if options.refresh:
            self._refresh_all()
        self._neighbour("first", options)
        kept: list[Resource] = []
        for goal in goals:
            old = self._old(goal, stack)
            if old is not None:
                kept.append(old)
            urn = stack.urn(goal.name)
            if options.target and urn not in options.target:
                continue
            self._step(lambda goal=goal, old=old: self._apply(goal, old, stack, options), options)  # type: ignore[misc]
        self._neighbour("last", options)
        self._delete_rest({stack.urn(goal.name) for goal in goals}, kept, options)

    def _neighbour(self, when: str, options: Options) -> None:
        if options.neighbour != when:
            return
        if not options.continue_on_error:
            raise FailedError("the neighbour failed")
        self.result.errors.append("the neighbour failed")

    def _delete_rest(self, urns: set[str], kept: list[Resource], options: Options) -> None:
        """Delete what the program no longer has, and what was replaced."""
        for resource in reversed(list(self._backend.resources)):
            wanted = resource.urn in urns or any(resource is each for each in kept)
            if wanted and not resource.twin:
                continue
            if options.target and resource.urn not in options.target:
                continue
            self._step(lambda resource=resource: self.delete(resource), options)  # type: ignore[misc]

    def _apply(self, goal: Goal, old: Resource | None, stack: Stack, options: Options) -> None:
        urn = stack.urn(goal.name)
        if old is None:
            inputs = self.check(urn, None, goal.inputs)
            self._created(None, self.create(urn, inputs), "create")
            return
        if old.urn in options.replace:
            inputs = self.check(urn, None, goal.inputs)
            self._replace(old, inputs, urn, first=goal.delete_before_replace)
            return
        inputs = self.check(urn, old, goal.inputs)
        found = self.diff(old, inputs)
        if found == "replace":
            inputs = self.check(urn, None, goal.inputs)
            self._replace(old, inputs, urn, first=True)
            return
        if found == "update":
            request = provider_pb2.UpdateRequest(
                id=old.id,
                urn=urn,
                olds=struct(old.outputs),
                news=struct(inputs),
                old_inputs=struct(old.inputs),
            )
            answer = self._call("Update", request, old, pending=urn)
            new = replace(old, urn=urn, inputs=inputs, outputs=plain(answer.properties))
        else:
            new = replace(old, urn=urn, inputs=inputs)
        self._put(old, new)
        self.result.did.append(found)
        self._tell(found, old, new)

    def _created(self, old: Resource | None, new: Resource, verb: str) -> None:
        self._put(None, new)
        self.result.did.append(verb)
        self._tell(verb, old, new)

    def _replace(self, old: Resource, inputs: dict[str, Any], urn: str, *, first: bool) -> None:
        if first:
            self.delete(old, "replaced")
            self._created(old, self.create(urn, inputs), "replace")
            return
        new = self.create(urn, inputs)
        twin = replace(old, twin=True)
        self._put(old, twin)
        self._created(old, new, "replace")

    def destroy(self, options: Options, config: Mapping[str, str] | None = None) -> None:
        """``pulumi destroy``; with a configuration, ``--run-program``."""
        if config is not None:
            self._backend.config = dict(config)
        self.configure(self._backend.config)
        if options.refresh:
            self._refresh_all()
        for resource in reversed(list(self._backend.resources)):
            if options.target and resource.urn not in options.target:
                continue
            self._step(lambda resource=resource: self.delete(resource), options)  # type: ignore[misc]
