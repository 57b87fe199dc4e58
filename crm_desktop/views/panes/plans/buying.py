"""The buying centre as a list: who decides what, with how much weight, and for or against us."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygon
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget
from typing_extensions import override

from crm_core.buying_centre import is_stale
from crm_desktop.i18n import tr
from crm_desktop.models.plans import Member
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate, follow_pointer
from crm_desktop.views.kit.delegates.shapes import centred, smooth, split, split_end, write
from crm_desktop.views.kit.short_list import Index, ShortList, frameless
from crm_desktop.views.panes.plans.words import role_words, seen_words, signed, spoken_member
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

_MARK, _LINE, _DOT, _END = 26, 17, 5, 96
_MOST = 5


class PeopleDelegate(RowDelegate):
    """Attitude, name and role; influence and the last contact at the end."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(160, theme().metrics.row_two - 8)

    @override
    def paint_content(self, painter: QPainter, rect: QRect, index: Index) -> None:
        member = index.data(VALUE)
        if not isinstance(member, Member):
            return
        tokens, person = self.tokens, member.person
        lead, rest = split(painter, rect, _MARK, 10)
        paint_attitude(painter, lead, person.attitude, tokens)
        top = rect.top() + (rect.height() - 2 * _LINE) // 2
        upper = QRect(rest.left(), top, rest.width(), _LINE)
        lower = upper.translated(0, _LINE)
        name, dots = split_end(painter, upper, _END, 8)
        write(painter, name, member.name, "name", tokens.ink)
        _paint_influence(painter, dots, person.influence or 0, tokens)
        stale = is_stale(person)
        words = f"▲ {seen_words(person)}" if stale else seen_words(person)
        width = QFontMetrics(font("small")).horizontalAdvance(words) + 2
        roles, seen = split_end(painter, lower, width, 8)
        write(painter, roles, role_words(member), "small", tokens.ink2)
        write(painter, seen, words, "small", tokens.warn if stale else tokens.ink3, at_end=True)


def paint_attitude(painter: QPainter, rect: QRect, attitude: int | None, tokens: Tokens) -> None:
    """● for us, ○ neutral, ◆ against, a dashed ring for unknown, with the signed number inside."""
    square = centred(rect, _MARK - 2)
    token = "control" if not attitude else "good" if attitude > 0 else "bad"
    tint = "pane" if not attitude else f"{token}_tint"
    style = Qt.PenStyle.DashLine if attitude is None else Qt.PenStyle.SolidLine
    with smooth(painter):
        painter.setPen(QPen(QColor(getattr(tokens, token)), 1.6, style))
        painter.setBrush(QColor(getattr(tokens, tint)))
        if attitude is not None and attitude < 0:
            middle = square.center()
            steps = ((0, -13), (13, 0), (0, 13), (-13, 0))
            corners = QPolygon([middle + QPoint(x, y) for x, y in steps])
            painter.drawPolygon(corners)
        else:
            painter.drawEllipse(square)
        painter.setFont(font("badge"))
        painter.setPen(QColor(getattr(tokens, token if attitude else "ink2")))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, signed(attitude))


def _paint_influence(painter: QPainter, rect: QRect, influence: int, tokens: Tokens) -> None:
    """Five dots, so many filled."""
    with smooth(painter):
        painter.setPen(Qt.PenStyle.NoPen)
        left = rect.right() - _MOST * (_DOT + 3)
        for number in range(_MOST):
            painter.setBrush(QColor(tokens.ink2 if number < influence else tokens.line2))
            x = left + number * (_DOT + 3)
            painter.drawEllipse(QRect(x, rect.center().y() - _DOT // 2, _DOT, _DOT))


class PeopleList(QListView):
    """The list. Signal: `opened(contact id)`."""

    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.people = ShortList[Member](
            self, key=lambda x: x.row.id, title=lambda x: x.name, spoken=spoken_member
        )
        self.setModel(self.people)
        self.setItemDelegate(PeopleDelegate(self))
        frameless(self, tr("Buying centre"))
        self.activated.connect(self._open)
        follow_pointer(self)

    def _open(self, index: QModelIndex) -> None:
        member = self.people.at(index)
        if member is not None:
            self.opened.emit(str(member.row.values.get("contact")))
