"""What a running server does once a day beside its requests."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from crm_core.errors import CrmError
from crm_server.collecting import collect
from crm_server.erasures import list_in
from crm_server.organisations import Organisations

FIRST_AFTER_S = 600.0
EVERY_S = 86_400.0

log = logging.getLogger(__name__)


def look_after(organisations: Organisations) -> None:
    """Collect in every organisation; one that fails keeps none of the others from it, and none of
    the days to come."""
    for slug in _attempted(organisations.slugs, "any organisation", ()):
        _attempted(lambda slug=slug: _collect_in(organisations, slug), slug, None)


def _collect_in(organisations: Organisations, slug: str) -> None:
    there = organisations.open(slug)
    collect(there.service.store, there.service.clock())
    there.blobs.forget_unneeded()
    list_in(organisations.folder, slug).compact(there.service.store)


_T = TypeVar("_T")


def _attempted(work: Callable[[], _T], where: str, otherwise: _T) -> _T:
    """What `work` returns; where it fails the log says so and why."""
    try:
        return work()
    except CrmError as failure:
        log.warning("no collection in %s: %s", where, failure)
    except Exception:
        log.exception("no collection in %s", where)
    return otherwise


@contextmanager
def upkeep(
    organisations: Organisations, *, first_after_s: float = FIRST_AFTER_S, every_s: float = EVERY_S
) -> Generator[None]:
    """While this is open, a thread looks after the organisations once in a while. Several
    processes may do so: whatever one has collected, the next does not find."""
    ended = threading.Event()

    def work() -> None:
        wait_s = first_after_s
        while not ended.wait(wait_s):
            look_after(organisations)
            wait_s = every_s

    thread = threading.Thread(target=work, name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(dt.timedelta(seconds=5).total_seconds())
