"""Every kind of value has an editor, and a form gives back exactly what it was given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from random import Random
from typing import cast

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.errors import InvalidValue
from crm_core.fields import Kind
from crm_core.ids import RecordId
from crm_desktop.views.kit.editors import EDITORS, make_editor
from crm_desktop.views.kit.form import Form
from crm_desktop.views.kit.links import Hit, LinkEdit
from crm_desktop.views.kit.permit import withheld_words
from crm_desktop.views.kit.words import WORDS, copied, link_keys, shown, shown_in_list
from tests.support.records import new_id, values_for

EDITABLE = [entity for entity in CATALOG.values() if entity.editable]


class NoLinks:
    """Finds what it was told, at once."""

    def __init__(self, *hits: Hit) -> None:
        self.hits = hits

    def find(
        self, text: str, target: str, then: Callable[[Sequence[Hit]], None], owner: QObject
    ) -> None:
        then(self.hits)

    def can_create(self, target: str) -> bool:
        return False

    def create(self, target: str, name: str, then: Callable[[Hit], None], owner: QObject) -> None:
        raise AssertionError(target)


@pytest.fixture
def known() -> dict[str, list[RecordId]]:
    rng = Random(7)
    return {kind: [new_id(rng) for _ in range(3)] for kind in CATALOG}


def titles_for(entity: Entity, values: dict) -> dict[str, str]:
    keys = {key for field in entity.references for key in link_keys(field, values.get(field.name))}
    return {key: f"Name of {key[-4:]}" for key in keys}


def test_every_kind_has_an_editor_and_words() -> None:
    assert set(EDITORS) == set(Kind)
    assert set(WORDS) == set(Kind)


@pytest.mark.parametrize("entity", EDITABLE, ids=lambda entity: entity.kind)
def test_an_untouched_form_changes_nothing(qtbot: QtBot, entity: Entity, known: dict) -> None:
    form = Form(entity, NoLinks())
    qtbot.addWidget(form)
    values = values_for(entity, Random(3), known)
    form.show_values(values, titles_for(entity, values))
    assert form.is_touched is False
    assert form.collect() == {}


@pytest.mark.parametrize("entity", EDITABLE, ids=lambda entity: entity.kind)
def test_what_one_form_shows_another_takes(qtbot: QtBot, entity: Entity, known: dict) -> None:
    first, second = Form(entity, NoLinks()), Form(entity, NoLinks())
    qtbot.addWidget(first)
    qtbot.addWidget(second)
    typed = {x.name for x in entity.editable if x.kind is not Kind.ORDER}  # a place is dragged
    values = {x: v for x, v in values_for(entity, Random(5), known).items() if x in typed}
    first.show_values(values, titles_for(entity, values))
    second.show_values({}, {})
    second.restore({name: first.editor(name).typed() for name in values})
    assert second.collect() == values


@pytest.mark.parametrize("entity", CATALOG.values(), ids=lambda entity: entity.kind)
def test_every_value_can_be_shown_in_a_list(entity: Entity, known: dict) -> None:
    values = values_for(entity, Random(11), known)
    for field in entity.fields:
        text = shown(field, values.get(field.name), titles_for(entity, values))
        assert "\n" not in text
        assert bool(text) is (field.name in values and values[field.name] != [])


ACCOUNT, VISIT = CATALOG["account"], CATALOG["visit"]


def type_into(form: Form, name: str, text: str) -> None:
    widget = form.editor(name).widget
    line = widget if isinstance(widget, QLineEdit) else widget.findChild(QLineEdit)
    assert isinstance(line, QLineEdit)
    line.setText(text)
    line.textEdited.emit(text)


def problem_beside(form: Form, name: str) -> str:
    return form.problem_words(name)


def test_a_bad_value_is_named_beside_its_field(qtbot: QtBot) -> None:
    form = Form(ACCOUNT, NoLinks())
    qtbot.addWidget(form)
    form.show_values({"name": "Alfreds"}, {})
    type_into(form, "email", "ann@")
    assert form.collect() is None
    assert problem_beside(form, "email") == "◆ E-mail 'ann@' has no domain."
    assert form.editor("email").widget.accessibleDescription() == "E-mail 'ann@' has no domain."
    type_into(form, "email", "ann@example.com")
    assert form.collect() == {"email": "ann@example.com"}
    assert problem_beside(form, "email") == ""


def test_a_required_field_cannot_be_left_empty(qtbot: QtBot) -> None:
    form = Form(ACCOUNT, NoLinks())
    qtbot.addWidget(form)
    form.show_values({}, {})
    type_into(form, "phone", "030-1234")
    assert form.collect() is None
    assert "Name" in problem_beside(form, "name")


def test_emptying_a_field_sets_it_to_none(qtbot: QtBot) -> None:
    form = Form(ACCOUNT, NoLinks())
    qtbot.addWidget(form)
    form.show_values({"name": "Alfreds", "phone": "1", "tags": ["a"]}, {})
    type_into(form, "phone", "")
    type_into(form, "tags", "")
    assert form.collect() == {"phone": None, "tags": []}


def test_a_state_offers_only_the_steps_that_exist(qtbot: QtBot) -> None:
    form = Form(VISIT, NoLinks())
    qtbot.addWidget(form)
    form.show_values({"account": "1" * 32, "state": "planned"}, {})
    combo = cast("QComboBox", form.editor("state").widget)
    codes = {combo.itemData(n) for n in range(combo.count())}
    assert codes == {"", "planned", "confirmed", "in_progress", "cancelled"}


def test_an_unknown_code_is_kept_and_shown(qtbot: QtBot) -> None:
    form = Form(ACCOUNT, NoLinks())
    qtbot.addWidget(form)
    form.show_values({"name": "A", "type": "franchise"}, {})
    assert cast("QComboBox", form.editor("type").widget).currentText() == "franchise"
    assert form.collect() == {}


def test_a_name_that_names_no_record_is_a_problem(qtbot: QtBot) -> None:
    form = Form(ACCOUNT, NoLinks())
    qtbot.addWidget(form)
    form.show_values({"name": "A"}, {})
    type_into(form, "owner", "Nobody")
    assert form.collect() is None
    assert "Nobody" in problem_beside(form, "owner")


def test_a_found_record_is_taken_by_its_id(qtbot: QtBot) -> None:
    hit = Hit(f"user/{'a' * 32}", "Li Ming")
    parent = QWidget()
    qtbot.addWidget(parent)
    editor = make_editor(ACCOUNT.by_name["owner"], parent, NoLinks(hit))
    editor.set_value(None, {})
    edit = cast("LinkEdit", editor.widget)
    edit._line.setText("li")
    edit._search_soon("li")
    qtbot.waitUntil(lambda: edit._names.rowCount() == 1)
    edit._take(edit._names.index(0, 0))
    assert editor.value() == "a" * 32


def test_enter_takes_the_first_record_found(qtbot: QtBot) -> None:
    first, second = Hit(f"user/{'a' * 32}", "Li Ming"), Hit(f"user/{'b' * 32}", "Li Na")
    parent = QWidget()
    qtbot.addWidget(parent)
    editor = make_editor(ACCOUNT.by_name["owner"], parent, NoLinks(first, second))
    editor.set_value(None, {})
    edit = cast("LinkEdit", editor.widget)
    parent.show()
    edit.setFocus()
    qtbot.keyClicks(edit._line, "li")
    popup = edit._found
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert editor.value() == "a" * 32


def test_enter_before_the_answer_takes_the_first_record_when_it_comes(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    hit = Hit(f"user/{'a' * 32}", "Li Ming")
    editor = make_editor(ACCOUNT.by_name["owner"], parent, NoLinks(hit))
    editor.set_value(None, {})
    edit = cast("LinkEdit", editor.widget)
    parent.show()
    edit.setFocus()
    qtbot.keyClicks(edit._line, "li")
    qtbot.keyClick(edit._line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: edit.chosen() is not None)
    assert editor.value() == "a" * 32
    assert not edit._found.isVisible()


def test_down_shows_again_what_was_found(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    editor = make_editor(ACCOUNT.by_name["owner"], parent, NoLinks(Hit("user/1", "Li Ming")))
    edit = cast("LinkEdit", editor.widget)
    parent.show()
    edit.setFocus()
    qtbot.keyClicks(edit._line, "li")
    popup = edit._found
    qtbot.waitUntil(popup.isVisible)
    popup.hide()
    qtbot.keyClick(edit._line, Qt.Key.Key_Down)
    assert popup.isVisible()


def test_a_long_word_in_a_problem_does_not_widen_the_form(qtbot: QtBot) -> None:
    form = Form(ACCOUNT, NoLinks())
    qtbot.addWidget(form)
    form.show_values({"name": "A"}, {})
    form.show()
    page = form._page
    before = page.minimumSizeHint().width()
    type_into(form, "phone", "9" * 10_000)
    assert form.collect() is None
    assert problem_beside(form, "phone")
    assert page.minimumSizeHint().width() == before


def test_an_instant_is_typed_in_local_time_and_kept_in_utc(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    editor = make_editor(VISIT.by_name["planned_start"], parent, NoLinks())
    editor.set_value("2026-11-22T08:30:15Z", {})
    assert editor.value() == "2026-11-22T08:30:15Z", "untouched seconds stay"
    editor.restore("tomorrow")
    with pytest.raises(InvalidValue):
        editor.value()


def test_customers_text_is_shown_as_it_is(qtbot: QtBot) -> None:
    form = Form(ACCOUNT, NoLinks(), locked=True)
    qtbot.addWidget(form)
    form.show_values({"name": "<b>Bold & Co</b>"}, {})
    assert form._words["name"].text() == "<b>Bold & Co</b>"
    assert form._words["name"].textFormat().name == "PlainText"


def line_of(form: Form, name: str) -> QLineEdit:
    found = form.editor(name).widget.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


TASK = CATALOG["task"]


@pytest.fixture
def dated(qtbot: QtBot) -> Form:
    """A form in front, the keyboard in its title, with a day that is kept and one that is not."""
    form = Form(TASK, NoLinks())
    qtbot.addWidget(form)
    form.show_values({"title": "Call", "due_on": "2026-11-09"}, {})
    form.show()
    qtbot.waitExposed(form)
    form.activateWindow()
    form.editor("title").widget.setFocus()
    return form


def test_a_day_reads_in_words_and_is_typed_in_figures(dated: Form) -> None:
    line = line_of(dated, "due_on")
    assert line.text() == "9 Nov 2026"
    line.setFocus()
    assert line.text() == "2026-11-09"
    dated.editor("title").widget.setFocus()
    assert line.text() == "9 Nov 2026"
    assert dated.is_touched is False
    assert dated.draft() == {}


@pytest.mark.parametrize("typed", ["2026-12-01", "1 Dec 2026", "2026年12月1日", "2026/12/1"])
def test_a_day_may_be_typed_in_either_form(dated: Form, typed: str) -> None:
    line = line_of(dated, "due_on")
    line.setFocus()
    line.clear()
    line.insert(typed)
    dated.editor("title").widget.setFocus()
    assert line.text() == "1 Dec 2026"
    assert dated.collect() == {"due_on": "2026-12-01"}


def test_what_is_no_day_stays_as_it_was_typed(dated: Form, qtbot: QtBot) -> None:
    line = line_of(dated, "due_on")
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "30 Feb 2026")
    dated.editor("title").widget.setFocus()
    assert line.text() == "30 Feb 2026"
    assert dated.draft() == {"due_on": "30 Feb 2026"}
    assert dated.collect() is None


def test_an_emptied_day_stays_empty(dated: Form) -> None:
    line = line_of(dated, "due_on")
    line.setFocus()
    line.clear()
    dated.editor("title").widget.setFocus()
    assert line.text() == ""
    assert dated.collect() == {"due_on": None}


def test_a_draft_of_a_day_means_the_same_next_year(dated: Form) -> None:
    line = line_of(dated, "due_on")
    line.setText("1 Dec")
    line.textEdited.emit("1 Dec")
    year = dt.datetime.now().astimezone().year
    assert dated.draft() == {"due_on": f"{year}-12-01"}


def test_a_moment_keeps_its_seconds_through_its_words(qtbot: QtBot) -> None:
    form = Form(VISIT, NoLinks())
    qtbot.addWidget(form)
    moment = dt.datetime(2026, 11, 22, 8, 30, 15).astimezone()
    kept = moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    form.show_values({"account": "1" * 32, "planned_start": kept}, {})
    line = line_of(form, "planned_start")
    assert line.text() == "22 Nov 2026, 08:30:15"
    type_into(form, "planned_start", "22 Nov 2026, 08:30:16")
    assert form.collect() == {"planned_start": kept.replace("15Z", "16Z")}


def test_a_list_drops_the_year_a_fact_keeps_it_and_a_copy_is_in_figures() -> None:
    year = dt.datetime.now().astimezone().year
    day, moment = TASK.by_name["due_on"], VISIT.by_name["planned_start"]
    at = dt.datetime(year, 10, 26, 8, 15).astimezone().astimezone(dt.UTC)
    instant = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    for field, value, in_list, in_full, out in (
        (day, f"{year}-11-09", "9 Nov", f"9 Nov {year}", f"{year}-11-09"),
        (day, "2019-11-09", "9 Nov 2019", "9 Nov 2019", "2019-11-09"),
        (moment, instant, "26 Oct 08:15", f"26 Oct {year}, 08:15", f"{year}-10-26 08:15"),
    ):
        assert shown_in_list(field, value, {}) == in_list
        assert shown(field, value, {}) == in_full
        assert copied(field, value, {}) == out


def test_a_withheld_field_says_so_where_its_value_would_stand(qtbot: QtBot) -> None:
    form = Form(CATALOG["contact"], NoLinks())
    qtbot.addWidget(form)
    line, note = (form.editor(name).widget for name in ("birthday", "preferences"))
    before = [placeholder(x) for x in (line, note)]
    assert before[0]
    form.show_kept({"birthday": "Only Li may change this.", "preferences": withheld_words()})
    assert [placeholder(x) for x in (line, note)] == ["", withheld_words()]
    form.show_kept({"birthday": withheld_words(), "preferences": "Only Li may change this."})
    assert [placeholder(x) for x in (line, note)] == [withheld_words(), ""]
    form.show_kept({})
    assert [placeholder(x) for x in (line, note)] == before


def placeholder(widget: QWidget) -> str:
    """What stands in it while it is empty."""
    (found,) = [
        x for kind in (QLineEdit, QPlainTextEdit) for x in (widget, *widget.findChildren(kind))
        if isinstance(x, kind)
    ]  # fmt: skip
    return found.placeholderText()
