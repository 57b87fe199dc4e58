"""What the window asks for when a profile is locked or missing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.errors import NotAllowed, Unavailable
from crm_core.i18n import Message
from crm_core.ids import DeviceId, RecordId
from crm_desktop import i18n
from crm_desktop.desktop import Desktop
from crm_desktop.keychain import KeyGone
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.options import Demo, Options
from crm_desktop.profile import NoProfile, PassphraseNeeded, Profile
from crm_desktop.settings import Settings, save
from crm_desktop.signing import Credentials
from crm_desktop.views.sign_in import SignInPage, SignInWords

DEMO = Demo("http://127.0.0.1:9", "northwind", (("nancy", "Sales"), ("fuller", "Lead")))


class Opener:
    """Opens after it was given the right passphrase."""

    def __init__(self, store: Store, error: Exception | None) -> None:
        self.store = store
        self.error = error
        self.asked: list[str | None] = []
        self.copied = False

    def __call__(self, path: Path, passphrase: str | None) -> Profile:
        self.asked.append(passphrase)
        if self.error is not None and passphrase != "right":
            raise self.error
        settings = SimpleNamespace(
            server="http://127.0.0.1:9", organisation="northwind", login="nancy", key_kept="keyring"
        )
        return cast(
            "Profile",
            SimpleNamespace(
                store=self.store, settings=settings, close=lambda: None, was_copied=self.copied
            ),
        )  # fmt: skip


@pytest.fixture
def start(qapp: QApplication, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made: list[Desktop] = []
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    monkeypatch.setattr("crm_desktop.runtime.autosync.Autosync.start", lambda _self: None)

    def begin(error: Exception | None, demo: Demo | None = None) -> Desktop:
        options = Options(profile=tmp_path, demo=demo)
        desktop = Desktop(options, qapp, Opener(store, error))
        made.append(desktop)
        desktop.start()
        return desktop

    yield begin
    for desktop in made:
        desktop.window.close()
        desktop.close()
        desktop.window.deleteLater()


def front(desktop: Desktop) -> object:
    return desktop.window.pages.currentWidget()


def test_an_open_profile_shows_the_shell(start: Any, qtbot: QtBot) -> None:
    desktop = start(None)
    qtbot.waitUntil(lambda: desktop.shell is not None)
    assert front(desktop) is desktop.shell


def test_a_locked_profile_asks_for_its_passphrase_alone(start: Any, qtbot: QtBot) -> None:
    desktop = start(PassphraseNeeded("locked"))
    page = desktop.page
    qtbot.waitUntil(lambda: front(desktop) is page)
    assert (page._passphrase.isVisible(), page._password.isVisible()) == (True, False)
    qtbot.keyClicks(page._passphrase, "right")
    page.submit()
    qtbot.waitUntil(lambda: desktop.shell is not None)
    assert front(desktop) is desktop.shell


def known_at(folder: Path) -> None:
    kept = Settings(
        "http://127.0.0.1:9", "northwind", "nancy", RecordId("1" * 32), DeviceId("2" * 32),
        "passphrase", "key",
    )  # fmt: skip
    save(folder, kept)


def test_who_forgot_the_passphrase_signs_in_with_a_new_one(
    start: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path
) -> None:
    asked: list[tuple[object, ...]] = []

    def sign_in(*arguments: object) -> Profile:
        asked.append(arguments[1:])
        return Opener(store, None)(Path(), None)

    monkeypatch.setattr("crm_desktop.desktop.sign_in_with", sign_in)
    known_at(tmp_path)
    desktop = start(PassphraseNeeded("locked"))
    page = desktop.page
    qtbot.waitUntil(lambda: front(desktop) is page)
    qtbot.keyClicks(page._passphrase, "was it this one?")
    page._forgot.click()
    assert (page._login.text(), page._passphrase.text()) == ("nancy", "")
    assert not page._forgot.isVisible()
    qtbot.keyClicks(page._password, "sesame")
    qtbot.keyClicks(page._passphrase, "a new one")
    page.submit()
    qtbot.waitUntil(lambda: desktop.shell is not None)
    wanted = Credentials("http://127.0.0.1:9", "northwind", "nancy", "sesame", forgot=True)
    assert asked == [(wanted, "a new one")]


def test_a_profile_whose_key_is_with_the_server_asks_for_the_password_and_says_why(
    start: Any, qtbot: QtBot, tmp_path: Path
) -> None:
    known_at(tmp_path)
    desktop = start(KeyGone("too long away"))
    page = desktop.page
    qtbot.waitUntil(page._problem.isVisible)
    assert page._problem.words[0] == "too long away"
    assert (page._login.text(), page._password.isVisible()) == ("nancy", True)


def test_a_window_that_stays_open_too_long_without_the_server_is_locked(
    start: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [False]
    monkeypatch.setattr("crm_desktop.desktop.is_overdue", lambda _: days[0])
    desktop = start(None)
    qtbot.waitUntil(lambda: desktop.shell is not None)
    desktop._autosync.run_ended.emit(Unavailable("nobody answers"))
    qtbot.waitUntil(lambda: desktop.lanes.is_idle)
    assert front(desktop) is desktop.shell
    days[0], desktop._opener.error = True, KeyGone("too long away")
    desktop._autosync.run_ended.emit(Unavailable("nobody answers"))
    qtbot.waitUntil(lambda: front(desktop) is desktop.page)
    assert desktop.page._problem.words[0] == "too long away"


def test_who_works_on_a_copied_installation_is_told(
    start: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    def sign_in(*_arguments: object) -> Profile:
        opener = Opener(store, None)
        opener.copied = True
        return opener(Path(), None)

    monkeypatch.setattr("crm_desktop.desktop.sign_in_with", sign_in)
    desktop = start(NoProfile("nobody"), DEMO)
    qtbot.waitUntil(lambda: front(desktop) is desktop.page)
    desktop.page._list.setCurrentRow(0)
    desktop.page.submit()
    qtbot.waitUntil(lambda: desktop.shell is not None)
    assert "a device of its own" in desktop.shell.banner._words.text()


def test_a_wrong_passphrase_is_said_and_can_be_mended(start: Any, qtbot: QtBot) -> None:
    desktop = start(PassphraseNeeded("locked"))
    page = desktop.page
    qtbot.waitUntil(lambda: front(desktop) is page)
    desktop._opener.error = NotAllowed("The passphrase is wrong.")
    qtbot.keyClicks(page._passphrase, "wrong")
    page.submit()
    qtbot.waitUntil(page._problem.isVisible)
    assert page._problem.words == ("The passphrase is wrong.", "")
    assert page.isEnabled()
    assert page._passphrase.text() == "wrong"
    assert page.focusWidget() is page._passphrase


def test_the_demo_lists_who_there_is(start: Any, qtbot: QtBot) -> None:
    desktop = start(NoProfile("nobody"), DEMO)
    page = desktop.page
    qtbot.waitUntil(lambda: front(desktop) is page)
    assert [page._list.item(n).text() for n in range(2)] == ["nancy – Sales", "fuller – Lead"]
    page._list.setCurrentRow(1)
    assert (page._login.text(), page._password.text()) == ("fuller", "demo")
    assert page._server.text() == "http://127.0.0.1:9"


def test_a_save_at_the_moment_of_withdrawal_is_left_with_the_server(
    start: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    taken: list[bytes] = []
    destroyed: list[bytes] = []
    monkeypatch.setattr(
        "crm_desktop.signing.destroy_key", lambda _: destroyed.append(Outbox(store).unsent())
    )
    monkeypatch.setattr("crm_desktop.signing._leave_files", lambda _: None)
    desktop = start(None)
    qtbot.waitUntil(lambda: desktop.shell is not None)
    desktop._profile.session = SimpleNamespace(park=taken.append)
    left, hub = Outbox(store).unsent(), desktop.hub
    hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "Late"})], "New", owner=hub)
    desktop._autosync.withdrawn.emit(left)
    qtbot.waitUntil(lambda: front(desktop) is desktop.page)
    assert b"Late" in taken[0]
    assert destroyed == taken


def test_what_a_withdrawn_device_cannot_leave_is_shown_again(
    start: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    def park(_body: bytes) -> None:
        raise Unavailable("gone")

    desktop = start(None)
    qtbot.waitUntil(lambda: desktop.shell is not None)
    before = desktop.shell
    desktop._profile.session = SimpleNamespace(park=park)
    desktop._autosync.withdrawn.emit(b"[] as of yesterday")
    qtbot.waitUntil(lambda: desktop.shell not in (None, before))
    assert front(desktop) is desktop.shell


def test_signing_in_makes_the_profile_and_opens_it(
    start: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    asked: list[tuple[object, ...]] = []

    def sign_in(*arguments: object) -> Profile:
        asked.append(arguments[1:])
        return Opener(store, None)(Path(), None)

    monkeypatch.setattr("crm_desktop.desktop.sign_in_with", sign_in)
    desktop = start(NoProfile("nobody"), DEMO)
    qtbot.waitUntil(lambda: front(desktop) is desktop.page)
    desktop.page._list.setCurrentRow(0)
    desktop.page.submit()
    qtbot.waitUntil(lambda: desktop.shell is not None)
    wanted = Credentials("http://127.0.0.1:9", "northwind", "nancy", "demo")
    assert asked == [(wanted, "demo")]


def test_a_server_that_is_away_is_said_on_the_page(
    start: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sign_in(*_arguments: object) -> Profile:
        raise Unavailable("The server does not answer; nothing was changed.")

    monkeypatch.setattr("crm_desktop.desktop.sign_in_with", sign_in)
    desktop = start(NoProfile("nobody"), DEMO)
    qtbot.waitUntil(lambda: front(desktop) is desktop.page)
    desktop.page._login.setText("nancy")
    desktop.page.submit()
    qtbot.waitUntil(desktop.page._problem.isVisible)
    assert "does not answer" in desktop.page._problem.words[0]
    assert desktop.page._login.text() == "nancy"


def test_enter_on_a_login_of_the_demo_signs_in(qtbot: QtBot) -> None:
    page = demo_page(qtbot)
    page._list.setCurrentRow(1)
    with qtbot.waitSignal(page.submitted) as told:
        enter = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(page._list, enter)
    assert told.args is not None
    assert (told.args[0].login, told.args[0].password) == ("fuller", "demo")
    assert page._waiting.isVisible()


def test_a_page_that_is_asked_again_can_be_typed_into(qtbot: QtBot) -> None:
    page = demo_page(qtbot)
    page.submit()
    assert not page.isEnabled()
    page.ask_sign_in(SignInWords("http://x", "northwind", "nancy"), with_passphrase=False)
    assert page.isEnabled()
    assert not page._waiting.isVisible()
    assert page._server.text() == "http://x"


@pytest.mark.parametrize("size", [(1280, 800), (640, 400), (512, 320)])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_nothing_on_the_page_is_cut_in_a_small_window(
    qtbot: QtBot, size: tuple[int, int], language: str
) -> None:
    i18n.set_language(language)
    page = demo_page(qtbot)
    page.resize(*size)
    page.show_problem(Message("The server does not answer; nothing was changed. " * 3))
    for ask in (lambda: page.offer_demo(DEMO.logins, "demo", "demo"), page.ask_return):
        ask()
        QApplication.sendPostedEvents()
        assert cut(page) == []
    i18n.set_language("en")


def demo_page(qtbot: QtBot) -> SignInPage:
    page = SignInPage()
    qtbot.addWidget(page)
    page.ask_sign_in(SignInWords(DEMO.server, DEMO.organisation), with_passphrase=True)
    page.offer_demo(DEMO.logins, DEMO.password, DEMO.passphrase)
    page.show()
    qtbot.waitExposed(page)
    return page


def cut(page: QWidget) -> list[str]:
    """What is lower than its words are high."""
    labels = [
        label.text() for label in page.findChildren(QLabel)
        if label.isVisible() and label.height() < label.heightForWidth(label.width())
    ]  # fmt: skip
    lines = [x.accessibleName() for x in page.findChildren(QLineEdit)
             if x.isVisible() and x.height() < x.minimumSizeHint().height()]  # fmt: skip
    return labels + lines
