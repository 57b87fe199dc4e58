"""What tests of the pane ask for again and again."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from crm_desktop.views.panes.insight.card import ChartCard
from crm_desktop.views.panes.insight.pane import InsightPane

SIZE = (1104, 800)


def ready(qtbot: QtBot, pane: InsightPane) -> None:
    """Wait until every chart in front is drawn at its size."""

    def is_ready() -> bool:
        cards = pane.board.cards
        is_drawn = all(not card.is_stale and card.canvas.is_fresh for card in cards)
        return is_drawn and pane._reading is None

    qtbot.waitUntil(is_ready, timeout=60_000)


def card_of(pane: InsightPane, name: str) -> ChartCard:
    """A card of the board in front."""
    return next(card for card in pane.board.cards if card.name == name)
