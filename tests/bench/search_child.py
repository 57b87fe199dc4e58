"""What the bench measures of search: `python -m tests.bench.search_child JOB PROFILE`."""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import closing

from crm_desktop.beside import second_file
from crm_desktop.models import pinyin, search, search_tables
from crm_desktop.models.connection import Connection
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.sync.runner import Runner
from tests.bench.child import opened
from tests.bench.machine import peak_memory_mib, reset_peak_memory, timed
from tests.bench.table import share

SEARCHES, LETTERS, TOP = 30, 12, 50
STEPS_A_CHECKPOINT = 8
INDEX_S = 60.0


def forget_job(folder: str) -> dict[str, bool]:
    """Throw the index away."""
    with closing(opened(folder)) as profile, profile.store.writing() as c:
        search_tables.lay_out(c)
    return {}


def index_job(folder: str, share: str = "1") -> dict[str, float]:
    """Put more records into the search index, as the window does it but without its rests, until
    so large a share of the accounts is in it and found: for so many seconds at most."""
    until_s = time.monotonic() + INDEX_S
    with closing(opened(folder)) as profile:
        store, more, steps, ahead = profile.store, True, 0, search.Ahead()
        wanted = float(share) * store.write.value("SELECT max(rid) FROM account")
        gc.collect()
        reset_peak_memory()
        began_s = time.perf_counter()
        while more and time.monotonic() < until_s:
            more = search.step(store, ahead=ahead) and indexed(store) < wanted
            steps += 1
            if steps % STEPS_A_CHECKPOINT == 0 or not more:
                store.checkpoint()
        took_s = time.perf_counter() - began_s
        return {"seconds": took_s, "more": more, "peak_mib": peak_memory_mib(),
                "share": indexed(store) / wanted * float(share)}  # fmt: skip


def ready_job(folder: str) -> dict[str, float]:
    """A first synchronisation and the whole index behind it: seconds from the first request until
    everything that arrived is found."""
    with closing(opened(folder)) as profile:
        store, ahead = profile.store, search.Ahead()
        runner = Runner(Outbox(store), profile.session)
        runner.with_second(second_file(profile))
        gc.collect()
        reset_peak_memory()
        began_s = time.perf_counter()
        assert runner.run().report.verified
        synced_s = time.perf_counter() - began_s
        while is_behind(store):
            search.step(store, ahead=ahead)
            if ahead.steps % STEPS_A_CHECKPOINT == 0:
                store.checkpoint()
        took_s = time.perf_counter() - began_s
        return {"seconds": took_s, "synced": synced_s, "peak_mib": peak_memory_mib()}


def is_behind(store: Store) -> bool:
    with store.reader() as c:
        return search.is_behind(c)


def indexed(store: Store) -> int:
    with store.reader() as c:
        return int(c.value("SELECT indexed FROM search_kind WHERE kind = 'account'") or 0)


def save_job(folder: str) -> dict[str, float]:
    """From the order to save until the list shows it, while the index is being built."""
    from tests.bench.window_child import save_job

    return save_job(folder, indexing=True)


def search_job(folder: str) -> dict[str, float]:
    """The best fifty for what is typed, letter by letter: Latin, Chinese and pinyin names."""
    with closing(opened(folder)) as profile, profile.store.reader() as c:
        search.search(c, "曾q")  # loads the readings
        return {way: share([since_ms(c, x) for x in beginnings(typed)], 0.95)
                for way, typed in some_names(c).items()}  # fmt: skip


def some_names(c: Connection) -> dict[str, list[str]]:
    """Names of accounts anywhere, and how the Chinese ones are spelt."""
    dice, last = random.Random(1), int(c.value("SELECT max(rid) FROM account"))
    found: dict[str, list[str]] = {"Latin": [], "Chinese": [], "pinyin": []}
    for _ in range(2 * SEARCHES):
        name = str(c.value("SELECT name FROM account WHERE rid >= ?", (dice.randint(1, last),)))
        if name.isascii():
            found["Latin"].append(name)
        else:
            found["Chinese"].append(name)
            found["pinyin"] += pinyin.spellings(name).split()[:2]
    return found


def beginnings(typed: list[str]) -> Iterator[str]:
    for word in typed:
        yield from (word[:length] for length in range(1, min(len(word), LETTERS) + 1))


def since_ms(c: Connection, typed: str) -> float:
    took_s, hits = timed(lambda: search.search(c, typed, limit=TOP))
    assert hits, typed
    return took_s * 1000


JOBS = {
    "forget": forget_job, "index": index_job, "ready": ready_job, "save": save_job,
    "search": search_job,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]](*sys.argv[2:])), flush=True)
    os._exit(0)
