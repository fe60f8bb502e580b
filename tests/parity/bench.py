"""A stack with one cluster whose program is changed again and again, as the engine would have it changed.

On top of `tests.teardown.stage` this does what the engine does around the provider: it hands everything over
as protobuf does, asks ``check`` and ``diff`` first, and replaces by a delete and a create in one process.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redshift_teardown import process
from redshift_teardown.engine.request import Asked
from redshift_teardown.lifecycle.check import check
from redshift_teardown.lifecycle.create import create
from redshift_teardown.lifecycle.delete import delete
from redshift_teardown.lifecycle.diff import diff
from redshift_teardown.lifecycle.read import read
from redshift_teardown.lifecycle.update import update
from tests.teardown.stage import CLUSTER, REGION, Result, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redshift_teardown.lifecycle.validation import Failure
    from tests.teardown.stage import Interruption


def wire(value: Any) -> Any:
    """Return a value as protobuf hands it over: every number is a float."""
    if isinstance(value, dict):
        return {key: wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [wire(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


_AGE = re.compile(r", [^,]* old\b")


class Invalid(AssertionError):  # noqa: N818 - it says what the inputs are
    """``check`` refused the program."""

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__("; ".join(f"{failure.property}: {failure.reason}" for failure in failures))
        self.failures = failures


class Bench(Stage):
    """One stack, one cluster.

    Attributes:
        inputs: The inputs in the state, as the last ``up`` or refresh left them.
        ignoring: The program's ``ignore_changes``.

    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.inputs: dict[str, Any] = {}
        self.ignoring: tuple[str, ...] = ()

    def reset(self, policy: str | None = None) -> None:
        """Begin anew."""
        super().reset(policy)
        self.inputs, self.ignoring = {}, ()

    @contextmanager
    def configured(self, **changed: Any) -> Iterator[None]:
        """Meanwhile, the stack's configuration has something else in it."""
        settings, made = self._aws[self.account]
        other = replace(settings, **changed)
        self._aws[self.account] = (other, made)
        self._patch.setitem(process.clients, (other, REGION), made)
        try:
            yield
        finally:
            self._aws[self.account] = (settings, made)

    def checked(self, olds: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        """The inputs, checked; None leaves an argument out."""
        program = {key: value for key, value in self.program(**arguments).items() if value is not None}
        return self._check(olds or {}, program)

    def preview(self, **arguments: Any) -> str:
        """What an ``up`` would do: create, same, update or replace."""
        result = self.previewed(**arguments)
        if result.how != "done":
            raise AssertionError(result.said)
        return did(result)

    def previewed(self, **arguments: Any) -> Result:
        """Run ``preview``; `did` tells of the result what it showed."""
        operation: list[str] = []

        def preview() -> Any:
            if self.state is None:
                self.checked(**arguments)
                operation.append("create")
                return None
            inputs, asked = self._asked(arguments)
            found = diff(wire(self.state), inputs, self.settings, asked)
            operation.append(self._operation(found))
            return found

        result = self.run(preview)
        result.shown.append(f"operation: {''.join(operation)}")
        return result

    def refused_from_preview_on(self, **arguments: Any) -> str:
        """What preview refuses a create with; `up` refuses it in the same words, if AWS answers only then."""
        assert self.state is None
        try:
            self.previewed(**arguments)
        except Invalid as failed:
            foretold = str(failed)
        else:
            raise AssertionError("preview lets it pass")
        self.connected = False
        inputs = self.checked(**arguments)
        self.connected = True
        refused = self.run(lambda: create(inputs, self.settings))
        assert (refused.how, changing(refused)) == ("refused", [])
        # Between the two botocore has tried again, after a time of its own: a snapshot is a second older.
        assert _AGE.sub("", refused.said) in _AGE.sub("", foretold)
        return refused.said

    def _asked(self, arguments: dict[str, Any]) -> tuple[dict[str, Any], Asked]:
        """The checked inputs and what else a diff is asked with, as the engine makes them."""
        olds = wire(self.inputs)
        program = {key: value for key, value in self.program(**arguments).items() if value is not None}
        for name in self.ignoring:
            first, _, key = name.partition(".")
            if not key:
                program.pop(first, None)
                program.update({first: olds[first]} if first in olds else {})
            elif key in olds.get(first, {}):
                program[first] = {**program.get(first, {}), key: olds[first][key]}
            else:
                program[first] = {tag: value for tag, value in program.get(first, {}).items() if tag != key}
        inputs = self._check(olds, program)
        return inputs, Asked(olds, self.ignoring)

    def _check(self, olds: dict[str, Any], program: dict[str, Any]) -> dict[str, Any]:
        inputs, failures = check(olds, wire(program), self.settings)
        if failures:
            raise Invalid(failures)
        return dict(wire(inputs))

    @staticmethod
    def _operation(found: Any) -> str:
        if found.replaces:
            return "replace"
        return "update" if found.any else "same"

    def apply(self, *interruptions: Interruption, **arguments: Any) -> Result:
        """Run ``up``; `operation` of the result says what it did."""
        operation: list[str] = []
        inputs: dict[str, Any] = {}

        def up() -> Any:
            if self.state is None:
                operation.append("create")
                inputs.update(self.checked(**arguments))
                return create(dict(inputs), self.settings)[1]
            olds = wire(self.state)
            checked, asked = self._asked(arguments)
            inputs.update(checked)
            operation.append(self._operation(diff(olds, checked, self.settings, asked)))
            if operation == ["replace"]:
                fresh = self.checked(**arguments)
                inputs.update(fresh)
                delete(olds, self.settings)
                self.state = None
                return create(fresh, self.settings)[1]
            return update(olds, checked, self.settings, asked) if operation == ["update"] else self.state

        result = self.run(up, *interruptions)
        result.shown.append(f"operation: {''.join(operation)}")
        if result.how == "done":
            self.state, self.inputs = result.value, inputs
        return result

    def refresh(self, *interruptions: Interruption) -> Result:
        """Read the cluster, inputs included; one that is gone leaves the state."""
        assert self.state is not None
        olds, asked = self.state, Asked(wire(self.inputs))
        result = self.run(lambda: read(CLUSTER, wire(olds), self.settings, asked), *interruptions)
        if result.how == "done":
            found, outs, inputs = result.value
            self.state = outs if found else None
            self.inputs = inputs if inputs is not None else self.inputs
        return result

    def cluster(self, identifier: str = CLUSTER) -> dict[str, Any]:
        """The cluster as AWS shows it."""
        return dict(self.outsider.describe_clusters(ClusterIdentifier=identifier)["Clusters"][0])

    def password_is(self, password: str) -> bool:
        """Whether the cluster's admin user has this password."""
        from redshift_teardown.emulator.redshift.births import digest  # noqa: PLC0415

        found = self.ledger()["clusters"]
        return any(each["password_digest"] == digest(password) for each in found.values())


def did(result: Result) -> str:
    """What an ``up`` did."""
    return result.shown[-1].removeprefix("operation: ")


def changing(result: Result) -> list[str]:
    """The calls that change something, with what they name, in order: ``ModifyCluster NodeType,…``."""
    told = []
    for call in result.calls:
        if call.operation.startswith("Describe") or call.service != "redshift":
            continue
        names = sorted(
            {name.split(".")[0] for name in call.parameters} - {"ClusterIdentifier", "ResourceName"}
        )
        told.append(f"{call.operation} {','.join(names)}")
    return told


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """A bench that is open."""
    made = Bench(folder)
    made.open()
    try:
        made.reset()
        yield made
    finally:
        made.close()
