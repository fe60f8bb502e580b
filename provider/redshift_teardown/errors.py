"""The errors a person is meant to read.

Every message says three things: what happened, what state the data is in, and what to do
next. They are raised ``from None`` at the edge of the provider, since Pulumi shows whatever
the exception says, and nothing else of it is of use to an operator.
"""

from __future__ import annotations

TO_TAKE_OVER = (
    "To take over a cluster that exists, set cluster_identifier to its name and adopt_existing=True"
)


class TeardownError(Exception):
    """Base of every error of this package that is written for a person.

    Args:
        what: What happened, with AWS's own words where AWS said something.
        next_step: What the operator can do about it, where the text does not say so by itself.

    """

    def __init__(self, what: str, *, next_step: str = "") -> None:
        """Keep the parts apart; see the class for the arguments."""
        super().__init__(f"{what}\n  next: {next_step}" if next_step else what)
        self.what = what
        self.next_step = next_step


class RefusedError(TeardownError):
    """Something was not done, on purpose, because the data would be at risk or the call is impossible.

    Args:
        what: What happened, with AWS's own words where AWS said something.
        data: What state the data is in now.
        next_step: What the operator can do about it.

    """

    def __init__(self, what: str, *, data: str, next_step: str) -> None:
        """Keep the three parts apart; see the class for the arguments."""
        super().__init__(f"{what}\n  data: {data}\n  next: {next_step}")
        self.what = what
        self.data = data
        self.next_step = next_step


class FinalRefusalError(RefusedError):
    """A refusal that no later run takes back: the data is gone, or the cluster is another resource's.

    The operator may let go of the generation (``REDSHIFT_TEARDOWN_LET_GO``).
    """


class ConfigError(TeardownError):
    """The stack's configuration, or the machine's AWS environment, does not say what is needed."""


class NoAnswerError(ConfigError):
    """AWS could not be asked, or did not answer: no credentials, no network, no such endpoint."""


class AccountError(ConfigError):
    """AWS answered, and the credentials are of an account that the configuration does not let through."""
