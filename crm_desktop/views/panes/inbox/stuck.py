"""Own work that the server did not take: why, what it holds, and the ways out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.errors import InvalidValue
from crm_core.fields import Field, Value
from crm_core.files import is_hash
from crm_core.i18n import Message
from crm_core.values import check
from crm_desktop.i18n import tr, words
from crm_desktop.models.inbox import Fixes, StuckRow
from crm_desktop.models.inbox_facts import Loss
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.choice import when_words
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.focus import Typing
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.typed_draft import Texts
from crm_desktop.views.kit.words import shown
from crm_desktop.views.panes.inbox.detail import Detail, foot_line, stacked
from crm_desktop.views.panes.inbox.entries import send_words, stuck_title
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.loss import loss_words
from crm_desktop.views.panes.inbox.parts import label, line_label
from crm_desktop.views.panes.inbox.read import Stuck
from crm_desktop.views.panes.inbox.reason import ReasonBox
from crm_desktop.views.panes.inbox.values import rows_of
from crm_desktop.views.theme.fonts import font

_STRETCH = (2, 3, 4)
SEND_KEYS = "Ctrl+Return"


@dataclass(frozen=True)
class _Look:
    word: str
    icon: str
    tone: str
    safe: str


class StuckView(Detail):
    """Shows refused, blocked, kept, orphaned and offered work.

    Signals: `offer_asked(cs_id)`, `resend_asked(cs_id, fixes)`, `draft_asked(cs_id)`,
    `discard_meant(cs_id)`
    before it is confirmed and `discard_asked(cs_id, title)` after, `opened(kind, id)`;
    `file_asked(StuckRow)` for the content of a file that was attached. Of what is typed: `edited`,
    `leaving` before other work is shown, `turned(key of its draft)` behind that.
    """

    offer_asked = Signal(str)
    resend_asked = Signal(str, object)
    draft_asked = Signal(str)
    discard_meant = Signal(str)
    discard_asked = Signal(str, str)
    opened = Signal(str, str)
    file_asked = Signal(object)
    edited = Signal()
    leaving = Signal()
    turned = Signal(str)

    def __init__(self, links: Links, parent: QWidget | None = None) -> None:
        super().__init__("rejected", parent)
        self._links = links
        self._entry: Stuck | None = None
        self._editors: list[Editor] = []
        self._table: QWidget | None = None
        self._make_parts()
        self._lay_out()

    def show_stuck(self, entry: Stuck, reason: Message) -> None:
        """Show what lies here and why; what was typed stays with it."""
        if entry == self._entry:
            return
        is_same = self._entry is not None and self._entry.row.cs_id == entry.row.cs_id
        if not is_same:
            self.leaving.emit()
        kept, typing = self.typed(), Typing(self._by_name)
        self._entry = entry
        row, look = entry.row, _look(entry.row.state)
        self._icon.show_icon(look.icon, look.tone)
        self._show_state(look.word, look.tone if look.tone in ("bad", "ink2") else "")
        self._about.setText(f"· {kind_words(row.kind)} · {when_words(row.at)}")
        self._title.setText(stuck_title(row))
        self._reason.show_reason(words(reason), look.safe, look.tone)
        self._problem.hide()
        self._show_values(entry)
        self._show_ways(entry)
        if is_same:
            self.restore(kept)
            typing.go_on(self._by_name)
        else:
            self.turned.emit(f"{row.kind}/{row.record}/{row.cs_id}")

    def typed(self) -> Texts:
        """What was put right and not sent, by field."""
        return {x.field.name: x.typed() for x in self._editors if x.is_touched}

    def restore(self, texts: Texts) -> bool:
        """Show what `typed` gave before, but for what was typed since; whether there was any."""
        # What was erased since stands there as None.
        kept = {name: text for name, text in texts.items() if text is not None}
        laid = [x for x in self._editors if x.field.name in kept and not x.is_touched]
        for editor in laid:
            editor.restore(kept[editor.field.name])
        return bool(laid)

    @property
    def _by_name(self) -> dict[Hashable, QWidget]:
        return {x.field.name: x.widget for x in self._editors}

    @override
    def begin(self) -> None:
        """Give the keyboard to what is to be put right, first of all to what the reason asks for,
        else to the first way out."""
        asked = _asked(self._entry.row) if self._entry is not None else ()
        editors = sorted(self._editors, key=lambda x: x.field.name not in asked)
        target = editors[0].widget if editors else self._send
        if not self._editors and not self._send.isVisibleTo(self):
            ways = (self._offer, self._file, self._discard, self._copy)
            target = next(way for way in ways if way.isVisibleTo(self) or way is self._copy)
        (target.focusProxy() or target).setFocus(Qt.FocusReason.TabFocusReason)

    @override
    def apply(self) -> None:
        self._send_again()
        self.offer()

    def _send_again(self) -> None:
        """Send it again with what was put right."""
        if self._entry is None or not self._send.isVisibleTo(self):
            return
        row = self._entry.row
        try:
            fixed = self._fixed()
        except InvalidValue as problem:
            self._problem.setText(f"◆ {words(problem.message)}")
            self._problem.show()
            return
        fixes: Fixes = {(row.kind, row.record): fixed} if fixed else {}
        self.resend_asked.emit(row.cs_id, fixes)

    def offer(self) -> None:
        """Ask to offer it to whoever has the record now."""
        if self._entry is not None and self._entry.can_offer:
            self.offer_asked.emit(self._entry.row.cs_id)

    def ask_discard(self) -> None:
        """Ask what would go, to be told of it before the only copy goes."""
        if self._entry is not None:
            self.discard_meant.emit(self._entry.row.cs_id)

    def show_loss(self, cs_id: str, loss: Loss) -> None:
        """Say here in the foot what discarding takes back, and ask once."""
        if self._entry is None or self._entry.row.cs_id != cs_id:
            return
        self._question.setText("\n".join(loss_words(loss)))
        self._sure.show()
        self._ways.hide()
        self._yes.setFocus(Qt.FocusReason.TabFocusReason)

    def _fixed(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for editor in self._editors:
            if editor.is_touched:
                found[editor.field.name] = value = editor.value()
                check(editor.field, value)
        return found

    # Showing

    def _show_values(self, entry: Stuck) -> None:
        if self._table is not None:
            let_go(self._table, self._body)
        row = entry.row
        self._editors = []
        self._table = QWidget(self._page)
        grid = QGridLayout(self._table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        for column, stretch in enumerate(_STRETCH):
            grid.setColumnStretch(column, stretch)
        heads = (tr("Field"), tr("Before"), tr("What you wanted"))
        for column, text in enumerate(heads):
            grid.addWidget(label(self._table, text, role="caption"), 0, column)
        can_fix = row.state in ("rejected", "held") and row.op in (Op.SET, Op.INSERT)
        fields = _fields(row) if can_fix else ()
        for n, field in enumerate(fields):
            self._add_editor(grid, 1 + 2 * n, field, entry)
        if not fields:
            for n, one in enumerate(rows_of(row.kind, row.base, row.mine, entry.titles)):
                self._add_words(grid, 1 + 2 * n, (one.label, one.before or "–", one.after or "–"))
        if row.op is Op.DELETE:
            self._add_words(grid, 1, (kind_words(row.kind), "–", tr("Delete the record")))
        self._body.insertWidget(self._body.indexOf(self._problem), self._table)

    def _add_editor(self, grid: QGridLayout, at: int, field: Field, entry: Stuck) -> None:
        assert self._table is not None, "made just before"
        row = entry.row
        before = shown(field, row.base.get(field.name), entry.titles)
        self._add_words(grid, at, (tr(field.label), before or "–", ""))
        editor = make_editor(field, self._table, self._links)
        editor.set_value(row.mine.get(field.name), entry.titles)
        editor.edited.connect(self.edited)
        grid.addWidget(editor.widget, at + 1, 2)
        self._editors.append(editor)

    def _add_words(self, grid: QGridLayout, at: int, cells: tuple[str, str, str]) -> None:
        assert self._table is not None, "made just before"
        grid.addWidget(hairline(self._table), at, 0, 1, 3)
        name = label(self._table, cells[0])
        name.setFont(font("name"))
        grid.addWidget(name, at + 1, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(self._table, cells[1], tone="ink2"), at + 1, 1, _TOP)
        if cells[2]:
            grid.addWidget(label(self._table, cells[2]), at + 1, 2, _TOP)

    def _show_ways(self, entry: Stuck) -> None:
        row = entry.row
        self._sure.hide()
        # What waits for another change is decided there.
        self._ways.setVisible(row.state != "blocked")
        self._line.setVisible(row.state != "blocked")
        is_here = row.state not in ("orphaned", "offered")
        self._offer.setVisible(entry.can_offer)
        self._discard.setVisible(row.state != "offered")
        self._open.setVisible(is_here)
        self._send.setText(send_words(row))
        self._send.setAccessibleName(send_words(row))
        self._send.setVisible(row.state in ("rejected", "held"))
        self._draft.setVisible(row.state == "rejected")
        is_file = row.kind == "attachment" and is_hash(row.mine.get("sha256"))
        self._file.setVisible(is_file)
        self._copy.setVisible(not is_here and not is_file)

    # What is asked for

    def _tell_open(self) -> None:
        if self._entry is not None:
            self.opened.emit(self._entry.row.kind, self._entry.row.record)

    def keep_as_draft(self) -> None:
        """Ask to keep it here, unsent."""
        if self._entry is not None:
            self.draft_asked.emit(self._entry.row.cs_id)

    def _tell_discard(self) -> None:
        self._ask_no_more()
        if self._entry is not None:
            row = self._entry.row
            self.discard_asked.emit(row.cs_id, stuck_title(row))

    def _keep(self) -> None:
        self._ask_no_more()
        self._discard.setFocus(Qt.FocusReason.TabFocusReason)

    def _ask_no_more(self) -> None:
        self._sure.hide()
        self._ways.show()

    def _ask_file(self) -> None:
        if self._entry is not None:
            self.file_asked.emit(self._entry.row)

    def _copy_values(self) -> None:
        if self._entry is not None:
            row = self._entry.row
            rows = rows_of(row.kind, row.base, row.mine, self._entry.titles)
            lines = [stuck_title(row), *(f"{one.label}: {one.after}" for one in rows)]
            QGuiApplication.clipboard().setText("\n".join(lines))

    # Parts

    def _make_parts(self) -> None:
        self._about = line_label(self, role="small", tone="ink3")
        self._page = QWidget(self)
        self._reason = ReasonBox(self._page)
        self._problem = label(self._page, tone="bad")
        self._problem.hide()
        self._open = flat(tr("Open record"), self)
        self._send = primary(tr("Fix and resend"), self, keys=SEND_KEYS)
        self._offer = primary(tr("Offer to the new owner"), self, keys=SEND_KEYS)
        self._offer.hide()  # of it and sending again there is one way at most
        self._draft = normal(tr("Keep as draft"), self)
        self._copy = normal(tr("Copy my values"), self)
        self._file = normal(tr("Save the file…"), self)
        self._discard = flat(tr("Discard"), self)
        self._yes = normal(tr("Discard it"), self)
        self._no = normal(tr("Keep it"), self)
        self._ways, self._sure = QWidget(self), QWidget(self)
        self._open.clicked.connect(self._tell_open)
        self._send.clicked.connect(self._send_again)
        self._offer.clicked.connect(self.offer)
        self._draft.clicked.connect(self.keep_as_draft)
        self._copy.clicked.connect(self._copy_values)
        self._file.clicked.connect(self._ask_file)
        self._discard.clicked.connect(self.ask_discard)
        self._yes.clicked.connect(self._tell_discard)
        self._no.clicked.connect(self._keep)

    def _lay_out(self) -> None:
        self._body = stacked(self._page, self._reason, self._problem)
        self._question = label(self._sure)
        _in_a_line(self._sure, self._question, self._no, self._yes)
        _in_a_line(
            self._ways, label(self._ways), self._discard, self._copy, self._file, self._draft,
            self._offer, self._send,
        )  # fmt: skip
        layout = self._frame(
            scrolled(self._page, self), about=(self._about,), buttons=(self._open,)
        )
        self._line = hairline(self)
        layout.addWidget(self._line)
        layout.addWidget(self._ways)
        layout.addWidget(self._sure)


def _in_a_line(parent: QWidget, words_: QWidget, *buttons: QPushButton) -> None:
    line = foot_line(parent)
    line.addWidget(words_, 1)
    for button in buttons:
        button.setParent(parent)
        line.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)


def _fields(row: StuckRow) -> tuple[Field, ...]:
    """What may be put right: the refused values, and the fields that the reason asks for."""
    entity = CATALOG.get(row.kind)
    if entity is None:
        return ()
    names = dict.fromkeys((*row.mine, *_asked(row)))
    can_edit = {field.name for field in entity.editable}
    return tuple(entity.by_name[name] for name in names if name in can_edit)


def _asked(row: StuckRow) -> tuple[str, ...]:
    """The names of the fields that the reason asks for."""
    return tuple(row.params.get("fields", "").split(", "))


def _look(state: str) -> _Look:
    looks: Mapping[str, _Look] = {
        "rejected": _Look(
            tr("Rejected"), "rejected", "bad",
            tr("Your work is safe: it is kept here, and the record shows it on this device."),
        ),
        "held": _Look(
            tr("Draft"), "edit", "ink2", tr("It stays here and goes out when you send it.")
        ),
        "blocked": _Look(
            tr("Waiting for another change"), "pause", "ink2",
            tr("It goes out by itself when that one is taken."),
        ),
        "orphaned": _Look(
            tr("Orphaned"), "orphaned", "orphan",
            tr("Offer or copy it to the new owner, or discard it. Nobody else removes it."),
        ),
        "offered": _Look(
            tr("Offered by you"), "orphaned", "ink2",
            tr("It stays here until somebody has decided; the history tells what became of it."),
        ),
    }  # fmt: skip
    return looks[state]


_TOP = Qt.AlignmentFlag.AlignTop
