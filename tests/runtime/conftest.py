"""A store, the lanes over it and the hub: what most of the runtime's tests begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from tests.views.company import make_store, people


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    me = new_uuid7()
    made = make_store(tmp_path, people(me), user=me)
    yield made
    made.close()


@pytest.fixture
def lanes(qapp: object) -> Iterator[Lanes]:
    made = Lanes()
    yield made
    made.close()


@pytest.fixture
def hub(store: Store, lanes: Lanes) -> DataHub:
    return DataHub(store, lanes)
