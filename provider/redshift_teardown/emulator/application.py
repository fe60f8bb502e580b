"""What happens to a request: who calls, what goes wrong, what is done, what is answered, what is logged."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator import sts
from redshift_teardown.emulator.accounts import DEFAULT_ACCOUNT, Caller, identify, refuse_change
from redshift_teardown.emulator.calls import CallLog, CallRecord, without_secrets
from redshift_teardown.emulator.control import perform
from redshift_teardown.emulator.door import json_object
from redshift_teardown.emulator.errors import AwsError, Dropped, EmulatorError, StateFileError
from redshift_teardown.emulator.http import Response
from redshift_teardown.emulator.moto_bridge import MotoBridge
from redshift_teardown.emulator.redshift.call import Call
from redshift_teardown.emulator.redshift.service import OPERATIONS
from redshift_teardown.emulator.verbs import VERBS
from redshift_teardown.emulator.wire import Protocol, form

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.emulator.faults import Fault
    from redshift_teardown.emulator.http import Request
    from redshift_teardown.emulator.persistence import StateFile
    from redshift_teardown.emulator.world import World

__all__ = ["Application"]

_CONTROL = "/_emulator/"
_SCOPE_PARTS = 5
_READING = ("Describe", "Get", "List")


@dataclass
class _Incoming:
    """A request, taken apart as far as all calls are alike."""

    request: Request
    service: str
    region: str
    operation: str
    values: dict[str, str]
    caller: Caller
    refused: AwsError | None


class Application:
    """One emulator without its server.

    Args:
        world: its state.
        state_file: where the state is kept; None for nowhere.
    """

    def __init__(self, world: World, state_file: StateFile | None = None) -> None:
        self.world = world
        self.faults: list[Fault] = []
        self.log = CallLog()
        self.moto = MotoBridge()
        self._state_file = state_file
        self._protocols = {name: Protocol(name) for name in ("redshift", "sts")}

    def handle(self, request: Request, on_call: Callable[[str, str], None] | None = None) -> Response:
        """Answer a request.

        Args:
            request: what came.
            on_call: called with the operation and ``before`` or ``after``; whatever it raises goes to the
                caller, which is how a test kills a client at a given call.

        Raises:
            Dropped: when the connection is to be closed without an answer.
        """
        if request.path.startswith(_CONTROL):
            return self._controlled(request)
        started = time.perf_counter()
        incoming = self._incoming(request)
        if on_call:
            on_call(incoming.operation, "before")
        response, dropped = self._called(incoming, started)
        if on_call:
            on_call(incoming.operation, "after")
        if dropped:
            raise Dropped
        return response

    def save(self) -> None:
        """Write the state file, where there is one."""
        if self._state_file:
            with self.world.lock:
                self._state_file.write(self.world.to_json())

    # --- the control API -----------------------------------------------------------------------

    def _controlled(self, request: Request) -> Response:
        verb = request.path.removeprefix(_CONTROL).partition("?")[0]
        headers = {"Content-Type": "application/json"}
        try:
            data = json_object(request.body)
            with self.world.lock:
                result = perform(self.world, self.faults, self.log, verb, data)
                if not VERBS[verb].reads:
                    self.save()
                body = json.dumps({"result": result}, default=vars).encode()
        except (EmulatorError, AwsError, ValueError) as error:
            return Response(400, headers, json.dumps({"error": str(error)}).encode())
        return Response(200, headers, body)

    # --- AWS -----------------------------------------------------------------------------------

    def _incoming(self, request: Request) -> _Incoming:
        scope = (
            request.headers.get("authorization", "").partition("Credential=")[2].partition(",")[0].split("/")
        )
        refused = None
        values: dict[str, str] = {}
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            try:
                values = form(request.body)
            except AwsError as error:
                refused = error
        if len(scope) >= _SCOPE_PARTS:
            key, region, service = "/".join(scope[:-4]), scope[-3], scope[-2]
        else:
            key, region, service = "", "us-east-1", "sts" if "RoleArn" in values else "redshift"
            if values.get("Action") not in sts.UNSIGNED:
                refused = refused or AwsError(
                    "MissingAuthenticationToken", "Request is missing Authentication Token", 403
                )
        target = request.headers.get("x-amz-target", "").rpartition(".")[2]
        operation = values.get("Action") or target or f"{request.method} {request.path.partition('?')[0]}"
        caller = Caller(DEFAULT_ACCOUNT, key)
        try:
            caller = identify(key)
            refuse_change(caller, service, operation)
        except AwsError as error:
            refused = refused or error
        return _Incoming(request, service, region, operation, values, caller, refused)

    def _called(self, incoming: _Incoming, started: float) -> tuple[Response, bool]:
        """The answer, and whether it is lost on the way."""
        world = self.world
        with world.lock:
            arrived = world.now()
            call = (
                incoming.operation,
                _cluster_named(incoming.values),
                incoming.caller.account,
                incoming.region,
            )
            striking = [each for each in self.faults if each.strikes(*call, arrived)]
        error: AwsError | None = None
        dropped = took_effect = False
        response = Response(0)
        try:
            self._strike(striking, "before")
            try:
                response = self._answered(incoming)
                took_effect = True
            except AwsError as refusal:
                error = refusal
            self._strike(striking, "after")
        except Dropped:
            dropped = True
        except AwsError as fault:
            error = fault
        if error is not None:
            response = self._failure(incoming, error)
        with world.lock:
            self.log.add(
                CallRecord(
                    time=arrived,
                    account=incoming.caller.account,
                    region=incoming.region,
                    service=incoming.service,
                    operation=incoming.operation,
                    parameters=without_secrets(
                        {
                            key: value
                            for key, value in incoming.values.items()
                            if key not in ("Action", "Version")
                        }
                    ),
                    result="dropped" if dropped else error.code if error else "ok",
                    status=0 if dropped else response.status,
                    fault="; ".join(each.describe() for each in striking),
                    took_effect=took_effect,
                    latency=time.perf_counter() - started,
                    agent=incoming.request.headers.get("user-agent", ""),
                )
            )
        return response, dropped

    def _strike(self, faults: list[Fault], when: str) -> None:
        for fault in faults:
            if fault.when != when:
                continue
            if fault.kind == "delay":
                self.world.clock.sleep(fault.seconds)
            elif fault.kind == "drop":
                raise Dropped
            else:
                status, words = _USUAL.get(fault.code, (None, fault.code))
                raise AwsError(fault.code, fault.message or words, fault.status or status)

    def _answered(self, incoming: _Incoming) -> Response:
        if incoming.refused:
            raise incoming.refused
        service, operation = incoming.service, incoming.operation
        if service != "redshift" and (service != "sts" or operation not in sts.OPERATIONS):
            return self.moto.handle(incoming.request, incoming.caller.account)
        if service == "redshift" and operation not in OPERATIONS:
            raise AwsError(
                "InvalidAction", f"The emulator does not have the operation {operation} of Redshift."
            )
        protocol = self._protocols[service]
        params = protocol.parse(operation, incoming.values)
        try:
            with self.world.lock:
                result = self._performed(incoming, params)
                if not operation.startswith(_READING):
                    self.save()
        except StateFileError as problem:
            raise AwsError("InternalFailure", str(problem), 500) from problem
        return protocol.answer(operation, result, str(uuid.uuid4()))

    def _performed(self, incoming: _Incoming, params: dict[str, Any]) -> dict[str, Any] | None:
        world = self.world
        if incoming.service == "sts":
            return sts.OPERATIONS[incoming.operation](incoming.caller, params, world.now())
        place = world.place(incoming.caller.account, incoming.region)
        return OPERATIONS[incoming.operation](Call(world, place, params, world.now()))

    def _failure(self, incoming: _Incoming, error: AwsError) -> Response:
        protocol = self._protocols.get(incoming.service)
        if protocol is None:  # a JSON service of moto's
            body = json.dumps({"__type": error.code, "message": error.message}).encode()
            return Response(error.status or 400, {"Content-Type": "application/x-amz-json-1.1"}, body)
        return protocol.failure(error, str(uuid.uuid4()))


def _cluster_named(values: dict[str, str]) -> str | None:
    """The cluster that a call is about: calls about tags name it by its ARN."""
    before, _, named = values.get("ResourceName", "").rpartition(":cluster:")
    return named if before else values.get("ClusterIdentifier")


_USUAL = {
    "AccessDenied": (403, "User is not authorized to perform this action."),
    "ExpiredToken": (403, "The security token included in the request is expired"),
    "InternalFailure": (
        500,
        "The request processing has failed because of an unknown error, exception or failure.",
    ),
    "InvalidClientTokenId": (403, "InvalidClientTokenId"),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "Throttling": (None, "Rate exceeded"),
}
"""Status and words of the errors that are not in a service's model."""
