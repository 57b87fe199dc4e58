"""The pane over the demo company."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.insight.pane import InsightPane
from tests.support.demo import copied
from tests.views.insight.front import SIZE, ready


@pytest.fixture
def store(demo_company: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of the demo company."""
    made = copied(demo_company, tmp_path)
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
