"""Commands: what the window can do, each with its words, its keys and its icon.

The menu of keys (F1), the palette (Ctrl+K) and the shortcuts are all made from these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

GROUP = "command_group"
ICON = "command_icon"
"""Properties of an action: where the menu of keys lists it, and its icon's name."""


class Command(msgspec.Struct, frozen=True):
    """One thing to do. `keys` are shortcuts, the first is the one that is shown."""

    words: str
    run: Callable[[], object]
    keys: tuple[str, ...] = ()
    icon: str = ""
    group: str = ""


def add_commands(widget: QWidget, commands: Iterable[Command]) -> list[QAction]:
    """Make a widget's actions of commands."""
    made: list[QAction] = []
    for command in commands:
        action = QAction(command.words, widget)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setProperty(GROUP, command.group)
        action.setProperty(ICON, command.icon)
        # A signal hands over "checked", which no command takes.
        action.triggered.connect(_Runner(command.run))
        widget.addAction(action)
        made.append(action)
    return made


class _Runner:
    """Runs a command whatever a signal hands over."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run = run

    def __call__(self, *_: object) -> None:
        self._run()


def keys_of(action: QAction) -> Sequence[str]:
    """An action's shortcuts as this system writes them."""
    native = QKeySequence.SequenceFormat.NativeText
    return [shortcut.toString(native) for shortcut in action.shortcuts()]
