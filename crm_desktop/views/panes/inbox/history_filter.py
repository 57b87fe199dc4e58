"""The history's filter: what about, what was decided, which kind and field, whose, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QSizePolicy, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.past import Past, PastFilter, act_names, sort_names

_GAP = 6
_LETTERS_MIN = 6


class HistoryFilter(QWidget):
    """Six lists to choose from. Signal: `changed` when a person chose."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._sort = self._box(tr("About"))
        self._act = self._box(tr("Decided"))
        self._kind = self._box(tr("Kind of record"))
        self._field = self._box(tr("Field"))
        self._person = self._box(tr("Person"))
        self._days = self._box(tr("Period"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, _GAP, 0, 0)
        grid.setSpacing(_GAP)
        boxes = (self._sort, self._act, self._kind, self._field, self._person, self._days)
        for n, box in enumerate(boxes):
            grid.addWidget(box, n // 2, n % 2)
        self._fill(self._sort, tr("Everything"), [(x.value, w) for x, w in sort_names().items()])
        self._fill(self._act, tr("Any decision"), [(x.value, w) for x, w in act_names().items()])
        self._fill(
            self._days, tr("Any time"),
            [
                ("1", tr("Today")), ("7", tr("Last 7 days")), ("30", tr("Last 30 days")),
                ("90", tr("Last 90 days")), ("365", tr("Last 12 months")),
            ],
        )  # fmt: skip
        self.offer(())

    def offer(self, found: Iterable[Past]) -> None:
        """Offer the kinds, fields and people that occur."""
        kinds, fields, people = set[str](), set[str](), set[str]()
        for past in found:
            kinds.add(past.kind)
            fields.update(past.fields)
            people.update(past.people)
        named = sorted(((x, kind_words(x)) for x in kinds if x), key=lambda pair: pair[1])
        self._fill(self._kind, tr("All kinds"), named)
        self._fill(self._field, tr("All fields"), [(x, x) for x in sorted(fields)])
        self._fill(self._person, tr("Everybody"), [(x, x) for x in sorted(people)])

    @property
    def wanted(self) -> PastFilter:
        """What was chosen."""
        return PastFilter(
            _chosen(self._sort), _chosen(self._act), _chosen(self._kind), _chosen(self._field),
            _chosen(self._person), int(_chosen(self._days) or 0),
        )  # fmt: skip

    def clear(self) -> None:
        """Leave nothing out."""
        boxes = (self._sort, self._act, self._kind, self._field, self._person, self._days)
        blockers = [QSignalBlocker(box) for box in boxes]
        for box in boxes:
            box.setCurrentIndex(0)
        del blockers
        self.changed.emit()

    def _box(self, name: str) -> QComboBox:
        made = QComboBox(self)
        made.setAccessibleName(name)
        made.setToolTip(name)
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        made.setMinimumContentsLength(_LETTERS_MIN)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        made.currentIndexChanged.connect(self._tell)
        return made

    def _fill(self, box: QComboBox, everything: str, named: Sequence[tuple[str, str]]) -> None:
        """Offer these; what was chosen stays chosen while it occurs."""
        wanted = [("", everything), *named]
        if [(box.itemData(n), box.itemText(n)) for n in range(box.count())] == wanted:
            return
        before = _chosen(box)
        blocker = QSignalBlocker(box)
        box.clear()
        for value, words in wanted:
            box.addItem(words, value)
        box.setCurrentIndex(max(0, box.findData(before)))
        del blocker

    def _tell(self, _index: int) -> None:
        self.changed.emit()


def _chosen(box: QComboBox) -> str:
    return str(box.currentData() or "")
