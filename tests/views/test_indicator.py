"""The indicator at the foot of the rail: seven states in two lines, a number where it is narrow."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.sync_indicator import SyncIndicator, face_of
from crm_desktop.views.shell.window import Shell
from crm_desktop.views.theme.fonts import font

STATES = [
    (Standing("up_to_date", verified="09:41"), "check", "Up to date", "checked 09:41", 0),
    (Standing("up_to_date", verified="09:41", sparing=True),
     "check", "Up to date", "09:41 · metered", 0),
    (Standing("fetching", today_only=True, sparing=True),
     "sync", "Today is here", "the rest waits: metered", 0),
    (Standing("waiting", waiting=3), "pending", "3 waiting", "", 3),
    (
        Standing("waiting", waiting=2, sending=3, sent=1),
        "pending", "2 waiting", "sending, 2 of 3", 2,
    ),
    (
        Standing("waiting", waiting=4, files=3, files_sent=1, files_go=True, photos=True),
        "pending", "4 waiting", "sending photos 2/3", 4,
    ),
    (
        Standing("waiting", waiting=4, sending=4, files=3, files_go=True),
        "pending", "4 waiting", "sending files 1/3", 4,
    ),
    (
        Standing("waiting", waiting=4, files=3, sparing=True),
        "pending", "4 waiting", "files wait: metered", 4,
    ),
    (Standing("waiting", waiting=4, files=3), "pending", "4 waiting", "", 4),
    (Standing("fetching", fetched=41000), "sync", "Getting your data", "41,000 so far", 0),
    (Standing("fetching", today_only=True), "sync", "Today is here", "the rest follows", 0),
    (Standing("fetching", fetched=41000, in_sight=520000, today_only=True),
     "sync", "Today is here", "41k of 520k", 0),
    (Standing("fetching", paused=True), "pause", "More to fetch", "goes on by itself", 0),
    (
        Standing("offline", waiting=4, needs_you=3, since="08:40"),
        "offline", "Offline since 08:40", "4 waiting · 3 need you", 7,
    ),
    (
        Standing("offline", since="19 Nov", failure="transport"),
        "offline", "Offline since 19 Nov", "everything is safe here", 0,
    ),
    (
        Standing("trouble", waiting=4, since="08:40", failure="throttle"),
        "warning", "Server has a problem", "since 08:40 · 4 waiting", 4,
    ),
    (
        Standing("needs_you", needs_you=3, since="08:40", failure="protocol"),
        "warning", "Cannot synchronise", "since 08:40 · 3 need you", 3,
    ),
    (
        Standing("trouble", waiting=3, since="08:40", failure="outdated"),
        "warning", "Update needed", "since 08:40 · 3 waiting", 3,
    ),
    (Standing("needs_you", needs_you=5, verified="08:43"),
     "conflict", "5 need you", "last sync 08:43", 5),
    (Standing("signed_out"), "lock", "Sign in to sync", "everything is safe here", 0),
]  # fmt: skip


@pytest.mark.parametrize(("standing", "icon", "first", "second", "count"), STATES)
def test_it_says_how_things_stand(
    standing: Standing, icon: str, first: str, second: str, count: int
) -> None:
    face = face_of(standing)
    assert (face.icon, face.first, face.second, face.count) == (icon, first, second, count)


@pytest.mark.parametrize("standing", [x[0] for x in STATES])
def test_its_first_line_has_room(shell: Shell, standing: Standing) -> None:
    metrics, first = QFontMetrics(font("small_medium")), face_of(standing).first
    room = shell.indicator._second().width()
    assert metrics.elidedText(first, Qt.TextElideMode.ElideRight, room) == first


def test_being_offline_says_more_than_what_waits_for_a_decision() -> None:
    standing = Standing("needs_you", waiting=4, needs_you=3, since="08:40", failure="transport")
    face = face_of(standing)
    assert (face.first, face.second) == ("Offline since 08:40", "4 waiting · 3 need you")


def test_on_a_metered_network_it_says_what_that_means(shell: Shell) -> None:
    shell.show_standing(Standing("up_to_date", verified="09:41", sparing=True))
    room = shell.indicator._second().width()
    second = shell.indicator.face.second
    assert QFontMetrics(font("caption")).horizontalAdvance(second) <= room
    assert "every half hour" in shell.indicator.toolTip()
    assert "every half hour" in shell.indicator.accessibleDescription()
    shell.show_standing(Standing("up_to_date", verified="09:41"))
    assert shell.indicator.toolTip() == "Open the queue"


def test_offline_is_not_an_error() -> None:
    assert face_of(Standing("offline", since="08:40")).token == "ink2"


def test_it_is_spoken(shell: Shell) -> None:
    shell.show_standing(Standing("waiting", waiting=3, needs_you=1))
    assert shell.indicator.accessibleName() == "Synchronisation: 3 waiting. 1 needs you"


def test_a_long_fetch_can_be_cancelled(shell: Shell, qtbot: QtBot) -> None:
    shell.show_standing(Standing("fetching", fetched=41000))
    button = next(x for x in shell.indicator.findChildren(type(shell.indicator._cancel)))
    assert button.isVisible()
    with qtbot.waitSignal(shell.sync_cancelled):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_while_the_first_fetch_goes_on_what_is_empty_is_explained(shell: Shell) -> None:
    shell.show_standing(Standing("fetching", fetched=10))
    assert "on its way" in shell.banner.text
    shell.show_standing(Standing("fetching", fetched=20))
    assert shell.banner.isVisible()
    shell.show_standing(Standing("up_to_date", verified="09:41"))
    assert not shell.banner.isVisible()


def test_a_later_fetch_needs_no_explanation(shell: Shell) -> None:
    shell.show_standing(Standing("fetching", fetched=10, verified="09:41"))
    assert not shell.banner.isVisible()


def test_what_is_short_cannot_be_cancelled(shell: Shell) -> None:
    shell.show_standing(Standing("waiting", waiting=3))
    assert not shell.indicator._cancel.isVisible()


def test_pressed_it_opens_the_queue(shell: Shell, qtbot: QtBot) -> None:
    shell.show_standing(Standing("waiting", waiting=3))
    qtbot.mouseClick(shell.indicator, Qt.MouseButton.LeftButton)
    assert shell.rail.place == "inbox"


def test_signed_out_it_asks_to_sign_in(shell: Shell, qtbot: QtBot) -> None:
    shell.show_standing(Standing("signed_out"))
    with qtbot.waitSignal(shell.sign_in_asked):
        qtbot.mouseClick(shell.indicator, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("collapsed", [False, True])
def test_a_version_that_is_too_old_says_what_to_do_and_that_work_is_safe(
    qtbot: QtBot, collapsed: bool
) -> None:
    made = SyncIndicator()
    qtbot.addWidget(made)
    made.set_collapsed(collapsed=collapsed)
    made.show_standing(Standing("needs_you", waiting=2, needs_you=1, failure="outdated"))
    for words in ("too old for the server", "please update it", "unsent work is safe", "office"):
        assert words in made.toolTip()
    made.show_standing(Standing("up_to_date"))
    assert "update" not in made.toolTip()


def test_narrow_it_is_an_icon_with_its_words_in_the_tooltip(qtbot: QtBot) -> None:
    made = SyncIndicator()
    qtbot.addWidget(made)
    made.show_standing(Standing("fetching", fetched=10))
    made.set_collapsed(collapsed=True)
    assert "10 so far" in made.toolTip()
    assert not made._cancel.isVisible()
