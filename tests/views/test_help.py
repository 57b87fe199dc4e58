"""The guide opens at the page that is needed, in the language of the window."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from crm_desktop.views.help import INDEX, Guide, page_of, show_guide

GUIDE = Path(__file__).resolve().parents[2] / "resources" / "guide"
LANGUAGES = ("en", "zh_CN", "zh_TW")
PAGES = sorted(file.stem for file in (GUIDE / "en").glob("*.md"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_stands_in_every_language(language: str) -> None:
    assert sorted(file.stem for file in (GUIDE / language).glob("*.md")) == PAGES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_page(language: str, page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page_of(page, language)):
        assert target.removesuffix(".md") in PAGES


def text_of(guide: Guide) -> str:
    browser = guide.findChild(QTextBrowser)
    assert isinstance(browser, QTextBrowser)
    return browser.toPlainText()


def test_the_guide_opens_at_a_page_and_the_second_time_in_the_same_window(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    guide = show_guide(window, "visits")
    assert guide.page == "visits"
    assert "Visits" in text_of(guide)
    assert show_guide(window, "inbox") is guide
    assert "Inbox" in text_of(guide)


def test_a_page_that_does_not_exist_opens_the_contents(qtbot: QtBot) -> None:
    guide = Guide()
    qtbot.addWidget(guide)
    guide.show_page("../../etc/passwd")
    assert guide.page == INDEX
    assert "Guide" in text_of(guide)


def test_other_languages_read_english() -> None:
    assert page_of(INDEX, "fr_FR") == page_of(INDEX, "en")
    assert page_of(INDEX, "zh_CN") != page_of(INDEX, "zh_TW")
