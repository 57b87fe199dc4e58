"""A sync with nothing new: how many requests, and how long against a bare authenticated GET."""

from __future__ import annotations

from tests.bench.machine import watched
from tests.bench.stage import Stage, child
from tests.bench.table import Row, Target, middle, milliseconds
from tests.e2e.people import Desk, as_process
from tests.e2e.proxy import proxy_before

TIMES_GET = Target(1.5)
REQUESTS = Target(1)


def measure(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """Sync ÷ GET on one kept connection; the requests that one run makes, counted on the way."""
    syncs: list[float] = []
    gets: list[float] = []
    with watched() as load, stage.server(accounts) as server:
        profile = stage.profile(server)
        child("sync", profile)
        for _ in range(runs):
            made = child("nothing-new", profile)
            syncs.append(middle(made["sync"]))
            gets.append(middle(made["get"]))
        with proxy_before(server.url) as proxy:
            Desk("bench", profile, as_process).sign_in(proxy.url)
            proxy.seen.clear()
            Desk("bench", profile, as_process).sync()
            requests = len(proxy.seen)
    return [
        Row("sync with nothing new", milliseconds(syncs), f"bare GET {milliseconds(gets)}",
            middle(syncs) / middle(gets), TIMES_GET, load.foreign),
        Row("its requests", str(requests), "1", requests, REQUESTS, load.foreign),
    ]  # fmt: skip
