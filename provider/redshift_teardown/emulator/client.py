"""A client of the control API, for tests and demonstrations in this process or another."""

from __future__ import annotations

import functools
import json
import urllib.error
import urllib.request
from datetime import datetime
from typing import TYPE_CHECKING, Any

from redshift_teardown.emulator.accounts import DEFAULT_ACCOUNT
from redshift_teardown.emulator.calls import CallRecord
from redshift_teardown.emulator.control import DEFAULT_REGION, Verbs
from redshift_teardown.emulator.errors import ControlError
from redshift_teardown.emulator.verbs import VERBS

if TYPE_CHECKING:
    from collections.abc import Callable

    from redshift_teardown.emulator.verbs import Verb

__all__ = ["Control"]


class Control(Verbs):
    """Steers an emulator: each of its verbs is a method that sends it.

    Args:
        url: the emulator's address.
        account: the account that `identifier` and `snapshot_id` are looked for in.
        region: the region, likewise.
        send: takes a verb and its JSON body and gives the JSON answer; for an emulator in this process.

    Every method raises `ControlError` with the emulator's own words when it refuses, and `OSError` when it
    cannot be reached.
    """

    def __init__(
        self,
        url: str,
        account: str = DEFAULT_ACCOUNT,
        region: str = DEFAULT_REGION,
        *,
        send: Callable[[str, bytes], tuple[int, bytes]] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.account = account
        self.region = region
        self._send = send or self._over_http

    def at(self, account: str | None = None, region: str | None = None) -> Control:
        """The same emulator, seen from another account or region."""
        return Control(self.url, account or self.account, region or self.region, send=self._send)

    def _over_http(self, verb: str, body: bytes) -> tuple[int, bytes]:
        if not self.url.startswith(("http://", "https://")):
            raise ControlError(f"{self.url!r} is no address of an emulator")
        request = urllib.request.Request(  # noqa: S310  # the scheme is checked above
            f"{self.url}/_emulator/{verb}", data=body, headers={"Content-Type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _do(self, verb: str, **data: Any) -> Any:
        # A time may be given as such; JSON has seconds for it.
        status, body = self._send(verb, json.dumps(data, default=datetime.timestamp).encode())
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ControlError(f"{self.url} does not answer like an emulator: {body[:200]!r}") from error
        ok = 200
        if status != ok:
            raise ControlError(str(answer.get("error", answer)))
        return answer["result"]

    def now(self) -> float:
        """The emulator's time, in seconds since the epoch."""
        return float(self.clock()["now"])

    def calls(self, *operations: str) -> list[CallRecord]:
        """The call log of all accounts and regions, oldest first; only these operations, if any are named."""
        found = [CallRecord(**each) for each in self._do("calls")]
        return [each for each in found if not operations or each.operation in operations]

    def places(self) -> list[tuple[str, str]]:
        """The accounts and regions anything is known of."""
        return [(account, region) for account, region in self._do("places")]


def _sending(name: str, verb: Verb) -> Callable[..., Any]:
    """The method that sends a verb, with what it was given, and where it is to be done."""

    @functools.wraps(verb.method)
    def send(control: Control, *args: Any, **kwargs: Any) -> Any:
        where = {"account": control.account, "region": control.region} if verb.here else {}
        return control._do(  # noqa: SLF001  # it is a method of that class
            name, **verb.signature.bind(*args, **kwargs).arguments, **where
        )

    return send


for _name, _verb in VERBS.items():
    if _name not in vars(Control):
        setattr(Control, _name, _sending(_name, _verb))
