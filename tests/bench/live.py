"""Live: how soon a change made on one device stands in another one's open list, and what it costs
a server that hundreds of devices listen."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from tests.bench.load import (
    _device,
    _people,
    cluster_on_one_core,
)
from tests.bench.machine import cpu_s, watched
from tests.bench.stage import Stage
from tests.bench.table import Row, Target, middle, share
from tests.e2e.people import PASSPHRASE, PASSPHRASE_VARIABLE
from tests.e2e.processes import ROOT, environment, stop
from tests.e2e.server import ORGANISATION, Server
from tests.support.postgres import Cluster

SEEN_MS, SENT_MS, CORE_SHARE = Target(150), Target(20), Target(0.05)
EDITS_MAX, RECORDS_EACH = 60, 100
"""With few records it is only tried, and less often."""

APART_S = 1.3, 2.2
"""Both sides are quiet: longer than a device's hints are apart, and than commits are gathered."""

POLLS_S = 2.0
"""Five minutes are too long to be measured often: without hints a list is asked for so often, and
the figure is told as a multiple of that time."""

LISTENERS_MAX, IDLE_S = 300, 60.0
SETTLE_S = 3.0
TRIED_S = 0.3
"""For which nothing happens where it is only tried."""

SEED = 5


def measure(stage: Stage, runs: int, records: int) -> list[Row]:
    """From the order to save on one device until the list of another one is painted with it; the
    window has one core, the server and the peer the other."""
    edits = max(min(EDITS_MAX, records // RECORDS_EACH), 2)
    hinted: list[list[dict[str, float]]] = []
    polled: list[list[dict[str, float]]] = []
    with watched() as load:
        for _ in range(runs):
            hinted.append(_played(stage, records, edits, "hints"))
            polled.append(_played(stage, records, edits, f"{POLLS_S}"))
    seen = [share([x["seen_ms"] for x in run], 0.95) for run in hinted]
    half = [share([x["seen_ms"] for x in run], 0.5) for run in hinted]
    sent = [share([x["sent_ms"] for x in run], 0.95) for run in hinted]
    polls = [share([x["seen_ms"] for x in run], 0.95) for run in polled]
    against = f"polling each {POLLS_S:.0f} s: {middle(polls):.0f} ms (p95)"
    return [
        Row("a change stands in another's open list (p95)", f"{middle(seen):.0f} ms", against,
            middle(seen), SEEN_MS, load.foreign),
        Row("the same (median)", f"{middle(half):.0f} ms", "1 ms", middle(half), SEEN_MS,
            load.foreign),
        Row("commit after a quiet second until its push leaves (p95)", f"{middle(sent):.1f} ms",
            "1 ms", middle(sent), SENT_MS, load.foreign),
    ]  # fmt: skip


def _played(stage: Stage, records: int, edits: int, how: str) -> list[dict[str, float]]:
    """So many edits, one after the other: when each was seen, counted from its order."""
    with ExitStack() as stack:
        with on_core(0):
            server = stack.enter_context(stage.server(records))
            peer = stack.enter_context(_child("peer", stage.profile(server)))
            profile = stage.profile(server)
        with on_core(1):
            window = stack.enter_context(_child("window", profile, how))
        shown = [*_said(window, "rows")["rows"].items()]
        _said(peer, "ready")
        is_tried = edits < EDITS_MAX
        time.sleep(TRIED_S if is_tried else SETTLE_S)
        dice = random.Random(SEED)
        found: list[dict[str, float]] = []
        for number in range(edits):
            record_id, name = shown[number % len(shown)]
            order = {"id": record_id, "value": f"{name} {number}"}  # it keeps its place
            _tell(peer, order)
            made, seen = _said(peer, order["value"]), _said(window, order["value"])
            found.append({
                "seen_ms": (seen["at"] - made["ordered"]) * 1000,
                "sent_ms": (made["sent"] - made["saved"]) * 1000,
            })  # fmt: skip
            time.sleep(TRIED_S if is_tried else dice.uniform(*APART_S))
        return found


Child = subprocess.Popen[bytes]


@contextmanager
def _child(job: str, *words: str | Path) -> Iterator[Child]:
    command = [sys.executable, "-m", "tests.bench.live_child", job, *map(str, words)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        env=environment({PASSPHRASE_VARIABLE: PASSPHRASE, "QT_QPA_PLATFORM": "offscreen"}),
    )  # fmt: skip
    try:
        yield process
    finally:
        stop(process)
        for pipe in filter(None, (process.stdin, process.stdout)):
            with suppress(BrokenPipeError):  # of an order that nobody was there to take
                pipe.close()


def _tell(process: Child, order: dict[str, str]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    process.stdin.flush()


def _said(process: Child, what: str) -> dict[str, Any]:
    """The next line that tells of something; others are passed over."""
    assert process.stdout is not None
    for line in process.stdout:
        told = json.loads(line)
        if told["what"] == what:
            return told
    raise RuntimeError(f"{what} was never said: exit {process.wait()}")


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started within the block has this core alone, where there are so many."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


# What it costs


def measure_idle(stage: Stage, runs: int, records: int) -> list[Row]:
    """Processor time that a server with so many listeners takes while nothing happens, as a part
    of one core; on PostgreSQL with what the database takes."""
    count = max(min(LISTENERS_MAX, records), 2)
    idle_s = IDLE_S if records >= LISTENERS_MAX else TRIED_S
    rows: list[Row] = []
    for name in ("SQLite", "PostgreSQL"):
        with watched() as load, ExitStack() as stack:
            url, postmaster = "", 0
            if name == "PostgreSQL":
                postgres = stack.enter_context(cluster_on_one_core())
                url, postmaster = postgres.create_database(), _postmaster(postgres)
            data = stage.scratch / f"live-{name}"
            tokens = _tokens(data, url, count)
            server = Server(data, url, begin=stage.begin)
            shares = [_idle_share(server, tokens, postmaster, idle_s) for _ in range(runs)]
        measured = f"{middle(shares) * 100:.1f} % [{min(shares) * 100:.1f}–{max(shares) * 100:.1f}]"
        words = f"{count} devices listen, nothing happens, {name}"
        rows.append(Row(words, measured, "a core", middle(shares), CORE_SHARE, load.foreign))
    return rows


def _postmaster(postgres: Cluster) -> int:
    """The process id of a PostgreSQL server."""
    with postgres.connect() as connection:
        found = connection.execute("SHOW data_directory").fetchone()
    assert found is not None
    return int((Path(found[0]) / "postmaster.pid").read_text().splitlines()[0])


def _tokens(folder: Path, url: str, count: int) -> list[str]:
    """An organisation with so many people, each with a device of his own that is signed in."""
    organisations = Organisations(folder, url, passwords=Passwords(memory_kib=1024, passes=1))
    with closing(organisations):
        organisation = organisations.create("Acme", ORGANISATION)
        people = _people(organisation, count)
        return [_device(organisation, n, user)["token"] for n, (user, _) in enumerate(people)]


def _idle_share(server: Server, tokens: Sequence[str], postmaster: int, idle_s: float) -> float:
    server.serve()
    try:
        assert server.process is not None
        with _child("listeners", server.url) as listeners:
            _tell(listeners, {"tokens": " ".join(tokens)})
            _said(listeners, "listening")
            time.sleep(min(SETTLE_S, idle_s))
            watched_s, used_s = time.monotonic(), cpu_s(server.process.pid, postmaster)
            time.sleep(idle_s)
            used_s = cpu_s(server.process.pid, postmaster) - used_s
            return used_s / (time.monotonic() - watched_s)
    finally:
        server.stop()
