"""The dynamic provider. Thin on purpose, and its dotted path is a contract.

Pulumi pickles a provider into every resource's state, by reference where its class is importable:
module path and class name. Destroy then runs the code installed *now*. So this class must stay
``redshift_teardown.provider.ClusterProvider``, without attributes: moving or renaming it would break the
destroy of every existing stack.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from redshift_teardown import process
from redshift_teardown.engine.request import asked
from redshift_teardown.engine.secret_values import hide, hiding, seal
from redshift_teardown.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger(__name__)


class ClusterProvider(ResourceProvider):
    """Creates, reads, updates and tears down one kind of resource: a Redshift cluster."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration, as the engine hands it over.

        At destroy and refresh that is the one of the last ``up``, which the engine keeps with its default
        provider; with ``--run-program`` it is today's. Seen on engine 3.259.

        Raises:
            ConfigError: a value is not of the form its key takes.

        """
        from redshift_teardown.engine.trace import configure  # noqa: PLC0415
        from redshift_teardown.engine.workers import prepare_process  # noqa: PLC0415

        with _running("configure"), process.settings_lock:
            # First, so that what is wrong with the configuration is shown without a traceback, too.
            missing = prepare_process()
            configure()
            if missing:
                sys.stderr.write(f"{missing}\n")
            # The SDK offers a look-up of keys, and no list of them.
            process.settings = read_settings(req.config.get, getattr(req.config, "_props", None) or ())

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate inputs and record what destroying the cluster would do."""
        from redshift_teardown.lifecycle.check import check  # noqa: PLC0415

        with _running("check", news, _olds):
            settings, news = _in_place(news)
            inputs, failures = check(_olds, news, settings)
        return CheckResult(seal(inputs), [CheckFailure(f.property, f.reason) for f in failures])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Return what changed, and whether AWS can change it on a living cluster."""
        from redshift_teardown.lifecycle.diff import diff  # noqa: PLC0415

        with _running("diff", _news, _olds):
            found = diff(_olds, _news, _placed(), asked())
        return DiffResult(changes=found.any, replaces=list(found.replaces), delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create, restore or adopt a cluster, and wait until it is available."""
        from redshift_teardown.lifecycle.create import create  # noqa: PLC0415

        with _running("create", props):
            settings, props = _in_place(props)
            id_, outs = create(props, settings)
        return CreateResult(id_, seal(outs))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Read a cluster for a refresh; an empty id where it is gone."""
        from redshift_teardown.lifecycle.policy.planner import require_recorded  # noqa: PLC0415
        from redshift_teardown.lifecycle.read import read  # noqa: PLC0415

        with _running("read", props):
            require_recorded(id_, props)
            found, outs, inputs = read(id_, props, _placed(), asked())
        return ReadResult(found, seal(outs), None if inputs is None else seal(inputs))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change a living cluster, or only what is recorded about it."""
        from redshift_teardown.lifecycle.update import update  # noqa: PLC0415

        with _running("update", _news, _olds):
            settings, news = _in_place(_news)
            return UpdateResult(seal(update(_olds, news, settings, asked())))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Tear a cluster down as its policies say."""
        from redshift_teardown.lifecycle.delete import delete  # noqa: PLC0415

        with _running("delete", _props):
            delete(_props, _placed())


def _settings() -> Settings:
    """Return the configuration of this operation; what the environment says where none was given."""
    return process.settings or Settings()


def _in_place(inputs: dict[str, Any]) -> tuple[Settings, dict[str, Any]]:
    """Return settings that know what the engine says of the resource at hand, and inputs that agree."""
    from redshift_teardown.engine.place import Place, in_place  # noqa: PLC0415

    settings = _placed()
    return settings, in_place(inputs, settings.place or Place())


def _placed() -> Settings:
    """Return settings that know what the engine says of the resource at hand."""
    from dataclasses import replace  # noqa: PLC0415

    from redshift_teardown.engine.place import told  # noqa: PLC0415

    return replace(_settings(), place=told())


@contextmanager
def _traced(operation: str, *props: dict[str, Any]) -> Iterator[None]:
    """Write into the trace what an operation is about, how long it took and how it ended."""
    about = f"{operation} {props[0].get('urn', '') if props else ''}".rstrip()
    begun = time.monotonic()
    LOG.debug("begin %s", about)
    try:
        yield
    except BaseException as error:
        LOG.debug("end %s: %s after %.3f s: %s", about, type(error).__name__, time.monotonic() - begun, error)
        raise
    LOG.debug("end %s: ok after %.3f s", about, time.monotonic() - begun)


@contextmanager
def _running(operation: str, *props: dict[str, Any]) -> Iterator[None]:
    """Trace an operation, and let an error for a person through alone: without its causes, and no secrets."""
    from redshift_teardown.deletion_policy import PolicyError  # noqa: PLC0415
    from redshift_teardown.errors import TeardownError  # noqa: PLC0415

    try:
        with hiding(*props), _traced(operation, *props):
            yield
    except PolicyError as error:
        raise TeardownError(hide(str(error), *props)) from None
    except TeardownError as error:
        text = hide(str(error), *props)
        raise (error if text == str(error) else TeardownError(text)) from None
