"""Where digests disagree: which roots differ, found in two pulls and fetched again in a third.

Each is a pull like any other that also states digests, so that both sides are compared at the same
place of the feed, whatever others write meanwhile (adr/0042).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from crm_core.ids import RecordId
from crm_core.wire import ROOTS_ANEW_MAX, Check
from crm_desktop.sync.effects import Steps

BUCKETS_MAX = 64
"""Where more of the 256 differ, not single roots are damaged."""


class Compared(Protocol):
    """A pull that came to its end: do the digests agree, did the server state what a `Check` asked
    for, and which of that differs?"""

    @property
    def verified(self) -> bool: ...

    @property
    def compared(self) -> bool: ...

    @property
    def differing(self) -> tuple[str, ...]: ...


Pull = Callable[[Check, tuple[RecordId, ...]], Steps[Compared]]
"""Fetch what is new, with digests, and with all that lies below some roots."""


def mend(pull: Pull, doubted: tuple[str, ...], *, content: bool) -> Steps[bool]:
    """Fetch again what differs; False: only fetching everything helps. `doubted` are roots that are
    known to differ; `content`: compare what the records say too."""
    if len(doubted) > ROOTS_ANEW_MAX:
        return False
    roots = doubted or (yield from _differing_roots(pull, content=content))
    if not roots:
        return roots is not None
    done = yield from pull(Check(roots, content=True), tuple(RecordId(root) for root in roots))
    # Content that still differs would differ as well after everything was fetched.
    return done.verified


def _differing_roots(pull: Pull, *, content: bool) -> Steps[tuple[str, ...] | None]:
    """The roots that differ; None: too many, or the server does not know how to compare."""
    buckets = yield from pull(Check(content=content), ())
    if not buckets.compared or len(buckets.differing) > BUCKETS_MAX:
        return None
    if not buckets.differing:
        return () if buckets.verified else None
    roots = yield from pull(Check(buckets.differing, content=content), ())
    if not roots.differing or len(roots.differing) > ROOTS_ANEW_MAX:
        return () if roots.verified and not roots.differing else None
    return roots.differing
