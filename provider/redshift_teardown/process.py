"""What lasts as long as this process: all of it, and nothing is kept anywhere else between two calls.

An engine starts one provider process a command, for all resources of a stack. What must be known in later
runs stands in the state, in receipts and on the cluster itself.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import boto3

    from redshift_teardown.aws.identity import Identity
    from redshift_teardown.aws.poller import Watch
    from redshift_teardown.aws.session import Aws
    from redshift_teardown.deletion_policy import Policy
    from redshift_teardown.lifecycle.this_run import Deleted, GenerationKey, Owner
    from redshift_teardown.settings import Settings

# --- the configuration, which the engine hands over before anything else ---

settings_lock: threading.Lock = threading.Lock()
settings: Settings | None = None
policies: dict[Path, tuple[tuple[int, ...], Policy]] = {}
"""Policy files that were read, each with what its stamp was then."""

# --- the engine and the operator behind it ---

engine_lock: threading.Lock = threading.Lock()
engine: object | None = None
"""The stub by which the engine is spoken to; made when it is needed first."""
engine_is_gone: bool = False
engine_asked_at: float = float("-inf")
"""When the engine was asked last whether it is there, by the monotonic clock."""
parent: int = os.getppid()
"""Who started this process: the engine. When it ends, its children get another parent."""
failures: int = 0
"""Messages in a row that the engine did not take."""
quiet: bool | None = None
"""Whether every message becomes a line of its own; None until it is found out."""
said: set[str] = set()
"""Lines that stay on the screen and were shown already."""
cancelled: threading.Event = threading.Event()

# --- the server of the SDK that runs us ---

is_ending_with_engine: bool = False
is_narrow_said: bool = False

# --- AWS ---

aws_lock: threading.RLock = threading.RLock()
clients: dict[tuple[Settings, str], Aws] = {}
sessions: dict[Settings, boto3.Session] = {}
pollers_lock: threading.Lock = threading.Lock()
pollers: dict[Aws, Watch] = {}
without_answer: set[Settings] = set()
"""Configurations by which AWS could not be asked in a preview."""

# --- the program of this run, and whose cluster is whose in it (see ``lifecycle.this_run``) ---

run_lock: threading.Lock = threading.Lock()
program: dict[str, Mapping[str, Any]] = {}
former: dict[str, tuple[str, ...]] = {}
reviewed: dict[str, Identity] = {}
protections: dict[str, Mapping[str, Any]] = {}
owners: dict[GenerationKey, Owner] = {}
adopting: dict[GenerationKey, str] = {}
"""The resource that adopts a generation now: it is reserved before anything is written."""
kept_out: dict[GenerationKey, str] = {}
deleted: list[Deleted] = []
told: set[tuple[str, str]] = set()
