"""The SDK's own provider server, called in this process: its serialisation, without the time of a process.

Beside it an engine, as far as a resource is concerned: it keeps inputs and outputs, takes old inputs for what
is ignored, asks before it acts, and knows what its preview would show.
"""

from __future__ import annotations

import importlib.util
import types
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from redshift_teardown import provider as product
from redshift_teardown.aws.arguments import BY_NAME
from redshift_teardown.provider import ClusterProvider
from tests.contract import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.parity.bench import Bench

_SIGNATURE = "4dabf18193072939515e22adb298388d"


class _AbortedError(grpc.RpcError):
    """What a client sees of an error of the server."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self._words = words

    def details(self) -> str:
        """Return in words what the server said."""
        return self._words


class _Context:
    def abort(self, code: object, words: str) -> None:  # noqa: ARG002 - gRPC's own signature
        raise _AbortedError(words.strip().rpartition("redshift_teardown.errors.")[2])


class _Stub:
    def __init__(self, servicer: Any) -> None:
        self._servicer = servicer

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._servicer, method)
        return lambda request, timeout=None: call(request, _Context())  # noqa: ARG005 - gRPC's own


def _server() -> Any:
    """Load ``python -m pulumi.dynamic`` without its last line, which starts a server of its own."""
    found = importlib.util.find_spec("pulumi.dynamic")
    assert found is not None
    assert found.origin is not None
    source = (Path(found.origin).parent / "__main__.py").read_text("utf-8")
    assert source.rstrip().endswith("\nmain()")
    module = types.ModuleType("dynamic_server")
    exec(compile(source.rstrip().removesuffix("main()"), "dynamic_server", "exec"), vars(module))  # noqa: S102 - Pulumi's own text
    return module


@contextmanager
def inside(stack: Bench) -> Iterator[wire.Provider]:
    """Return the provider, working in a bench's AWS."""
    server = _server()
    server._PROVIDER_CACHE[wire.PROVIDER] = ClusterProvider()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product, "_settings", lambda: stack.settings)
        yield wire.Provider(_Stub(server.DynamicResourceProviderServicer()))


def unsealed(value: Any) -> Any:
    """Return a value as the engine hands it to a provider: secrets in clear."""
    if isinstance(value, dict):
        return unsealed(value["value"]) if _SIGNATURE in value else {k: unsealed(v) for k, v in value.items()}
    return [unsealed(item) for item in value] if isinstance(value, list) else value


def without_marked(value: Any) -> Any:
    """Return a value without what is marked as a secret in it."""
    if isinstance(value, dict):
        return {key: without_marked(item) for key, item in value.items() if not is_marked(item)}
    return [without_marked(item) for item in value] if isinstance(value, list) else value


def is_marked(value: Any) -> bool:
    """Whether a value is marked as a secret."""
    return isinstance(value, dict) and _SIGNATURE in value


@dataclass
class Shown:
    """What a preview shows.

    Attributes:
        operation: ``create``, ``same``, ``update`` or ``replace``.
        names: The arguments it names, tags as ``tags.KEY``.
        inputs: The checked inputs.
        invalid: What ``check`` refused.
        refused: What ``diff`` refused.

    """

    operation: str
    names: frozenset[str] = frozenset()
    inputs: dict[str, Any] = field(default_factory=dict)
    invalid: list[tuple[str, str]] = field(default_factory=list)
    refused: str = ""


@dataclass
class Engine:
    """One stack with one cluster.

    Attributes:
        stack: The AWS it is in.
        provider: What it calls.
        inputs: The inputs in the state, secrets in clear.
        outputs: The outputs in the state, secrets in clear.
        marked: The outputs, and after a refresh the inputs, as the provider gave them last, secrets marked.

    """

    stack: Bench
    provider: wire.Provider
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    marked: tuple[dict[str, Any], ...] = ()

    def preview(self, program: dict[str, Any], ignoring: Sequence[str] = ()) -> Shown:
        """What an ``up`` would do."""
        news = self._with_ignored(program, ignoring) if self.outputs else program

        def check_and_diff() -> tuple[dict[str, Any], Any, Any]:
            """In one run, as the engine does: by check the provider knows what the program has."""
            checked, failures = self.provider.check(news, self.inputs or None)
            olds, checked = self.outputs, unsealed(checked)
            if failures or not olds:
                return checked, failures, None
            diff = self.provider.diff
            return checked, [], _or_words(lambda: diff("warehouse", olds, checked, self.inputs, ignoring))

        result = self.stack.run(check_and_diff)
        inputs, invalid, found = result.value
        if invalid:
            return Shown("invalid", invalid=invalid)
        if found is None:
            return Shown("create", inputs=inputs)
        if isinstance(found, str):
            return Shown("refused", inputs=inputs, refused=found)
        changes, replaces = found
        names = _named(self.inputs, inputs) | _in_words(result.kept)
        operation = "replace" if replaces else "update" if changes else "same"
        return Shown(operation, names if changes else frozenset(), inputs)

    def up(self, shown: Shown, ignoring: Sequence[str] = ()) -> str:
        """Do what was shown; gives the error, which leaves the state as it was."""
        if shown.operation == "same":
            self.inputs = shown.inputs
            return ""

        def act() -> dict[str, Any]:
            if shown.operation == "create":
                return self.provider.create(shown.inputs)[1]
            return self.provider.update("warehouse", self.outputs, shown.inputs, self.inputs, ignoring)

        result = self.stack.run(lambda: _or_words(act))
        if isinstance(result.value, str):
            return result.value
        self.marked = (result.value,)
        self.inputs, self.outputs = shown.inputs, unsealed(result.value)
        return ""

    def refresh(self) -> None:
        """Read the cluster."""
        result = self.stack.run(lambda: self.provider.refresh("warehouse", self.outputs, self.inputs))
        _, outputs, inputs = result.value
        self.marked = (outputs, inputs)
        self.outputs, self.inputs = unsealed(outputs), unsealed(inputs)

    def _with_ignored(self, program: dict[str, Any], ignoring: Sequence[str]) -> dict[str, Any]:
        news = dict(program)
        for path in ignoring:
            name, _, key = path.partition(".")
            of, olds = (news.setdefault(name, {}), self.inputs.get(name, {})) if key else (news, self.inputs)
            if key:
                of = news[name] = dict(of)
            part = key or name
            of.pop(part, None)
            of.update({part: olds[part]} if part in olds else {})
        return news


def _or_words(act: Any) -> Any:
    try:
        return act()
    except wire.RefusedByProviderError as error:
        return str(error) or "refused"


def _named(olds: dict[str, Any], news: dict[str, Any]) -> frozenset[str]:
    """The arguments that differ between old and new inputs, which is what the engine shows."""
    names = {name for name in BY_NAME if name != "tags" and olds.get(name) != news.get(name)}
    for name in ("tags", "default_tags"):
        before, after = olds.get(name) or {}, news.get(name) or {}
        names |= {f"tags.{key}" for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return frozenset(names)


def _in_words(lines: list[str]) -> frozenset[str]:
    """The arguments that the provider names where inputs do not differ."""
    names: set[str] = set()
    for line in lines:
        told = line.partition("`up` changes ")[2]
        for change in told.split("; ") if told else []:
            first, second, *_ = change.split()
            names.add(f"tags.{second}" if first == "tag" else first)
    return frozenset(names)
