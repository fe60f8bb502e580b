"""A stack with one cluster whose program is changed again and again, as the engine would have it changed.

On top of `tests.teardown.stage` this does what the engine does around the provider: it hands everything over
as protobuf does, asks ``check`` and ``diff`` first, and replaces by a delete and a create in one process.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redshift_teardown.crud.check import check
from redshift_teardown.crud.create import create
from redshift_teardown.crud.delete import delete
from redshift_teardown.crud.diff import diff
from redshift_teardown.crud.update import update
from tests.teardown.stage import CLUSTER, Result, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redshift_teardown.validation import Failure
    from tests.teardown.stage import Interruption


def wire(value: Any) -> Any:
    """Give a value as protobuf hands it over: every number is a float."""
    if isinstance(value, dict):
        return {key: wire(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [wire(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Invalid(AssertionError):  # noqa: N818 - it says what the inputs are
    """``check`` refused the program."""

    def __init__(self, failures: list[Failure]) -> None:
        super().__init__("; ".join(f"{failure.property}: {failure.reason}" for failure in failures))
        self.failures = failures


class Bench(Stage):
    """One stack, one cluster."""

    def checked(self, olds: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        """The inputs, checked; None leaves an argument out."""
        program = {key: value for key, value in self.program(**arguments).items() if value is not None}
        inputs, failures = check(olds or {}, wire(program), self.settings)
        if failures:
            raise Invalid(failures)
        return dict(wire(inputs))

    def preview(self, **arguments: Any) -> str:
        """What an ``up`` would do: create, same, update or replace."""
        if self.state is None:
            self.checked(**arguments)
            return "create"
        olds = wire(self.state)
        result = self.run(lambda: diff(olds, self.checked(olds, **arguments), self.settings))
        if result.how != "done":
            raise AssertionError(result.said)
        return self._operation(result.value)

    @staticmethod
    def _operation(found: Any) -> str:
        if found.replaces:
            return "replace"
        return "update" if found.any else "same"

    def apply(self, *interruptions: Interruption, **arguments: Any) -> Result:
        """Run ``up``; `operation` of the result says what it did."""
        operation: list[str] = []

        def up() -> Any:
            if self.state is None:
                operation.append("create")
                return create(self.checked(**arguments), self.settings)[1]
            olds = wire(self.state)
            inputs = self.checked(olds, **arguments)
            operation.append(self._operation(diff(olds, inputs, self.settings)))
            if operation == ["replace"]:
                fresh = self.checked(**arguments)
                delete(olds, self.settings)
                self.state = None
                return create(fresh, self.settings)[1]
            return update(olds, inputs, self.settings) if operation == ["update"] else self.state

        result = self.run(up, *interruptions)
        result.shown.append(f"operation: {''.join(operation)}")
        if result.how == "done":
            self.state = result.value
        return result

    def cluster(self, identifier: str = CLUSTER) -> dict[str, Any]:
        """The cluster as AWS shows it."""
        return dict(self.outsider.describe_clusters(ClusterIdentifier=identifier)["Clusters"][0])

    def password_is(self, password: str) -> bool:
        """Whether the cluster's admin user has this password."""
        from redshift_teardown.emulator.redshift.clusters import digest  # noqa: PLC0415

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
