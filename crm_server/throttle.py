"""Guessing passwords is slowed down by login and address, and never locks anybody out."""

from __future__ import annotations

import datetime as dt

from crm_core.errors import Refused
from crm_core.i18n import tr_noop
from crm_core.values import instant_of
from crm_server.moments import parse_moment
from crm_server.store import ServerStore

FREE_PER_LOGIN = 3
FREE_PER_ADDRESS = 30
"""An office shares one address: it fails more often without guessing."""

DELAY_MAX_S = 900
FORGOTTEN_AFTER = dt.timedelta(hours=24)


class Throttle:
    """Counts failures in the organisation's store, so that all its processes know them."""

    def __init__(self, store: ServerStore) -> None:
        self._store = store

    def check(self, login: str, address: str, now: dt.datetime) -> None:
        """Raise Refused `auth.slow_down` with the seconds to wait."""
        wait = 0
        with self._store.read() as tx:
            for key, free in _keys(login, address):
                row = tx.row("SELECT failures,last_at FROM attempt WHERE key=?", (key,))
                if row is not None:
                    wait = max(wait, _wait_s(row[0] - free, row[1], now))
        if wait:
            raise Refused("auth.slow_down", tr_noop("Too many attempts."), seconds=wait)

    def failed(self, login: str, address: str, now: dt.datetime) -> None:
        """Count one failure."""
        with self._store.note() as tx:
            old = instant_of(now - FORGOTTEN_AFTER)
            tx.run("DELETE FROM attempt WHERE last_at<?", (old,))
            for key, _ in _keys(login, address):
                tx.run(
                    "INSERT INTO attempt(key,failures,last_at) VALUES (?,1,?) ON CONFLICT(key)"
                    " DO UPDATE SET failures=attempt.failures+1, last_at=excluded.last_at",
                    (key, instant_of(now)),
                )

    def passed(self, login: str, address: str) -> None:
        """Forget the failures of a login that signed in from this address."""
        with self._store.note() as tx:
            tx.run("DELETE FROM attempt WHERE key=?", (_keys(login, address)[0][0],))


def _keys(login: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
    return (
        (f"login:{login[:200]}@{address[:100]}", FREE_PER_LOGIN),
        (f"address:{address[:100]}", FREE_PER_ADDRESS),
    )


def _wait_s(excess: int, last_at: str, now: dt.datetime) -> int:
    last = parse_moment(last_at)
    if excess < 0 or last is None:
        return 0
    delay = min(2 ** min(excess, 20), DELAY_MAX_S)
    return max(0, int(delay - (now - last).total_seconds() + 0.999))
