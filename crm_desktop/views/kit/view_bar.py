"""Above a list: its views as tabs, its conditions as chips, its order and its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from crm_core.entity import Entity
from crm_core.fields import Kind
from crm_desktop.i18n import tr
from crm_desktop.models.sql import Where
from crm_desktop.views.kit.buttons import flat, icon_button
from crm_desktop.views.kit.column import Column
from crm_desktop.views.kit.conditions import ConditionChips
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.listing import Listing
from crm_desktop.views.kit.tabs import ViewTab, ViewTabs
from crm_desktop.views.kit.view_spec import SavedView, ViewSpec
from crm_desktop.views.kit.words import Titles

ALL = "all"
"""The tab that shows everything; every list has it."""

_SEARCH_AFTER_MS = 200
_SEARCH_WIDTH = 170
_UNSORTABLE = frozenset(
    (Kind.NOTE, Kind.JSON, Kind.LINKS, Kind.TAGS, Kind.LINK, Kind.PLACE, Kind.ORDER)
)


class ViewBar(QWidget):
    """Says what is listed. It changes nothing by itself.

    Signals: `asked` when `spec` or the view changed; `columns_asked(names)`; `view_made(name,
    shared)`, `view_kept(id)` to keep what is shown now, `view_named(id, name, shared)`,
    `view_dropped(id)`, `views_moved(ids)` for the store.
    """

    asked = Signal()
    view_made = Signal(str, bool)
    view_kept = Signal(str)
    view_named = Signal(str, str, bool)
    view_dropped = Signal(str)
    views_moved = Signal(list)

    def __init__(
        self, entity: Entity, columns: Sequence[Column], links: Links, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self.spec = self._usual = ViewSpec()
        self._known = tuple(columns)
        self._views: dict[str, SavedView] = {}
        self._counts: Mapping[str, int | None] = {}
        self._commands: list[QAction] = []
        self._drilled: tuple[tuple[Where, ...], str] = ((), "")
        self._tabs = ViewTabs(self, add_words=tr("Keep what is shown as a view"))
        self._chips = ConditionChips(entity, links, self)
        self._search = QLineEdit(self)
        self._sort = icon_button("sort", tr("Sort"), self)
        self._columns = icon_button("columns", tr("Columns"), self)
        self._more = icon_button("more", tr("More"), self)
        self._timer = QTimer(self, singleShot=True, interval=_SEARCH_AFTER_MS)
        self._lay_out()
        self._connect()
        self.show_views((), {}, {})

    # What is asked for

    def set_usual(self, spec: ViewSpec) -> None:
        """What the tab of all records shows."""
        self._usual = spec
        if self.current == ALL:
            self.spec = spec

    def listing(self, me: str) -> Listing:
        """What the list is to read, for this user."""
        asked = self.spec.listing(self.entity, me)
        return replace(asked, where=(*self._drilled[0], *asked.where))

    @property
    def current(self) -> str:
        """The name of the tab in front: `ALL` or a view's id."""
        return self._tabs.current or ALL

    @property
    def search_line(self) -> QLineEdit:
        """Where one types to narrow the list."""
        return self._search

    def drill(self, where: Sequence[Where], words: str) -> None:
        """Show only these records, with a chip that says so in words."""
        self._drilled = (tuple(where), words)
        self._ask(self.spec)

    def ask(self, spec: ViewSpec) -> None:
        """Show this; the tab stays."""
        self._ask(spec)

    def clear(self) -> None:
        """Take all conditions away."""
        self._drilled = ((), "")
        self._ask(replace(self.spec, where=(), search=""))

    def note_sort(self, name: str, *, descending: bool) -> None:
        """A head was clicked: the list is in this order already."""
        self.spec = replace(self.spec, sort=name, descending=descending)
        self._show_changed()

    # Views

    def show_views(
        self, views: Sequence[SavedView], titles: Titles, counts: Mapping[str, int | None]
    ) -> None:
        """Show these tabs; the one in front stays, if it is still there."""
        self._views = {x.id: x for x in views}
        self._chips.titles.update(titles)
        current = self.current if self.current in self._views else ALL
        tabs = [ViewTab(ALL, tr("All"), counts.get(ALL))]
        tabs += [ViewTab(x.id, x.name, counts.get(x.id)) for x in views]
        self._tabs.set_views(tabs, current)
        self._show_changed()

    def open_view(self, name: str) -> None:
        """Bring a view to the front."""
        self._tabs.choose(name)
        self._choose(name)

    @property
    def views(self) -> tuple[SavedView, ...]:
        """The saved views that are shown."""
        return tuple(self._views.values())

    @property
    def is_changed(self) -> bool:
        """Whether something else is shown than the view in front says."""
        return self.spec != self._kept_spec()

    def _kept_spec(self) -> ViewSpec:
        view = self._views.get(self.current)
        return view.spec if view is not None else self._usual

    def _choose(self, _name: str) -> None:
        self._drilled = ((), "")
        self._ask(self._kept_spec())

    def _ask(self, spec: ViewSpec) -> None:
        self.spec = spec
        if self._search.text().strip() != spec.search:
            self._search.blockSignals(True)
            self._search.setText(spec.search)
            self._search.blockSignals(False)
        where, words = self._drilled
        self._chips.show_conditions(self.spec.where, words if where else "")
        self._show_changed()
        self.asked.emit()

    def add_command(self, action: QAction) -> None:
        """One more command in the menu at the end of the line."""
        self._commands.append(action)

    def _undrill(self) -> None:
        self._drilled = ((), "")
        self._ask(self.spec)

    def _take_conditions(self, where: tuple[Where, ...]) -> None:
        self._ask(replace(self.spec, where=where))

    # Order and columns

    def _offer_order(self) -> None:
        from crm_desktop.views.kit.fields_popup import FieldsPopup  # not for start

        fields = [field for field in self.entity.fields if field.kind not in _UNSORTABLE]
        shown = self.columns_shown() or self._usual_columns
        now = self.spec.sort or self.entity.sort
        popup = FieldsPopup(fields, [x.name for x in shown], self, chosen=now)
        turn = flat(tr("Ascending") if self.spec.descending else tr("Descending"), popup)
        turn.clicked.connect(self._turn_order)
        turn.clicked.connect(popup.close)
        popup.page.addWidget(turn)
        popup.taken.connect(self._take_order)
        popup.open_below(self._sort)

    def _take_order(self, name: str) -> None:
        self._ask(replace(self.spec, sort=name))

    def _turn_order(self) -> None:
        sort = self.spec.sort or self.entity.sort
        self._ask(replace(self.spec, sort=sort, descending=not self.spec.descending))

    def columns_shown(self) -> tuple[Column, ...]:
        """The columns of the view, in their order; unknown ones of a newer version are left out."""
        by_name = {x.name: x for x in self._known}
        return tuple(by_name[x] for x in self.spec.columns if x in by_name)

    def _offer_columns(self) -> None:
        from crm_desktop.views.kit.columns_popup import ColumnsPopup

        shown = self.columns_shown() or self._usual_columns
        popup = ColumnsPopup(self._known, shown, self)
        popup.taken.connect(self._take_columns)
        popup.open_below(self._columns)

    def set_usual_columns(self, columns: Sequence[Column]) -> None:
        """The columns of a view that names none."""
        self._usual_columns = tuple(columns)

    def _take_columns(self, names: tuple[str, ...]) -> None:
        self._ask(replace(self.spec, columns=names))

    # Keeping views

    def _ask_name(self) -> None:
        from crm_desktop.views.kit.name_popup import NamePopup

        popup = NamePopup(self)
        popup.taken.connect(self._tell_made)
        popup.open_below(self._tabs)

    def _tell_made(self, name: str, shared: bool) -> None:  # a slot
        self.view_made.emit(name, shared)

    def _open_tab_menu(self, name: str, place: QPoint) -> None:
        self._tabs.choose(name)
        self._choose(name)
        self._menu_of_view().popup(place)

    def _open_menu(self) -> None:
        self._menu_of_view().popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _menu_of_view(self) -> QMenu:
        menu, view = self._menu(), self._views.get(self.current)
        new = menu.addAction(tr("Keep what is shown as a view"))
        new.triggered.connect(self._ask_name)
        keep = menu.addAction(tr("Save changes to this view"))
        keep.setEnabled(view is not None and view.mine and self.is_changed and not view.partial)
        keep.triggered.connect(self._tell_kept)
        rename = menu.addAction(tr("Rename or share…"))
        rename.setEnabled(view is not None and view.mine)
        rename.triggered.connect(self._ask_new_name)
        drop = menu.addAction(tr("Delete this view"))
        drop.setEnabled(view is not None and view.mine)
        drop.triggered.connect(self._tell_dropped)
        menu.addSeparator()
        back = menu.addAction(tr("Show the view as it was kept"))
        back.setEnabled(self.is_changed)
        back.triggered.connect(self._go_back)
        menu.addSeparator()
        menu.addActions(self._commands)
        return menu

    def _go_back(self) -> None:
        self._choose(self.current)

    def _tell_kept(self) -> None:
        self.view_kept.emit(self.current)

    def _tell_dropped(self) -> None:
        self.view_dropped.emit(self.current)

    def _ask_new_name(self) -> None:
        from crm_desktop.views.kit.name_popup import NamePopup

        view = self._views[self.current]
        popup = NamePopup(self, view.name, shared=view.shared)
        popup.taken.connect(self._tell_named)
        popup.open_below(self._tabs)

    def _tell_named(self, name: str, shared: bool) -> None:  # a slot
        self.view_named.emit(self.current, name, shared)

    # Parts

    def _show_changed(self) -> None:
        token = "accent" if self.current != ALL and self.is_changed else "ink2"
        from crm_desktop.views.theme.icons import icon

        self._more.setIcon(icon("more", token))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return menu

    def _search_soon(self, _text: str) -> None:
        self._timer.start()

    def _take_search(self) -> None:
        text = self._search.text().strip()
        if text != self.spec.search:
            self._ask(replace(self.spec, search=text))

    def _lay_out(self) -> None:
        self._usual_columns = self._known
        self._search.setPlaceholderText(tr("Filter this list"))
        self._search.setAccessibleName(tr("Filter this list"))
        self._search.setClearButtonEnabled(True)
        self._search.setFixedWidth(_SEARCH_WIDTH)
        for part in (self._search, self._sort, self._columns, self._more):
            self._chips.add_end(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._tabs)
        layout.addWidget(self._chips)

    def _connect(self) -> None:
        self._tabs.chosen.connect(self._choose)
        self._tabs.added.connect(self._ask_name)
        self._tabs.menu_asked.connect(self._open_tab_menu)
        self._chips.changed.connect(self._take_conditions)
        self._chips.undrilled.connect(self._undrill)
        self._search.textChanged.connect(self._search_soon)
        self._timer.timeout.connect(self._take_search)
        clicks: tuple[tuple[QToolButton, object], ...] = (
            (self._sort, self._offer_order),
            (self._columns, self._offer_columns),
            (self._more, self._open_menu),
        )
        for button, slot in clicks:
            button.clicked.connect(slot)
