"""Stands in for pulumi-aws's plugin in a region with a default VPC: echoes resources, answers two look-ups.

The program and its real SDK decide what is asked of AWS; the plugin's part is only to be there.

    aws_plugin_double.py [the engine's own arguments]
"""

from __future__ import annotations

import sys
import threading
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

KNOWN = {
    "aws:ec2/getVpc:getVpc": {"id": "vpc-1", "cidrBlock": "172.31.0.0/16"},
    "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-1", "subnet-2"]},
}
ADDED = {
    "aws:kms/key:Key": {"arn": "arn:aws:kms:eu-central-1:123456789012:key/1"},
    "aws:redshift/subnetGroup:SubnetGroup": {"name": "warehouse-subnets"},
}


class Double(provider_pb2_grpc.ResourceProviderServicer):
    """A provider that owns nothing."""

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Speak the engine's own dialect."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Be of a version the SDK is content with."""
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
        """See no difference: the tests change nothing."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Return the inputs back, with what AWS adds once the resource exists."""
        kind, name = request.urn.split("::")[2:4]
        # AWS makes up the id of a security group; everything else here goes by its name.
        made_up = "sg-0a1b2c3d4e5f60718" if kind.endswith(":SecurityGroup") else name
        answer = provider_pb2.CreateResponse(
            # In a preview the plugin knows no id yet.
            id="" if request.preview else made_up,
            properties=request.properties,
        )
        if not request.preview:
            answer.properties.update(ADDED.get(kind, {}))
        return answer

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Have nothing to delete."""
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Answer the look-ups of a default VPC."""
        answer = provider_pb2.InvokeResponse()
        answer.__getattribute__("return").update(KNOWN[request.tok])
        return answer

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Have nothing under way."""
        return empty_pb2.Empty()


def main() -> None:
    """Serve until the engine goes away."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Double(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
