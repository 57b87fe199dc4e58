"""The accounts: the kit's list with columns of its own, and the card of the one chosen."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models import queries
from crm_desktop.models.cards import AccountCard
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.models.revenue import revenue_of_view
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.listing import Listing
from crm_desktop.views.kit.money import sums_words
from crm_desktop.views.panes.accounts.card import AccountCardView
from crm_desktop.views.panes.accounts.columns import account_columns

_ACCOUNT = CATALOG["account"]
_UNFIT_FOR_FILES = '<>:"/\\|?*'


class AccountsPane(EntityPane):
    """Mock-up 2. Signals besides those of every list: `opened(kind, id)`;
    `new_asked(kind, values)` for a visit, complaint or task of this account; `log_asked(id)`."""

    opened = Signal(str, str)
    new_asked = Signal(str, object)
    log_asked = Signal(str)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(_ACCOUNT, hub, parent, columns=account_columns(), card=self._make_card)
        self._data = hub
        self._listed = Listing("account")
        self.listed.connect(self._sum_up)
        self._sum_up(self._listed)

    @override
    def take_summary(self, summary: Summary) -> None:
        """Refresh what a change touches."""
        super().take_summary(summary)
        if summary.kinds & {"account", "order"}:
            self._sum_up(self._listed)

    def _make_card(self, parent: QWidget) -> AccountCardView:
        card = AccountCardView(self._hub, parent)
        card.edit_asked.connect(self.edit_record)
        card.opened.connect(self._pass_on)
        card.new_asked.connect(self._ask_new)
        card.log_asked.connect(self._ask_log)
        card.print_asked.connect(self._choose_file)
        card.merge_asked.connect(self.ask_merge)
        card.unmerge_asked.connect(self.take_merge_back)
        return card

    # The foot line

    def _sum_up(self, listing: Listing) -> None:
        """Count the accounts of the view and add up what they bought."""
        self._listed = listing
        if listing.search:
            self.set_foot("")
            return

        def job(c: Connection) -> tuple[int, dict[str, Decimal]]:
            today = dt.date.today()  # noqa: DTZ011  # the day here
            many = queries.count_estimate(c, "account", where=listing.where)
            return many, dict(revenue_of_view(c, listing.where, today))

        self._data.read(job, self._show_sum, owner=self, supersede="foot")

    def _show_sum(self, found: tuple[int, dict[str, Decimal]]) -> None:
        many, sums = found
        words = [tr_n("{n} account", "{n} accounts", many)]
        if sums:
            words.append(tr("12-month revenue of the view {sum}", sum=sums_words(sums)))
        self.set_foot("    ".join(words))

    # Intentions of the card

    def _pass_on(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    def _ask_new(self, kind: str, values: object) -> None:
        self.new_asked.emit(kind, values)

    def _ask_log(self, record_id: str) -> None:
        self.log_asked.emit(record_id)

    def _choose_file(self, card: AccountCard) -> None:
        name = "".join("_" if x in _UNFIT_FOR_FILES else x for x in card.text("name"))
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, tr("Print the card"), str(Path(folder) / f"{name}.pdf"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(tr("PDF files (*.pdf)"))
        dialog.setDefaultSuffix("pdf")
        dialog.fileSelected.connect(partial(self._print_to, card))
        dialog.open()

    def _print_to(self, card: AccountCard, path: str) -> None:
        self.print_card(card, Path(path))

    def print_card(self, card: AccountCard, path: Path) -> None:
        """Write a card as one page of A4."""
        from crm_desktop.views.panes.accounts.printing import write_card  # only when printed

        if write_card(card, path):
            self.said.emit(tr("The card was written to {path}.", path=str(path)))
            return
        problem = tr_noop("'{path}' could not be written; check the folder and its free space.")
        self.failed.emit(UserProblem(problem, path=str(path)))
