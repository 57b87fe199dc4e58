"""What is dragged from the list of due accounts onto a day."""

from __future__ import annotations

from PySide6.QtCore import QMimeData

ACCOUNT = "application/x-crm-due-account"


def carrying(account: str) -> QMimeData:
    """An account under way."""
    data = QMimeData()
    data.setData(ACCOUNT, account.encode())
    return data


def account_in(data: QMimeData) -> str:
    """The account that is being dragged; "" for anything else."""
    return bytes(data.data(ACCOUNT).data()).decode() if data.hasFormat(ACCOUNT) else ""
