"""CDNOW, the field's common test data, out of the `lifetimes` package, of which nothing is run."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from crm_desktop.insight.scoring import Purchase

AS_OF = dt.date(1998, 6, 30)
"""The last day of the data."""


@cache
def purchases() -> tuple[Purchase, ...]:
    """All 69,659 purchases of 23,570 customers, 1997-01-01 to 1998-06-30, in cents."""
    file = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")
    lines = Path(str(file)).read_text("ascii").splitlines()
    return tuple(_purchase(line) for line in lines[1:] if line.strip())


def _purchase(line: str) -> Purchase:
    customer, day, _, dollars = line.split()
    whole, _, cents = dollars.partition(".")
    on = dt.date(int(day[:4]), int(day[4:6]), int(day[6:]))
    return Purchase(customer, on, int(whole) * 100 + int(cents))
