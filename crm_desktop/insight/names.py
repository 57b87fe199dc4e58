"""The names of the charts: what the command line can say without loading how they are made."""

from __future__ import annotations

REPORTS = (
    "revenue",
    "revenue-by-grade",
    "pyramid",
    "abc",
    "rfm",
    "lifecycle",
    "cohorts",
    "visit-coverage",
    "visit-frequency",
    "plan-adherence",
    "visit-outcomes",
    "complaint-causes",
    "complaint-stages",
    "complaint-flow",
)
