"""A store in lanes behind a hub: what a pane needs to live."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.shell.window import Shell
from crm_desktop.views.theme import theme
from tests.support.records import new_id, values_for
from tests.views.company import KEY, NOW, make_store, people
from tests.views.front import InFront, P

EACH = 3


@dataclass(frozen=True)
class Stocked:
    """A closed store with a few records of every kind, and their ids by kind."""

    path: Path
    ids: dict[str, tuple[RecordId, ...]]


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Stocked:
    """What every `store` is a copy of."""
    rng, rows = Random(1), []
    me, li = new_id(rng), new_id(rng)
    known = {"user": [me, li]}
    rows += people(me, (li, "Li Ming"))
    for kind, entity in CATALOG.items():
        if kind in ("user", "conflict"):
            continue
        for _ in range(EACH):
            record_id = new_id(rng)
            rows.append((kind, record_id, values_for(entity, rng, known)))
            known.setdefault(kind, []).append(record_id)
    made = make_store(tmp_path_factory.mktemp("stocked"), rows, user=me)
    made.checkpoint()
    made.close()
    return Stocked(made.path, {kind: tuple(ids) for kind, ids in known.items()})


@pytest.fixture(autouse=True)
def own_clothes() -> Iterator[None]:
    """What a test makes the application wear, the next one does not, even if it failed half-way.
    Windows that were closed go first: no loop has deleted them yet, and each would be dressed."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    worn, application = theme.theme(), QApplication.instance()
    is_usual = (worn.name, worn.density, worn.language) == ("light", "compact", "")
    if not is_usual and isinstance(application, QApplication):
        theme.install(application, "light")


@pytest.fixture(autouse=True)
def free_hands() -> Iterator[None]:
    """What a test holds down on the keyboard, the next one does not: a list takes Ctrl and Shift
    into account whenever a row is selected."""
    yield
    if QApplication.instance() is None:
        return
    if QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyClick(QWidget(), Qt.Key.Key_Escape)
        assert QApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier


@pytest.fixture
def known() -> dict[str, list[RecordId]]:
    """The ids of the records in `store`, by kind."""
    return {}


@pytest.fixture
def store(stocked: Stocked, tmp_path: Path, known: dict[str, list[RecordId]]) -> Iterator[Store]:
    """A store with a few records of every kind."""
    known.update((kind, list(ids)) for kind, ids in stocked.ids.items())
    path = shutil.copyfile(stocked.path, tmp_path / stocked.path.name)
    made = Store.open(path, KEY, clock=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def lanes(qapp: object) -> Iterator[Lanes]:
    """Running lanes. As in the program, no garbage dies on one of them (`runtime.sweeper`)."""
    gc.disable()
    made = Lanes()
    yield made
    made.close()
    gc.enable()


@pytest.fixture
def hub(store: Store, lanes: Lanes) -> DataHub:
    """The hub of `store`."""
    return DataHub(store, lanes)


@pytest.fixture
def rest(lanes: Lanes, qtbot: QtBot):
    """Call it to wait until nothing is on its way any more."""
    return lambda: qtbot.waitUntil(lambda: lanes.is_idle, timeout=10_000)


@pytest.fixture
def in_front(hub: DataHub, qtbot: QtBot, rest: Callable[[], None]) -> InFront:
    """Call it with a pane of `hub` and its size: it stands there, with all that it reads."""

    def show(pane: P, width: int, height: int) -> P:
        qtbot.addWidget(pane)
        hub.changed.connect(pane.take_summary)
        pane.resize(width, height)
        pane.show()
        rest()
        return pane

    return show


@pytest.fixture
def shell(hub: DataHub, qtbot: QtBot, rest: Callable[[], None]) -> Shell:
    """The real window over the store."""
    made = Shell(hub)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    rest()
    return made
