"""How everybody comes to rest: in good weather, until nothing moves any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from tests.e2e.people import DONE, WAITS_FOR_YOU, Desk

SYNCS_UNTIL_QUIET = 6


class Wrong(AssertionError):
    """Something that must hold does not."""


def sync_until_quiet(desks: Sequence[Desk], story: Callable[[str], None]) -> None:
    """Synchronise everybody in turn; nothing may move for ever, and all digests must agree."""
    counts: list[Any] = []
    for _ in range(SYNCS_UNTIL_QUIET):
        counts = [_sync(desk, story) for desk in desks]
        if not any(one["pushed"] or one["pulled"] for one in counts):
            break
    else:
        raise Wrong(f"no rest after {SYNCS_UNTIL_QUIET} rounds: {counts}")
    if not all(one["verified"] for one in counts):
        raise Wrong(f"digests do not agree at rest: {counts}")


def _sync(desk: Desk, story: Callable[[str], None]) -> Any:
    ran = desk.door(["--profile", str(desk.profile), "sync", "--json"], "")
    if ran.code not in (DONE, WAITS_FOR_YOU):
        raise Wrong(f"in peace: {desk.profile.name}: sync: {ran}")
    story(f"rest: {desk.profile.name}: {ran.out.strip()}")
    return json.loads(ran.out)
