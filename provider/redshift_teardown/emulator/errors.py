"""What the emulator raises: AWS's own errors for a client, and plain ones for the person who starts it."""

from __future__ import annotations

__all__ = ["AwsError", "ControlError", "Dropped", "EmulatorError", "StateFileError", "combination", "invalid"]


class AwsError(Exception):
    """An error as AWS answers it.

    Args:
        code: the wire code, e.g. ``ClusterNotFound`` (not the shape's name).
        message: the text of the answer.
        status: the HTTP status; None takes the service model's own, 400 where the model has none.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def combination(message: str) -> AwsError:
    """The error for parameters that do not go together."""
    return AwsError("InvalidParameterCombination", message)


def invalid(message: str) -> AwsError:
    """The error for a value that AWS does not take."""
    return AwsError("InvalidParameterValue", message)


class Dropped(Exception):  # noqa: N818  # it is no error of the emulator, it is the answer that never comes
    """The connection is closed without an answer."""


class EmulatorError(Exception):
    """A problem of the person who runs the emulator; its text is one line meant to be read."""


class StateFileError(EmulatorError):
    """The state file cannot be read, understood or written."""


class ControlError(EmulatorError):
    """The control API refused what it was asked."""
