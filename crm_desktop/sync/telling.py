"""Tells the server behind a synchronisation what else it is to know of this device."""

from __future__ import annotations

import logging
from typing import Protocol

from crm_core.errors import CrmError
from crm_core.wire import StillRefused
from crm_desktop.models.still_refused import news, note
from crm_desktop.models.store import Store
from crm_desktop.sync.runner import WriteLane, run_here

log = logging.getLogger(__name__)


class Told(Protocol):
    """Who is told; `sync.session.Session` is one."""

    def tell_still_refused(self, told: StillRefused) -> None:
        """Hand over which refused steps still wait."""
        ...


def tell_refusals(store: Store, server: Told, *, write: WriteLane = run_here) -> None:
    """Tell with which refused steps this user is not done, where that changed. What fails, as with
    an older server, is told behind another synchronisation."""
    said = news(store)
    if said is None:
        return
    try:
        server.tell_still_refused(said)
    except CrmError as failure:
        log.info("the server was not told what still waits: %s", type(failure).__name__)
        return
    write(lambda: note(store, said))
