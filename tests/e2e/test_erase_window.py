"""Who leads erases a person in his window, over a real server process: every device follows."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit.person_menu import ERASE, EXPORT
from crm_desktop.views.shell.erase_sheet import EraseSheet
from tests.e2e.people import Desk, World
from tests.e2e.test_erasing import NAME, PHONE, index, places
from tests.e2e.test_inbox_window import Window, window_of


@dataclass(frozen=True)
class Story:
    """A rep with a contact, and his lead's window."""

    rep: Desk
    window: Window
    contact: str

    def sheet(self) -> EraseSheet:
        """The sheet that the contact's menu opens."""
        self.acts()[ERASE].trigger()
        self.window.rest()
        return self.window.shell.person_acts.sheet

    def acts(self) -> dict[str, QAction]:
        """The menu of the contact."""
        shell = self.window.shell
        shell.open_record("contact", self.contact)
        self.window.rest()
        assert shell.pane is not None
        assert shell.pane.detail.person is not None
        return shell.pane.detail.person.acts


@pytest.fixture
def story(world: World, qtbot: QtBot) -> Iterator[Story]:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Alfreds")
    contact = rep.add("contact", full_name=NAME, mobile=PHONE, title="Buyer")
    rep.add("account_contact", account=account, contact=contact, role="buyer")
    rep.sync()
    world.server.admin_inside("policy", "erasing", "on")
    lead.sync()
    with window_of(lead, qtbot) as window:
        yield Story(rep, window, contact)
    world.server.admin_inside("policy", "erasing", "off")


def test_a_lead_erases_in_the_window_and_everybody_forgets(story: Story) -> None:
    window, sheet = story.window, story.sheet()
    assert "1 record," in sheet.text
    QTest.keyClicks(sheet.typed, NAME)
    sheet.erase.click()
    window.rest()
    assert sheet.isHidden(), sheet.text
    window.sync()
    story.rep.sync()
    index(story.rep)
    left = story.rep.show("contact", story.contact)
    assert (left["full_name"], left["mobile"], left["title"]) == (None, None, "Buyer")
    assert places(story.rep) == set()


def test_who_may_no_more_is_told_so_by_the_server(story: Story, world: World) -> None:
    sheet = story.sheet()
    world.server.admin_inside("policy", "erasing", "off")
    QTest.keyClicks(sheet.typed, NAME)
    sheet.erase.click()
    story.window.rest()
    assert "IT alone erases" in sheet.text
    story.rep.sync()
    assert story.rep.show("contact", story.contact)["full_name"] == NAME


def test_a_lead_hands_out_what_is_held(story: Story, tmp_path: Path) -> None:
    assert story.acts()[EXPORT].isEnabled()
    out = tmp_path / "marianne.zip"
    story.window.shell.person_acts.export_to("contact", story.contact, out)
    story.window.rest()
    with zipfile.ZipFile(out) as archive:
        assert PHONE in archive.read("person.json").decode()
