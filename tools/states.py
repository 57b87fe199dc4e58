"""A picture of every state that the product can be in, made by real traffic.

python -m tools.states [FOLDER]        build/screens/states/ where no folder is named
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PySide6.QtWidgets import QLineEdit
from typing_extensions import override

from crm_desktop import app
from crm_desktop.desktop import Desktop
from crm_desktop.options import Options, Picture
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.panes.inbox.entries import Tab
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.shell.window import Shell
from crm_desktop.views.story import Set, Stage, Step, picture_of
from tests.e2e.people import PASSPHRASE
from tests.e2e.proxy import FAIL, PULL, REFUSE, CutAnswer, Deed, Plan, always_pass
from tools import half_typed
from tools.bad_days import LEAD, NEWCOMER, REP, Company, begin, company, fall_out

STATES = Path("build") / "screens" / "states"
GALLERY = Path("docs") / "gallery" / "states"
GROUND = Path("build") / "states-demo"
LOOKS = (("light", "en"), ("dark", "zh_CN"))
SHOWN = (
    "trouble-today", "trouble-account", "trouble-inbox-conflict-3", "anothers-inbox-conflict-2",
    "trouble-inbox-rejected-2", "trouble-inbox-orphaned", "trouble-inbox-shield", "fetching",
    "signed-out-today", "withdrawn", "reopened-account",
)  # fmt: skip
"""What the gallery in docs/ shows."""
FETCHED_BYTES = 345_000
"""So much of the lead's first fetch comes through before the network stands still: more than what
is written at once, less than the whole."""

Play: TypeAlias = "Callable[[Stage, Path], Iterator[Step]]"
Before: TypeAlias = "Callable[[Company], None]"
Reached: TypeAlias = "Callable[[Window], bool]"


class Window(Desktop):
    """The window that plays one scene. Where it waits for a state, it synchronises by itself."""

    scene: Scene
    out: Path
    leave: Callable[[int], None]
    seen: Shell | None = None

    def is_ready(self) -> bool:
        """Whether the scene's state is reached; without one, whether all is at rest."""
        self.seen = self.shell or self.seen
        if self.scene.reached is not None:
            return self.seen is not None and self.scene.reached(self)
        return self.seen is not None and self.lanes.is_idle

    @override
    def _play(self) -> None:
        stage = Stage(Set(self.window, lambda: self.seen, self.is_ready, self.leave))
        stage.play(self.scene.play(stage, self.out))


def wears(icon: str) -> Reached:
    """The indicator shows this icon."""
    return lambda window: window.shell is not None and window.shell.indicator.face.icon == icon


def is_fetching(window: Window) -> bool:
    """The indicator counts what has come."""
    return wears("sync")(window) and bool(window.shell and window.shell.indicator.face.second)


def is_withdrawn(window: Window) -> bool:
    """The window has closed the data."""
    return window.shell is None and window.lanes.is_idle


# What is played


def places(*names: str) -> Play:
    """A picture of each of these places or kinds."""

    def play(stage: Stage, out: Path) -> Iterator[Step]:
        for name in names:
            yield from picture_of(stage, Picture(_file(out, name), name))

    return play


def as_it_is(stage: Stage, out: Path) -> Iterator[Step]:
    """A picture of the window without a hand laid on it."""
    yield lambda: stage.grab(out)


def trouble(stage: Stage, out: Path) -> Iterator[Step]:
    """Where trouble shows: the badges, Today, and each sort of entry of the inbox."""
    yield from places("today", "account")(stage, out)
    yield stage.shell.toggle_rail
    yield lambda: stage.grab(_file(out, "narrow"))
    yield stage.shell.toggle_rail
    yield from entries(stage, out)
    inbox = stage.shell.current
    assert isinstance(inbox, InboxPane)
    for tab in (Tab.QUEUE, Tab.HISTORY):
        yield lambda tab=tab: inbox.side.show_tab(tab)
        yield lambda tab=tab: stage.grab(_file(out, tab.value))


def entries(stage: Stage, out: Path) -> Iterator[Step]:
    """The inbox with each of its entries chosen."""
    yield stage.scene.window.activateWindow
    yield lambda: stage.shell.show_place("inbox")
    inbox = stage.shell.current
    assert isinstance(inbox, InboxPane)
    tree = inbox.side.tree
    for key in tree.keys:
        yield lambda key=key: tree.choose(key)
        yield lambda: stage.grab(_free(out, f"inbox-{tree.entry.icon if tree.entry else ''}"))


def undo_bar(stage: Stage, out: Path) -> Iterator[Step]:
    """A task is deleted, and can be taken back."""
    yield lambda: stage.shell.show_place("tasks")
    yield _pane(stage).choose_first
    yield _pane(stage).detail.delete_asked.emit
    yield lambda: stage.grab(out)


def missing_field(stage: Stage, out: Path) -> Iterator[Step]:
    """A new account is saved without its name."""
    yield lambda: stage.shell.new_record("account", {})
    yield lambda: _type(stage, "phone", "030-0074399")
    yield stage.shell.save
    yield lambda: stage.grab(out)


def typed_and_killed(stage: Stage, _out: Path) -> Iterator[Step]:
    """Something is typed in seven places; then the process ends as by a power cut."""
    yield from half_typed.typed(stage)
    yield lambda: os.kill(os.getpid(), signal.SIGKILL)


def _pane(stage: Stage) -> EntityPane:
    pane = stage.shell.pane
    assert pane is not None
    return pane


def _type(stage: Stage, name: str, text: str) -> None:
    line = _pane(stage).detail.form.editor(name).widget
    assert isinstance(line, QLineEdit)
    line.setText(text)
    line.textEdited.emit(text)


def _file(out: Path, name: str) -> Path:
    return out.with_stem(f"{out.stem}-{name}")


def _free(out: Path, name: str) -> Path:
    """The first free name: a second entry of a sort is number 2."""
    names = (name, *(f"{name}-{number}" for number in range(2, 100)))
    return next(file for x in names if not (file := _file(out, x)).exists())


# What happens before


def network(plan: Plan) -> Before:
    """The network behaves like this from now on."""

    def lay(made: Company) -> None:
        made.network.plan = plan

    return lay


def stands_still(_method: str, path: str) -> Deed:
    """A large answer stops on its way and never goes on."""
    cut = CutAnswer(after_bytes=FETCHED_BYTES, go=threading.Event())
    return cut if path == PULL else always_pass(_method, path)


def sign_in_ended(made: Company) -> None:
    """IT ends the rep's sign-in."""
    network(always_pass)(made)
    made.end_sign_in(REP, withdraw=False)


def withdrawn(made: Company) -> None:
    """IT withdraws the lead's device."""
    made.end_sign_in(LEAD, withdraw=True)


def cut_off(made: Company) -> None:
    """The rep types something and her computer loses its power."""
    code = look(KILLED, made.desks[REP].profile, Path(), *LOOKS[0])
    assert code == -signal.SIGKILL, code


@dataclass(frozen=True)
class Scene:
    """One state: whose window shows it, what happened before, and what is played then."""

    name: str
    login: str
    play: Play
    before: Before | None = None
    reached: Reached | None = None


KILLED = Scene("killed", REP, typed_and_killed)
SCENES = {
    scene.name: scene
    for scene in (
        Scene("fetching", LEAD, as_it_is, network(stands_still), is_fetching),
        Scene("empty", NEWCOMER, places("today", "account", "inbox"), network(always_pass)),
        Scene("trouble", REP, trouble, fall_out),
        Scene("anothers", LEAD, entries),
        Scene("undo", REP, undo_bar),
        Scene("missing", REP, missing_field),
        Scene("reopened", REP, half_typed.shown, cut_off),
        Scene("offline", REP, places("today"), network(lambda *_: REFUSE), wears("offline")),
        Scene("failing", REP, places("today"), network(lambda *_: FAIL), wears("warning")),
        Scene("signed-out", REP, places("today"), sign_in_ended, wears("lock")),
        Scene("withdrawn", LEAD, as_it_is, withdrawn, is_withdrawn),
    )
}


def main(arguments: list[str]) -> int:
    """Make every state once and take its pictures in both looks; returns the exit code."""
    if len(arguments) == 5:  # noqa: PLR2004  # a look in its own process
        name, profile, out, theme, locale = arguments
        return show(SCENES.get(name, KILLED), Path(profile), Path(out), theme, locale)
    states = Path(arguments[0]) if arguments else STATES
    shutil.rmtree(states, ignore_errors=True)
    with company(GROUND) as made:
        begin(made)
        codes = [code for scene in SCENES.values() for code in take(scene, made, states)]
    if not arguments:
        hang(states)
    return max(codes)


def hang(states: Path) -> None:
    """Put what the gallery shows into docs/."""
    for theme, locale in LOOKS:
        name = f"{theme}-{locale}"
        (GALLERY / name).mkdir(parents=True, exist_ok=True)
        for shown in SHOWN:
            shutil.copyfile(states / name / f"{shown}.png", GALLERY / name / f"{shown}.png")


def take(scene: Scene, made: Company, states: Path) -> Iterator[int]:
    """Bring a state about and take its pictures; the exit code of each look."""
    start = time.monotonic()
    if scene.before is not None:
        scene.before(made)
    for theme, locale in LOOKS:
        profile = made.copy_of(scene.login, f"{scene.name}-{theme}")
        yield look(scene, profile, states / f"{theme}-{locale}", theme, locale)
    print(f"{scene.name}  {time.monotonic() - start:.1f} s", flush=True)


def look(scene: Scene, profile: Path, out: Path, theme: str, locale: str) -> int:
    """One scene in one look, in a process of its own; its exit code."""
    words = (scene.name, str(profile), str(out), theme, locale)
    return subprocess.call(
        [sys.executable, "-m", "tools.states", *words],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )


def show(scene: Scene, profile: Path, out: Path, theme: str, locale: str) -> int:
    """Open the window on a profile and play the scene."""
    picture = Picture(out, "") if scene.reached is None else None
    options = Options(
        profile=profile, passphrase=PASSPHRASE, locale=locale, theme=theme, picture=picture,
        story=True,
    )  # fmt: skip
    application = app.make_application(options)
    window = Window(options, application)
    window.scene, window.out, window.leave = scene, out / f"{scene.name}.png", application.exit
    window.start()
    code = application.exec()
    window.close()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
