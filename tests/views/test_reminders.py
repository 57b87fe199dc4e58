"""What is due stands in a bar and is told to the desktop: once, neutrally, and it can wait."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_desktop import i18n
from crm_desktop.models import journal
from crm_desktop.models.reminding import Note
from crm_desktop.models.store import Store
from crm_desktop.runtime import reminding as reminding_module
from crm_desktop.runtime.bus_notices import BusNotices, open_bus
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.reminding import Reminding
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.shell.notices import Notices, TrayNotices
from crm_desktop.views.shell.reminder_bar import ReminderBar
from crm_desktop.views.shell.reminder_desk import ReminderDesk
from tests.support.records import new_id
from tests.support.secret_service import ADDRESS, BUS
from tests.views.company import make_store, people, receive

RNG = Random(5)
ME, CALL, OFFER, LI, SEND = (new_id(RNG) for _ in range(5))
FRIDAY = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


class Clock:
    """A clock that a test moves."""

    now = FRIDAY

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += dt.timedelta(**delta)


class FakeTray:
    """A tray's icon that is only in the test: the machine has no tray."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self.is_shown = False
        self.menu: QMenu | None = None

    def show(self) -> None:
        self.is_shown = True

    def hide(self) -> None:
        self.is_shown = False

    def setContextMenu(self, menu: QMenu, /) -> None:  # noqa: N802
        self.menu = menu

    def showMessage(self, title: str, msg: str, icon: QIcon, /) -> None:  # noqa: N802
        assert isinstance(icon, QIcon)
        self.messages.append((title, msg))

    def press(self, words: str) -> None:
        assert self.menu is not None
        next(x for x in self.menu.actions() if words in x.text()).trigger()


class FakeShell(QWidget):
    """What the desk asks of the shell."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[tuple[str, str]] = []
        self.bars: list[QWidget] = []

    def put_above(self, line: QWidget) -> None:
        self.bars.append(line)

    def open_record(self, kind: str, record_id: str) -> None:
        self.opened.append((kind, record_id))

    def show_place(self, name: str) -> None:
        self.opened.append(("place", name))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    i18n.set_language("en")
    rows = [*people(ME)]
    for record, title, at in ((CALL, "Call Mr Wang", "2026-11-20T09:00:00Z"),
                              (OFFER, "Offer", "2026-11-20T10:00:00Z")):  # fmt: skip
        rows.append(("task", record, {"title": title, "remind_at": at, "assignee": ME}))
    made = make_store(tmp_path, rows, user=ME)
    yield made
    made.close()


@pytest.fixture
def hub(store: Store, lanes: Lanes) -> DataHub:
    return DataHub(store, lanes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reminding(
    store: Store, hub: DataHub, lanes: Lanes, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reminding]:
    monkeypatch.setattr(reminding_module, "QUIET_MS", 0)
    made = Reminding(store, hub, lanes, now=clock)
    yield made
    made.stop()


Desk = Callable[[str], tuple[ReminderDesk, FakeTray, FakeShell]]


@pytest.fixture
def desk(reminding: Reminding, lanes: Lanes, clock: Clock, qtbot: QtBot) -> Desk:
    """A desk with a fake tray, liked as asked."""

    def make(likes: str) -> tuple[ReminderDesk, FakeTray, FakeShell]:
        shell, tray = FakeShell(), FakeTray()
        qtbot.addWidget(shell)
        made = ReminderDesk(reminding, lanes, shell, likes, shell)

        def find(window: QWidget, _bus: object) -> Notices:
            return Notices(TrayNotices(tray, QIcon(), window), window, now=clock)

        made.find = find
        made.attach(shell)  # type: ignore[arg-type]  # as much of the shell as it asks for
        return made, tray, shell

    return make


def bar_of(desk: ReminderDesk) -> ReminderBar:
    assert desk.bar is not None
    return desk.bar


def test_a_fake_tray_is_told_neutrally_while_the_window_says_what_it_is(
    desk: Desk, reminding: Reminding, qtbot: QtBot
) -> None:
    made, tray, _ = desk("neutral")
    reminding.work()
    qtbot.waitUntil(lambda: bool(tray.messages))
    assert tray.messages == [("CRM Desktop", "A task is due.")]
    assert "Call Mr Wang" in bar_of(made).words
    assert tray.is_shown


def test_a_notification_says_more_only_where_somebody_wants_that(
    desk: Desk, reminding: Reminding, qtbot: QtBot
) -> None:
    _, tray, _ = desk("details")
    reminding.work()
    qtbot.waitUntil(lambda: bool(tray.messages))
    assert "Call Mr Wang" in tray.messages[0][1]


def test_who_wants_none_gets_none(desk: Desk, reminding: Reminding, rest) -> None:
    made, tray, _ = desk("off")
    reminding.work()
    rest()
    assert tray.messages == []
    assert "Call Mr Wang" in bar_of(made).words


def test_what_was_missed_is_told_together_and_once(
    desk: Desk, reminding: Reminding, clock: Clock, qtbot: QtBot, rest
) -> None:
    _, tray, _ = desk("neutral")
    clock.move(hours=2)
    reminding.work()
    qtbot.waitUntil(lambda: bool(tray.messages))
    reminding.work()
    rest()
    assert tray.messages == [("CRM Desktop", "2 reminders are due.")]


@pytest.mark.parametrize(
    "values",
    [
        {"assignee": ME, "supervisor": LI},
        {"assignee": LI, "supervisor": ME, "supervision_reply": "Sent"},
    ],
)
def test_of_supervision_one_is_told_once_though_time_goes_on_and_the_record_changes(
    desk: Desk, reminding: Reminding, clock: Clock, store: Store, rest, values: dict[str, Value]
) -> None:  # fmt: skip
    _, tray, _ = desk("neutral")
    clock.now = FRIDAY - dt.timedelta(days=1)  # before any reminder
    for minute in range(3):
        receive(store, [("task", SEND, {"title": f"Send {minute}", **values})])
        with store.writing() as c:
            c.run(
                "UPDATE task SET updated_at = ?, updated_by = ? WHERE id = ?",
                (instant_of(clock.now), bytes.fromhex(LI), bytes.fromhex(SEND)),
            )
        reminding.work()
        rest()
        clock.move(minutes=1)
    assert len(tray.messages) == 1


def test_what_is_put_off_in_the_tray_comes_again(
    desk: Desk, reminding: Reminding, clock: Clock, qtbot: QtBot, rest
) -> None:
    made, tray, _ = desk("neutral")
    reminding.work()
    qtbot.waitUntil(lambda: bool(tray.messages))
    tray.press("5 minutes")
    rest()
    assert bar_of(made).isHidden()
    assert not tray.is_shown
    clock.move(minutes=4)
    reminding.work()
    rest()
    assert len(tray.messages) == 1
    clock.move(minutes=1)
    reminding._look()
    qtbot.waitUntil(lambda: len(tray.messages) == 2)


def test_opening_leads_there_and_has_done_with_it(
    desk: Desk, reminding: Reminding, qtbot: QtBot, rest
) -> None:
    made, tray, shell = desk("neutral")
    reminding.work()
    qtbot.waitUntil(lambda: bool(tray.messages))
    QTest.mouseClick(bar_of(made).open_button, Qt.MouseButton.LeftButton)
    rest()
    assert shell.opened == [("task", CALL)]
    assert bar_of(made).isHidden()


def test_the_ways_to_wait_are_minutes_an_hour_the_next_working_morning_and_an_own_time(
    reminding: Reminding, clock: Clock, qtbot: QtBot
) -> None:
    bar = ReminderBar(now=clock)
    qtbot.addWidget(bar)
    words = [action.text() for action in bar.menu().actions() if action.text()]
    assert words[:2] == ["5 minutes", "1 hour"]
    assert words[2] == "23 Nov 09:00"  # today is a Friday
    assert len(bar.menu().findChildren(QWidget)) > 1


def test_a_save_that_makes_something_due_is_noticed(
    desk: Desk, reminding: Reminding, hub: DataHub, store: Store, qtbot: QtBot
) -> None:
    _, tray, _ = desk("neutral")
    reminding._clock.start()
    values: dict[str, Value] = {"title": "New", "assignee": ME, "remind_at": "2026-11-20T09:20:00Z"}
    hub.write(
        lambda s: journal.commit(s, [Change("task", s.new_id(), Op.INSERT, values)], label="New"),
        owner=hub,
    )
    qtbot.waitUntil(lambda: bool(tray.messages))


def test_more_that_waits_for_a_decision_is_told_once_a_batch(
    desk: Desk, reminding: Reminding, clock: Clock, qtbot: QtBot, rest
) -> None:
    _, tray, shell = desk("neutral")
    reminding._clock.start()
    reminding.dismiss([])
    clock.now = FRIDAY - dt.timedelta(days=1)  # before any reminder
    for needs in (2, 5, 5):
        reminding.note_standing(Standing(needs_you=needs))
    qtbot.waitUntil(lambda: bool(tray.messages))
    rest()
    assert tray.messages == [("CRM Desktop", "Something waits for your decision.")]
    tray.press("Open record")
    rest()
    assert shell.opened == [("place", "inbox")]


def test_what_waited_already_at_the_start_is_not_told(
    desk: Desk, reminding: Reminding, clock: Clock, rest
) -> None:
    _, tray, _ = desk("neutral")
    clock.now = FRIDAY - dt.timedelta(days=1)
    reminding.note_standing(Standing(needs_you=3))
    reminding.work()
    rest()
    assert tray.messages == []


# Over a real message bus


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """A message bus of the test, and on it a small notification daemon that presses an action."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("no message bus here (Debian: dbus)")
    address, running = f"unix:path={tmp_path / 'bus'}", []
    (tmp_path / "bus.conf").write_text(BUS.format(address=address))
    command = ["dbus-daemon", f"--config-file={tmp_path / 'bus.conf'}", "--nofork", "--nopidfile"]
    running.append(begin(command, {}))
    wait_for((tmp_path / "bus").exists)
    monkeypatch.setenv(ADDRESS, address)

    def start(action: str) -> Path:
        log = tmp_path / "notified"
        words = [sys.executable, "-m", "tests.support.notification_daemon", str(log), action]
        running.append(begin(words, {ADDRESS: address}))
        wait_for(log.exists)
        return log

    yield start
    for process in reversed(running):
        process.terminate()
        process.wait(timeout=10)


def begin(words: list[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, env={**os.environ, **more}, stdout=quiet, stderr=quiet)


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=15)
    while not holds():
        assert dt.datetime.now(dt.UTC) < deadline
        QTest.qWait(10)


def lines(log: Path) -> list[list[object]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_real_daemon_shows_it_and_what_is_pressed_there_is_heard(
    daemon: Callable[[str], Path], store: Store, clock: Clock, qtbot: QtBot
) -> None:
    log = daemon("60")
    bus = open_bus()
    assert bus is not None
    parent = QWidget()
    qtbot.addWidget(parent)
    notices = Notices(BusNotices(bus, parent), parent, now=clock)
    with qtbot.waitSignal(notices.put_off) as put_off:
        notices.tell(due(store, clock), "neutral")
    assert put_off.args == [FRIDAY + dt.timedelta(hours=1)]
    (application, title, body, actions, replaced) = lines(log)[0]
    assert (application, title, body) == ("crm-desktop", "CRM Desktop", "A task is due.")
    assert isinstance(actions, list)
    assert actions[:4] == ["default", "", "open", "Open record"]
    assert replaced == 0
    notices.follow([])
    qtbot.waitUntil(lambda: ["closed", 1] in lines(log))
    notices.close()


def due(store: Store, clock: Clock) -> tuple[Note, ...]:
    from crm_desktop.models.reminding import read_outlook

    with store.reader() as c:
        return read_outlook(c, RecordId(ME), clock.now).due


def test_without_anybody_who_shows_notifications_there_are_none(
    daemon: Callable[[str], Path],
) -> None:
    assert open_bus() is None


def test_without_a_bus_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, "unix:path=/nowhere")
    assert open_bus() is None
