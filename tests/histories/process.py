"""Provider processes as an engine starts them, many of them in one Python process.

Each is the SDK's own servicer behind a real gRPC server. What a process knows lives in module globals of
the product and of the SDK; they are put in whenever a call of that process begins, and taken out when it
ends or another process runs meanwhile. Which globals those are is said in `_variables`, and nowhere else.
"""

from __future__ import annotations

import ast
import copy
import importlib
import importlib.util
import sys
import threading
import traceback
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc

from redshift_teardown import process as process_state
from tests.teardown.stage import KilledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOCK, _RLOCK = type(threading.Lock()), type(threading.RLock())


def _load_sdk() -> ModuleType:
    """Return the SDK's provider server as a module, without the call of ``main`` at its end."""
    spec = importlib.util.find_spec("pulumi.dynamic.__main__")
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"), spec.origin)
    assert ast.unparse(tree.body[-1]) == "main()"
    del tree.body[-1]
    module = ModuleType("__main__")
    module.__spec__, module.__file__ = spec, spec.origin
    exec(compile(tree, spec.origin, "exec"), module.__dict__)  # noqa: S102 - the SDK's own source
    return module


@dataclass(frozen=True)
class _Variable:
    """Something that each process has a value of."""

    owner: Any
    name: str
    fresh: Callable[[], Any]


def _renewed(value: Any) -> Callable[[], Any]:
    """Return what makes the value that it has when the process has just begun."""
    if isinstance(value, _LOCK):
        return threading.Lock
    if isinstance(value, _RLOCK):
        return threading.RLock
    if isinstance(value, (dict, set, list, threading.Event)):
        # Whatever a test of this process has left in it.
        return type(value)
    return lambda: copy.copy(value)


def _variables() -> list[_Variable]:
    """Return what a process knows. AWS's clients are no knowledge, so those are shared; they take long to
    make.
    """
    return [
        _Variable(process_state, name, _renewed(getattr(process_state, name)))
        for name in process_state.__annotations__
        if name not in _SHARED
    ]


_SHARED = frozenset({"clients", "sessions", "aws_lock"})


@dataclass
class Engine(engine_pb2_grpc.EngineServicer):
    """What a provider hears of its engine; once gone it answers as a closed port does."""

    gone: bool = False
    lines: list[str] = field(default_factory=list)

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Keep what is said."""
        self._answer(context)
        self.lines.append(request.message)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Be there."""
        self._answer(context)
        return engine_pb2.GetRootResourceResponse()

    def _answer(self, context: Any) -> None:
        if self.gone:
            context.abort(grpc.StatusCode.UNAVAILABLE, "connection refused")


class _EngineDoor(engine_pb2_grpc.EngineServicer):
    """The address of one engine after another."""

    def __init__(self) -> None:
        self.engine = Engine()

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self.engine.Log(request, context)

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self.engine.GetRootResource(request, context)


@dataclass(eq=False)
class Process:
    """One provider process.

    Attributes:
        engine: The engine that started it.
        values: What it knows, where it is not the one that runs.
        dead: It was killed: nothing it tries happens any more.
        cancelled: It was told to stop.
        verb: What it is asked to do now: ``Delete``.

    """

    engine: Engine
    values: list[Any]
    arguments: list[str]
    main: ModuleType
    servicer: Any = None
    dead: bool = False
    cancelled: bool = False
    verb: str = ""


class Machine:
    """Where processes run: swaps what they know, and serves those that are providers."""

    def __init__(self) -> None:
        self.sdk = _load_sdk()
        self._cancel: Any = self.sdk.DynamicResourceProviderServicer.Cancel
        self._cancel_code = self._cancel.__code__
        self._variables = [
            *_variables(),
            _Variable(self.sdk, "_PROVIDER_CACHE", dict),
            _Variable(self.sdk, "_PROVIDER_LOCK", threading.Lock),
            _Variable(self.sdk, "traceback", lambda: traceback),
            _Variable(self._cancel, "__code__", lambda: self._cancel_code),
        ]
        self._slots: list[_Slot] = []
        outside = Process(Engine(), self._now(), sys.argv, sys.modules["__main__"])
        self.running = [outside]

    def known(self) -> set[tuple[str, str]]:
        """Name the globals that each process has of its own."""
        return {(getattr(each.owner, "__name__", ""), each.name) for each in self._variables}

    def share(self, owner: Any, name: str, fresh: Callable[[], Any]) -> None:
        """Let each process have an attribute of something shared to itself."""
        self._variables.append(_Variable(owner, name, fresh))
        self.running[0].values = self._now()

    def _now(self) -> list[Any]:
        return [getattr(each.owner, each.name) for each in self._variables]

    def _put(self, process: Process) -> None:
        for each, value in zip(self._variables, process.values, strict=True):
            setattr(each.owner, each.name, value)
        sys.argv, sys.modules["__main__"] = process.arguments, process.main

    @property
    def current(self) -> Process:
        """The process that runs."""
        return self.running[-1]

    def command(self, engine: Engine | None = None) -> Process:
        """Return a new process that serves nothing: a command line."""
        fresh = [each.fresh() for each in self._variables]
        return Process(engine or Engine(), fresh, ["redshift-teardown"], sys.modules["__main__"])

    @contextmanager
    def inside(self, process: Process, verb: str) -> Iterator[None]:
        """Run as that process."""
        before, process.verb, previous = self.current, verb, process.verb
        if before is not process:
            before.values = self._now()
            self._put(process)
        self.running.append(process)
        try:
            yield
        finally:
            self.running.pop()
            process.verb = previous
            if before is not process:
                process.values = self._now()
                self._put(before)

    @contextmanager
    def provider(self, engine: Engine) -> Iterator[tuple[provider_pb2_grpc.ResourceProviderStub, Process]]:
        """Start a provider process, give how to call it, and end it."""
        slot = next((each for each in self._slots if each.free), None)
        if slot is None:
            slot = _Slot(self)
            self._slots.append(slot)
        process = self.command(engine)
        process.arguments, process.main = ["pulumi.dynamic", slot.engine_address], self.sdk
        process.servicer = self.sdk.DynamicResourceProviderServicer()
        slot.take(process)
        try:
            yield slot.stub, process
        finally:
            slot.free = True

    def stop(self) -> None:
        """Close all servers."""
        for slot in self._slots:
            slot.stop()


class _Slot:
    """An address for providers and one for engines: making them anew for each would take longest of all."""

    def __init__(self, machine: Machine) -> None:
        self.free = True
        self._door = _EngineDoor()
        self._engines = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
        engine_pb2_grpc.add_EngineServicer_to_server(self._door, self._engines)
        self.engine_address = f"127.0.0.1:{self._engines.add_insecure_port('127.0.0.1:0')}"
        self._engines.start()
        self._to_engine = grpc.insecure_channel(self.engine_address)
        self._engine_stub = engine_pb2_grpc.EngineStub(self._to_engine)
        self._servicer = _servicer(machine)
        self._providers = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self._servicer, self._providers)
        port = self._providers.add_insecure_port("127.0.0.1:0")
        self._providers.start()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._machine = machine

    def take(self, process: Process) -> None:
        """Serve as that process, started by its engine."""
        self.free = False
        self._door.engine = process.engine
        self._servicer.process = process
        # The channel it would open to the address in its arguments, opened already.
        for index, each in enumerate(self._machine._variables):
            if each.owner is process_state and each.name == "engine":
                process.values[index] = self._engine_stub

    def stop(self) -> None:
        self._channel.close()
        self._to_engine.close()
        self._providers.stop(0)
        self._engines.stop(0)


def _servicer(machine: Machine) -> Any:
    """Return the SDK's servicer, each call of which runs as the process that is served."""

    class Served(machine.sdk.DynamicResourceProviderServicer):  # type: ignore[name-defined,misc]
        process: Process

    def calling(verb: str) -> Callable[[Any, Any, Any], Any]:
        def call(self: Any, request: Any, context: Any) -> Any:
            process = self.process
            if process.dead:
                context.abort(grpc.StatusCode.UNAVAILABLE, "error reading from server: EOF")
            try:
                with machine.inside(process, verb):
                    return getattr(process.servicer, verb)(request, context)
            except KilledError:
                context.abort(grpc.StatusCode.UNAVAILABLE, "error reading from server: EOF")

        return call

    for verb in ("Configure", "Check", "Diff", "Create", "Read", "Update", "Delete", "Cancel"):
        setattr(Served, verb, calling(verb))
    return Served()
