"""What keeping a snapshot costs. The price is the reader's to give: it differs by region and by node type."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import click

DEFAULT_PRICE = 0.023
"""US dollars per GB and month: the list price of S3 Standard in us-east-1, which manual snapshots go by."""

MOST = 1e6
"""The highest price that is counted with."""
_GIGABYTE = 1000.0
"""Megabytes, as AWS counts them for a snapshot."""
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Price:
    """What a GB costs in a month, in US dollars."""

    per_gigabyte_month: float

    def monthly(self, megabytes: float) -> float:
        """Return the cost of a month, for a size in megabytes."""
        return megabytes / _GIGABYTE * self.per_gigabyte_month

    def so_far(self, megabytes: float, days: float) -> float:
        """Return the cost of some days, for a size in megabytes."""
        return self.monthly(megabytes) * max(0.0, days) / DAYS_A_MONTH

    def describe(self) -> str:
        """Return in words what was counted with."""
        return f"at {self.per_gigabyte_month:g} USD per GB and month"


def dollars(amount: float) -> str:
    """Write an amount of US dollars: ``$0.004``, ``$12.30``, ``$1,204``."""
    if amount >= 1000:  # noqa: PLR2004 - cents do not matter there
        return f"${amount:,.0f}"
    if amount >= 0.01 or amount == 0:  # noqa: PLR2004 - a cent
        return f"${amount:.2f}"
    return f"${amount:.3f}"


class _PriceRange(click.FloatRange):
    """A range that nothing is in but numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Refuse what is no number, whatever it compares to."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


price_option = click.option(
    "--price",
    type=_PriceRange(0, MOST),
    default=DEFAULT_PRICE,
    show_default=True,
    envvar="REDSHIFT_TEARDOWN_PRICE",
    show_envvar=True,
    help="US dollars per GB and month of snapshot storage in your region.",
)
