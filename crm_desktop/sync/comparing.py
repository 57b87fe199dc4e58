"""Looking whether the content held is the server's, without changing anything."""

from __future__ import annotations

from typing import Protocol

from crm_core.catalog import SCHEMA
from crm_core.wire import Check, End, Mark, PullRequest, Sums
from crm_desktop.models.replica import SyncState
from crm_desktop.sync.failures import TokenExpired
from crm_desktop.sync.ports import Server


class Comparable(Protocol):
    """What is held (`models.outbox.Outbox` is one)."""

    def state(self) -> SyncState:
        """How far the store has come."""
        ...

    def differing(self, said: Sums) -> tuple[str, ...]:
        """The buckets or roots that differ."""
        ...


def differing_roots(store: Comparable, server: Server) -> int | None:
    """How many roots differ in content; None: unknown before the next synchronisation, or to this
    server. Raises CrmError where the way is blocked."""
    buckets = _compare(store, server, Check(content=True))
    if not buckets:
        return None if buckets is None else 0
    roots = _compare(store, server, Check(buckets[:_BUCKETS_AT_ONCE], content=True))
    return None if roots is None else len(roots)


_BUCKETS_AT_ONCE = 256


def _compare(store: Comparable, server: Server, check: Check) -> tuple[str, ...] | None:
    try:
        said = _ask(store.state(), server, check)
    except TokenExpired:
        server.refresh()
        said = _ask(store.state(), server, check)
    return None if said is None else store.differing(said)


def _ask(state: SyncState, server: Server, check: Check) -> Sums | None:
    """What the server states at the place of the feed that is held; None where it has moved on."""
    if not state.epoch or state.pull_open:
        return None
    request = PullRequest(state.epoch, SCHEMA, state.scope_gen, state.cursor, check=check)
    said: Sums | None = None
    with server.pull(request) as items:
        for item in items:
            if isinstance(item, Sums):
                said = item
            elif not isinstance(item, Mark | End):
                return None
    return said
