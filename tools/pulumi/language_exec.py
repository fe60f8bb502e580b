"""Run one Pulumi program in this process, for `language_host.py`.

The request of the engine comes on standard input. The exit code is 0, or 32 when the program failed and
the engine has been told why, as under the official host.
"""

from __future__ import annotations

import asyncio
import logging
import os
import runpy
import signal
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pulumi
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

FAILED_AND_SAID_SO = 32


def _configure(request: language_pb2.RunRequest) -> None:
    """Tell the SDK which stack this is and where its engine listens."""
    reset_options(
        project=request.project,
        stack=request.stack,
        root_directory=request.info.root_directory,
        parallel=request.parallel,
        engine_address=request.args[0],
        monitor_address=request.monitor_address,
        preview=request.dryRun,
        organization=request.organization or "organization",
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))


def _traceback_of_the_program(error: BaseException, directory: str) -> str:
    """Format a traceback from the program's first own frame on: what is above it is ours and the SDK's."""
    frames: TracebackType | None = error.__traceback__
    start = frames
    while start is not None and not start.tb_frame.f_code.co_filename.startswith(directory + os.sep):
        start = start.tb_next
    return "".join(traceback.format_exception(type(error), error, start or frames)).rstrip()


def _run(request: language_pb2.RunRequest) -> int:
    """Run the program and every asynchronous thing it started; answer the exit code."""
    directory = request.info.program_directory
    entry = Path(directory, request.info.entry_point)
    os.chdir(directory)
    sys.path[0] = directory
    sys.argv = [str(entry)]
    # Futures that nobody looks at any more are normal after a failed program, and no news to its user.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(request.parallel, 1) * 4))
    # A folder is run by its `__main__.py`, in it or as it.
    script = entry / "__main__.py" if entry.is_dir() else entry
    # With no frame of ours between: every resource's state records the stack it was made on.
    program: Callable[[], Any] = partial(runpy.run_path, str(script), run_name="__main__")
    try:
        loop.run_until_complete(run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except grpc.RpcError as error:
        if getattr(error, "code", lambda: None)() == grpc.StatusCode.UNAVAILABLE:
            # The engine is gone or going; it knows why, and nobody is left to tell.
            return FAILED_AND_SAID_SO
        pulumi.log.error(
            f"Program failed with an unhandled exception:\n{_traceback_of_the_program(error, directory)}"
        )
    except Exception as error:  # noqa: BLE001  whatever a program raises is its user's to read
        pulumi.log.error(
            f"Program failed with an unhandled exception:\n{_traceback_of_the_program(error, directory)}"
        )
    else:
        return 0
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        sys.stdout.flush()
        sys.stderr.flush()
    return FAILED_AND_SAID_SO


def main() -> None:
    """Run the program whose request is on standard input."""
    # Ctrl-C is the engine's to answer; here it only ends the process, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    request = language_pb2.RunRequest.FromString(sys.stdin.buffer.read())
    _configure(request)
    code = _run(request)
    sys.exit(code)


if __name__ == "__main__":
    main()
