"""What costs a guess or much work is slowed down: passwords by login and address, comparing by
device. Nobody is ever locked out."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from crm_core.errors import Refused
from crm_core.i18n import tr_noop
from crm_core.values import instant_of
from crm_core.wire import Check
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


COMPARING_PER_MINUTE = 30
COMPARING_ALL = 3
"""What of it reading every record costs, and a part of them in proportion: a visit of the doctor 4
where little differs and its repair 5 more, so that looking twice before and once after fits."""

_MINUTE_S = 60


ASKING_PER_MINUTE = 10
"""Credit codes of which a device may ask whether they are taken: as fast as anybody types them."""


def spend_on_comparing(store: ServerStore, device: str, check: Check, now: dt.datetime) -> None:
    """Take what a `Check` costs from a device's budget for this minute. Raises Refused
    `request.throttled` with the seconds to wait."""
    cost = max(1, math.ceil(COMPARING_ALL * _share(check.endings))) if check.content else 1
    _spend(store, f"compare:{device[:100]}", cost, COMPARING_PER_MINUTE, now)


def spend_on_asking(store: ServerStore, device: str, now: dt.datetime) -> None:
    """Take one question about what is out of sight from a device's budget for this minute. Raises
    Refused `request.throttled` with the seconds to wait."""
    _spend(store, f"ask:{device[:100]}", 1, ASKING_PER_MINUTE, now)


def _spend(store: ServerStore, key: str, cost: int, most: int, now: dt.datetime) -> None:
    with store.note() as tx:
        row = tx.row("SELECT failures,last_at FROM attempt WHERE key=?", (key,))
        began = parse_moment(row[1]) if row is not None else None
        age_s = (now - began).total_seconds() if began is not None else _MINUTE_S
        is_open = row is not None and 0 <= age_s < _MINUTE_S
        spent = row[0] + cost if row is not None and is_open else cost
        if spent > most:
            wait = max(1, int(_MINUTE_S - age_s + 0.999))
            raise Refused("request.throttled", tr_noop("Too much to compare."), seconds=wait)
        tx.run(
            "INSERT INTO attempt(key,failures,last_at) VALUES (?,?,?) ON CONFLICT(key)"
            " DO UPDATE SET failures=excluded.failures, last_at=excluded.last_at",
            (key, spent, row[1] if row is not None and is_open else instant_of(now)),
        )


def _share(endings: Sequence[str]) -> float:
    """The part of all roots whose ids end so."""
    return min(1.0, sum(16.0 ** -len(one) for one in set(endings))) if endings else 1.0


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
