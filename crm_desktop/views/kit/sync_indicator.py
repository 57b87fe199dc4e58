"""The sync indicator at the foot of the rail: two lines that say how things stand, never more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from crm_desktop.i18n import tr
from crm_desktop.runtime.standing import Standing


class SyncIndicator(QToolButton):
    """Shows a standing in words. Pressed: the shell opens the queue."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoRaise(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(self.fontMetrics().lineSpacing() * 2 + 16)
        self.setToolTip(tr("Open the queue"))
        self.show_standing(Standing())

    def show_standing(self, standing: Standing) -> None:
        """Say how things stand."""
        first, second = standing_words(standing)
        self.setText(f"{first}\n{second}" if second else first)
        self.setAccessibleName(tr("Synchronisation: {words}", words=f"{first}. {second}"))


def standing_words(standing: Standing) -> tuple[str, str]:
    """The two lines."""
    return _WORDS.get(standing.state, _offline)(standing)


def _starting(_x: Standing) -> tuple[str, str]:
    return "…", ""


def _up_to_date(x: Standing) -> tuple[str, str]:
    return tr("✓ Up to date"), tr("checked {time}", time=x.verified) if x.verified else ""


def _waiting(x: Standing) -> tuple[str, str]:
    return tr("↑ {n} waiting", n=x.waiting), _needs(x)


def _fetching(x: Standing) -> tuple[str, str]:
    if x.fetched:
        return tr("⟳ Getting your records"), tr("{n} so far", n=f"{x.fetched:,}")
    return tr("⟳ Synchronising"), _needs(x)


def _offline(x: Standing) -> tuple[str, str]:
    first = tr("Offline since {time}", time=x.since) if x.since else tr("Offline")
    parts = [tr("{n} waiting", n=x.waiting)] if x.waiting else []
    parts += [tr("{n} need you", n=x.needs_you)] if x.needs_you else []
    return first, " · ".join(parts) or tr("everything is safe here")


def _needs_you(x: Standing) -> tuple[str, str]:
    first = tr("▲ {n} need you", n=x.needs_you)
    if x.waiting:
        return first, tr("{n} waiting", n=x.waiting)
    return first, tr("checked {time}", time=x.verified) if x.verified else ""


def _signed_out(x: Standing) -> tuple[str, str]:
    return tr("Sign in to sync"), tr("everything is safe here")


def _needs(x: Standing) -> str:
    return tr("{n} need you", n=x.needs_you) if x.needs_you else ""


_WORDS = {
    "": _starting,
    "up_to_date": _up_to_date,
    "waiting": _waiting,
    "fetching": _fetching,
    "offline": _offline,
    "needs_you": _needs_you,
    "signed_out": _signed_out,
}
