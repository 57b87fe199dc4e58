"""A store in lanes behind a hub: what a pane needs to live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.shell import Shell
from tests.support.records import new_id, values_for
from tests.views.company import make_store, people

EACH = 3


@pytest.fixture
def known() -> dict[str, list[RecordId]]:
    """The ids of the records in `store`, by kind."""
    return {}


@pytest.fixture
def store(tmp_path: Path, known: dict[str, list[RecordId]]) -> Iterator[Store]:
    """A store with a few records of every kind."""
    rng, rows = Random(1), []
    me, li = new_id(rng), new_id(rng)
    known["user"] = [me, li]
    rows += people(me, (li, "Li Ming"))
    for kind, entity in CATALOG.items():
        if kind in ("user", "conflict"):
            continue
        for _ in range(EACH):
            record_id = new_id(rng)
            rows.append((kind, record_id, values_for(entity, rng, known)))
            known.setdefault(kind, []).append(record_id)
    made = make_store(tmp_path, rows, user=me)
    yield made
    made.close()


@pytest.fixture
def lanes(qapp: object) -> Iterator[Lanes]:
    """Running lanes."""
    made = Lanes()
    yield made
    made.close()


@pytest.fixture
def hub(store: Store, lanes: Lanes) -> DataHub:
    """The hub of `store`."""
    return DataHub(store, lanes)


@pytest.fixture
def rest(lanes: Lanes, qtbot: QtBot):
    """Call it to wait until nothing is on its way any more."""
    return lambda: qtbot.waitUntil(lambda: lanes.is_idle, timeout=10_000)


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
