"""Erasing a person in the window: who may is offered it, it is confirmed by his name, and what the
server says is shown; handing out what is held."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from crm_core.errors import CrmError, NotAllowed, Unavailable
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import PersonErased, PersonHeld
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.privacy import PrivacyDesk
from crm_desktop.sync.session import Session
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.person_menu import COPY, ERASE, EXPORT, PersonMenu
from crm_desktop.views.shell.erase_sheet import EraseSheet
from crm_desktop.views.shell.window import Shell
from crm_desktop.views.theme import theme
from tests.views.company import make_store, receive
from tests.views.strange_words import clipped, speaking_strangely

Rest = Callable[[], None]
ME, PLACE, ACCOUNT, MARIA, SWITCH, LINK = (RecordId(f"{n:032x}") for n in range(1, 7))
NAME = "Maria  Anders"


class Office:
    """A server that counts, erases and hands out."""

    def __init__(self) -> None:
        self.problem: CrmError | None = None
        self.erased: list[tuple[str, str]] = []
        self.left_out = 0

    def person_held(self, kind: str, record_id: str) -> PersonHeld:
        self._fail()
        return PersonHeld(records=2, changes=7, files=1, linked=12)

    def erase_person(self, kind: str, record_id: str) -> PersonErased:
        self._fail()
        self.erased.append((kind, record_id))
        return PersonErased(records=2, changes=7, files=1)

    def export_person(self, kind: str, record_id: str) -> bytes:
        self._fail()
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("person.json", json.dumps({"left_out": self.left_out}))
        return made.getvalue()

    def _fail(self) -> None:
        if self.problem is not None:
            raise self.problem


def switched(level: str) -> tuple[str, RecordId, Mapping[str, Value]]:
    values = {"role": "*", "entity": "policy", "action": "erasing", "level": level}
    return "role_permission", SWITCH, values


@pytest.fixture
def role() -> str:
    return "lead"


@pytest.fixture
def store(tmp_path: Path, role: str) -> Iterator[Store]:
    """Who leads a territory with a customer in it, and it is switched on that he erases."""
    made = make_store(tmp_path, [
        ("territory", PLACE, {"name": "North"}),
        ("user", ME, {"login": "fuller", "name": "Fuller", "role": role, "territory": PLACE}),
        ("account", ACCOUNT, {"name": "Alfreds", "owner": ME, "territory": PLACE}),
        ("contact", MARIA, {"full_name": NAME, "mobile": "030-1", "created_by": ME}),
        ("account_contact", LINK, {"account": ACCOUNT, "contact": MARIA}),
        switched("all"),
    ], user=ME)  # fmt: skip
    yield made
    made.close()


@pytest.fixture
def office(hub: DataHub, lanes: Lanes) -> Office:
    made = Office()
    hub.privacy = PrivacyDesk(lambda: cast("Session", made), lanes, hub)
    return made


def shown(shell: Shell, rest: Rest) -> EntityPane:
    shell.open_record("contact", MARIA)
    rest()
    assert shell.pane is not None
    return shell.pane


def menu(shell: Shell, rest: Rest) -> PersonMenu:
    found = shown(shell, rest).detail.person
    assert found is not None
    assert found.button.isVisible()
    return found


@pytest.fixture
def sheet(office: Office, shell: Shell, rest: Rest) -> EraseSheet:
    menu(shell, rest).acts[ERASE].trigger()
    rest()
    found = shell.person_acts.sheet
    assert found.isVisible()
    return found


@pytest.mark.parametrize(
    ("role", "erases", "exports"),
    [("lead", True, True), ("kam", False, True), ("rep", False, True), ("service", False, False)],
)
def test_who_may_is_offered_it(
    shell: Shell, rest: Rest, *, role: str, erases: bool, exports: bool
) -> None:
    acts = menu(shell, rest).acts
    assert (acts[ERASE].isEnabled(), acts[EXPORT].isEnabled()) == (erases, exports), role


def test_it_is_told_at_once_that_this_was_switched_off(
    shell: Shell, store: Store, hub: DataHub, rest: Rest
) -> None:
    assert menu(shell, rest).acts[ERASE].isEnabled()
    receive(store, [switched("none")])
    act = menu(shell, rest).acts[ERASE]
    assert not act.isEnabled()
    assert "IT" in act.toolTip()


@pytest.mark.parametrize("role", ["rep"])
def test_who_may_not_has_what_it_needs_to_do_it(shell: Shell, rest: Rest) -> None:
    act = menu(shell, rest).acts[COPY]
    assert act.isVisible()
    act.trigger()
    assert QGuiApplication.clipboard().text() == MARIA
    assert MARIA in shell.undo_bar.text


def test_a_kind_without_persons_has_no_such_menu(shell: Shell, rest: Rest) -> None:
    shell.open_record("territory", PLACE)
    rest()
    assert shell.pane is not None
    assert shell.pane.detail.person is None


def test_it_says_what_goes_and_what_stays_before_it_does(sheet: EraseSheet, office: Office) -> None:
    for words in ("Mobile", "Birthday", "2 records", "7 earlier changes", "1 attached file",
                  "12 records that lead here", "cannot be undone", NAME):  # fmt: skip
        assert words in sheet.text
    assert office.erased == []


@pytest.mark.parametrize(
    ("typed", "goes_on"),
    [("", False), ("Maria", False), ("maria anders", True), (" Maria Anders ", True)],
)
def test_only_who_types_the_name_goes_on(
    sheet: EraseSheet, office: Office, rest: Rest, *, typed: str, goes_on: bool
) -> None:
    QTest.keyClicks(sheet.typed, typed)
    QTest.keyClick(sheet.typed, Qt.Key.Key_Return)
    assert office.erased == []
    assert sheet.erase.isEnabled() is goes_on
    QTest.mouseClick(sheet.erase, Qt.MouseButton.LeftButton)
    rest()
    assert office.erased == ([("contact", MARIA)] if goes_on else [])


def test_what_was_done_is_said_and_fetched(
    sheet: EraseSheet, shell: Shell, rest: Rest, qtbot: QtBot
) -> None:
    QTest.keyClicks(sheet.typed, NAME)
    with qtbot.waitSignals([shell.person_acts.said, shell.sync_asked]):
        sheet.erase.click()
    rest()
    assert sheet.isHidden()
    assert shell.undo_bar.text == "Erased: personal data in 2 records, 1 file."


def test_escape_keeps_everything(sheet: EraseSheet, office: Office) -> None:
    QTest.keyClick(sheet.keep, Qt.Key.Key_Escape)
    assert sheet.isHidden()
    assert office.erased == []


def test_offline_it_says_so_and_is_tried_again(office: Office, shell: Shell, rest: Rest) -> None:
    office.problem = Unavailable("No server listens.")
    menu(shell, rest).acts[ERASE].trigger()
    rest()
    sheet = shell.person_acts.sheet
    assert "No server listens." in sheet.text
    assert not sheet.erase.isVisible()
    office.problem = None
    QTest.mouseClick(sheet.again, Qt.MouseButton.LeftButton)
    rest()
    assert sheet.erase.isVisible()
    assert not sheet.erase.isEnabled()


def test_what_the_server_refuses_is_said_in_its_words(
    sheet: EraseSheet, office: Office, rest: Rest
) -> None:
    office.problem = NotAllowed("Only IT erases here.")
    QTest.keyClicks(sheet.typed, NAME)
    sheet.erase.click()
    rest()
    assert sheet.isVisible()
    assert "Only IT erases here." in sheet.text


def test_the_export_lands_in_a_file_for_ones_own_eyes(
    office: Office, shell: Shell, rest: Rest, tmp_path: Path
) -> None:
    office.left_out = 3
    out = tmp_path / "maria.zip"
    menu(shell, rest).acts[EXPORT].trigger()
    (dialog,) = shell.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(out))
    dialog.close()
    rest()
    assert out.stat().st_mode & 0o077 == 0
    assert "3 records out of your sight" in shell.undo_bar.text
    assert list(tmp_path.glob("*.part")) == []


def test_a_file_that_cannot_be_written_is_said(
    office: Office, shell: Shell, rest: Rest, tmp_path: Path
) -> None:
    menu(shell, rest)
    shell.person_acts.export_to("contact", MARIA, tmp_path / "nowhere" / "maria.zip")
    rest()
    assert "cannot be written: there is no folder" in shell.banner.text


@pytest.fixture
def strange(qapp: QApplication) -> Iterator[None]:
    """In the theme, and in a language that is twice as long."""
    worn = qapp.styleSheet(), qapp.font(), qapp.palette()
    theme.install(qapp, "light")
    with speaking_strangely():
        yield
    qapp.setStyleSheet(worn[0])
    qapp.setFont(worn[1])
    qapp.setPalette(worn[2])


@pytest.mark.parametrize("size", [(1280, 800), (640, 400)])
@pytest.mark.usefixtures("strange")
def test_in_long_words_nothing_is_cut_off(
    sheet: EraseSheet, shell: Shell, rest: Rest, *, size: tuple[int, int]
) -> None:
    shell.resize(*size)
    rest()
    assert clipped(sheet) == []
    for part in (sheet.typed, sheet.erase, sheet.keep):
        corner = part.mapTo(sheet.sheet, part.rect().bottomRight())
        assert sheet.sheet.rect().contains(corner)
