"""What the bench measures inside the window's process: `python -m tests.bench.window_child JOB …`.

Offscreen, with the real list, hub and lanes. Times are in milliseconds.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.journal import commit
from crm_desktop.models.queries import Key, Row
from crm_desktop.models.store import Store
from crm_desktop.profile import Profile
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.indexer import Indexer
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.columns import columns_of
from crm_desktop.views.kit.column import Column, as_columns
from crm_desktop.views.kit.list_model import PAGE_ROWS, ListModel
from crm_desktop.views.kit.list_view import ListView
from crm_desktop.views.kit.listing import Listing, Source, Stretch, Wanted
from crm_desktop.views.kit.source import StoreSource
from crm_desktop.views.theme import theme
from tests.bench.child import opened
from tests.bench.table import share

STEPS = 60
STEP_ROWS = 10
JUMPS = 60
SAVES = 40
SETTLED_ROUNDS = 5
CARDS = 40
ENTRIES = 500
"""In the timeline of a card."""
STEP_CHANGES = 100
AT_WORK_S = 0.7, 1.5
"""After a change the index rests for half a second; then a person saves at any moment."""
ACCOUNTS_EACH = 40
"""For each time that something is done; with fewer accounts it is only tried, and less often."""
TICK_MS = 5
PATIENCE_S = 60.0
SIZE = (1280, 800)
ACCOUNT = CATALOG["account"]


class InMemory:
    """The paint floor: rows out of a Python list, at once."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._at = {row.key: n for n, row in enumerate(rows)}

    def fetch(
        self,
        listing: Listing,  # named as the protocol names it
        wanted: Wanted,
        owner: QObject,
        then: Callable[[Stretch], None],
        failed: Callable[[], None],
    ) -> None:
        """The stretch behind a key; nothing else is asked for by scrolling down."""
        first = self._place(wanted.after) + 1 if wanted.after is not None else 0
        rows = tuple(self._rows[first : first + PAGE_ROWS])
        then(Stretch(rows, first + len(rows) < len(self._rows), count=len(self._rows)))

    def _place(self, key: Key) -> int:
        return self._at[key]


class Bench:
    """A window with one list in it, and a clock."""

    def __init__(self, profile: Profile) -> None:
        self.app = QApplication.instance() or QApplication([])
        assert isinstance(self.app, QApplication)
        theme.install(self.app, "light")
        self.profile = profile
        self.lanes = Lanes()
        self.hub = DataHub(profile.store, self.lanes)
        with profile.store.reader() as connection:
            self._accounts = int(connection.value("SELECT count(*) FROM account"))
        self.window = QMainWindow()
        self.window.resize(*SIZE)

    def close(self) -> None:
        self.lanes.close()

    def times(self, wanted: int) -> range:
        """So often, or less often where there are few accounts."""
        return range(min(wanted, self._accounts // ACCOUNTS_EACH))

    def until(self, holds: Callable[[], bool]) -> None:
        """Let the window work until something holds."""
        give_up = time.monotonic() + PATIENCE_S
        while not holds():
            self.app.processEvents()
            if time.monotonic() > give_up:
                raise TimeoutError

    def wait(self, seconds: float) -> None:
        """Let the window work for so long."""
        end_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end_s)

    def settle(self) -> None:
        """Let everything that was asked for arrive and be painted."""
        for _ in range(SETTLED_ROUNDS):
            self.until(lambda: self.lanes.is_idle)
            self.app.processEvents()

    def shown(self, source: Source) -> tuple[ListView, ListModel]:
        """The list over a source, painted."""
        view = ListView(self.window)
        model = ListModel(ACCOUNT, columns_of(ACCOUNT), source, view)
        view.set_model(model)
        self.window.setCentralWidget(view)
        self.window.show()
        model.show(Listing("account"))
        self.until(lambda: model.rowCount() > 0)
        view.table.viewport().repaint()
        return view, model

    def steps(self, view: ListView) -> list[float]:
        """Scrolling down, a few rows at a time, each step painted."""
        bar, height = view.table.verticalScrollBar(), view.table.rowHeight(0)
        found: list[float] = []
        for _ in self.times(STEPS):
            before = time.perf_counter()
            bar.setValue(bar.value() + STEP_ROWS * height)
            view.table.viewport().repaint()
            self.app.processEvents()
            found.append(since_ms(before))
        return found

    def jumps(self, model: ListModel, view: ListView) -> list[float]:
        """Anywhere in the list, until it is painted there."""
        dice, found = random.Random(1), []
        for _ in self.times(JUMPS):
            landed: list[int] = []
            link = model.modelReset.connect(lambda landed=landed: landed.append(1))
            before = time.perf_counter()
            model.jump(dice.random())
            self.until(lambda landed=landed: bool(landed))
            view.table.viewport().repaint()
            found.append(since_ms(before))
            model.disconnect(link)
        return found


def list_job(folder: str) -> dict[str, float]:
    """Scroll steps against the same view over a Python list, in turn; jumps anywhere."""
    with closing(opened(folder)) as profile, closing(Bench(profile)) as bench:
        with profile.store.reader() as connection:
            rows = queries.page(connection, "account", limit=STEPS * STEP_ROWS + 400).rows
        floor: list[float] = []
        step: list[float] = []
        jump: list[float] = []
        for _ in range(2):
            view, _ = bench.shown(InMemory(rows))
            floor += bench.steps(view)
            view, model = bench.shown(StoreSource(bench.hub, model_columns()))
            step += bench.steps(view)
            jump += bench.jumps(model, view)
    return {"floor_ms": middle(floor), "step_ms": middle(step), "jump_p95_ms": share(jump, 0.95)}


def save_job(folder: str, *, indexing: bool = False) -> dict[str, float]:
    """From the order to save until the list shows the new value; with `indexing`, while the search
    index is being built, each at a moment when that has gone on again."""
    with closing(opened(folder)) as profile, closing(Bench(profile)) as bench:
        indexer = Indexer(profile.store, bench.hub, bench.lanes)
        if indexing:
            indexer.start()
        dice = random.Random(1)
        view, model = bench.shown(StoreSource(bench.hub, model_columns()))
        bench.hub.changed.connect(lambda summary: model.is_affected(summary) and model.refresh())
        found: list[float] = []
        for n in bench.times(SAVES):
            row = model.row_at(n % 10)
            assert row is not None
            if indexing:
                bench.wait(dice.uniform(*AT_WORK_S))
            new = {"phone": f"040-{n}-{time.time_ns()}"}
            told: list[int] = []
            link = model.dataChanged.connect(lambda *_, told=told: told.append(1))
            change = Change("account", RecordId(row.id), Op.SET, {**new}, {}, row.seq)
            before = time.perf_counter()
            bench.hub.save([change], "Edit", owner=view)
            bench.until(lambda told=told: bool(told))
            bench.app.processEvents()  # paints what has changed
            found.append(since_ms(before))
            model.disconnect(link)
            bench.hub.undo()
            bench.settle()
        indexer.stop()
    return {"p95_ms": share(found, 0.95)}


def card_job(folder: str) -> dict[str, float]:
    """From the choice of an account until its card, with a long timeline, is painted."""
    from crm_desktop.views.panes.accounts.card import AccountCardView

    with closing(opened(folder)) as profile, closing(Bench(profile)) as bench:
        accounts = [with_history(profile.store, n) for n in range(2)]
        view = AccountCardView(bench.hub, bench.window)
        bench.window.setCentralWidget(view)
        bench.window.show()
        found: list[float] = []
        for n in bench.times(CARDS):
            account = accounts[n % 2]
            before = time.perf_counter()
            view.show_record(account)
            bench.until(lambda account=account: view.card is not None and view.card.id == account)
            view.repaint()
            bench.app.processEvents()
            found.append(since_ms(before))
        assert view.card is not None
        assert view.card.entries >= ENTRIES
    return {"p95_ms": share(found, 0.95)}


def with_history(store: Store, number: int) -> RecordId:
    """An account with so many entries in its timeline; made once in a profile."""
    name = f"Bench {number}"
    with store.reader() as connection:
        known = connection.value("SELECT id FROM account WHERE name = ?", (name,))
    if known is not None:
        return RecordId(known.hex())
    account, now = store.new_id(), store.now()
    changes = [Change("account", account, Op.INSERT, {"name": name})]
    changes += [
        Change("interaction", store.new_id(), Op.INSERT,
               {"account": account, "medium": "phone", "at": now, "subject": f"Call {n}",
                "content": "What was said, in a sentence or two, as people write it."})
        for n in range(ENTRIES)
    ]  # fmt: skip
    for first in range(0, len(changes), STEP_CHANGES):
        commit(store, changes[first : first + STEP_CHANGES], label="Bench")
    return account


def arrival_job(folder: str) -> dict[str, float]:
    """How late a timer of the window's thread is during a first fetch, with the list open."""
    from crm_desktop.runtime.autosync import Autosync

    with closing(opened(folder)) as profile, closing(Bench(profile)) as bench:
        view = ListView(bench.window)
        model = ListModel(
            ACCOUNT, columns_of(ACCOUNT), StoreSource(bench.hub, model_columns()), view
        )
        view.set_model(model)
        bench.window.setCentralWidget(view)
        bench.window.show()
        bench.hub.changed.connect(lambda summary: model.is_affected(summary) and model.refresh())
        sync = Autosync(profile, bench.hub, bench.lanes)
        ended: list[int] = []
        sync.stood.connect(lambda standing: standing.state == "up_to_date" and ended.append(1))
        late: list[float] = []
        last = [time.perf_counter()]

        def tick() -> None:
            now = time.perf_counter()
            late.append(max((now - last[0]) * 1000 - TICK_MS, 0.0))
            last[0] = now

        timer = QTimer(timerType=Qt.TimerType.PreciseTimer, interval=TICK_MS)
        timer.timeout.connect(tick)
        model.show(Listing("account"))
        timer.start()
        sync.start()
        bench.until(lambda: bool(ended))
        timer.stop()
        sync.stop()
    return {"middle_ms": middle(late), "p99_ms": share(late, 0.99), "ticks": len(late)}


def model_columns() -> tuple[Column, ...]:
    """The columns of the list, as its source wants them."""
    return as_columns(ACCOUNT, columns_of(ACCOUNT))


def since_ms(before: float) -> float:
    return (time.perf_counter() - before) * 1000


def middle(figures: Sequence[float]) -> float:
    return share(figures, 0.5)


JOBS = {
    "list": list_job, "save": save_job, "arrival": arrival_job, "card": card_job,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]](*sys.argv[2:])), flush=True)
    os._exit(0)
