"""The pane over the demo company."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.insight.pane import InsightPane
from tests.support.demo import demo_store
from tests.views.company import KEY, NOW
from tests.views.insight.front import SIZE, ready


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the demo company, made once."""
    made = demo_store(tmp_path_factory.mktemp("company"))
    made.checkpoint()
    made.close()
    return made.path


@pytest.fixture
def store(company: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of the demo company."""
    file = tmp_path / company.name
    shutil.copy(company, file)
    made = Store.open(file, KEY, clock=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def pane(hub: DataHub, qtbot: QtBot) -> InsightPane:
    """The pane in front, with its first board drawn."""
    made = InsightPane(hub)
    qtbot.addWidget(made)
    made.resize(*SIZE)
    hub.changed.connect(made.take_summary)
    with qtbot.waitExposed(made):
        made.show()
    ready(qtbot, made)
    return made
