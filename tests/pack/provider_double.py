"""Stands in for the plugins of aws and aws-native: accepts everything, and echoes inputs as outputs.

The engine needs a plugin to run a program with those providers, and theirs cannot be had everywhere. What
the pack sees of a resource is what the program and the real SDK say; the plugin's part is only to be there.
Outputs that a policy looks at (an ARN) are added, in the form the real plugin gives them.

    provider_double.py PACKAGE ACCOUNT [the engine's own arguments]
"""

from __future__ import annotations

import sys
import time
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

PACKAGE, ACCOUNT = sys.argv[1], sys.argv[2]
REGION = "eu-central-1"


class Double(provider_pb2_grpc.ResourceProviderServicer):
    """A provider that owns nothing."""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Speak the engine's own dialect, secrets included."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Be of a version every SDK is content with."""
        return plugin_pb2.PluginInfo(version="7.51.1")

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Accept any configuration."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """See no difference between configurations."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Need nothing."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Accept any inputs."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Return whether anything differs, in place."""
        same = request.old_inputs == request.news
        changes = provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=changes)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Return the inputs back, with what AWS would add once the resource exists."""
        name = request.urn.rpartition("::")[2]
        return provider_pb2.CreateResponse(id=name, properties=_outputs(request, request.properties, name))

    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Show a resource that exists elsewhere, with what importing it gives: skipping is on."""
        shown = struct_pb2.Struct()
        shown.update({"clusterIdentifier": request.id, "nodeType": "ra3.large", "skipFinalSnapshot": True})
        return provider_pb2.ReadResponse(id=request.id, properties=shown, inputs=shown)

    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Return the new inputs back, with the same."""
        return provider_pb2.UpdateResponse(properties=_outputs(request, request.news, request.id))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Have nothing to delete."""
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Know nothing."""
        return provider_pb2.InvokeResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Have nothing under way."""
        return empty_pb2.Empty()


def _outputs(request: Any, inputs: struct_pb2.Struct, name: str) -> struct_pb2.Struct:
    outputs = struct_pb2.Struct()
    outputs.CopyFrom(inputs)
    if not request.preview:
        outputs.update(_added(request.urn, name, inputs))
    return outputs


def _added(urn: str, name: str, inputs: struct_pb2.Struct) -> dict[str, str]:
    kind = urn.split("::")[2].rpartition("$")[2]
    service, _, what = kind.partition("/")
    arn = f"arn:aws:{service.rpartition(':')[2]}:{REGION}:{ACCOUNT}:{what.partition(':')[0]}"
    if kind == "aws:kms/key:Key":
        return {"arn": f"{arn}/{name}", "keyId": name}
    if kind == "aws:kms/alias:Alias":
        return {
            "arn": f"{arn}/{name}",
            "targetKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{inputs['targetKeyId']}",
        }
    return {"arn": f"{arn}:{name}"}


def main() -> None:
    """Serve until the engine goes away."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Double(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
