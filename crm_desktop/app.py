"""The window's beginning: the application object, and its frame before anything is opened.

What a person sees first is painted with as little loaded as that takes. Everything else, the data
with it, is `desktop`'s and comes behind the first paint.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from crm_desktop import settings
from crm_desktop.options import Options
from crm_desktop.views.application import (
    NO_DISPLAY,
    Window,
    dress,
    kept_locale,
    new_application,
)
from crm_desktop.views.shell.frame import Frame

if TYPE_CHECKING:
    from crm_desktop.profile import Opener, Profile

_SEEN_BY_MS = 250
"""A window that nobody paints, since it lies behind others, is filled after this long."""

Fill: TypeAlias = Callable[[Window, "Frame | None"], None]
"""Fills a window that is shown already, in its frame where it has one."""


def main(options: Options) -> int:
    """Show the window until it is closed (or the pictures are taken); returns the exit code."""
    gc.disable()  # while there is little but loading; `runtime.sweeper` takes over
    if options.is_played:
        os.environ.setdefault("QT_QPA_PLATFORM", NO_DISPLAY)
    application = make_application(options)
    ends: list[Callable[[], None]] = []

    def fill(window: Window, frame: Frame | None) -> None:
        opener = _opening(options.folder, options.passphrase)
        from crm_desktop.desktop import Desktop

        gc.freeze()  # what is loaded stays: no collection has to look at it
        desktop = Desktop(options, application, opener, window=window, frame=frame)
        ends.append(desktop.close)
        desktop.start()

    show_first(options, fill)
    code = application.exec()
    for end in ends:
        end()
    return code


def make_application(options: Options) -> QApplication:
    """The application object with its language, style and fonts."""
    liked = settings.load_preferences(options.folder)
    application = new_application(liked.scale if options.picture is None else settings.SCALE_MIN)
    locale = options.locale or liked.language or kept_locale(options.folder)
    dress(application, liked, locale, asked=options.theme)
    return application


def show_first(options: Options, fill: Fill) -> None:
    """Show the window in its frame, and let `fill` do the rest once it was seen.

    Where a question comes first (who signs in, the passphrase) there is nothing to frame, and
    `fill` is asked at once.
    """
    window = Window(options.size)
    organisation = _organisation(options)
    if not organisation:
        fill(window, None)
        return
    frame = Frame(organisation, settings.load_borders(options.folder))
    late = QTimer(window, singleShot=True, interval=_SEEN_BY_MS)

    def go_on() -> None:
        late.stop()
        frame.painted.disconnect(go_on)
        fill(window, frame)

    frame.painted.connect(go_on)
    late.timeout.connect(go_on)
    late.start()
    window.show_page(frame)
    window.show()


def _organisation(options: Options) -> str:
    """Whose data will be shown; "" where something has to be asked before."""
    known = settings.known(options.folder)
    if known is None or (known.key_kept == "passphrase" and not options.passphrase):
        return ""
    return known.organisation


def _opening(folder: Path, passphrase: str | None) -> Opener:
    """Begin to open the profile while the rest is loaded: whoever asks first gets what was
    begun."""
    from crm_desktop.background import in_background

    def opened(path: Path, words: str | None) -> Profile:
        from crm_desktop.profile import open_profile

        return open_profile(path, words)

    begun = [in_background(lambda: opened(folder, passphrase), "opening")]

    def opener(path: Path, words: str | None) -> Profile:
        return begun.pop().result() if begun else opened(path, words)

    return opener
