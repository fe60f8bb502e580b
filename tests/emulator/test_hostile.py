"""Control messages that make no sense: each is answered, and none spoils what comes after."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from redshift_teardown.emulator import Emulator, VirtualClock
from redshift_teardown.emulator.http import Request
from redshift_teardown.emulator.verbs import VERBS
from tests.hostile import LINEAR, SECONDS, chances, ratio, value

if TYPE_CHECKING:
    import random

FIELDS = {
    name: [*verb.signature.parameters, *(["account", "region"] if verb.here else [])]
    for name, verb in VERBS.items()
}
KNOWN = {
    "identifier": "alpha",
    "cluster_identifier": "alpha",
    "snapshot_id": "one",
    "operation": "Nothing",
    "account": "123456789012",
    "region": "us-east-1",
    "settings": {"NumberOfNodes": 3},
}


def message(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a message that is about something there, with a field or two that are not as they should be."""
    verb = chance.choice(sorted(FIELDS))
    fields = FIELDS[verb]
    data = {name: KNOWN[name] for name in fields if name in KNOWN and chance.random() < 0.9}
    for name in chance.sample(fields, min(len(fields), chance.randrange(3))):
        data[name] = (
            {chance.choice(["NumberOfNodes", "Port", "DBName"]): value(chance)}
            if (name == "settings" and chance.random() < 0.7)
            else value(chance)
        )
    return verb, data


def test_no_message_spoils_the_emulator(connect: Any, arguments: Any) -> None:
    """A minute of them: 200 or 400 with a sentence, and AWS's own calls work as before."""
    emulator = Emulator(VirtualClock())
    client = connect()
    emulator.attach(client)
    application = emulator._application
    seed, chance = chances()
    until = time.monotonic() + SECONDS
    sent: list[tuple[str, dict[str, Any]]] = []
    taken = 0
    while time.monotonic() < until:
        if not sent or len(sent) > 40:
            emulator.control.reset()
            sent = []
            client.create_cluster(**arguments("alpha"))
            emulator.control.put_snapshot("one", "alpha", create_time=emulator.control.now())
        verb, data = message(chance)
        sent.append((verb, data))
        told = f"seed {seed}: {sent}"

        answer = application.handle(Request("POST", f"/_emulator/{verb}", {}, json.dumps(data).encode()))

        assert answer.status in (200, 400), told
        taken += answer.status == 200
        assert json.loads(answer.body).keys() <= {"result", "error"}, told
        if verb == "add_fault":
            emulator.control.clear_faults()
        try:
            client.describe_clusters()
            client.describe_cluster_snapshots()
            emulator.control.state()
            emulator.control.calls()
        except Exception as error:
            raise AssertionError(told) from error
    assert taken > 0


@pytest.mark.parametrize(
    "make",
    [
        lambda size: {"operation": "x" * size},
        lambda size: {"operation": "x", "message": ["y"] * (size // 4)},
        lambda size: {"operation": "x", **{f"k{n}": n for n in range(size // 12)}},
        lambda size: {"operation": "x", "code": {str(n): "\x00" for n in range(size // 16)}},
    ],
    ids=["string", "list", "fields", "object"],
)
def test_a_message_is_read_in_linear_time(make: Any) -> None:
    """Ten times the size is ten times the work."""
    emulator = Emulator(VirtualClock())

    def send(body: bytes) -> None:
        emulator._application.handle(Request("POST", "/_emulator/add_fault", {}, body))
        emulator.control.clear_faults()

    assert ratio(lambda size: json.dumps(make(size)).encode(), send) < LINEAR
