"""The left side of the inbox: tabs, a filter, the list, and the promise at its foot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.tabs import ViewTab, ViewTabs
from crm_desktop.views.panes.inbox.entries import counts, groups
from crm_desktop.views.panes.inbox.entry import Entry, Group, Tab
from crm_desktop.views.panes.inbox.history_filter import HistoryFilter
from crm_desktop.views.panes.inbox.parts import label
from crm_desktop.views.panes.inbox.past import Past, groups_of, past_of
from crm_desktop.views.panes.inbox.read import Contents
from crm_desktop.views.panes.inbox.tree import EntryTree
from crm_desktop.views.panes.inbox.whose import Whose, WhoseChoice, of_whom
from crm_desktop.views.theme.theme import theme


class InboxSide(QWidget):
    """Shows one tab's entries.

    Signals: `emptied(Tab, bool filtered)` when there is nothing to choose from;
    `export_asked([Entry], [Past])`, the second for the history; `all_asked()` when more of that is
    wanted than was read; those of the list are the `tree`'s.
    """

    emptied = Signal(object, bool)
    export_asked = Signal(list, list)
    all_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._contents: Contents | None = None
        self._tab = Tab.WAITING
        self._chosen: dict[Tab, str] = {}
        self.tree = EntryTree(self)
        self.tree.setAccessibleName(tr("What waits for you"))
        self._tabs = ViewTabs(self)
        self.whose = WhoseChoice(self)
        self._filter = QLineEdit(self)
        self.history = HistoryFilter(self)
        self.history.hide()
        self._past: tuple[Past, ...] = ()
        self._export_waits = False
        self._filter_button = icon_button("filter", tr("Filter the list"), self)
        self._export = icon_button("export", tr("Export the list"), self)
        self._lay_out()
        self._connect()

    def show_contents(self, contents: Contents) -> None:
        """Show what was read."""
        self._contents = contents
        many = counts(contents)
        names = {
            Tab.WAITING: tr("Needs you"),
            Tab.HISTORY: tr("History"),
            Tab.QUEUE: tr("Queue"),
        }
        views = [ViewTab(tab.value, names[tab], many[tab]) for tab in Tab]
        self._tabs.set_views(views, self._tab.value)
        self._past = ()
        self._show_list()
        if self._export_waits:
            self._export_waits = False
            self._ask_export()

    def show_tab(self, tab: Tab) -> None:
        """Go to a tab."""
        self._tabs.choose(tab.value)
        self._take_tab(tab.value)

    @property
    def tab(self) -> Tab:
        """The tab on show."""
        return self._tab

    def ask_filter(self) -> None:
        """Open the filter and give it the keyboard."""
        self._filter_button.setChecked(True)
        self._show_filter(shown=True)
        self._filter.setFocus()

    def clear_filter(self) -> None:
        """Show everything again."""
        self._filter.clear()
        self.history.clear()
        self.whose.choose(Whose.ALL)

    def _take_tab(self, name: str) -> None:
        self._tab = Tab(name)
        self._show_filter(shown=self._filter_button.isChecked() or self._tab is Tab.HISTORY)
        self.tree.setAccessibleName(
            {
                Tab.WAITING: tr("What waits for you"),
                Tab.HISTORY: tr("What was decided and sent"),
                Tab.QUEUE: tr("What will be sent"),
            }[self._tab]
        )
        self._show_list()

    def _show_filter(self, *, shown: bool) -> None:
        self._filter.setVisible(shown)
        self.history.setVisible(self._tab is Tab.HISTORY)
        self._fit()

    def _fit(self) -> None:
        shown = any(x.isVisibleTo(self) for x in (self._filter, self.whose))
        self._around.setContentsMargins(theme().metrics.margin, 8 if shown else 0, 16, 0)

    def _show_list(self) -> None:
        if self._contents is None:
            return
        if self._tab is Tab.HISTORY:
            wanted = self._wanted_past()
            found = tuple(groups_of(wanted))
            is_filtered = bool(self._past)
            self.whose.offer(())
        else:
            everything = groups(self._contents, self._tab)
            self.whose.offer(everything)
            found = tuple(_matching(tuple(of_whom(everything, self.whose.whose)), self._text))
            is_filtered = bool(self._text) or bool(everything)
        self._fit()
        self.tree.show_groups(found)
        if not found:
            self.emptied.emit(self._tab, is_filtered)
        elif not self.tree.choose(self._chosen.get(self._tab, "")):
            self.tree.choose_first()

    @property
    def _text(self) -> str:
        """The words that a person filters by."""
        return self._filter.text().strip().casefold() if self._filter.isVisibleTo(self) else ""

    def _wanted_past(self) -> tuple[Past, ...]:
        """What of the history is to be shown, the latest first."""
        assert self._contents is not None
        if not self._past:
            self._past = past_of(self._contents)
            self.history.offer(self._past)
        wanted, today, text = self.history.wanted, dt.datetime.now().astimezone().date(), self._text
        return tuple(
            past for past in self._past if wanted.takes(past, today) and _has(past.entry, text)
        )

    def _lacks_some(self) -> bool:
        """Whether there is more of the history than was read."""
        return self._contents is not None and self._contents.history_size > len(
            self._past or past_of(self._contents)
        )

    def _filter_past(self) -> None:
        if self._lacks_some():
            self.all_asked.emit()
        self._show_list()

    def _note_chosen(self, entry: Entry) -> None:
        self._chosen[self._tab] = entry.key

    def _refilter(self, _text: str) -> None:
        if self._tab is Tab.HISTORY:
            self._filter_past()
        else:
            self._show_list()

    def _toggle_filter(self, checked: bool) -> None:  # Qt's own signal
        if checked:
            self.ask_filter()
            return
        self._filter.clear()
        self._show_filter(shown=self._tab is Tab.HISTORY)
        self._show_list()

    def _ask_export(self) -> None:
        if self._contents is None:
            return
        if self._tab is not Tab.HISTORY:
            shown = of_whom(groups(self._contents, self._tab), self.whose.whose)
            found = _matching(tuple(shown), self._text)
            self.export_asked.emit([entry for group in found for entry in group.entries], [])
        elif self._lacks_some():
            self._export_waits = True
            self.all_asked.emit()
        else:
            self.export_asked.emit([], [*self._wanted_past()])

    def _lay_out(self) -> None:
        head = PageHead(tr("Inbox"), self)
        self._filter_button.setCheckable(True)
        head.add(self._filter_button)
        head.add(self._export)
        self._filter.setPlaceholderText(tr("Filter by words"))
        self._filter.setAccessibleName(tr("Filter the list"))
        self._filter.setClearButtonEnabled(True)
        self._filter.hide()
        margin = theme().metrics.margin
        around = QVBoxLayout()
        around.setContentsMargins(margin, 0, 16, 0)
        self._around = around
        around.addWidget(self.whose)
        around.addWidget(self._filter)
        around.addWidget(self.history)
        foot = label(
            self,
            tr(
                "Closing this window decides nothing. Your records stay usable: "
                "a conflict shows the value in force, refused work your own."
            ),
            role="small",
        )
        foot.setContentsMargins(margin, 10, 16, 12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(self._tabs)
        layout.addLayout(around)
        layout.addWidget(self.tree, 1)
        layout.addWidget(hairline(self))
        layout.addWidget(foot)

    def _connect(self) -> None:
        self._tabs.chosen.connect(self._take_tab)
        self.whose.changed.connect(self._show_list)
        self.history.changed.connect(self._filter_past)
        self._filter.textChanged.connect(self._refilter)
        self._filter_button.toggled.connect(self._toggle_filter)
        self._export.clicked.connect(self._ask_export)
        self.tree.chosen.connect(self._note_chosen)


def _matching(found: Sequence[Group], text: str) -> Iterator[Group]:
    for group in found:
        kept = tuple(entry for entry in group.entries if _has(entry, text))
        if kept:
            yield replace(group, entries=kept)


def _has(entry: Entry, text: str) -> bool:
    return not text or text in f"{entry.title} {entry.second} {entry.at}".casefold()
