"""Types something in each pane that keeps what is half typed, and shows it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from crm_core.fields import Kind
from crm_desktop.views.panes.complaints.pane import ComplaintsPane
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.today.pane import TodayPane
from crm_desktop.views.panes.visits.pane import VisitsPane
from crm_desktop.views.story import Stage, Step

_KEPT_STEPS = 8
"""So many steps later a draft is kept."""

P = TypeVar("P", bound=QWidget)


@dataclass(frozen=True)
class Place:
    """Where something is typed: how it is opened, the line to type in, and the words."""

    name: str
    open: Callable[[Stage], Iterator[Step]]
    line: Callable[[Stage], QWidget]
    words: str


def typed(stage: Stage) -> Iterator[Step]:
    """Type something in each place, and leave it there."""
    for place in PLACES:
        yield from place.open(stage)
        yield lambda place=place: _type(place.line(stage), place.words)
        yield from (lambda: None for _ in range(_KEPT_STEPS))


def shown(stage: Stage, out: Path) -> Iterator[Step]:
    """A picture of each place with what was typed there."""
    for place in PLACES:
        yield from place.open(stage)
        yield lambda place=place: stage.grab(out.with_stem(f"{out.stem}-{place.name}"))


def _type(line: QWidget, words: str) -> None:
    line.setFocus()
    if isinstance(line, QLineEdit):
        line.end(False)
    for letter in words:  # the first one may open an editor
        QTest.keyClicks(line.window().focusWidget() or line, letter)


def _in_form(stage: Stage) -> Iterator[Step]:
    """The form of the first account."""
    yield from _at(stage, "accounts")
    pane = stage.shell.pane
    assert pane is not None
    yield pane.choose_first
    yield pane.edit_record


def _phone(stage: Stage) -> QWidget:
    pane = stage.shell.pane
    assert pane is not None
    return pane.detail.form.editor("phone").widget


def _at_customer(stage: Stage) -> Iterator[Step]:
    """The stop that was begun, or else the first one, which is begun."""
    yield from _at(stage, "today")
    if not any(stop.asks for stop in _pane(stage, TodayPane).stop_views):
        yield _pane(stage, TodayPane).stop_views[0].step_button.click


def _result(stage: Stage) -> QWidget:
    return next(x.result for x in _pane(stage, TodayPane).stop_views if x.asks)


def _in_visit(stage: Stage) -> Iterator[Step]:
    yield from _at(stage, "visits")
    yield _pane(stage, VisitsPane).choose_first


def _objectives(stage: Stage) -> QWidget:
    return _pane(stage, VisitsPane).week.side.card.editor("objectives").widget


def _in_complaint(stage: Stage) -> Iterator[Step]:
    yield from _at(stage, "complaints")
    yield _pane(stage, ComplaintsPane).choose_first
    yield _pane(stage, ComplaintsPane).case.note_asked.emit


def _note(stage: Stage) -> QWidget:
    return _pane(stage, ComplaintsPane).case.form.words


def _in_question(stage: Stage) -> Iterator[Step]:
    yield from _at(stage, "inbox")
    yield from _entry(stage, "conflict")


def _missing(stage: Stage) -> QWidget:
    rows = _pane(stage, InboxPane).dispute.rows
    phone = next(x for x in rows if x.decision.field and x.decision.field.kind is Kind.PHONE)
    return phone.result_cell.missing


def _in_refused(stage: Stage) -> Iterator[Step]:
    yield from _at(stage, "inbox")
    yield from _entry(stage, "rejected")


def _put_right(stage: Stage) -> QWidget:
    inbox = _pane(stage, InboxPane)
    inbox.stuck.begin()
    at_work = inbox.window().focusWidget()
    assert at_work is not None
    return at_work


def _in_log(stage: Stage) -> Iterator[Step]:
    yield stage.shell.open_quick_log


def _log(stage: Stage) -> QWidget:
    return stage.shell.quick_log.text


def _at(stage: Stage, place: str) -> Iterator[Step]:
    yield stage.scene.window.activateWindow
    yield lambda: stage.shell.show_place(place)


def _entry(stage: Stage, icon: str) -> Iterator[Step]:
    """The last entry of the inbox of a sort."""
    tree = _pane(stage, InboxPane).side.tree
    for key in reversed(tree.keys):
        yield lambda key=key: tree.choose(key)
        if tree.entry is not None and tree.entry.icon == icon:
            return


def _pane(stage: Stage, sort: type[P]) -> P:
    pane = stage.shell.current
    assert isinstance(pane, sort)
    return pane


PLACES = (
    Place("account", _in_form, _phone, "030-0074399"),
    Place("visit", _in_visit, _objectives, " and taste the olives"),
    Place("today", _at_customer, _result, "They take 40 cases of the oli"),
    Place("complaint", _in_complaint, _note, "She wants a call back before n"),
    Place("question", _in_question, _missing, "(21) 555-00"),
    Place("refused", _in_refused, _put_right, "I"),
    Place("log", _in_log, _log, "Asked for samples of the new ja"),
)
