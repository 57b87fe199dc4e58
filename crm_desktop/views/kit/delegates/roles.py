"""What a delegate asks a model for, besides Qt's own roles."""

from __future__ import annotations

from PySide6.QtCore import Qt

_FIRST = int(Qt.ItemDataRole.UserRole)

ID = _FIRST
"""The record of a row."""

VALUE = _FIRST + 2
"""What the cell holds before it is put in words: a grade, a score, `ClockValue`, numbers."""

COPY = _FIRST + 3
"""What the cell says to other programs."""

SECOND = _FIRST + 20
"""The second line of a two-line row."""

TRAILING = _FIRST + 21
"""Small words at the far end of a row's first line."""

TONE = _FIRST + 22
"""The colour token of the cell's words, such as "warn"; None: the delegate's own."""

ICON = _FIRST + 23
"""The name of an icon before the words; it takes the words' colour."""

BADGE = _FIRST + 24
"""The state whose badge stands at the far end of a row's second line, or ""."""
