"""The rest of a first fetch: all of it comes into a second file, while people work in the first
one, which holds today (adr/0043)."""

from __future__ import annotations

from collections.abc import Callable

from crm_core.errors import Bug
from crm_desktop.models.connection import WrongKeyOrDamaged
from crm_desktop.models.replica import SyncState
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Steps, ask
from crm_desktop.sync.pulling import Beside, Tally, received

Push = Callable[[str], Steps[None]]
"""Send what waits in the outbox, to a server with this history."""


def fetch_beside(tally: Tally, push: Push) -> Steps[None]:
    """Fetch everything into the second file and put it in the place of the first. Where that cannot
    be done or does not come out right, the pull that follows goes on in the first one.

    Raises CrmError where the way is blocked, or the disk is full: what came so far is kept.
    """
    state = yield from ask(do.ReadState())
    if not state.in_sight or state.resume:
        return
    there = yield from ask(do.OpenSecond(state.in_sight))
    if there is None:
        return
    try:
        swapped = yield from _fetched(tally, state, there, push)
    except (WrongKeyOrDamaged, Bug):
        swapped = False
    if not swapped:
        yield from ask(do.DropSecond())


def _fetched(tally: Tally, state: SyncState, there: SyncState, push: Push) -> Steps[bool]:
    """Whether the second file holds what the server shows, and is the one in use now."""
    beside = Beside(state.epoch, lambda: push(state.epoch))
    pulled = yield from received(there, tally, beside)
    if not pulled.verified:
        return False
    while (yield from ask(do.IndexSecond())):
        yield from push(state.epoch)
    yield from ask(do.Swap())
    return True
