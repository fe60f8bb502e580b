"""Speaks to the provider as the engine does: over gRPC, to the SDK's own server, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

REGION = "eu-central-1"
PROVIDER = "gASVNQAAAAAAAACMGnJlZHNoaWZ0X3RlYXJkb3duLnByb3ZpZGVylIwPQ2x1c3RlclByb3ZpZGVylJOUKYGULg=="
"""The provider as it stands in the states of stacks that exist: it must be understood forever."""

_TIMEOUT_SECONDS = 60


def urn(name: str, stack: str = "prod") -> str:
    """Return the URN of a cluster."""
    return f"urn:pulumi:{stack}::warehouse::pulumi-python:dynamic/redshift:Cluster::{name}"


@dataclass(frozen=True)
class Line:
    """One line that the provider had the engine show."""

    urn: str
    severity: str
    message: str
    ephemeral: bool


@dataclass
class Engine(engine_pb2_grpc.EngineServicer):
    """An engine, as far as the provider talks to it."""

    lines: list[Line] = field(default_factory=list)
    root: str = ""

    def Log(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Keep what is said."""
        severity = engine_pb2.LogSeverity.Name(request.severity)
        self.lines.append(Line(request.urn, severity, request.message, request.ephemeral))
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Be there, and say which stack this is."""
        return engine_pb2.GetRootResourceResponse(urn=self.root)

    def kept(self, name: str) -> list[str]:
        """What stays in the output about a cluster."""
        return [line.message for line in self.lines if line.urn == urn(name) and not line.ephemeral]


@contextmanager
def listening() -> Iterator[tuple[Engine, str]]:
    """Run an engine; gives it and its address."""
    engine = Engine()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield engine, f"127.0.0.1:{port}"
    finally:
        server.stop(0)


class RefusedByProviderError(Exception):
    """What the engine would show as the error of a resource."""


class Provider:
    """A running provider; properties go out and come back as plain values, all numbers as floats."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub

    def _call(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise RefusedByProviderError(str(error.details())) from None

    def configure(self, config: Mapping[str, str]) -> None:
        """Hand over the stack's configuration."""
        self._call("Configure", provider_pb2.ConfigureRequest(args=_struct(config)))

    def cancel(self) -> None:
        """Cancel whatever is under way, as the engine does at one Ctrl-C, and at the end of every run."""
        self._call("Cancel", empty_pb2.Empty())

    def check(
        self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None, *, told: str | None = None
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Return the checked inputs and the failures, each a property and a reason.

        The engine says that the resource is ``told``; unless given, what the program says.
        """
        request = provider_pb2.CheckRequest(urn=_urn(news) if told is None else told, news=_wired(news))
        if olds is not None:
            request.olds.CopyFrom(_wired(olds))
        answer = self._call("Check", request)
        return _plain(answer.inputs), [(failure.property, failure.reason) for failure in answer.failures]

    def diff(
        self,
        id_: str,
        olds: Mapping[str, Any],
        news: Mapping[str, Any],
        old_inputs: Mapping[str, Any] | None = None,
        ignoring: Sequence[str] = (),
    ) -> tuple[bool, list[str]]:
        """Return whether anything changed, and what can only be replaced."""
        request = provider_pb2.DiffRequest(
            id=id_, olds=_wired(olds), news=_wired(news), ignoreChanges=ignoring
        )
        if old_inputs is not None:
            request.old_inputs.CopyFrom(_wired(old_inputs))
        answer = self._call("Diff", request)
        return answer.changes == provider_pb2.DiffResponse.DIFF_SOME, list(answer.replaces)

    def create(self, inputs: Mapping[str, Any], *, told: str | None = None) -> tuple[str, dict[str, Any]]:
        """Create; gives the id and the outputs."""
        answer = self._call(
            "Create", provider_pb2.CreateRequest(urn=told or _urn(inputs), properties=_wired(inputs))
        )
        return answer.id, _plain(answer.properties)

    def read(self, id_: str, outputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Refresh; gives the id and the outputs."""
        answer = self._call(
            "Read", provider_pb2.ReadRequest(id=id_, urn=_urn(outputs), properties=_wired(outputs))
        )
        return answer.id, _plain(answer.properties)

    def refresh(
        self, id_: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Refresh as the engine does; gives the id, the outputs, and the inputs, those there were else."""
        request = provider_pb2.ReadRequest(
            id=id_, urn=_urn(outputs), properties=_wired(outputs), inputs=_wired(inputs)
        )
        answer = self._call("Read", request)
        found = _plain(answer.inputs) if answer.HasField("inputs") else dict(inputs)
        return answer.id, _plain(answer.properties), found

    def update(
        self,
        id_: str,
        olds: Mapping[str, Any],
        news: Mapping[str, Any],
        old_inputs: Mapping[str, Any] | None = None,
        ignoring: Sequence[str] = (),
        *,
        told: str | None = None,
    ) -> dict[str, Any]:
        """Update; gives the outputs."""
        request = provider_pb2.UpdateRequest(
            id=id_,
            urn=told or _urn(news),
            olds=_wired(olds),
            news=_wired(news),
            ignoreChanges=ignoring,
        )
        if old_inputs is not None:
            request.old_inputs.CopyFrom(_wired(old_inputs))
        return _plain(self._call("Update", request).properties)

    def delete(self, id_: str, outputs: Mapping[str, Any], *, told: str | None = None) -> None:
        """Delete."""
        request = provider_pb2.DeleteRequest(id=id_, urn=told or _urn(outputs), properties=_wired(outputs))
        self._call("Delete", request)


def _urn(properties: Mapping[str, Any]) -> str:
    return str(properties.get("urn") or "")


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(dict(values))
    return struct


def _wired(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return properties as the engine sends them: with the provider in them."""
    return _struct({**values, "__provider": PROVIDER})


def _plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    values: dict[str, Any] = json_format.MessageToDict(struct)
    assert values.pop("__provider") == PROVIDER
    return values


@contextmanager
def running(folder: Path, endpoint: str, engine: str, **variables: str) -> Iterator[Provider]:
    """Start a provider in a project's folder, give it, and stop it.

    Args:
        folder: The project's folder, with its policy in it.
        endpoint: The AWS it works in.
        engine: The address of the engine it reports to.
        **variables: More of the environment.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))}
    environment = {
        **clean,
        "PULUMI_PROJECT": "warehouse",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "AKIA123456789012TEST",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": str(folder / "nowhere"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "nowhere"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        **variables,
    }
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic", engine],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdigit(), f"the provider did not start: {port!r}"
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=30)
            provider = Provider(provider_pb2_grpc.ResourceProviderStub(channel))
            provider.configure({"aws:region": REGION})
            yield provider
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def all_at_once(calls: list[Any]) -> list[threading.Thread]:
    """Start every call in a thread of its own."""
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    return threads
