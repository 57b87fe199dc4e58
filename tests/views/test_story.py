"""The story that is played where there is no display: what it types is stored, each picture lies
there."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from crm_desktop.models import queries
from crm_desktop.models.store import Store
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.shell.places import PLACES
from crm_desktop.views.shell.window import Shell
from crm_desktop.views.story import Set, Stage, whole_story


def test_the_story_types_a_number_saves_it_and_shows_every_pane(
    shell: Shell, store: Store, lanes: Lanes, qtbot: QtBot, tmp_path: Path
) -> None:
    ends: list[int] = []
    stage = Stage(Set(shell, lambda: shell, lambda: lanes.is_idle, ends.append))
    stage.play(whole_story(stage, tmp_path))
    qtbot.waitUntil(lambda: bool(ends), timeout=60_000)
    assert ends == [0]
    with store.reader() as c:
        phones = [row.values["phone"] for row in queries.page(c, "account").rows]
    assert phones.count("030-0074399") == 1
    names = {"story-1-typed", "story-2-saved", "story-3-inbox", *PLACES}
    assert {file.stem for file in tmp_path.glob("*.png")} == names
