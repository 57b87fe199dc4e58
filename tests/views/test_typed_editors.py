"""Reminders and rhythms are typed in words, in every language, and come back as they were."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_core.recurring import parse_rhythm, text_of
from crm_desktop import i18n
from crm_desktop.views.kit.rhythm_words import mark_words, read_mark_words, rhythm_words
from crm_desktop.views.kit.typed_editors import RemindersEditor, RhythmEditor

REMINDERS = CATALOG["task"].by_name["reminders"]
RECURRENCE = CATALOG["task"].by_name["recurrence"]
MARKS = ["-15m", "-1h", "-90m", "-5h", "d0@09:00", "d1@09:00", "d1@17:30", "d3@08:00",
         "2026-11-25T14:00"]  # fmt: skip
RULES = [
    "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3;COUNT=10", "FREQ=WEEKLY;BYDAY=MO,WE",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;UNTIL=20271231", "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;BYMONTHDAY=15", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=2MO;COUNT=730",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=1",
    "FREQ=YEARLY", "FREQ=MONTHLY",
]  # fmt: skip
each_language = pytest.mark.parametrize("language", ["en", "zh_CN", "zh_TW"])


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@each_language
def test_the_words_of_a_reminder_are_read_back(language: str) -> None:
    i18n.set_language(language)
    said = [mark_words(REMINDERS, mark, brief=True) for mark in MARKS]
    assert [read_mark_words(REMINDERS, words) for words in said] == MARKS
    assert not any("," in words for words in said)


@pytest.mark.parametrize(("typed", "mark"), [
    ("2 hours before", "-2h"), ("30 min", "-30m"), ("提前 30 分钟", "-30m"), ("提前2小时", "-2h"),
    ("3 days before at 10:00", "d3@10:00"), ("前一天 8:30", "d1@08:30"), ("提前 5 天", "d5@09:00"),
    ("on the day at 15:00", "d0@15:00"), ("2026-11-25 14:00", "2026-11-25T14:00"),
    ("11月25日 14:00", None), ("some day", "some day"),
    ("on the day at 25:00", "on the day at 25:00"),
])  # fmt: skip
def test_what_people_type_is_understood_or_left_as_it_is(typed: str, mark: str | None) -> None:
    found = read_mark_words(REMINDERS, typed)
    assert found == mark if mark is not None else found.endswith("-11-25T14:00")


def test_the_editor_takes_several_and_gives_their_marks(parent: QWidget) -> None:
    editor = RemindersEditor(REMINDERS, parent)
    editor.set_value(["-1h"], {})
    assert editor.value() == ["-1h"]
    editor.restore("1 hour before, 2 days before at 08:00")
    assert editor.value() == ["-1h", "d2@08:00"]


@each_language
@pytest.mark.parametrize("rule", RULES)
def test_a_rhythm_is_shown_and_comes_back_as_it_was(
    rule: str, language: str, parent: QWidget
) -> None:
    i18n.set_language(language)
    editor = RhythmEditor(RECURRENCE, parent)
    editor.set_value(rule, {})
    assert editor.typed() == rule == text_of(parse_rhythm(rule))
    assert not editor.is_touched
    assert rhythm_words(rule)
    assert "=" not in rhythm_words(rule)


def test_words_of_rhythms_say_what_they_mean() -> None:
    i18n.set_language("en")
    assert rhythm_words(RULES[3]) == "Every 2 weeks on Fri, until 31 Dec 2027"
    assert rhythm_words(RULES[8]) == "Monthly on the last working day"
    assert rhythm_words(RULES[1]) == "Every 3 days, 10 times"
    assert rhythm_words("FREQ=SECONDLY") == "FREQ=SECONDLY"


def test_a_rule_of_a_later_version_is_kept_until_somebody_chooses_another(parent: QWidget) -> None:
    editor = RhythmEditor(RECURRENCE, parent)
    editor.set_value("FREQ=HOURLY", {})
    assert editor.value() == "FREQ=HOURLY"
    choose(editor, "DAILY")
    assert editor.value() == "FREQ=DAILY"


def choose(editor: RhythmEditor, data: str) -> None:
    found = editor.widget.findChildren(QComboBox)
    box = next(x for x in found if x.findData(data) >= 0)
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())


def test_a_week_is_chosen_by_its_days(parent: QWidget, qtbot: QtBot) -> None:
    i18n.set_language("en")
    editor = RhythmEditor(RECURRENCE, parent)
    editor.set_value(None, {})
    assert editor.value() is None
    choose(editor, "WEEKLY")
    parent.show()
    friday = next(x for x in parent.findChildren(QPushButton) if x.text() == "Fri")
    with qtbot.waitSignal(editor.edited):
        QTest.mouseClick(friday, Qt.MouseButton.LeftButton)
    assert editor.value() == "FREQ=WEEKLY;BYDAY=FR"
