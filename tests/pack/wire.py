"""Speaks to the policy pack as the engine does: over gRPC, to a process of its own."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy import deserialize, proxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "policy"
POLICIES = Path(__file__).parent / "policies"

UNKNOWN = proxy.UNKNOWN_STRING_VALUE


def secret(value: object) -> dict[str, object]:
    """Write a value as the engine writes a secret."""
    return {deserialize.SPECIAL_SIG_KEY: deserialize.SPECIAL_SECRET_SIG, "value": value}


@dataclass(frozen=True)
class Wired:
    """A resource on its way to the pack."""

    type: str
    name: str
    props: Mapping[str, Any] = field(default_factory=dict)
    stack: str = "prod"
    project: str = "warehouse"
    parents: tuple[str, ...] = ()
    protect: bool = False
    provider: Mapping[str, Any] | None = None
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        """Its URN, as the engine makes it."""
        chain = "$".join([*self.parents, self.type])
        return f"urn:pulumi:{self.stack}::{self.project}::{chain}::{self.name}"

    def request(self, *, remediate: bool = False) -> proto.AnalyzeRequest:
        """Return it as the engine sends it to be judged by itself; `remediate` only documents the use."""
        del remediate
        request = proto.AnalyzeRequest(
            type=self.type, urn=self.urn, name=self.name, properties=self._struct()
        )
        request.options.protect = self.protect
        if self.provider is not None:
            request.provider.CopyFrom(self._provider())
        return request

    def in_stack(self) -> proto.AnalyzerResource:
        """Return it as the engine sends it among the resources of its stack."""
        resource = proto.AnalyzerResource(
            type=self.type, urn=self.urn, name=self.name, properties=self._struct()
        )
        resource.options.protect = self.protect
        for key, urns in self.depends.items():
            resource.propertyDependencies[key].urns.extend(urns)
            resource.dependencies.extend(urns)
        if self.provider is not None:
            resource.provider.CopyFrom(self._provider())
        return resource

    def _struct(self) -> struct_pb2.Struct:
        struct = struct_pb2.Struct()
        struct.update(dict(self.props))
        return struct

    def _provider(self) -> proto.AnalyzerProviderResource:
        package = self.type.partition(":")[0]
        kind = f"pulumi:providers:{package}"
        provider = proto.AnalyzerProviderResource(
            type=kind, name="default", urn=f"urn:pulumi:{self.stack}::{self.project}::{kind}::default"
        )
        provider.properties.update(dict(self.provider or {}))
        return provider


@dataclass(frozen=True)
class Said:
    """One diagnostic of the pack."""

    policy: str
    enforcement: str
    severity: str
    urn: str
    message: str


class Pack:
    """A running pack.

    Args:
        stub: The gRPC stub that talks to it.
    """

    def __init__(self, stub: analyzer_pb2_grpc.AnalyzerStub) -> None:
        self._stub = stub

    def info(self) -> proto.AnalyzerInfo:
        """Ask what policies there are."""
        info: proto.AnalyzerInfo = self._stub.GetAnalyzerInfo(empty_pb2.Empty())
        return info

    def configure(self, config: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Configure it as the engine does: every policy with its enforcement level, and properties."""
        config = config or {}
        request = proto.ConfigureAnalyzerRequest()
        for policy in self.info().policies:
            given = dict(config.get(policy.name, config.get("all", {})))
            entry = request.policyConfig[policy.name]
            level = given.pop("enforcementLevel", None)
            entry.enforcementLevel = (
                proto.EnforcementLevel.Value(level.upper()) if level else policy.enforcementLevel
            )
            entry.properties.update(given)
        for name in set(config) - {policy.name for policy in self.info().policies} - {"all"}:
            # The engine hands over what no policy will ask for, and says nothing.
            request.policyConfig[name].properties.update(dict(config[name]))
        self._stub.Configure(request)

    def tag_stack(self, tags: Mapping[str, str]) -> None:
        """Tell it the tags of the stack, as the engine does where the backend keeps any."""
        self._stub.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack="dev", tags=dict(tags)))

    def judge(self, *resources: Wired) -> list[Said]:
        """Have resources judged one by one, then together, as a preview does."""
        said = [
            diagnostic
            for resource in resources
            for diagnostic in self._stub.Analyze(resource.request()).diagnostics
        ]
        stack = proto.AnalyzeStackRequest(resources=[resource.in_stack() for resource in resources])
        said.extend(self._stub.AnalyzeStack(stack).diagnostics)
        return [
            Said(
                policy=diagnostic.policyName,
                enforcement=proto.EnforcementLevel.Name(diagnostic.enforcementLevel).lower(),
                severity=proto.PolicySeverity.Name(diagnostic.severity).rpartition("_")[2].lower(),
                urn=diagnostic.urn,
                message=diagnostic.message,
            )
            for diagnostic in said
        ]

    def remediate(self, resource: Wired) -> list[proto.Remediation]:
        """Have a resource remediated."""
        return list(self._stub.Remediate(resource.request()).remediations)


@contextmanager
def running(folder: Path = PACK) -> Iterator[Pack]:
    """Start a pack, give it, and stop it.

    Args:
        folder: The folder with PulumiPolicy.yaml.
    """
    # The first argument is the address of an engine, which the pack talks to only to log.
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdigit(), f"the pack did not start: {port!r}"
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=30)
            yield Pack(analyzer_pb2_grpc.AnalyzerStub(channel))
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()
