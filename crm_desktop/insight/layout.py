"""Which charts stand on which board, and which records each is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.i18n import tr_noop


@dataclass(frozen=True, slots=True)
class Board:
    """Some charts that are looked at together."""

    name: str
    label: str
    charts: tuple[str, ...]


BOARDS = (
    Board("monday", tr_noop("Monday board"),
          ("pyramid", "complaint-causes", "visit-coverage", "revenue")),
    Board("visits", tr_noop("Visits"),
          ("visit-coverage", "visit-frequency", "plan-adherence", "visit-outcomes")),
    Board("complaints", tr_noop("Complaints"),
          ("complaint-causes", "complaint-flow", "complaint-stages")),
    Board("value", tr_noop("Value and grades"),
          ("pyramid", "abc", "rfm", "revenue-by-grade")),
    Board("customers", tr_noop("Customers"), ("lifecycle", "cohorts")),
)  # fmt: skip


KINDS: Mapping[str, frozenset[str]] = {
    name: frozenset(("account", "user", *kinds))
    for name, kinds in {
        **dict.fromkeys(("revenue", "revenue-by-grade", "pyramid", "abc", "rfm"), ("order",)),
        **dict.fromkeys(("lifecycle", "cohorts"), ("order",)),
        **dict.fromkeys(
            ("visit-coverage", "visit-frequency", "plan-adherence", "visit-outcomes"), ("visit",)
        ),
        **dict.fromkeys(
            ("complaint-causes", "complaint-stages", "complaint-flow"),
            ("complaint", "complaint_event"),
        ),
    }.items()
}
"""The kinds of records whose change may change a chart."""
