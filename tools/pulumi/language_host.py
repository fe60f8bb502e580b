"""A small Python language host for machines where Pulumi's own is not installed.

The engine starts it, reads the port it prints and asks it to run programs (`Run`) and policy packs
(`RunPlugin`). Each runs in a process of its own, in the virtual environment its project names, as under
the official host. What a program or pack prints reaches the user; what happens to this process does not.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

FAILED_AND_SAID_SO = 32
"""How a program's process ends when it has told the engine what went wrong: nothing is left to report."""

# The engine sends the whole state of a stack through a pack; gRPC's own limit of 4 MiB is soon too small.
_MAX_MESSAGE_BYTES = 400 * 1024 * 1024


class _NoSuchEnvironmentError(Exception):
    """The project names a virtual environment that is not there."""


def _python(info: language_pb2.ProgramInfo) -> Path:
    """Find the interpreter a program asks for.

    Args:
        info: The program, with the `runtime.options` of its project file.

    Raises:
        _NoSuchEnvironmentError: The named environment has no interpreter.
    """
    if "virtualenv" not in info.options or not info.options["virtualenv"]:
        return Path(sys.executable)
    named = str(info.options["virtualenv"])
    python = Path(info.root_directory, named, "bin", "python")
    if not python.exists():
        raise _NoSuchEnvironmentError(
            f'The virtualenv "{named}" of {info.root_directory} is not there: '
            "run `make setup` or `pulumi install`."
        )
    return python


def _environment(python: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Make the environment of a child: as if the virtual environment had been activated."""
    environment = {**os.environ, **(extra or {})}
    environment.pop("PYTHONHOME", None)
    environment["VIRTUAL_ENV"] = str(python.parent.parent)
    environment["PATH"] = os.pathsep.join((str(python.parent), environment.get("PATH", os.defpath)))
    return environment


class Host(LanguageServer):
    """Runs programs and policy packs for one engine."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children: set[subprocess.Popen[bytes]] = set()
        self._guard = threading.Lock()
        self._stopped = False

    def Handshake(self, request: Any, context: Any) -> language_pb2.LanguageHandshakeResponse:  # noqa: ARG002, N802
        """Accept any engine: the versions are pinned together."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: ARG002, N802
        """Claim no version: the host belongs to the clone it is in."""
        return plugin_pb2.PluginInfo()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ARG002, N802
        """Install nothing: `make setup` has."""
        return iter(())

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        """Name no dependencies; only `pulumi about` asks."""
        return language_pb2.GetProgramDependenciesResponse()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, N802
        """End what runs: the engine is about to go away."""
        self.stop()
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> language_pb2.RunResponse:  # noqa: N802
        """Run a program to its end, in a process of its own."""
        try:
            python = _python(request.info)
        except _NoSuchEnvironmentError as error:
            return language_pb2.RunResponse(error=str(error))
        request.args[:] = [self._engine_address]
        child = self._start(
            [str(python), "-u", str(Path(__file__).with_name("language_exec.py"))],
            context,
            cwd=request.info.program_directory,
            env=_environment(python),
            stdin=subprocess.PIPE,
        )
        child.communicate(request.SerializeToString())
        self._children.discard(child)
        if child.returncode == 0:
            return language_pb2.RunResponse()
        if child.returncode == FAILED_AND_SAID_SO:
            return language_pb2.RunResponse(bail=True)
        if self._stopped or not context.is_active():
            return language_pb2.RunResponse(error="the program was stopped")
        return language_pb2.RunResponse(error=f"the program ended with exit code {child.returncode}")

    def RunPlugin(self, request: Any, context: Any) -> Iterator[language_pb2.RunPluginResponse]:  # noqa: N802
        """Run a policy pack or another plugin written in Python, passing on what it prints."""
        directory = request.info.program_directory or request.program
        try:
            python = _python(request.info)
        except _NoSuchEnvironmentError as error:
            yield language_pb2.RunPluginResponse(stderr=f"{error}\n".encode())
            yield language_pb2.RunPluginResponse(exitcode=1)
            return
        if request.kind == "analyzer":
            command = [str(python), "-u", "-m", "pulumi.policy", *request.args, directory]
        else:
            command = [str(python), "-u", directory, *request.args]
        child = self._start(
            command,
            context,
            cwd=directory if request.kind == "analyzer" else request.pwd,
            env=_environment(python, dict(entry.split("=", 1) for entry in request.env)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        yield from _output(child)
        code = child.wait()
        self._children.discard(child)
        yield language_pb2.RunPluginResponse(exitcode=code)

    def _start(self, command: list[str], context: Any, **how: Any) -> subprocess.Popen[bytes]:
        """Start a child that ends with the call it answers."""
        with self._guard:
            child = subprocess.Popen(command, **how)
            self._children.add(child)
        context.add_callback(child.terminate)
        return child

    def stop(self) -> None:
        """Terminate every child."""
        self._stopped = True
        for child in list(self._children):
            child.terminate()


def _output(child: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """Yield what a child prints, on both streams, as it comes."""
    chunks: queue.SimpleQueue[language_pb2.RunPluginResponse | None] = queue.SimpleQueue()

    def pump(stream: IO[bytes], answer: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        for line in stream:
            chunks.put(answer(line))
        chunks.put(None)

    streams = [
        (child.stdout, lambda line: language_pb2.RunPluginResponse(stdout=line)),
        (child.stderr, lambda line: language_pb2.RunPluginResponse(stderr=line)),
    ]
    for stream_and_answer in streams:
        threading.Thread(target=pump, args=stream_and_answer, daemon=True).start()
    for _ in streams:
        while (chunk := chunks.get()) is not None:
            yield chunk


def main() -> None:
    """Serve until the engine goes away."""
    engine = os.getppid()
    host = Host(engine_address=sys.argv[-1])

    def leave(signum: int, frame: Any) -> NoReturn:  # noqa: ARG001
        host.stop()
        # At once and without a word: a traceback of this process would end up in the user's output.
        os._exit(0)

    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGTERM, leave)
    server = grpc.server(
        ThreadPoolExecutor(max_workers=16),
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
        ],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
    # An engine that was killed says no farewell; nobody else has use for its host.
    while os.getppid() == engine:
        server.wait_for_termination(timeout=1)
    host.stop()
    os._exit(0)


if __name__ == "__main__":
    main()
