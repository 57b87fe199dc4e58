"""Every pane in a language twice as long, and mirrored: nothing is cut off, nothing escapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.shell.abilities import Chooses
from crm_desktop.views.shell.places import PLACES
from crm_desktop.views.shell.window import Shell
from crm_desktop.views.theme import theme
from tests.views.strange_words import clipped, speaking_strangely, stretched
from tests.views.test_inbox import OTHER, park, refuse, write

Rest = Callable[[], None]

places = pytest.mark.parametrize("place", list(PLACES))


@pytest.fixture(scope="module")
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    """The application in its theme; undressed afterwards. Changing clothes takes longer than most
    of what is looked at here."""
    sheet, font, palette = qapp.styleSheet(), qapp.font(), qapp.palette()
    theme.install(qapp, "light")
    yield qapp
    qapp.setStyleSheet(sheet)
    qapp.setFont(font)
    qapp.setPalette(palette)


@pytest.fixture
def strange(dressed: QApplication) -> Iterator[None]:
    with speaking_strangely():
        yield


@pytest.fixture
def mirrored(dressed: QApplication) -> Iterator[None]:
    dressed.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    dressed.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.fixture
def undecided(store: Store, known: dict[str, list[RecordId]]) -> None:
    """An account with two conflicts, and refused work on another one."""
    account, me = known["account"][0], store.identity.user
    write(store, known["account"][1], industry="Bakery")
    refuse(store)
    park(store, f"account/{account}", "phone", "1", "030-2", me)
    park(store, f"account/{account}", "description", "", "Mine.", me, conflict=OTHER)


def open_place(hub: DataHub, qtbot: QtBot, rest: Rest, place: str) -> Shell:
    """The real window with one place in front and its first entry open."""
    shell = Shell(hub)
    qtbot.addWidget(shell)
    shell.resize(1280, 800)
    shell.show()
    qtbot.waitExposed(shell)
    shell.show_place(place)
    rest()
    if isinstance(shell.innermost, Chooses):
        shell.innermost.choose_first()
    rest()
    return shell


def test_the_strange_language_is_twice_as_long_and_keeps_what_is_filled_in() -> None:
    with speaking_strangely():
        assert tr(tr_noop("Save")) == "[Save Save]"
        assert tr(tr_noop("{count} fields"), count=3) == "[3 fields fields]"
    assert stretched("{name}") == "[{name}]"


@places
def test_nothing_is_cut_off_in_a_language_twice_as_long(
    place: str, strange: None, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    shell = open_place(hub, qtbot, rest, place)
    assert clipped(shell) == []


@places
def test_nothing_is_cut_off_from_right_to_left(
    place: str, mirrored: None, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    shell = open_place(hub, qtbot, rest, place)
    assert clipped(shell) == []
    assert shell.layoutDirection() == Qt.LayoutDirection.RightToLeft


@pytest.mark.parametrize("look", ["strange", "mirrored"])
def test_a_conflict_and_refused_work_are_readable_too(
    look: str, request: pytest.FixtureRequest, undecided: None, hub: DataHub, qtbot: QtBot,
    rest: Rest,
) -> None:  # fmt: skip
    request.getfixturevalue(look)
    shell = open_place(hub, qtbot, rest, "inbox")
    pane = shell.innermost
    assert isinstance(pane, InboxPane)
    pane.dispute.take_all(mine=True)
    assert clipped(shell) == []
    pane.side.tree.choose_next()
    rest()
    assert pane.shown is pane.stuck
    assert clipped(shell) == []


@places
def test_our_words_are_translated_wherever_they_stand(
    place: str, strange: None, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    """A label of several words without brackets was never given to the translators, unless it is
    what a customer typed."""
    shell = open_place(hub, qtbot, rest, place)
    ours = {x.text() for x in shell.findChildren(QLabel) if x.isVisible() and "[" in x.text()}
    assert ours
