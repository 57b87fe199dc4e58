"""Plays a short story in the window and takes pictures of it: for machines without a display."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QLineEdit, QWidget

from crm_core.catalog import CATALOG
from crm_core.fields import Kind
from crm_desktop.i18n import tr
from crm_desktop.options import Picture
from crm_desktop.views.kit.view_store import COUNT_AFTER_MS
from crm_desktop.views.panes.kinds import KindsPane
from crm_desktop.views.shell.abilities import Chooses
from crm_desktop.views.shell.places import INBOX, PLACES, place_of
from crm_desktop.views.shell.window import Shell

_POLL_MS = 40
_CALM_POLLS = 3
"""Idle this often in a row: then whatever a step set off is on the screen."""

_PATIENCE_POLLS = 1500
_DONE, _FAILED = 0, 1
_STORY_PHONE = "030-0074399"

Step = Callable[[], object]


@dataclass(frozen=True)
class Set:
    """What a story is played in. `problem` gives the words shown instead of the shell, if any."""

    window: QWidget
    shell: Callable[[], Shell | None]
    is_idle: Callable[[], bool]
    leave: Callable[[int], None]


class Stage(QObject):
    """Plays steps one after the other, each when the one before has come to rest."""

    def __init__(self, scene: Set) -> None:
        super().__init__(scene.window)
        self.scene = scene
        self._steps: Iterator[Step] = iter(())
        self._calm = 0
        self._polls = 0
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._tick)

    def play(self, steps: Iterator[Step]) -> None:
        """Begin."""
        self._steps = steps
        self._timer.start()

    @property
    def shell(self) -> Shell:
        """The shell, once it is there."""
        shell = self.scene.shell()
        assert shell is not None, "steps begin when the shell is there"
        return shell

    def grab(self, out: Path) -> None:
        """Write what the window shows; the ending of the name says in which format."""
        out.parent.mkdir(parents=True, exist_ok=True)
        if not self.scene.window.grab().save(str(out)):
            self._end(_FAILED, tr("The picture could not be written to {path}.", path=str(out)))

    def _tick(self) -> None:
        self._polls += 1
        if self._polls > _PATIENCE_POLLS:
            self._end(_FAILED, tr("The window did not come to rest."))
            return
        self._calm = self._calm + 1 if self.scene.is_idle() else 0
        if self._calm < _CALM_POLLS:
            return
        if self.scene.shell() is None:
            self._end(_FAILED, tr("The profile could not be opened."))
            return
        self._calm = self._polls = 0
        step = next(self._steps, None)
        if step is None:
            self._end(_DONE, "")
        else:
            step()

    def _end(self, code: int, words: str) -> None:
        self._timer.stop()
        if words:
            import sys

            sys.stderr.write(f"{words}\n")
        self.scene.leave(code)


def picture_of(stage: Stage, picture: Picture) -> Iterator[Step]:
    """One picture of one pane; `pane` is a place of the rail or a kind."""
    kind = picture.pane if picture.pane in CATALOG else ""
    place = place_of(kind).name if kind else picture.pane
    # What is selected has its colour only in the window that one works in.
    yield stage.scene.window.activateWindow
    yield lambda: stage.shell.show_place(place)
    if kind and picture.select:
        yield lambda: stage.shell.open_record(kind, picture.select)
    elif kind and isinstance(stage.shell.show_place(place), KindsPane):
        yield lambda: stage.shell.show_kind(kind)
        yield lambda: _choose_first(stage)
    elif picture.select and PLACES[place].kinds:
        yield lambda: stage.shell.open_record(PLACES[place].kinds[0], picture.select)
    else:
        yield lambda: _choose_first(stage)
    yield from _counted()
    yield lambda: stage.grab(picture.out)


def _counted() -> Iterator[Step]:
    """Lists name their views, and count them, a moment after they are shown."""
    return (lambda: None for _ in range(COUNT_AFTER_MS // (_POLL_MS * _CALM_POLLS) + 1))


def whole_story(stage: Stage, screens: Path) -> Iterator[Step]:
    """Open the accounts, edit one, save, synchronise, look into the inbox; then every pane."""
    yield lambda: stage.shell.show_place("accounts")
    yield lambda: _choose_first(stage)
    yield lambda: _open_form(stage)
    yield lambda: _type_phone(stage)
    yield lambda: stage.grab(screens / "story-1-typed.png")
    yield stage.shell.save
    yield lambda: stage.grab(screens / "story-2-saved.png")
    yield stage.shell.ask_sync
    yield lambda: stage.shell.show_place(INBOX)
    yield lambda: _choose_first(stage)
    yield lambda: stage.grab(screens / "story-3-inbox.png")
    for name in PLACES:
        yield lambda name=name: stage.shell.show_place(name)
        yield lambda: _choose_first(stage)
        yield from _counted()
        yield lambda name=name: stage.grab(screens / f"{name}.png")


def _choose_first(stage: Stage) -> None:
    pane = stage.shell.innermost
    if isinstance(pane, Chooses):
        pane.choose_first()


def _open_form(stage: Stage) -> None:
    if stage.shell.pane is not None:
        stage.shell.pane.edit_record()


def _type_phone(stage: Stage) -> None:
    pane = stage.shell.pane
    if pane is None:
        return
    phone = next((x.name for x in pane.entity.editable if x.kind is Kind.PHONE), "")
    line = pane.detail.form.editor(phone).widget
    if isinstance(line, QLineEdit):
        line.setText(_STORY_PHONE)
        line.textEdited.emit(_STORY_PHONE)
