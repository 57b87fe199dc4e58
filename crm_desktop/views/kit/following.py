"""Keeps the form of the record on show in step with the store, and asks who changed what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from crm_desktop.models.connection import Connection
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.changers import Changer, News, ask_changers, read_news
from crm_desktop.views.kit.detail import RecordDetail


class Following(QObject):
    """Parent: the pane. `shown_id` tells which record is on show, "" for none.

    Signal: `followed(Row)` with what the record has become.
    """

    followed = Signal(object)

    def __init__(
        self, hub: DataHub, detail: RecordDetail, shown_id: Callable[[], str], pane: QObject
    ) -> None:
        super().__init__(pane)
        self._hub, self._detail, self._shown_id = hub, detail, shown_id

    def follow(self) -> None:
        """The record on show has changed: so does the form, but for what was typed."""
        kind, record_id = self._detail.entity.kind, self._shown_id()

        def job(connection: Connection) -> News | None:
            return read_news(connection, kind, record_id)

        self._hub.read(job, self._show, owner=self, supersede="follow")

    def ask_who(self) -> None:
        """Let the server say who changed what while the form was open."""
        record_id, meanwhile = self._shown_id(), self._detail.form.meanwhile

        def take(by_whom: Mapping[str, Changer]) -> None:
            if record_id == self._shown_id():
                meanwhile.name(by_whom)

        if record_id and meanwhile.has_news:
            ask_changers(self._hub, self._detail.entity.kind, record_id, take, owner=self)

    def _show(self, news: News | None) -> None:
        if news is None or news.shown.row.id != self._shown_id():
            return
        shown = news.shown
        self._detail.follow(shown)
        self._detail.form.meanwhile.name(news.changers)
        self.followed.emit(shown.row)
        self.ask_who()
